"""Self-voicing: one layer that all widgets pass through, so that none can be forgotten.

Windows only name their widgets, with ``name``. What has the focus, what changed its value, which
item or menu entry is chosen and where the caret stands is found out here, and said as name, role,
state and position. Tk 8.6 tells screen readers nothing; Tk 9.1 does, and is given the same words.
"""

import tkinter as tk
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

from image_describer.app import keymap
from image_describer.app.voice import caret, native

Words = Callable[[], str]
ROLES = {
    "Button": "button",
    "Checkbutton": "check box",
    "Scale": "slider",
    "Entry": "edit box",
    "Listbox": "list",
    "Text": "text",
    "Canvas": "picture",
}
EMPTY = "empty"


@dataclass
class Named:
    """What the layer knows of one widget; see ``name``."""

    name: str
    role: str
    state: Words | None
    position: Words | None
    hint: str


def name(
    widget: tk.Misc,
    name: str,
    *,
    role: str = "",
    state: Words | None = None,
    position: Words | None = None,
    hint: str = "",
) -> None:
    """Say what ``widget`` is called, and what it is where its kind does not tell.

    ``state()`` gives its value ("180 words a minute"), ``position()`` its place ("3 of 7"; by
    default among its siblings of the same role); ``hint`` is said last, once the focus is there.
    """
    cast(Any, widget).voicing_named = Named(name, role, state, position, hint)
    native.describe(widget, name, role_of(widget), state() if state else "")


def named(widget: tk.Misc) -> Named | None:
    """What ``name`` noted for ``widget``."""
    return getattr(widget, "voicing_named", None)


def title(window: tk.Misc, title: str) -> None:
    """Say what ``window`` is called when the focus comes into it: "Settings, dialog"."""
    cast(Any, window).voicing_title = title


def is_known(widget: tk.Misc) -> None:
    """Don't say ``widget`` when the focus comes to it next: its words are said otherwise."""
    layer = _layer(widget)
    if layer is not None:
        layer.is_known(widget)


def changed(widget: tk.Misc) -> None:
    """Say the new value of ``widget``."""
    state = state_of(widget)
    native.value(widget, state)
    layer = _layer(widget)
    # If the focus has only just come, its words are still to be said, and hold the new value.
    if layer is not None and state and not layer.about_to_speak:
        layer.say(state)


def tell(widget: tk.Misc, words: str) -> None:
    """Say what a key has done to ``widget`` that no state tells."""
    layer = _layer(widget)
    if layer is not None:
        layer.say(words)


def item(widget: tk.Misc) -> None:
    """Say the item of a list that the cursor is on now."""
    changed(widget)


def spoken(widget: tk.Misc) -> str:
    """Name, role, state and position of ``widget``, and its hint."""
    known = named(widget)
    parts = [_name_of(widget), role_of(widget), state_of(widget), position_of(widget)]
    if known is not None and known.hint:
        parts[-1:] = [f"{parts[-1]}. {known.hint}" if parts[-1] else known.hint]
    return ", ".join(part for part in parts if part)


def role_of(widget: tk.Misc) -> str:
    """ "button", "slider" ...; what it was named as, or what Tk's class of widgets is."""
    known = named(widget)
    if known is not None and known.role:
        return known.role
    return ROLES.get(widget.winfo_class(), "")


def state_of(widget: tk.Misc) -> str:
    """The value of ``widget`` in words, or nothing."""
    known = named(widget)
    if known is not None and known.state is not None:
        return known.state()
    if isinstance(widget, tk.Entry):
        return widget.get() or EMPTY
    if isinstance(widget, tk.Text):
        return caret.line(widget) or EMPTY
    if isinstance(widget, tk.Listbox):
        return caret.list_item(widget)
    return "unavailable" if _option(widget, "state") == "disabled" else ""


def position_of(widget: tk.Misc) -> str:
    """ "3 of 7": the place of ``widget`` among its siblings of the same role; nothing if alone."""
    known = named(widget)
    if known is not None and known.position is not None:
        return known.position()
    if isinstance(widget, tk.Text | tk.Entry | tk.Listbox | tk.Canvas):
        return ""
    role = role_of(widget)
    peers = [
        other
        for other in cast(tk.Misc, widget.master).winfo_children()
        if role_of(other) == role and _takes_focus(other)
    ]
    if len(peers) < 2 or widget not in peers:
        return ""
    return f"{peers.index(widget) + 1} of {len(peers)}"


def _takes_focus(widget: tk.Misc) -> bool:
    return _option(widget, "takefocus") not in ("0", "")


def _name_of(widget: tk.Misc) -> str:
    known = named(widget)
    if known is not None:
        return known.name
    return _option(widget, "text").split("\n")[0]


def _option(widget: tk.Misc, option: str) -> str:
    try:
        return str(widget.cget(option))
    except tk.TclError:  # this kind of widget has none
        return ""


def _layer(widget: tk.Misc) -> "Voicing | None":
    return getattr(cast(Any, widget)._root(), "voicing_layer", None)


