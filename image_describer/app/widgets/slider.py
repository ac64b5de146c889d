"""A slider for whole numbers."""

import math
import tkinter as tk
from collections.abc import Callable
from tkinter import ttk
from typing import Any

from image_describer.app import theme
from image_describer.app.voice import self_voicing
from image_describer.app.widgets.label import Label

PAGE_STEPS = 5  # steps that Page Up and Page Down take at once


def stepped(value: int, steps: int, low: int, high: int, step: int) -> int:
    """``value`` moved by ``steps``, on the grid that begins at ``low``, within the limits.

    The first step goes to the grid's next point: 187 becomes 200, or 180, in steps of 20 from 80.
    """
    place = (value - low) / step
    place = (math.floor(place) if steps > 0 else math.ceil(place)) + steps
    return max(low, min(high, low + place * step))


class Slider(ttk.Scale):
    """A number: Right and Up increase it, Left and Down decrease it, Home and End go to the limits.

    ``unit`` is shown and spoken after the number; ``command(value)`` is called after each change.
    ``label`` shows all three, where the caller places it.
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
        theme.theme_of(master)
        super().__init__(master, from_=low, to=high, value=value, orient="horizontal", takefocus=1)
        self.label = Label(master)
        self._name = name
        self._limits = low, high
        self._step = step
        self._on_change = command
        self._unit = unit
        self._value = value
        self._show()
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
            self.bind(f"<{key}>", lambda _event, times=times: self._step_by(times))  # type: ignore[misc]
        self.bind("<Home>", lambda _event: self._change(low))
        self.bind("<End>", lambda _event: self._change(high))
        self.bind("<Button-1>", self._on_click)

    @property
    def value(self) -> int:
        return self._value

    def set_silently(self, value: int) -> None:
        """Move it without speech or a command."""
        self._value = value
        self._show()

    def _show(self) -> None:
        # Not with `set`, which calls the command.
        super().configure(value=self._value)
        self.label.configure(text=f"{self._name}: {self._spoken_state()}")

    def _spoken_state(self) -> str:
        return f"{self.value} {self._unit}".strip()

    def _step_by(self, steps: int) -> str:
        return self._change(stepped(self.value, steps, *self._limits, self._step))

    def _change(self, value: int) -> str:
        changed = value != self.value
        self.set_silently(value)
        self_voicing.value_changed(self)
        if changed and self._on_change is not None:
            self._on_change(value)
        return "break"

    def _on_click(self, event: "tk.Event[tk.Misc]") -> str | None:
        self.focus_set()
        if "slider" in self.identify(event.x, event.y):
            return None
        return self._change(self._nearest(float(self.get(event.x, event.y))))

    def _dragged(self, value: str) -> None:
        nearest = self._nearest(float(value))
        if nearest != self.value:
            self._change(nearest)

    def _nearest(self, value: float) -> int:
        low, _high = self._limits
        return low + round((value - low) / self._step) * self._step
