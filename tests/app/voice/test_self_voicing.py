"""What is said for the focus, values, items, typed letters and menus."""

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from image_describer.app.dialogs.base import Dialog
from image_describer.app.widgets import typeahead
from image_describer.app.widgets.check_box import CheckBox
from image_describer.app.widgets.choice import Choice
from image_describer.app.widgets.entry_box import EntryBox
from image_describer.app.widgets.item_list import ItemList
from image_describer.app.widgets.slider import Slider
from tests.support.window import CAPTION, AppDriver

pytestmark = pytest.mark.gui

Drive = Callable[..., AppDriver]


class Sampler(Dialog):
    """A dialog with one widget of each kind."""

    def __init__(self, driver: AppDriver) -> None:
        super().__init__(driver.context, "Sampler")
        self.changes: list[Any] = []
        values = [("a", "apple"), ("b", "pear"), ("c", "plum")]
        note = self.changes.append
        self.choice = Choice(self.body, values, "b", note, name="Fruit")
        self.check = CheckBox(self.body, "Sugar", False, note)
        self.slider = Slider(self.body, 0, 10, 2, 4, note, name="Spoons", unit="grams")
        self.entry = EntryBox(self.body, "Tea", name="Drink")
        self.list = ItemList(self.body, name="Cakes")
        self.list.set_items(["almond", "banana", "bread", "cherry"])
        for widget in (self.choice, self.check, self.slider, self.entry, self.list):
            widget.pack()
        self.add_buttons(("Yes", self.close), ("No", self.close))


@pytest.fixture
def sampler(drive: Drive) -> tuple[AppDriver, Sampler]:
    driver = drive()
    dialog = Sampler(driver)
    dialog.open(dialog.choice)
    driver.until(lambda: driver.root.focus_get() is dialog.choice, "the focus")
    driver.settle()
    return driver, dialog


def test_each_widget_says_name_role_state_and_position(sampler: tuple[AppDriver, Sampler]) -> None:
    driver, _dialog = sampler
    heard = driver.heard
    assert heard.texts[-1] == "Sampler, dialog. Fruit, combo box, pear, 2 of 3"
    said = []
    for _ in range(6):
        driver.press("Tab")
        said.append(heard.texts[-1])
    assert said == [
        "Sugar, check box, not checked",
        "Spoons, slider, 4 grams",
        "Drink, edit box, Tea",
        "Cakes, list, almond, 1 of 4",
        "Yes, button, 1 of 2",
        "No, button, 2 of 2",
    ]


def test_each_change_says_the_new_value_and_interrupts(
    sampler: tuple[AppDriver, Sampler], monkeypatch: pytest.MonkeyPatch
) -> None:
    driver, dialog = sampler
    said = driver.heard.said
    driver.press("Right")
    assert said[-1] == ("plum, 3 of 3", "phrase", True)
    driver.press("Tab")
    driver.press("space")
    assert said[-1] == ("checked", "phrase", True)
    driver.press("Tab")
    driver.press("Right", "Prior")
    assert said[-1] == ("10 grams", "phrase", True)
    assert dialog.changes == ["c", True, 6, 10]
    driver.press("Tab")
    driver.press("x")
    assert said[-1][0] == "x"
    driver.press("BackSpace")
    assert said[-1][0] == "x deleted"
    driver.press("Tab")
    driver.press("Down")
    assert said[-1][0] == "banana, 2 of 4"
    driver.press("b")
    assert said[-1][0] == "bread, 3 of 4"
    driver.press("b")
    assert said[-1][0] == "banana, 2 of 4"
    monkeypatch.setattr(typeahead, "PAUSE_S", 0.0)
    driver.press("c")
    assert said[-1][0] == "cherry, 4 of 4"


def test_closing_a_dialog_announces_the_new_focus(
    sampler: tuple[AppDriver, Sampler],
) -> None:
    driver, dialog = sampler
    driver.press("Escape")
    driver.until(lambda: not dialog.winfo_exists(), "the dialog to close")
    driver.settle()
    assert driver.root.focus_get() is driver.app.window.sentence
    assert driver.heard.texts[-1] == "Image Describer. Description, text, empty"


def test_copy_and_paste_belong_to_the_edit_box(sampler: tuple[AppDriver, Sampler]) -> None:
    driver, dialog = sampler
    dialog.entry.focus_set()
    driver.settle()
    driver.press("ctrl+slash", "ctrl+c", "End", "ctrl+v")
    assert dialog.entry.get() == "TeaTea"


def test_a_move_of_the_focus_is_said_once(drive: Drive) -> None:
    driver = drive()
    driver.press("Tab")
    assert driver.heard.texts == ["Open, button, 1 of 8"]


def test_the_description_is_read_by_letter_word_and_line(drive: Drive, photo: str) -> None:
    driver = drive()
    driver.app.open_file(photo)
    driver.until_described()
    driver.press("Right")
    assert driver.heard.texts[-1] == "r"
    driver.press("Home")
    assert driver.heard.texts[-1] == "capital P"
    driver.press("ctrl+Right")
    assert driver.heard.texts[-1] == "Probably"
    driver.press("ctrl+Right")
    assert driver.heard.texts[-1] == "two"
    driver.press("Down")
    assert driver.heard.texts[-1] == f"Probably: {CAPTION}."
    driver.press("End")
    assert driver.heard.texts[-1] == "end"
    driver.press("Home", "shift+ctrl+Right")
    assert driver.heard.texts[-1] == "Probably selected"


def test_the_focus_reads_a_sentence_of_several_rows_whole(drive: Drive) -> None:
    driver = drive()
    sentence = "It might be " + "a man and a dog and " * 20 + "a cat."
    driver.app.window.sentence.show(sentence)
    driver.press("Tab")
    driver.press("shift+Tab")
    assert driver.heard.texts[-1] == f"Description, text, {sentence}"


def test_menu_entries_are_spoken(drive: Drive) -> None:
    driver = drive()
    driver.press("alt+s")
    driver.until(lambda: driver.heard.said_last("Speech menu. Repeat, Control R, 1 of"), "the menu")
    driver.press("Down")
    driver.until(lambda: driver.heard.said_last("Stop, Control alone, 2 of"), "the entry")
    driver.press("Right")
    driver.until(lambda: driver.heard.said_last("View menu. "), "the next menu")
    driver.press("Escape", "Escape")


def test_a_key_that_does_nothing_in_a_menu_silences(drive: Drive) -> None:
    driver = drive()
    driver.press("alt+s")
    driver.until(lambda: driver.heard.said_last("Speech menu."), "the menu")
    stops = driver.heard.stops
    driver.press("Shift_L")
    driver.until(lambda: driver.heard.stops > stops, "silence")
    said = len(driver.heard.said)
    driver.press("r")  # Repeat
    driver.until(lambda: len(driver.heard.said) > said, "what the entry says")
    stops = driver.heard.stops
    driver.settle()
    assert driver.heard.stops == stops


def test_returning_from_another_program_announces_the_focus(drive: Drive) -> None:
    driver = drive()
    code = "import tkinter as t; r = t.Tk(); r.title('other'); r.update(); r.focus_force(); "
    other = subprocess.Popen([sys.executable, "-c", code + "r.mainloop()"])
    try:
        driver.until(lambda: driver.screen.focused() == "other", "the other program")
        driver.settle()
        driver.heard.said.clear()
        driver.screen.focus(driver.screen.windows("^Image Describer$")[0])
        driver.until(lambda: driver.heard.texts, "the announcement")
        assert driver.heard.texts[-1].startswith("Image Describer. Description, text")
    finally:
        other.kill()
        other.wait()
