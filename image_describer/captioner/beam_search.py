"""The beam search for one picture's captions: which words follow, and when enough is found.

It knows no network: a step's probabilities are handed to it, so that several pictures' searches
can share one step.
"""

import math
from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class Beam:
    """One finished caption.

    words: ids, (T,). log_probs: (T + 1,) of each word, then of the end. attention: (T, R), each
    row sums to 1. score: what beams are ranked by, the log-probability after length norm. match:
    cosine of caption and picture in the joint space, where somebody has asked it. agreement: that
    of its words and pairs of words with the expected ones (`image_describer.phrases`), likewise.
    """

    words: tuple[int, ...]
    log_probs: tuple[float, ...]
    attention: np.ndarray
    score: float
    match: float | None = None
    agreement: float | None = None

    @property
    def mean_log_prob(self) -> float:
        """Mean log-probability of a word, the end among them."""
        return sum(self.log_probs) / len(self.log_probs)


@dataclass(frozen=True)
class Rules:
    """What every search keeps to: ``start`` begins a caption, ``end`` closes one.

    No caption holds the ids ``banned`` or more words than ``max_length``.
    """

    start: int
    end: int
    banned: tuple[int, ...]
    max_length: int
    length_norm: float
    beams: int


@dataclass(frozen=True)
class _Path:
    """A caption in the making: its row in the state, and what led there."""

    words: tuple[int, ...] = ()
    log_probs: tuple[float, ...] = ()
    attention: tuple[np.ndarray, ...] = field(default=())
    total: float = 0.0


class Search:
    """One picture's search: give it a step's outcome until `advance` says that it is over."""

    def __init__(self, rules: Rules, banned: tuple[int, ...] = ()) -> None:
        self._rules = rules
        self._banned = [*rules.banned, *banned]
        self._live = [_Path()]
        self._finished: list[Beam] = []

    @property
    def words(self) -> list[int]:
        """The last word of each row, (beams,); rows that are not in use hold the start."""
        used = [path.words[-1] if path.words else self._rules.start for path in self._live]
        return used + [self._rules.start] * (self._rules.beams - len(used))

    @property
    def found(self) -> list[Beam]:
        """The finished captions, best first; never empty when the search is over."""
        return sorted(self._finished, key=lambda beam: -beam.score)[: self._rules.beams]

    def advance(self, log_probs: np.ndarray, attention: np.ndarray) -> list[int] | None:
        """Take a step: log_probs (beams, words) and attention (beams, R) of the rows in `words`.

        Returns the rows (beams,) that the next step's states come from, or None when it is over.
        """
        must_end = len(self._live[0].words) == self._rules.max_length
        parents = self._grow(log_probs[: len(self._live)], attention, must_end)
        if not self._live or self._settled():
            return None
        return parents + [0] * (self._rules.beams - len(parents))

    def _grow(self, log_probs: np.ndarray, attention: np.ndarray, must_end: bool) -> list[int]:
        """The best continuations: those that end are finished, the others live on."""
        beams, end = self._rules.beams, self._rules.end
        so_far = np.array([path.total for path in self._live], np.float32)
        totals = log_probs + so_far[:, np.newaxis]
        totals[:, self._banned] = -np.inf
        for row, path in enumerate(self._live):
            totals[row, repeats(path.words) if path.words else end] = -np.inf
        if must_end:
            totals[:, np.arange(totals.shape[1]) != end] = -np.inf
        flat = totals.ravel()
        # Twice the beams, so that endings never leave too few to go on with.
        wanted = min(2 * beams, flat.size)
        best = np.argpartition(flat, flat.size - wanted)[flat.size - wanted :]
        best = best[np.argsort(-flat[best], kind="stable")]
        grown: list[_Path] = []
        parents: list[int] = []
        for rank, (index, total) in enumerate(zip(best.tolist(), flat[best].tolist(), strict=True)):
            row, word = divmod(index, totals.shape[1])
            if not math.isfinite(total) or len(grown) == beams:
                break
            path = self._live[row]
            chain = (*path.log_probs, float(log_probs[row, word]))
            if word == end:
                if rank < beams or must_end:
                    self._finished.append(self._finish(path, chain, total))
                continue
            seen = (*path.attention, attention[row])
            grown.append(_Path((*path.words, word), chain, seen, total))
            parents.append(row)
        self._live = grown
        return parents

    def _finish(self, path: _Path, chain: tuple[float, ...], total: float) -> Beam:
        score = total / len(chain) ** self._rules.length_norm
        attention = np.stack(path.attention) if path.attention else np.zeros((0, 1), np.float32)
        return Beam(path.words, chain, attention, score)

    def _settled(self) -> bool:
        """Whether enough is finished and nothing alive scores better than the best as it stands.

        A long caption might still catch up by its length norm; on dev none that matters did.
        """
        if len(self._finished) < self._rules.beams:
            return False
        norm = (len(self._live[0].words) + 1) ** self._rules.length_norm
        best = max(beam.score for beam in self._finished)
        return max(path.total for path in self._live) / norm <= best


def repeats(words: tuple[int, ...]) -> list[int]:
    """The words that would say something twice: the last word again, or a known word triple."""
    if not words:
        return []
    again = [words[-1]]
    if len(words) >= 2:
        pair = words[-2:]
        again += [words[i + 2] for i in range(len(words) - 2) if words[i : i + 2] == pair]
    return again
