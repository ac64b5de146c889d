"""How the command line talks and ends: its sentences on stderr and its exit statuses."""

import contextlib
import os
import sys
import traceback
from collections.abc import Iterator
from datetime import datetime

from image_describer import __version__
from image_describer.text import visible

PROGRAM = "image-describer"
LOG_FILE = "faults.log"
STDERR_FILENO = 2

DONE = 0
FAULT = 1  # of the program itself
REFUSED = 2  # something was asked that can't be done
INTERRUPTED = 130  # 128 + SIGINT, as shells count
NO_READER = 141  # 128 + SIGPIPE


def escape_what_cannot_be_shown() -> None:
    """Let no character stop a line: é in the C locale, a file name that is no UTF-8."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def complain(sentence: str) -> None:
    """One sentence on stderr, after the program's name, as other programs do it."""
    with contextlib.suppress(OSError, ValueError):  # a closed stderr must not hide the status
        print(f"{PROGRAM}: {sentence}", file=sys.stderr, flush=True)


def drop_output() -> None:
    """Point stdout at nothing, or Python complains about the closed pipe while it shuts down."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, sys.stdout.fileno())
        os.close(nothing)


@contextlib.contextmanager
def without_chatter() -> Iterator[None]:
    """Keep what C++ libraries print about themselves from the user while they are loaded.

    LiteRT greets with "INFO: Created TensorFlow Lite XNNPACK delegate for CPU." and has no switch
    for that. What goes wrong is raised as well as printed, so nothing is lost. The command line has
    no other thread yet that could want to print here.
    """
    try:
        stderr = os.dup(STDERR_FILENO)
        nothing = os.open(os.devnull, os.O_WRONLY)
    except OSError:  # stderr is closed: there is nothing to keep clean
        yield
        return
    try:
        os.dup2(nothing, STDERR_FILENO)
        yield
    finally:
        os.dup2(stderr, STDERR_FILENO)
        os.close(stderr)
        os.close(nothing)


def own_up(fault: Exception) -> str:
    """The sentence for a fault of the program itself; its traceback goes to the log."""
    reason = visible(f"{type(fault).__name__}: {fault}")
    text = f"Something went wrong in the program itself ({reason})."
    try:
        from image_describer import paths

        log = paths.log_folder() / LOG_FILE
        with log.open("a", encoding="utf-8", errors="backslashreplace") as file:
            file.write(f"{datetime.now().astimezone().isoformat()} {__version__}\n")
            traceback.print_exception(fault, file=file)
    except OSError:
        return f"{text} Its log could not be written."
    return f"{text} Please send its makers this log: {log}"


def silence() -> None:
    """Let nothing that a library prints be seen: for a process that answers through a pipe."""
    try:
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, 1)
        os.dup2(nothing, 2)
        os.close(nothing)
    except OSError:  # a program without a terminal on Windows has neither
        return
