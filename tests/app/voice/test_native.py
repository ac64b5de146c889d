"""What is passed on to Tk 9.1 for screen readers, with its commands recorded by the test."""

from collections.abc import Callable

import pytest

from image_describer.app.voice import native, self_voicing
from image_describer.app.widgets.button import Button
from image_describer.app.widgets.check_box import CheckBox
from image_describer.app.widgets.choice import Choice
from image_describer.app.widgets.entry_box import EntryBox
from image_describer.app.widgets.item_list import ItemList
from image_describer.app.widgets.slider import Slider
from tests.support.window import AppDriver

pytestmark = pytest.mark.gui

Call = tuple[str, ...]
# The roles that Tk 9.1 knows on Windows, macOS and X11 alike.
TK_ROLES = {"Button", "Canvas", "Checkbutton", "Combobox", "Entry", "Label", "Listbox"} | {
    *("Notebook", "Progressbar", "Radiobutton", "Scale", "Scrollbar", "Spinbox", "Table"),
    *("Text", "Tree"),
}


@pytest.fixture
def driver(drive: Callable[..., AppDriver]) -> AppDriver:
    return drive()


@pytest.fixture
def calls(driver: AppDriver) -> list[Call]:
    calls: list[Call] = []
    for command in (
        *("set_acc_name", "set_acc_role", "set_acc_value"),
        *("emit_focus_change", "emit_selection_change"),
    ):

        def record(*arguments: str, command: str = command) -> None:
            calls.append((command, *map(str, arguments)))

        driver.root.tk.createcommand(f"::tk::accessible::{command}", record)
    return calls


def test_every_role_is_one_that_tk_knows() -> None:
    assert set(self_voicing.ROLES.values()) <= set(native.ROLES)
    assert {*native.ROLES.values(), native.OTHER_ROLE} <= TK_ROLES


def test_every_widget_has_its_role(driver: AppDriver, calls: list[Call]) -> None:
    root = driver.root
    item_list = ItemList(root, name="Cakes")
    widgets = {
        Choice(root, [(1, "one"), (2, "two")], 1, name="Number"): "Combobox",
        CheckBox(root, "Sugar", False): "Checkbutton",
        Slider(root, 0, 10, 2, 4, lambda _value: None, name="Spoons", unit="grams"): "Scale",
        EntryBox(root, "Tea", name="Drink"): "Entry",
        item_list: "Listbox",
    }
    for widget, role in widgets.items():
        assert ("set_acc_role", str(widget), role) in calls
    native.describe(driver.app.window.view, "Picture", "image", "")
    assert ("set_acc_role", str(driver.app.window.view), "Canvas") in calls
    button = Button(root, "Yes", lambda: None)
    assert native.tk_role(button, "button") == native.tk_role(button, "key") == "Button"
    assert native.tk_role(driver.app.window.sentence, "text, arrow keys read it") == "Text"


def test_names_values_and_the_focus_are_passed_on(driver: AppDriver, calls: list[Call]) -> None:
    choice = Choice(driver.root, [(1, "one"), (2, "two")], 1, name="Number")
    assert ("set_acc_name", str(choice), "Number") in calls
    choice._move(1)
    assert ("set_acc_value", str(choice), "two, 2 of 2") in calls
    assert ("emit_selection_change", str(choice)) in calls
    driver.press("Tab")
    assert calls[-1] == ("emit_focus_change", str(driver.app.window.buttons["open"]))


def test_an_older_tk_gets_no_calls(driver: AppDriver) -> None:
    assert not native.available(driver.root)
    native.describe(driver.root, "name", "button", "")
