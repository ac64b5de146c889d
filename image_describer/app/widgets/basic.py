"""The widgets that windows are made of: worked by keys, dressed by look, voiced by voicing."""

import tkinter as tk
from collections.abc import Callable, Sequence
from typing import Any

from image_describer.app import theme
from image_describer.app.voice import self_voicing
from image_describer.app.widgets.typeahead import TypeAhead
from image_describer.text import fold

RETURN_KEYS = ("<Return>", "<KP_Enter>")
CHECKED, UNCHECKED = "☑", "☐"
CONTROL, ALT, WINDOWS_ALT = 0x4, 0x8, 0x20000  # in an event's state; on a Mac 0x8 is Command


class Button(tk.Button):
    """A button that Space and Return press. A second line of ``text`` shows its key."""

    def __init__(
        self, master: tk.Misc, text: str, command: Callable[[], Any], **options: Any
    ) -> None:
        options = {"font": theme.font("button"), "relief": "flat", "padx": 4, "pady": 4, **options}
        super().__init__(master, text=text, command=command, **options)
        theme.dress(self, "button")
        press_with_return(self)


class Label(tk.Label):
    """Words that are only shown; what they name is named for the ear by ``voicing.name``."""

    def __init__(self, master: tk.Misc, text: str = "", **options: Any) -> None:
        options = {"font": theme.font("button"), "anchor": "w", "justify": "left", **options}
        super().__init__(master, text=text, **options)
        theme.dress(self, "label")


class Choice(tk.Label):
    """One of several values: Right and Down choose the next, Left and Up the one before.

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
        theme.dress(self, "choice")
        self_voicing.name(self, name, role="choice", state=self._spoken)
        for key, step in (("Right", 1), ("Down", 1), ("Left", -1), ("Up", -1)):
            self.bind(f"<{key}>", lambda _event, step=step: self._move(step))  # type: ignore[misc]
        self.bind("<Home>", lambda _event: self._go(0))
        self.bind("<End>", lambda _event: self._go(len(self._values) - 1))
        self.bind("<Button-1>", self._clicked)
        self.set(value)

    @property
    def value(self) -> Any:
        """The chosen value."""
        return self._values[self._index][0]

    def set(self, value: Any) -> None:
        """Choose ``value`` (the first one, if it is not there) without a word or a command."""
        known = [one for one, _label in self._values]
        self._index = known.index(value) if value in known else 0
        self.configure(text=f"◂ {self._values[self._index][1]} ▸")

    def _spoken(self) -> str:
        return f"{self._values[self._index][1]}, {self._index + 1} of {len(self._values)}"

    def _move(self, step: int) -> str:
        return self._go(max(0, min(len(self._values) - 1, self._index + step)))

    def _go(self, index: int) -> str:
        moved = index != self._index
        self.set(self._values[index][0])
        self_voicing.changed(self)
        if moved and self._command is not None:
            self._command(self.value)
        return "break"

    def _clicked(self, event: "tk.Event[tk.Misc]") -> None:
        self.focus_set()
        self._move(-1 if event.x < self.winfo_width() / 2 else 1)


class Check(tk.Checkbutton):
    """On or off: Space and Return change it; ``command(on)`` is called after each change."""

    def __init__(
        self,
        master: tk.Misc,
        text: str,
        on: bool,
        command: Callable[[bool], Any] | None = None,
    ) -> None:
        self._on = tk.BooleanVar(master, on)
        self._then = command
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
        theme.dress(self, "check")
        self._show()
        self_voicing.name(self, text, state=lambda: "checked" if self._on.get() else "not checked")
        press_with_return(self)

    @property
    def on(self) -> bool:
        return self._on.get()

    def set(self, on: bool) -> None:
        """Switch it without a word or a command."""
        self._on.set(on)
        self._show()

    def destroy(self) -> None:
        """Take it away, with its variable: that must not be freed on another thread."""
        super().destroy()
        del self._on

    def _show(self) -> None:
        self.configure(text=f"{CHECKED if self._on.get() else UNCHECKED}  {self._label}")

    def _changed(self) -> None:
        self._show()
        self_voicing.changed(self)
        if self._then is not None:
            self._then(self._on.get())


class Slider(tk.Scale):
    """A number: Right and Up more, Left and Down less, Page Up and Page Down five steps at once.

    ``unit`` is said behind the number; ``command(value)`` is called after each change.
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
        self._then = command
        self._unit = unit
        theme.dress(self, "slider")
        super().set(value)
        self.configure(command=self._dragged)
        self_voicing.name(self, name, state=self._spoken)
        steps = {"Right": 1, "Up": 1, "Left": -1, "Down": -1, "Prior": 5, "Next": -5}
        for key, times in steps.items():
            self.bind(f"<{key}>", lambda _event, by=times * step: self._go(self.value + by))  # type: ignore[misc]
        self.bind("<Home>", lambda _event: self._go(low))
        self.bind("<End>", lambda _event: self._go(high))

    @property
    def value(self) -> int:
        return int(self.get())

    def put(self, value: int) -> None:
        """Move it without a word or a command."""
        self.configure(command="")
        super().set(value)
        self.configure(command=self._dragged)

    def _spoken(self) -> str:
        return f"{self.value} {self._unit}".strip()

    def _go(self, value: int) -> str:
        low, high = self._limits
        wanted = max(low, min(high, value))
        moved = wanted != self.value
        self.put(wanted)
        self_voicing.changed(self)
        if moved and self._then is not None:
            self._then(wanted)
        return "break"

    def _dragged(self, _value: str) -> None:
        self_voicing.changed(self)
        if self._then is not None:
            self._then(self.value)


