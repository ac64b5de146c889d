"""Pictures of text."""

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

Color = str | tuple[int, int, int]


def draw_text(
    text: str,
    size: float = 32,
    *,
    ink: Color = "black",
    paper: Color = "white",
    margin: int = 30,
    font: Path | None = None,
) -> Image.Image:
    """Return lines of text with a margin, in Pillow's own font or another."""
    chosen = ImageFont.truetype(str(font), size) if font else ImageFont.load_default(size)
    left, top, right, bottom = ImageDraw.Draw(Image.new("L", (1, 1))).textbbox(
        (0, 0), text, chosen, spacing=size / 4
    )
    image = Image.new(
        "RGB", (int(right - left) + 2 * margin, int(bottom - top) + 2 * margin), paper
    )
    ImageDraw.Draw(image).text((margin - left, margin - top), text, ink, chosen, spacing=size / 4)
    return image


def on_arc(text: str, size: float = 32, radius: float = 500) -> Image.Image:
    """Return a line on the upper part of a circle: its ends are lower than its middle."""
    straight = draw_text(text, size, margin=10)
    width, height = straight.size
    side = int(2 * (radius + height) * np.sin(width / 2 / radius)) + 40
    rows, columns = np.mgrid[0 : int(radius + height), 0:side]
    x, y = columns - side / 2, radius + height + 20 - rows
    turn = np.arctan2(x, y)
    source_x = np.round(turn * radius + width / 2).astype(int)
    source_y = np.round(radius + height - np.hypot(x, y)).astype(int)
    inside = (source_x >= 0) & (source_x < width) & (source_y >= 0) & (source_y < height)
    pixels = np.full((*rows.shape, 3), 255, np.uint8)
    pixels[inside] = np.asarray(straight)[source_y[inside], source_x[inside]]
    return Image.fromarray(pixels[: int(height + radius * (1 - np.cos(width / 2 / radius)) + 60)])
