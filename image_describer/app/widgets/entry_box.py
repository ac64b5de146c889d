"""A box for one line of text."""

import tkinter as tk
from tkinter import ttk
from typing import Any

from image_describer.app import theme
from image_describer.app.voice import caret, self_voicing
from image_describer.i18n import _

SELECT_ALL_KEYS = ("<Control-a>", "<Control-Lock-A>")


class EntryBox(ttk.Entry):
    """A box for one line of text."""

    def __init__(self, master: tk.Misc, text: str = "", *, name: str = "", **options: Any) -> None:
        theme.theme_of(master)
        super().__init__(master, **{"font": theme.font("button"), **options})
        self.insert(0, text)
        # The window's keys come before Tk's own, as in ReadOnlyText.
        self.bindtags((str(self), str(self.winfo_toplevel()), "TEntry", "all"))
        # On X11 Tk moves the caret to the beginning instead, as Emacs does.
        for key in SELECT_ALL_KEYS:
            self.bind(key, self._select_all)
        if name:
            self_voicing.set_name(self, name)

    def show(self, text: str) -> None:
        """Replace the text; the caret goes to its end."""
        self.delete(0, "end")
        self.insert(0, text)
        self.icursor("end")

    def _select_all(self, _event: object) -> str:
        self.selection_range(0, "end")
        self.icursor("end")
        self_voicing.say_for(
            self, caret.selected(self.get()) if self.get() else _(self_voicing.EMPTY)
        )
        return "break"
