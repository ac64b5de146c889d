"""The terminal: errors on stderr, and output that any encoding can show."""

import contextlib
import sys
from typing import TYPE_CHECKING

from image_describer.text import visible

if TYPE_CHECKING:
    from image_describer.errors import PictureError

PROGRAM = "image-describer"


def escape_unencodable() -> None:
    """Escape characters that the terminal can't encode: é in the C locale, undecodable names."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def print_error(sentence: str) -> None:
    """Print a sentence on stderr, after the program's name."""
    print_status(f"{PROGRAM}: {sentence}")


def print_picture_error(error: "PictureError", file: str | None = None) -> None:
    """Print why a picture can't be opened, with all details, after the name of its file."""
    name = f"{visible(file)}: " if file is not None else ""
    print_error(f"{name}{error} {error.details}".rstrip())


def print_status(line: str) -> None:
    """Print a line on stderr; a closed stderr ends no command."""
    with contextlib.suppress(OSError, ValueError):
        print(line, file=sys.stderr, flush=True)
