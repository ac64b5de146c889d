"""Beam search for the captions of one picture, without the network.

The caller passes in the probabilities of each step, so that the searches of several pictures can
share the steps of the network.
"""

import math
from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class Beam:
    """One finished caption.

    words: ids, (T,). log_probs: (T + 1,), of each word, then of the end. attention: (T, R), each
    row sums to 1. score: the log-probability after length normalization, by which beams are
    ranked. match: cosine of caption and picture in the joint space, or None if not computed.
    ngram_score: by `NgramPrior.score`, or None if not computed.
    """

    words: tuple[int, ...]
    log_probs: tuple[float, ...]
    attention: np.ndarray
    score: float
    match: float | None = None
    ngram_score: float | None = None

    @property
    def mean_log_prob(self) -> float:
        """Mean log-probability of a word, including the end."""
        return sum(self.log_probs) / len(self.log_probs)


@dataclass(frozen=True)
class BeamSearchSettings:
    """The settings that all searches of a decoder share.

    ``start`` begins a caption and ``end`` ends it. No caption contains the ids ``banned`` or more
    than ``max_length`` words, and none that is shorter ends with one of ``never_last``. ``beams``
    captions are kept at each step.
    """

    start: int
    end: int
    banned: tuple[int, ...]
    max_length: int
    length_norm: float
    beams: int
    never_last: frozenset[int] = frozenset()


@dataclass(frozen=True)
class _PartialCaption:
    """A caption that has not ended yet."""

    words: tuple[int, ...] = ()
    log_probs: tuple[float, ...] = ()
    attention: tuple[np.ndarray, ...] = field(default=())
    total: float = 0.0


class BeamSearch:
    """The search for one picture: call `advance` with each step until it returns None."""

    def __init__(self, settings: BeamSearchSettings, banned: tuple[int, ...] = ()) -> None:
        self._settings = settings
        self._banned = [*settings.banned, *banned]
        self._partial = [_PartialCaption()]
        self._finished: list[Beam] = []

    @property
    def last_words(self) -> list[int]:
        """The last word of each row, (beams,); unused rows contain the start."""
        used = [c.words[-1] if c.words else self._settings.start for c in self._partial]
        return used + [self._settings.start] * (self._settings.beams - len(used))

    @property
    def captions(self) -> list[Beam]:
        """The finished captions, best first; never empty after the search."""
        return sorted(self._finished, key=lambda beam: -beam.score)[: self._settings.beams]

    def advance(self, log_probs: np.ndarray, attention: np.ndarray) -> list[int] | None:
        """Take the log_probs (beams, words) and attention (beams, R) of the rows in `last_words`.

        Returns the rows (beams,) from which the states of the next step come, or None at the end.
        """
        must_end = len(self._partial[0].words) == self._settings.max_length
        parents = self._continue(log_probs[: len(self._partial)], attention, must_end)
        if not self._partial or self._is_finished():
            return None
        return parents + [0] * (self._settings.beams - len(parents))

    def _continue(self, log_probs: np.ndarray, attention: np.ndarray, must_end: bool) -> list[int]:
        """Keep the best continuations; those that end are finished."""
        beams, end = self._settings.beams, self._settings.end
        totals_before = np.array([caption.total for caption in self._partial], np.float32)
        totals = log_probs + totals_before[:, np.newaxis]
        totals[:, self._banned] = -np.inf
        for row, caption in enumerate(self._partial):
            totals[row, repeated_words(caption.words) if caption.words else end] = -np.inf
            if not must_end and self._never_ends_after(caption):
                totals[row, end] = -np.inf
        if must_end:
            totals[:, np.arange(totals.shape[1]) != end] = -np.inf
        flat = totals.ravel()
        # Twice the beams, so that enough are left when some end.
        count = min(2 * beams, flat.size)
        best = np.argpartition(flat, flat.size - count)[flat.size - count :]
        best = best[np.argsort(-flat[best], kind="stable")]
        continued: list[_PartialCaption] = []
        parents: list[int] = []
        for rank, (index, total) in enumerate(zip(best.tolist(), flat[best].tolist(), strict=True)):
            row, word = divmod(index, totals.shape[1])
            if not math.isfinite(total) or len(continued) == beams:
                break
            caption = self._partial[row]
            caption_log_probs = (*caption.log_probs, float(log_probs[row, word]))
            if word == end:
                if rank < beams or must_end:
                    self._finished.append(self._finish(caption, caption_log_probs, total))
                continue
            rows = (*caption.attention, attention[row])
            continued.append(
                _PartialCaption((*caption.words, word), caption_log_probs, rows, total)
            )
            parents.append(row)
        self._partial = continued
        return parents

    def _never_ends_after(self, caption: _PartialCaption) -> bool:
        return bool(caption.words) and caption.words[-1] in self._settings.never_last

    def _finish(
        self, caption: _PartialCaption, caption_log_probs: tuple[float, ...], total: float
    ) -> Beam:
        score = total / len(caption_log_probs) ** self._settings.length_norm
        attention = (
            np.stack(caption.attention) if caption.attention else np.zeros((0, 1), np.float32)
        )
        return Beam(caption.words, caption_log_probs, attention, score)

    def _is_finished(self) -> bool:
        """Whether enough captions are finished and no partial one scores better than the best.

        Length normalization might still lift a long caption; on dev it made no difference.
        """
        if len(self._finished) < self._settings.beams:
            return False
        norm = (len(self._partial[0].words) + 1) ** self._settings.length_norm
        best = max(beam.score for beam in self._finished)
        return max(caption.total for caption in self._partial) / norm <= best


def repeated_words(words: tuple[int, ...]) -> list[int]:
    """Words that would repeat something: the last word, or the end of a known word triple."""
    if not words:
        return []
    repeated = [words[-1]]
    if len(words) >= 2:
        pair = words[-2:]
        repeated += [words[i + 2] for i in range(len(words) - 2) if words[i : i + 2] == pair]
    return repeated
