"""What the caret of a text or an edit box meets, in words: letters, words, lines, selections."""

import re
import tkinter as tk
from typing import NamedTuple

from image_describer.app.modifier_keys import control_pressed, shift_pressed, word_pressed
from image_describer.i18n import N_, _, pgettext
from image_describer.text import common_prefix, number

TextWidget = tk.Text | tk.Entry
CHARACTER_NAMES = {
    " ": N_("space"),
    "\n": N_("new line"),
    "\t": N_("tab"),
    ".": N_("full stop"),
    ",": N_("comma"),
    ";": N_("semicolon"),
    ":": N_("colon"),
    "!": N_("exclamation mark"),
    "?": N_("question mark"),
    "'": N_("apostrophe"),
    "’": N_("apostrophe"),
    '"': N_("quote"),
    "-": N_("dash"),
    "–": N_("dash"),
    "…": N_("ellipsis"),
    "(": N_("left parenthesis"),
    ")": N_("right parenthesis"),
    "[": N_("left bracket"),
    "]": N_("right bracket"),
    "/": N_("slash"),
    "\\": N_("backslash"),
    "_": N_("underline"),
    "~": N_("tilde"),
    "*": N_("star"),
    "#": N_("number sign"),
    "@": N_("at"),
    "&": N_("and sign"),
    "+": N_("plus"),
    "=": N_("equals"),
    "%": N_("percent"),
    "$": N_("dollar"),
    "|": N_("bar"),
}
LETTER_KEYS = frozenset({"Left", "Right", "Home", "End", "KP_Left", "KP_Right"})
LINE_KEYS = frozenset({"Up", "Down", "Prior", "Next"})


class CaretState(NamedTuple):
    """Where a caret is (characters from the start), what is selected, and the whole text."""

    position: int
    selected: str
    text: str


def caret_state(widget: TextWidget) -> CaretState:
    """The caret of ``widget`` as it is now."""
    if isinstance(widget, tk.Entry):
        selected = widget.selection_get() if widget.selection_present() else ""
        return CaretState(widget.index("insert"), selected, widget.get())
    count = widget.tk.call(str(widget), "count", "-chars", "1.0", "insert")
    selected = widget.get("sel.first", "sel.last") if widget.tag_ranges("sel") else ""
    # Depending on its version, Tk returns nothing, a number or a list of one number.
    position = int(str(count).strip("()[], ") or 0) if count not in (None, "") else 0
    return CaretState(position, selected, widget.get("1.0", "end-1c"))


def announcement(
    widget: TextWidget, key: str, state: int, before: CaretState, now: CaretState
) -> str:
    """What to say after ``key``; empty for keys that neither move, select nor type.

    ``state`` holds the modifier bits of the event.
    """
    if now.text != before.text:
        return _typed_or_deleted(before, now)
    if now.selected != before.selected and (now.selected or shift_pressed(state)):
        return _selection(before.selected, now.selected)
    if word_pressed(state) and key in ("Left", "Right"):
        return word_at(now.text, now.position) or edge(now)
    if control_pressed(state) and key in ("Home", "End") and isinstance(widget, tk.Text):
        return line(widget)
    if key in LETTER_KEYS:
        if now.position == before.position and key not in ("Home", "End"):
            return edge(now)
        return spoken_character(now.text[now.position : now.position + 1]) or edge(now)
    if key in LINE_KEYS and isinstance(widget, tk.Text):
        return line(widget)
    return ""


def spoken_character(char: str) -> str:
    """How a character is spoken: "full stop", "capital A"; empty for none."""
    if char.isalpha() and char.isupper():
        return _("capital {letter}").format(letter=char)
    return _(CHARACTER_NAMES[char]) if char in CHARACTER_NAMES else char


def edge(now: CaretState) -> str:
    """Which end of the text the caret is at, with the first character at the beginning."""
    if now.position >= len(now.text):
        return pgettext("caret", "end")
    if now.position > 0:
        return ""
    return _("beginning, {character}").format(character=spoken_character(now.text[:1]))


def word_at(text: str, position: int) -> str:
    """The word that a jump by words has reached: it begins there or, on X11, ends there."""
    ended = re.search(r"[\w'’]+$", text[:position])
    if ended is not None and not re.match(r"\w", text[position:]):
        return ended.group()
    begun = re.match(r"\W*?([\w'’]+)", text[position:])
    if begun is not None:
        return begun.group(1)
    return spoken_character(text[position:].strip()[:1])


def line(widget: tk.Text) -> str:
    """The caret's line, as it is displayed; "blank" for an empty line within a text."""
    start, end = "insert display linestart", "insert display lineend"  # untranslated
    displayed = widget.get(start, end).strip()
    if displayed or not widget.get("1.0", "end-1c").strip():
        return displayed
    return _("blank")


def paragraph(widget: tk.Text) -> str:
    """The caret's line with all the rows that it takes; "blank" as for `line`."""
    return widget.get("insert linestart", "insert lineend").strip() or line(widget)  # untranslated


def list_item(widget: tk.Listbox) -> str:
    """The list's active item with its position; "empty" for an empty list."""
    count = int(widget.size())
    if not count:
        return _("empty")
    index = int(widget.index("active"))
    return _("{item}, {number} of {count}").format(
        item=widget.get(index), number=number(index + 1), count=number(count)
    )


def selected(text: str) -> str:
    """That ``text`` is selected."""
    return _("{text} selected").format(text=_spoken(text))


def _not_selected(text: str) -> str:
    return _("{text} not selected").format(text=_spoken(text))


def _deleted(text: str) -> str:
    return _("{text} deleted").format(text=_spoken(text))


def _selection(before: str, now: str) -> str:
    if not now:
        return _("nothing selected")
    if before and now.startswith(before):
        return selected(now[len(before) :])
    if before and now.endswith(before):
        return selected(now[: -len(before)])
    if before and before.startswith(now):
        return _not_selected(before[len(now) :])
    if before and before.endswith(now):
        return _not_selected(before[: -len(now)])
    return selected(now)


def _typed_or_deleted(before: CaretState, now: CaretState) -> str:
    """What was typed or deleted; the whole text after any other change."""
    left = len(common_prefix(before.text, now.text))
    if len(now.text) > len(before.text):
        left = min(left, now.position)
    rest_before, rest_now = before.text[left:], now.text[left:]
    right = len(common_prefix(rest_before[::-1], rest_now[::-1]))
    removed = rest_before[: len(rest_before) - right]
    added = rest_now[: len(rest_now) - right]
    if before.selected and now.position >= len(added):
        # What was typed over a selection may begin or end with the same characters, so that the
        # difference of the texts would be too short.
        length = len(now.text) - len(before.text) + len(before.selected)
        typed = now.text[now.position - length : now.position]
        return _spoken(typed) if typed else _deleted(before.selected)
    if added and not removed:
        return _spoken(added)
    if removed and not added:
        return _deleted(removed)
    return now.text or _("empty")


def _spoken(text: str) -> str:
    return spoken_character(text) if len(text) == 1 else text
