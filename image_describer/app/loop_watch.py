"""Measures how long Tk's loop goes without a tick, and what kept it: a window that hangs is mute.

Only where the environment variable IMAGE_DESCRIBER_WATCH_LOOP names a file, which is written when
the window ends: {"ticks", "longest_s", "gaps": [...]}. Of a gap it tells ``at`` (time.monotonic())
and ``s``; ``cpu_s`` that the whole process worked meanwhile; ``queued_s`` that the window's thread
was ready, but other programs had the processors (Linux only); ``where`` it was, and ``beside``,
where the other threads were.
"""

import json
import os
import sys
import threading
import time
import traceback
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import tkinter as tk

VARIABLE = "IMAGE_DESCRIBER_WATCH_LOOP"
TICK_MS = 10
WORTH_KEEPING_S = 0.05  # shorter ones no ear notices
LOOK_AFTER_S = 0.04  # a tick that is this late: see what the window's thread is doing
STACK_DEPTH = 6


def watch(root: "tk.Tk") -> None:
    """Begin to watch ``root``'s loop, if that is asked for."""
    file = os.environ.get(VARIABLE)
    if file:
        LoopWatch(root, Path(file))


class LoopWatch:
    """Ticks on the loop, and on a thread that looks whether the tick is late."""

    def __init__(self, root: "tk.Tk", file: Path) -> None:
        self._root = root
        self._file = file
        self._window_thread = threading.get_ident()
        self._ended = threading.Event()
        self._last = time.monotonic()
        self._where = ""
        self._beside: list[str] = []
        self._cpu = self._queued = 0.0
        self._ticks = 0
        self._longest_s = 0.0
        self._gaps: list[dict[str, Any]] = []
        root.bind("<Destroy>", self._destroyed, add="+")
        # By a timer: until the loop runs, a window is being made, and there is nothing to hang.
        root.after(TICK_MS, self._begin)

    def _begin(self) -> None:
        self._last, self._cpu, self._queued = time.monotonic(), time.process_time(), _queued_s()
        threading.Thread(target=self._look, name="loop watch", daemon=True).start()
        self._tick()

    def _tick(self) -> None:
        now = time.monotonic()
        gap, began = now - self._last, self._last
        cpu, queued = time.process_time(), _queued_s()
        cpu_s, queued_s = cpu - self._cpu, queued - self._queued
        self._last, self._cpu, self._queued = now, cpu, queued
        self._ticks += 1
        self._longest_s = max(self._longest_s, gap)
        if gap > WORTH_KEEPING_S:
            times = {"at": began, "s": gap, "cpu_s": cpu_s, "queued_s": queued_s}
            rounded = {name: round(value, 3) for name, value in times.items()}
            self._gaps.append({**rounded, "where": self._where, "beside": self._beside})
        self._where, self._beside = "", []
        self._root.after(TICK_MS, self._tick)

    def _look(self) -> None:
        while not self._ended.wait(LOOK_AFTER_S / 2):
            if not self._where and time.monotonic() - self._last > LOOK_AFTER_S:
                frames = sys._current_frames()
                here = frames.pop(self._window_thread, None)
                frames.pop(threading.get_ident(), None)
                self._beside = [_stack(frame) for frame in frames.values()]
                self._where = _stack(here)

    def _destroyed(self, event: "tk.Event[tk.Misc]") -> None:
        if event.widget is not self._root:
            return  # each widget's end comes by here
        self._ended.set()
        result = {
            "ticks": self._ticks,
            "longest_s": round(self._longest_s, 4),
            "gaps": self._gaps,
        }
        draft = self._file.with_name(f"{self._file.name}.new")
        draft.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
        draft.replace(self._file)


def _stack(frame: FrameType | None) -> str:
    steps = traceback.extract_stack(frame)[-STACK_DEPTH:] if frame else []
    return " > ".join(f"{Path(step.filename).name}:{step.lineno}" for step in steps)


def _queued_s() -> float:
    """How long this thread has been ready to run without a processor to run on."""
    try:
        return int(Path("/proc/thread-self/schedstat").read_bytes().split()[1]) / 1e9
    except (OSError, ValueError, IndexError):
        return 0.0
