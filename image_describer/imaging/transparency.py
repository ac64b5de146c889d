"""Transparent pixels are white: the page that a picture is most often shown on."""

from typing import IO

from PIL import Image

_PNG_DEPTH_AT = 24
_PREMULTIPLIED_GREY = "La"


def on_white(image: Image.Image) -> Image.Image:
    """Return an image of 8 bits as RGB, on white if some of it is transparent."""
    if not image.has_transparency_data:
        return image if image.mode == "RGB" else image.convert("RGB")
    if image.mode == _PREMULTIPLIED_GREY:  # which Pillow converts to this mode alone
        image = image.convert("LA")
    rgba = image.convert("RGBA")
    opaque = Image.new("RGB", rgba.size, "white")
    opaque.paste(rgba, mask=rgba.getchannel("A"))
    return opaque


def without_empty_alpha(image: Image.Image) -> Image.Image:
    """Return the colours alone of a BMP that is wholly transparent: it just lacks an alpha channel.

    All viewers show such a picture.
    """
    if image.format == "BMP" and image.mode == "RGBA" and not image.getchannel("A").getbbox():
        return image.convert("RGB")
    return image


def scale_transparent_colour(image: Image.Image, file: IO[bytes]) -> None:
    """Scale the transparent colour that a PNG states to the depth that Pillow's pixels have."""
    stated = image.info.get("transparency")
    if image.format != "PNG" or image.mode == "P" or stated is None:
        return
    position = file.tell()
    file.seek(_PNG_DEPTH_AT)
    depth = ord(file.read(1))
    file.seek(position)
    if image.mode == "RGB" and depth == 16:
        image.info["transparency"] = tuple(level >> 8 for level in stated)
    elif image.mode == "L" and depth < 8:
        image.info["transparency"] = stated * 255 // (2**depth - 1)
