"""Speaks the focus of all widgets, changes of their values, menu entries and the caret.

Windows only name their widgets, with `set_name`; each is spoken as name, role, state and position.
Tk 8.6 tells screen readers nothing; Tk 9.1 does, and gets the same words (native.py).
"""

import tkinter as tk
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

from image_describer.app import keymap
from image_describer.app.modifier_keys import event_state
from image_describer.app.voice import caret, native
from image_describer.i18n import N_, _

TextFunction = Callable[[], str]
ROLES = {
    "TButton": "button",
    "TCheckbutton": N_("check box"),
    "TScale": "slider",
    "TEntry": N_("edit box"),
    "Listbox": "list",
    "Text": "text",
    "Canvas": "image",
}
EMPTY = N_("empty")


@dataclass
class WidgetInfo:
    """What `set_name` was given for one widget."""

    name: str
    role: str
    state: TextFunction | None
    position: TextFunction | None
    hint: str
    language: str


def set_name(
    widget: tk.Misc,
    name: str,
    *,
    role: str = "",
    state: TextFunction | None = None,
    position: TextFunction | None = None,
    hint: str = "",
    language: str = "",
) -> None:
    """Give ``widget`` a name, and a role if its class has another one.

    ``state()`` returns its value ("180 words a minute"), ``position()`` its position ("3 of 7"; by
    default among its siblings of the same role); ``hint`` is said last when it gets the focus.
    ``language`` is that of a text, as in `Speaker.say`, if it is not the program's.
    """
    cast(Any, widget).widget_info = WidgetInfo(name, role, state, position, hint, language)
    native.describe(widget, name, role_of(widget), state() if state else "")


def widget_info(widget: tk.Misc) -> WidgetInfo | None:
    """What `set_name` was given for ``widget``."""
    return getattr(widget, "widget_info", None)


def set_title(window: tk.Misc, title: str) -> None:
    """Set what is said when the focus enters ``window``: "Settings, dialog"."""
    cast(Any, window).spoken_title = title


def skip_next_focus(widget: tk.Misc) -> None:
    """Don't announce ``widget`` when it gets the focus next: it is said in another way."""
    voicing = _self_voicing(widget)
    if voicing is not None:
        voicing.skip_next_focus(widget)


def value_changed(widget: tk.Misc) -> None:
    """Say the new value of ``widget``, or the item of a list that is active now."""
    state = state_of(widget)
    native.value(widget, state)
    voicing = _self_voicing(widget)
    # An announcement of the focus that is still due will include the new value.
    if voicing is not None and state and not voicing.focus_pending:
        voicing.say(state)


def say_for(widget: tk.Misc, text: str) -> None:
    """Say what a key has done to ``widget``, if its state doesn't show that."""
    voicing = _self_voicing(widget)
    if voicing is not None:
        voicing.say_for(widget, text)


def caret_moved(widget: caret.TextWidget) -> None:
    """The program has moved the caret of ``widget``, and says so in another way, if at all."""
    voicing = _self_voicing(widget)
    if voicing is not None:
        voicing.remember_caret(widget)


def spoken_text(widget: tk.Misc, *, hinted: bool = True) -> str:
    """Name, role, state and position of ``widget``, and its hint."""
    info = widget_info(widget)
    parts = [_name_of(widget), _(role_of(widget)), state_of(widget), position_of(widget)]
    if hinted and info is not None and info.hint:
        parts[-1:] = [f"{parts[-1]}. {info.hint}" if parts[-1] else info.hint]
    return ", ".join(part for part in parts if part)


def role_of(widget: tk.Misc) -> str:
    """Its role in English, such as "button": the one it was given, or that of its Tk class."""
    info = widget_info(widget)
    if info is not None and info.role:
        return info.role
    return ROLES.get(widget.winfo_class(), "")


