"""Brings what other threads have for the window to its thread, without waking an idle machine."""

import contextlib
import logging
import os
import queue
import threading
import tkinter as tk
from collections.abc import Callable
from typing import Any

POLL_MS = 200  # only where Tk can't watch a pipe, which is Windows

log = logging.getLogger(__name__)


class _Question:
    """A value on its way to the window's thread, which may be withdrawn until it is taken up."""

    def __init__(self, value: Any) -> None:
        self.value = value
        self.answer = False
        self.answered = threading.Event()
        self._lock = threading.Lock()
        self._settled = False

    def settle(self) -> bool:
        """Take it up, or withdraw it: True for whoever comes first."""
        with self._lock:
            first, self._settled = not self._settled, True
        return first


class Inlet:
    """Calls ``receive(value)`` on the window's thread with what other threads ask.

    Tk's own loop watches a pipe, into which a byte is written for each value: `event_generate` from
    another thread may block for ever, and asking a queue again and again wakes the machine.
    """

    def __init__(self, root: tk.Misc, receive: Callable[[Any], bool]) -> None:
        self._root = root
        self._receive = receive
        self._waiting: queue.SimpleQueue[_Question] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._pipe: tuple[int, int] | None = None
        self._closed = False
        self._timer = ""
        if hasattr(root.tk, "createfilehandler"):
            self._pipe = os.pipe()
            for end in self._pipe:
                os.set_blocking(end, False)
            root.tk.createfilehandler(self._pipe[0], tk.READABLE, self._ready)
        else:
            self._poll()

    def ask(self, value: Any, limit_s: float) -> bool:
        """From any other thread: what ``receive`` answers.

        False if the window does not come to it within ``limit_s``; then it never does.
        """
        question = _Question(value)
        self._waiting.put(question)
        with self._lock:
            if self._closed:
                return False
            if self._pipe is not None:
                # If it is full, thousands of bytes wait there already: the window will look.
                with contextlib.suppress(BlockingIOError):
                    os.write(self._pipe[1], b"\0")
        if not question.answered.wait(limit_s) and question.settle():
            return False
        question.answered.wait()  # it is being received: that must not be done twice
        return question.answer

    def close(self) -> None:
        """On the window's thread, before the window is destroyed: receive no more."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            pipe, self._pipe = self._pipe, None
        if pipe is not None:
            self._root.tk.deletefilehandler(pipe[0])
            for end in pipe:
                os.close(end)
        if self._timer:
            self._root.after_cancel(self._timer)
        self._deliver(refuse=True)

    def _ready(self, file: int, _mask: int) -> None:
        try:
            os.read(file, 4096)
        except BlockingIOError:
            return
        self._deliver()

    def _poll(self) -> None:
        self._timer = self._root.after(POLL_MS, self._poll)
        self._deliver()

    def _deliver(self, refuse: bool = False) -> None:
        while True:
            try:
                question = self._waiting.get_nowait()
            except queue.Empty:
                return
            if not question.settle():
                continue
            try:
                question.answer = not refuse and self._receive(question.value)
            except Exception:
                log.exception("What came from outside could not be received")
            finally:
                question.answered.set()
