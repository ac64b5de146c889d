"""What the joint space learns from: pooled regions of the shipped extractor, bags of words.

The regions are those that the program will see, from the very ``extractor.tflite`` of a bundle, of
each picture and of its mirror image. Only their mean is kept: with the maximum recall was lower.
"""

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from image_describer.captioner.bundle import Bundle
from image_describer.captioner.encoder import Encoder
from image_describer.captioner.runtime import default_threads
from image_describer.train.baselines.batches import Arrays
from image_describer.train.data.vocabulary import SPECIAL_WORDS, Vocabulary

VIEWS = 2  # plain and mirrored
MEAN_DEVIATION = 0.7  # of what is seen along the main axes
ENDINGS = ("'s", "ing", "ed", "es", "s", "er", "y")
LEAST_STEM = 3  # letters


class Pooled:
    """A bundle's extractor as a store of features takes it: a row of 2 C numbers a picture.

    They are the mean of the picture's regions, then of its mirror image's.
    """

    name, grid = "means", 1

    def __init__(self, bundle: Bundle) -> None:
        file = bundle.path("encoder.tflite")
        self._extractor = Encoder(file, default_threads())
        self.size = self._extractor.size
        self.channels = VIEWS * int(bundle.manifest["regions"]["channels"])
        digest = bundle.manifest["files"]["encoder.tflite"]["sha256"]
        self.digest = hashlib.sha256(f"{self.name} {digest}".encode()).hexdigest()

    def regions(self, pixels: np.ndarray) -> np.ndarray:
        """(B, size, size, 3) uint8 -> (B, 1, 2 C) float32."""
        return np.stack([self._means(picture) for picture in pixels])[:, np.newaxis]

    def _means(self, pixels: np.ndarray) -> np.ndarray:
        views = (pixels, pixels[:, ::-1])
        return np.concatenate([self._extractor.encode(view).pooled for view in views])


@dataclass(frozen=True)
class Standard:
    """Means as the towers take them: (square root - centre) / spread, centre (C,).

    basis: (C, K), the axes along which they vary most, the strongest last, scaled alike.

    The root, since a few of the regions' numbers are large and would drown the others. Whitening
    them made recall on dev worse: directions that hardly vary are noise.
    """

    centre: np.ndarray
    spread: float
    basis: np.ndarray

    @classmethod
    def of(cls, means: np.ndarray, kept: int) -> "Standard":
        """From the means (N, C) of training pictures; ``kept`` is K."""
        roots = _roots(means)
        centre = roots.mean(axis=0)
        spread = max(float(np.sqrt(np.square(roots - centre).mean())), 1e-6)
        parted = (roots - centre) / np.float32(spread)
        variances, axes = np.linalg.eigh(parted.T @ parted / len(parted))
        deviations = np.sqrt(np.maximum(variances[-kept:], 0.0))
        basis = axes[:, -kept:] * (MEAN_DEVIATION / max(float(deviations.mean()), 1e-6))
        return cls(centre, spread, basis.astype(np.float32))

    def __call__(self, means: np.ndarray) -> np.ndarray:
        """(..., C) -> (..., C) float32."""
        return (_roots(means) - self.centre) / np.float32(self.spread)

    def save(self, file: Path) -> None:
        temporary = file.with_suffix(".tmp.npz")
        np.savez(temporary, centre=self.centre, spread=self.spread, basis=self.basis)
        os.replace(temporary, file)

    @classmethod
    def load(cls, file: Path) -> "Standard":
        with np.load(file) as kept:
            return cls(kept["centre"], float(kept["spread"]), kept["basis"])


def _roots(means: np.ndarray) -> np.ndarray:
    return np.sqrt(np.maximum(means, 0.0), dtype=np.float32)


def stem(word: str) -> str:
    """A word without its ending, roughly: what running, runs and runner share."""
    for ending in ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= LEAST_STEM:
            word = word[: -len(ending)]
            if len(word) > LEAST_STEM and word[-1] == word[-2]:
                word = word[:-1]
            break
    return word[:-1] if word.endswith("e") and len(word) > LEAST_STEM else word


def stems(words: Sequence[str]) -> np.ndarray:
    """Which stem each word has: (V,) int32, numbered from 0 in the order they come."""
    numbers: dict[str, int] = {}
    return np.array([numbers.setdefault(stem(word), len(numbers)) for word in words], np.int32)


def rarity(words: np.ndarray, vocabulary: Vocabulary) -> np.ndarray:
    """How much a word tells: the logarithm of captions to captions with it, (V,); ids (M, T)."""
    count = np.zeros(len(vocabulary), np.int64)
    for row in words:
        count[np.unique(row)] += 1
    told = np.log(len(words) / np.maximum(count, 1.0))
    told[: len(SPECIAL_WORDS)] = 0.0
    return told


def bags(words: np.ndarray, vocabulary: int) -> np.ndarray:
    """Ids (M, T) -> how often each word, (M, vocabulary); special and unknown words don't count."""
    counted = np.zeros((len(words), vocabulary), np.float32)
    rows, places = np.nonzero(words >= len(SPECIAL_WORDS))
    np.add.at(counted, (rows, words[rows, places]), 1.0)
    return counted


class PictureBatches:
    """Batches of different pictures, each with ``captions`` of its captions drawn anew.

    seen: (N, 2, C), plain and mirrored; words: (N, K, T) ids. Which come together follows from
    seed, epoch and step. Outside of training a batch has the plain view and the first captions.
    """

    def __init__(
        self,
        seen: np.ndarray,
        words: np.ndarray,
        vocabulary: int,
        batch: int,
        captions: int,
        seed: int,
        training: bool,
    ) -> None:
        self._seen, self._words, self._vocabulary = seen, words, vocabulary
        self._batch, self._seed, self._training = min(batch, len(seen)), seed, training
        self._captions = min(captions, words.shape[1])

    def __len__(self) -> int:
        return len(self._seen) // self._batch

    def batch(self, epoch: int, step: int) -> Arrays:
        """picture (B, C), words (B * captions, V)."""
        rows = np.arange(step * self._batch, (step + 1) * self._batch)
        views = np.zeros(self._batch, np.int64)
        chosen = np.tile(np.arange(self._captions), (self._batch, 1))
        if self._training:
            rows = np.random.default_rng((self._seed, epoch)).permutation(len(self._seen))[rows]
            rng = np.random.default_rng((self._seed, epoch, step))
            views = rng.integers(0, VIEWS, self._batch)
            order = rng.random((self._batch, self._words.shape[1])).argsort(axis=1)
            chosen = order[:, : self._captions]
        ids = self._words[rows[:, None], chosen].reshape(-1, self._words.shape[-1])
        seen = self._seen[rows, views].astype(np.float32)
        return {"picture": seen, "words": bags(ids, self._vocabulary)}


def each_equally(words: np.ndarray, owners: np.ndarray, captions: int) -> np.ndarray:
    """Ids (M, T) of captions -> (N, captions, T); a picture with fewer has some twice."""
    first = np.searchsorted(owners, np.arange(owners[-1] + 1))
    count = np.bincount(owners)
    places = first[:, None] + np.arange(captions)[None, :] % count[:, None]
    return words[places]
