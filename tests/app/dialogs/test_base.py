"""What all dialogs do: the keys of the window's commands, Enter, F1, and questions."""

import tkinter as tk
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from image_describer.app.dialogs.base import Dialog, take_focus
from image_describer.app.dialogs.question import QuestionDialog
from image_describer.app.help import MORE
from image_describer.app.widgets.check_box import CheckBox
from image_describer.app.widgets.entry_box import EntryBox
from image_describer.app.widgets.item_list import ItemList
from image_describer.library.history import History
from tests.support.screen import Screen
from tests.support.window import AppDriver

pytestmark = pytest.mark.gui

Drive = Callable[..., AppDriver]


class Form(Dialog):
    """A dialog with two buttons and widgets that do and don't use Enter."""

    own_command = "save"
    keys_help = "Enter sends the form."

    def __init__(self, driver: AppDriver) -> None:
        super().__init__(driver.context, "Form")
        self.pressed: list[str] = []
        self.entry = EntryBox(self.body, "Tea", name="Drink")
        self.check = CheckBox(self.body, "Sugar", False)
        self.list = ItemList(self.body, name="Cakes")
        self.list.bind("<Return>", lambda _event: self.pressed.append("cake"))
        for widget in (self.entry, self.check, self.list):
            widget.pack()
        self.add_buttons(
            *(
                (label, lambda label=label: self.pressed.append(label))
                for label in ("Send", "Throw")
            )
        )
        self.open(self.entry)
        driver.until(lambda: driver.root.focus_get() is self.entry, "the focus")
        driver.settle()


def headings(driver: AppDriver) -> list[str]:
    return [dialog.heading for dialog in driver.context.dialogs]


def test_enter_presses_the_first_button_unless_the_widget_uses_it(drive: Drive) -> None:
    driver = drive()
    form = Form(driver)
    driver.press("Return", "Tab", "KP_Enter", "Tab", "Return", "Tab", "Tab", "Return")
    assert form.pressed == ["Send", "Send", "cake", "Throw"]
    assert not form.check.on


def test_a_command_closes_a_dialog_and_runs(drive: Drive) -> None:
    driver = drive()
    Form(driver)
    driver.press_and_wait("ctrl+o")
    assert headings(driver) == ["Open a picture"]
    driver.press_and_wait("ctrl+comma")
    assert headings(driver) == ["Settings"]


def test_the_own_command_says_where_the_focus_is(drive: Drive) -> None:
    driver = drive()
    Form(driver)
    driver.press("ctrl+s")
    assert driver.heard.texts[-1] == "Form, dialog. Drink, edit box, Tea"
    assert headings(driver) == ["Form"]


def test_f1_says_the_keys_of_the_dialog_first(drive: Drive) -> None:
    driver = drive()
    Form(driver)
    driver.press("F1")
    assert driver.heard.texts[-1] == f"Help, dialog. Enter sends the form. {MORE}"
    assert headings(driver) == ["Form", "Help"]
    driver.press("Escape")
    assert headings(driver) == ["Form"]


def test_every_dialog_names_its_keys(drive: Drive, photo: str, tmp_path: Path) -> None:
    driver = drive(history=History(tmp_path / "library" / "index.sqlite3"))
    driver.describe(photo)
    for key in ("ctrl+o", "ctrl+f", "ctrl+shift+o", "ctrl+s", "ctrl+comma", "ctrl+d"):
        driver.press_and_wait(key)
        assert "Escape" in driver.context.dialogs[-1].keys_help, key
        driver.press("Escape")
        assert driver.context.dialogs == []


@pytest.mark.parametrize(("keys", "answer"), [
    ((), "yes"), (("Right",), "no"), (("Down",), "no"), (("Left",), "no"),
    (("Right", "Left"), "yes"), (("Tab",), "no"),
])  # fmt: skip
def test_arrows_go_through_the_answers(drive: Drive, keys: tuple[str, ...], answer: str) -> None:
    driver = drive()
    given: list[Any] = []
    question = QuestionDialog(
        driver.context,
        "Tea",
        "Do you want tea?",
        ("Yes", lambda: given.append("yes")),
        ("No", lambda: given.append("no")),
    )
    driver.until(lambda: driver.root.focus_get() is question.first_button, "the focus")
    driver.settle()
    driver.press(*keys, "Return")
    assert given == [answer]


