"""Colours, fonts and the look of all widgets: light, dark or high contrast, in any text size."""

import tkinter as tk
from dataclasses import asdict, dataclass
from tkinter import font as tkfont
from tkinter import ttk
from typing import Any, Literal, cast

from image_describer.app.theme_elements import ElementMaker, Sizes

FOCUS_PX = 4  # thick enough to be found at a glance by someone with low vision
STANDARD_SCALING = 96 / 72  # Tk's pixels per point on a screen that is not scaled
# The fonts of the dialogs that Tk itself draws on Linux, which are small by default.
TK_FONTS = ("TkDefaultFont", "TkTextFont", "TkHeadingFont", "TkCaptionFont", "TkIconFont")
FAMILY = "TkDefaultFont"
POINTS = {"sentence": 26, "heading": 18, "help": 16, "button": 14, "status": 13}  # at 100 percent
BOLD = ("heading",)
BUTTON_PADDING = (12, 5)  # pixels at the sides, above and below
LABEL_PADDING = (6, 2)
WRAP_STEP_PX = 8  # so that a window that is resized does not make a style for each pixel
Look = Literal["light", "dark", "high contrast"]  # untranslated


@dataclass(frozen=True)
class Palette:
    """Colours by their use; light and dark are those of the service's page.

    WCAG 2.2, level AAA: all text has a contrast of at least 7:1, borders have 3:1 with the
    background and with the surface (cards, edit boxes, lists).
    """

    background: str
    surface: str
    text: str
    quiet_text: str
    border: str
    button: str
    hover: str
    accent: str  # the button that Return presses, check marks, handles
    accent_hover: str
    accent_text: str
    chip: str
    focus: str  # of the ring; no other part has it
    selection: str
    selection_text: str


PALETTES: dict[Look, Palette] = {
    "light": Palette(
        background="#f6f6f3",
        surface="#ffffff",
        text="#1a1a1a",
        quiet_text="#4a4a4a",
        border="#7d7d79",
        button="#ffffff",
        hover="#e9e9e4",
        accent="#0b3f8f",
        accent_hover="#072c66",
        accent_text="#ffffff",
        chip="#dfe7f5",
        focus="#982800",
        selection="#0b3f8f",
        selection_text="#ffffff",
    ),
    "dark": Palette(
        background="#141416",
        surface="#1f1f23",
        text="#f1f1ef",
        quiet_text="#c3c3c0",
        border="#7c7c82",
        button="#1f1f23",
        hover="#34343a",
        accent="#a9cbff",
        accent_hover="#d3e4ff",
        accent_text="#141416",
        chip="#2b3547",
        focus="#ffd500",
        selection="#a9cbff",
        selection_text="#141416",
    ),
    "high contrast": Palette(  # untranslated
        background="#000000",
        surface="#000000",
        text="#ffffff",
        quiet_text="#ffffff",
        border="#ffffff",
        button="#000000",
        hover="#333333",
        accent="#ffffff",
        accent_hover="#d0d0d0",
        accent_text="#000000",
        chip="#000000",
        focus="#ffff00",
        selection="#ffff00",
        selection_text="#000000",
    ),
}


def options(kind: str, palette: Palette) -> dict[str, Any]:
    """Tk's options for the widgets that have no ttk twin: "window", "frame", "text", "list",
    "picture" or "menu".
    """
    plain: dict[str, Any] = {"background": palette.background}
    # The card around it has the border and shows the focus.
    on_card = {"background": palette.surface, "highlightthickness": 0}
    typed = {
        **on_card,
        "foreground": palette.text,
        "selectbackground": palette.selection,
        "selectforeground": palette.selection_text,
    }
    kinds: dict[str, dict[str, Any]] = {
        "window": {
            **plain,
            "highlightbackground": palette.quiet_text,
            "highlightcolor": palette.quiet_text,
        },
        "frame": plain,
        "picture": {**on_card, "takefocus": 1},
        "text": {
            **typed,
            "insertbackground": palette.focus,
            "inactiveselectbackground": palette.selection,
        },
        "list": typed,
        "menu": {
            "background": palette.surface,
            "foreground": palette.text,
            "activebackground": palette.selection,
            "activeforeground": palette.selection_text,
        },
    }
    return kinds[kind]


