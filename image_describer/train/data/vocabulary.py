"""Captions as written -> words -> ids."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from image_describer.captioner import bundle_files
from image_describer.captioner.tokenizer import (
    LENGTH_LIMIT_WORDS,
    WORD_LIMIT_CHARACTERS,
    WORDS_LIMIT,
)
from image_describer.errors import TrainingError
from image_describer.train.data.cleaning import rule
from image_describer.train.data.cleaning import words_of as words_of  # its callers look for it here

PAD, START, END, UNKNOWN = 0, 1, 2, 3
SPECIAL_WORDS = ("<pad>", "<start>", "<end>", "<unk>")
UNKNOWN_WORDS = ("mark", "skip")


def count_words(captions: Iterable[str], rules: str = "plain") -> Counter[str]:
    """How often each word occurs in ``captions``. Raises TrainingError for unknown rules."""
    clean = rule(rules)
    return Counter(word for caption in captions for word in clean(caption))


@dataclass(frozen=True)
class Vocabulary:
    """Words by id; the first four are ``SPECIAL_WORDS``.

    ``max_length`` counts words, ``rules`` names those in ``cleaning``. A word that is not in it is
    encoded as ``<unk>`` where ``unknown`` is "mark", and left out where it is "skip".
    """

    words: tuple[str, ...]
    max_length: int
    rules: str = "plain"
    unknown: str = "mark"

    @classmethod
    def build(
        cls,
        captions: Iterable[str],
        min_count: int,
        max_length: int,
        top_k: int = 0,
        rules: str = "plain",
        unknown: str = "mark",
    ) -> "Vocabulary":
        """All words seen at least ``min_count`` times, commonest first, ties by alphabet.

        ``top_k`` keeps no more than that many words, the special ones apart; 0 keeps all. A
        ``max_length`` of 0 is that of the longest caption. Raises TrainingError.
        """
        if unknown not in UNKNOWN_WORDS:
            raise TrainingError(
                f"Unknown words can't be treated as '{unknown}'.",
                f"There are: {', '.join(UNKNOWN_WORDS)}.",
            )
        captions = list(captions)
        counts = count_words(captions, rules)
        # What a bundle's tokenizer may not hold is no word.
        kept = [
            word
            for word, count in counts.items()
            if count >= min_count
            and len(word) <= WORD_LIMIT_CHARACTERS
            and word not in SPECIAL_WORDS
        ]
        kept.sort(key=lambda word: (-counts[word], word))
        most = WORDS_LIMIT - len(SPECIAL_WORDS)
        kept = kept[: min(top_k, most) if top_k else most]
        if not max_length:
            longest = max((len(rule(rules)(caption)) for caption in captions), default=1)
            max_length = min(max(longest, 1), LENGTH_LIMIT_WORDS)
        return cls((*SPECIAL_WORDS, *kept), max_length, rules, unknown)

    @classmethod
    def from_tokenizer(
        cls, tokenizer: Mapping[str, Any], rules: str = "plain", unknown: str = "mark"
    ) -> "Vocabulary":
        """A vocabulary out of what `tokenizer` gave. Raises TrainingError for foreign ids."""
        words = tuple(tokenizer["words"])
        if words[: len(SPECIAL_WORDS)] != SPECIAL_WORDS:
            raise TrainingError(f"This tokenizer doesn't begin with {' '.join(SPECIAL_WORDS)}.")
        return cls(words, tokenizer["max_length"], rules, unknown)

    def __len__(self) -> int:
        return len(self.words)

    def tokenizer(self) -> dict[str, object]:
        """What the bundle's ``tokenizer.pkl`` holds: builtin types only."""
        return {
            "words": list(self.words),
            "pad": PAD,
            "start": START,
            "end": END,
            "unk": UNKNOWN,
            "max_length": self.max_length,
        }

    def write_json(self, path: Path) -> None:
        """Write joint-embedding's ``vocab.json``: ids by word, 0 as ``<eos>``, which also pads."""
        ids = {word: number for number, word in enumerate(self.words)}
        ids = {"<eos>" if number == PAD else word: number for word, number in ids.items()}
        bundle_files.write(path, json.dumps(ids, indent=0).encode())

    def encode(self, captions: Iterable[str], marks: bool = True) -> np.ndarray:
        """Captions -> (K, max_length + 2) int32: start, words, end, padding.

        A caption that is too long loses its tail and its end, so that nobody learns to stop there.
        Without ``marks``: (K, max_length), words and padding.
        """
        clean = rule(self.rules)
        ids = {word: number for number, word in enumerate(self.words)}
        for special in SPECIAL_WORDS:  # some rules let them through where a caption holds them
            ids.pop(special, None)
        width = self.max_length + 2 * marks
        rows = []
        for caption in captions:
            row = [ids.get(word, UNKNOWN) for word in clean(caption)]
            if self.unknown == "skip":
                row = [number for number in row if number != UNKNOWN]
            if marks:
                row = [START, *row, END]
            row = row[:width]
            rows.append(row + [PAD] * (width - len(row)))
        return np.asarray(rows, np.int32).reshape(-1, width)
