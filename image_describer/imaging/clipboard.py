"""Reads the clipboard: the path of a file, a picture, or an error that says why neither."""

import json
import logging
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from image_describer.errors import IsFolderError, NoSuchFileError, PictureError
from image_describer.i18n import N_, _
from image_describer.imaging.file_url import file_url_path, is_file_url
from image_describer.imaging.x11_clipboard import PICTURES, TEXTS

if TYPE_CHECKING:
    from PIL import Image

    ClipboardContent = str | bytes | Image.Image

READER = Path(__file__).with_name("x11_clipboard.py")
READ_LIMIT_S = 8.0  # tens of megabytes take a few seconds; an owner that hangs never answers
PATH_LIMIT = 4096  # characters; a longer line is not a path
# Prints the path of the first file that was copied in Finder. Text is no file: AppleScript would
# turn it into the path of one that does not exist.
FINDER_SCRIPT = """\
if (clipboard info for «class furl») is {} then return ""
POSIX path of (the clipboard as «class furl»)"""  # untranslated
# The first line of what file managers copy says what to do with the files.
NOT_PATHS = frozenset({"copy", "cut", "x-special/nautilus-clipboard"})

# Around a path: spaces, the quotation marks of several languages, and the invisible marks that
# Windows puts before paths.
AROUND = " \t\r\n\"'`<>“”„‟«»‹›‘’‚‛「」\u00a0\u200b\u200e\u200f\u202a\u202c\ufeff"

WEB_ADDRESS = re.compile(r"(https?|ftp)://|www\.", re.IGNORECASE)

EMPTY = N_("There's no picture on the clipboard.")
NO_WEB_ADDRESSES = N_("I can't open web addresses.")
NO_ANSWER = N_("The clipboard doesn't answer.")
COPY_AGAIN = N_("Copy the picture again.")
TOO_LARGE = N_("The picture on the clipboard is too large.")
SAVE_IT = N_("Save it as a file and open that.")
INSTALL_XCLIP = N_("With the program xclip installed, larger pictures can be pasted.")
UNREADABLE = N_("The clipboard can't be read.")
OPEN_FILE = N_("Open the picture as a file instead.")

log = logging.getLogger(__name__)


def read(text: str = "") -> "ClipboardContent":
    """Return the path of a file on the clipboard, a file's bytes or a Pillow image.

    May take seconds. ``text`` is the text on it, where the caller knows that: on X11 and Wayland it
    is read here, elsewhere paths are found only in ``text``. Raises PictureError.
    """
    return _read_system(text) if sys.platform in ("win32", "darwin") else _read_unix()


def first_file(text: str) -> str | None:
    """The first existing file in ``text``, which has a path or a file:// URL per line."""
    paths = (path for item in _items(text) for path in possible_paths(item))
    return next((path for path in paths if _is(os.path.isfile, path)), None)


def why_not(items: Iterable[str]) -> PictureError:
    """Return why none of the ``items``, which may be paths or URLs, can be opened."""
    items = list(items)
    if any(_is(os.path.isdir, path) for item in items for path in possible_paths(item)):
        return IsFolderError()
    if any(WEB_ADDRESS.match(item) for item in items):
        return PictureError(_(NO_WEB_ADDRESSES))
    return NoSuchFileError()


def possible_paths(item: str) -> Iterator[str]:
    """The absolute paths that ``item`` may mean, literally first: a plain path, a file:// URL, or
    one of both in quotation marks or escaped for a shell.

    Relative paths would depend on the folder that the program was started in.
    """
    if "\0" in item or len(item) > PATH_LIMIT:
        return
    for text in _spellings(item):
        if is_file_url(text):
            # Some programs don't escape the # of a name.
            literal = text.replace("#", "%23").replace("?", "%3F")
            paths = [file_url_path(literal), file_url_path(text)]
        else:
            paths = [os.path.expanduser(text)]
        yield from (path for path in paths if path and os.path.isabs(path))


def _spellings(item: str) -> Iterator[str]:
    """``item`` itself, without what is around it, and as a shell reads it."""
    yield item
    yield item.strip(AROUND)
    if os.name == "nt":
        return  # backslashes separate folders
    try:
        words = shlex.split(item)
    except ValueError:  # unbalanced quotes
        return
    # Several are files that were dropped on a terminal, or a path with spaces, which stands above.
    if all(word.startswith(("/", "~")) or is_file_url(word) for word in words):
        yield from words


def _nothing(items: list[str]) -> PictureError:
    return why_not(items) if items else PictureError(_(EMPTY))


