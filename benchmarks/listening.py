"""Hands, ears and the spoken log: what benchmarks of the whole window share.

The hands press real keys through the X server's test extension; the ears are a recording of
PulseAudio's null sink; the log is what `--speech-log` writes. All times are time.monotonic(), which
is one clock for all processes of a machine.
"""

import json
import os
import re
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from Xlib import XK, X, display
from Xlib.ext import xtest

from tests.support.screen import RunningApp, Screen, wait_for
from tests.support.sound import AUDIBLE, RATE_HZ, NullSink, Recording

BLOCK_S = 0.005
POLL_S = 0.005
FOCUS_LIMIT_S = 1.0  # for a dialog to come up by itself
HOLD_S = 0.02  # between pressing a key and letting it go
BLOCK_TOLERANCE = 2  # blocks: a click that a filter leaves is no sound


MODIFIERS = {"ctrl": "Control_L", "shift": "Shift_L", "alt": "Alt_L"}


class Hands:
    """Keys by name, "ctrl+shift+o"; ``press`` tells when the last of them went down."""

    def __init__(self, name: str) -> None:
        self._display = display.Display(name)

    def press(self, *keys: str) -> float:
        at = 0.0
        for key in keys:
            codes = [self._code(part) for part in key.split("+")]
            for code in codes:
                at = time.monotonic()
                xtest.fake_input(self._display, X.KeyPress, code)
                self._display.sync()
            time.sleep(HOLD_S)
            for code in reversed(codes):
                xtest.fake_input(self._display, X.KeyRelease, code)
            self._display.sync()
        return at

    def _code(self, name: str) -> int:
        symbol = XK.string_to_keysym(MODIFIERS.get(name, name))
        code = self._display.keysym_to_keycode(symbol)
        if not code:
            raise ValueError(f"no key is called {name!r}")
        return int(code)

    def close(self) -> None:
        self._display.close()


@dataclass(frozen=True)
class Said:
    """A line of the spoken log. ``began`` is None for what never reached the output."""

    text: str
    kind: str
    voice: str | None
    asked: float
    began: float | None
    ended: float
    interrupted: bool
    error: str | None


