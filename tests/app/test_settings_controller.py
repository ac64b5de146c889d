"""Changes of the settings: applied at once, saved a moment later, errors reported once."""

from collections.abc import Callable
from pathlib import Path

import pytest

from image_describer.app import settings_controller, system_look, theme
from image_describer.settings import SettingsFile
from tests.support.window import AppDriver

pytestmark = pytest.mark.gui

Drive = Callable[..., AppDriver]


def test_the_rate_is_changed_spoken_saved_and_limited(drive: Drive, tmp_path: Path) -> None:
    file = SettingsFile(tmp_path / "settings.toml")
    driver = drive(settings=file)
    driver.press("ctrl+Up")
    assert driver.heard.texts[-1] == "180 words a minute"
    assert driver.heard.settings["rate"] == 180
    driver.press("ctrl+Down", "ctrl+Down")
    assert driver.heard.texts[-1] == "140 words a minute"
    driver.until(lambda: SettingsFile(file.path).load().rate == 140, "the rate on disk")
    for _ in range(30):
        driver.app.faster()
    assert driver.heard.texts[-1] == "fastest, 600 words a minute"
    driver.app.quit()
    assert SettingsFile(file.path).load().rate == 600


def test_the_settings_set_what_is_said(drive: Drive) -> None:
    driver = drive()
    driver.app.settings_controller.set(speech="results")
    driver.press("Tab")
    assert driver.heard.texts == []


def test_an_error_of_saving_is_reported_once(drive: Drive, tmp_path: Path) -> None:
    (tmp_path / "settings.toml").mkdir()
    driver = drive(settings=SettingsFile(tmp_path / "settings.toml"))

    def errors() -> list[str]:
        return [text for text in driver.heard.texts if "can't be saved" in text]

    driver.app.faster()
    driver.until(errors, "the error")
    driver.app.faster()
    driver.until(lambda: not driver.root.tk.call("after", "info"), "the end of all timers")
    assert len(errors()) == 1


def test_only_changes_of_the_look_repaint_the_window(
    drive: Drive, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver = drive()
    repaints: list[int] = []
    change = theme.Theme.change

    def record(self: theme.Theme, *, look: theme.Look, text_size: int) -> None:
        repaints.append(text_size)
        change(self, look=look, text_size=text_size)

    monkeypatch.setattr(theme.Theme, "change", record)
    driver.app.faster()
    assert repaints == []
    driver.app.settings_controller.set(text_size=150)
    assert repaints == [150]


def test_the_colours_of_the_system_are_followed(
    drive: Drive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(system_look, "ask", lambda: "dark")
    driver = drive()
    assert theme.theme_of(driver.root).palette == theme.PALETTES["dark"]
    driver.app.settings_controller.set(look="light")
    assert theme.theme_of(driver.root).palette == theme.PALETTES["light"]
    for look in ("high contrast", "light"):
        monkeypatch.setattr(system_look, "ask", lambda look=look: look)
        driver.app.settings_controller.set(look="system")  # the second time, it is that already
        driver.root.event_generate("<FocusIn>")
        colours = theme.PALETTES[look]
        driver.until(lambda colours=colours: theme.theme_of(driver.root).palette == colours, look)
        monkeypatch.setattr(settings_controller, "SYSTEM_AGAIN_S", 0)