def _items(text: str) -> Iterator[str]:
    """The lines of ``text`` that may be a path or a URL."""
    for line in text.strip("\0").splitlines():
        item = line.strip()
        if item and len(item) <= PATH_LIMIT and item not in NOT_PATHS and item[0] != "#":
            yield item


def _is(kind: Callable[[str], bool], path: str) -> bool:
    try:
        return kind(path)
    except ValueError:  # it contains a null
        return False


def _read_unix() -> "ClipboardContent":
    """The content on X11 and Wayland.

    On GNOME, wl-paste takes the focus from the window for a moment, so it is asked last.
    """
    content = _list_x11()
    in_x11 = bool(content["texts"] or content["picture"])
    if not in_x11:
        content = _list_wayland()
    for text in content["texts"]:
        file = first_file(text)
        if file is not None:
            return file
    if content["picture"] is not None:
        return _read_picture(content["picture"], in_x11=in_x11)
    raise _nothing([item for text in content["texts"] for item in _items(text)])


def _list_x11() -> dict[str, Any]:
    """See x11_clipboard.content. Nothing where there is Wayland alone."""
    content: dict[str, Any] = {"texts": [], "picture": None}
    try:
        content = json.loads(_run([sys.executable, "-I", str(READER)]))
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        log.warning("The clipboard can't be read: %r", error)
        if _wl_paste() is None:
            raise PictureError(_(UNREADABLE), _(OPEN_FILE)) from error
    return content


def _list_wayland() -> dict[str, Any]:
    """The same of Wayland's clipboard; it is empty where wl-paste is missing."""
    program = _wl_paste()
    offered = _output([program, "--list-types"]).decode().split("\n") if program else []
    texts = [_output(_from_wayland(str(program), kind)) for kind in TEXTS if kind in offered]
    return {
        "texts": [text.decode("utf-8", "surrogateescape") for text in texts if text],
        "picture": next((kind for kind in PICTURES if kind in offered), None),
    }


def _wl_paste() -> str | None:
    return shutil.which("wl-paste") if os.environ.get("WAYLAND_DISPLAY") else None


def _from_wayland(program: str, kind: str) -> list[str]:
    return [program, "--no-newline", "--type", kind]


def _read_picture(mime_type: str, *, in_x11: bool) -> bytes:
    """Ask the programs that can read it, one after the other."""
    commands: list[list[str]] = []
    if in_x11:
        xclip = shutil.which("xclip")
        if xclip:
            commands.append([xclip, "-selection", "clipboard", "-target", mime_type, "-out"])
        # Tk comes later: when it gives up on a large picture, some owners never answer again.
        commands.append([sys.executable, "-I", str(READER), mime_type])
    if program := _wl_paste():
        commands.append(_from_wayland(program, mime_type))
    for command in commands:
        if content := _output(command):
            return content
    raise PictureError(_(TOO_LARGE), _(SAVE_IT), details=_(INSTALL_XCLIP))


def _output(command: list[str]) -> bytes:
    """The output of ``command``; empty if it fails. Raises PictureError when it takes too long."""
    try:
        return _run(command)
    except (OSError, subprocess.CalledProcessError):
        return b""


def _run(command: list[str]) -> bytes:
    """The output of ``command``. Raises PictureError when it takes too long."""
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
        raise PictureError(_(NO_ANSWER), _(COPY_AGAIN)) from error


def _read_system(text: str) -> "ClipboardContent":
    """The content on Windows and macOS, where ``text`` is on the clipboard."""
    file = first_file(text)
    if file is not None:
        return file
    if sys.platform == "darwin" and (copied := _copied_in_finder()):
        if _is(os.path.isfile, copied):
            return copied
        raise _nothing([copied])  # the picture on the clipboard is the icon of the folder
    from PIL import Image, ImageGrab

    try:
        content = ImageGrab.grabclipboard()
    except Exception as error:  # Pillow raises many kinds of errors for odd content
        log.warning("Pillow can't read the clipboard: %r", error)
        raise PictureError(_(UNREADABLE), _(OPEN_FILE)) from error
    if isinstance(content, Image.Image):
        return content
    names = list(content or ())
    files = [name for name in names if _is(os.path.isfile, name)]
    if files:
        return files[0]
    raise _nothing([*names, *_items(text)])


def _copied_in_finder() -> str:
    """The path of what was copied in Finder, which also puts its icon on the clipboard; or ""."""
    path = _output(["osascript", "-e", FINDER_SCRIPT])
    return os.fsdecode(path.removesuffix(b"\n"))
