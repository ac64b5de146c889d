"""One of several values, chosen with the arrow keys."""

import tkinter as tk
from collections.abc import Callable, Sequence
from typing import Any

from image_describer.app import theme
from image_describer.app.voice import self_voicing


class Choice(tk.Label):
    """One of several values: Right and Down choose the next, Left and Up the previous one.

    ``values`` is a sequence of (value, label); ``command(value)`` is called after each change.
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
        super().__init__(master, font=theme.font("button"), anchor="w", padx=8, pady=4)
        self._values = list(values)
        self._command = command
        self._index = 0
        theme.apply_style(self, "choice")
        self_voicing.set_name(self, name, role="choice", state=self._spoken_state)
        for key, step in (("Right", 1), ("Down", 1), ("Left", -1), ("Up", -1)):
            self.bind(f"<{key}>", lambda _event, step=step: self._move(step))  # type: ignore[misc]
        self.bind("<Home>", lambda _event: self._choose(0))
        self.bind("<End>", lambda _event: self._choose(len(self._values) - 1))
        self.bind("<Button-1>", self._on_click)
        self.set(value)

    @property
    def value(self) -> Any:
        """The chosen value."""
        return self._values[self._index][0]

    def set(self, value: Any) -> None:
        """Choose ``value``, or the first one if it is unknown, silently; no command is called."""
        values = [known for known, _label in self._values]
        self._index = values.index(value) if value in values else 0
        self.configure(text=f"◂ {self._values[self._index][1]} ▸")

    def _spoken_state(self) -> str:
        return f"{self._values[self._index][1]}, {self._index + 1} of {len(self._values)}"

    def _move(self, step: int) -> str:
        return self._choose(max(0, min(len(self._values) - 1, self._index + step)))

    def _choose(self, index: int) -> str:
        changed = index != self._index
        self.set(self._values[index][0])
        self_voicing.value_changed(self)
        if changed and self._command is not None:
            self._command(self.value)
        return "break"

    def _on_click(self, event: "tk.Event[tk.Misc]") -> None:
        self.focus_set()
        self._move(-1 if event.x < self.winfo_width() / 2 else 1)
