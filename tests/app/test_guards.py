"""What must not happen: a sentence that goes out unasked, keys that pass by an open question."""

from collections.abc import Callable
from pathlib import Path

import pytest

from image_describer.app import theme
from image_describer.app.sources.single_instance import StartRequest
from image_describer.app.voice import self_voicing
from image_describer.settings import SettingsFile
from tests.support.window import AppDriver

pytestmark = pytest.mark.gui

Drive = Callable[..., AppDriver]


@pytest.mark.parametrize(
    ("window", "start", "taken"),
    [(True, True, False), (True, False, True), (False, True, True), (None, True, True)],
)
def test_what_was_started_offline_is_not_taken_by_a_window_that_is_online(
    drive: Drive, photo: str, window: bool | None, start: bool, taken: bool
) -> None:
    driven = drive()
    driven.app.settings_controller.set(online=window)
    assert driven.app.sources.take_start(StartRequest([photo], start, "0")) is taken
    assert (driven.app.describe_task.current.file == photo) is taken


def test_an_open_question_keeps_the_focus(drive: Drive, tmp_path: Path) -> None:
    driven = drive(settings=SettingsFile(tmp_path / "settings.toml"))
    driven.app.start([], may_ask=True)
    driven.until(lambda: driven.screen.focused().startswith("Choose a voice"), "the question")
    driven.screen.focus(driven.screen.windows("^Image Describer$")[0])
    driven.until(lambda: driven.screen.focused().startswith("Choose a voice"), "it to come back")
    focused = self_voicing.focused(driven.root)
    assert focused is not None
    assert focused.winfo_toplevel() is driven.app.context.dialogs[-1]


def test_a_change_of_the_rate_repaints_nothing(
    drive: Drive, monkeypatch: pytest.MonkeyPatch
) -> None:
    driven = drive()
    painted: list[int] = []
    change = theme.Theme.change

    def noted(self: theme.Theme, *, high_contrast: bool, text_size: int) -> None:
        painted.append(text_size)
        change(self, high_contrast=high_contrast, text_size=text_size)

    monkeypatch.setattr(theme.Theme, "change", noted)
    driven.app.faster()
    assert painted == []
    driven.app.settings_controller.set(text_size=150)
    assert painted == [150]


def test_a_voice_that_is_slow_to_answer_is_marked_by_ticks(drive: Drive, photo: str) -> None:
    driven = drive()
    driven.app.open_file(photo)
    driven.until_described()
    assert driven.heard.earcons == []
    driven.heard.fetching = True
    driven.press("F5")
    driven.until(lambda: len(driven.heard.earcons) == 2, "two ticks")
    driven.heard.fetching = False
    driven.for_s(1.2)
    assert driven.heard.earcons == ["tick", "tick"]
