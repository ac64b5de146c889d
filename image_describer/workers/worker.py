"""The main function of a describing process: it loads the model and works on groups of items.

It may die of a picture without harm to the others, and it ends when the process that started it
does, however that ends.
"""

import ctypes
import faulthandler
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing import connection
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from image_describer.stdio import silence_output

if TYPE_CHECKING:
    from image_describer.captioner.describer import Describer

OnStart = Callable[[int], None]
"""Called with an item's index when work on it starts, and with `ALL`."""

WorkFunction = Callable[["Describer", Sequence[Any], OnStart], Sequence[Any]]
"""What a process does with a group of items; returns a result for each. It must be importable."""

READY, FAILED, STARTED, DONE = "ready", "failed", "started", "done"
ALL = -1  # in place of an index: every picture is open, their captions are being generated

NICENESS = 10  # of 19: leaves a tenth of a core beside a program that wants everything
BELOW_NORMAL_PRIORITY_CLASS = 0x4000  # of Windows
EXIT_AFTER_S = 20.0  # beyond the limit, because a decoder that hangs may also hold Python's lock


@dataclass(frozen=True)
class WorkerOptions:
    """``limit_s``: how long one item may take. ``bundle``: the model's folder.

    ``language``: of errors while it starts; each group of items has its own.
    """

    bundle: Path | None
    low_priority: bool
    limit_s: float
    language: str


def main(pipe: connection.Connection, options: WorkerOptions) -> None:
    """Work on the groups that come through ``pipe`` until it is closed."""
    if options.low_priority:
        let_others_go_first()
    for name in ("SIGINT", "SIGTERM"):  # they may reach the whole process group; the parent decides
        signal.signal(getattr(signal, name), signal.SIG_IGN)
    threading.Thread(target=_exit_with_parent, daemon=True).start()
    silence_output()
    try:
        with open(os.devnull, "wb") as devnull:
            _work(pipe, options, devnull)
    except (EOFError, OSError):  # the parent closed the pipe
        os._exit(0)


def _work(pipe: connection.Connection, options: WorkerOptions, devnull: IO[bytes]) -> None:
    from image_describer.captioner.describer import Describer
    from image_describer.errors import ImageDescriberError
    from image_describer.i18n import set_language

    set_language(options.language)
    try:
        describer = Describer(options.bundle, threads=1)
        if describer.has_joint_space:
            _unused = describer.joint_space
    except ImageDescriberError as error:
        pipe.send((FAILED, error))
        return
    pipe.send((READY, None))

    def on_start(index: int) -> None:
        faulthandler.dump_traceback_later(options.limit_s + EXIT_AFTER_S, exit=True, file=devnull)
        pipe.send((STARTED, index))

    while True:
        function, language, items = pipe.recv()
        set_language(language)
        on_start(0)
        results: Any
        try:
            results = list(function(describer, items, on_start))
        except ImageDescriberError as error:
            results = error
        faulthandler.cancel_dump_traceback_later()
        pipe.send((DONE, results))


def let_others_go_first(platform: str = sys.platform) -> None:
    """Lower the priority of this process, on every system."""
    if platform == "win32":
        _set_priority_class(BELOW_NORMAL_PRIORITY_CLASS)
    else:
        os.nice(NICENESS)


def _set_priority_class(priority_class: int) -> None:
    # Not windll, which other systems lack: the calling conventions differ only in 32-bit programs.
    kernel32 = ctypes.CDLL("kernel32")
    kernel32.GetCurrentProcess.restype = ctypes.c_void_p
    kernel32.SetPriorityClass.argtypes = (ctypes.c_void_p, ctypes.c_uint32)
    kernel32.SetPriorityClass(kernel32.GetCurrentProcess(), priority_class)


def _exit_with_parent() -> None:
    """Exit when the parent does. A closed pipe is noticed only while reading from it."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(0)
