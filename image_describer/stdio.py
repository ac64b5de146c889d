"""Silence for libraries that print: what users should know reaches them as a sentence instead."""

import logging
import os
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

_one_at_a_time = threading.Lock()


def hush_pillow() -> None:
    """Keep Pillow's warnings and log messages about odd metadata off the terminal."""
    # For the whole process: catching warnings around each picture is not safe between threads.
    warnings.filterwarnings("ignore", module=r"PIL\.")
    logging.getLogger("PIL").addHandler(logging.NullHandler())


@contextmanager
def stderr_closed() -> Iterator[None]:
    """Drop what C code writes to the terminal meanwhile; libtiff can't be silenced otherwise.

    What other threads write to stderr meanwhile is dropped as well, so keep it short.
    """
    with _one_at_a_time:
        try:
            kept = os.dup(2)
        except OSError:  # a windowed program on Windows has no stderr
            yield
            return
        try:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, 2)
            os.close(nowhere)
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)
