"""What is on the clipboard: the path of a file, or a picture; or a sentence why neither."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname

from image_describer.errors import PictureError

if TYPE_CHECKING:
    import tkinter as tk

    from PIL import Image

    Found = str | bytes | Image.Image

READER = Path(__file__).with_name("x11_clipboard.py")
READ_LIMIT_S = 8.0  # tens of megabytes take a few; an owner that hangs is given up
LONGEST_PATH = 4096  # characters; more is no path but somebody's text
# Programs that read pictures of any size, and what they are told; {} is the kind of picture.
TOOLS = (
    ("wl-paste", "WAYLAND_DISPLAY", ("--no-newline", "--type", "{}")),
    ("xclip", "DISPLAY", ("-selection", "clipboard", "-target", "{}", "-out")),
)
# File managers write what is to be done with the files in the first line.
NOT_PATHS = frozenset({"copy", "cut", "x-special/nautilus-clipboard"})

COPY_FIRST = "Copy a picture, or the path of a file, and try again."
EMPTY = "There is neither a picture nor a path on the clipboard."
NO_PATH = "The text on the clipboard is not the path of a file that is there."
NO_ANSWER = "The program that holds the clipboard does not answer."
TOO_LARGE = "The picture on the clipboard is too large for me to take."
SAVE_IT = "Save it as a file and open that, or install xclip and try again."
UNREADABLE = "The clipboard can't be read."


def reader(root: "tk.Misc") -> "Callable[[], Found]":
    """A function that reads the clipboard, to be called off the window's thread.

    Called on the window's thread, and returns at once. What it returns gives the path of a file, a
    file's bytes or a Pillow image, and raises PictureError.
    """
    import tkinter as tk

    if root.tk.call("tk", "windowingsystem") == "x11":
        return _from_x11
    try:
        text = root.clipboard_get()  # asks the system, not another program: no wait
    except tk.TclError:
        text = ""
    return lambda: _from_system(text)


def file_in(text: str) -> str | None:
    """The first file in ``text``: a path, a path in quotes, file:// addresses, one a line."""
    for line in text.strip("\0").splitlines():
        words = line.strip()
        if not words or len(words) > LONGEST_PATH or words in NOT_PATHS or words[0] == "#":
            continue
        path = path_in(words)
        # A relative path would depend on where the program happened to be started.
        if path and os.path.isabs(path) and _is_file(path):
            return path
    return None


def path_in(words: str) -> str | None:
    """The path that ``words`` write: plainly, in quotes, or as a file:// address."""
    if words.lower().startswith("file:"):
        try:
            address = urlsplit(words)
        except ValueError:
            return None
        if address.netloc not in ("", "localhost"):
            return None
        if os.name == "nt":
            return url2pathname(address.path)
        # A name whose bytes are no UTF-8 has to come back as it is, which url2pathname won't do.
        return unquote(address.path, errors="surrogateescape")
    if len(words) > 1 and words[0] == words[-1] and words[0] in "\"'":
        words = words[1:-1]
    return os.path.expanduser(words)


def _is_file(path: str) -> bool:
    try:
        return os.path.isfile(path)
    except ValueError:  # a null in it
        return False


def _from_x11() -> "Found":
    found = _ask_reader()
    for text in found["texts"]:
        file = file_in(text)
        if file is not None:
            return file
    if found["picture"] is not None:
        return _picture(found["picture"])
    raise PictureError(NO_PATH if found["texts"] else EMPTY, COPY_FIRST)


def _ask_reader() -> dict[str, Any]:
    try:
        done = _run([sys.executable, "-I", str(READER)])
        found: dict[str, Any] = json.loads(done)
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        raise PictureError(UNREADABLE, "Open the picture as a file instead.") from error
    return found


def _picture(kind: str) -> bytes:
    # Tk comes last: when it gives up on a large picture, some owners never answer anybody again.
    commands = [
        [program, *(word.format(kind) for word in words)]
        for name, variable, words in TOOLS
        if (program := shutil.which(name)) and os.environ.get(variable)
    ]
    for command in (*commands, [sys.executable, "-I", str(READER), kind]):
        try:
            content = _run(command)
        except (OSError, subprocess.CalledProcessError):
            continue
        if content:
            return content
    raise PictureError(TOO_LARGE, SAVE_IT)


def _run(command: list[str]) -> bytes:
    """What ``command`` prints. Raises PictureError when it takes too long."""
    try:
        return subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=READ_LIMIT_S,
            check=True,
        ).stdout
    except subprocess.TimeoutExpired as error:
        raise PictureError(NO_ANSWER, COPY_FIRST) from error


def _from_system(text: str) -> "Found":
    file = file_in(text)
    if file is not None:
        return file
    from PIL import Image, ImageGrab

    try:
        held = ImageGrab.grabclipboard()
    except Exception as error:  # Pillow raises many kinds for what other programs put there
        raise PictureError(UNREADABLE, "Open the picture as a file instead.") from error
    if isinstance(held, Image.Image):
        return held
    files = [name for name in held or () if _is_file(name)]
    if files:
        return files[0]
    raise PictureError(NO_PATH if text else EMPTY, COPY_FIRST)
