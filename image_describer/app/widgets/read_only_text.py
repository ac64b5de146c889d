"""Text that can be read with the arrow keys, selected and copied, but not changed."""

import tkinter as tk
from typing import Any

from image_describer.app import theme
from image_describer.app.voice import caret, self_voicing
from image_describer.app.widgets.card import Card
from image_describer.app.widgets.entry_box import SELECT_ALL_KEYS
from image_describer.app.widgets.scroll_bar import ScrollBar
from image_describer.i18n import _

CARET_PX = 3
PADDING_PX = (10, 6)  # at the sides, above and below
LARGEST_SHARE = 0.6  # of the window's height
# In Tcl, because an exception in a Python command would end Tk's loop.
GUARD = """# untranslated
proc {name} {{option args}} {{
    if {{$option ni {{insert delete replace}}}} {{tailcall {widget} $option {{*}}$args}}
}}"""


class ReadOnlyText(tk.Text):
    """Read-only text with a caret; a disabled Tk text has none and can't be read with the keys.

    All edits (typing, pasting, input methods) go through Tk's widget command, which is guarded.
    """

    def __init__(self, master: tk.Misc, max_lines: int | None = None, **options: Any) -> None:
        """``max_lines``: its height, if the window is high enough; None: a fixed height."""
        card = Card(master)
        super().__init__(
            card,
            wrap="word",
            insertwidth=theme.px(master, CARET_PX),
            borderwidth=0,
            padx=theme.px(master, PADDING_PX[0]),
            pady=theme.px(master, PADDING_PX[1]),
            undo=False,
            **options,
        )
        theme.apply_style(self, "text")
        self._bar = ScrollBar(card, self)
        card.hold(self, self._bar)
        self._command = f"{self}_widget"
        self.tk.call("rename", str(self), self._command)
        self.tk.eval(GUARD.format(name=str(self), widget=self._command))
        self._max_lines = max_lines
        if max_lines is not None:
            for widget in (self, self.winfo_toplevel()):
                widget.bind("<Configure>", self._fit, add="+")
        # The window's keys come before Tk's own, whose Ctrl+O, for example, moves the caret.
        self.bindtags((str(self), str(self.winfo_toplevel()), "Text", "all"))
        # On X11 Tk moves the caret to the beginning of the line instead, as Emacs does.
        for key in SELECT_ALL_KEYS:
            self.bind(key, self._select_all)
        self.bind("<Tab>", self._focus_next)
        self.bind("<Shift-Tab>", self._focus_previous)
        if self.tk.call("tk", "windowingsystem") == "x11":
            self.bind("<ISO_Left_Tab>", self._focus_previous)

    def show(self, text: str) -> None:
        """Replace the text; the caret goes to its beginning."""
        self.tk.call(self._command, "delete", "1.0", "end")
        self.tk.call(self._command, "insert", "1.0", text)
        self.mark_set("insert", "1.0")
        self.see("1.0")

    def selected(self) -> str:
        """Return the selected text, or ""."""
        if not self.tag_ranges("sel"):
            return ""
        # "Select all" includes the newline that Tk keeps at the end of every text.
        return self.get("sel.first", "sel.last").removesuffix("\n")

    def shown(self) -> str:
        """Return the whole text."""
        return self.get("1.0", "end-1c")

    def _fit(self, _event: object) -> None:
        line = int(self.tk.call("font", "metrics", self.cget("font"), "-linespace"))
        # However large the font, a part of the window is left for everything else.
        room = int(LARGEST_SHARE * self.winfo_toplevel().winfo_height()) // line
        height = max(1, min(self._max_lines or room, room))
        if height != int(self.cget("height")):
            self.configure(height=height)

    def _select_all(self, _event: object) -> str:
        self.tag_add("sel", "1.0", "end-1c")
        self_voicing.say_for(
            self, caret.selected(self.shown()) if self.shown() else _(self_voicing.EMPTY)
        )
        return "break"

    def _focus_next(self, _event: object) -> str:
        following = self.tk_focusNext()
        if following is not None:
            following.focus_set()
        return "break"

    def _focus_previous(self, _event: object) -> str:
        previous = self.tk_focusPrev()
        if previous is not None:
            previous.focus_set()
        return "break"
