"""The settings dialog, worked by real keys: what is heard, what applies, what is saved."""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from image_describer.app import theme
from image_describer.app.dialogs.settings import (
    CLEARED,
    DEFAULTS_RESTORED,
    UNHEDGED,
    SettingsWindow,
)
from image_describer.app.settings_controller import SettingsController
from image_describer.app.voice import self_voicing
from image_describer.app.widgets.typeahead import PAUSE_S
from image_describer.errors import ImageDescriberError
from image_describer.paths import screenshots_folder
from image_describer.settings import SETTINGS, Settings, SettingsFile
from image_describer.speech import languages
from tests.support.screen import Screen
from tests.support.window import AppDriver, FakeDescriber

pytestmark = pytest.mark.gui

Drive = Callable[..., AppDriver]


class OpenSettings:
    """The dialog above a window, with a settings file of its own."""

    def __init__(self, driven: AppDriver, file: SettingsFile) -> None:
        self.driven = driven
        self.file = file
        self.errors: list[str] = []
        self.cleared = 0
        self.clear_error: Exception | None = None
        self.context = driven.app.context
        self.context.report_error = lambda error: self.errors.append(str(error))
        self.settings_controller = SettingsController(self.context, file)
        self.window = SettingsWindow(self.context, self.settings_controller.change, self._clear)
        self.focus("online")

    def _clear(self, done: Callable[[], None], failed: Callable[[Exception], None]) -> None:
        self.cleared += 1
        if self.clear_error is not None:
            failed(self.clear_error)
        else:
            done()

    @property
    def heard(self) -> str:
        return self.driven.heard.texts[-1]

    @property
    def note(self) -> str:
        return str(self.window._note.cget("text"))

    def focus(self, name: str) -> None:
        """Press Tab until the setting has the focus."""
        control = self.window.controls[name]
        self.driven.until(self.window.winfo_viewable, "the dialog")
        self.driven.until(lambda: self.driven.root.focus_get() is not None, "the focus")
        for _ in range(len(SETTINGS) + 3):
            if self.driven.root.focus_get() is control:
                self.driven.settle()
                return
            self.driven.press("Tab")
        raise AssertionError(f"Tab does not lead to {name}")

    def press(self, *keys: str) -> None:
        self.driven.press(*keys)

    def saved(self) -> Settings:
        """Return the settings in the file, once they are written."""
        self.driven.until(lambda: self.settings_controller._save_timer is None, "the file")
        expected = self.context.settings
        self.driven.until(lambda: SettingsFile(self.file.path).load() == expected, "the file")
        return SettingsFile(self.file.path).load()


@pytest.fixture
def opened(drive: Drive, tmp_path: Path) -> OpenSettings:
    return OpenSettings(drive(), SettingsFile(tmp_path / "settings.toml"))


def test_tab_reaches_every_setting_and_each_has_its_own_text(opened: OpenSettings) -> None:
    opened.driven.until_idle()  # gTTS's languages
    spoken = []
    for _ in range(len(opened.window.controls) + 3):
        spoken.append(opened.heard)
        opened.press("Tab")
    assert set(opened.window.controls) == set(SETTINGS) - {"recent_folders", "reader_announced"}
    assert spoken == [
        "Settings, dialog. Voice of the descriptions, combo box, offline voice, 2 of 2",
        "Language of the voice, combo box, English, American, "
        f"1 of {len(languages.choices())}, "
        "How Google's voice speaks English",
        "Rate, slider, 175 words a minute",
        "Volume, slider, 100 percent",
        "Silence before speech, slider, 0 milliseconds, "
        "For wireless headphones that swallow the first syllable",
        "What is spoken, combo box, everything, 1 of 3, "
        "Results and errors only, if a screen reader says the rest",
        "Who speaks, combo box, the screen reader, if one runs, 1 of 3, "
        "A screen reader has its own rate and volume",
        "Detail, combo box, normal, 2 of 3",
        "Say how sure a description is, check box, checked",
        "Key sounds, check box, not checked",
        "Language, combo box, like the system, 1 of 3, Of the program and its descriptions",
        "Colours, combo box, like the system, 1 of 4",
        "Text size, slider, 100 percent",
        "Keep a history of descriptions, check box, checked",
        "Clear the history, button",
        "Announce new pictures in a folder, check box, not checked",
        f"Folder to watch, edit box, {screenshots_folder()}{os.sep}, Type another one, then Enter",
        "Defaults, button",
        "Close, button",
    ]
    hint = ", Online sends sentences to Google, never pictures"
    assert opened.heard == spoken[0].removeprefix("Settings, dialog. ") + hint


