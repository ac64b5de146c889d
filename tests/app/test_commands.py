"""The commands of the window: starting, cancelling, errors, and what they open."""

import tkinter as tk
from collections.abc import Callable
from pathlib import Path

import pytest

from image_describer.app import messages
from image_describer.app.dialogs import first_start
from image_describer.app.tasks import progress
from image_describer.app.voice.self_voicing import focused
from image_describer.errors import BundleError, SettingsError
from image_describer.library.history import History
from image_describer.settings import SettingsFile
from tests.support.window import AppDriver

pytestmark = pytest.mark.gui

Drive = Callable[..., AppDriver]


def headings(driver: AppDriver) -> list[str]:
    return [dialog.heading for dialog in driver.context.dialogs]


def test_the_first_start_asks_for_the_voice(drive: Drive, photo: str, tmp_path: Path) -> None:
    file = SettingsFile(tmp_path / "settings.toml")
    driver = drive(settings=file)
    driver.app.start([photo], may_ask=True)
    driver.until(lambda: driver.screen.focused().startswith("Choose a voice"), "the question")
    driver.settle()
    assert driver.heard.texts == [f"Image Describer. {first_start.QUESTION}"]
    assert driver.heard.settings["offline"] is True
    driver.press("Return")
    driver.until_described()
    assert driver.heard.settings["offline"] is False
    driver.until(lambda: SettingsFile(file.path).load().online is True, "the choice on disk")


def test_escape_postpones_the_question(drive: Drive, tmp_path: Path) -> None:
    driver = drive(settings=SettingsFile(tmp_path / "settings.toml"))
    driver.app.start([], may_ask=True)
    driver.until(lambda: driver.screen.focused().startswith("Choose a voice"), "the question")
    driver.settle()
    driver.press("Tab")
    assert driver.heard.said_last("Offline voice, button, 2 of 2")
    driver.press("Escape")
    assert driver.heard.said_last(messages.NOT_YET)
    assert driver.heard.settings["offline"] is True
    assert driver.context.settings.online is None


def test_an_open_question_keeps_the_focus(drive: Drive, tmp_path: Path) -> None:
    driver = drive(settings=SettingsFile(tmp_path / "settings.toml"))
    driver.app.start([], may_ask=True)
    driver.until(lambda: driver.screen.focused().startswith("Choose a voice"), "the question")
    driver.screen.focus(driver.screen.windows("^Image Describer$")[0])
    driver.until(
        lambda: driver.screen.focused().startswith("Choose a voice"), "the focus to come back"
    )
    widget = focused(driver.root)
    assert widget is not None
    assert widget.winfo_toplevel() is driver.context.dialogs[-1]


def test_the_greeting_does_not_interrupt_an_error(drive: Drive, tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text("rate = [[")
    driver = drive(settings=SettingsFile(file))
    driver.app.start([])
    assert [kind for _, kind, _ in driver.heard.said[-2:]] == ["error", "notice"]


def test_one_escape_cancels_while_something_is_said(
    drive: Drive, photo: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "ANNOUNCE_AFTER_MS", 600_000)
    driver = drive()
    driver.describer.proceed.clear()
    driver.app.open_file(photo)
    driver.heard.speaking = True
    driver.press("Escape")
    assert driver.heard.texts == ["Cancelled."]
    driver.describer.proceed.set()


def test_one_escape_closes_a_dialog_before_it_cancels(drive: Drive, photo: str) -> None:
    driver = drive()
    driver.describer.proceed.clear()
    driver.app.open_file(photo)
    for key in ("ctrl+comma", "F1", "ctrl+o"):
        driver.press(key)
        driver.until(lambda: driver.context.dialogs, key)
        driver.heard.speaking = True
        driver.press("Escape")
        assert driver.context.dialogs == []
        assert not driver.heard.speaking
    assert "Cancelled." not in driver.heard.texts
    driver.describer.proceed.set()
    driver.until_described()


@pytest.mark.parametrize(
    ("rate", "key", "after"),
    [
        (187, "ctrl+Up", 200),
        (187, "ctrl+Down", 180),
        (590, "ctrl+Up", 600),
        (600, "ctrl+Down", 580),
        (80, "ctrl+Down", 80),
    ],
)
def test_the_rate_keeps_its_grid(drive: Drive, rate: int, key: str, after: int) -> None:
    driver = drive()
    driver.app.settings_controller.set(rate=rate)
    driver.press(key)
    assert driver.context.settings.rate == after
    assert driver.heard.texts[-1].endswith(f"{after} words a minute")


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
    driver = drive(history=History(tmp_path / "library" / "index.sqlite3"))
    driver.app.open_file(photo)
    driver.until_described()
    driver.press("F1")
    driver.until(lambda: headings(driver) == ["Help"], "the help")
    driver.press_and_wait(key)
    driver.until(lambda: len(headings(driver)) == 2, heading)
    driver.app.help()  # F1 is the chooser's own key
    driver.settle()
    assert headings(driver) == [heading, "Help"]
    driver.press(key)
    driver.until(lambda: headings(driver) == ["Help", heading], "the dialog to come to the front")
    driver.until(
        lambda: str(focused(driver.root)).startswith(str(driver.context.dialogs[-1])),
        "its focus",
    )
    driver.until(lambda: heading in driver.heard.texts[-1], "its name")


def test_a_missing_bundle_is_reported_at_the_start_and_tried_again(
    drive: Drive, photo: str
) -> None:
    driver = drive()
    driver.build_error = BundleError("The bundle is gone.", "Put it back.")
    driver.app.start([])
    driver.until(lambda: "The bundle is gone. Put it back." in driver.heard.texts, "the error")
    assert driver.shown == "The bundle is gone. Put it back."
    driver.build_error = None
    driver.app.open_file(photo)
    driver.until_described()
    assert driver.builds == 2


def test_a_failing_command_is_reported(drive: Drive, monkeypatch: pytest.MonkeyPatch) -> None:
    driver = drive()
    monkeypatch.setattr(messages, "NO_PICTURE", "{nobody} knows this key")
    driver.press("F2")
    assert "KeyError" in driver.shown
    assert driver.heard.texts[-1] == driver.shown


def test_an_error_beside_the_picture_waits_for_the_description(drive: Drive, photo: str) -> None:
    driver = drive()
    driver.app.open_file(photo)
    driver.until_described()
    driver.context.report_error(SettingsError("The settings can't be saved."))
    assert driver.heard.said[-1] == ("The settings can't be saved.", "error", False)


def test_an_error_while_quitting_is_logged(
    drive: Drive, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "settings.toml").mkdir()
    driver = drive(settings=SettingsFile(tmp_path / "settings.toml"))
    driver.app.faster()
    driver.app.quit()
    assert "The settings can't be saved" in caplog.text


def test_ctrl_q_quits(drive: Drive) -> None:
    driver = drive()
    driver.screen.press("ctrl+q")
    with pytest.raises(tk.TclError, match="destroyed"):
        driver.until(lambda: not driver.root.winfo_exists(), "the end")
