"""Buttons and check boxes by their keys."""

import tkinter as tk
from collections.abc import Iterator

import pytest

from image_describer.app.widgets.button import Button
from image_describer.app.widgets.button_row import ButtonRow
from image_describer.app.widgets.check_box import CheckBox
from tests.support.screen import Screen
from tests.support.window import KEPT, TkLoop

pytestmark = pytest.mark.gui


class Driver(TkLoop):
    def __init__(self, screen: Screen) -> None:
        self.screen = screen
        self.root = tk.Tk()
        KEPT.append(self.root)
        self.root.geometry("600x200+0+0")


@pytest.fixture
def driver(screen: Screen) -> Iterator[Driver]:
    driver = Driver(screen)
    yield driver
    driver.root.destroy()


def test_space_and_return_press_a_button_once(driver: Driver) -> None:
    presses: list[str] = []
    button = Button(driver.root, "Open", lambda: presses.append("pressed"))
    button.pack()
    button.focus_force()
    driver.settle()
    driver.press("space")
    driver.press("Return")
    assert len(presses) == 2


def test_a_key_does_not_wait_as_in_tk(driver: Driver) -> None:
    waits: list[str] = []
    driver.root.tk.createcommand("ttk::button::activate", lambda *_: waits.append("waited"))
    box = CheckBox(driver.root, "Sugar", False)
    box.pack()
    box.focus_force()
    driver.settle()
    driver.press("space")
    assert box.on
    driver.press("Return")  # for the button that Return presses
    assert box.on
    assert waits == []


def test_a_row_of_buttons_wraps_only_where_it_must(driver: Driver) -> None:
    row = ButtonRow(driver.root)
    row.pack(fill="x")
    buttons = [row.add(label, lambda: None) for label in ("Go", "Cancel", "A much longer label")]
    driver.settle()
    needed = sum(button.winfo_reqwidth() for button in buttons)

    def rows(width: int) -> int:
        driver.root.geometry(f"{width}x300")
        driver.settle()
        return len({button.winfo_y() for button in buttons})

    assert rows(needed + 2) == 1
    assert rows(needed - 2) > 1
    assert all(button.winfo_reqwidth() <= button.winfo_width() for button in buttons)
