"""A text that can be read with the arrow keys, selected and copied, but not changed."""

import tkinter as tk
from typing import Any

from image_describer.app import theme
from image_describer.app.voice import self_voicing

# Tcl rather than Python: an exception in a command that Python made would end Tk's loop.
GUARD = """proc {name} {{option args}} {{
    if {{$option ni {{insert delete replace}}}} {{tailcall {widget} $option {{*}}$args}}
}}"""


class ReadOnlyText(tk.Text):
    """Read-only, yet with a caret: a disabled Tk text shows none and can't be read with the keys.

    Whatever tries to edit it (typing, pasting, an input method) arrives as a call of Tk's widget
    command, so that is where edits are stopped.
    """

    def __init__(
        self, master: tk.Misc, lines: tuple[int, int] | None = None, **options: Any
    ) -> None:
        """``lines`` (least, most): as high as the text needs, within these; None: as it is laid."""
        super().__init__(
            master,
            wrap="word",
            insertwidth=3,
            borderwidth=0,
            padx=10,
            pady=6,
            undo=False,
            **options,
        )
        theme.dress(self, "text")
        self._command = f"{self}_widget"
        self.tk.call("rename", str(self), self._command)
        self.tk.eval(GUARD.format(name=str(self), widget=self._command))
        self._lines = lines
        self._fitted_width = 0
        self.bind("<Configure>", self._resized)
        # The window's keys come before Tk's own: its Ctrl+O, for one, would move the caret.
        self.bindtags((str(self), str(self.winfo_toplevel()), "Text", "all"))
        # Tk on X11 goes to the beginning of the line instead, as Emacs does.
        for key in ("<Control-a>", "<Control-Lock-A>"):
            self.bind(key, self._select_all)
        self.bind("<Tab>", self._next)
        self.bind("<Shift-Tab>", self._previous)
        if self.tk.call("tk", "windowingsystem") == "x11":
            self.bind("<ISO_Left_Tab>", self._previous)

    def show(self, text: str) -> None:
        """Replace the text; the caret goes to its beginning."""
        self.tk.call(self._command, "delete", "1.0", "end")
        self.tk.call(self._command, "insert", "1.0", text)
        self.mark_set("insert", "1.0")
        self._fit()
        self.see("1.0")

    def selected(self) -> str:
        """The selected text, or nothing."""
        if not self.tag_ranges("sel"):
            return ""
        # "Select all" takes the newline along that Tk keeps at the end of every text.
        return self.get("sel.first", "sel.last").removesuffix("\n")

    def shown(self) -> str:
        """The whole text."""
        return self.get("1.0", "end-1c")

    def _resized(self, event: "tk.Event[tk.Misc]") -> None:
        # Fitting changes the height, which comes back here as an event of its own.
        if event.width != self._fitted_width:
            self._fitted_width = event.width
            self._fit()

    def _fit(self) -> None:
        if self._lines is not None and self.winfo_width() > 1:
            needed = int(self.tk.call(str(self), "count", "-displaylines", "1.0", "end"))
            least, most = self._lines
            line = int(self.tk.call("font", "metrics", self.cget("font"), "-linespace"))
            # The rest of the window must stay in sight, however large the type.
            most = min(most, self.winfo_toplevel().winfo_height() // 2 // line)
            self.configure(height=max(least, min(most, needed)))

    def _select_all(self, _event: object) -> str:
        self.tag_add("sel", "1.0", "end-1c")
        self_voicing.tell(self, f"{self.shown()} selected" if self.shown() else "empty")
        return "break"

    def _next(self, _event: object) -> str:
        following = self.tk_focusNext()
        if following is not None:
            following.focus_set()
        return "break"

    def _previous(self, _event: object) -> str:
        previous = self.tk_focusPrev()
        if previous is not None:
            previous.focus_set()
        return "break"
