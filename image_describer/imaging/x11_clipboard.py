"""Reads the clipboard of an X11 screen in a process of its own, and prints its content.

Tk waits for the program that owns the clipboard, for seconds if that hangs, and converts pictures
to hexadecimal text, so this must not run in the window's process. Uses only the standard library,
because it is started by its path, without the package; Tk where it is used, as the package takes
the names of types from here.
"""

import json
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import tkinter as tk

# In order of preference: as plain text, file managers offer their files without the whole path.
TEXTS = ("text/uri-list", "x-special/gnome-copied-files", "UTF8_STRING", "STRING")
PICTURES = ("image/png", "image/jpeg", "image/tiff", "image/webp", "image/gif", "image/bmp")


def content(root: "tk.Tk") -> dict[str, Any]:
    """``texts``: list of str; ``picture``: the MIME type of the picture on it, or None."""
    offered = _get(root, "TARGETS").split()
    texts = [_decoded(_get(root, target), target) for target in TEXTS if target in offered]
    return {
        "texts": [text for text in texts if text],
        "picture": next((target for target in PICTURES if target in offered), None),
    }


def picture(root: "tk.Tk", mime_type: str) -> bytes:
    """A picture file's bytes; empty if it is sent in pieces of more than 400 kB, Tk's limit."""
    return _from_hexadecimal(_get(root, mime_type))


def _get(root: "tk.Tk", target: str) -> str:
    """What the clipboard has of this type; empty if nothing."""
    import tkinter as tk

    try:
        return str(root.tk.call("clipboard", "get", "-type", target))
    except tk.TclError:
        return ""


def _decoded(text: str, target: str) -> str:
    """Tk returns types that are not text in X11 as hexadecimal bytes: "0x66 0x69 "."""
    if "/" not in target:
        return text
    try:
        return _from_hexadecimal(text).decode("utf-8", "surrogateescape")
    except ValueError:
        return text


def _from_hexadecimal(text: str) -> bytes:
    # A byte above 0x7f may be sign-extended: 0xffffff89.
    return bytes(int(number, 16) & 0xFF for number in text.split())


def main(arguments: list[str]) -> None:
    """Print the content as JSON or, given a MIME type, the bytes of the picture."""
    import tkinter as tk

    root = tk.Tk()
    root.withdraw()
    if arguments:
        sys.stdout.buffer.write(picture(root, arguments[0]))
    else:
        json.dump(content(root), sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1:])
