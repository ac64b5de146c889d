"""What trying the whole program brought to light: each fault found, so that it stays mended."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from image_describer.app import messages
from image_describer.app.dialogs import folder as foldering
from image_describer.app.dialogs.chooser.entry_info import describe_entry
from image_describer.app.dialogs.chooser.listing import FolderEntry
from image_describer.app.sources.single_instance import StartRequest
from image_describer.app.voice import caret
from image_describer.app.voice.caret import CaretState
from image_describer.app.voice.self_voicing import focused
from image_describer.captioner.description import Description
from image_describer.errors import PictureError, SettingsError
from image_describer.library.batch import BatchProgress
from image_describer.library.history import History
from image_describer.settings import SettingsFile
from image_describer.wording.sentence import SpokenDescription
from tests.support.screen import LIMIT_S, MANY_LIMIT_S, wait_for
from tests.support.spoken import Start
from tests.support.window import CAPTION, AppDriver

pytestmark = pytest.mark.gui

Drive = Callable[..., AppDriver]


def headings(driven: AppDriver) -> list[str]:
    return [dialog.heading for dialog in driven.app.context.dialogs]


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
def test_nothing_is_opened_twice_from_the_help(
    drive: Drive, photo: str, tmp_path: Path, key: str, heading: str
) -> None:
    driven = drive(history=History(tmp_path / "library" / "index.sqlite3"))
    driven.app.open_file(photo)
    driven.until_described()
    driven.press("F1")
    driven.until(lambda: headings(driven) == ["Help"], "the help")
    driven.obeys(key)
    driven.until(lambda: len(headings(driven)) == 2, heading)
    driven.app.help()  # its own key is taken by the chooser
    driven.for_s(0.2)
    assert headings(driven) == [heading, "Help"]
    driven.press(key)
    driven.until(lambda: headings(driven) == ["Help", heading], "it to come to the front")
    driven.until(
        lambda: str(focused(driven.root)).startswith(str(driven.app.context.dialogs[-1])),
        "its focus",
    )
    driven.until(lambda: heading in driven.heard.texts[-1], "its name")


def test_the_help_that_is_open_is_said_once(drive: Drive) -> None:
    driven = drive()
    driven.press("F1")
    driven.press("ctrl+comma")
    before = len(driven.heard.texts)
    driven.press("F1")
    driven.for_s(0.3)
    assert [text.split(".")[0] for text in driven.heard.texts[before:]] == ["Help"]


def test_a_later_start_leaves_the_focus_in_the_dialog(drive: Drive) -> None:
    driven = drive()
    driven.press("ctrl+comma")
    driven.until(lambda: driven.heard.said_last("Settings, dialog."), "the settings")
    before = focused(driven.root)
    driven.app.sources.take_start(StartRequest([], False, "1"))
    driven.for_s(0.3)
    assert focused(driven.root) is before
    assert before is not None
    driven.press("Escape")
    driven.app.sources.take_start(StartRequest([], False, "1"))
    driven.for_s(0.3)
    assert focused(driven.root) is driven.app.window.sentence


def test_the_first_question_is_said_again_and_f2_names_it(drive: Drive) -> None:
    driven = drive()
    driven.app.start([], may_ask=True)
    driven.until(lambda: headings(driven) == ["Choose a voice"], "the question")
    driven.for_s(0.2)
    driven.press("ctrl+r")
    assert driven.heard.texts[-1] == messages.VOICE_QUESTION
    driven.press("F2")
    assert driven.heard.texts[-1].endswith("Choose a voice is open.")


def test_while_exploring_f2_and_repeat_tell_the_part(drive: Drive, photo: str) -> None:
    driven = drive()
    driven.app.open_file(photo)
    driven.until_described()
    driven.press("ctrl+e")
    driven.until(lambda: driven.heard.said_last("Exploring. Centre."), "the first part")
    driven.press("Up")
    driven.until(lambda: driven.heard.said_last("Top."), "the part above")
    part = driven.heard.texts[-1]
    driven.press("F2")
    assert ". Exploring, top. " in driven.heard.texts[-1]
    driven.press("ctrl+r")
    assert driven.heard.texts[-1] == part


def test_control_a_selects_the_description(drive: Drive, photo: str) -> None:
    driven = drive()
    driven.app.open_file(photo)
    driven.until_described()
    driven.press("ctrl+a")
    assert driven.heard.texts[-1] == f"{driven.shown} selected"
    assert driven.app.window.sentence.selected() == driven.shown


def test_a_letter_that_leads_nowhere_is_answered(drive: Drive, photo: str, tmp_path: Path) -> None:
    driven = drive(history=History(tmp_path / "library" / "index.sqlite3"))
    driven.app.open_file(photo)
    driven.until_described()
    driven.press("ctrl+f")
    driven.screen.type("dogs")
    driven.press("Return")
    driven.until(lambda: driven.heard.said_last("Found, list"), "what was found")
    driven.press("x")
    assert driven.heard.texts[-1] == "Nothing begins with x."


def test_a_missing_file_is_told_without_its_folders(drive: Drive, tmp_path: Path) -> None:
    driven = drive()
    driven.app.open_file(str(tmp_path / "gone\n.jpg"))
    driven.until(lambda: driven.heard.said_last("There is no file"), "the error")
    assert str(tmp_path) not in driven.heard.texts[-1]
    assert driven.heard.texts[-1].startswith('There is no file "gone .jpg".')


def test_facts_of_a_broken_link(tmp_path: Path) -> None:
    link = tmp_path / "link.jpg"
    link.symlink_to(tmp_path / "nowhere")
    with pytest.raises(PictureError, match="link to something that is not there"):
        describe_entry(FolderEntry(str(link), "broken link"))


def test_trouble_beside_the_picture_waits_for_the_description(drive: Drive, photo: str) -> None:
    driven = drive()
    driven.app.open_file(photo)
    driven.until_described()
    driven.app.context.report_error(SettingsError("The settings can't be saved."))
    assert driven.heard.said[-1] == ("The settings can't be saved.", "error", False)


def test_the_greeting_is_a_notice(drive: Drive, tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text("rate = [[")
    driven = drive(settings=SettingsFile(file))
    driven.app.start([])
    assert [kind for _, kind, _ in driven.heard.said[-2:]] == ["error", "notice"]


def test_settings_that_can_not_be_saved_are_told_once(drive: Drive, tmp_path: Path) -> None:
    (tmp_path / "settings.toml").mkdir()
    driven = drive(settings=SettingsFile(tmp_path / "settings.toml"))

    def told() -> int:
        return sum("can't be saved" in text for text in driven.heard.texts)

    driven.app.faster()
    driven.until(told, "the error")
    driven.app.faster()
    driven.for_s(1.0)
    assert told() == 1


@pytest.mark.usefixtures("eager")
def test_a_folder_run_does_not_chatter(drive: Drive, tmp_path: Path) -> None:
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(30):
        Image.new("RGB", (40, 40), (number, 99, 99)).save(folder / f"{number}.png")
    driven = drive()
    driven.press("ctrl+shift+o")
    driven.screen.type(str(folder))
    began = time.monotonic()
    driven.press("Return")
    driven.until(lambda: driven.heard.said_last("Descriptions, list"), "the end", MANY_LIMIT_S)
    assert "30 described." in driven.heard.texts
    told = [text for text in driven.heard.texts if " percent, " in text]
    # None where that takes as little time as it should.
    assert len(told) <= (time.monotonic() - began) // foldering.PROGRESS_EVERY_S


def test_the_end_of_a_folder_run_is_told_in_words(drive: Drive, tmp_path: Path) -> None:
    assert foldering.in_short(BatchProgress(1999, 2000, 1.8, 0.6)) == (
        "1,999 of 2,000, 2 a second, 1 second left."
    )
    assert foldering.in_short(BatchProgress(9, 2000, 0.5, 4e3)) == (
        "9 of 2,000, 30 a minute, 67 minutes left."
    )
    assert foldering.in_short(BatchProgress(0, None, 0.0, None)) == "0 so far, still counting."
    driven = drive()
    window = foldering.FolderWindow(driven.app.context, False, str(tmp_path), print)
    window._start(str(tmp_path))
    driven.until(lambda: driven.heard.said_last("There are no pictures in "), "the end")
    assert driven.heard.texts[-1] == f"There are no pictures in {tmp_path.name}."


@pytest.mark.parametrize(
    ("before", "now", "told"),
    [
        (CaretState(3, "b", "abc"), CaretState(3, "", "axyc"), "xy"),
        (CaretState(3, "abc", "abc"), CaretState(4, "", "wxyz"), "wxyz"),
        (CaretState(3, "abc", "abc"), CaretState(0, "", ""), "abc deleted"),
        (CaretState(3, "bc", "abcd"), CaretState(1, "", "ad"), "bc deleted"),
        (CaretState(0, "", "abc def"), CaretState(0, "", "def"), "abc  deleted"),
        (CaretState(1, "", "l"), CaretState(2, "", "ll"), "l"),
        (CaretState(2, "", "ll"), CaretState(1, "", "l"), "l deleted"),
    ],
)
def test_what_was_typed_or_deleted(before: CaretState, now: CaretState, told: str) -> None:
    assert caret._typed(before, now) == told


def test_once_something_is_heard_again_the_status_says_so(drive: Drive, photo: str) -> None:
    driven = drive()
    driven.app.open_file(photo)
    driven.until_described()
    driven.heard.last_error = "I can't speak."
    driven.press("F2")
    driven.until(lambda: driven.app.window.status == "Ready. I can't speak.", "the trouble")
    driven.heard.last_error = ""
    driven.press("F2")
    driven.until(lambda: driven.app.window.status == "Ready", "its end")


def test_the_trouble_with_the_history_is_heard_before_the_answer(
    drive: Drive, tmp_path: Path
) -> None:
    (tmp_path / "history.jsonl").write_bytes(b"garbage\n")
    driven = drive(history=History(tmp_path / "library" / "index.sqlite3"))
    driven.press("alt+Up")
    driven.until(lambda: driven.heard.said_last("There is no earlier"), "the answer")
    assert [kind for _, kind, _ in driven.heard.said[-2:]] == ["error", "notice"]
    assert CAPTION not in driven.shown


def test_settings_of_another_window_are_kept(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    one, other = SettingsFile(file), SettingsFile(file)
    mine, theirs = one.load(), other.load()
    one.save(mine.__class__(rate=200))
    other.save(theirs.__class__(volume=50))
    assert SettingsFile(file).load() == mine.__class__(rate=200, volume=50)
    one.save(mine.__class__(rate=300))
    assert SettingsFile(file).load() == mine.__class__(rate=300, volume=50)


def test_the_history_follows_what_other_windows_do(
    drive: Drive, photo: str, tmp_path: Path
) -> None:
    history = History(tmp_path / "library" / "index.sqlite3")
    first = drive(history=history)
    other = History(tmp_path / "library" / "index.sqlite3")
    for name in ("one.png", "two.png"):
        other.add(Description(name, 0.8), SpokenDescription("", f"Probably: {name}."), name)
    first.press("alt+Up")
    first.until(lambda: "2 of 2. two.png." in first.heard.texts, "the newest")
    other.add(Description("three", 0.8), SpokenDescription("", "Probably: three."), "three.png")
    first.press("alt+Down")
    first.until(lambda: "3 of 3. three.png." in first.heard.texts, "the other window's")
    other.clear()
    first.press("alt+Up")
    first.until(lambda: first.heard.texts[-1] == messages.NO_EARLIER, "that it is empty")


def test_keys_pressed_while_the_history_is_read_count(drive: Drive, tmp_path: Path) -> None:
    history = History(tmp_path / "library" / "index.sqlite3")
    for number in range(5):
        history.add(
            Description("a dog", 0.8), SpokenDescription("", "Probably: a dog."), f"{number}.png"
        )
    driven = drive(history=history)
    for _ in range(3):
        driven.app.earlier()
    driven.until(lambda: "3 of 5. 2.png." in driven.heard.texts, "three steps back")


@pytest.mark.sound
def test_the_first_question_is_the_first_thing_said(spoken: Start) -> None:
    one = spoken(settings=None)
    wait_for(lambda: one.screen.focused().startswith("Choose a voice"), LIMIT_S, "the question")
    one.screen.press("F2")
    wait_for(lambda: one.said, LIMIT_S, "the first sentence to end")
    assert one.said[0]["text"] == f"Image Describer. {messages.VOICE_QUESTION}"
