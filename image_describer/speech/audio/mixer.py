"""The mixer: one open output for each sample rate, into which all sounds are mixed.

A new output takes its first samples at once, an open one only with its next period. So a sound that
follows silence gets a new output (1 to 5 ms with PulseAudio). The output stays open for a while
afterwards, which keeps sound cards and wireless speakers awake.
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
from image_describer.i18n import _
from image_describer.speech.audio.output import OutputDevice, Samples, open_output

log = logging.getLogger(__name__)

KEEP_OPEN_S = 10.0  # longer than the pauses between two keys
# The only sign of a dead sound server is that it requests no more samples. A wireless speaker may
# take a second to wake up, hence the longer limit at the start.
STALL_LIMIT_S = 3.0
LOST_LIMIT_S = 1.0  # after the first STEADY_CALLS periods
STEADY_CALLS = 20
WATCH_S = 0.1
DRAIN_S = 0.12  # silence after a sound until it counts as heard: what the output still buffers
ASLEEP_S = 2.0  # without a sound, after which wireless headphones may have gone to sleep
CLOSE_LIMIT_S = 0.1  # ALSA opens a card only once, but a hanging server must not block
EXIT_LIMIT_S = 1.0


_mixers: "list[Mixer]" = []
_lead_in_s = 0.0


def set_lead_in(seconds: float) -> None:
    """Set how much silence comes before a sound that opens an output which was closed.

    Wireless headphones swallow the beginning of a sound while they wake up.
    """
    global _lead_in_s
    _lead_in_s = seconds


class Track:
    """One sound: int16 mono, consumed by the output while it is still being produced."""

    def __init__(self) -> None:
        self.over = threading.Event()
        self.error: OutputLostError | None = None
        self.first_sample_at: float | None = None  # time.monotonic() when the output received it
        self._buffer = bytearray()
        self._lock = threading.Lock()
        self._complete = False
        self._silent_bytes = 0

    def feed(self, pcm: bytes) -> None:
        with self._lock:
            self._buffer += pcm

    def finish(self) -> None:
        """Mark the end: no more samples follow, and the track is over once they were heard."""
        self._complete = True

    def stop(self) -> None:
        """Drop the samples; the track is over at once."""
        with self._lock:
            self._buffer.clear()
        self.over.set()

    @property
    def buffered_bytes(self) -> int:
        return len(self._buffer)

    def take(self, size: int, drain: int) -> bytes:
        """Return the next ``size`` bytes or fewer.

        The track is over after ``drain`` bytes of silence after its end. Runs on the thread of the
        output, so it never waits.
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
            self._silent_bytes += size
            if self._silent_bytes >= drain:
                self.over.set()
        return block


@dataclass(eq=False)
class _OpenOutput:
    """An open output. ``stale``: it still buffers sound that must not be heard any more.

    ``lead_in``: how many bytes of silence it still gets before any sound.
    """

    device: OutputDevice
    lead_in: int = 0
    calls: int = 0
    stale: bool = False
    wake: threading.Event = field(default_factory=threading.Event)
    closed: threading.Event = field(default_factory=threading.Event)


