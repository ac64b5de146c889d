"""A file, bytes or a Pillow image -> Picture: safely decoded, upright, reduced, with notes.

Whatever comes in, what comes out is a Picture or a PictureError of one sentence.
"""

import io
import os
import stat
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
from PIL import Image

from image_describer import stdio
from image_describer.errors import PictureError
from image_describer.imaging import decode as pixels
from image_describer.imaging import formats, quality
from image_describer.imaging.formats import FORMATS, Format
from image_describer.metadata import xmp
from image_describer.metadata.containers import limits
from image_describer.text import file_size, visible

PICTURE_SUFFIXES: tuple[str, ...] = tuple(s for format_ in FORMATS for s in format_.suffixes)

FILE_LIMIT_BYTES = 300_000_000  # a PNG of the most pixels allowed, if nothing in it compresses

HEADER_BYTES = 200  # a damaged file this short was most probably cut off

stdio.silence_pillow()

Source = str | os.PathLike[str] | bytes | Image.Image


@dataclass(frozen=True)
class Picture:
    """Pixels ready to be looked at.

    ``pixels``: (H, W, 3) uint8 RGB, upright, on white, the longer side at most 2048. ``width`` and
    ``height`` are those of the original, upright. ``format``: "JPEG"; "" for an image that was
    made in memory. ``notes``: sentences about the picture itself. ``file``: the path as it was
    given, or None. ``alt_text``: what its author says of it, see `author.said`, or None.
    """

    pixels: np.ndarray
    format: str
    width: int
    height: int
    notes: tuple[str, ...] = ()
    file: str | None = None
    alt_text: str | None = None


def open_picture(source: Source) -> Picture:
    """Open a path, the bytes of a file, or a Pillow image (its current frame).

    Of an animation, the first frame. Raises PictureError for whatever is no picture, is damaged,
    or is too large to be opened within 5 s and 1 GB.
    """
    if isinstance(source, Image.Image):
        return _from_image(source)
    if isinstance(source, (bytes, bytearray, memoryview)):
        content = bytes(source)
        return _from_file(io.BytesIO(content), len(content), None)
    name = os.fspath(source)
    size = _size(name)
    try:
        with Path(name).open("rb") as file:
            return _from_file(file, size, name)
    except OSError as trouble:
        raise _unreadable(name, trouble) from trouble


def _size(name: str) -> int:
    """Size of a file in bytes. Raises PictureError for what is none: opening a pipe would hang."""
    if not name:  # Path would take it for the current folder
        raise PictureError("There is no picture: the name of the file is empty.")
    try:
        status = Path(name).stat()
    except FileNotFoundError as trouble:
        raise PictureError(
            'There is no file "{file}".', "Check how its name is written.", file=visible(name)
        ) from trouble
    except (OSError, ValueError) as trouble:
        raise _unreadable(name, trouble) from trouble
    if stat.S_ISDIR(status.st_mode):
        raise PictureError(
            '"{file}" is a folder, not a picture.', "Choose a file in it.", file=visible(name)
        )
    if not stat.S_ISREG(status.st_mode):
        raise PictureError('"{file}" is a device or a pipe, not a picture.', file=visible(name))
    return status.st_size


