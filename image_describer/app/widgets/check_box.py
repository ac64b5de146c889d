"""A check box."""

import tkinter as tk
from collections.abc import Callable
from tkinter import ttk
from typing import Any

from image_describer.app import theme
from image_describer.app.voice import self_voicing
from image_describer.i18n import _


class CheckBox(ttk.Checkbutton):
    """On or off: Space changes it; ``command(on)`` is called after each change."""

    def __init__(
        self,
        master: tk.Misc,
        text: str,
        on: bool,
        command: Callable[[bool], Any] | None = None,
    ) -> None:
        theme.theme_of(master)
        self._on = tk.BooleanVar(master, on)
        self._on_change = command
        super().__init__(master, text=text, variable=self._on, command=self._changed)
        self_voicing.set_name(
            self, text, state=lambda: _("checked") if self._on.get() else _("not checked")
        )
        self.bind("<space>", self._press)

    @property
    def on(self) -> bool:
        return self._on.get()

    def set(self, on: bool) -> None:
        """Change it silently; no command is called."""
        self._on.set(on)

    def destroy(self) -> None:
        """Destroy the widget and its variable, which another thread must not free."""
        super().destroy()
        del self._on

    def _press(self, _event: object) -> str:
        # Tk's own binding stops the window for a tenth of a second.
        self.invoke()
        return "break"

    def _changed(self) -> None:
        self_voicing.value_changed(self)
        if self._on_change is not None:
            self._on_change(self._on.get())
