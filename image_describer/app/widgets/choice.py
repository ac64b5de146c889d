"""A combo box: one of several values, chosen with the arrow keys or from its list."""

import tkinter as tk
from collections.abc import Callable, Sequence
from tkinter import ttk
from typing import Any

from image_describer.app import theme
from image_describer.app.voice import self_voicing
from image_describer.app.widgets.shortened import shortened
from image_describer.i18n import N_, _

LIST_OPENED = N_("List opened. {item}")
CHARACTERS = 12  # as wide as its master makes it, but at least this


class Choice(ttk.Widget):
    """One of several values: Right and Down choose the next, Left and Up the previous one.

    ``values`` is a sequence of (value, label); ``command(value)`` is called after each change. It
    is no `ttk.Combobox`, which tkinter makes an entry, because there is no text to edit.
    """

    def __init__(
        self,
        master: tk.Misc,
        values: Sequence[tuple[Any, str]],
        value: Any,
        command: Callable[[Any], Any] | None = None,
        *,
        name: str = "",
    ) -> None:
        theme.theme_of(master)
        super().__init__(
            master,
            "ttk::combobox",
            {
                "state": "readonly",
                "font": theme.font("button"),
                "width": CHARACTERS,
                "postcommand": self._before_list,
            },
        )
        self._values = list(values)
        self._command = command
        self._index = 0
        self._listed = -1  # the item of the open list that was said last
        self._list_command = ""  # Tcl's name of `_say_list`
        self_voicing.set_name(self, name, role=N_("combo box"), state=self._spoken_state)
        for key, step in (("Right", 1), ("Down", 1), ("Left", -1), ("Up", -1)):
            self.bind(f"<{key}>", lambda _event, step=step: self._move(step))  # type: ignore[misc]
        self.bind("<Home>", lambda _event: self._choose(0))
        self.bind("<End>", lambda _event: self._choose(len(self._values) - 1))
        self.bind("<<ComboboxSelected>>", self._on_list)
        for change in ("<Configure>", "<<ThemeChanged>>"):
            self.bind(change, lambda _event: self._show(), add="+")
        self.set(value)

    @property
    def value(self) -> Any:
        """The chosen value."""
        return self._values[self._index][0]

    def set(self, value: Any) -> None:
        """Choose ``value``, or the first one if it is unknown, silently; no command is called."""
        values = [known for known, _label in self._values]
        self._index = values.index(value) if value in values else 0
        self._show()

    def winfo_children(self) -> list[tk.Widget | tk.Toplevel]:
        """Nothing: tkinter has no objects for the list that Tk itself makes."""
        return []

    def _show(self) -> None:
        label = self._values[self._index][1]
        room = self.winfo_width() - theme.theme_of(self).choice_margin
        self.tk.call(str(self), "set", shortened(self, label, room) if room > 0 else label)

    def _spoken_state(self) -> str:
        return self._spoken_item(self._index)

    def _spoken_item(self, index: int) -> str:
        return _("{item}, {number} of {count}").format(
            item=self._values[index][1], number=index + 1, count=len(self._values)
        )

    def _move(self, step: int) -> str:
        return self._choose(max(0, min(len(self._values) - 1, self._index + step)))

    def _choose(self, index: int) -> str:
        changed = index != self._index
        self.set(self._values[index][0])
        self_voicing.value_changed(self)
        if changed and self._command is not None:
            self._command(self.value)
        return "break"

    def _before_list(self) -> None:
        """Fill and colour the list that a click opens."""
        self.focus_set()
        self["values"] = [label for _value, label in self._values]
        self.tk.call(str(self), "current", self._index)
        window = str(self.tk.call("ttk::combobox::PopdownWindow", str(self)))
        colours = theme.options("list", theme.theme_of(self).palette)
        listbox = f"{window}.f.l"
        for option, value in {**colours, "font": theme.font("button")}.items():
            self.tk.call(listbox, "configure", f"-{option}", value)
        self._listed = -1
        if not self._list_command:
            self._list_command = self.register(lambda: self._say_list(listbox))
            for change in ("<Map>", "<<ListboxSelect>>", "<Motion>"):
                command = f"+after idle {self._list_command}"  # untranslated
                self.tk.call("bind", listbox, change, command)

    def _say_list(self, listbox: str) -> None:
        """Say that the list is open, or the item that it has moved to by a key or the mouse."""
        item = int(self.tk.call(listbox, "index", "active"))
        if item == self._listed or not int(self.tk.call("winfo", "ismapped", listbox)):
            return
        opened, self._listed = self._listed < 0, item
        if opened:
            own = self_voicing.spoken_text(self, hinted=False)
            self_voicing.say_for(self, _(LIST_OPENED).format(item=own))
        else:
            self_voicing.say_for(self, self._spoken_item(item))

    def _on_list(self, _event: object) -> None:
        self._choose(max(0, int(self.tk.call(str(self), "current"))))
        self.tk.call(str(self), "selection", "clear")
