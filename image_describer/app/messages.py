"""The sentences of the window, and the small texts around a file's name."""

import logging
from collections.abc import Callable
from pathlib import Path

from image_describer.app import keymap
from image_describer.errors import ImageDescriberError
from image_describer.paths import log_folder

LOG_NAME = "app.log"
log = logging.getLogger(__name__)

WELCOME = "Image Describer. {open} opens a picture, {help} helps."
NOTHING_YET = "There is no description yet. {open} opens a picture."
NO_PICTURE = "No picture is open. {open} opens one."
LOADING = "Loading"
WORKING = "Working"
READY = "Ready"
FAILED = "Not described"
CANCELLED = "Cancelled."
FROM_CLIPBOARD = "Picture from the clipboard"  # stands where a file's name would
MORE_TITLE = "More"
COPIED_SELECTION = "Copied the selected text."
COPIED = "Copied: {caption}"
VOICE_QUESTION = (
    "Which voice shall read the descriptions? Enter: the natural voice, online. It sends the "
    "sentence, never the picture, to Google. Tab, then Enter: the offline voice; nothing leaves "
    "this computer. The settings change it later."
)
NOT_YET = "The offline voice reads until you choose, in the settings."
RATE = "{rate} words a minute"
FASTEST, SLOWEST = "fastest", "slowest"
ALREADY_OPEN = "Image Describer is open already."
ONLY_FIRST = "There are {count} files; I open the first."
NO_EARLIER = "There is no earlier description."
PLACE = "Description {place}"
NO_LATER = "This is the newest description."
HISTORY_OFF = "The history is switched off. The settings switch it on."


def with_keys(text: str, write: Callable[[str], str]) -> str:
    """``text`` with the key of each command that it names: {open} becomes Ctrl+O or Control O."""
    return text.format_map({command.name: write(command.keys[0]) for command in keymap.COMMANDS})


def printable(text: str) -> str:
    """``text`` as Tk can draw it on one line: a file's name may hold newlines and stray bytes."""
    whole = text.encode("utf-8", "replace").decode("utf-8")
    return "".join(letter if letter.isprintable() else " " for letter in whole)


def name_of(file: str) -> str:
    """The file's name without its folders, to be shown and said."""
    return printable(Path(file).name or file)


def as_told(error: Exception) -> str:
    """What a user is told about ``error``: its own sentence, or where the log lies."""
    if isinstance(error, ImageDescriberError):
        return str(error)
    try:
        log_file = f"The details are in {log_folder() / LOG_NAME}."
    except OSError:
        log_file = "There is no log, because its folder can't be written."
    return f"Something went wrong inside Image Describer ({type(error).__name__}). {log_file}"


def log_it(error: Exception) -> None:
    """Write down what a user was told; with its trace, if nobody foresaw it."""
    if isinstance(error, ImageDescriberError):
        log.warning("%s", error)
    else:
        log.error("A job failed", exc_info=error)


def file_types(suffixes: tuple[str, ...], any_case: bool) -> list[tuple[str, tuple[str, ...]]]:
    """What the open dialog offers. ``any_case``: its patterns already match ``.JPG`` and ``.jpg``.

    On Linux they don't, and cameras write upper case.
    """
    patterns = [f"*{suffix.lower()}" for suffix in suffixes]
    if not any_case:
        patterns += [pattern.upper() for pattern in patterns]
    return [("Pictures", tuple(patterns)), ("All files", ("*",))]
