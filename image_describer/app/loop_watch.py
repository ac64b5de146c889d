"""Measures how long Tk's loop goes without a tick, and what kept it: a window that hangs is mute.

Only where the environment variable IMAGE_DESCRIBER_WATCH_LOOP names a file, which is written when
the window ends: {"ticks", "longest_s", "gaps": [{"at", "s", "where"}]}, ``at`` by time.monotonic().
"""

import json
import os
import sys
import threading
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

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
        self._ticks = 0
        self._longest_s = 0.0
        self._gaps: list[dict[str, float | str]] = []
        root.bind("<Destroy>", self._destroyed, add="+")
        threading.Thread(target=self._look, name="loop watch", daemon=True).start()
        self._tick()

    def _tick(self) -> None:
        now = time.monotonic()
        gap, began = now - self._last, self._last
        self._last = now
        self._ticks += 1
        self._longest_s = max(self._longest_s, gap)
        if gap > WORTH_KEEPING_S:
            self._gaps.append({"at": round(began, 3), "s": round(gap, 3), "where": self._where})
        self._where = ""
        self._root.after(TICK_MS, self._tick)

    def _look(self) -> None:
        while not self._ended.wait(LOOK_AFTER_S / 2):
            if not self._where and time.monotonic() - self._last > LOOK_AFTER_S:
                frame = sys._current_frames().get(self._window_thread)
                stack = traceback.extract_stack(frame)[-STACK_DEPTH:] if frame else []
                self._where = " > ".join(f"{Path(f.filename).name}:{f.lineno}" for f in stack)

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
