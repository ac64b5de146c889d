"""The terminal: errors on stderr, and output that any encoding can show."""

import contextlib
import sys

PROGRAM = "image-describer"


def escape_unencodable() -> None:
    """Escape characters that the terminal can't encode: é in the C locale, undecodable names."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def print_error(sentence: str) -> None:
    """Print a sentence on stderr, after the program's name."""
    print_status(f"{PROGRAM}: {sentence}")


def print_status(line: str) -> None:
    """Print a line on stderr; a closed stderr ends no command."""
    with contextlib.suppress(OSError, ValueError):
        print(line, file=sys.stderr, flush=True)
