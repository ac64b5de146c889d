"""Draws the parts of ttk's widgets: rounded boxes, check marks, arrows, handles of scroll bars.

Each is drawn in the sizes and colours of one theme. Boxes are nine-patches: ttk keeps their corners
and repeats the rest. They have no transparent pixels, which Tk would be slow to draw on X11.
"""

import tkinter as tk
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from tkinter import ttk
from typing import Any

from PIL import Image, ImageDraw, ImageTk

OVERSAMPLING = 3
CENTRE_PX = 24  # the part of a nine-patch that is repeated; a smaller one takes longer to draw
FRAME_CENTRE_PX = 96  # of boxes as large as a window
CHECK_MARK = ((0.22, 0.52), (0.42, 0.72), (0.78, 0.30))  # as fractions of the box
ARROW = ((0.15, 0.35), (0.5, 0.7), (0.85, 0.35))
Colours = Mapping[str, str]


@dataclass(frozen=True)
class Sizes:
    """Lengths in pixels: the ring around a widget with the focus, the gap inside it, and so on.

    ``line`` is the height of a line of a button's text.
    """

    ring: int
    gap: int
    border: int
    radius: int
    bar: int
    line: int

    @property
    def margin(self) -> int:
        """From the edge of a widget to its border."""
        return self.ring + self.gap


