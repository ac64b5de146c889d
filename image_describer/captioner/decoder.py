"""Features -> captions: beam search over a recurrent decoder, one LiteRT call for each word."""

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from image_describer import runtime
from image_describer.captioner.beam_search import Beam, BeamSearch, BeamSearchSettings
from image_describer.captioner.bundle import DECODER, Bundle
from image_describer.captioner.nouns import NEVER_LAST

MAX_THREADS = 2  # the matrices of a step are too small to split further
BATCH_SIZE = 8  # pictures in a step: each then costs half as much as alone; more gain nothing


class Decoder:
    """The decoder in ``decoder.tflite``, safe to share between threads.

    The file has two signatures. ``prepare`` runs once for each picture: regions (1, R, C) ->
    whatever ``step`` needs of the picture. ``step`` runs once for each word: words (1, K) int32, a
    row for each of K beams, the states (1, K, ...), zeros at first, and what ``prepare`` returned
    -> log_probs (1, K, V), the new states, and attention (K, R). The states are the outputs that
    are also inputs. No caption contains the ids ``banned``; the id ``end`` ends it, but not after
    one of ``never_last``.
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
        threads: int = 1,
        never_last: frozenset[int] = frozenset(),
    ) -> None:
        self._file = file
        self._interpreter = runtime.load(file, min(threads, MAX_THREADS))
        self._prepare = self._interpreter.get_signature_runner("prepare")
        self._step = self._interpreter.get_signature_runner("step")
        details = self._step.get_input_details()
        self.beams = int(details["words"]["shape"][1])
        self._prepared = sorted(details.keys() & self._prepare.get_output_details().keys())
        states = details.keys() & self._step.get_output_details().keys() - set(self._prepared)
        self._zeros = {s: np.zeros(details[s]["shape"], details[s]["dtype"]) for s in states}
        self._settings = BeamSearchSettings(
            start, end, banned, max_length, length_norm, self.beams, never_last
        )
        self._batch_step: Any = None
        self._can_batch = True
        self._lock = threading.Lock()

    @classmethod
    def from_bundle(cls, bundle: Bundle, threads: int = 1) -> "Decoder":
        """Load a bundle's decoder. Raises BundleError."""
        tokenizer, numbers = bundle.tokenizer, bundle.manifest["decode"]
        return cls(
            bundle.path(DECODER),
            start=tokenizer["start"],
            end=tokenizer["end"],
            banned=(tokenizer["pad"], tokenizer["start"], tokenizer["unk"]),
            max_length=numbers["max_length"],
            length_norm=numbers["length_norm"],
            threads=threads,
            never_last=frozenset(
                index
                for index, word in enumerate(tokenizer["words"])
                if word in NEVER_LAST.get(bundle.language, ())
            ),
        )

    def decode(self, regions: np.ndarray, banned: tuple[int, ...] = ()) -> list[Beam]:
        """Regions (R, C) float32 -> finished beams, best first; never empty.

        ``banned`` are ids that these captions may not contain, beyond those that none may.
        """
        with self._lock:
            return self._search(regions, banned)

    def decode_many(
        self, regions: Sequence[np.ndarray], banned: Sequence[tuple[int, ...]]
    ) -> list[list[Beam]]:
        """`decode` several pictures, with the same results in half the time.

        Most of a step's time goes into reading the weights, which the pictures share.
        """
        with self._lock:
            if len(regions) > 1 and self._can_batch and self._batch_step is None:
                self._load_batched()
            if len(regions) < 2 or not self._can_batch:
                return [self._search(*pair) for pair in zip(regions, banned, strict=True)]
            search = _BatchSearch(self._prepared_of, self._batch_step, self._zeros, self._settings)
            return search.run(regions, banned)

    def _load_batched(self) -> None:
        self._batch_interpreter = runtime.load_batched(self._file, "step", "attention")
        self._can_batch = self._batch_interpreter is not None
        if self._can_batch:
            self._batch_step = self._batch_interpreter.get_signature_runner("step")

    def _search(self, regions: np.ndarray, banned: tuple[int, ...]) -> list[Beam]:
        prepared = self._prepared_of(regions)
        state = self._zeros
        search = BeamSearch(self._settings, banned)
        while True:
            words = np.array([search.last_words], np.int32)
            output = self._step(words=words, **state, **prepared)
            parents = search.advance(output["log_probs"][0], output["attention"])
            if parents is None:
                return search.captions
            state = {name: output[name][:, parents] for name in state}

    def _prepared_of(self, regions: np.ndarray) -> dict[str, np.ndarray]:
        """Run ``prepare`` on a picture's regions (R, C)."""
        output = self._prepare(regions=regions[np.newaxis])
        return {name: output[name] for name in self._prepared}