@pytest.mark.parametrize(
    ("name", "keys", "value", "heard"),
    [
        ("online", ["Left"], True, "Google's natural voice, online, 1 of 2"),
        ("speech", ["Right"], "results", "results and errors only, 2 of 3"),
        ("language", ["Down"], "en-GB", "English, British, 2 of"),
        ("rate", ["Right", "Prior"], 205, "205 words a minute"),
        ("hedging", ["space"], False, f"not checked. {UNHEDGED}"),
        ("look", ["Down", "Down"], "dark", "dark, 3 of 4"),
        ("key_sounds", ["space"], True, "checked"),
        ("keep_history", ["space"], False, "not checked. The existing history stays"),
        ("watch", ["space"], True, "checked"),
    ],
)
def test_a_change_is_heard_and_saved(
    opened: OpenSettings, name: str, keys: list[str], value: object, heard: str
) -> None:
    opened.focus(name)
    opened.press(*keys)
    assert opened.heard.startswith(heard)
    assert getattr(opened.context.settings, name) == value
    assert opened.saved() == replace(Settings(), **{name: value})  # type: ignore[arg-type]


def test_enter_watches_the_folder_that_was_typed(opened: OpenSettings, tmp_path: Path) -> None:
    opened.focus("watched_folder")
    field = opened.window.controls["watched_folder"]
    field.show(str(tmp_path))
    opened.press("Return")
    assert opened.heard == tmp_path.name
    expected = replace(Settings(), watch=True, watched_folder=str(tmp_path))
    assert opened.saved() == expected
    assert opened.window.controls["watch"].on
    assert field.get() == f"{tmp_path}{os.sep}"


def test_a_change_applies_at_once(opened: OpenSettings) -> None:
    opened.focus("rate")
    opened.press("Left")
    assert opened.driven.heard.settings["rate"] == 170
    opened.focus("look")
    opened.press("End")
    assert theme.theme_of(opened.context.root).palette == theme.PALETTES["high contrast"]


