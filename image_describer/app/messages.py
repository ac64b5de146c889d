"""The sentences of the window."""

import logging

from image_describer.app import keymap
from image_describer.errors import ImageDescriberError, IsFolderError
from image_describer.i18n import N_, _
from image_describer.paths import log_folder

LOG_NAME = "app.log"
log = logging.getLogger(__name__)

WELCOME = N_("Image Describer. {open} opens a picture, {help} shows the help.")
NOTHING_YET = N_("No description yet. {open} opens a picture.")
NO_PICTURE = N_("No picture is open. {open} opens one.")
LOADING = N_("Loading")
WORKING = N_("Working")
WORKING_ON = N_("Working…")  # shown, not said
READY = N_("Ready")
NOT_DESCRIBED = N_("Not described")
CANCELLED = N_("Cancelled.")
FROM_CLIPBOARD = N_("Picture from the clipboard")  # in place of a file name
FROM_SCREEN = N_("The screen")
NO_PAGES = N_("There is only one page.")
FIRST_PAGE = N_("This is the first page.")
LAST_PAGE = N_("This is the last page.")
READ_ON = N_("{text} reads them.")
DESCRIBES_FOLDER = N_("{folder} describes it.")
MORE_TITLE = N_("Details")
COPIED_TEXT = N_("Copied the whole text.")
COPIED_SELECTION = N_("Copied the selected text.")
COPIED = N_("Copied: {caption}")
NOT_YET = N_("The offline voice reads until you choose one in the settings.")
RATE = N_("{rate} words a minute")
FASTEST = N_("fastest, {rate} words a minute")
SLOWEST = N_("slowest, {rate} words a minute")
ALREADY_OPEN = N_("Image Describer is already open.")
ONLY_FIRST = N_("{count} files. Only the first is opened.")
NO_EARLIER = N_("No earlier description.")
HISTORY_POSITION = N_("Description {position}")
NO_LATER = N_("This is the newest description.")
LIST_POSITION = N_("Picture {position}")
FIRST_PICTURE = N_("This is the first picture.")
LAST_PICTURE = N_("This is the last picture.")
NOT_IN_FOLDER = N_("This picture is not in a folder.")
LANGUAGE_CHANGED = N_("The program speaks {language} now.")
READER_RUNS = N_("{reader} is running. I speak through it; {switch_voice} changes that.")
READER_SPEAKS = N_("{reader} speaks.")
OWN_VOICE_SPEAKS = N_("Image Describer speaks itself.")
NO_READER = N_("No screen reader is running. Image Describer speaks itself.")
HISTORY_OFF = N_("The history is off. The settings turn it on.")


def user_message(error: Exception) -> str:
    """The message for the user: the error's own sentences, or where the log is."""
    if isinstance(error, IsFolderError):
        return f"{error.sentence} {keymap.with_keys(_(DESCRIBES_FOLDER), keymap.spoken)}"
    if isinstance(error, ImageDescriberError):
        return str(error)
    try:
        where = _("The details are in {log_file}.").format(log_file=log_folder() / LOG_NAME)
    except OSError:
        where = _("There is no log, because its folder can't be written.")
    what = _("Something went wrong inside Image Describer ({error}).")
    return f"{what.format(error=type(error).__name__)} {where}"


def log_error(error: Exception) -> None:
    """Log an error; with a traceback, unless it is one of the program's own."""
    if isinstance(error, ImageDescriberError):
        log.warning("%s", error)
    else:
        log.error("A job failed", exc_info=error)