@dataclass
class _Slot:
    """One row of the batch: the index of its picture and the search; None when it is free."""

    picture: int = -1
    search: BeamSearch | None = None


class _BatchSearch:
    """The searches of several pictures over one step with at most BATCH_SIZE slots.

    When a search ends, the next picture takes its slot. When no picture is left, the batch shrinks
    whenever half of its slots are free; not more often, because a new size has to be planned.
    """

    def __init__(
        self,
        prepare: Callable[[np.ndarray], dict[str, np.ndarray]],
        step: Any,
        zeros: dict[str, np.ndarray],
        settings: BeamSearchSettings,
    ) -> None:
        self._prepare, self._step, self._zeros, self._settings = prepare, step, zeros, settings

    def run(
        self, regions: Sequence[np.ndarray], banned: Sequence[tuple[int, ...]]
    ) -> list[list[Beam]]:
        captions: list[list[Beam]] = [[] for _ in regions]
        remaining = iter(range(len(regions)))
        slots = [_Slot() for _ in range(min(BATCH_SIZE, len(regions)))]
        self._words = np.full((len(slots), self._settings.beams), self._settings.start, np.int32)
        self._values = {
            name: np.repeat(zeros, len(slots), axis=0) for name, zeros in self._zeros.items()
        }
        for row, slot in enumerate(slots):
            self._fill(slot, row, remaining, regions, banned)
        while any(slot.search for slot in slots):
            output = self._step(words=self._words, **self._values)
            for row, slot in enumerate(slots):
                if slot.search is None:
                    continue
                parents = slot.search.advance(output["log_probs"][row], output["attention"][row])
                if parents is None:
                    captions[slot.picture] = slot.search.captions
                    self._fill(slot, row, remaining, regions, banned)
                    continue
                self._words[row] = slot.search.last_words
                for name in self._zeros:
                    self._values[name][row] = output[name][row, parents]
            slots = self._shrink(slots)
        return captions

    def _fill(
        self,
        slot: _Slot,
        row: int,
        remaining: Iterator[int],
        regions: Sequence[np.ndarray],
        banned: Sequence[tuple[int, ...]],
    ) -> None:
        """Start the search of the next picture in a slot, or leave it free."""
        slot.picture = next(remaining, -1)
        if slot.picture < 0:
            slot.search = None
            return
        slot.search = BeamSearch(self._settings, banned[slot.picture])
        for name, prepared in self._prepare(regions[slot.picture]).items():
            if name not in self._values:
                self._values[name] = np.repeat(np.zeros_like(prepared), len(self._words), axis=0)
            self._values[name][row] = prepared[0]
        for name in self._zeros:
            self._values[name][row] = 0
        self._words[row] = self._settings.start

    def _shrink(self, slots: list[_Slot]) -> list[_Slot]:
        used = [row for row, slot in enumerate(slots) if slot.search]
        if not used or len(used) > len(slots) // 2:
            return slots
        self._words = self._words[used]
        self._values = {name: value[used] for name, value in self._values.items()}
        return [slots[row] for row in used]
