"""Features -> captions: beam search over the attention LSTM, one LiteRT call a word."""

import threading
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from image_describer import litert

STATES = ("h1", "c1", "h2", "c2")
PREPARED = ("keys", "values", "picture")


@dataclass(frozen=True)
class Beam:
    """One finished caption.

    words: ids, (T,). log_probs: (T + 1,) of each word, then of the end. attention: (T, R), each
    row sums to 1. score: what beams are ranked by, the log-probability after length norm. match:
    cosine of caption and picture in the joint space, where somebody has asked it.
    """

    words: tuple[int, ...]
    log_probs: tuple[float, ...]
    attention: np.ndarray
    score: float
    match: float | None = None

    @property
    def mean_log_prob(self) -> float:
        """Mean log-probability of a word, the end among them."""
        return sum(self.log_probs) / len(self.log_probs)


@dataclass(frozen=True)
class _Path:
    """A caption in the making: its row in the state, and what led there."""

    words: tuple[int, ...] = ()
    log_probs: tuple[float, ...] = ()
    attention: tuple[np.ndarray, ...] = field(default=())
    total: float = 0.0


class Decoder:
    """The decoder in ``decoder.tflite``, safe to share between threads.

    The file has two signatures: ``prepare`` once a picture, ``step`` once a word with one row for
    each beam. ``banned`` are ids that no caption may hold, ``end`` the id that closes one.
    """

    def __init__(
        self,
        file: Path,
        *,
        end: int,
        start: int,
        banned: tuple[int, ...],
        max_length: int,
        length_norm: float = 0.0,
    ) -> None:
        # One thread: a step's matrices are too small to share out.
        self._interpreter = litert.load(file, threads=1)
        self._prepare = self._interpreter.get_signature_runner("prepare")
        self._step = self._interpreter.get_signature_runner("step")
        details = self._step.get_input_details()
        self.beams = int(details["words"]["shape"][1])
        self._zeros = {s: np.zeros(details[s]["shape"], np.float32) for s in STATES}
        self._start, self._end, self._banned = start, end, list(banned)
        self._max_length, self._length_norm = max_length, length_norm
        self._lock = threading.Lock()

    def decode(self, regions: np.ndarray, banned: tuple[int, ...] = ()) -> list[Beam]:
        """Regions (R, C) float32 -> finished beams, best first; never empty.

        ``banned``: ids that these captions may not hold besides those that none may.
        """
        with self._lock:
            return self._search(
                self._prepare(regions=regions[np.newaxis]), [*self._banned, *banned]
            )

    def _search(self, prepared: dict[str, np.ndarray], banned: list[int]) -> list[Beam]:
        fixed = {name: prepared[name] for name in PREPARED}
        state = self._zeros
        live = [_Path()]
        finished: list[Beam] = []
        for length in range(self._max_length + 1):
            words = np.full((1, self.beams), self._start, np.int32)
            if length:
                words[0, : len(live)] = [path.words[-1] for path in live]
            out = self._step(words=words, **state, **fixed)
            log_probs = out["log_probs"][0, : len(live)]
            must_end = length == self._max_length
            live, parents = self._grow(
                live, log_probs, out["attention"], finished, banned, must_end
            )
            if not live or self._settled(finished, live):
                break
            parents += [0] * (self.beams - len(parents))
            state = {name: out[name][:, parents] for name in STATES}
        return sorted(finished, key=lambda beam: -beam.score)[: self.beams]

    def _grow(
        self,
        live: list[_Path],
        log_probs: np.ndarray,
        attention: np.ndarray,
        finished: list[Beam],
        banned: list[int],
        must_end: bool,
    ) -> tuple[list[_Path], list[int]]:
        """The best continuations: those that end go to ``finished``, the others live on."""
        so_far = np.array([path.total for path in live], np.float32)
        totals = log_probs + so_far[:, np.newaxis]
        totals[:, banned] = -np.inf
        for row, path in enumerate(live):
            totals[row, repeats(path.words) if path.words else self._end] = -np.inf
        if must_end:
            totals[:, np.arange(totals.shape[1]) != self._end] = -np.inf
        flat = totals.ravel()
        # Twice the beams, so that endings never leave too few to go on with.
        wanted = min(2 * self.beams, flat.size)
        best = np.argpartition(flat, flat.size - wanted)[flat.size - wanted :]
        best = best[np.argsort(-flat[best], kind="stable")]
        grown: list[_Path] = []
        parents: list[int] = []
        for rank, index in enumerate(best):
            row, word = divmod(int(index), totals.shape[1])
            if not np.isfinite(flat[index]) or len(grown) == self.beams:
                break
            path = live[row]
            chain = (*path.log_probs, float(log_probs[row, word]))
            if word == self._end:
                if rank < self.beams or must_end:
                    finished.append(self._finish(path, chain, float(flat[index])))
                continue
            seen = (*path.attention, attention[row])
            grown.append(_Path((*path.words, word), chain, seen, float(flat[index])))
            parents.append(row)
        return grown, parents

    def _finish(self, path: _Path, chain: tuple[float, ...], total: float) -> Beam:
        score = total / len(chain) ** self._length_norm
        attention = np.stack(path.attention) if path.attention else np.zeros((0, 1), np.float32)
        return Beam(path.words, chain, attention, score)

    def _settled(self, finished: list[Beam], live: list[_Path]) -> bool:
        """Whether enough is finished and nothing alive scores better than the best as it stands.

        A long caption might still catch up by its length norm; on dev none that matters did.
        """
        if len(finished) < self.beams:
            return False
        norm = (len(live[0].words) + 1) ** self._length_norm
        return max(path.total for path in live) / norm <= max(beam.score for beam in finished)


def repeats(words: tuple[int, ...]) -> list[int]:
    """The words that would say something twice: the last word again, or a known word triple."""
    if not words:
        return []
    again = [words[-1]]
    if len(words) >= 2:
        pair = words[-2:]
        again += [words[i + 2] for i in range(len(words) - 2) if words[i : i + 2] == pair]
    return again
