"""The window in German, and its language changed while it is open."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from image_describer import i18n
from image_describer.app import keymap
from image_describer.app.dialogs.settings import SettingsWindow
from image_describer.app.key_describer import describe_key
from image_describer.captioner.description import Description
from image_describer.captioner.languages import excuse
from image_describer.settings import SettingsFile
from tests.support.screen import Screen
from tests.support.window import AppDriver, FakeDescriber

pytestmark = pytest.mark.skipif("de" not in i18n.languages(), reason="no German translation")

Drive = Callable[..., AppDriver]
CAPTION = "zwei Hunde spielen im Schnee"


class GermanDescriber(FakeDescriber):
    """Describes in both languages."""

    languages = ("en", "de")

    def describe(self, source: Any, *, language: str = "en") -> Description:
        english = super().describe(source)
        if language == "en":
            return english
        return Description(CAPTION, english.confidence, file=source.file, language=language)


@pytest.fixture(autouse=True)
def _english_afterwards() -> Iterator[None]:
    yield
    i18n.set_language(i18n.ENGLISH)


def start(drive: Drive, folder: Path, language: str) -> AppDriver:
    file = folder / "settings.toml"
    file.write_text(f'online = false\nprogram_language = "{language}"\n', encoding="utf-8")
    driver = drive(describer=GermanDescriber(), settings=SettingsFile(file))
    driver.app.start([])
    driver.until_idle()
    return driver


def menu_labels(driver: AppDriver) -> list[str]:
    bar = driver.root.nametowidget(driver.root.cget("menu"))
    return [bar.entrycget(index, "label") for index in range(bar.index("end") + 1)]


@pytest.mark.gui
def test_the_window_speaks_german(drive: Drive, photo: str, tmp_path: Path) -> None:
    driver = start(drive, tmp_path, "de")
    window = driver.app.window
    assert driver.heard.texts[0] == (
        "Image Describer. Steuerung O öffnet ein Bild, F1 zeigt die Hilfe."
    )
    assert menu_labels(driver) == ["Datei", "Bearbeiten", "Sprachausgabe", "Ansicht", "Hilfe"]
    assert window.buttons["open"].cget("text") == "Öffnen"
    driver.app.open_file(photo)
    driver.until(lambda: driver.app.describe_task.current.described, "the description")
    assert driver.shown == f"Wahrscheinlich: {CAPTION}."
    assert driver.heard.languages[-1] == "de"
    driver.focus()
    driver.press("Tab")
    assert driver.heard.texts[-1] == "Öffnen, Schalter, 1 von 8"
    driver.press("F10")
    driver.press("Down")
    assert driver.heard.texts[-1] == "Ordner beschreiben, Steuerung Umschalt O, 2 von 6"


@pytest.mark.gui
def test_the_setting_changes_the_open_window(drive: Drive, photo: str, tmp_path: Path) -> None:
    driver = start(drive, tmp_path, "en")
    window = driver.app.window
    driver.describe(photo)
    described = driver.shown
    driver.press("ctrl+comma")
    (settings,) = driver.context.dialogs
    assert isinstance(settings, SettingsWindow)
    settings.controls["program_language"].focus_set()
    driver.press("End")
    driver.until(lambda: driver.context.dialogs not in ([settings], []), "the dialog in German")
    driver.settle()
    (settings,) = driver.context.dialogs
    assert isinstance(settings, SettingsWindow)
    assert driver.root.focus_get() is settings.controls["program_language"]
    assert "Das Programm spricht jetzt Deutsch." in driver.heard.texts
    assert menu_labels(driver)[0] == "Datei"
    assert window.buttons["save"].cget("text") == "Speichern"
    assert driver.app.describe_task.current.status == "Bereit"
    assert driver.shown == described
    driver.press("Escape")
    driver.focus()
    driver.press("shift+Tab")
    assert driver.heard.texts[-1].startswith("Bild, Grafik, photo.png. Mit den Pfeiltasten")


@pytest.mark.gui
def test_menus_that_take_two_lines_leave_the_window_on_the_screen(small_screen: Screen) -> None:
    driver = AppDriver(small_screen, FakeDescriber())
    driver.app.settings_controller.set(text_size=250)
    driver.app.settings_controller.set(program_language="de")
    driver.settle()
    root = driver.root
    assert root.winfo_rooty() + root.winfo_height() <= root.winfo_screenheight()
    root.destroy()


def test_keys_are_named_in_german() -> None:
    with i18n.using("de"):
        assert describe_key("o", 0x4, "linux") == "Steuerung O: ein Bild öffnen."
        assert describe_key("Up", 0x8, "linux").startswith("Alt Pfeil auf: ")
        assert describe_key("Prior", 0, "linux").startswith("Bild auf: ")
        assert keymap.written("Ctrl+Page Down", "linux") == "Strg+Bild ab"
        assert keymap.spoken("Ctrl+,", "darwin") == "Befehl Komma"


@pytest.mark.parametrize("language", i18n.languages())
def test_the_letters_of_the_menus_are_unique_in_every_language(language: str) -> None:
    with i18n.using(language):
        for entries in (keymap.MENUS, *map(keymap.in_menu, (menu.name for menu in keymap.MENUS))):
            letters = [entry.letter for entry in entries]
            assert len(set(letters)) == len(letters), [entry.label for entry in entries]


@pytest.mark.gui
def test_a_model_without_german_is_excused_once(drive: Drive, photo: str, tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text('online = false\nprogram_language = "de"\n', encoding="utf-8")
    driver = drive(describer=FakeDescriber(), settings=SettingsFile(file))
    driver.app.start([])
    driver.until_idle()
    for _ in range(2):
        driver.app.open_file(photo)
        driver.until(lambda: driver.app.describe_task.current.described, "the description")
        driver.until_idle()
    assert driver.heard.texts.count(excuse(["en"])) == 1
