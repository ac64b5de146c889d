"""Features -> captions: beam search over the attention LSTM, one LiteRT call a word."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from image_describer.captioner import runtime
from image_describer.captioner.beam_search import Beam, Rules, Search, repeats

__all__ = ["Beam", "Decoder", "repeats"]

STATES = ("h1", "c1", "h2", "c2")
PREPARED = ("keys", "values", "picture")
AT_ONCE = 8  # pictures a step: each then costs half as much as alone; more gain nothing


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
        self._file = file
        # One thread: a step's matrices are too small to share out.
        self._interpreter = runtime.load(file, threads=1)
        self._prepare = self._interpreter.get_signature_runner("prepare")
        self._step = self._interpreter.get_signature_runner("step")
        details = self._step.get_input_details()
        self.beams = int(details["words"]["shape"][1])
        self._zeros = {s: np.zeros(details[s]["shape"], np.float32) for s in STATES}
        self._start, self._end = start, end
        self._rules = Rules(start, end, banned, max_length, length_norm, self.beams)
        self._shared_step: Any = None
        self._can_share = True
        self._lock = threading.Lock()

    def decode(self, regions: np.ndarray, banned: tuple[int, ...] = ()) -> list[Beam]:
        """Regions (R, C) float32 -> finished beams, best first; never empty.

        ``banned``: ids that these captions may not hold besides those that none may.
        """
        with self._lock:
            return self._search(regions, banned)

    def decode_many(
        self, regions: Sequence[np.ndarray], banned: Sequence[tuple[int, ...]]
    ) -> list[list[Beam]]:
        """`decode` for each of several pictures, with the same outcome in half the time.

        Most of a step's time goes into reading the weights, which several pictures can share.
        """
        with self._lock:
            if len(regions) > 1 and self._can_share and self._shared_step is None:
                self._open_shared()
            if len(regions) < 2 or not self._can_share:
                return [self._search(*one) for one in zip(regions, banned, strict=True)]
            return _Round(self._prepare, self._shared_step, self._zeros, self._rules).run(
                regions, banned
            )

    def _open_shared(self) -> None:
        self._shared_interpreter = runtime.load_for_many(self._file, "step", "attention")
        self._can_share = self._shared_interpreter is not None
        if self._can_share:
            self._shared_step = self._shared_interpreter.get_signature_runner("step")

    def _search(self, regions: np.ndarray, banned: tuple[int, ...]) -> list[Beam]:
        prepared = self._prepare(regions=regions[np.newaxis])
        fixed = {name: prepared[name] for name in PREPARED}
        state = self._zeros
        search = Search(self._rules, banned)
        while True:
            words = np.array([search.words], np.int32)
            out = self._step(words=words, **state, **fixed)
            parents = search.advance(out["log_probs"][0], out["attention"])
            if parents is None:
                return search.found
            state = {name: out[name][:, parents] for name in STATES}


@dataclass
class _Seat:
    """A place in the shared step: whose search sits there; None when it is free."""

    picture: int = -1
    search: Search | None = None


class _Round:
    """Several pictures' searches over one step with a place for each of at most AT_ONCE.

    Where a search ends, the next picture takes its place; when none is left to come, the step
    shrinks by half each time that half of it is free (a new size has to be planned anew).
    """

    def __init__(self, prepare: Any, step: Any, zeros: dict[str, np.ndarray], rules: Rules) -> None:
        self._prepare, self._step, self._zeros, self._rules = prepare, step, zeros, rules

    def run(
        self, regions: Sequence[np.ndarray], banned: Sequence[tuple[int, ...]]
    ) -> list[list[Beam]]:
        found: list[list[Beam]] = [[] for _ in regions]
        coming = iter(range(len(regions)))
        seats = [_Seat() for _ in range(min(AT_ONCE, len(regions)))]
        self._words = np.full((len(seats), self._rules.beams), self._rules.start, np.int32)
        self._values = {
            name: np.repeat(zeros, len(seats), axis=0) for name, zeros in self._zeros.items()
        }
        for place, seat in enumerate(seats):
            self._take(seat, place, coming, regions, banned)
        while any(seat.search for seat in seats):
            out = self._step(words=self._words, **self._values)
            for place, seat in enumerate(seats):
                if seat.search is None:
                    continue
                parents = seat.search.advance(out["log_probs"][place], out["attention"][place])
                if parents is None:
                    found[seat.picture] = seat.search.found
                    self._take(seat, place, coming, regions, banned)
                    continue
                self._words[place] = seat.search.words
                for name in STATES:
                    self._values[name][place] = out[name][place, parents]
            seats = self._shrunk(seats)
        return found

    def _take(
        self,
        seat: _Seat,
        place: int,
        coming: Any,
        regions: Sequence[np.ndarray],
        banned: Sequence[tuple[int, ...]],
    ) -> None:
        """Seat the next picture, or leave the place free."""
        seat.picture = next(coming, -1)
        if seat.picture < 0:
            seat.search = None
            return
        seat.search = Search(self._rules, banned[seat.picture])
        prepared = self._prepare(regions=regions[seat.picture][np.newaxis])
        for name in PREPARED:
            if name not in self._values:
                shape = (len(self._words), *prepared[name].shape[1:])
                self._values[name] = np.zeros(shape, np.float32)
            self._values[name][place] = prepared[name][0]
        for name in STATES:
            self._values[name][place] = 0.0
        self._words[place] = self._rules.start

    def _shrunk(self, seats: list[_Seat]) -> list[_Seat]:
        taken = [place for place, seat in enumerate(seats) if seat.search]
        if not taken or len(taken) > len(seats) // 2:
            return seats
        self._words = self._words[taken]
        self._values = {name: value[taken] for name, value in self._values.items()}
        return [seats[place] for place in taken]
