"""Opens a file, bytes or a Pillow image as a Picture: decoded safely, upright, reduced, with notes.

Whatever the input is, the result is a Picture or a PictureError of one sentence.
"""

import io
import os
import stat
from collections.abc import Callable
from contextlib import nullcontext, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

import numpy as np
from PIL import Image

from image_describer import files, stdio
from image_describer.errors import IsFolderError, NoSuchFileError, PictureError
from image_describer.i18n import N_, _
from image_describer.imaging import color_space, decode, incomplete, orientation, quality
from image_describer.imaging.notes import ANIMATION, BLANK, DARK
from image_describer.imaging.tiff_pixels import open_tiff
from image_describer.imaging.transparency import scale_transparent_colour
from image_describer.metadata import formats, other_kinds, xmp
from image_describer.metadata.containers.base import DamagedFileError
from image_describer.metadata.formats import FORMATS, PictureFormat
from image_describer.metadata.other_kinds import OtherKind
from image_describer.metadata.xmp_packets import find_packets
from image_describer.text import file_size, number

FRAMES_LIMIT = 200  # of an animation, until one shows something
FRAMES_LIMIT_PX = 150_000_000  # all of them together
FRAME_LIMIT_PX = 40_000_000  # of one, of which Pillow holds several copies
SHORT_FILE_BYTES = 200  # a damaged file as short as this was most probably cut off
NOT_A_FILE = N_("That's a device or a pipe, not a file.")
UNKNOWN_FORMAT = N_("I can't open this kind of file.")
SAVE_SMALLER = N_("Save it smaller.")
GET_AGAIN = N_("Get it again.")

stdio.silence_pillow()

Source = str | os.PathLike[str] | bytes | Image.Image


@dataclass(frozen=True)
class Picture:
    """A decoded picture.

    ``pixels``: (H, W, 3) uint8 RGB, upright, on white, the longer side at most
    `decode.longer_side_limit`. ``format``: "JPEG" and so on; "" for an image that was made in
    memory. ``width`` and ``height``: those of the original, upright. ``notes``: sentences about
    the picture itself; ``file_notes``: about the file that it is from. ``file``: the path as it was
    given, or None. ``alt_text``: that of its author, or None; see `xmp.author_alt_text`.
    ``is_part``: it was cropped from another one.
    """

    pixels: np.ndarray
    format: str
    width: int
    height: int
    notes: tuple[str, ...] = ()
    file: str | None = None
    alt_text: str | None = None
    is_part: bool = False
    file_notes: tuple[str, ...] = ()


def open_picture(source: Source, frame: int = 0) -> Picture:
    """Open a path, the bytes of a file, or a Pillow image (its current frame).

    An animation is opened at its first frame that shows something; ``frame`` is for files with
    several pages. Raises PictureError for anything that is not a picture, is damaged, or is too
    large to be opened within 5 s and 1 GB.
    """
    if isinstance(source, Image.Image):
        return _from_image(source)
    if isinstance(source, (bytes, bytearray, memoryview)):
        content = bytes(source)
        return _from_file(io.BytesIO(content), len(content), None, frame)
    name = os.fspath(source)
    size = checked_size(name)
    try:
        with Path(name).open("rb") as file:
            return _from_file(file, size, name, frame)
    except OSError as error:
        raise unreadable(error) from error


def checked_size(name: str) -> int:
    """Return the size of a regular file: opening a pipe would hang. Raises PictureError."""
    if not name:  # Path would take it for the current folder
        raise NoSuchFileError()
    try:
        status = Path(name).stat()
    except (OSError, ValueError) as error:
        raise unreadable(error) from error
    if stat.S_ISDIR(status.st_mode):
        raise IsFolderError
    if not stat.S_ISREG(status.st_mode):
        raise PictureError(_(NOT_A_FILE))
    return status.st_size


def _from_file(file: IO[bytes], size: int, name: str | None, frame: int) -> Picture:
    if size == 0:
        raise PictureError(_("The file is empty."))
    head = file.read(formats.HEAD_BYTES)
    file.seek(0)
    format_ = formats.recognize(head)
    limit_bytes = formats.file_limit_bytes(format_)
    if size > limit_bytes:
        limit = file_size(limit_bytes, brief=True)
        raise PictureError(
            _("The file is too large: {size}; at most {limit} are opened.").format(
                size=file_size(size, brief=True), limit=limit
            ),
            _(SAVE_SMALLER),
        )
    if format_ is None:
        raise _unknown(head)
    picture = _read_or_repair(format_, file, size, name, frame)
    packets = find_packets(format_.name, file, frame)
    return replace(picture, alt_text=xmp.author_alt_text(*packets))


