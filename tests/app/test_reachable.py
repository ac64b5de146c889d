"""Tab reaches every widget of every window, and each has a text of its own."""

import tkinter as tk
from collections.abc import Callable
from pathlib import Path

import pytest

from image_describer.app.key_bindings import descendants
from image_describer.app.voice import self_voicing
from image_describer.library.history import History
from tests.support.texts import LETTER
from tests.support.window import AppDriver, FakeDescriber

pytestmark = pytest.mark.gui

Drive = Callable[..., AppDriver]
# Classes that the user works; frames and labels only show.
CONTROL_CLASSES = (
    "TButton",
    "TCheckbutton",
    "TCombobox",
    "TScale",
    "TEntry",
    "Treeview",
    "Listbox",
    "Text",
    "TRadiobutton",
    "TSpinbox",
)
OPENED_BY = {
    "main window": "",
    "help": "F1",
    "more": "ctrl+d",
    "text": "ctrl+t",
    "chooser": "ctrl+o",
    "folder": "ctrl+shift+o",
    "search": "ctrl+f",
    "save": "ctrl+s",
    "settings": "ctrl+comma",
}
MOST_TABS = 60


@pytest.fixture
def driven(drive: Drive, photo: str, tmp_path: Path) -> AppDriver:
    history = History(tmp_path / "library" / "index.sqlite3")
    driver = drive(history=history, describer=FakeDescriber(text=LETTER))
    driver.describe(photo)
    return driver


def is_control(widget: tk.Misc) -> bool:
    bound = any(sequence in ("<Button-1>", "<ButtonRelease-1>") for sequence in widget.bind())
    return widget.winfo_viewable() and (widget.winfo_class() in CONTROL_CLASSES or bound)


@pytest.mark.parametrize("name", OPENED_BY)
def test_tab_reaches_every_control_and_each_has_its_own_text(driven: AppDriver, name: str) -> None:
    key = OPENED_BY[name]
    if key:
        driven.press(key)
        driven.until(lambda: driven.app.context.dialogs, "the dialog")
        window: tk.Misc = driven.app.context.dialogs[-1]
    else:
        window = driven.root
    driven.until(
        lambda: str(self_voicing.focused(driven.root)).startswith(str(window)), "the focus in it"
    )
    driven.until_idle()
    reached, texts = [], []
    for _ in range(MOST_TABS):
        driven.press("Tab")
        widget = self_voicing.focused(driven.root)
        assert widget is not None
        if reached and widget is reached[0]:
            break
        reached.append(widget)
        texts.append(driven.heard.texts[-1].removeprefix("Image Describer. "))
        assert widget.winfo_toplevel() is window
    else:
        raise AssertionError("Tab does not return to the first widget")
    missed = [
        widget for widget in descendants(window) if is_control(widget) and widget not in reached
    ]
    assert missed == []
    assert all(texts)
    assert len(set(texts)) == len(texts)
    for text, widget in zip(texts, reached, strict=True):
        assert self_voicing.role_of(widget) in text, (text, widget)
    back = []
    for _ in reached:
        driven.press("shift+Tab")
        back.append(self_voicing.focused(driven.root))
    assert set(back) == set(reached)
