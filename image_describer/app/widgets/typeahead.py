"""Type-ahead: typing the first letters of a name moves to it, as in lists everywhere."""

import time
import tkinter as tk
from collections.abc import Callable, Sequence

from image_describer.app.modifier_keys import event_state, types_text
from image_describer.text import fold

PAUSE_S = 1.0  # a character typed after a longer pause begins a new prefix


class TypeAhead:
    """Collects typed characters and finds the name that begins with them.

    A single character moves to the next name that begins with it, and typing it again to the one
    after that, wrapping around at the end. Several characters are a prefix, searched from the
    current name on. A repeated character is a prefix, too, where a name begins with it twice.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._last_time = 0.0
        self.prefix = ""  # what has been typed without a pause

    @property
    def active(self) -> bool:
        """Whether another character would extend the prefix."""
        return bool(self.prefix) and self._clock() - self._last_time <= PAUSE_S

    def reset(self) -> None:
        """Drop the prefix, because another key was pressed or another list is shown."""
        self.prefix = ""

    def type(self, char: str, names: Sequence[str], index: int) -> int | None:
        """Add ``char``; return the index that it leads to in ``names`` (folded), from ``index``.

        None: no name begins so.
        """
        self.prefix = self.prefix + char if self.active else char
        self._last_time = self._clock()
        prefix = fold(self.prefix)
        first = prefix[:1]
        if len(prefix) > 1 or not first:
            found = _next_index(prefix, names, index)
            if found is not None or prefix != first * len(prefix):
                return found
        return _next_index(first, names, index + 1)


def typed_character(event: "tk.Event[tk.Misc]", platform: str = "") -> str:
    """Return the printable character that a key event types, or "" for other keys and shortcuts."""
    printable = event.char and event.char.isprintable()
    return event.char if printable and types_text(event_state(event), platform) else ""


def _next_index(prefix: str, names: Sequence[str], start: int) -> int | None:
    count = len(names)
    for step in range(count):
        index = (start + step) % count
        if names[index].startswith(prefix):
            return index
    return None
