"""Cuts a text to the width it has, with "…" at its end."""

import tkinter as tk
from bisect import bisect_right
from collections.abc import Iterable
from itertools import accumulate
from tkinter import font as tkfont

from image_describer.app import theme

ELLIPSIS = "…"


def shortened(widget: tk.Misc, text: str, room: int) -> str:
    """Return ``text``, cut to ``room`` pixels in the font of lists and buttons."""
    return shorten_all(widget, [text], room)[0]


def shorten_all(widget: tk.Misc, texts: Iterable[str], room: int) -> list[str]:
    """Return the ``texts``, each cut to ``room`` pixels in the font of lists and buttons.

    The width of each character is asked for once; kerning makes a text narrower, if anything.
    """
    widths = _Widths(tkfont.Font(widget, name=theme.font("button"), exists=True))
    return [_cut(text, room, widths) for text in texts]


class _Widths(dict[str, int]):
    """The width in pixels of each character."""

    def __init__(self, font: tkfont.Font) -> None:
        super().__init__()
        self._font = font

    def __missing__(self, character: str) -> int:
        self[character] = self._font.measure(character)
        return self[character]


def _cut(text: str, room: int, widths: _Widths) -> str:
    edges = list(accumulate(widths[character] for character in text))
    if not edges or edges[-1] <= room:
        return text
    return text[: bisect_right(edges, room - widths[ELLIPSIS])].rstrip() + ELLIPSIS