def test_a_question_wants_an_answer_before_a_command(drive: Drive) -> None:
    driver = drive()
    question = QuestionDialog(driver.context, "Tea", "Do you want tea?", ("Yes", lambda: None))
    driver.until(lambda: driver.root.focus_get() is question.first_button, "the focus")
    driver.settle()
    driver.press("ctrl+o")
    assert driver.heard.texts[-1] == "Answer the question first. Control R repeats it."
    assert headings(driver) == ["Tea"]
    driver.press("ctrl+r")
    assert driver.heard.texts[-1] == "Do you want tea?"
    driver.press("Escape")
    assert headings(driver) == []


def window_id(driver: AppDriver, window: tk.Wm) -> str:
    """The id of the window of X11 that has the title, which "show desktop" hides."""
    (found,) = driver.screen.windows(f"^{window.wm_title()}$")
    return found


@pytest.mark.parametrize("title", ["Form", "Help"])
def test_a_dialog_that_was_hidden_comes_back_with_the_main_window(
    drive: Drive, screen: Screen, title: str
) -> None:
    driver = drive()
    if title == "Form":
        Form(driver)
    else:
        driver.press("F1")
    dialog: Any = driver.context.dialogs[-1]
    focus = driver.root.focus_get()
    windows = [window_id(driver, window) for window in (dialog, driver.root)]
    # As "show desktop" does, Win+D; without a window manager, nobody else brings them back.
    for window in windows:
        screen.xdotool("windowunmap", window)
    driver.until(lambda: not driver.root.winfo_viewable(), "the hidden windows")
    screen.xdotool("windowmap", windows[-1])
    driver.until(dialog.winfo_viewable, "the dialog")
    driver.until(lambda: driver.root.focus_get() is focus, "the focus")
    driver.press("Escape")
    assert headings(driver) == []


def test_a_dialog_that_was_hidden_alone_comes_back_with_the_focus(
    drive: Drive, screen: Screen
) -> None:
    driver = drive()
    form = Form(driver)
    said, main = len(driver.heard.texts), window_id(driver, driver.root)
    screen.xdotool("windowunmap", window_id(driver, form), "windowfocus", main)
    driver.until(lambda: any(text.startswith("Form") for text in driver.heard.texts[said:]), "it")
    assert form.winfo_viewable()
    driver.until(lambda: driver.root.focus_get() is form.entry, "the focus")
    driver.press("Return")
    assert form.pressed == ["Send"]


def test_a_drag_out_of_a_dialog_leaves_the_focus_in_it(drive: Drive, screen: Screen) -> None:
    driver = drive()
    form = Form(driver)
    entry, view = form.entry, driver.app.window.view
    start = entry.winfo_rootx() + 20, entry.winfo_rooty() + entry.winfo_height() // 2
    end = driver.root.winfo_rootx() + 20, view.winfo_rooty() + 20
    screen.xdotool("mousemove", *map(str, start), "mousedown", "1")
    screen.xdotool("mousemove", *map(str, end))
    driver.settle()
    screen.xdotool("mouseup", "1")
    driver.settle()
    assert driver.root.grab_current() is None
    assert driver.root.focus_get() is entry
    driver.press("Return")
    assert form.pressed == ["Send"]


def test_the_focus_stays_in_a_dialog_that_holds_all_clicks(drive: Drive) -> None:
    """Tk's own file dialog, while a later start of the program brings the window to the front."""
    driver = drive()
    system = tk.Toplevel(driver.root)
    button = tk.Button(system)
    button.pack()
    button.wait_visibility()
    system.grab_set()
    button.focus_force()
    driver.until(lambda: driver.root.focus_get() is button, "the focus")
    take_focus(driver.context)
    driver.settle()
    assert driver.root.focus_get() is button
    system.destroy()
    take_focus(driver.context)
    driver.until(lambda: driver.root.focus_get() is driver.app.window.sentence, "the focus")
