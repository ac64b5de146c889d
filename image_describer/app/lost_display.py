"""When the X server goes away while the window is open: one sentence, and exit status 2.

Xlib ends the process then, whatever its program wants; all that can be chosen is what is said last.
"""

import contextlib
import ctypes
import logging
import os
import sys
from typing import Any

LIBRARY = "libX11.so.6"  # the copy that Tk has loaded already
SENTENCE = "Image Describer has ended: the display that its window was on is gone."
STATUS = 2

log = logging.getLogger(__name__)
# Xlib keeps only the address: what it would call must not be freed.
_KEPT: list[Any] = []


def watch() -> None:
    """Call it once there is a window on an X11 display.

    Where Tk brings an Xlib of its own, hidden inside it, this changes nothing.
    """
    try:
        library = ctypes.CDLL(LIBRARY)
        handler = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p)(_lost)
        library.XSetIOErrorHandler.restype = ctypes.c_void_p
        library.XSetIOErrorHandler(handler)
    except (OSError, AttributeError) as error:
        log.info("The display is not watched: %s", error)
        return
    _KEPT.append(handler)


def _lost(_display: int | None) -> int:
    # Inside a call of Xlib, which may not be called here, nor Tk: no window is closed, no timer.
    with contextlib.suppress(Exception):
        log.error(SENTENCE)
    with contextlib.suppress(Exception):
        print(SENTENCE, file=sys.stderr, flush=True)
    os._exit(STATUS)
