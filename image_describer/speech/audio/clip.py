"""A spoken text as samples."""

from dataclasses import dataclass
from pathlib import Path

FULL_VOLUME = 100


@dataclass(frozen=True)
class AudioClip:
    """``pcm`` is int16, mono, in the machine's byte order, at ``rate_hz``.

    ``mp3`` is the same sound as received from the voice, if it came as MP3; ``file`` is that MP3 on
    disk.
    """

    pcm: bytes
    rate_hz: int
    mp3: bytes | None = None
    file: Path | None = None

    @property
    def seconds(self) -> float:
        return len(self.pcm) / 2 / self.rate_hz


def scale_volume(pcm: bytes, volume: int) -> bytes:
    """Return int16 PCM at ``volume`` percent of its loudness."""
    if volume == FULL_VOLUME:
        return pcm
    import numpy as np

    samples = np.frombuffer(pcm, np.int16).astype(np.float32) * (volume / FULL_VOLUME)
    return samples.round().astype(np.int16).tobytes()
