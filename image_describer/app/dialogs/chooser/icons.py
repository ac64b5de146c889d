"""Small pictures of a folder, a picture, a document and another file, for the list."""

from PIL import Image, ImageDraw

from image_describer.app.listing import EntryKind

OVERSAMPLING = 4
FOLDER, PAPER, SKY, GRASS, LINES = "#e0a030", "#f4f4f4", "#8fbfe8", "#4f8a3c", "#606060"
# As fractions of the side: left, top, right, bottom.
FOLDER_TAB = (0.06, 0.16, 0.48, 0.40)
FOLDER_BODY = (0.06, 0.28, 0.94, 0.84)
FRAME = (0.06, 0.16, 0.94, 0.84)
SUN = (0.62, 0.24, 0.80, 0.42)
HILL = ((0.10, 0.80), (0.38, 0.42), (0.58, 0.66), (0.70, 0.54), (0.90, 0.80))
SHEET = (0.18, 0.06, 0.82, 0.94)
SHEET_LINES = (0.30, 0.48, 0.66)  # from the top


def draw_icon(kind: EntryKind, side: int, outline: str) -> Image.Image:
    """Return an icon of ``side`` pixels with a transparent background."""
    size = side * OVERSAMPLING
    image = Image.new("RGBA", (size, size))
    draw = ImageDraw.Draw(image)
    line = max(OVERSAMPLING, size // 20)

    def box(corners: tuple[float, ...], fill: str, edge: str | None = outline) -> None:
        left, top, right, bottom = (corner * size for corner in corners)
        radius = size // 14
        draw.rounded_rectangle((left, top, right, bottom), radius, fill, edge, line if edge else 0)

    if kind == "folder":
        box(FOLDER_TAB, FOLDER)
        box(FOLDER_BODY, FOLDER)
    elif kind == "picture":
        box(FRAME, SKY, None)
        draw.ellipse([corner * size for corner in SUN], PAPER)
        draw.polygon([(x * size, y * size) for x, y in HILL], GRASS)
        left, top, right, bottom = (corner * size for corner in FRAME)
        draw.rounded_rectangle((left, top, right, bottom), size // 14, None, outline, line)
    else:
        box(SHEET, PAPER)
        if kind == "document":
            for height in SHEET_LINES:
                y = height * size
                draw.line((0.30 * size, y, 0.70 * size, y), LINES, line)
    return image.resize((side, side), Image.Resampling.BOX)