class ElementMaker:
    """Makes ttk elements in the theme that is in use now. Keep it: Tk does not keep the images."""

    def __init__(self, style: ttk.Style, root: tk.Misc, sizes: Sizes, colours: Colours) -> None:
        self._style = style
        self._root = root
        self._sizes = sizes
        self._colours = colours
        self.images: list[ImageTk.PhotoImage] = []

    def make_all(self) -> None:
        """Make every element that `theme` puts into its layouts."""
        self._make_boxes()
        self._make_indicators()
        self._make_bars()

    def _make_boxes(self) -> None:
        colours, sizes = self._colours, self._sizes
        for name, plain, over, held, border in (
            ("button", "button", "hover", "hover", "border"),
            ("primary", "accent", "accent_hover", "accent_hover", "accent"),
            ("field", "surface", "surface", "surface", "border"),
        ):
            at_rest = self._box(colours[plain], colours[border])
            hovered = self._box(colours[over], colours["text"] if over == "hover" else None)
            self._element(
                name,
                at_rest,
                (("pressed", "focus"), self._box(colours[held], colours[border], ring=True)),
                (("pressed",), self._box(colours[held], colours[border])),
                (("focus",), self._box(colours[plain], colours[border], ring=True)),
                *(((("active",), hovered),) if over != plain else ()),
                border=sizes.margin + sizes.radius,
                padding=sizes.margin + sizes.border,
            )
        background = colours["background"]
        self._element(
            "ring",
            self._box(background, background),
            (("focus",), self._box(background, background, ring=True)),
            border=sizes.margin + sizes.radius,
            padding=sizes.margin,
        )
        self._element(
            "card",
            self._box(colours["surface"], colours["border"], centre=FRAME_CENTRE_PX),
            (
                ("focus",),
                self._box(colours["surface"], colours["border"], ring=True, centre=FRAME_CENTRE_PX),
            ),
            border=sizes.margin + sizes.radius,
            padding=sizes.margin + sizes.border,
        )
        for name, behind in (("chip", "background"), ("cardchip", "surface")):
            height = sizes.line + sizes.gap * 2
            pill = _round(height + CENTRE_PX, height, colours[behind], colours["chip"], height // 2)
            self._element(name, pill, border=height // 2 - 1, padding=(height // 3, sizes.gap))

    def _box(
        self, fill: str, border: str | None, *, ring: bool = False, centre: int = CENTRE_PX
    ) -> Image.Image:
        """A rounded box with a border, and a ring around it where it has the focus."""
        sizes, background = self._sizes, self._colours["background"]
        side = 2 * (sizes.margin + sizes.radius) + centre
        layers = [
            (sizes.margin, sizes.radius, border or fill),
            (sizes.margin + sizes.border, sizes.radius - sizes.border, fill),
        ]
        if ring:
            layers = [
                (0, sizes.radius + sizes.margin, self._colours["focus"]),
                (sizes.ring, sizes.radius + sizes.gap, background),
                *layers,
            ]
        return _layered((side, side), background, layers)

    def _make_indicators(self) -> None:
        colours, sizes = self._colours, self._sizes
        side = round(sizes.line * 0.9)
        self._element(
            "check",
            self._check_box(side, on=False),
            (("selected",), self._check_box(side, on=True)),
            width=side + side // 3,  # with the room before the text
            sticky="w",
        )
        arrow = Image.new("RGB", (side * OVERSAMPLING, side * OVERSAMPLING), colours["surface"])
        _stroke(arrow, ARROW, colours["text"], 0.11)
        self._element("arrow", arrow.reduce(OVERSAMPLING), sticky="")

    def _check_box(self, side: int, *, on: bool) -> Image.Image:
        colours, sizes = self._colours, self._sizes
        edge, fill = ("accent", "accent") if on else ("border", "surface")
        layers = [(0, sizes.radius * 2 // 3, colours[edge])]
        layers.append((sizes.border, sizes.radius * 2 // 3 - sizes.border // 2, colours[fill]))
        image = _layered((side, side), colours["background"], layers, reduce=False)
        if on:
            _stroke(image, CHECK_MARK, colours["accent_text"], 0.13)
        return image.reduce(OVERSAMPLING)

    def _make_bars(self) -> None:
        colours, sizes = self._colours, self._sizes
        background = colours["background"]
        bar, inner = sizes.bar, sizes.bar - 2 * sizes.gap
        for name, behind in (("bar", background), ("cardbar", colours["surface"])):
            size = (bar, bar + CENTRE_PX)
            self._element(f"{name}.trough", Image.new("RGB", size, behind), border=1)
            plain, held = (
                _layered(size, behind, [(sizes.gap, inner // 2, colours[colour])])
                for colour in ("border", "text")
            )
            thumb = f"{name}.thumb"
            self._element(thumb, plain, (("active",), held), border=bar // 2)
        line = sizes.bar // 2
        track = _round(line + CENTRE_PX, line, background, colours["border"], line // 2)
        self._element("trough", track, border=(line // 2, 0), sticky="ew")
        knob = sizes.line
        self._element(
            "slider",
            _round(knob, knob, background, colours["accent"], knob // 2),
            (("active",), _round(knob, knob, background, colours["text"], knob // 2)),
            sticky="",
        )

    def _element(
        self,
        name: str,
        image: Image.Image,
        *states: tuple[tuple[str, ...], Image.Image],
        **options: Any,
    ) -> None:
        """Make the element "Describer.``name``"; the first of ``states`` that holds is shown."""
        specs: list[Any] = [(*flags, self._photo(picture)) for flags, picture in states]
        self._style.element_create(
            f"Describer.{name}", "image", self._photo(image), *specs, **options
        )

    def _photo(self, image: Image.Image) -> ImageTk.PhotoImage:
        photo = ImageTk.PhotoImage(image, master=self._root)
        self.images.append(photo)
        return photo


def _round(width: int, height: int, behind: str, fill: str, radius: int) -> Image.Image:
    return _layered((width, height), behind, [(0, radius, fill)])


def _layered(
    size: tuple[int, int],
    background: str,
    layers: Sequence[tuple[int, int, str]],
    *,
    reduce: bool = True,
) -> Image.Image:
    """Draw rounded boxes, each (distance from the edge, radius, colour), over each other."""
    width, height = size[0] * OVERSAMPLING, size[1] * OVERSAMPLING
    image = Image.new("RGB", (width, height), background)
    draw = ImageDraw.Draw(image)
    for distance, radius, colour in layers:
        inset = distance * OVERSAMPLING
        draw.rounded_rectangle(
            (inset, inset, width - 1 - inset, height - 1 - inset),
            max(0, radius) * OVERSAMPLING,
            fill=colour,
        )
    return image.reduce(OVERSAMPLING) if reduce else image


def _stroke(
    image: Image.Image, points: Sequence[tuple[float, float]], colour: str, width: float
) -> None:
    """Draw a line through ``points``; they and ``width`` are fractions of the image's side."""
    side = image.width
    line = [(x * side, y * side) for x, y in points]
    thickness = round(width * side)
    draw = ImageDraw.Draw(image)
    draw.line(line, fill=colour, width=thickness, joint="curve")
    for x, y in (line[0], line[-1]):
        half = thickness / 2
        draw.ellipse((x - half, y - half, x + half, y + half), fill=colour)
