"""Reads and writes the metadata of pictures with exiftool, independently of the program."""

import atexit
import subprocess
from functools import cache
from pathlib import Path

ALT_TEXT = "XMP-iptcCore:AltTextAccessibility"
DIGEST = "XMP-imagedescriber:AltTextMade"


@cache
def _process() -> subprocess.Popen[str]:
    """Start exiftool once for all tests, because Perl takes a while to start."""
    pipe = subprocess.PIPE
    process = subprocess.Popen(
        ["exiftool", "-stay_open", "True", "-@", "-"],
        stdin=pipe,
        stdout=pipe,
        stderr=subprocess.DEVNULL,
        encoding="utf-8",
    )
    atexit.register(process.communicate, "-stay_open\nFalse\n")
    return process


def exiftool(*arguments: object) -> str:
    """Run exiftool with these arguments and return its output."""
    process = _process()
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write("\n".join([*map(str, arguments), "-execute", ""]))
    process.stdin.flush()
    lines = []
    while (line := process.stdout.readline()) != "{ready}\n":
        assert line, "exiftool has ended"
        lines.append(line)
    return "".join(lines)


def edit(path: Path, *arguments: str) -> None:
    """Change the metadata of a file in place."""
    exiftool("-m", "-overwrite_original", *arguments, path)


def read_tag(path: Path, tag: str = ALT_TEXT) -> str:
    """Return the value of one tag; "" if the file doesn't have it."""
    return exiftool("-s3", f"-{tag}", path).removesuffix("\n")