def state_of(widget: tk.Misc) -> str:
    """The value of ``widget`` in words; may be empty."""
    info = widget_info(widget)
    if info is not None and info.state is not None:
        return info.state()
    if isinstance(widget, tk.Entry):
        return widget.get() or _(EMPTY)
    if isinstance(widget, tk.Text):
        return caret.paragraph(widget) or _(EMPTY)
    if isinstance(widget, tk.Listbox):
        return caret.list_item(widget)
    return _("unavailable") if _option(widget, "state") == "disabled" else ""


def position_of(widget: tk.Misc) -> str:
    """Its position among its siblings of the same role, "3 of 7"; empty if it is the only one."""
    info = widget_info(widget)
    if info is not None and info.position is not None:
        return info.position()
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
    return _("{number} of {count}").format(number=peers.index(widget) + 1, count=len(peers))


def _takes_focus(widget: tk.Misc) -> bool:
    return _option(widget, "takefocus") not in ("0", "")


def _name_of(widget: tk.Misc) -> str:
    info = widget_info(widget)
    if info is not None:
        return info.name
    return _option(widget, "text").split("\n")[0]


def _option(widget: tk.Misc, option: str) -> str:
    try:
        return str(widget.cget(option))
    except tk.TclError:  # this kind of widget has none
        return ""


def _self_voicing(widget: tk.Misc) -> "SelfVoicing | None":
    return getattr(cast(Any, widget)._root(), "self_voicing", None)