class Mixer:
    """Plays tracks at ``rate_hz``. Thread-safe."""

    def __init__(self, rate_hz: int) -> None:
        self.rate_hz = rate_hz
        self._lock = threading.Lock()
        self._tracks: tuple[Track, ...] = ()
        self._output: _OpenOutput | None = None
        self._idle_since = 0.0
        self._last_call_at = -ASLEEP_S  # when an output last asked for samples
        self._watcher: threading.Thread | None = None

    def play(self, track: Track) -> None:
        """Start ``track``, opening the output if necessary. Raises NoOutputError."""
        with self._lock:
            output = self._output
            playing = any(not other.over.is_set() for other in self._tracks)
            if output is not None and (output.stale or not playing):
                self._output = None
                output.wake.set()
                output.closed.wait(CLOSE_LIMIT_S)
            if self._output is None:
                self._open()
            self._tracks = (*self._tracks, track)

    def stop(self, track: Track) -> None:
        """Silence ``track`` at once, without waiting.

        Closes the output, because its buffer would be heard for another tenth of a second.
        """
        output, started = self._output, track.first_sample_at is not None
        playing = started and not track.over.is_set()
        track.stop()
        if playing and output is not None:
            output.stale = True
            output.wake.set()

    def _open(self) -> None:
        """Open the output and start its watcher. Requires the lock."""
        output = _OpenOutput(open_output(self.rate_hz))
        self._idle_since = time.monotonic()
        if self._idle_since - self._last_call_at >= ASLEEP_S:
            output.lead_in = int(_lead_in_s * self.rate_hz) * 2
        self._output = output
        try:
            output.device.start(self._samples(output))
        except NoOutputError:
            self._output = None
            output.device.close()
            raise
        self._watcher = threading.Thread(target=self._watch, args=(output,), daemon=True)
        self._watcher.start()

    def _samples(self, output: _OpenOutput) -> Samples:
        """Generate what the output requests, or silence. Runs on its thread, so it never waits."""
        drain = int(DRAIN_S * self.rate_hz) * 2
        frames = yield b""
        while True:
            output.calls += 1
            self._last_call_at = time.monotonic()
            size = frames * 2
            if output.lead_in > 0:
                output.lead_in -= size
                frames = yield bytes(size)
                continue
            # A discarded output must not take the samples of the next one.
            tracks = self._tracks if self._output is output and not output.stale else ()
            blocks = [block for track in tracks if (block := track.take(size, drain))]
            frames = yield mix(blocks, size)

    def _watch(self, output: _OpenOutput) -> None:
        """Remove finished tracks; close the output when it is lost or has been idle."""
        calls, stalled_s = -1, 0.0
        while True:
            if output.wake.wait(WATCH_S):
                break
            # Counted in steps of this loop: if Python itself was blocked, both threads were.
            stalled_s = stalled_s + WATCH_S if output.calls == calls else 0.0
            calls = output.calls
            # The lock's owner may be waiting for this thread to close the output.
            if not self._lock.acquire(blocking=False):
                continue
            try:
                if self._output is not output:
                    break
                now = time.monotonic()
                self._tracks = tuple(t for t in self._tracks if not t.over.is_set())
                if self._tracks:
                    self._idle_since = now
                lost = stalled_s > (LOST_LIMIT_S if calls > STEADY_CALLS else STALL_LIMIT_S)
                if lost or now - self._idle_since > KEEP_OPEN_S:
                    self._discard_output(lost)
            finally:
                self._lock.release()
        # Without the lock: closing a device may hang with its server.
        output.device.close()
        output.closed.set()
        with self._lock:
            if self._output is output:
                self._discard_output(False)

    def _discard_output(self, lost: bool) -> None:
        """Forget the output and end its tracks. Requires the lock."""
        self._output = None
        for track in self._tracks:
            if lost:
                track.error = OutputLostError(_("The sound output stopped accepting sound."))
            track.over.set()
        self._tracks = ()

    def close(self) -> None:
        """Silence everything, and close the output within EXIT_LIMIT_S."""
        with self._lock:
            output, watcher = self._output, self._watcher
            self._discard_output(False)
        if output is not None:
            output.wake.set()
        if watcher is not None:
            with contextlib.suppress(RuntimeError):
                watcher.join(EXIT_LIMIT_S)


def mix(blocks: list[bytes], size: int) -> bytes:
    """Return the clipped sum of int16 blocks, ``size`` bytes long.

    Without NumPy, whose import would delay the first sound; blocks are short.
    """
    if len(blocks) < 2:
        return (blocks[0] if blocks else b"").ljust(size, b"\0")
    total = [0] * (size // 2)
    for block in blocks:
        for i, sample in enumerate(array("h", block)):
            total[i] += sample
    return array("h", (max(-32768, min(32767, sample)) for sample in total)).tobytes()


@functools.cache
def get_mixer(rate_hz: int) -> Mixer:
    """The process's mixer for ``rate_hz``."""
    mixer = Mixer(rate_hz)
    _mixers.append(mixer)
    return mixer


@atexit.register
def close_outputs() -> None:
    """Silence everything and close every output; the next sound opens one again."""
    # An open device would call back into an interpreter that has shut down.
    for mixer in _mixers:
        mixer.close()
