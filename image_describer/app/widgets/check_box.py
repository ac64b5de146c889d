"""A check box."""

import tkinter as tk
from collections.abc import Callable
from typing import Any

from image_describer.app import theme
from image_describer.app.voice import self_voicing
from image_describer.app.widgets.button import press_with_return

CHECKED, UNCHECKED = "☑", "☐"


class CheckBox(tk.Checkbutton):
    """On or off: Space and Return change it; ``command(on)`` is called after each change."""

    def __init__(
        self,
        master: tk.Misc,
        text: str,
        on: bool,
        command: Callable[[bool], Any] | None = None,
    ) -> None:
        self._on = tk.BooleanVar(master, on)
        self._on_change = command
        self._label = text
        super().__init__(
            master,
            variable=self._on,
            command=self._changed,
            font=theme.font("button"),
            anchor="w",
            relief="flat",
            padx=8,
            pady=4,
        )
        theme.apply_style(self, "check")
        self._show()
        self_voicing.set_name(
            self, text, state=lambda: "checked" if self._on.get() else "not checked"
        )
        press_with_return(self)

    @property
    def on(self) -> bool:
        return self._on.get()

    def set(self, on: bool) -> None:
        """Change it silently; no command is called."""
        self._on.set(on)
        self._show()

    def destroy(self) -> None:
        """Destroy the widget and its variable, which another thread must not free."""
        super().destroy()
        del self._on

    def _show(self) -> None:
        self.configure(text=f"{CHECKED if self._on.get() else UNCHECKED}  {self._label}")

    def _changed(self) -> None:
        self._show()
        self_voicing.value_changed(self)
        if self._on_change is not None:
            self._on_change(self._on.get())