def test_the_new_rate_is_spoken_at_the_new_rate(
    opened: OpenSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    rates: list[tuple[str, int]] = []
    heard = opened.driven.heard
    say = heard.say

    def note(text: str, **how: Any) -> None:
        rates.append((text, heard.settings["rate"]))
        say(text, **how)

    opened.focus("rate")
    monkeypatch.setattr(heard, "say", note)
    opened.press("Right")
    assert rates[-1] == ("180 words a minute", 180)


def test_hedging_can_be_switched_on_again_without_a_warning(opened: OpenSettings) -> None:
    opened.focus("hedging")
    opened.press("space")
    assert opened.note == UNHEDGED
    opened.press("space")
    assert opened.heard == "checked"
    assert not opened.window._note.winfo_ismapped()
    assert opened.context.settings.hedging


def test_speech_that_is_switched_on_again_is_heard(opened: OpenSettings) -> None:
    opened.focus("speech")
    opened.press("End")
    assert opened.heard == "nothing, 3 of 3"
    opened.press("Tab", "shift+Tab")
    assert opened.heard == "nothing, 3 of 3"
    opened.press("Left")
    assert opened.heard.startswith("results and errors only, 2 of 3")
    opened.press("Left")
    assert opened.heard == "everything, 1 of 3"


def test_type_ahead_finds_a_language(opened: OpenSettings) -> None:
    opened.focus("language")
    control = opened.window.controls["language"]
    opened.driven.until(lambda: len(control._values) > 10, "gTTS's languages")  # type: ignore[union-attr]
    opened.press("p", "o", "r")
    assert opened.heard.startswith("Portuguese")
    assert opened.saved().language.startswith("pt")
    opened.driven.for_s(PAUSE_S + 0.1)
    opened.press("e", "s")
    assert opened.heard.startswith("Estonian")


def test_the_key_for_the_rate_moves_the_slider(opened: OpenSettings) -> None:
    opened.focus("rate")
    opened.press("ctrl+Up")
    faster = opened.context.settings.rate
    assert faster > Settings.rate
    opened.press("Right")
    assert opened.heard == f"{faster + SETTINGS['rate'].step} words a minute"


def test_defaults_ask_first_and_keep_voice_and_recent_folders(opened: OpenSettings) -> None:
    kept = {"online": True, "recent_folders": ("/photos",)}
    opened.settings_controller.change(
        replace(Settings(rate=90, hedging=False, text_size=150), **kept)
    )  # type: ignore[arg-type]
    opened.focus("online")
    opened.window.defaults_button.focus_force()
    opened.driven.settle()
    before = opened.context.settings
    opened.press("Return")
    assert opened.heard == (
        "Defaults, dialog. Set everything but the voice back to its default? Keep, button, 1 of 2"
    )
    opened.press("Return")
    assert opened.context.settings == before
    opened.press("Return")
    opened.press("Right", "Return")
    assert DEFAULTS_RESTORED in opened.driven.heard.texts
    assert opened.note == DEFAULTS_RESTORED
    assert opened.saved() == replace(Settings(), **kept)  # type: ignore[arg-type]
    opened.focus("rate")
    assert opened.heard == "Rate, slider, 175 words a minute"


def test_clearing_the_history_asks_first(opened: OpenSettings) -> None:
    opened.window.clear_button.focus_force()
    opened.driven.settle()
    opened.press("Return")
    assert opened.heard == (
        "Clear the history, dialog. Delete all past descriptions, in the search too? "
        "This can't be undone. Keep, button, 1 of 2"
    )
    opened.press("Return")
    assert opened.cleared == 0
    assert opened.driven.root.focus_get() is opened.window.clear_button
    opened.press("Return")
    opened.press("Escape")
    assert opened.cleared == 0
    opened.press("Return")
    opened.press("Tab", "space")
    opened.driven.until(lambda: opened.cleared, "the deletion")
    assert CLEARED in opened.driven.heard.texts
    assert opened.note == CLEARED
    assert opened.driven.root.focus_get() is opened.window.clear_button


def test_an_error_while_clearing_the_history_is_shown(opened: OpenSettings) -> None:
    opened.clear_error = ImageDescriberError("The history can't be cleared: no.", "Try again.")
    opened.window.clear_button.focus_force()
    opened.driven.settle()
    opened.press("Return")
    opened.press("Tab", "space")
    opened.driven.until(lambda: opened.errors, "the error")
    assert opened.errors == ["The history can't be cleared: no. Try again."]
    assert opened.note == "The history can't be cleared: no. Try again."


def test_a_change_that_can_not_be_saved_applies_and_the_error_is_shown(
    drive: Drive, tmp_path: Path
) -> None:
    file = SettingsFile(tmp_path / "settings.toml")
    file.path.mkdir()
    opened = OpenSettings(drive(), file)
    opened.focus("rate")
    opened.press("Right")
    opened.driven.until(lambda: opened.errors, "the error")
    assert opened.errors[0].startswith("The settings can't be saved")
    assert opened.note == opened.errors[0]
    assert opened.context.settings.rate == 180
    assert opened.driven.heard.settings["rate"] == 180


def test_languages_that_arrive_after_closing_are_ignored(opened: OpenSettings) -> None:
    opened.press("Escape")
    opened.driven.until(lambda: not opened.window.winfo_exists(), "the dialog to close")
    opened.driven.until_idle()
    assert opened.driven.root.focus_get() is opened.driven.app.window.sentence


@pytest.mark.parametrize(("text_size", "look"), [(75, "light"), (250, "high contrast")])
def test_nothing_is_cut_off_on_a_small_screen(
    small_screen: Screen, tmp_path: Path, text_size: int, look: str
) -> None:
    driven = AppDriver(small_screen, FakeDescriber())
    try:
        file = SettingsFile(tmp_path / "settings.toml")
        file.save(Settings(text_size=text_size, look=look))
        opened = OpenSettings(driven, file)
        _walk_through(opened, small_screen)
    finally:
        driven.root.destroy()


def _walk_through(opened: OpenSettings, screen: Screen) -> None:
    window = opened.window
    ring = tuple(bytes.fromhex(theme.theme_of(window).palette.focus[1:]))
    seen = []
    for _ in range(len(window.controls) + 3):
        widget = opened.driven.root.focus_get()
        assert widget is not None
        opened.driven.settle()
        seen.append(self_voicing.spoken_text(widget))
        left, top = widget.winfo_rootx(), widget.winfo_rooty()
        right, bottom = left + widget.winfo_width() - 1, top + widget.winfo_height() - 1
        assert left >= 0
        assert right < 640
        assert widget.winfo_reqwidth() <= widget.winfo_width(), f"{seen[-1]} is cut off"
        assert widget.winfo_reqheight() <= widget.winfo_height(), f"{seen[-1]} is cut off"
        shot = screen.shot()
        assert top >= 0
        assert shot.getpixel((left + 40, top + 1)) == ring, f"{seen[-1]}: no upper edge"
        if widget.winfo_height() < 250:
            assert bottom < 480
            assert shot.getpixel((left + 40, bottom - 1)) == ring, f"{seen[-1]}: no lower edge"
        opened.press("Tab")
    assert len(set(seen)) == len(window.controls) + 3


def test_the_focus_stays_in_view_while_the_text_grows(small_screen: Screen, tmp_path: Path) -> None:
    driven = AppDriver(small_screen, FakeDescriber())
    try:
        opened = OpenSettings(driven, SettingsFile(tmp_path / "settings.toml"))
        opened.focus("text_size")
        opened.press("End")
        opened.driven.settle()
        assert opened.context.settings.text_size == 250
        slider = opened.window.controls["text_size"]
        column = opened.window._column
        assert slider.winfo_rooty() >= column.winfo_rooty()
        lower = slider.winfo_rooty() + slider.winfo_height()
        assert lower <= column.winfo_rooty() + column.winfo_height()
    finally:
        driven.root.destroy()
