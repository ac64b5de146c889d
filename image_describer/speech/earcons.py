"""Earcons: short sounds that say what words would say too slowly. Computed, not recorded.

Each is a few damped sines, so they need no files and no licence. int16 mono at RATE_HZ.
"""

import functools
import math
from array import array
from dataclasses import dataclass

RATE_HZ = 22050  # espeak-ng's, so that one open output carries both
FADE_S = 0.003  # a sine that begins or ends at once clicks
FULL_SCALE = 32767


@dataclass(frozen=True)
class Note:
    """A sine from ``hertz`` to ``to_hertz`` (None: steady) that dies away.

    ``level`` is its peak in parts of full scale, ``decay`` how many times it falls by e while it
    lasts, ``overtone`` the level of its octave beside it.
    """

    hertz: float
    seconds: float
    level: float
    decay: float = 3.0
    to_hertz: float | None = None
    overtone: float = 0.0


# Speech lies near -20 dBFS. What comes each second is far below it, what matters beside it.
SOUNDS: dict[str, tuple[Note, ...]] = {
    "tick": (Note(1200, 0.025, 0.10, decay=5),),
    "done": (Note(523, 0.09, 0.20), Note(784, 0.16, 0.20)),
    "error": (Note(330, 0.13, 0.22, overtone=0.5), Note(220, 0.20, 0.22, overtone=0.5)),
    "edge": (Note(170, 0.08, 0.30),),
    "key": (Note(2400, 0.012, 0.10, decay=4),),
    "open": (Note(400, 0.16, 0.16, decay=2, to_hertz=900),),
}
NAMES = tuple(SOUNDS)


@functools.lru_cache(maxsize=64)
def sound(name: str, volume: int = 100) -> bytes:
    """The PCM of one earcon at ``volume`` percent. Raises KeyError for a name not in NAMES."""
    samples = array("h")
    for note in SOUNDS[name]:
        samples.extend(_samples(note, volume / 100))
    return samples.tobytes()


def _samples(note: Note, volume: float) -> array:
    count = round(note.seconds * RATE_HZ)
    fade = round(FADE_S * RATE_HZ)
    end_hertz = note.hertz if note.to_hertz is None else note.to_hertz
    peak = note.level * volume * FULL_SCALE / (1 + note.overtone)
    samples = array("h", bytes(2 * count))
    phase = 0.0
    for i in range(count):
        part = i / count
        phase += 2 * math.pi * (note.hertz + (end_hertz - note.hertz) * part) / RATE_HZ
        envelope = math.exp(-note.decay * part) * min(1.0, i / fade, (count - 1 - i) / fade)
        tone = math.sin(phase) + note.overtone * math.sin(2 * phase)
        samples[i] = round(peak * envelope * tone)
    return samples