class SpokenLog:
    """What the program says that it said."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def said(self) -> list[Said]:
        """All of it, in the order in which it ended."""
        if not self.file.exists():
            return []
        # What stands behind the last newline is still being written.
        lines = self.file.read_text(encoding="utf-8").split("\n")[:-1]
        return [Said(**json.loads(line)) for line in lines]

    def wait(self, pattern: str, after: float, limit_s: float) -> Said | None:
        """The first one heard that was asked for ``after`` and matches; None: none in time."""
        limit = time.monotonic() + limit_s
        while time.monotonic() < limit:
            for one in self.said():
                if one.asked >= after and one.began and re.search(pattern, one.text):
                    return one
            time.sleep(POLL_S)
        return None


class Ears:
    """A recording, by the clock."""

    def __init__(self, recording: Recording) -> None:
        samples = np.abs(np.array(recording.samples, dtype=np.int32))
        self._loud = np.flatnonzero(samples > AUDIBLE)
        times, counts = (np.array(one) for one in zip(*recording.arrivals, strict=True))
        # Sound servers render ahead and catch up, so no single rate leads from samples to times.
        places = np.arange(len(samples))
        arrival = np.searchsorted(counts, places, side="right")
        at = times[arrival] - (counts[arrival] - places) / RATE_HZ
        self._times = np.maximum.accumulate(at)
        size = int(RATE_HZ * BLOCK_S)
        whole = len(samples) // size * size
        self._blocks = samples[:whole].reshape(-1, size).max(axis=1) > AUDIBLE
        self._block_times = self._times[:whole:size]

    @property
    def began(self) -> float:
        return float(self._times[0])

    @property
    def end(self) -> float:
        return float(self._times[-1])

    def first_sound(self, after: float, before: float) -> float | None:
        """When the first audible sample in that time sounded."""
        place = int(np.searchsorted(self._times[self._loud], after))
        if place == len(self._loud):
            return None
        at = float(self._times[self._loud[place]])
        return at if at <= before else None

    def sounding_s(self, began: float, ended: float) -> float:
        """Seconds of sound in that time."""
        return float(self._blocks[self._slice(began, ended)].sum()) * BLOCK_S

    def sounds_outside(self, spans: Iterable[tuple[float, float]]) -> list[tuple[float, float]]:
        """(when, seconds) of each sound that lies in none of ``spans`` (began, ended)."""
        left = self._blocks.copy()
        for began, ended in spans:
            left[self._slice(began, ended)] = False
        edges = np.flatnonzero(np.diff(np.concatenate(([0], left.astype(np.int8), [0]))))
        runs = zip(edges[::2], edges[1::2], strict=True)
        return [
            (float(self._block_times[first]), float(last - first) * BLOCK_S)
            for first, last in runs
            if last - first > BLOCK_TOLERANCE
        ]

    def _slice(self, began: float, ended: float) -> slice:
        first, last = np.searchsorted(self._block_times, (began, ended))
        return slice(int(first), int(last))


class Seat:
    """A screen, a keyboard, loudspeakers and a home, all of them of this run alone."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.sink = NullSink(folder)
        self.screen = Screen()
        self.hands = Hands(self.screen.display)
        self.log = SpokenLog(folder / "said.jsonl")
        self.home = folder / "user"
        (self.home / "Pictures").mkdir(parents=True)
        self.loop_file = folder / "loop.json"

    def start(self, *words: str) -> RunningApp:
        """The real program, with this home, as it is from one start to the next."""
        more = {
            **self.sink.environment,
            "HOME": str(self.home),
            "XDG_RUNTIME_DIR": str(self.folder / "xdg_runtime_dir"),
            "IMAGE_DESCRIBER_WATCH_LOOP": str(self.loop_file),
        }
        app = RunningApp(
            self.screen, self.folder, ["--speech-log", str(self.log.file), *words], more
        )
        app.wait_title("Image Describer")
        try:
            # A dialog of the first start has taken the keys itself, and keeps them.
            wait_for(lambda: "Image Describer" in self.screen.focused(), FOCUS_LIMIT_S, "the focus")
        except AssertionError:
            app.focus()  # as a window manager would
        return app

    def wait_for_silence(self, quiet_s: float, limit_s: float = 60.0) -> None:
        """Wait until nothing has been heard for ``quiet_s``."""
        wait_for(lambda: self.sink.silent_for(quiet_s), limit_s, "silence")

    def wait_for_sound(self, limit_s: float) -> None:
        """Wait until something is heard."""
        wait_for(lambda: not self.sink.silent_for(0.1), limit_s, "a sound")

    def close(self) -> None:
        self.hands.close()
        self.screen.close()
        self.sink.close()


@contextmanager
def seat(folder: Path) -> Iterator[Seat]:
    """A Seat that is cleared away in the end."""
    taken = Seat(folder)
    try:
        yield taken
    finally:
        taken.close()


def loop_gaps(*files: Path) -> dict[str, Any]:
    """What the watch over Tk's loop wrote; see image_describer/app/loop_watch.py.

    A gap is the program's own only in so far as its thread was not waiting for a processor that
    other programs had: on a busy machine no program ticks in time.
    """
    watched = [json.loads(file.read_text(encoding="utf-8")) for file in files]
    gaps = [gap for one in watched for gap in one["gaps"]]
    for gap in gaps:
        gap["own_s"] = round(gap["s"] - gap["queued_s"], 3)
    own = sorted(gaps, key=lambda gap: -float(gap["own_s"]))
    return {
        "ticks": sum(one["ticks"] for one in watched),
        "longest_ms": round(1000 * max(one["longest_s"] for one in watched), 1),
        "longest own_ms": round(1000 * float(own[0]["own_s"]), 1) if own else 0.0,
        "longest own": own[:5],
    }


def clean_environment() -> None:
    """Forget what would make the program another than the one that is shipped."""
    for name in ("IMAGE_DESCRIBER_BUNDLE", "PULSE_SERVER", "WAYLAND_DISPLAY"):
        os.environ.pop(name, None)
