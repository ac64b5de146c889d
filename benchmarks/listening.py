"""A virtual screen, keys, a recording and the spoken log, for benchmarks of the whole window.

Keys are real ones, through the X server's test extension. The recording is that of PulseAudio's
null sink. The log is what ``--speech-log`` writes. All times are time.monotonic(), which is one
clock for all processes of a machine.
"""

import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import measure
import numpy as np

sys.path.insert(0, str(measure.HERE.parent))

from Xlib import XK, X, display
from Xlib.ext import xtest

from tests.support.screen import RunningApp, Screen, wait_for
from tests.support.sound import AUDIBLE, RATE_HZ, NullSink, Recording

POLL_S = 0.005
FOCUS_LIMIT_S = 1.0  # for a dialog to take the focus by itself
HOLD_S = 0.02  # between pressing a key and releasing it
MODIFIERS = {"ctrl": "Control_L", "shift": "Shift_L", "alt": "Alt_L"}


class Keyboard:
    """Presses keys by name, such as "ctrl+shift+o"."""

    def __init__(self, name: str) -> None:
        self._display = display.Display(name)

    def press(self, key: str) -> float:
        """Press a key and return when the last part of it went down."""
        pressed_at = 0.0
        codes = [self._code(part) for part in key.split("+")]
        for code in codes:
            pressed_at = time.monotonic()
            xtest.fake_input(self._display, X.KeyPress, code)
            self._display.sync()
        time.sleep(HOLD_S)
        for code in reversed(codes):
            xtest.fake_input(self._display, X.KeyRelease, code)
        self._display.sync()
        return pressed_at

    def _code(self, name: str) -> int:
        code = self._display.keysym_to_keycode(XK.string_to_keysym(MODIFIERS.get(name, name)))
        if not code:
            raise ValueError(f"no key is called {name!r}")
        return int(code)

    def close(self) -> None:
        self._display.close()


@dataclass(frozen=True)
class LogLine:
    """A line of the spoken log. ``began`` is None for what never reached the output."""

    text: str
    kind: str
    asked: float
    began: float | None


class SpokenLogFile:
    """Reads the file that the program writes."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def lines(self) -> list[LogLine]:
        """All lines, in the order in which the utterances ended."""
        if not self.path.exists():
            return []
        # What follows the last newline is still being written.
        records = map(json.loads, self.path.read_text(encoding="utf-8").split("\n")[:-1])
        names = ("text", "kind", "asked", "began")
        return [LogLine(*(record[name] for name in names)) for record in records]

    def wait(self, after: float, limit_s: float, kind: str = "") -> LogLine:
        """Return the first line, of one kind or of any, that was requested later and was heard."""
        limit = time.monotonic() + limit_s
        while time.monotonic() < limit:
            for line in self.lines():
                if line.asked >= after and line.began and kind in ("", line.kind):
                    return line
            time.sleep(POLL_S)
        raise SystemExit("nothing was said")


class TimedRecording:
    """A recording with the time of each sample."""

    def __init__(self, recording: Recording) -> None:
        samples = np.abs(np.array(recording.samples, dtype=np.int32))
        self._loud = np.flatnonzero(samples > AUDIBLE)
        times, counts = (np.array(column) for column in zip(*recording.arrivals, strict=True))
        # Sound servers render ahead and catch up, so there is no single rate.
        positions = np.arange(len(samples))
        arrival = np.searchsorted(counts, positions, side="right")
        at = times[arrival] - (counts[arrival] - positions) / RATE_HZ
        self._times = np.maximum.accumulate(at)

    def first_sound(self, after: float, before: float) -> float | None:
        """When the first audible sample between two times was played."""
        position = int(np.searchsorted(self._times[self._loud], after))
        if position == len(self._loud):
            return None
        at = float(self._times[self._loud[position]])
        return at if at <= before else None


class Desktop:
    """A screen, a keyboard, a sound card and a home folder for one run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.sink = NullSink(folder)
        self.screen = Screen()
        self.keyboard = Keyboard(self.screen.display)
        self.log = SpokenLogFile(folder / "said.jsonl")
        self.pictures = folder / "user" / "Pictures"
        self.pictures.mkdir(parents=True)
        self.loop_file = folder / "loop.json"

    def start(self, *words: str) -> RunningApp:
        """Start the real program, with its loop watched."""
        environment = {
            **self.sink.environment,
            "HOME": str(self.pictures.parent),
            "XDG_RUNTIME_DIR": str(self.folder / "xdg_runtime_dir"),
        }
        program = (str(measure.HERE / "loop_watch.py"), str(self.loop_file))
        arguments = ["--speech-log", str(self.log.path), *words]
        app = RunningApp(self.screen, self.folder, arguments, environment, program)
        app.wait_title("Image Describer")
        try:
            # A dialog of the first start has taken the focus itself, and keeps it.
            wait_for(lambda: "Image Describer" in self.screen.focused(), FOCUS_LIMIT_S, "the focus")
        except AssertionError:
            app.focus()  # as a window manager would
        return app

    def wait_for_silence(self, quiet_s: float, limit_s: float = 60.0) -> None:
        """Wait until nothing has been heard for ``quiet_s``."""
        wait_for(lambda: self.sink.silent_for(quiet_s), limit_s, "silence")

    def close(self) -> None:
        self.keyboard.close()
        self.screen.close()
        self.sink.close()


@contextmanager
def desktop(folder: Path) -> Iterator[Desktop]:
    """A Desktop without settings of this machine's user, closed at the end."""
    for name in ("IMAGE_DESCRIBER_BUNDLE", "PULSE_SERVER", "WAYLAND_DISPLAY"):
        os.environ.pop(name, None)
    opened = Desktop(folder)
    try:
        yield opened
    finally:
        opened.close()


def loop_gaps(file: Path) -> dict[str, Any]:
    """Summarize what loop_watch.py wrote.

    A gap is the program's own only in so far as its thread was not waiting for a processor that
    other programs had.
    """
    result = json.loads(file.read_text(encoding="utf-8"))
    for gap in result["gaps"]:
        gap["own_s"] = round(gap["s"] - gap["queued_s"], 3)
    own = sorted(result["gaps"], key=lambda gap: -float(gap["own_s"]))
    return {
        "ticks": result["ticks"],
        "longest_ms": round(1000 * result["longest_s"], 1),
        "longest own_ms": round(1000 * float(own[0]["own_s"]), 1) if own else 0.0,
        "longest own": own[:5],
    }
