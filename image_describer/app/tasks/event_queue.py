"""Passes requests from other threads to the window's thread, without polling where possible."""

import contextlib
import logging
import os
import queue
import threading
import tkinter as tk
from collections.abc import Callable
from typing import Any

POLL_MS = 200  # only where Tk can't watch a pipe, which is on Windows

log = logging.getLogger(__name__)


class _QueuedRequest:
    """A value on its way to the window's thread. It can be withdrawn until it is accepted."""

    def __init__(self, value: Any) -> None:
        self.value = value
        self.answer = False
        self.answered = threading.Event()
        self._lock = threading.Lock()
        self._claimed = False

    def claim(self) -> bool:
        """Accept or withdraw the request: True only for the first caller."""
        with self._lock:
            first, self._claimed = not self._claimed, True
        return first


class EventQueue:
    """Calls ``receive(value)`` on the window's thread for each value from another thread.

    Tk's loop watches a pipe, into which a byte is written for each value: `event_generate` from
    another thread may block forever, and polling a queue keeps the machine awake.
    """

    def __init__(self, root: tk.Misc, receive: Callable[[Any], bool]) -> None:
        self._root = root
        self._receive = receive
        self._waiting: queue.SimpleQueue[_QueuedRequest] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._pipe: tuple[int, int] | None = None
        self._closed = False
        self._timer = ""
        if hasattr(root.tk, "createfilehandler"):
            self._pipe = os.pipe()
            for end in self._pipe:
                os.set_blocking(end, False)
            root.tk.createfilehandler(self._pipe[0], tk.READABLE, self._pipe_readable)
        else:
            self._poll()

    def ask(self, value: Any, limit_s: float) -> bool:
        """From another thread: return what ``receive(value)`` returns.

        False if the window does not accept the request within ``limit_s``; then it never does.
        """
        request = _QueuedRequest(value)
        self._waiting.put(request)
        with self._lock:
            if self._closed:
                return False
            if self._pipe is not None:
                # A full pipe will wake the window, too.
                with contextlib.suppress(BlockingIOError):
                    os.write(self._pipe[1], b"\0")
        if not request.answered.wait(limit_s) and request.claim():
            return False
        request.answered.wait()  # it has been accepted and will be answered
        return request.answer

    def close(self) -> None:
        """Receive nothing more. Call it on the window's thread, before the window is destroyed."""
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

    def _pipe_readable(self, file: int, _mask: int) -> None:
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
                request = self._waiting.get_nowait()
            except queue.Empty:
                return
            if not request.claim():
                continue
            try:
                request.answer = not refuse and self._receive(request.value)
            except Exception:
                log.exception("A request from outside the window failed")
            finally:
                request.answered.set()
