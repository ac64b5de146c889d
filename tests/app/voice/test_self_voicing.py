"""The layer that voices every widget: what is said for focus, values, items, letters and menus."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from image_describer.app.dialogs.base import NOT_HERE, Dialog
from image_describer.app.voice import caret, native, self_voicing
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

    def __init__(self, driven: AppDriver) -> None:
        super().__init__(driven.app.context, "Sampler")
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
    driven = drive()
    dialog = Sampler(driven)
    dialog.open(dialog.choice)
    driven.until(lambda: driven.root.focus_get() is dialog.choice, "the focus")
    driven.for_s(0.1)
    return driven, dialog


def test_each_widget_says_name_role_state_and_position(sampler: tuple[AppDriver, Sampler]) -> None:
    driven, _dialog = sampler
    heard = driven.heard
    assert heard.texts[-1] == "Sampler, dialog. Fruit, choice, pear, 2 of 3"
    said = []
    for _ in range(6):
        driven.press("Tab")
        said.append(heard.texts[-1])
    assert said == [
        "Sugar, check box, not checked",
        "Spoons, slider, 4 grams",
        "Drink, edit box, Tea",
        "Cakes, list, almond, 1 of 4",
        "Yes, button, 1 of 2",
        "No, button, 2 of 2",
    ]


def test_each_change_says_the_new_value_and_interrupts(sampler: tuple[AppDriver, Sampler]) -> None:
    driven, dialog = sampler
    said = driven.heard.said
    driven.press("Right")
    assert said[-1] == ("plum, 3 of 3", "phrase", True)
    driven.press("Tab")
    driven.press("space")
    assert said[-1] == ("checked", "phrase", True)
    driven.press("Tab")
    driven.press("Right", "Prior")
    assert said[-1] == ("10 grams", "phrase", True)
    assert dialog.changes == ["c", True, 6, 10]
    driven.press("Tab")
    driven.press("x")
    assert said[-1][0] == "x"
    driven.press("BackSpace")
    assert said[-1][0] == "x deleted"
    driven.press("Tab")
    driven.press("Down")
    assert said[-1][0] == "banana, 2 of 4"
    driven.press("b")
    assert said[-1][0] == "bread, 3 of 4"
    driven.press("b")
    assert said[-1][0] == "banana, 2 of 4"
    driven.for_s(1.1)
    driven.press("c")
    assert said[-1][0] == "cherry, 4 of 4"


def test_escape_closes_and_the_focus_is_said_where_it_goes(
    sampler: tuple[AppDriver, Sampler],
) -> None:
    driven, dialog = sampler
    driven.press("Escape")
    driven.until(lambda: not dialog.winfo_exists(), "the dialog to go")
    driven.for_s(0.1)
    assert driven.root.focus_get() is driven.app.window.sentence
    assert driven.heard.texts[-1] == "Image Describer. Description, text, empty"


def test_a_key_that_makes_no_sense_in_a_dialog_says_so(sampler: tuple[AppDriver, Sampler]) -> None:
    driven, dialog = sampler
    driven.press("ctrl+o")
    assert driven.heard.texts[-1] == NOT_HERE.format(title="Sampler")
    assert dialog.winfo_exists()


def test_copy_and_paste_belong_to_the_edit_box(sampler: tuple[AppDriver, Sampler]) -> None:
    driven, dialog = sampler
    dialog.entry.focus_set()
    driven.for_s(0.1)
    driven.press("ctrl+slash", "ctrl+c", "End", "ctrl+v")
    assert dialog.entry.get() == "TeaTea"


@pytest.mark.parametrize(("level", "heard"), [("all", True), ("results", False), ("off", False)])
def test_it_can_be_turned_off(drive: Drive, photo: str, level: str, heard: bool) -> None:
    driven = drive()
    program = driven.app
    program.settings_controller.change(replace(program.context.settings, speech=level))
    driven.press("Tab")
    assert bool(driven.heard.texts) is heard
    program.open_file(photo)
    driven.until_described()
    assert (f"Probably: {CAPTION}." in driven.heard.texts) is (level != "off")


def test_nothing_is_said_twice_for_one_move(drive: Drive) -> None:
    driven = drive()
    driven.press("Tab")
    assert driven.heard.texts == ["Open, button, 1 of 6"]


def test_the_result_is_read_by_letter_word_and_line(drive: Drive, photo: str) -> None:
    driven = drive()
    driven.app.open_file(photo)
    driven.until_described()
    said = driven.heard.texts
    driven.press("Right")
    assert driven.heard.texts[-1] == "r"
    driven.press("Home")
    assert driven.heard.texts[-1] == "capital P"
    driven.press("ctrl+Right")
    assert driven.heard.texts[-1] == "Probably"
    driven.press("ctrl+Right")
    assert driven.heard.texts[-1] == "two"
    driven.press("Down")
    assert driven.heard.texts[-1] == f"Probably: {CAPTION}."
    driven.press("End")
    assert driven.heard.texts[-1] == "end"
    driven.press("Home", "shift+ctrl+Right")
    assert driven.heard.texts[-1] == "Probably selected"
    assert len(said) < len(driven.heard.texts)


def test_menus_are_voiced(drive: Drive) -> None:
    driven = drive()
    driven.press("alt+s", "Down")
    driven.until(
        lambda: [text for text in driven.heard.texts if text.startswith("Repeat, Control R, 1 of")],
        "the entry of the menu",
    )
    driven.press("Escape", "Escape")


def test_coming_back_from_another_program_says_where(drive: Drive) -> None:
    driven = drive()
    code = "import tkinter as t; r = t.Tk(); r.title('other'); r.update(); r.focus_force(); "
    other = subprocess.Popen([sys.executable, "-c", code + "r.mainloop()"])
    try:
        driven.until(lambda: driven.screen.focused() == "other", "the other program")
        driven.for_s(0.1)
        driven.heard.said.clear()
        driven.screen.focus(driven.screen.windows("^Image Describer$")[0])
        driven.until(lambda: driven.heard.texts, "a word")
        assert driven.heard.texts[-1].startswith("Image Describer. Description, text")
    finally:
        other.kill()
        other.wait()


def test_tk_91_is_given_the_same_words(drive: Drive) -> None:
    driven = drive()
    told: list[tuple[str, ...]] = []
    for command in ("set_acc_name", "set_acc_role", "set_acc_value", "emit_focus_change"):
        driven.root.tk.createcommand(
            f"::tk::accessible::{command}",
            lambda *words, command=command: told.append((command, *map(str, words))),
        )
    driven.root.tk.createcommand(
        "::tk::accessible::emit_selection_change", lambda *words: told.append(("moved", *words))
    )
    assert native.available(driven.root)
    choice = Choice(driven.root, [(1, "one"), (2, "two")], 1, name="Number")
    assert ("set_acc_name", str(choice), "Number") in told
    assert ("set_acc_role", str(choice), "Combobox") in told
    choice.event_generate("<Right>")
    choice._move(1)
    assert ("set_acc_value", str(choice), "two, 2 of 2") in told


@pytest.mark.parametrize(
    ("sign", "said"), [("a", "a"), ("A", "capital A"), (" ", "space"), (".", "full stop")]
)
def test_letters(sign: str, said: str) -> None:
    assert caret.letter(sign) == said


def test_every_widget_of_the_window_is_named_and_differs_from_its_neighbours(drive: Drive) -> None:
    driven = drive()
    said = [
        self_voicing.spoken_text(widget)
        for widget in (
            driven.app.window.view,
            driven.app.window.sentence,
            *driven.app.window.buttons.values(),
        )
    ]
    assert all(said)
    assert len(set(said)) == len(said)
