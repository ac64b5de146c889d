"""The commands of the window: starting, cancelling, errors, and what they open."""

import tkinter as tk
from collections.abc import Callable
from pathlib import Path

import pytest

from image_describer.app import messages
from image_describer.app.tasks import progress
from image_describer.app.voice.self_voicing import focused
from image_describer.errors import BundleError, SettingsError
from image_describer.library.history import History
from image_describer.settings import SettingsFile
from tests.support.window import AppDriver

pytestmark = pytest.mark.gui

Drive = Callable[..., AppDriver]


def headings(driven: AppDriver) -> list[str]:
    return [dialog.heading for dialog in driven.context.dialogs]


def test_the_first_start_asks_for_the_voice(drive: Drive, photo: str, tmp_path: Path) -> None:
    file = SettingsFile(tmp_path / "settings.toml")
    driven = drive(settings=file)
    driven.app.start([photo], may_ask=True)
    driven.until(lambda: driven.screen.focused().startswith("Choose a voice"), "the question")
    driven.settle()
    assert driven.heard.texts == [f"Image Describer. {messages.VOICE_QUESTION}"]
    assert driven.heard.settings["offline"] is True
    driven.press("Return")
    driven.until_described()
    assert driven.heard.settings["offline"] is False
    driven.until(lambda: SettingsFile(file.path).load().online is True, "the choice on disk")


def test_escape_postpones_the_question(drive: Drive, tmp_path: Path) -> None:
    driven = drive(settings=SettingsFile(tmp_path / "settings.toml"))
    driven.app.start([], may_ask=True)
    driven.until(lambda: driven.screen.focused().startswith("Choose a voice"), "the question")
    driven.settle()
    driven.press("Tab")
    assert driven.heard.said_last("Offline voice, button, 2 of 2")
    driven.press("Escape")
    assert driven.heard.said_last(messages.NOT_YET)
    assert driven.heard.settings["offline"] is True
    assert driven.context.settings.online is None


def test_an_open_question_keeps_the_focus(drive: Drive, tmp_path: Path) -> None:
    driven = drive(settings=SettingsFile(tmp_path / "settings.toml"))
    driven.app.start([], may_ask=True)
    driven.until(lambda: driven.screen.focused().startswith("Choose a voice"), "the question")
    driven.screen.focus(driven.screen.windows("^Image Describer$")[0])
    driven.until(
        lambda: driven.screen.focused().startswith("Choose a voice"), "the focus to come back"
    )
    widget = focused(driven.root)
    assert widget is not None
    assert widget.winfo_toplevel() is driven.context.dialogs[-1]


def test_the_greeting_does_not_interrupt_an_error(drive: Drive, tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text("rate = [[")
    driven = drive(settings=SettingsFile(file))
    driven.app.start([])
    assert [kind for _, kind, _ in driven.heard.said[-2:]] == ["error", "notice"]


def test_escape_stops_speech_before_it_cancels(
    drive: Drive, photo: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "ANNOUNCE_AFTER_MS", 600_000)
    driven = drive()
    driven.describer.proceed.clear()
    driven.heard.speaking = True
    driven.app.open_file(photo)
    driven.press("Escape")
    assert driven.heard.stops == 1
    assert "Cancelled." not in driven.heard.texts
    driven.press("Escape")
    assert driven.heard.texts == ["Cancelled."]
    driven.describer.proceed.set()


@pytest.mark.parametrize(
    ("key", "heading"),
    [
        ("ctrl+comma", "Settings"),
        ("ctrl+f", "Search your pictures"),
        ("ctrl+shift+o", "Describe a folder"),
        ("ctrl+s", "Save"),
        ("ctrl+o", "Open a picture"),
    ],
)
def test_a_dialog_that_is_open_comes_to_the_front(
    drive: Drive, photo: str, tmp_path: Path, key: str, heading: str
) -> None:
    driven = drive(history=History(tmp_path / "library" / "index.sqlite3"))
    driven.app.open_file(photo)
    driven.until_described()
    driven.press("F1")
    driven.until(lambda: headings(driven) == ["Help"], "the help")
    driven.press_and_wait(key)
    driven.until(lambda: len(headings(driven)) == 2, heading)
    driven.app.help()  # F1 is the chooser's own key
    driven.settle()
    assert headings(driven) == [heading, "Help"]
    driven.press(key)
    driven.until(lambda: headings(driven) == ["Help", heading], "the dialog to come to the front")
    driven.until(
        lambda: str(focused(driven.root)).startswith(str(driven.context.dialogs[-1])),
        "its focus",
    )
    driven.until(lambda: heading in driven.heard.texts[-1], "its name")


def test_a_missing_bundle_is_reported_at_the_start_and_tried_again(
    drive: Drive, photo: str
) -> None:
    driven = drive()
    driven.build_error = BundleError("The bundle is gone.", "Put it back.")
    driven.app.start([])
    driven.until(lambda: "The bundle is gone. Put it back." in driven.heard.texts, "the error")
    assert driven.shown == "The bundle is gone. Put it back."
    driven.build_error = None
    driven.app.open_file(photo)
    driven.until_described()
    assert len(driven.builds) == 2


def test_a_failing_command_is_reported(drive: Drive, monkeypatch: pytest.MonkeyPatch) -> None:
    driven = drive()
    monkeypatch.setattr(messages, "NO_PICTURE", "{nobody} knows this key")
    driven.press("F2")
    assert "KeyError" in driven.shown
    assert driven.heard.texts[-1] == driven.shown


def test_an_error_beside_the_picture_waits_for_the_description(drive: Drive, photo: str) -> None:
    driven = drive()
    driven.app.open_file(photo)
    driven.until_described()
    driven.context.report_error(SettingsError("The settings can't be saved."))
    assert driven.heard.said[-1] == ("The settings can't be saved.", "error", False)


def test_ctrl_q_quits(drive: Drive) -> None:
    driven = drive()
    driven.screen.press("ctrl+q")
    with pytest.raises(tk.TclError, match="destroyed"):
        driven.until(lambda: not driven.root.winfo_exists(), "the end")
