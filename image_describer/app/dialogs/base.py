"""What all dialogs share: speaking the title, the focus, closing with Escape, restoring focus."""

import tkinter as tk
from collections.abc import Callable, Mapping
from tkinter import ttk
from typing import TYPE_CHECKING, Any

from image_describer.app import key_bindings, keymap, theme
from image_describer.app.voice import self_voicing
from image_describer.app.widgets.button import RETURN_KEYS, Button
from image_describer.app.widgets.button_row import ButtonRow
from image_describer.app.widgets.fitting import FittingColumn
from image_describer.i18n import _

if TYPE_CHECKING:
    from image_describer.app.context import AppContext, OpenDialog

BORDER_PX = 2  # all windows have the same background
EDGE_PX = 8
MIN_SIZE_PX = (480, 200)


class Dialog(tk.Toplevel):
    """A window above the main one, built anew each time it is opened.

    Commands that make sense anywhere keep their keys in it. With ``all_keys`` all other commands
    run as well; without, they close it first (see `leave`). Enter presses the first button, unless
    the widget with the focus uses the key. ``question`` is what Ctrl+R says while it is open, if
    anything; ``keys_help`` is what F1 says of its keys, those with modifiers as in
    `keymap.with_keys`; ``own_command`` names the command that opens it.
    """

    question = ""
    keys_help = ""
    own_command = ""

    def __init__(self, context: "AppContext", title: str, *, all_keys: bool = False) -> None:
        super().__init__(context.root, highlightthickness=theme.px(context.root, BORDER_PX))
        self.withdraw()
        self.context = context
        self.all_keys = all_keys
        self._previous_focus: tk.Misc | None = None
        self._first_focus: tk.Misc | None = None
        self._buttons: ButtonRow | None = None
        self.default_button: Button | None = None
        self.set_title(title)
        theme.apply_style(self, "window")
        self.columnconfigure(0, weight=1)
        self.rowconfigure(0, weight=1)
        self._content = FittingColumn(self)
        self._content.grid(row=0, column=0, sticky="nsew")
        self.body = ttk.Frame(self._content.inside)
        edge = theme.px(self, EDGE_PX)
        self.body.grid(row=0, column=0, sticky="nsew", padx=edge, pady=edge)
        self.protocol("WM_DELETE_WINDOW", self.close)

    @property
    def commands(self) -> Mapping[str, Callable[[], None]]:
        """What the keys of the window's commands run while this has the focus."""
        return self.context.run

    def key_pressed(self, key: str, repeated: bool) -> None:
        """Called for every key, before anything else, as by KeyWatch."""
        self.context.key_pressed(key, repeated)

    @property
    def heading(self) -> str:
        """The title as it is spoken."""
        return self._heading

    def set_title(self, title: str) -> None:
        """Show ``title`` and speak it with the focus."""
        self._heading = title
        self.title(_("{title} - Image Describer").format(title=title))
        self_voicing.set_title(self, spoken_title(title))

    def add_buttons(self, *buttons: tuple[str, Callable[[], Any]]) -> list[Button]:
        """Append buttons, (label, command) each, to the row under the body."""
        if self._buttons is None:
            self._buttons = ButtonRow(self._content.inside)
            edge = theme.px(self, EDGE_PX)
            self._buttons.grid(row=1, column=0, sticky="ew", padx=edge, pady=(0, edge))
        row = self._buttons
        added = [row.add(label, command) for label, command in buttons]
        self.default_button = self.default_button or added[0]
        return added

    def open(self, first: tk.Misc) -> None:
        """Show it, with the focus on ``first``. Call it once all widgets are in it."""
        self._previous_focus = self_voicing.focused(self.context.root)
        self.context.dialogs.append(self)
        run = dict(self.commands)
        if not self.all_keys:
            for name in run.keys() - keymap.EVERYWHERE:
                if run[name] is self.context.run.get(name):  # not one of the dialog's own
                    run[name] = self._after_leaving(run[name])
        if self.own_command:
            run[self.own_command] = self._say_focus
        key_bindings.bind_commands(self, run, self.key_pressed)
        for key in RETURN_KEYS:
            self.bind(key, lambda event, key=key: self._press_default(event, key))  # type: ignore[misc]
        if self.default_button is not None:
            self.default_button.configure(style="Primary.TButton")
        self._content.watch()
        self.update_idletasks()
        self._content.request_full_size()
        self.update_idletasks()
        self._place()
        self.transient(self.context.root)
        self.deiconify()
        self.lift()
        first.focus_set()
        # Only a mapped window can take the focus; it is forced because there may be no window
        # manager that passes it on.
        self._first_focus = first
        for widget in (self, first):
            widget.bind("<Map>", self._on_map, add="+")

    def bring_to_front(self) -> None:
        """Make it the topmost window, which Escape closes first, and give it the focus."""
        self.context.dialogs.remove(self)
        self.context.dialogs.append(self)
        take_focus(self.context)

    def show_again(self) -> None:
        """Show it after it was hidden, as by "show desktop", with the focus where it was."""
        self._first_focus = self.focus_lastfor() or self
        self.deiconify()

    def leave(self) -> bool:
        """Close it for a command of the main window; or say why not, and return False."""
        self.close()
        return True

    def close(self) -> None:
        """Close it; the focus goes back to where it was."""
        if self in self.context.dialogs:
            self.context.dialogs.remove(self)
        previous = self._previous_focus
        self.destroy()
        if previous is not None and previous.winfo_exists():
            previous.focus_force()
        else:
            take_focus(self.context)

    def _on_map(self, _event: object) -> None:
        # Either may be mapped last, and both are mapped again when the font grows.
        first = self._first_focus
        if first is not None and self.winfo_viewable() and first.winfo_viewable():
            self._first_focus = None
            first.focus_force()

    def _say_focus(self) -> None:
        widget = self_voicing.focused(self)
        text = self_voicing.spoken_text(widget) if widget is not None else ""
        self.context.voice.answer(f"{spoken_title(self._heading)}. {text}".strip())

    def _after_leaving(self, action: Callable[[], None]) -> Callable[[], None]:
        def run() -> None:
            dialogs = self.context.dialogs
            while dialogs and not dialogs[-1].all_keys:
                if not dialogs[-1].leave():
                    return
            action()

        return run

    def _press_default(self, event: "tk.Event[Any]", key: str) -> str | None:
        widget = event.widget  # a name, if the key has closed its window
        if self.default_button is None or isinstance(widget, str) or widget.bind(key):
            return None
        self.default_button.invoke()
        return "break"

    def _place(self) -> None:
        """Centre it over the main window, within the screen."""
        screen = self.winfo_screenwidth(), self.winfo_screenheight()
        requested = self.winfo_reqwidth(), self.winfo_reqheight()
        smallest = [
            min(theme.px(self, least), available)
            for least, available in zip(MIN_SIZE_PX, screen, strict=True)
        ]
        width, height = (
            max(minimum, min(size, available * 9 // 10))
            for minimum, size, available in zip(smallest, requested, screen, strict=True)
        )
        root = self.context.root
        left = root.winfo_rootx() + (root.winfo_width() - width) // 2
        top = root.winfo_rooty() + (root.winfo_height() - height) // 2
        left, top = (
            max(0, min(position, available - size))
            for position, size, available in zip((left, top), (width, height), screen, strict=True)
        )
        self.geometry(f"{width}x{height}+{left}+{top}")
        self.minsize(*smallest)


def spoken_title(title: str) -> str:
    """What is said of a dialog that opens: "Settings, dialog"."""
    return _("{title}, dialog").format(title=title)


def raise_dialog(context: "AppContext", kind: type[Dialog]) -> bool:
    """Bring the open dialog of this class to the front; False if there is none."""
    for dialog in context.dialogs:
        if isinstance(dialog, kind):
            dialog.bring_to_front()
            return True
    return False


def show_hidden_dialogs(context: "AppContext") -> None:
    """Bring back what "show desktop" has hidden with the main window, which hides no dialog for
    good: without it, the focus would have nowhere to go.
    """
    for dialog in context.dialogs:
        if context.root.winfo_viewable() and not dialog.winfo_viewable():
            dialog.show_again()


def take_focus(context: "AppContext") -> None:
    """Focus the widget of the topmost window that had the focus last."""
    call = context.root.tk.call
    if grabbing := str(call("grab", "current", ".")):  # a dialog of Tk's own, or an open list
        call("raise", grabbing)
        call("focus", "-force", call("focus", "-lastfor", grabbing))
        return
    show_hidden_dialogs(context)
    top: OpenDialog | tk.Tk = context.dialogs[-1] if context.dialogs else context.root
    top.lift()
    (top.focus_lastfor() or top).focus_force()
