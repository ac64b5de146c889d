"""Describing processes that have accidents: the content or the name of a picture causes them."""

import os
import signal
import time
from multiprocessing.connection import Connection
from pathlib import Path

from image_describer.captioner import describer
from image_describer.imaging import open
from image_describer.workers import worker

CRASH, HANG, CRASH_ONCE, SLEEP = b"crash", b"hang", b"once:", b"sleep:"

_main = worker.main


def install() -> None:
    """Let the processes that this process starts next have accidents."""
    worker.main = main


def main(pipe: Connection, options: worker.WorkerOptions) -> None:
    """`worker.main`, with a picture opener that has accidents."""

    def open_picture(source: str | bytes) -> open.Picture:
        if isinstance(source, bytes):
            return open.open_picture(_accident_by_content(source))
        _accident_by_name(source)
        return open.open_picture(source)

    describer.open_picture = open_picture  # type: ignore[assignment]
    _main(pipe, options)


def exit_at_start(pipe: Connection, options: worker.WorkerOptions) -> None:
    """A process that ends before it can do anything."""
    os._exit(7)


def _accident_by_name(source: str) -> None:
    """A file name with "hang", "crash", or "once", which crashes only the first time."""
    name = os.path.basename(source)
    if "hang" in name:
        time.sleep(600)
    once = Path(f"{source}.was-here")
    if "crash" in name or ("once" in name and not once.exists()):
        once.touch()
        os.kill(os.getpid(), signal.SIGSEGV)


def _accident_by_content(source: bytes) -> bytes:
    """Content that starts with CRASH, HANG, CRASH_ONCE and a file's name, or SLEEP and seconds.

    Returns the picture after the first line, if that is a command.
    """
    if source.startswith(CRASH):
        os.kill(os.getpid(), signal.SIGSEGV)
    if source.startswith(HANG):
        time.sleep(600)
    head, _, rest = source.partition(b"\n")
    if source.startswith(SLEEP):
        time.sleep(float(head[len(SLEEP) :]))
        return rest
    if source.startswith(CRASH_ONCE):
        was_here = Path(os.fsdecode(head[len(CRASH_ONCE) :]))
        if not was_here.exists():
            was_here.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return rest
    return source
