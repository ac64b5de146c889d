"""Files from the command line and from later starts."""

import threading
from collections.abc import Callable

import pytest

from image_describer.app import messages
from image_describer.app.sources.single_instance import StartRequest
from image_describer.app.voice.self_voicing import focused
from tests.support.screen import LIMIT_S
from tests.support.window import AppDriver

pytestmark = pytest.mark.gui

Drive = Callable[..., AppDriver]


def test_of_several_files_the_first_is_opened(drive: Drive, photo: str) -> None:
    driver = drive()
    driver.app.start([photo, "other.png"])
    driver.until_described()
    assert driver.heard.said[0] == (messages.ONLY_FIRST.format(count=2), "error", True)
    assert driver.app.describe_task.current.file == photo


@pytest.mark.parametrize(
    ("window", "start", "taken"),
    [(True, True, False), (True, False, True), (False, True, True), (None, True, True)],
)
def test_an_offline_start_is_not_taken_by_an_online_window(
    drive: Drive, photo: str, window: bool | None, start: bool, taken: bool
) -> None:
    driver = drive()
    driver.app.settings_controller.set(online=window)
    assert driver.app.sources.take_start(StartRequest([photo], start, "0")) is taken
    assert (driver.app.describe_task.current.file == photo) is taken


def test_a_later_start_leaves_the_focus_in_the_dialog(drive: Drive) -> None:
    driver = drive()
    driver.press("ctrl+comma")
    driver.until(lambda: driver.heard.said_last("Settings, dialog."), "the settings")
    before = focused(driver.root)
    driver.app.sources.take_start(StartRequest([], False, "1"))
    driver.settle()
    assert focused(driver.root) is before
    assert before is not None
    driver.press("Escape")
    driver.app.sources.take_start(StartRequest([], False, "1"))
    driver.settle()
    assert focused(driver.root) is driver.app.window.sentence


def test_a_clipboard_that_hangs_does_not_block_the_window(
    drive: Drive, monkeypatch: pytest.MonkeyPatch
) -> None:
    proceed = threading.Event()

    def hang() -> str:
        proceed.wait(LIMIT_S)
        return ""

    monkeypatch.setattr("image_describer.imaging.clipboard.read", lambda _text: hang())
    driver = drive()
    driver.screen.press("ctrl+v")
    driver.until(lambda: driver.heard.said_last(messages.WORKING), "Working")
    before = driver.shown
    driver.press("Escape")
    assert driver.heard.texts[-1] == messages.CANCELLED
    assert driver.shown == before
    proceed.set()