class Theme:
    """The look of one Tk program; all widgets follow its changes.

    ttk's styles beside those of its classes: Card.TFrame (rounded, with the ring of the focus while
    its state is "focus"), Quiet.TLabel, Heading.TLabel, Chip.TLabel, Primary.TButton and
    Toolbar.TButton. "Card." before the style of a label or scroll bar is for those on a card.
    """

    def __init__(self, root: tk.Tk) -> None:
        self._root = root
        self._style = ttk.Style(root)
        self._makers: dict[str, ElementMaker] = {}  # by the name of ttk's theme
        self._wraplengths: dict[str, int] = {}
        self._on_x11 = root.tk.call("tk", "windowingsystem") == "x11"
        family = str(root.tk.call("font", "actual", FAMILY, "-family"))
        for use, points in POINTS.items():
            weight = "bold" if use in BOLD else "normal"
            root.tk.call(
                *("font", "create", font(use), "-family", family),
                *("-size", points, "-weight", weight),
            )
        cast(Any, root).image_describer_theme = self
        for kind in ("TFrame", "TLabel"):  # Tab would stop at those that are scrolled into view
            root.option_add(f"*{kind}.takeFocus", 0)
        self.change(look="light", text_size=100)

    def change(self, *, look: Look, text_size: int) -> None:
        """Apply a palette and a text size (in percent) to all widgets."""
        self.palette = PALETTES[look]
        points = {use: max(6, round(size * text_size / 100)) for use, size in POINTS.items()}
        for use, size in points.items():
            self._root.tk.call("font", "configure", font(use), "-size", size)
        if self._on_x11:
            for name in TK_FONTS:
                self._root.tk.call("font", "configure", name, "-size", points["status"])
        self._sizes = self._measure()
        self._use(f"describer {look} {text_size} {self._scaling}")  # untranslated
        menu = {**options("menu", self.palette), "font": font("status")}
        for option, value in menu.items():
            # The option database spells activebackground activeBackground.
            database_name = option.replace("activeb", "activeB").replace("activef", "activeF")
            self._root.option_add(f"*Menu.{database_name}", value)
        self._restyle(self._root)

    def px(self, length: float) -> int:
        """A length given for a screen of 96 dots per inch, in this screen's pixels."""
        return max(1, round(length * self._scaling))

    @property
    def _scaling(self) -> float:
        return round(float(self._root.tk.call("tk", "scaling")) / STANDARD_SCALING, 2)

    @property
    def card_padding(self) -> int:
        """From the edge of a card to what is in it."""
        return self._sizes.margin + self._sizes.border + self.px(4)

    @property
    def choice_margin(self) -> int:
        """The width of a combo box without its text."""
        return 2 * (self._sizes.margin + self._sizes.border + self.px(8)) + self._sizes.line

    def wrap(self, widget: tk.Misc, width: int) -> None:
        """Wrap the text of a label, button or check box of this width in pixels."""
        kind = widget.winfo_class()
        if isinstance(widget, ttk.Label):
            widget.configure(wraplength=max(1, width - 2 * self.px(LABEL_PADDING[0])))
            return
        sizes = self._sizes
        width -= 2 * sizes.margin + 2 * sizes.border
        width -= 2 * self.px(BUTTON_PADDING[0]) if kind == "TButton" else 2 * sizes.line
        # Only a style can say where the text of a button wraps.
        base = str(widget.cget("style")).rpartition("Wrap.")[2] or kind  # untranslated
        width = max(WRAP_STEP_PX, width - width % WRAP_STEP_PX)
        name = f"{width}Wrap.{base}"
        if name not in self._wraplengths:
            self._wraplengths[name] = width
            self._style.configure(name, wraplength=width)
        if str(widget.cget("style")) != name:
            cast(Any, widget).configure(style=name)

    def _use(self, name: str) -> None:
        """Use ttk's theme of this name, drawing it on the first call."""
        if name not in self._makers:
            self._style.theme_create(name, parent="default")
            self._style.theme_use(name)
            maker = self._makers[name] = ElementMaker(
                self._style, self._root, self._sizes, asdict(self.palette)
            )
            maker.make_all()
            self._lay_out()
            self._colour()
        elif self._style.theme_use() != name:
            self._style.theme_use(name)
        for style, pixels in self._wraplengths.items():
            self._style.configure(style, wraplength=pixels)

    def _measure(self) -> Sizes:
        return Sizes(
            ring=self.px(FOCUS_PX),
            gap=self.px(2),
            border=self.px(2),
            radius=self.px(7),
            bar=self.px(14),
            line=line_height(self._root, "button"),
        )

    def _lay_out(self) -> None:
        """What each kind of widget consists of, from the outside to the inside."""
        layouts = {
            "TButton": nested("Describer.button", "Button.padding", "Button.label"),
            "Primary.TButton": nested("Describer.primary", "Button.padding", "Button.label"),
            "TEntry": nested("Describer.field", "Entry.padding", "Entry.textarea"),
            "TCombobox": around(
                "Describer.field",
                ("Describer.arrow", {"side": "right", "sticky": ""}),
                ("Combobox.padding", {"sticky": "nswe", "expand": 1, "children": [
                    ("Combobox.textarea", {"sticky": "nswe"})]}),
            ),
            "TCheckbutton": around(
                "Describer.ring",
                ("Describer.check", {"side": "left", "sticky": ""}),
                ("Checkbutton.label", {"side": "left", "sticky": "nswe", "expand": 1}),
            ),
            "Horizontal.TScale": around(
                "Describer.ring",
                ("Describer.trough", {"sticky": "nswe", "children": [
                    ("Describer.slider", {"side": "left", "sticky": ""})]}),
            ),
            "Card.TFrame": nested("Describer.card"),
            "Treeview": nested("Treeview.treearea"),
            "Item": around(
                "Treeitem.padding",
                ("Treeitem.image", {"side": "left", "sticky": ""}),
                ("Treeitem.text", {"sticky": "nswe"}),
            ),
            "Chip.TLabel": nested("Describer.chip", "Label.label"),
            "Card.Chip.TLabel": nested("Describer.cardchip", "Label.label"),
            "Vertical.TScrollbar": around(
                "Describer.bar.trough", ("Describer.bar.thumb", {"expand": 1})
            ),
            "Card.Vertical.TScrollbar": around(
                "Describer.cardbar.trough", ("Describer.cardbar.thumb", {"expand": 1})
            ),
        }  # fmt: skip
        for style, layout in layouts.items():
            self._style.layout(style, layout)

    def _colour(self) -> None:
        """Colours, fonts and the room inside."""
        colours, px = self.palette, self.px
        configure, change = self._style.configure, self._style.map
        configure(
            ".",
            background=colours.background,
            foreground=colours.text,
            font=font("button"),
            insertcolor=colours.focus,
            insertwidth=px(3),
            selectbackground=colours.selection,
            selectforeground=colours.selection_text,
            focuscolor=colours.focus,
            borderwidth=0,
        )
        change(".", foreground=[("disabled", colours.quiet_text)])
        configure(
            "TButton",
            padding=[px(pad) for pad in BUTTON_PADDING],
            anchor="center",
            justify="center",
        )
        configure("Primary.TButton", foreground=colours.accent_text)
        change("Primary.TButton", foreground=[])
        configure("Toolbar.TButton", padding=(px(6), px(3)))
        configure("TEntry", padding=(px(8), px(5)))
        configure("TCombobox", padding=(px(8), px(5)))
        # The text of a read-only combo box is selected by each Tab; it need not look so.
        change(
            "TCombobox",
            selectbackground=[("readonly", colours.surface)],
            selectforeground=[("readonly", colours.text)],
        )
        configure("Card.Plain.TFrame", background=colours.surface)
        configure("TCheckbutton", justify="left", anchor="w")
        configure("TLabel", padding=[px(pad) for pad in LABEL_PADDING], justify="left")
        configure("Quiet.TLabel", foreground=colours.quiet_text, font=font("status"))
        configure("Heading.TLabel", font=font("heading"))
        configure("Chip.TLabel", font=font("status"), padding=0)
        for style in ("TLabel", "Quiet.TLabel", "Heading.TLabel", "Chip.TLabel"):
            configure(f"Card.{style}", background=colours.surface)
        configure(
            "Treeview",
            background=colours.surface,
            fieldbackground=colours.surface,
            rowheight=line_height(self._root, "button") + px(6),
        )
        change(
            "Treeview",
            background=[("selected", "focus", colours.selection), ("selected", colours.quiet_text)],
            foreground=[
                ("selected", "focus", colours.selection_text),
                ("selected", colours.background),
            ],
        )
        configure("ComboboxPopdownFrame", background=colours.border)
        configure(
            "Heading",
            background=colours.surface,
            foreground=colours.quiet_text,
            font=font("status"),
            padding=(px(6), px(2)),
        )
        change("Heading", background=[("active", colours.hover)])

    def _restyle(self, widget: tk.Misc) -> None:
        kind = getattr(widget, "style_kind", "menu" if isinstance(widget, tk.Menu) else "")
        if kind:
            cast(Any, widget).configure(**options(kind, self.palette))
        for child in widget.winfo_children():
            self._restyle(child)


