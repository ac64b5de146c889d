"""A process of a batch to which accidents happen, by the names of the pictures it looks at."""

import os
import signal
import time
from multiprocessing.connection import Connection
from pathlib import Path

from image_describer.captioner import describer
from image_describer.imaging import open
from image_describer.workers import process


def main(pipe: Connection, bundle: Path | None, gently: bool = False) -> None:
    """`worker.main`, but "crash" in a name kills it, "once" only at first, and "hang" hangs."""

    def open_picture(source: str) -> open.Picture:
        name = os.path.basename(source)
        if "hang" in name:
            time.sleep(600)
        once = Path(f"{source}.was-here")
        if "crash" in name or ("once" in name and not once.exists()):
            once.touch()
            os.kill(os.getpid(), signal.SIGSEGV)
        return open.open_picture(source)

    describer.open_picture = open_picture  # type: ignore[assignment]
    process.main(pipe, bundle, gently)


def no_start(pipe: Connection, bundle: Path | None, gently: bool = False) -> None:
    """A process that ends before it can do anything."""
    os._exit(7)
