"""The joint space: pictures and sentences as vectors; what belongs together points one way."""

import threading
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from image_describer.captioner import runtime
from image_describer.captioner.bundle import JOINT, Bundle
from image_describer.captioner.words import words_of
from image_describer.errors import BundleError, ImageDescriberError

NONE_THERE = (
    "Install the latest Image Describer, or train the towers: "
    "python -m image_describer.train --recipe joint --data FLICKR8K"
)


class JointSpace:
    """Two towers in ``joint.tflite``, safe to share between threads.

    The file has two signatures: ``picture``, regions (1, R, C) -> vector (1, D), and ``sentence``,
    word ids (1, T) with padding after them -> vector (1, D). ``words`` are those that it was
    trained with, each word's place its id; another word has the id ``unknown``.
    """

    def __init__(self, file: Path, words: Sequence[str], *, unknown: int, pad: int) -> None:
        # One thread: the matrices are too small to share out.
        interpreter = runtime.load(file, threads=1)
        self._towers = {name: interpreter.get_signature_runner(name) for name in SIGNATURES}
        shapes = {
            name: tower.get_input_details()[key]["shape"]
            for (name, tower), key in zip(self._towers.items(), SIGNATURES.values(), strict=True)
        }
        self._lock = threading.Lock()
        self._regions = tuple(int(n) for n in shapes["picture"][1:])
        self._length = int(shapes["sentence"][1])
        self._ids = {word: number for number, word in enumerate(words)}
        self._unknown, self._pad = unknown, pad

    def picture(self, regions: np.ndarray) -> np.ndarray:
        """What the extractor saw, regions (R, C) -> (D,) float32 of length 1."""
        if regions.shape != self._regions:
            raise ValueError(f"regions are {regions.shape}, the towers take {self._regions}")
        return self._run("picture", regions[np.newaxis].astype(np.float32))

    def sentence(self, text: str) -> np.ndarray:
        """A sentence as people write it -> (D,) float32 of length 1.

        Words that follow after as many as the file takes have no say; where no word is known, the
        vector may be zeros, which match nothing. Raises ImageDescriberError where there are none.
        """
        words = words_of(text)
        if not words:
            raise ImageDescriberError(
                "There is no word in the sentence to be matched.",
                "Write in English what the picture may show.",
            )
        ids = [self._ids.get(word, self._unknown) for word in words[: self._length]]
        row = np.full((1, self._length), self._pad, np.int32)
        row[0, : len(ids)] = ids
        return self._run("sentence", row)

    def _run(self, tower: str, value: np.ndarray) -> np.ndarray:
        with self._lock:
            found = self._towers[tower](**{SIGNATURES[tower]: value})["vector"]
        return np.array(found[0], np.float32)


SIGNATURES = {"picture": "regions", "sentence": "words"}
"""Each signature and the name of what it takes."""


def of_bundle(bundle: Bundle) -> JointSpace:
    """The joint space of a bundle. Raises BundleError where it has none."""
    if JOINT not in bundle.manifest["files"]:
        raise BundleError(
            "This model bundle can't match pictures with sentences: it holds no joint space.",
            NONE_THERE,
        )
    tokenizer = bundle.tokenizer
    # A bundle that was tuned by own pictures may know more words than its towers do.
    known = tokenizer["words"][: bundle.manifest["joint"]["words"]]
    return JointSpace(bundle.path(JOINT), known, unknown=tokenizer["unk"], pad=tokenizer["pad"])