def nested(*elements: str) -> list[Any]:
    """A layout of elements, each inside the one before it."""
    layout: list[Any] = []
    for element in reversed(elements):
        inner = {"children": layout} if layout else {}
        layout = [(element, {"sticky": "nswe", **inner})]
    return layout


def around(outer: str, *inner: tuple[str, dict[str, Any]]) -> list[Any]:
    """A layout of elements inside ``outer``."""
    return [(outer, {"sticky": "nswe", "children": list(inner)})]


def theme_of(widget: tk.Misc) -> Theme:
    """Return the theme of the program that ``widget`` belongs to, making it on the first call."""
    root = cast(Any, widget)._root()
    existing = getattr(root, "image_describer_theme", None)
    return existing if existing is not None else Theme(root)


def apply_style(widget: tk.Misc, kind: str) -> None:
    """Give a widget that has no ttk twin the colours of its kind, kept up to date by `Theme`."""
    cast(Any, widget).style_kind = kind
    cast(Any, widget).configure(**options(kind, theme_of(widget).palette))


def font(use: str) -> str:
    """Return the name of the font for "sentence", "heading", "help", "button" or "status".

    The font itself follows the text size and, as it is given in points, the screen's scaling.
    """
    return f"ImageDescriber{use.capitalize()}"


def px(widget: tk.Misc, length: float) -> int:
    """A length given for a screen of 96 dots per inch, in the pixels of the screen of ``widget``.

    All lengths in the program's widgets go through it.
    """
    return theme_of(widget).px(length)


def line_height(widget: tk.Misc, use: str) -> int:
    """Return the height in pixels of a line in the font for ``use``."""
    theme_of(widget)
    return tkfont.Font(cast(Any, widget)._root(), name=font(use), exists=True).metrics("linespace")
