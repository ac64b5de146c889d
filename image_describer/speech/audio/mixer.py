"""One open output for each sample rate, into which everything that sounds is mixed.

An output that has just been opened takes its first samples at once, an open one only when it wants
the next period; so a sound that comes into silence gets a new one (1 to 5 ms with PulseAudio).
The one before stays open for a while, which keeps sound cards and wireless loudspeakers awake.
"""

import atexit
import contextlib
import functools
import logging
import threading
import time
from array import array
from dataclasses import dataclass, field

from image_describer.errors import NoOutputError, OutputLostError
from image_describer.speech.audio.output import OutputDevice, Samples, open_output

log = logging.getLogger(__name__)

KEEP_OPEN_S = 10.0  # keys come closer together than this while somebody works with the window
# Nothing tells that a sound server died but that it takes no more samples. A wireless loudspeaker
# may take a second to wake up, hence the patience at the start.
STALL_LIMIT_S = 3.0
LOST_LIMIT_S = 1.0  # once it has taken STEADY_CALLS periods
STEADY_CALLS = 20
WATCH_S = 0.1
DRAIN_S = 0.12  # silence behind a sound before it counts as heard: what the output still holds
CLOSE_LIMIT_S = 0.1  # ALSA opens a card once only; a server that hangs is not waited for
EXIT_LIMIT_S = 1.0


_mixers: "list[Mixer]" = []


class Track:
    """One sound on its way: int16 mono, taken by the output while it is still being made."""

    def __init__(self) -> None:
        self.over = threading.Event()
        self.error: OutputLostError | None = None
        self.first_sample_at: float | None = None  # time.monotonic() when the output took it
        self._buffer = bytearray()
        self._lock = threading.Lock()
        self._complete = False
        self._silence = 0

    def feed(self, pcm: bytes) -> None:
        with self._lock:
            self._buffer += pcm

    def finish(self) -> None:
        """No more will be fed: the track is over once it has been heard."""
        self._complete = True

    def cut(self) -> None:
        """Silence at once."""
        with self._lock:
            self._buffer.clear()
        self.over.set()

    @property
    def waiting_bytes(self) -> int:
        return len(self._buffer)

    def take(self, size: int, drain: int) -> bytes:
        """The next ``size`` bytes or fewer; over after ``drain`` bytes of silence behind the end.

        Called on the output's own thread: never waits.
        """
        if self.over.is_set():
            return b""
        complete = self._complete
        with self._lock:
            block = bytes(self._buffer[:size])
            del self._buffer[:size]
        if block and self.first_sample_at is None:
            self.first_sample_at = time.monotonic()
        if complete and not block:
            self._silence += size
            if self._silence >= drain:
                self.over.set()
        return block


@dataclass(eq=False)
class _Opened:
    """An output that is open. ``spoilt`` once it holds sound that must not be heard any more."""

    device: OutputDevice
    last_call: float = field(default_factory=time.monotonic)
    calls: int = 0
    spoilt: bool = False
    wake: threading.Event = field(default_factory=threading.Event)
    closed: threading.Event = field(default_factory=threading.Event)


