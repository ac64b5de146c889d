"""Earcons: short sounds in place of words. They are synthesized from a few damped sines.

int16 mono at RATE_HZ.
"""

import functools
import math
from array import array
from dataclasses import dataclass

RATE_HZ = 22050  # the same as espeak-ng's, so that both share one open output
FADE_S = 0.003  # avoids clicks at the start and the end
FULL_SCALE = 32767


@dataclass(frozen=True)
class EarconNote:
    """A decaying sine from ``hertz`` to ``to_hertz`` (None: constant).

    ``level`` is its peak as a fraction of full scale, ``decay`` the number of time constants in its
    duration, ``overtone`` the relative level of the octave above it.
    """

    hertz: float
    seconds: float
    level: float
    decay: float = 3.0
    to_hertz: float | None = None
    overtone: float = 0.0


# Speech is near -20 dBFS. Frequent sounds are far below it, important ones close to it.
SOUNDS: dict[str, tuple[EarconNote, ...]] = {
    "tick": (EarconNote(1200, 0.025, 0.10, decay=5),),
    "done": (EarconNote(523, 0.09, 0.20), EarconNote(784, 0.16, 0.20)),
    "error": (
        EarconNote(330, 0.13, 0.22, overtone=0.5),
        EarconNote(220, 0.20, 0.22, overtone=0.5),
    ),
    "edge": (EarconNote(170, 0.08, 0.30),),
    "key": (EarconNote(2400, 0.012, 0.10, decay=4),),
    "doubt": (EarconNote(740, 0.05, 0.12, overtone=0.3), EarconNote(660, 0.08, 0.12, overtone=0.3)),
    "open": (EarconNote(400, 0.16, 0.16, decay=2, to_hertz=900),),
}


@functools.lru_cache(maxsize=64)
def synthesize(name: str, volume: int = 100) -> bytes:
    """Return the PCM of one of SOUNDS at ``volume`` percent. Raises KeyError for another name."""
    samples = array("h")
    for note in SOUNDS[name]:
        samples.extend(_note_samples(note, volume / 100))
    return samples.tobytes()


def _note_samples(note: EarconNote, volume: float) -> array:
    count = round(note.seconds * RATE_HZ)
    fade = round(FADE_S * RATE_HZ)
    end_hertz = note.hertz if note.to_hertz is None else note.to_hertz
    peak = note.level * volume * FULL_SCALE / (1 + note.overtone)
    samples = array("h", bytes(2 * count))
    phase = 0.0
    for i in range(count):
        progress = i / count
        phase += 2 * math.pi * (note.hertz + (end_hertz - note.hertz) * progress) / RATE_HZ
        envelope = math.exp(-note.decay * progress) * min(1.0, i / fade, (count - 1 - i) / fade)
        tone = math.sin(phase) + note.overtone * math.sin(2 * phase)
        samples[i] = round(peak * envelope * tone)
    return samples
