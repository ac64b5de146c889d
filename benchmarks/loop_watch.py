"""Runs the window and records how long Tk's loop goes without a tick, and what it was doing.

    python benchmarks/loop_watch.py RESULT.json [arguments of image-describer-app]

RESULT.json is written when the window closes: {"ticks", "longest_s", "gaps": [...]}. Each gap has
``at`` (time.monotonic()), ``s`` (its length), ``cpu_s`` (processor time of the whole process),
``queued_s`` (how long the window's thread was ready to run while other programs had the processors;
Linux only), ``where`` (the stack of the window's thread) and ``beside`` (those of other threads).
"""

import json
import sys
import threading
import time
import tkinter as tk
import traceback
from pathlib import Path
from types import FrameType
from typing import Any

TICK_MS = 10
GAP_S = 0.05  # shorter ones can't be heard
LATE_S = 0.04  # when a tick is this late, the stacks are recorded
STACK_DEPTH = 6


class LoopWatch:
    """Ticks on Tk's loop, and watches from another thread whether the next tick is late."""

    def __init__(self, root: tk.Tk, file: Path) -> None:
        self._root = root
        self._file = file
        self._window_thread = threading.get_ident()
        self._ended = threading.Event()
        self._last_tick = time.monotonic()
        self._where = ""
        self._beside: list[str] = []
        self._cpu_s = self._queued_s = 0.0
        self._ticks = 0
        self._longest_s = 0.0
        self._gaps: list[dict[str, Any]] = []
        root.bind("<Destroy>", self._destroyed, add="+")
        # By a timer: before the loop runs, there is nothing to measure.
        root.after(TICK_MS, self._start)

    def _start(self) -> None:
        self._last_tick, self._cpu_s = time.monotonic(), time.process_time()
        self._queued_s = _queued_s()
        threading.Thread(target=self._watch, name="loop watch", daemon=True).start()
        self._tick()

    def _tick(self) -> None:
        now = time.monotonic()
        gap, started = now - self._last_tick, self._last_tick
        cpu, queued = time.process_time(), _queued_s()
        cpu_s, queued_s = cpu - self._cpu_s, queued - self._queued_s
        self._last_tick, self._cpu_s, self._queued_s = now, cpu, queued
        self._ticks += 1
        self._longest_s = max(self._longest_s, gap)
        if gap > GAP_S:
            times = {"at": started, "s": gap, "cpu_s": cpu_s, "queued_s": queued_s}
            rounded = {name: round(value, 3) for name, value in times.items()}
            self._gaps.append({**rounded, "where": self._where, "beside": self._beside})
        self._where, self._beside = "", []
        self._root.after(TICK_MS, self._tick)

    def _watch(self) -> None:
        while not self._ended.wait(LATE_S / 2):
            if not self._where and time.monotonic() - self._last_tick > LATE_S:
                frames = sys._current_frames()
                window_frame = frames.pop(self._window_thread, None)
                frames.pop(threading.get_ident(), None)
                self._beside = [_stack(frame) for frame in frames.values()]
                self._where = _stack(window_frame)

    def _destroyed(self, event: "tk.Event[tk.Misc]") -> None:
        if event.widget is not self._root:
            return  # the event of every widget inside arrives here, too
        self._ended.set()
        result = {
            "ticks": self._ticks,
            "longest_s": round(self._longest_s, 4),
            "gaps": self._gaps,
        }
        self._file.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


def _stack(frame: FrameType | None) -> str:
    steps = traceback.extract_stack(frame)[-STACK_DEPTH:] if frame else []
    return " > ".join(f"{Path(step.filename).name}:{step.lineno}" for step in steps)


def _queued_s() -> float:
    """How long this thread has been ready to run without a processor to run on."""
    try:
        return int(Path("/proc/thread-self/schedstat").read_bytes().split()[1]) / 1e9
    except (OSError, ValueError, IndexError):
        return 0.0


def main(argv: list[str]) -> int:
    """Run the window with its loop watched; its exit status."""
    from image_describer.app.main import main as run_app

    file, *arguments = argv
    mainloop = tk.Misc.mainloop

    def watched(root: tk.Tk, n: int = 0) -> None:
        LoopWatch(root, Path(file))
        mainloop(root, n)

    tk.Tk.mainloop = watched  # type: ignore[method-assign,assignment]
    return run_app(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
