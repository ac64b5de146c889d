"""A virtual sound card: PulseAudio's null sink, and recordings of what is played to it.

The fixture ``null_sink`` starts a separate PulseAudio server (with its own socket and folders),
directs this process and its children to it, and records what is played.
"""

import array
import contextlib
import math
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import wave
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.screen import LIMIT_S, wait_for

RATE_HZ = 44100
BLOCK_MS = 5
SILENCE_DBFS = -50.0  # speech is louder
AUDIBLE = 300  # of 32767, about -40 dBFS: below the softest beginning of a word
LATENCY_MS = 10  # of the recorder


@dataclass(frozen=True)
class Recording:
    """``samples`` are int16, mono, at RATE_HZ; times are by time.monotonic().

    ``first_sound`` is None if all is silence. ``arrivals`` are (time, number of samples so far); a
    sample is played about LATENCY_MS before it arrives.
    """

    samples: array.array
    start: float
    first_sound: float | None
    arrivals: tuple[tuple[float, int], ...]

    def blocks(self) -> list[float]:
        """The level of each BLOCK_MS, in dBFS (RMS)."""
        size = RATE_HZ * BLOCK_MS // 1000
        return [_dbfs(self.samples[i : i + size]) for i in range(0, len(self.samples), size)]

    def _span(self) -> tuple[int, int]:
        """The first audible block and the end of the last; (0, 0) for silence."""
        loud = [i for i, level in enumerate(self.blocks()) if level > SILENCE_DBFS]
        return (loud[0], loud[-1] + 1) if loud else (0, 0)

    @property
    def span_s(self) -> float:
        """Seconds from the first to the last audible sound; 0 for silence."""
        first, last = self._span()
        return (last - first) * BLOCK_MS / 1000

    @property
    def audible_s(self) -> float:
        """Seconds of sound without pauses, which a busy sound server does not extend."""
        return audible_s(self.samples, RATE_HZ)

    @property
    def level_dbfs(self) -> float:
        """RMS between the first and the last audible sound; -inf for silence."""
        size = RATE_HZ * BLOCK_MS // 1000
        first, last = self._span()
        return _dbfs(self.samples[first * size : last * size])

    def write(self, path: Path) -> Path:
        """Write the recording as a WAV file."""
        with wave.open(str(path), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(RATE_HZ)
            file.writeframes(self.samples.tobytes())
        return path


def audible_s(samples: array.array, rate_hz: int) -> float:
    """The seconds of ``samples`` (int16, mono) that are louder than SILENCE_DBFS."""
    size = rate_hz * BLOCK_MS // 1000
    blocks = (samples[i : i + size] for i in range(0, len(samples), size))
    return sum(_dbfs(block) > SILENCE_DBFS for block in blocks) * BLOCK_MS / 1000


def _dbfs(samples: array.array) -> float:
    if not samples:
        return -math.inf
    mean = sum(s * s for s in samples) / len(samples)
    return 10 * math.log10(mean / 32768**2) if mean else -math.inf


class NullSink:
    """A running PulseAudio server whose only output is a null sink.

    ``environment`` directs a process to it (PULSE_SERVER).
    """

    def __init__(self, folder: Path) -> None:
        self.socket = folder / "pulse.socket"
        self.environment = {"PULSE_SERVER": f"unix:{self.socket}"}
        self._log = folder / "pulse.log"
        self._recorder: _Recorder | None = None
        private = {**os.environ, "LC_ALL": "C.UTF-8"}
        for name in ("HOME", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "PULSE_RUNTIME_PATH"):
            path = folder / name.lower()
            path.mkdir(mode=0o700)
            private[name] = str(path)
        private.pop("PULSE_SERVER", None)
        command = ["pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1"]
        command += ["--use-pid-file=no", "--disallow-exit", "--realtime=no", "--high-priority=no"]
        command += ["-L", f"module-native-protocol-unix auth-anonymous=1 socket={self.socket}"]
        command += ["-L", f"module-null-sink sink_name=heard rate={RATE_HZ} channels=1 norewinds=1"]
        with self._log.open("wb") as log:
            self._server = subprocess.Popen(command, env=private, stdout=log, stderr=log)
        self._wait_until_ready()

    def _wait_until_ready(self) -> None:
        limit = time.monotonic() + LIMIT_S
        while time.monotonic() < limit:
            if self._server.poll() is not None:
                break
            if self.socket.exists() and "heard" in self._pactl("list", "short", "sinks"):
                return
            time.sleep(0.02)
        self.close()
        raise RuntimeError(f"PulseAudio did not start: {self._log.read_text(errors='replace')}")

    def _pactl(self, *arguments: str) -> str:
        run = subprocess.run(
            ["pactl", *arguments],
            env={**os.environ, **self.environment},
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
        )
        return run.stdout

    def connections(self) -> list[str]:
        """The streams that play to the sink, a line each."""
        return self._pactl("list", "short", "sink-inputs").splitlines()

    def record(self) -> None:
        """Start recording; returns when the recorder is ready."""
        self._recorder = _Recorder({**os.environ, **self.environment})

    def silent_for(self, seconds: float) -> bool:
        """Whether the last ``seconds`` were silent, while recording."""
        return self._running_recorder().silent_for(seconds)

    @property
    def recorded_samples(self) -> int:
        """The number of samples so far, while recording."""
        return self._running_recorder().recorded_samples

    def _running_recorder(self) -> "_Recorder":
        if self._recorder is None:
            raise RuntimeError("nothing is being recorded")
        return self._recorder

    def wait_for_sound(self) -> None:
        """While recording: wait until something is audible."""
        wait_for(lambda: self._recorder is not None and self._recorder.heard, LIMIT_S, "a sound")

    def wait_for_end(self, quiet_s: float = 1.5) -> None:
        """While recording: wait for a sound that is followed by ``quiet_s`` of silence."""

        def heard() -> bool:
            return self._recorder is not None and self._recorder.heard and self.silent_for(quiet_s)

        wait_for(heard, LIMIT_S, "a sound and its end")

    def stop_recording(self, tail_s: float = 0.3) -> Recording:
        """End the recording after ``tail_s``, so that it includes what is still buffered."""
        recorder = self._running_recorder()
        time.sleep(tail_s)
        self._recorder = None
        return recorder.stop()

    @contextlib.contextmanager
    def recording(self) -> Iterator[list[Recording]]:
        """``with sink.recording() as recordings: ...`` puts the recording in ``recordings[0]``."""
        recordings: list[Recording] = []
        self.record()
        try:
            yield recordings
        finally:
            recordings.append(self.stop_recording())

    def kill(self) -> None:
        """End the server as a crash would."""
        self._server.kill()
        self._server.wait()

    def close(self) -> None:
        if self._recorder is not None:
            self._recorder.stop()
            self._recorder = None
        self._server.send_signal(signal.SIGTERM)
        try:
            self._server.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self._server.kill()
            self._server.wait()


class _Recorder:
    """parec on the sink's monitor, read continuously so that the first sound has a time."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._samples = array.array("h")
        self._first_sound: float | None = None
        self._last_sound = -math.inf
        self._arrivals: list[tuple[float, int]] = []
        self._ready = threading.Event()
        command = ["parec", "-d", "heard.monitor", "--format=s16le", "--channels=1"]
        command += [f"--rate={RATE_HZ}", f"--latency-msec={LATENCY_MS}", "--raw"]
        self._parec = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE)
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()
        if not self._ready.wait(LIMIT_S):
            self.stop()
            raise RuntimeError("parec records nothing")
        self._start = time.monotonic()

    def _read(self) -> None:
        stream = self._parec.stdout
        assert stream is not None
        rest = b""
        while data := os.read(stream.fileno(), 65536):
            rest += data
            whole = len(rest) // 2 * 2
            block = array.array("h", rest[:whole])
            rest = rest[whole:]
            # A null sink is digitally silent, so any louder sample was played.
            if block and max(max(block), -min(block)) > AUDIBLE:
                self._last_sound = time.monotonic()
                self._first_sound = self._first_sound or self._last_sound
            self._samples.extend(block)
            self._arrivals.append((time.monotonic(), len(self._samples)))
            self._ready.set()

    @property
    def recorded_samples(self) -> int:
        return len(self._samples)

    @property
    def heard(self) -> bool:
        """Whether anything audible has been recorded."""
        return self._first_sound is not None

    def silent_for(self, seconds: float) -> bool:
        return time.monotonic() - max(self._last_sound, self._start) > seconds

    def stop(self) -> Recording:
        self._parec.terminate()
        self._parec.wait(timeout=5)
        self._thread.join(timeout=5)
        assert self._parec.stdout is not None
        self._parec.stdout.close()
        start = getattr(self, "_start", 0.0)
        return Recording(self._samples, start, self._first_sound, tuple(self._arrivals))


def null_sink_unavailable() -> str | None:
    """Why this machine has no null sink, or None."""
    if sys.platform != "linux":
        return "PulseAudio's null sink is used on Linux only"
    missing = [name for name in ("pulseaudio", "parec", "pactl") if shutil.which(name) is None]
    return f"not installed: {', '.join(missing)} (apt-get install pulseaudio)" if missing else None


@pytest.fixture
def null_sink(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch):
    """A NullSink that this process and its children play to."""
    reason = null_sink_unavailable()
    if reason is not None:
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    sink = NullSink(tmp_path_factory.mktemp("pulse"))
    for name, value in sink.environment.items():
        monkeypatch.setenv(name, value)
    yield sink
    sink.close()


@pytest.fixture
def no_sound_card(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Hide the sound card on Linux: no server answers and ALSA has no card."""
    config = tmp_path / "no-cards.conf"
    config.write_text("# no card, no default\n")
    environment = {"PULSE_SERVER": f"unix:{tmp_path}/nobody", "ALSA_CONFIG_PATH": str(config)}
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return environment
