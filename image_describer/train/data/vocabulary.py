"""Captions as written -> words -> ids."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from image_describer import files
from image_describer.captioner.tokenizer import (
    LENGTH_LIMIT_WORDS,
    WORD_LIMIT_CHARACTERS,
    WORDS_LIMIT,
)
from image_describer.errors import TrainingError
from image_describer.train.data.cleaning import rule

PAD, START, END, UNKNOWN = 0, 1, 2, 3
SPECIAL_WORDS = ("<pad>", "<start>", "<end>", "<unk>")


def count_words(captions: Iterable[str], rules: str) -> Counter[str]:
    """Count each word in ``captions``. Raises TrainingError for unknown rules."""
    clean = rule(rules)
    return Counter(word for caption in captions for word in clean(caption))


@dataclass(frozen=True)
class Vocabulary:
    """Words by id; the first four are ``SPECIAL_WORDS``.

    ``max_length`` is in words; ``rules`` is the name of rules in `cleaning`. Other words are
    encoded as ``<unk>`` if ``unknown`` is "mark", and skipped if it is "skip".
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
        top_words: int = 0,
        rules: str = "plain",
        unknown: str = "mark",
    ) -> "Vocabulary":
        """All words that occur at least ``min_count`` times, by frequency, then by alphabet.

        ``top_words`` is the maximum number of words besides the special ones (0: all), and a
        ``max_length`` of 0 is the length of the longest caption. Raises TrainingError.
        """
        captions = list(captions)
        counts = count_words(captions, rules)
        # A bundle's tokenizer may not contain longer words.
        words = [
            word
            for word, count in counts.items()
            if count >= min_count
            and len(word) <= WORD_LIMIT_CHARACTERS
            and word not in SPECIAL_WORDS
        ]
        words.sort(key=lambda word: (-counts[word], word))
        limit = WORDS_LIMIT - len(SPECIAL_WORDS)
        words = words[: min(top_words or limit, limit)]
        if not max_length:
            longest = max((len(rule(rules)(caption)) for caption in captions), default=1)
            max_length = min(max(longest, 1), LENGTH_LIMIT_WORDS)
        return cls((*SPECIAL_WORDS, *words), max_length, rules, unknown)

    @classmethod
    def from_tokenizer(cls, tokenizer: Mapping[str, Any], rules: str = "plain") -> "Vocabulary":
        """The inverse of `tokenizer`. Raises TrainingError if the special words differ."""
        words = tuple(tokenizer["words"])
        if words[: len(SPECIAL_WORDS)] != SPECIAL_WORDS:
            raise TrainingError(f"This tokenizer doesn't begin with {' '.join(SPECIAL_WORDS)}.")
        return cls(words, tokenizer["max_length"], rules)

    def __len__(self) -> int:
        return len(self.words)

    def tokenizer(self) -> dict[str, object]:
        """The content of a bundle's ``tokenizer.pkl``, in builtin types."""
        return {
            "words": list(self.words),
            "pad": PAD,
            "start": START,
            "end": END,
            "unk": UNKNOWN,
            "max_length": self.max_length,
        }

    def write_json(self, path: Path) -> None:
        """Write joint-embedding's ``vocab.json``: ids by word; 0 is ``<eos>`` and padding."""
        ids = {"<eos>" if id_ == PAD else word: id_ for id_, word in enumerate(self.words)}
        files.write(path, json.dumps(ids, indent=0).encode())

    @cached_property
    def _ids(self) -> dict[str, int]:
        """Ids by word, without the special words, which a caption could contain literally."""
        return {word: id_ for id_, word in enumerate(self.words) if word not in SPECIAL_WORDS}

    def encode(self, captions: Iterable[str], marks: bool = True) -> np.ndarray:
        """Captions -> ids (K, max_length + 2) int32: start, words, end, padding.

        A longer caption is cut and has no end, so that training doesn't learn to stop there.
        Without ``marks``: (K, max_length), words and padding.
        """
        clean, ids = rule(self.rules), self._ids
        width = self.max_length + 2 * marks
        rows = []
        for caption in captions:
            row = [ids.get(word, UNKNOWN) for word in clean(caption)]
            if self.unknown == "skip":
                row = [id_ for id_ in row if id_ != UNKNOWN]
            if marks:
                row = [START, *row, END]
            row = row[:width]
            rows.append(row + [PAD] * (width - len(row)))
        return np.asarray(rows, np.int32).reshape(-1, width)
