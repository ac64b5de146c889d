"""One Escape, any key silences, menus, held arrows, key sounds: real keys, recorded sound."""

from collections.abc import Callable
from typing import Any

import pytest

from image_describer.app.dialogs.first_start import QUESTION
from image_describer.paths import assets_folder
from tests.support.screen import LIMIT_S, wait_for
from tests.support.sound import NullSink
from tests.support.spoken import SpokenApp

pytestmark = [pytest.mark.gui, pytest.mark.sound, pytest.mark.slow]

SLOW_VOICE = b"online = false\nrate = 120\n"  # so that there is time to press a key
NORMAL_VOICE = b"online = false\nrate = 180\n"
SILENCING = ("Shift_L", "Alt_L", "Insert", "Delete", "F9", "x", "space", "Control_L", "Left")
SILENT_S = 0.3
HOLD_S = 3.0  # the server repeats a key after 0.7 s, then 25 times a second
LETTER_S = 0.1  # at the normal rate, no letter takes less
CAT = str(assets_folder() / "samples" / "cat.jpg")

StartSpoken = Callable[..., SpokenApp]


def until_sounding(sink: NullSink) -> None:
    wait_for(lambda: not sink.silent_for(0.05), LIMIT_S, "speech")


def until_closed(app: SpokenApp, title: str) -> None:
    wait_for(lambda: not app.screen.windows(f"^{title}"), LIMIT_S, f"{title} to close")


def test_any_key_silences_and_one_escape_closes(spoken: StartSpoken, null_sink: NullSink) -> None:
    app = spoken(settings=SLOW_VOICE)
    app.wait_to_hear("Control O opens a picture")
    null_sink.record()
    for key in SILENCING:
        app.screen.press("F1")  # half a minute of speech
        until_sounding(null_sink)
        before = len(app.said)
        app.screen.press(key)
        ended = wait_for(lambda before=before: app.said[before:], LIMIT_S, "its end")  # type: ignore[misc]
        assert ended[0]["interrupted"], key  # type: ignore[index]
    app.screen.press("F1")
    until_sounding(null_sink)
    app.screen.press("Escape")
    until_closed(app, "Help")
    null_sink.stop_recording()
    app.assert_working()


def test_keys_of_commands_work_in_dialogs(spoken: StartSpoken) -> None:
    app = spoken(CAT)
    app.running.wait_title("cat.jpg")
    app.wait_to_hear("Open a picture, dialog.", "ctrl+o")
    app.wait_to_hear("Settings, dialog. Voice of the descriptions, combo box", "ctrl+comma")
    until_closed(app, "Open a picture")
    app.wait_to_hear("Settings, dialog. Voice of the descriptions, combo box", "ctrl+comma")
    app.wait_to_hear("Tab goes to the next setting.", "F1")
    app.screen.press("Escape")
    until_closed(app, "Help")
    app.screen.press("ctrl+comma", "Escape")  # while it is said
    until_closed(app, "Settings")
    assert not [said for said in app.said if "Not while" in said["text"]]
    app.assert_working()


def test_menus_are_heard_with_their_first_entry(spoken: StartSpoken) -> None:
    app = spoken()
    app.wait_to_hear("Control O opens a picture")
    app.wait_to_hear("Edit menu. Paste, Control V, 1 of ", "alt+e")
    app.wait_to_hear("Speech menu. Repeat, Control R, 1 of ", "Right")
    app.wait_to_hear("Stop, Control alone, 2 of ", "Down")


def test_a_held_arrow_reads_whole_letters_and_the_last_one(spoken: StartSpoken) -> None:
    app = spoken(settings=NORMAL_VOICE)
    app.wait_to_hear("Control O opens a picture")
    before = len(app.said)
    app.screen.xdotool("keydown", "Right", "sleep", str(HOLD_S), "keyup", "Right")
    app.wait_to_hear("end")
    letters = [said for said in app.said[before:] if said["text"] != "end"]
    assert len(letters) >= 3, letters
    assert [said for said in letters if said["interrupted"]] == []
    assert min(said["ended"] - said["began"] for said in letters) > LETTER_S


def test_key_sounds_are_played_while_speaking(spoken: StartSpoken, null_sink: NullSink) -> None:
    app = spoken(settings=SLOW_VOICE + b"key_sounds = true\n")
    app.wait_to_hear("Control O opens a picture")
    null_sink.record()
    for key in ("Right", "Shift_L", "Right"):
        app.screen.press("F2")
        until_sounding(null_sink)
        app.screen.press(key)
    null_sink.stop_recording()
    played = [sound for sound in app.sounds if sound["text"] == "key"]
    assert len(played) == 5  # Shift has none
    assert all(sound["began"] and sound["error"] is None for sound in played)


def test_the_first_question_is_short_and_answered_by_arrows(spoken: StartSpoken) -> None:
    app = spoken(settings=b"")
    app.wait_to_hear(QUESTION)
    asked: Any = app.said[-1]
    assert asked["ended"] - asked["began"] < 12  # it took 16 s
    app.wait_to_hear("Answer the question first.", "ctrl+o")
    app.wait_to_hear("Offline voice, button, 2 of 2", "Right")
    app.wait_to_hear("Control O opens a picture", "Return")
