"""Tk 9.1's own road to screen readers, where it is there: the same words that are spoken here.

``tk accessible`` came with TIP 733; before Tk 9.1 every function here does nothing.
"""

import contextlib
import tkinter as tk

COMMAND = "::tk::accessible::set_acc_name"
# What Tk calls the roles, by ours.
ROLES = {
    "button": "Pushbutton",
    "check box": "Checkbox",
    "slider": "Scale",
    "choice": "Combobox",
    "edit box": "Entry",
    "list": "Listbox",
    "text": "Text",
    "picture": "Canvas",
}


def available(widget: tk.Misc) -> bool:
    """Whether this Tk can tell screen readers about its widgets."""
    return bool(widget.tk.call("info", "commands", COMMAND))


def describe(widget: tk.Misc, name: str, role: str, state: str) -> None:
    """Give ``widget`` its name, role and value."""
    if not available(widget):
        return
    _call(widget, "set_acc_name", name)
    _call(widget, "set_acc_role", ROLES.get(role, "Text"))
    _call(widget, "set_acc_value", state)


def value(widget: tk.Misc, state: str) -> None:
    """``widget`` has a new value."""
    if available(widget):
        _call(widget, "set_acc_value", state)
        _call(widget, "emit_selection_change")


def focus(widget: tk.Misc) -> None:
    """``widget`` has the focus now."""
    if available(widget):
        _call(widget, "emit_focus_change")


def _call(widget: tk.Misc, command: str, *values: str) -> None:
    # A screen reader that went away is no reason to stop.
    with contextlib.suppress(tk.TclError):
        widget.tk.call(f"::tk::accessible::{command}", str(widget), *values)