def _read_or_repair(
    format_: PictureFormat, file: IO[bytes], size: int, name: str | None, frame: int
) -> Picture:
    try:
        return _read(format_, file, name, frame)
    except PictureError:
        raise
    except ImportError as error:
        raise PictureError(
            _("To open {format} pictures, a library is missing or too old.").format(
                format=format_.name
            ),
            _("Run: pip install --upgrade pillow pi-heif."),
        ) from error
    except (MemoryError, Image.DecompressionBombError) as error:
        raise PictureError(_("The picture is too large."), _(SAVE_SMALLER)) from error
    except Exception as error:  # Pillow raises nearly every kind of error for damaged files
        picture = _repaired(format_, file, name, frame)
        if picture is None:
            raise _damaged(format_, file, size, error) from error
        return picture


def _repaired(
    format_: PictureFormat, file: IO[bytes], name: str | None, frame: int
) -> Picture | None:
    """Open what can be saved of a damaged file; None if it isn't a picture then, either."""
    for content in formats.repaired(format_, file):
        for read in (_read, _read_incomplete):
            try:
                return read(format_, io.BytesIO(content), name, frame)
            except PictureError:
                raise
            except Exception:  # see above
                continue
    return None


def _read(format_: PictureFormat, file: IO[bytes], name: str | None, frame: int) -> Picture:
    if formats.is_filled_up(format_, file):
        raise DamagedFileError
    # libtiff prints warnings itself.
    with stdio.stderr_silenced() if format_.name == "TIFF" else nullcontext():
        image = _checked_header(format_, file, frame)
        crop_box = formats.crop_box(format_, file)

        def decode_frame() -> Picture:
            color_space.add_stated_profile(image, file)
            shown = image if crop_box is None else image.crop(crop_box)
            return _decode(shown, format_.name, name, draft=format_.name in formats.REDUCED_FORMATS)

        picture = decode_frame()
        if format_.name in formats.ANIMATED_FORMATS and _is_animation(image):
            if not _shows_something(picture):
                picture = _later_frame(image, decode_frame) or picture
            picture = replace(picture, file_notes=(ANIMATION,))
        return picture


def _checked_header(format_: PictureFormat, file: IO[bytes], frame: int) -> Image.Image:
    """Read a header. Raises PictureError if what follows would take too much to decode."""
    if formats.is_excessive(format_, file, frame):
        raise PictureError(
            _("This {format} file has too many parts to be opened.").format(format=format_.name)
        )
    image: Image.Image | None = open_tiff(file, frame) if format_.name == "TIFF" else None
    if image is None:
        image = formats.read_header(format_, file)
        if frame:
            image.seek(frame)
    _check_size(format_, image, file)
    scale_transparent_colour(image, file)
    return image


def _read_incomplete(
    format_: PictureFormat, file: IO[bytes], name: str | None, frame: int
) -> Picture:
    _checked_header(format_, file, frame)
    file.seek(0)
    completed, notes = incomplete.completed(format_, file.read())
    return replace(_read(format_, io.BytesIO(completed), name, frame), file_notes=notes)


def _is_animation(image: Image.Image) -> bool:
    try:
        return bool(getattr(image, "is_animated", False))
    except Exception:  # a damaged second frame
        return False


