"""A slider for whole numbers."""

import tkinter as tk
from collections.abc import Callable
from typing import Any

from image_describer.app import theme
from image_describer.app.voice import self_voicing

PAGE_STEPS = 5  # steps that Page Up and Page Down take at once


class Slider(tk.Scale):
    """A number: Right and Up increase it, Left and Down decrease it, Home and End go to the limits.

    ``unit`` is spoken after the number; ``command(value)`` is called after each change.
    """

    def __init__(
        self,
        master: tk.Misc,
        low: int,
        high: int,
        step: int,
        value: int,
        command: Callable[[int], Any] | None = None,
        *,
        name: str = "",
        unit: str = "",
    ) -> None:
        super().__init__(
            master,
            from_=low,
            to=high,
            resolution=1,
            orient="horizontal",
            font=theme.font("button"),
            borderwidth=0,
            sliderrelief="flat",
            width=18,
        )
        self._limits = low, high
        self._on_change = command
        self._unit = unit
        theme.apply_style(self, "slider")
        super().set(value)
        self.configure(command=self._dragged)
        self_voicing.set_name(self, name, state=self._spoken_state)
        steps = {
            "Right": 1,
            "Up": 1,
            "Left": -1,
            "Down": -1,
            "Prior": PAGE_STEPS,
            "Next": -PAGE_STEPS,
        }
        for key, times in steps.items():
            self.bind(f"<{key}>", lambda _event, by=times * step: self._move(self.value + by))  # type: ignore[misc]
        self.bind("<Home>", lambda _event: self._move(low))
        self.bind("<End>", lambda _event: self._move(high))

    @property
    def value(self) -> int:
        return int(self.get())

    def set_silently(self, value: int) -> None:
        """Move it without speech or a command."""
        self.configure(command="")
        super().set(value)
        self.configure(command=self._dragged)

    def _spoken_state(self) -> str:
        return f"{self.value} {self._unit}".strip()

    def _move(self, value: int) -> str:
        low, high = self._limits
        value = max(low, min(high, value))
        changed = value != self.value
        self.set_silently(value)
        self_voicing.value_changed(self)
        if changed and self._on_change is not None:
            self._on_change(value)
        return "break"

    def _dragged(self, _value: str) -> None:
        self_voicing.value_changed(self)
        if self._on_change is not None:
            self._on_change(self.value)
