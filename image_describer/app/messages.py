"""The sentences of the window."""

import logging

from image_describer.app import keymap
from image_describer.errors import ImageDescriberError, IsFolderError
from image_describer.paths import log_folder

LOG_NAME = "app.log"
log = logging.getLogger(__name__)

WELCOME = "Image Describer. {open} opens a picture, {help} shows the help."
NOTHING_YET = "No description yet. {open} opens a picture."
NO_PICTURE = "No picture is open. {open} opens one."
LOADING = "Loading"
WORKING = "Working"
READY = "Ready"
NOT_DESCRIBED = "Not described"
CANCELLED = "Cancelled."
FROM_CLIPBOARD = "Picture from the clipboard"  # in place of a file name
FROM_SCREEN = "The screen"
NO_PAGES = "There is only one page."
FIRST_PAGE = "This is the first page."
LAST_PAGE = "This is the last page."
READ_ON = "{text} reads them."
DESCRIBES_FOLDER = "{folder} describes it."
MORE_TITLE = "Details"
COPIED_TEXT = "Copied the whole text."
COPIED_SELECTION = "Copied the selected text."
COPIED = "Copied: {caption}"
NOT_YET = "The offline voice reads until you choose one in the settings."
RATE = "{rate} words a minute"
FASTEST, SLOWEST = "fastest", "slowest"
ALREADY_OPEN = "Image Describer is already open."
ONLY_FIRST = "{count} files. Only the first is opened."
NO_EARLIER = "No earlier description."
HISTORY_POSITION = "Description {position}"
NO_LATER = "This is the newest description."
LIST_POSITION = "Picture {position}"
FIRST_PICTURE = "This is the first picture."
LAST_PICTURE = "This is the last picture."
NOT_IN_FOLDER = "This picture is not in a folder."
HISTORY_OFF = "The history is off. The settings turn it on."


def user_message(error: Exception) -> str:
    """The message for the user: the error's own sentences, or where the log is."""
    if isinstance(error, IsFolderError):
        return f"{error.sentence} {keymap.with_keys(DESCRIBES_FOLDER, keymap.spoken)}"
    if isinstance(error, ImageDescriberError):
        return str(error)
    try:
        log_file = f"The details are in {log_folder() / LOG_NAME}."
    except OSError:
        log_file = "There is no log, because its folder can't be written."
    return f"Something went wrong inside Image Describer ({type(error).__name__}). {log_file}"


def log_error(error: Exception) -> None:
    """Log an error; with a traceback, unless it is one of the program's own."""
    if isinstance(error, ImageDescriberError):
        log.warning("%s", error)
    else:
        log.error("A job failed", exc_info=error)
