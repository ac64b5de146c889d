"""What the caret of a text or an edit box meets, in words: letter, word, line, selection."""

import re
import tkinter as tk
from typing import NamedTuple

TextWidget = tk.Text | tk.Entry
SIGNS = {
    " ": "space",
    "\n": "new line",
    "\t": "tab",
    ".": "full stop",
    ",": "comma",
    ";": "semicolon",
    ":": "colon",
    "!": "exclamation mark",
    "?": "question mark",
    "'": "apostrophe",
    "’": "apostrophe",
    '"': "quote",
    "-": "dash",
    "–": "dash",
    "…": "ellipsis",
    "(": "left parenthesis",
    ")": "right parenthesis",
    "[": "left bracket",
    "]": "right bracket",
    "/": "slash",
    "\\": "backslash",
    "_": "underline",
    "~": "tilde",
    "*": "star",
    "#": "number sign",
    "@": "at",
    "&": "and sign",
    "+": "plus",
    "=": "equals",
    "%": "percent",
    "$": "dollar",
    "|": "bar",
}
BY_LETTER = frozenset({"Left", "Right", "Home", "End", "KP_Left", "KP_Right"})
BY_LINE = frozenset({"Up", "Down", "Prior", "Next"})
SHIFT, CONTROL = 0x1, 0x4  # bits of an event's state


class Place(NamedTuple):
    """Where a caret stands (characters from the start), what is selected, and the whole text."""

    at: int
    selected: str
    text: str


def modifiers(event: "tk.Event[tk.Misc]") -> int:
    """The event's state as a number; on some platforms Tk sends words."""
    return event.state if isinstance(event.state, int) else 0


def place(widget: TextWidget) -> Place:
    """Where the caret of ``widget`` is now."""
    if isinstance(widget, tk.Entry):
        chosen = widget.selection_get() if widget.selection_present() else ""
        return Place(widget.index("insert"), chosen, widget.get())
    counted = widget.tk.call(str(widget), "count", "-chars", "1.0", "insert")
    chosen = widget.get("sel.first", "sel.last") if widget.tag_ranges("sel") else ""
    # Tk gives nothing, a number or a list of one, by its version.
    at = int(str(counted).strip("()[], ") or 0) if counted not in (None, "") else 0
    return Place(at, chosen, widget.get("1.0", "end-1c"))


def moved(widget: TextWidget, key: str, state: int, before: Place, now: Place) -> str:
    """What to say after ``key``; nothing for keys that neither move, select nor type."""
    if now.text != before.text:
        return _typed(before, now)
    if now.selected != before.selected and (now.selected or state & SHIFT):
        return _selection(before.selected, now.selected)
    if state & CONTROL and key in ("Left", "Right"):
        return word_at(now.text, now.at) or edge(now)
    if key in ("Home", "End") and state & CONTROL and isinstance(widget, tk.Text):
        return line(widget)
    if key in BY_LETTER:
        if now.at == before.at and key in ("Right", "KP_Right", "Left", "KP_Left"):
            return edge(now)
        return letter(now.text[now.at : now.at + 1]) or edge(now)
    if key in BY_LINE and isinstance(widget, tk.Text):
        return line(widget)
    return ""


def letter(sign: str) -> str:
    """How a letter or sign is said: "full stop", "capital A"; nothing for nothing."""
    if sign.isalpha() and sign.isupper():
        return f"capital {sign}"
    return SIGNS.get(sign, sign)


def edge(now: Place) -> str:
    """Which end of the text the caret has come to, with the letter that is there."""
    if now.at >= len(now.text):
        return "end"
    return f"beginning, {letter(now.text[now.at : now.at + 1])}" if now.at == 0 else ""


def word_at(text: str, at: int) -> str:
    """The word that a jump by words has come to: it begins at ``at`` or, on X11, ends there."""
    ended = re.search(r"[\w'’]+$", text[:at])
    if ended is not None and not re.match(r"\w", text[at:]):
        return ended.group()
    began = re.match(r"\W*?([\w'’]+)", text[at:])
    return began.group(1) if began is not None else letter(text[at:].strip()[:1])


def line(widget: tk.Text) -> str:
    """The line that the caret is on, as it is shown; "blank" for an empty one in between."""
    shown = widget.get("insert display linestart", "insert display lineend").strip()
    if shown or not widget.get("1.0", "end-1c").strip():
        return shown
    return "blank"


def list_item(widget: tk.Listbox) -> str:
    """The item that the cursor of a list is on, with its place; nothing for an empty list."""
    count = int(widget.size())
    if not count:
        return "empty"
    index = int(widget.index("active"))
    return f"{widget.get(index)}, {index + 1} of {count}"


def _selection(before: str, now: str) -> str:
    if not now:
        return "nothing selected"
    if before and now.startswith(before):
        return f"{_said(now[len(before) :])} selected"
    if before and now.endswith(before):
        return f"{_said(now[: -len(before)])} selected"
    if before and before.startswith(now):
        return f"{_said(before[len(now) :])} not selected"
    if before and before.endswith(now):
        return f"{_said(before[: -len(now)])} not selected"
    return f"{_said(now)} selected"


def _typed(before: Place, now: Place) -> str:
    """What was put in, or else what was taken away; of any other change the whole text."""
    left = _shared(before.text, now.text)
    left = min(left, now.at) if len(now.text) > len(before.text) else left
    rest_before, rest_now = before.text[left:], now.text[left:]
    right = _shared(rest_before[::-1], rest_now[::-1])
    gone = rest_before[: len(rest_before) - right]
    come = rest_now[: len(rest_now) - right]
    if before.selected and now.at >= len(come):
        # The same letters around it would make the difference look smaller than what was typed.
        typed = now.text[
            now.at - (len(now.text) - len(before.text) + len(before.selected)) : now.at
        ]
        return _said(typed) if typed else f"{_said(before.selected)} deleted"
    if come and not gone:
        return _said(come)
    if gone and not come:
        return f"{_said(gone)} deleted"
    return now.text or "empty"


def _shared(one: str, other: str) -> int:
    """With how many of the same letters both begin."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (a, b) in pairs if a != b), min(len(one), len(other)))


def _said(text: str) -> str:
    return letter(text) if len(text) == 1 else text