def _from_file(file: IO[bytes], size: int, name: str | None) -> Picture:
    if size == 0:
        raise PictureError("That file is not a picture I can open: it is empty.")
    if size > FILE_LIMIT_BYTES:
        raise PictureError(
            f"That file is too large for me: it has {file_size(size, brief=True)}, and I "
            f"open at most {file_size(FILE_LIMIT_BYTES, brief=True)}.",
            "Save it smaller and try again.",
        )
    head = file.read(formats.HEAD_BYTES)
    file.seek(0)
    format_ = formats.recognise(head)
    if format_ is None:
        raise _unknown(head)
    if formats.overloads(format_, file):
        raise PictureError(
            f"That file is not a picture I can open: it is {format_.name} with far too many parts."
        )
    try:
        with stdio.stderr_silenced() if format_.name == "TIFF" else nullcontext():
            image = formats.start(format_, file)
            _check_size(format_, image, file)
            return _decoded(image, format_.name, name, draft=format_.name == "JPEG")
    except PictureError:
        raise
    except ImportError as trouble:
        raise PictureError(
            f"That is a picture in the format {format_.name}, which what is installed here "
            "can't open.",
            "Run: pip install --upgrade pillow pi-heif.",
        ) from trouble
    except (MemoryError, Image.DecompressionBombError) as trouble:
        raise PictureError(
            "That picture is too large for me.", "Save it smaller and try again."
        ) from trouble
    except Exception as trouble:  # Pillow raises nearly every kind of error for damaged files
        raise _damaged(format_, file, size, trouble) from trouble


def _from_image(image: Image.Image) -> Picture:
    try:
        return _decoded(image, image.format or "", None)
    except Exception as trouble:
        raise PictureError("That picture can't be read.") from trouble


def _decoded(
    image: Image.Image, format_name: str, name: str | None, draft: bool = False
) -> Picture:
    width, height = image.size
    if draft:  # changes the image, so only where it is ours
        _draft(image)
    before = image.size
    image.load()
    if image.size != before:  # Pillow turns TIFF upright by itself
        width, height = height, width
    turn = pixels.orientation(image)
    if turn in pixels.SIDEWAYS:
        width, height = height, width
    array = pixels.to_rgb(image, turn)
    said = xmp.said(image.info.get("xmp"))
    return Picture(array, format_name, width, height, quality.find_notes(array), name, said)


def _draft(image: Image.Image) -> None:
    """Let libjpeg decode a large picture at a half, a quarter or an eighth of its size: faster."""
    scale = 1
    while scale < 8 and max(image.size) > scale * pixels.LONGER_SIDE_PX:
        scale *= 2
    if scale > 1:
        image.draft(None, (max(1, image.width // scale), max(1, image.height // scale)))


def _check_size(format_: Format, image: Image.Image, file: IO[bytes]) -> None:
    width, height = image.size
    limit = formats.limit_px(format_, image, file)
    if width < 1 or height < 1:
        raise PictureError("That file is not a picture I can open: it has no pixels.")
    if width * height > limit or max(width, height) > formats.SIDE_LIMIT_PX:
        raise PictureError(
            f"That picture is too large for me: it has {width:,} by {height:,} pixels.",
            "Save it smaller and try again.",
        )


def _unknown(head: bytes) -> PictureError:
    known = ", ".join(format_.name for format_ in FORMATS)
    what = formats.familiar(head) or "of no format I know"
    return PictureError(
        f"That file is not a picture I can open: it is {what}.", f"I can open {known}."
    )


def _damaged(format_: Format, file: IO[bytes], size: int, trouble: Exception) -> PictureError:
    said = str(trouble).lower()
    if "truncated" in said or size < HEADER_BYTES or limits.is_cut(file, size):
        return PictureError(
            f"That file is not a picture I can open: it ends after {file_size(size, brief=True)}.",
            "It was perhaps not copied to its end: get it again.",
        )
    if any(sign in said for sign in ("unknown", "unsupported", "not supported")):
        return PictureError(
            f"That file is not a picture I can open: it is a kind of {format_.name} I don't know.",
            "Save it in another way, as JPEG for example.",
        )
    return PictureError(
        f"That file is not a picture I can open: it begins as {format_.name} but is damaged.",
        "Get it again from where it came from.",
    )


def _unreadable(name: str, trouble: Exception) -> PictureError:
    if isinstance(trouble, PermissionError):
        return PictureError('You are not allowed to read the file "{file}".', file=visible(name))
    reason = getattr(trouble, "strerror", None) or "that is no valid name"
    return PictureError(f'The file "{{file}}" can\'t be read: {reason}.', file=visible(name))
