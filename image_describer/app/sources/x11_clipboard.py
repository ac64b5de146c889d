"""Reads the clipboard of an X11 screen; run as a process of its own, which prints what it found.

Tk waits for whichever program owns the clipboard, for seconds if that hangs, and writes a picture
out as hexadecimal text, so none of this may happen in the window's own process. Needs nothing but
Python's own library, because it is started by its path, without the package.
"""

import json
import sys
import tkinter as tk
from typing import Any

# In this order: a file manager offers its files as plain text, too, but without their whole path.
TEXTS = ("text/uri-list", "x-special/gnome-copied-files", "UTF8_STRING", "STRING")
PICTURES = ("image/png", "image/jpeg", "image/tiff", "image/webp", "image/gif", "image/bmp")


def list_it(root: tk.Tk) -> dict[str, Any]:
    """``texts``: list of str; ``picture``: the kind of picture that is there, or None."""
    try:
        offered = str(root.tk.call("clipboard", "get", "-type", "TARGETS")).split()
    except tk.TclError:  # nobody owns the clipboard
        offered = []
    texts = [_plain(_get(root, target), target) for target in TEXTS if target in offered]
    return {
        "texts": [text for text in texts if text],
        "picture": next((target for target in PICTURES if target in offered), None),
    }


def picture(root: tk.Tk, kind: str) -> bytes:
    """A picture file's bytes; none if it comes in pieces of more than the 400 kB that Tk reads."""
    return _unwritten(_get(root, kind))


def _get(root: tk.Tk, target: str) -> str:
    try:
        return str(root.tk.call("clipboard", "get", "-type", target))
    except tk.TclError:
        return ""


def _plain(text: str, target: str) -> str:
    """Of what is no text to X11, Tk writes every byte out: "0x66 0x69 "."""
    if "/" not in target:
        return text
    try:
        return _unwritten(text).decode("utf-8", "surrogateescape")
    except ValueError:
        return text


def _unwritten(text: str) -> bytes:
    # A byte above 0x7f may come with the sign of a C char before it: 0xffffff89.
    return bytes(int(number, 16) & 0xFF for number in text.split())


def main(words: list[str]) -> None:
    """Print what there is as JSON, or the bytes of the kind of picture that is named."""
    root = tk.Tk()
    root.withdraw()
    if words:
        sys.stdout.buffer.write(picture(root, words[0]))
    else:
        json.dump(list_it(root), sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1:])