class Mixer:
    """What sounds at ``rate_hz``. Safe from any thread."""

    def __init__(self, rate_hz: int) -> None:
        self.rate_hz = rate_hz
        self._lock = threading.Lock()
        self._tracks: tuple[Track, ...] = ()
        self._opened: _Opened | None = None
        self._idle_since = 0.0
        self._watcher: threading.Thread | None = None

    def play(self, track: Track) -> None:
        """Let ``track`` sound, opening the output where it is not. Raises NoOutputError."""
        with self._lock:
            opened = self._opened
            sounding = any(not sound.over.is_set() for sound in self._tracks)
            if opened is not None and (opened.spoilt or not sounding):
                self._opened = None
                opened.wake.set()
                opened.closed.wait(CLOSE_LIMIT_S)
            if self._opened is None:
                self._open()
            self._tracks = (*self._tracks, track)

    def cut(self, track: Track) -> None:
        """Silence ``track`` at once; never waits.

        Closing an output drops what it still holds, which would be heard for a tenth of a second.
        """
        opened, sounded = self._opened, track.first_sample_at is not None
        sounding = sounded and not track.over.is_set()
        track.cut()
        if sounding and opened is not None:
            opened.spoilt = True
            opened.wake.set()

    def _open(self) -> None:
        """Open and start the output, and somebody to watch over it; under the lock."""
        opened = _Opened(open_output(self.rate_hz))
        self._idle_since = time.monotonic()
        self._opened = opened
        try:
            opened.device.start(self._samples(opened))
        except NoOutputError:
            self._opened = None
            opened.device.close()
            raise
        self._watcher = threading.Thread(target=self._watch, args=(opened,), daemon=True)
        self._watcher.start()

    def _samples(self, opened: _Opened) -> Samples:
        """What the output asks for, on its own thread: never waits, silence when there is none."""
        drain = int(DRAIN_S * self.rate_hz) * 2
        frames = yield b""
        while True:
            opened.last_call = time.monotonic()
            opened.calls += 1
            size = frames * 2
            # An output that was given up must not take what the next one is to play.
            tracks = self._tracks if self._opened is opened and not opened.spoilt else ()
            blocks = [block for track in tracks if (block := track.take(size, drain))]
            frames = yield mixed(blocks, size)

    def _watch(self, opened: _Opened) -> None:
        """Forget what is over; close the output when it is lost or nothing sounds any more."""
        calls, still = -1, 0.0
        while True:
            woken = opened.wake.wait(WATCH_S)
            if woken:
                break
            # Counted in own steps: a Python that was busy with one thing stops both threads.
            still = still + WATCH_S if opened.calls == calls else 0.0
            calls = opened.calls
            # Whoever holds the lock may be waiting for this very thread to close the output.
            if not self._lock.acquire(blocking=False):
                continue
            try:
                if self._opened is not opened:
                    break
                now = time.monotonic()
                self._tracks = tuple(t for t in self._tracks if not t.over.is_set())
                if self._tracks:
                    self._idle_since = now
                lost = still > (LOST_LIMIT_S if calls > STEADY_CALLS else STALL_LIMIT_S)
                if lost or now - self._idle_since > KEEP_OPEN_S:
                    self._give_up(lost)
            finally:
                self._lock.release()
        # Without the lock: closing a device whose server hangs may never return.
        opened.device.close()
        opened.closed.set()
        with self._lock:
            if self._opened is opened:
                self._give_up(False)

    def _give_up(self, lost: bool) -> None:
        """Have no output any more, and end what sounds on it; under the lock."""
        self._opened = None
        for track in self._tracks:
            if lost:
                track.error = OutputLostError("The sound output stopped taking sound.")
            track.over.set()
        self._tracks = ()

    def close(self) -> None:
        """Silence, and close the output within EXIT_LIMIT_S."""
        with self._lock:
            opened, watcher = self._opened, self._watcher
            self._give_up(False)
        if opened is not None:
            opened.wake.set()
        if watcher is not None:
            with contextlib.suppress(RuntimeError):
                watcher.join(EXIT_LIMIT_S)


def mixed(blocks: list[bytes], size: int) -> bytes:
    """The sum of int16 blocks, clipped, ``size`` bytes long. Without NumPy: a period is short."""
    if len(blocks) < 2:
        return (blocks[0] if blocks else b"").ljust(size, b"\0")
    total = [0] * (size // 2)
    for block in blocks:
        for i, sample in enumerate(array("h", block)):
            total[i] += sample
    return array("h", (max(-32768, min(32767, sample)) for sample in total)).tobytes()


@functools.cache
def mixer(rate_hz: int) -> Mixer:
    """The process's mixer for ``rate_hz``."""
    made = Mixer(rate_hz)
    _mixers.append(made)
    return made


@atexit.register
def close_outputs() -> None:
    """Silence everything and close every output; what sounds next opens it again."""
    # A device still open would call back into an interpreter that is no more.
    for made in _mixers:
        made.close()
