"""Passes on what is spoken here to screen readers, where Tk can do that (9.1 and later).

Tk 9.1 brought `tk accessible` (TIP 733). With an older Tk, every function here does nothing.
"""

import contextlib
import tkinter as tk

from image_describer.i18n import N_

COMMAND = "::tk::accessible::set_acc_name"
# Tk's role for each role that is spoken. The roles that Tk knows on all systems are named after
# its classes of widgets.
ROLES = {
    N_("button"): "Button",
    N_("check box"): "Checkbutton",
    N_("slider"): "Scale",
    N_("combo box"): "Combobox",
    N_("edit box"): "Entry",
    N_("list"): "Listbox",
    N_("text"): "Text",
    N_("image"): "Canvas",
}
OTHER_ROLE = "Label"


def available(widget: tk.Misc) -> bool:
    """Whether this Tk can tell screen readers about its widgets."""
    return bool(widget.tk.call("info", "commands", COMMAND))


def describe(widget: tk.Misc, name: str, role: str, state: str) -> None:
    """Give ``widget`` its name, role and value."""
    if not available(widget):
        return
    _call(widget, "set_acc_name", name)
    _call(widget, "set_acc_role", tk_role(widget, role))
    _call(widget, "set_acc_value", state)


def value(widget: tk.Misc, state: str) -> None:
    """Report the new value of ``widget``."""
    if available(widget):
        _call(widget, "set_acc_value", state)
        _call(widget, "emit_selection_change")


def focus(widget: tk.Misc) -> None:
    """Report that ``widget`` has the focus."""
    if available(widget):
        _call(widget, "emit_focus_change")


def tk_role(widget: tk.Misc, role: str) -> str:
    """Tk's name of ``role``; for one that Tk doesn't know, that of the widget's class."""
    if role in ROLES:
        return ROLES[role]
    widget_class = widget.winfo_class()
    names = (widget_class, widget_class.removeprefix("T"))  # ttk's button is a "TButton"
    return next((name for name in names if name in ROLES.values()), OTHER_ROLE)


def _call(widget: tk.Misc, command: str, *values: str) -> None:
    # The screen reader may have ended meanwhile.
    with contextlib.suppress(tk.TclError):
        widget.tk.call(f"::tk::accessible::{command}", str(widget), *values)
