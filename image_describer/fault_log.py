"""The log of bugs in the program: tracebacks go there, and the user gets a sentence."""

import contextlib
import traceback
from datetime import datetime
from pathlib import Path

from image_describer import __version__
from image_describer.i18n import _
from image_describer.text import visible

FILE_NAME = "faults.log"
FILE_LIMIT_BYTES = 200_000  # what somebody would still attach to a report


def record_fault(fault: Exception) -> str:
    """Append the traceback of ``fault`` to the log and return a sentence for the user."""
    reason = visible(f"{type(fault).__name__}: {fault}")
    sentence = _("Something went wrong in the program itself ({reason}).").format(reason=reason)
    try:
        from image_describer.paths import log_folder

        path = log_folder() / FILE_NAME
        _rotate(path)
        with path.open("a", encoding="utf-8", errors="backslashreplace") as file:
            file.write(f"{datetime.now().astimezone().isoformat()} {__version__}\n")
            traceback.print_exception(fault, file=file)
    except OSError:
        return f"{sentence} {_('Its log could not be written.')}"
    send = _("Please send this log to the developers: {path}").format(path=visible(str(path)))
    return f"{sentence} {send}"


def _rotate(path: Path) -> None:
    """Start a new log when ``path`` is too large; one older log is kept beside it."""
    with contextlib.suppress(FileNotFoundError):  # there is none yet, or another process was first
        if path.stat().st_size > FILE_LIMIT_BYTES:
            path.replace(path.with_name(f"{path.name}.1"))
