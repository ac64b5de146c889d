"""The words of a further language in the joint space, which was trained on English sentences."""

import re
from dataclasses import dataclass

import numpy as np

from image_describer import bundle_files
from image_describer.captioner.bundle import JOINT_WORDS, Bundle
from image_describer.captioner.tokenizer import WORDS_LIMIT
from image_describer.i18n import _

FILE_LIMIT_BYTES = 20_000_000
UNPACKED_LIMIT_BYTES = 60_000_000
ARRAYS = ("words", "vectors", "scale", "heads")
"""See `JointWords`; ``words`` is an array of strings, and ``heads`` has no axes."""
MIN_LENGTH = 1e-6  # of a sum of vectors; less is a sentence without known words
WORD = re.compile(r"[^\W_]+(?:-[^\W_]+)*")  # letters of any alphabet


@dataclass(frozen=True)
class JointWords:
    """V words and their vectors in a space of D numbers.

    ids: {word, case-folded: row}. vectors: (V, D) int8, scale: (V,) float32; a word's vector is
    their product. A sentence is the sum over its known words, cut into ``heads`` equal parts, each
    of which is scaled to length 1, as in the space itself.
    """

    ids: dict[str, int]
    vectors: np.ndarray
    scale: np.ndarray
    heads: int

    @classmethod
    def from_bundle(cls, bundle: Bundle) -> "JointWords | None":
        """Load those of a bundle `in_language`; None if it has none. Raises BundleError."""
        if JOINT_WORDS not in bundle.manifest["files"]:
            return None
        path = bundle.path(JOINT_WORDS)
        arrays = bundle_files.read_arrays(path, ARRAYS, FILE_LIMIT_BYTES, UNPACKED_LIMIT_BYTES)
        if not _is_valid(arrays, bundle.manifest["joint_space"]["dimension"]):
            raise bundle_files.damaged(path, _("its numbers are not the expected ones"))
        # Backwards, so that of two words that differ in case, the first counts.
        rows = reversed(list(enumerate(arrays["words"].tolist())))
        ids = {str(word).casefold(): row for row, word in rows}
        return cls(ids, arrays["vectors"], arrays["scale"], int(arrays["heads"]))

    def knows(self, word: str) -> bool:
        """Whether a word is one of them; capitals don't matter."""
        return word.casefold() in self.ids

    def embed_sentence(self, text: str) -> np.ndarray:
        """Embed a sentence in plain writing -> (D,) float32 of length 1.

        Unknown words are ignored; if there are no others, the vector is zeros.
        """
        found = [self.ids.get(word) for word in WORD.findall(text.casefold())]
        rows = [row for row in found if row is not None]
        total = self.scale[rows] @ self.vectors[rows].astype(np.float32)
        parts = total.reshape(self.heads, -1)
        lengths = np.linalg.norm(parts, axis=1, keepdims=True)
        unit = np.divide(parts, lengths, where=lengths > MIN_LENGTH, out=np.zeros_like(parts))
        return np.asarray(unit.ravel() / np.sqrt(self.heads), np.float32)


def _is_valid(arrays: dict[str, np.ndarray], dimension: int) -> bool:
    words, vectors, scale, heads = (arrays[name] for name in ARRAYS)
    return (
        words.dtype.kind == "U"
        and words.ndim == 1
        and 0 < len(words) <= WORDS_LIMIT
        and vectors.dtype == np.int8
        and vectors.shape == (len(words), dimension)
        and scale.dtype == np.float32
        and scale.shape == (len(words),)
        and bool(np.isfinite(scale).all())
        and heads.dtype.kind == "i"
        and heads.shape == ()
        and 1 <= int(heads) <= dimension
        and dimension % int(heads) == 0
    )
