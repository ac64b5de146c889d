"""The contrast of two colours, as WCAG 2.2 defines it."""

from PIL import ImageColor

Colour = tuple[int, int, int]


def contrast(one: Colour | str, other: Colour | str) -> float:
    """Return the ratio of two colours, (r, g, b) or "#rrggbb"."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: Colour | str) -> float:
    levels = ImageColor.getrgb(colour) if isinstance(colour, str) else colour
    parts = [level / 255 for level in levels]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
