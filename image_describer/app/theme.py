"""Colours, fonts and focus rings of all widgets; two palettes and any text size, changed live."""

import tkinter as tk
from dataclasses import dataclass
from typing import Any, cast

FOCUS_PX = 4  # thick enough to be found at a glance by someone with low vision
# The fonts of the dialogs that Tk itself draws on Linux, which are small by default.
TK_FONTS = ("TkDefaultFont", "TkTextFont", "TkHeadingFont", "TkCaptionFont", "TkIconFont")
FAMILY = "TkDefaultFont"
POINTS = {"sentence": 22, "help": 16, "button": 14, "status": 13}  # at a text size of 100 percent


@dataclass(frozen=True)
class Palette:
    """Colours by their use. All text has a contrast of at least 7:1 (WCAG 2.2, level AAA)."""

    background: str
    text: str
    quiet_text: str
    button: str
    button_pressed: str
    edge: str  # the border of controls without the focus
    focus: str
    selection: str
    selection_text: str


NORMAL = Palette(
    background="#000000",
    text="#ffffff",
    quiet_text="#d0d0d0",
    button="#262626",
    button_pressed="#4d4d4d",
    edge="#262626",
    focus="#ffd500",
    selection="#ffd500",
    selection_text="#000000",
)
HIGH_CONTRAST = Palette(
    background="#000000",
    text="#ffffff",
    quiet_text="#ffffff",
    button="#000000",
    button_pressed="#000000",
    edge="#ffffff",
    focus="#ffff00",
    selection="#ffff00",
    selection_text="#000000",
)


def _focus_ring(palette: Palette, edge: str) -> dict[str, Any]:
    return {
        "highlightthickness": FOCUS_PX,
        "highlightbackground": edge,
        "highlightcolor": palette.focus,
        "takefocus": 1,
    }


def options(kind: str, palette: Palette) -> dict[str, Any]:
    """Tk's options for one kind of widget: "window", "frame", "text", "button", "label", "status",
    "entry", "list", "slider", "check", "choice", "picture" or "menu".
    """
    plain: dict[str, Any] = {"background": palette.background}
    typed = {**plain, "foreground": palette.text}
    selected = {
        "selectbackground": palette.selection,
        "selectforeground": palette.selection_text,
    }
    pressed = {
        "background": palette.button,
        "foreground": palette.text,
        "activebackground": palette.button_pressed,
        "activeforeground": palette.text,
    }
    kinds: dict[str, dict[str, Any]] = {
        "window": {
            **plain,
            "highlightbackground": palette.quiet_text,
            "highlightcolor": palette.quiet_text,
        },
        "frame": plain,
        "picture": {**plain, **_focus_ring(palette, palette.background)},
        "text": {
            **typed,
            **selected,
            "insertbackground": palette.focus,
            "inactiveselectbackground": palette.selection,
            **_focus_ring(palette, palette.background),
        },
        "entry": {
            **typed,
            **selected,
            "insertbackground": palette.focus,
            **_focus_ring(palette, palette.quiet_text),
        },
        "list": {**typed, **selected, **_focus_ring(palette, palette.quiet_text)},
        "button": {**pressed, **_focus_ring(palette, palette.edge)},
        "choice": {
            "background": palette.button,
            "foreground": palette.text,
            **_focus_ring(palette, palette.edge),
        },
        # The check mark is part of the text, so that it grows with the font: Tk's own is tiny.
        "check": {
            **pressed,
            "selectcolor": palette.button,
            "indicatoron": False,
            "offrelief": "flat",
            "overrelief": "flat",
            **_focus_ring(palette, palette.edge),
        },
        "slider": {
            **typed,
            "activebackground": palette.focus,
            "troughcolor": palette.quiet_text,
            **_focus_ring(palette, palette.edge),
        },
        "label": typed,
        "status": {**plain, "foreground": palette.quiet_text},
        "menu": {
            "background": palette.button,
            "foreground": palette.text,
            "activebackground": palette.focus,
            "activeforeground": palette.selection_text,
        },
    }
    return kinds[kind]


class Theme:
    """The palette and the fonts of one Tk program; widgets with a style follow its changes."""

    def __init__(self, root: tk.Tk) -> None:
        self._root = root
        self.palette = NORMAL
        self._on_x11 = root.tk.call("tk", "windowingsystem") == "x11"
        family = str(root.tk.call("font", "actual", FAMILY, "-family"))
        for use, points in POINTS.items():
            root.tk.call("font", "create", font(use), "-family", family, "-size", points)
        cast(Any, root).image_describer_theme = self
        self.change(high_contrast=False, text_size=100)

    def change(self, *, high_contrast: bool, text_size: int) -> None:
        """Apply a palette and a text size (in percent) to all widgets."""
        self.palette = HIGH_CONTRAST if high_contrast else NORMAL
        sizes = {use: max(6, round(points * text_size / 100)) for use, points in POINTS.items()}
        for use, points in sizes.items():
            self._root.tk.call("font", "configure", font(use), "-size", points)
        if self._on_x11:
            for name in TK_FONTS:
                self._root.tk.call("font", "configure", name, "-size", sizes["status"])
        menu = {**options("menu", self.palette), "font": font("status")}
        for option, value in menu.items():
            # The option database spells activebackground activeBackground.
            database_name = option.replace("activeb", "activeB").replace("activef", "activeF")
            self._root.option_add(f"*Menu.{database_name}", value)
        self._restyle(self._root)

    def _restyle(self, widget: tk.Misc) -> None:
        kind = getattr(widget, "style_kind", "menu" if isinstance(widget, tk.Menu) else "")
        if kind:
            cast(Any, widget).configure(**options(kind, self.palette))
        for child in widget.winfo_children():
            self._restyle(child)


def theme_of(widget: tk.Misc) -> Theme:
    """Return the theme of the program that ``widget`` belongs to, making it on the first call."""
    root = cast(Any, widget)._root()
    existing = getattr(root, "image_describer_theme", None)
    return existing if existing is not None else Theme(root)


def apply_style(widget: tk.Misc, kind: str) -> None:
    """Give ``widget`` the colours and the focus ring of its kind, kept up to date by `Theme`."""
    cast(Any, widget).style_kind = kind
    cast(Any, widget).configure(**options(kind, theme_of(widget).palette))


def font(use: str) -> str:
    """Return the name of the font for "sentence", "help", "button" or "status".

    The font itself follows the text size and, as it is given in points, the screen's scaling.
    """
    return f"ImageDescriber{use.capitalize()}"
