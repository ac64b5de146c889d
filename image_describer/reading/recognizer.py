"""Reads lines of text.

The network is the recognizer of PP-OCRv6 tiny (Apache-2.0), a convolutional one whose output is
decoded by connectionist temporal classification (Graves et al., 2006).
"""

import itertools
import json
import threading
import unicodedata
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from image_describer import bundle_files, runtime
from image_describer.i18n import _
from image_describer.reading.detector import Box

HEIGHT = 48  # pixels of the lines that the network takes
STEP = 8  # pixels of width for each of its outputs
WIDTH_MULTIPLE = 32  # few different widths: preparing the network for another one takes time
MAX_WIDTH = 4096
MARGIN = 127  # the value that fills the rest of the width
CHARACTERS_LIMIT_BYTES = 1_000_000
SPACE = 0.2  # probability of a space from which on there is one
SEGMENT = 32  # pixels of width in which a bent line is straightened


@dataclass(frozen=True)
class Character:
    """A character, its probability, and where it stands, in fractions of the line's length."""

    text: str
    probability: float
    start: float
    end: float


@dataclass(frozen=True)
class ReadLine:
    """What stands in a box; ``turned``: it was read upside down."""

    box: Box
    characters: tuple[Character, ...]
    turned: bool = False

    @property
    def text(self) -> str:
        return "".join(character.text for character in self.characters)

    @property
    def confidence(self) -> float:
        """The mean probability of its characters, in [0, 1]; 0 without any."""
        known = [c.probability for c in self.characters if not c.text.isspace()]
        return float(np.mean(known)) if known else 0.0


class TextRecognizer:
    """Safe to share between threads. Raises BundleError if a file is missing or damaged."""

    def __init__(self, network: Path, characters: Path, threads: int) -> None:
        self._interpreter = runtime.load(network, threads)
        self._lock = threading.Lock()
        content = bundle_files.read(characters, CHARACTERS_LIMIT_BYTES)
        try:
            alphabet = json.loads(content)
        except ValueError as error:
            raise bundle_files.damaged(characters, _("it is not JSON")) from error
        outputs = int(self._interpreter.get_output_details()[0]["shape"][-1])
        if not isinstance(alphabet, str) or len(alphabet) != outputs - 1 or " " not in alphabet:
            raise bundle_files.damaged(characters, _("it doesn't fit recognizer.tflite"))
        self._alphabet = ["", *map(_plain, alphabet)]
        self._space = alphabet.rindex(" ") + 1

    def read(self, lines: "Lines", box: Box, turned: bool = False) -> ReadLine:
        """Read the line in ``box``, upside down if ``turned``."""
        pixels = lines.upright(box, turned)
        width = pixels.shape[1]
        padded = np.full((1, HEIGHT, _round_up(width), 3), MARGIN, np.float32)
        padded[0, :, :width] = pixels
        with self._lock:
            probabilities = runtime.run_resized(self._interpreter, padded)[0, 0]
        return ReadLine(box, self._decode(probabilities, width), turned)

    def _decode(self, probabilities: np.ndarray, width: int) -> tuple[Character, ...]:
        """CTC's best path: (steps, K) -> characters; equal neighbours are one character.

        Between letters, and behind a comma or a colon, there is a space even where its probability
        is only `SPACE`: beside narrow gaps the network prefers none.
        """
        best = probabilities.argmax(axis=1)
        written = np.flatnonzero(best)
        for before, after in itertools.pairwise(written):
            gap = probabilities[before + 1 : after, self._space]
            letters = self._alphabet[best[before]] + self._alphabet[best[after]]
            parted = letters.isalnum() or (letters[0] in ",;:" and letters[1:].isalpha())
            if gap.max(initial=0.0) > SPACE and parted:
                best[before + 1 + gap.argmax()] = self._space
        certain = probabilities[np.arange(len(best)), best]
        changes = np.flatnonzero(np.diff(best, prepend=-1))
        ends = [*changes[1:], len(best)]
        return tuple(
            Character(
                self._alphabet[best[start]],
                float(certain[start:end].max()),
                min(1.0, start * STEP / width),
                min(1.0, end * STEP / width),
            )
            for start, end in zip(changes, ends, strict=True)
            if best[start] != 0
        )


class Lines:
    """Cuts lines out of an RGB image and sets them upright."""

    def __init__(self, image: Image.Image) -> None:
        self._levels = [image]  # each half the size of the one before

    def upright(self, box: Box, turned: bool = False) -> np.ndarray:
        """Return (48, W, 3) uint8 with the line in ``box`` level; upside down if ``turned``."""
        level = max(0, int(np.log2(max(1.0, box.thickness / HEIGHT))))
        while level >= len(self._levels):
            self._levels.append(self._levels[-1].reduce(2))
        factor = 2.0**level
        width = int(np.clip(round(box.length * HEIGHT / box.thickness), STEP, MAX_WIDTH))
        # The corners of the segments in the box's axes, from its middle, in pixels of the picture.
        count = 1 if abs(box.bend) < 0.1 * box.thickness else max(1, round(width / SEGMENT))
        edges = np.linspace(-0.5, 0.5, count + 1)
        sag = box.bend * (0.5 - 4 * edges**2) if count > 1 else np.zeros(2)
        sides = [
            np.stack([edges * box.length, sag + side * box.thickness], 1) for side in (-0.5, 0.5)
        ]
        cos, sin = np.cos(box.angle), np.sin(box.angle)
        top, bottom = (
            (np.array([box.x, box.y]) + side @ np.array([[cos, sin], [-sin, cos]])) / factor
            for side in sides
        )
        columns = np.round(np.linspace(0, width, count + 1)).astype(int)
        mesh = [
            ((int(columns[k]), 0, int(columns[k + 1]), HEIGHT),
             (*top[k], *bottom[k], *bottom[k + 1], *top[k + 1]))
            for k in range(count)
            if columns[k + 1] > columns[k]
        ]  # fmt: skip
        line = self._levels[level].transform(
            (width, HEIGHT), Image.Transform.MESH, mesh, Image.Resampling.BICUBIC
        )
        return np.asarray(line.rotate(180) if turned else line)


def _plain(char: str) -> str:
    """Full-width forms and ligatures as Latin letters; signs such as ², ½ and ™ stay themselves.

    Those forms are for Chinese text; elsewhere they are misread.
    """
    stays = char <= "\xff" or unicodedata.decomposition(char).startswith(("<super>", "<sub>"))
    return char if stays else unicodedata.normalize("NFKC", char)


def _round_up(width: int) -> int:
    return -(-width // WIDTH_MULTIPLE) * WIDTH_MULTIPLE
