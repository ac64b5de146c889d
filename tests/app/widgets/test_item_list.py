"""A list shows long items shortened, and says them whole."""

import tkinter as tk

import pytest

from image_describer.app.voice import self_voicing
from image_describer.app.widgets.item_list import ItemList
from image_describer.app.widgets.shortened import ELLIPSIS
from tests.support.screen import Screen
from tests.support.window import KEPT

pytestmark = pytest.mark.gui

LONG = "two dogs play in the snow near a river, and a third one looks on from the other side"


def test_long_items_are_shortened_to_the_width_of_the_list(screen: Screen) -> None:
    root = tk.Tk()
    KEPT.append(root)
    root.geometry("400x200+0+0")
    items = ItemList(root, name="Found")
    items.pack(fill="both", expand=True)
    items.set_items([LONG, "a cat"])
    root.update()
    assert items.items == [LONG, "a cat"]
    assert self_voicing.state_of(items) == f"{LONG}, 1 of 2"
    shown = root.tk.call(str(items), "get", 0, "end")
    assert shown[0].endswith(ELLIPSIS)
    assert LONG.startswith(shown[0].removesuffix(ELLIPSIS))
    assert shown[1] == "a cat"
    root.geometry("1200x200")
    root.update()
    assert root.tk.call(str(items), "get", 0) == LONG
    assert items.cursor == 0
    root.destroy()