class Voicing:
    """The layer: listens to all widgets of ``root``, and calls ``say(text)``.

    ``answered()`` tells whether a command has just said something itself, or is about to.
    """

    def __init__(
        self, root: tk.Tk, say: Callable[[str], None], answered: Callable[[], bool]
    ) -> None:
        self._root = root
        self.say = say
        self._answered = answered
        self._last: tk.Misc | None = None
        self._known: set[str] = set()  # paths of widgets, of which each holds once
        self._window: tk.Misc | None = None
        self._pending: str | None = None
        self._caret: dict[str, caret.Place] = {}
        self._menu_entry = ""
        self._before_menu: tk.Misc | None = None
        cast(Any, root).voicing_layer = self
        root.bind_all("<FocusIn>", self._focus_in, add="+")
        root.bind_all("<FocusOut>", self._focus_out, add="+")
        root.bind_all("<KeyPress>", self._key, add="+")
        root.bind_all("<<ListboxSelect>>", self._selected, add="+")
        root.bind_all("<<MenuSelect>>", self._menu_moved, add="+")

    @property
    def about_to_speak(self) -> bool:
        """Whether a move of the focus is still to be said."""
        return self._pending is not None

    def is_known(self, widget: tk.Misc) -> None:
        """See the function of this name."""
        self._known.add(str(widget))

    def again(self) -> None:
        """Say where the focus is, though it did not move."""
        self._last = None
        self._announce()

    def _focus_in(self, event: "tk.Event[tk.Misc]") -> None:
        # Tk delivers FocusIn twice on X11, and to the window before the widget: once all have
        # come, only what has the focus in the end is said.
        if self._pending is None and isinstance(event.widget, tk.Misc):
            self._pending = self._root.after_idle(self._announce)

    def _announce(self) -> None:
        self._pending = None
        widget = focused(self._root)
        if widget is None or isinstance(widget, tk.Tk | tk.Toplevel | tk.Menu):
            return
        if isinstance(widget, tk.Text | tk.Entry):
            self._caret[str(widget)] = caret.place(widget)
        # Who closes a menu or a dialog by a command hears its answer; that the focus is back where
        # it was is no news.
        window = widget.winfo_toplevel()
        home = window is self._root and self._window is not window
        back = (home or widget is self._before_menu) and self._answered()
        silent = back or widget is self._last or str(widget) in self._known
        self._last, self._before_menu = widget, None
        self._known.discard(str(widget))
        if silent:
            self._window = window
            return
        words = spoken(widget)
        if window is not self._window:
            self._window = window
            heading = getattr(window, "voicing_title", "")
            words = f"{heading}. {words}" if heading else words
        native.focus(widget)
        if words:
            self.say(words)

    def _focus_out(self, _event: object) -> None:
        self._root.after_idle(self._look_away)

    def _look_away(self) -> None:
        """Once the focus has gone to another program, coming back is worth a word."""
        if focused(self._root) is None:
            self._last = self._window = None

    def _key(self, event: "tk.Event[tk.Misc]") -> None:
        """A key came through to a text: say what the caret met or what was typed."""
        widget = event.widget
        if isinstance(widget, tk.Text | tk.Entry):
            now = caret.place(widget)
            before = self._caret.get(str(widget), now)
            self._caret[str(widget)] = now
            if isinstance(widget, tk.Text) and before.text != now.text:
                before = caret.Place(0, "", now.text)  # it can't be typed into: it shows another
            words = caret.moved(widget, event.keysym, caret.modifiers(event), before, now)
            if words:
                self.say(words)

    def _selected(self, event: "tk.Event[tk.Misc]") -> None:
        if isinstance(event.widget, tk.Listbox) and focused(self._root) is event.widget:
            self.say(state_of(event.widget))

    def _menu_moved(self, event: "tk.Event[tk.Misc]") -> None:
        # The bar's menus are copies that Tk made itself: known to Tcl by their path only.
        words = menu_entry(self._root, str(event.widget))
        if words and words != self._menu_entry:
            self.say(words)
        self._menu_entry = words
        if self._last is not None:
            self._before_menu, self._last = self._last, None


def focused(root: tk.Misc) -> tk.Misc | None:
    """The widget with the focus; None while it is elsewhere, or on a menu that Tk made itself."""
    try:
        return root.focus_get()
    except KeyError:
        return None


def menu_entry(root: tk.Misc, menu: str) -> str:
    """The active entry of the menu with this path: "Open, Control O, 1 of 3"; nothing if none."""
    call = root.tk.call
    try:
        index = call(menu, "index", "active")
        last = call(menu, "index", "end")
        if str(index) in ("none", "", "-1"):
            return ""
        kind = str(call(menu, "type", index))
        if kind == "separator":
            return "separator"
        label = str(call(menu, "entrycget", index, "-label"))
        key = str(call(menu, "entrycget", index, "-accelerator")) if kind != "cascade" else ""
    except tk.TclError:
        return ""
    role = "menu" if kind == "cascade" else ""
    parts = [label, keymap.spoken(key) if key else "", role, f"{int(index) + 1} of {int(last) + 1}"]
    return ", ".join(part for part in parts if part)