def _later_frame(image: Image.Image, decode_frame: Callable[[], Picture]) -> Picture | None:
    """Return the first frame after the first one that shows something; None without one."""
    frame_px = image.width * image.height
    if frame_px > FRAME_LIMIT_PX:
        return None
    frames = min(FRAMES_LIMIT, FRAMES_LIMIT_PX // frame_px)
    with suppress(Exception):  # the end, or a damaged frame
        for number in range(1, frames):
            image.seek(number)
            picture = decode_frame()
            if _shows_something(picture):
                return picture
    return None


def _shows_something(picture: Picture) -> bool:
    """Return whether a frame is neither blank nor nearly so, as where a film fades in."""
    return not {BLANK, DARK} & {*picture.notes}


def _from_image(image: Image.Image) -> Picture:
    try:
        picture = _decode(image, image.format or "", None)
    except Exception as error:
        raise PictureError(_("The picture can't be read.")) from error
    return replace(picture, alt_text=xmp.author_alt_text(image.info.get("xmp")))


def _decode(
    image: Image.Image, format_name: str, name: str | None, *, draft: bool = False
) -> Picture:
    width, height = image.size
    if draft:  # changes the image, which a caller's must not be
        decode.reduce_while_decoding(image)
    expected_size = image.size
    image.load()
    if expected_size != image.size == expected_size[::-1]:  # Pillow turns TIFF upright by itself
        width, height = height, width
    exif_orientation = orientation.exif_orientation(image)
    if exif_orientation in orientation.SIDEWAYS:
        width, height = height, width
    upright = decode.upright(image, exif_orientation)
    pixels = upright.pixels()
    is_small = max(upright.image.size) <= quality.THUMBNAIL_PX
    notes = quality.find_notes(pixels if is_small else upright.thumbnail(quality.THUMBNAIL_PX))
    return Picture(pixels, format_name, width, height, notes, name)


def _check_size(format_: PictureFormat, image: Image.Image, file: IO[bytes]) -> None:
    width, height = image.size
    limit = formats.limit_px(format_, image, file)
    if width < 1 or height < 1:
        raise PictureError(_("The picture has no pixels."))
    if width * height > limit or max(width, height) > formats.SIDE_LIMIT_PX:
        raise PictureError(
            _("The picture is too large: {width} by {height} pixels.").format(
                width=number(width), height=number(height)
            ),
            _(SAVE_SMALLER),
        )


def _unknown(head: bytes) -> PictureError:
    if head.startswith(formats.PDF):
        return PictureError(
            _("This is a PDF document, not a picture."),
            _("Open it in the window, or read it with: image-describer read FILE."),
        )
    kind = other_kinds.guess_kind(head)
    details = _("I can open {formats} and PDF.").format(
        formats=", ".join(format_.name for format_ in FORMATS)
    )
    if kind is None or kind == other_kinds.TEXT:
        return PictureError(
            _(UNKNOWN_FORMAT),
            details=_("It is text. {details}").format(details=details) if kind else details,
        )
    return _not_opened(kind, "" if kind.way_out else details)


def _not_opened(kind: OtherKind, details: str = "") -> PictureError:
    return PictureError(
        _("This is {kind}, which I can't open.").format(kind=_(kind.name)),
        _(kind.way_out),
        details=details,
    )


def _damaged(format_: PictureFormat, file: IO[bytes], size: int, error: Exception) -> PictureError:
    variant = other_kinds.unknown_variant(format_.name, file)
    if variant is not None:
        return _not_opened(variant)
    message = str(error).lower()
    unknown_kind = PictureError(
        _("I can't open this kind of {format}.").format(format=format_.name),
        _("Save it in another format, such as PNG."),
    )
    if "truncated" in message or size < SHORT_FILE_BYTES or _is_truncated(format_, file, size):
        return PictureError(
            _("The file is incomplete: it ends after {size}.").format(
                size=file_size(size, brief=True)
            ),
            _(GET_AGAIN),
        )
    hints = ("unknown", "unsupported", "not supported")  # untranslated
    if any(hint in message for hint in hints):
        return unknown_kind
    if formats.is_unknown_kind(format_, file):
        return unknown_kind
    return PictureError(
        _("The {format} file is damaged.").format(format=format_.name), _(GET_AGAIN)
    )


def _is_truncated(format_: PictureFormat, file: IO[bytes], size: int) -> bool:
    try:
        return formats.is_truncated(format_, file, size)
    except (OSError, ValueError):  # it can't be read, or no longer
        return False


def unreadable(error: Exception) -> PictureError:
    """Return the error for a file that the system does not let be read."""
    if isinstance(error, FileNotFoundError):
        return NoSuchFileError()
    if isinstance(error, PermissionError):
        return PictureError(_("You are not allowed to read that file."))
    return PictureError(_("The file can't be read: {why}.").format(why=files.reason(error)))