class SelfVoicing:
    """Listens to all widgets of ``root``, and calls ``say(text, language)``.

    ``language`` is that of a text that has another one than the program, else empty.
    ``answered()`` returns whether a command has just said something itself, or is about to.
    """

    def __init__(
        self, root: tk.Tk, say: Callable[[str, str], None], answered: Callable[[], bool]
    ) -> None:
        self._root = root
        self._say = say
        self._answered = answered
        self._last_widget: tk.Misc | None = None
        self._last_window: tk.Misc | None = None
        self._before_menu: tk.Misc | None = None
        self._skipped: set[str] = set()  # paths of widgets whose next focus is not announced
        self._pending: str | None = None
        self._carets: dict[str, caret.CaretState] = {}
        self._menu_entry = ""
        self._menu_texts: list[str] = []  # of the menu that was opened and its first entry
        cast(Any, root).self_voicing = self
        root.bind_all("<FocusIn>", self._focus_in, add="+")
        root.bind_all("<FocusOut>", self._focus_out, add="+")
        root.bind_all("<KeyPress>", self._key, add="+")
        root.bind_all("<<ListboxSelect>>", self._selected, add="+")
        root.bind_all("<<MenuSelect>>", self._menu_selected, add="+")

    @property
    def focus_pending(self) -> bool:
        """Whether a change of the focus is still to be announced."""
        return self._pending is not None

    def say(self, text: str) -> None:
        """Say a text of the program."""
        self._say(text, "")

    def say_for(self, widget: tk.Misc, text: str) -> None:
        """See the function of this name."""
        info = widget_info(widget)
        language = info.language if info is not None else ""
        if isinstance(widget, tk.Text | tk.Entry):
            self.remember_caret(widget)
            # What is not quoted, such as "blank" or "capital A", is in the program's own language.
            language = language if text in self._carets[str(widget)].text else ""
        self._say(text, language)

    def remember_caret(self, widget: caret.TextWidget) -> None:
        """Compare the caret after the next key with where it is now."""
        self._carets[str(widget)] = caret.caret_state(widget)

    def skip_next_focus(self, widget: tk.Misc) -> None:
        """See the function of this name."""
        self._skipped.add(str(widget))

    def _focus_in(self, event: "tk.Event[tk.Misc]") -> None:
        # On X11, Tk delivers FocusIn twice, and to the window before the widget. Once all events
        # have come, only the final focus is announced.
        if self._pending is None and isinstance(event.widget, tk.Misc):
            self._pending = self._root.after_idle(self._announce_focus)

    def _announce_focus(self) -> None:
        self._pending = None
        widget = focused(self._root)
        if widget is None or isinstance(widget, tk.Tk | tk.Toplevel | tk.Menu):
            return
        if isinstance(widget, tk.Text | tk.Entry):
            self.remember_caret(widget)
        window = widget.winfo_toplevel()
        # A command that closes a menu or a dialog is answered; that the focus has returned to
        # where it was is not worth saying then.
        returned = (
            window is self._root and self._last_window is not window
        ) or widget is self._before_menu
        silent = (
            (returned and self._answered())
            or widget is self._last_widget
            or str(widget) in self._skipped
        )
        self._last_widget, self._before_menu = widget, None
        self._skipped.discard(str(widget))
        if silent:
            self._last_window = window
            return
        # A window that opens is short: F1 tells its keys, and Tab leads to the hint, too.
        text = spoken_text(widget, hinted=window is self._last_window)
        if window is not self._last_window:
            self._last_window = window
            title = getattr(window, "spoken_title", "")
            text = f"{title}. {text}" if title else text
        native.focus(widget)
        if text:
            self.say(text)

    def _focus_out(self, _event: object) -> None:
        self._root.after_idle(self._check_focus_left)

    def _check_focus_left(self) -> None:
        """When the focus returns from another program, it is announced again."""
        if focused(self._root) is None:
            self._last_widget = self._last_window = None

    def _key(self, event: "tk.Event[tk.Misc]") -> None:
        """A key has reached a text: say what the caret met or what was typed."""
        widget = event.widget
        if not isinstance(widget, tk.Text | tk.Entry):
            return
        now = caret.caret_state(widget)
        before = self._carets.get(str(widget), now)
        if isinstance(widget, tk.Text) and before.text != now.text:
            # It is read-only, so the program has put another text into it.
            before = caret.CaretState(0, "", now.text)
        text = caret.announcement(widget, event.keysym, event_state(event), before, now)
        if text:
            self.say_for(widget, text)
        else:
            self.remember_caret(widget)

    def _selected(self, event: "tk.Event[tk.Misc]") -> None:
        if isinstance(event.widget, tk.Listbox) and focused(self._root) is event.widget:
            self.say(state_of(event.widget))

    def _menu_selected(self, event: "tk.Event[tk.Misc]") -> None:
        # Tk makes copies of the menu bar's menus, which have no tkinter objects.
        text = menu_entry(self._root, str(event.widget))
        if text and text != self._menu_entry:
            # The first entry of a menu that opens follows at once: both are said together.
            if not self._menu_texts:
                self._root.after_idle(self._say_menu)
            self._menu_texts.append(text)
        self._menu_entry = text
        if self._last_widget is not None:
            self._before_menu, self._last_widget = self._last_widget, None

    def _say_menu(self) -> None:
        texts, self._menu_texts = self._menu_texts, []
        if self._menu_entry:  # otherwise it was closed meanwhile
            self.say(". ".join(texts[-2:]))


def focused(root: tk.Misc) -> tk.Misc | None:
    """The widget with the focus; None if another program or a menu made by Tk has it."""
    try:
        return root.focus_get()
    except KeyError:
        return None


def menu_entry(root: tk.Misc, menu: str) -> str:
    """The active entry of the menu with this path: "Open, Control O, 1 of 3"; empty if none."""
    call = root.tk.call
    try:
        index = call(menu, "index", "active")
        last = call(menu, "index", "end")
        if str(index) in ("none", "", "-1"):
            return ""
        kind = str(call(menu, "type", index))
        if kind == "separator":
            return _("separator")
        label = str(call(menu, "entrycget", index, "-label"))
        key = str(call(menu, "entrycget", index, "-accelerator")) if kind != "cascade" else ""
    except tk.TclError:
        return ""
    if kind == "cascade":
        return _("{name} menu").format(name=label)
    parts = [
        label,
        keymap.spoken_accelerator(key) if key else "",
        _("{number} of {count}").format(number=int(index) + 1, count=int(last) + 1),
    ]
    return ", ".join(part for part in parts if part)
