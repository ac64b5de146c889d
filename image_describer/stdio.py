"""Exit statuses, and silence for libraries that print to the terminal."""

import contextlib
import os
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

DONE = 0
FAULT = 1  # a bug in the program
REFUSED = 2  # bad usage, or something that can't be done
INTERRUPTED = 130  # 128 + SIGINT, as shells count
NO_READER = 141  # 128 + SIGPIPE

STDOUT_FILENO = 1
STDERR_FILENO = 2

_lock = threading.Lock()
_depth = 0
_saved_stderr: int | None = None
_alsa_handler: object = None  # ALSA stores only its address


def silence_pillow() -> None:
    """Keep Pillow's warnings and log messages about odd metadata off the terminal."""
    import logging  # takes 10 ms, which --help doesn't need

    # For the whole process: catching warnings around each picture is not safe between threads.
    warnings.filterwarnings("ignore", module=r"PIL\.")
    logging.getLogger("PIL").addHandler(logging.NullHandler())


def silence_alsa() -> None:
    """Keep ALSA's messages off the terminal: it prints a page if there is no sound card."""
    global _alsa_handler
    if sys.platform != "linux" or _alsa_handler is not None:
        return
    import ctypes

    text, number = ctypes.c_char_p, ctypes.c_int
    # File, line, function, error number and format of a message; its values are not declared.
    handler = ctypes.CFUNCTYPE(None, text, number, text, number, text)(lambda *_: None)
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL("libasound.so.2").snd_lib_error_set_handler(handler)
    _alsa_handler = handler


@contextmanager
def stderr_silenced() -> Iterator[None]:
    """Drop what is written to stderr, by C libraries too; errors are raised as well as printed.

    LiteRT and libtiff have no switch for this. It may be nested and used by several threads; what
    other threads write meanwhile is dropped as well, so keep it short.
    """
    _silence_stderr()
    try:
        yield
    finally:
        _restore_stderr()


def silence_libraries() -> None:
    """Drop what C libraries write to stderr from now on; ``sys.stderr`` still works.

    TensorFlow and XLA print about processors, GPUs and converted networks, and have no switch for
    all of it.
    """
    with contextlib.suppress(OSError, ValueError, AttributeError):
        copy = os.dup(sys.stderr.fileno())
        sys.stderr = os.fdopen(copy, "w", buffering=1, encoding=sys.stderr.encoding,
                               errors="backslashreplace")  # fmt: skip
        _redirect_to_null(STDERR_FILENO)


def silence_output() -> None:
    """Drop everything this process prints from now on; for workers that answer through a pipe."""
    _redirect_to_null(STDOUT_FILENO)
    _redirect_to_null(STDERR_FILENO)


def discard_stdout() -> None:
    """Point stdout at nothing: Python reports a closed pipe or a full disk when it shuts down."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        _redirect_to_null(sys.stdout.fileno())


def _silence_stderr() -> None:
    global _depth, _saved_stderr
    with _lock:
        _depth += 1
        if _depth == 1:
            with contextlib.suppress(OSError):  # a windowed program on Windows has no stderr
                _saved_stderr = os.dup(STDERR_FILENO)
                _redirect_to_null(STDERR_FILENO)


def _restore_stderr() -> None:
    global _depth, _saved_stderr
    with _lock:
        _depth -= 1
        if _depth == 0 and _saved_stderr is not None:
            os.dup2(_saved_stderr, STDERR_FILENO)
            os.close(_saved_stderr)
            _saved_stderr = None


def _redirect_to_null(descriptor: int) -> None:
    with contextlib.suppress(OSError):
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, descriptor)
        os.close(null)
