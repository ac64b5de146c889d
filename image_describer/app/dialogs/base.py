"""What every dialog does: says its title, takes the focus, closes with Escape, gives it back."""

import tkinter as tk
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from image_describer.app import key_bindings, keymap, theme
from image_describer.app.voice import self_voicing
from image_describer.app.widgets.button import Button
from image_describer.app.widgets.button_row import ButtonRow
from image_describer.app.widgets.fitting import FittingColumn

if TYPE_CHECKING:
    from image_describer.app.context import AppContext

BORDER_PX = 2  # black on black needs an edge
SMALLEST_PX = (480, 320)
NOT_HERE = "Not while {title} is open. Escape closes it."


class Dialog(tk.Toplevel):
    """A window of its own above the main one. Build it anew for every opening.

    The commands of the table that make sense anywhere keep their keys in it; the others say so, or,
    with ``all_keys``, run as well. ``question`` is what Ctrl+R says while it is open, if anything.
    """

    question = ""

    def __init__(self, context: "AppContext", title: str, *, all_keys: bool = False) -> None:
        super().__init__(context.root, highlightthickness=BORDER_PX)
        self.withdraw()
        self.context = context
        self.all_keys = all_keys
        self._before: tk.Misc | None = None
        self._first: tk.Misc | None = None
        self._buttons: ButtonRow | None = None
        self.set_title(title)
        theme.apply_style(self, "window")
        self.columnconfigure(0, weight=1)
        self.rowconfigure(0, weight=1)
        self._all = FittingColumn(self)
        self._all.grid(row=0, column=0, sticky="nsew")
        self.body = tk.Frame(self._all.inside)
        theme.apply_style(self.body, "frame")
        self.body.grid(row=0, column=0, sticky="nsew", padx=8, pady=8)
        self.protocol("WM_DELETE_WINDOW", self.close)

    @property
    def heading(self) -> str:
        """The title as it is said."""
        return self._heading

    def set_title(self, title: str) -> None:
        """Name the window for the eye and the ear."""
        self._heading = title
        self.title(f"{title} - Image Describer")
        self_voicing.set_title(self, f"{title}, dialog")

    def add_buttons(self, *buttons: tuple[str, Callable[[], Any]]) -> list[Button]:
        """A row of buttons under the body: (label, what it does) each."""
        if self._buttons is None:
            self._buttons = ButtonRow(self._all.inside)
            self._buttons.grid(row=1, column=0, sticky="ew", padx=8, pady=(0, 8))
        row = self._buttons
        return [row.add(label, command) for label, command in buttons]

    def open(self, first: tk.Misc) -> None:
        """Show it, with the focus on ``first``. Call it once everything is in it."""
        self._before = self_voicing.focused(self.context.root)
        self.context.dialogs.append(self)
        key_bindings.bind_commands(
            self,
            self.context.run,
            allowed=None if self.all_keys else keymap.EVERYWHERE,
            refuse=self._refuse,
            pressed=self.context.key_pressed,
        )
        self._all.watch()
        self.update_idletasks()
        self._all.request_full_size()
        self.update_idletasks()
        self._place()
        self.transient(self.context.root)
        self.deiconify()
        self.lift()
        first.focus_set()
        # Only a window that is on the screen can take the focus; forced, because without a window
        # manager nobody else hands it over.
        self._first = first
        for one in (self, first):
            one.bind("<Map>", self._came, add="+")

    def close(self) -> None:
        """Take it away; the focus goes back to where it was."""
        if self in self.context.dialogs:
            self.context.dialogs.remove(self)
        before = self._before
        self.destroy()
        if before is not None and before.winfo_exists():
            before.focus_force()
        else:
            take_focus(self.context)

    def _came(self, _event: object) -> None:
        # Which of the two is mapped last differs; when the type grows, they are mapped again.
        if self._first is not None and self.winfo_viewable() and self._first.winfo_viewable():
            first, self._first = self._first, None
            first.focus_force()

    def _refuse(self) -> None:
        self.context.voice.answer(NOT_HERE.format(title=self._heading))

    def _place(self) -> None:
        """Over the middle of the main window, and inside the screen."""
        screen = self.winfo_screenwidth(), self.winfo_screenheight()
        wanted = self.winfo_reqwidth(), self.winfo_reqheight()
        width, height = (
            max(least, min(size, there * 9 // 10))
            for least, size, there in zip(SMALLEST_PX, wanted, screen, strict=True)
        )
        root = self.context.root
        left = root.winfo_rootx() + (root.winfo_width() - width) // 2
        top = root.winfo_rooty() + (root.winfo_height() - height) // 2
        left, top = (
            max(0, min(at, there - size))
            for at, size, there in zip((left, top), (width, height), screen, strict=True)
        )
        self.geometry(f"{width}x{height}+{left}+{top}")
        self.minsize(*SMALLEST_PX)


def raised(context: "AppContext", kind: type[Dialog]) -> bool:
    """Bring the dialog of this kind to the front; False if none is open."""
    for dialog in context.dialogs:
        if isinstance(dialog, kind):
            # The last one is what Escape closes.
            context.dialogs.remove(dialog)
            context.dialogs.append(dialog)
            take_focus(context)
            return True
    return False


def take_focus(context: "AppContext") -> None:
    """Give the focus to what had it last in the topmost window."""
    top: tk.Tk | tk.Toplevel = context.dialogs[-1] if context.dialogs else context.root
    top.lift()
    (top.focus_lastfor() or top).focus_force()
