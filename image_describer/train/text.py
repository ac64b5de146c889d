"""Captions as written -> words -> ids."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

PAD, START, END, UNKNOWN = 0, 1, 2, 3
SPECIAL_WORDS = ("<pad>", "<start>", "<end>", "<unk>")
_WORD = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*|'s\b")


def words_of(caption: str) -> list[str]:
    """Lower-case words without punctuation; hyphens stay, and a possessive 's is its own word."""
    return _WORD.findall(caption.lower())


@dataclass(frozen=True)
class Vocabulary:
    """Words by id; the first four are ``SPECIAL_WORDS``."""

    words: tuple[str, ...]
    max_length: int

    @classmethod
    def build(cls, captions: Iterable[str], min_count: int, max_length: int) -> "Vocabulary":
        """All words seen at least ``min_count`` times, commonest first, ties by alphabet."""
        counts = Counter(word for caption in captions for word in words_of(caption))
        kept = [word for word, count in counts.items() if count >= min_count]
        kept.sort(key=lambda word: (-counts[word], word))
        return cls((*SPECIAL_WORDS, *kept), max_length)

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

    def encode(self, captions: Iterable[str]) -> np.ndarray:
        """Captions -> (K, max_length + 2) int32: start, words, end, padding.

        A caption that is too long loses its tail and its end, so that nobody learns to stop there.
        """
        ids = {word: number for number, word in enumerate(self.words)}
        rows = []
        for caption in captions:
            row = [START, *(ids.get(word, UNKNOWN) for word in words_of(caption)), END]
            row = row[: self.max_length + 2]
            rows.append(row + [PAD] * (self.max_length + 2 - len(row)))
        return np.asarray(rows, np.int32).reshape(-1, self.max_length + 2)
