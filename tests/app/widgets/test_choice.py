"""A combo box: its list, opened by a click, and values that are too long for it."""

from collections.abc import Iterator

import pytest

from image_describer.app.voice import self_voicing
from image_describer.app.widgets.choice import Choice
from tests.support.screen import Screen
from tests.support.window import KEPT, TkLoop

pytestmark = pytest.mark.gui

VALUES = [("a", "an apple"), ("b", "a bicycle with a very long name that does not fit")]


class ChoiceDriver(TkLoop):
    def __init__(self, screen: Screen) -> None:
        import tkinter as tk

        self.screen = screen
        self.root = tk.Tk()
        KEPT.append(self.root)
        self.root.geometry("300x200+0+0")
        self.chosen: list[str] = []
        self.choice = Choice(self.root, VALUES, "a", self.chosen.append, name="Thing")
        self.choice.pack(fill="x")
        self.root.update()

    @property
    def shown(self) -> str:
        return str(self.root.tk.call(str(self.choice), "get"))

    def click(self, x: int, y: int) -> None:
        self.screen.xdotool("mousemove", str(x), str(y))
        self.screen.xdotool("click", "1")
        self.settle()


@pytest.fixture
def driver(screen: Screen) -> Iterator[ChoiceDriver]:
    driver = ChoiceDriver(screen)
    yield driver
    driver.root.destroy()


def test_the_list_that_a_click_opens_changes_the_value(driver: ChoiceDriver) -> None:
    choice = driver.choice
    middle = choice.winfo_rootx() + choice.winfo_width() // 2
    bottom = choice.winfo_rooty() + choice.winfo_height()
    driver.click(middle, bottom - choice.winfo_height() // 2)
    driver.click(middle, bottom + choice.winfo_height())  # the second of two lines
    assert driver.chosen == ["b"]
    assert choice.value == "b"
    assert driver.root.winfo_children()  # tkinter has no object for the list


def test_a_long_value_ends_with_an_ellipsis(driver: ChoiceDriver) -> None:
    driver.choice.set("b")
    assert driver.shown.startswith("a bicycle")
    assert driver.shown.endswith("…")
    driver.choice.set("a")
    assert driver.shown == "an apple"


def test_the_list_that_a_click_opens_is_spoken(driver: ChoiceDriver) -> None:
    said: list[str] = []
    self_voicing.SelfVoicing(driver.root, lambda text, _language: said.append(text), lambda: False)
    choice = driver.choice
    middle = choice.winfo_rootx() + choice.winfo_width() // 2
    driver.click(middle, choice.winfo_rooty() + choice.winfo_height() // 2)
    opened = f"List opened. Thing, combo box, {VALUES[0][1]}, 1 of 2"
    driver.until(lambda: opened in said, "the list")
    driver.press("Down")
    assert said[-1] == f"{VALUES[1][1]}, 2 of 2"
    driver.press("Up")
    assert said[-1] == f"{VALUES[0][1]}, 1 of 2"
    driver.press("Down", "Return")
    assert driver.chosen == ["b"]
