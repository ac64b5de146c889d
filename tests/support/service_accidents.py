"""A describing process of the service to which accidents happen, by what is in the pictures."""

import os
import signal
import time
from multiprocessing.connection import Connection
from pathlib import Path

from image_describer.captioner import describer
from image_describer.imaging import open
from image_describer.server import worker

CRASHES, HANGS, ONCE, SLEEPS = b"crash", b"hang", b"once:", b"sleep:"

_main = worker.main


def install() -> None:
    """Let the processes of the service that is started next have accidents."""
    worker.main = main


def main(pipe: Connection, bundle: Path | None, limit_s: float) -> None:
    """`worker.main`, but some pictures crash it, always or ONCE (with a file's name), hang it, or
    take so many seconds before the rest is looked at.
    """

    def open_picture(source: bytes) -> open.Picture:
        if source.startswith(CRASHES):
            os.kill(os.getpid(), signal.SIGSEGV)
        if source.startswith(HANGS):
            time.sleep(600)
        head, _, rest = source.partition(b"\n")
        if source.startswith(SLEEPS):
            time.sleep(float(head[len(SLEEPS) :]))
            return open.open_picture(rest)
        if source.startswith(ONCE):
            was_here = Path(os.fsdecode(head[len(ONCE) :]))
            if not was_here.exists():
                was_here.touch()
                os.kill(os.getpid(), signal.SIGKILL)
            return open.open_picture(rest)
        return open.open_picture(source)

    describer.open_picture = open_picture  # type: ignore[assignment]
    _main(pipe, bundle, limit_s)