class Entry(tk.Entry):
    """One line to type into. The window's keys come before Tk's own, as in the texts."""

    def __init__(self, master: tk.Misc, text: str = "", *, name: str = "", **options: Any) -> None:
        options = {"font": theme.font("button"), "borderwidth": 4, "relief": "flat", **options}
        super().__init__(master, **options)
        theme.dress(self, "entry")
        self.insert(0, text)
        self.bindtags((str(self), str(self.winfo_toplevel()), "Entry", "all"))
        # Tk on X11 goes to the beginning instead, as Emacs does.
        for key in ("<Control-a>", "<Control-Lock-A>"):
            self.bind(key, self._select_all)
        if name:
            self_voicing.name(self, name)

    def _select_all(self, _event: object) -> str:
        self.selection_range(0, "end")
        self.icursor("end")
        self_voicing.tell(self, f"{self.get()} selected" if self.get() else "empty")
        return "break"

    def show(self, text: str) -> None:
        """Replace what is typed; the caret goes to its end."""
        self.delete(0, "end")
        self.insert(0, text)
        self.icursor("end")


class ItemList(tk.Listbox):
    """A list with one cursor; the first letters of an item lead to it."""

    def __init__(self, master: tk.Misc, *, name: str = "", **options: Any) -> None:
        options = {
            "font": theme.font("button"),
            "activestyle": "none",
            "selectmode": "browse",
            "exportselection": False,
            "borderwidth": 0,
            **options,
        }
        super().__init__(master, **options)
        theme.dress(self, "list")
        self._items: list[str] = []
        self._folded: list[str] = []  # the items, as typed letters find them
        self._ahead = TypeAhead()
        if name:
            self_voicing.name(self, name)
        self.bind("<KeyPress>", self._type_ahead)
        self.bind("<Home>", lambda _event: self._go_and_say(0))
        self.bind("<End>", lambda _event: self._go_and_say(len(self._items) - 1))

    @property
    def items(self) -> list[str]:
        return list(self._items)

    def set_items(self, items: Sequence[str]) -> None:
        """Replace all items; the cursor goes to the first."""
        self._items = list(items)
        self._folded = [fold(item) for item in items]
        self._ahead.forget()
        self.delete(0, "end")
        self.insert("end", *self._items)
        self.go(0)

    def extend(self, items: Sequence[str]) -> None:
        """More at the end; the cursor stays."""
        was_empty = not self._items
        self._items += items
        self._folded += [fold(item) for item in items]
        self.insert("end", *items)
        if was_empty:
            self.go(0)

    @property
    def cursor(self) -> int:
        """Where the cursor is; -1 in an empty list."""
        return int(self.index("active")) if self._items else -1

    def go(self, index: int) -> None:
        """Move the cursor to ``index`` without a word."""
        if not self._items:
            return
        index = max(0, min(len(self._items) - 1, index))
        self.selection_clear(0, "end")
        self.selection_set(index)
        self.activate(index)
        self.see(index)

    def _go_and_say(self, index: int) -> str:
        self.go(index)
        self_voicing.item(self)
        return "break"

    def _type_ahead(self, event: "tk.Event[tk.Misc]") -> str | None:
        letter = typed_letter(event)
        if not letter or (letter == " " and not self._ahead.under_way):
            return None
        found = self._ahead.typed(letter, self._folded, self.cursor)
        if found is not None:
            return self._go_and_say(found)
        words = f"Nothing begins with {self._ahead.letters}." if self._items else "empty"
        self_voicing.tell(self, words)
        return "break"


def typed_letter(event: "tk.Event[tk.Misc]") -> str:
    """The sign that a key types; nothing for a key that types none, or is a command."""
    typed = event.char and event.char.isprintable() and not is_command(event.state)
    return event.char if typed else ""


def is_command(state: int | str) -> bool:
    """Whether a key is no letter. Windows writes AltGr, which types signs, as Control and Alt."""
    if not isinstance(state, int):
        return False
    return bool(state & ALT or (state & CONTROL and not state & WINDOWS_ALT))


def press_with_return(button: tk.Button | tk.Checkbutton) -> None:
    """Let Return press it; once, though some Tk's have a binding of their own for that."""

    def press(_event: object) -> str:
        button.invoke()
        return "break"

    for key in RETURN_KEYS:
        button.bind(key, press)
