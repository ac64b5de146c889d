"""The largest text on the smallest screen: the focused widget is always completely in view."""

import tkinter as tk
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from image_describer.app.dialogs import first_start
from image_describer.app.key_bindings import descendants
from image_describer.app.voice import self_voicing
from image_describer.library.history import History
from tests.app.test_reachable import MOST_TABS, OPENED_BY
from tests.support.screen import Screen
from tests.support.texts import LETTER
from tests.support.window import AppDriver, FakeDescriber

pytestmark = pytest.mark.gui

WIDTH, HEIGHT = 640, 480
MIN_HEIGHT_PX = 40  # of a text or a list: less than a line of the largest text
SCROLLING_CLASSES = (
    "Listbox",
    "Treeview",
    "Text",
    "TEntry",
    "Canvas",
)  # they scroll their own content


@pytest.fixture
def driven(
    small_screen: Screen, photo: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[AppDriver]:
    monkeypatch.setenv("HOME", str(tmp_path))
    driver = AppDriver(
        small_screen,
        FakeDescriber(text=LETTER),
        history=History(tmp_path / "library" / "index.sqlite3"),
    )
    driver.app.settings_controller.set(text_size=250)
    driver.describe(photo)
    yield driver
    driver.root.destroy()


def question(driven: AppDriver) -> None:
    first_start.ask(driven.context, lambda _online: None)


@pytest.mark.parametrize("name", [*OPENED_BY, "question"])
def test_nothing_is_cut_off(driven: AppDriver, name: str) -> None:
    window: tk.Misc = driven.root
    if name == "question":
        question(driven)
    elif OPENED_BY[name]:
        driven.press(OPENED_BY[name])
    if name != "main window":
        driven.until(lambda: driven.context.dialogs, "the dialog")
        window = driven.context.dialogs[-1]
    driven.until(
        lambda: str(self_voicing.focused(window)).startswith(str(window)), "the focus in it"
    )
    driven.until_idle()
    assert _lies_within(window)
    for label in descendants(window):
        if label.winfo_class() == "TLabel" and label.winfo_viewable():
            assert label.winfo_reqwidth() <= label.winfo_width(), label.cget("text")
    reached: list[tk.Misc] = []
    while (widget := self_voicing.focused(driven.root)) not in reached:
        assert widget is not None
        driven.until(
            lambda shown=widget: _lies_within(shown), f"{self_voicing.spoken_text(widget)} in view"
        )
        if widget.winfo_class() in SCROLLING_CLASSES:
            assert widget.winfo_height() >= MIN_HEIGHT_PX
        else:
            assert widget.winfo_reqwidth() <= widget.winfo_width(), self_voicing.spoken_text(widget)
            assert widget.winfo_reqheight() <= widget.winfo_height(), self_voicing.spoken_text(
                widget
            )
        reached.append(widget)
        assert len(reached) < MOST_TABS
        driven.press("Tab")


def _lies_within(widget: tk.Misc) -> bool:
    left, top = widget.winfo_rootx(), widget.winfo_rooty()
    right, bottom = left + widget.winfo_width(), top + widget.winfo_height()
    return left >= 0 and top >= 0 and right <= WIDTH and bottom <= HEIGHT


def test_the_window_stays_on_the_screen_when_the_text_grows(
    small_screen: Screen, drive: Callable[..., AppDriver]
) -> None:
    driven = drive()
    for size in (250, 150):
        driven.app.settings_controller.set(text_size=size)
        driven.settle()
        assert _lies_within(driven.root), size
