"""The joint space: pictures and sentences as vectors that point the same way if they match."""

import threading
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from image_describer import runtime
from image_describer.captioner.bundle import JOINT_SPACE, Bundle
from image_describer.captioner.joint_words import JointWords
from image_describer.captioner.tokenizer import tokenize
from image_describer.errors import BundleError, ImageDescriberError
from image_describer.i18n import ENGLISH, N_, _

NO_JOINT_SPACE_WAY_OUT = N_(
    "Install the latest Image Describer, or train the joint space: "
    "python -m image_describer.train extend joint_space --data FLICKR8K"
)
SIGNATURES = {"picture": "regions", "sentence": "words"}
"""Each signature of the file, and the name of its input."""


class JointSpace:
    """The two encoders in ``joint_space.tflite``, safe to share between threads.

    The file has two signatures: ``picture``, regions (1, R, C) -> vector (1, D), and ``sentence``,
    word ids (1, T), padded at the end, -> vector (1, D). ``words`` is the vocabulary that it was
    trained with, in the order of the ids; any other word gets the id ``unknown``. ``bundle`` has
    the words of further languages.
    """

    def __init__(
        self,
        file: Path,
        words: Sequence[str],
        *,
        unknown: int,
        pad: int,
        bundle: Bundle | None = None,
    ) -> None:
        # One thread: the matrices are too small to split.
        interpreter = runtime.load(file, threads=1)
        self._runners = {name: interpreter.get_signature_runner(name) for name in SIGNATURES}
        shapes = {
            name: self._runners[name].get_input_details()[key]["shape"]
            for name, key in SIGNATURES.items()
        }
        self._lock = threading.Lock()
        self._regions = tuple(int(n) for n in shapes["picture"][1:])
        self._length = int(shapes["sentence"][1])
        self._ids = {word: index for index, word in enumerate(words)}
        self._unknown, self._pad = unknown, pad
        self._bundle = bundle
        self._joint_words: dict[str, JointWords | None] = {}

    @classmethod
    def from_bundle(cls, bundle: Bundle) -> "JointSpace":
        """Load the joint space of an English bundle. Raises BundleError if it has none."""
        if JOINT_SPACE not in bundle.manifest["files"]:
            raise BundleError(
                _("This model bundle can't match pictures with sentences: it has no joint space."),
                _(NO_JOINT_SPACE_WAY_OUT),
            )
        tokenizer = bundle.tokenizer
        # A bundle tuned on the user's own pictures may know more words than its joint space.
        words = tokenizer["words"][: bundle.manifest["joint_space"]["words"]]
        path = bundle.path(JOINT_SPACE)
        return cls(path, words, unknown=tokenizer["unk"], pad=tokenizer["pad"], bundle=bundle)

    def embed_picture(self, regions: np.ndarray) -> np.ndarray:
        """Embed the encoder's output: regions (R, C) -> (D,) float32 of length 1."""
        if regions.shape != self._regions:
            raise ValueError(f"regions are {regions.shape}, expected {self._regions}")
        return self._run("picture", regions[np.newaxis].astype(np.float32))

    def has_language(self, language: str) -> bool:
        """Whether sentences in a language can be embedded. Raises BundleError if it is damaged."""
        return language == ENGLISH or self._words_in(language) is not None

    def knows(self, word: str, language: str) -> bool:
        """Whether it was trained with a word of a language; capitals don't matter."""
        words = self._words_in(language)
        return word.lower() in self._ids if words is None else words.knows(word)

    def embed_sentence(self, text: str, language: str = ENGLISH) -> np.ndarray:
        """Embed a sentence in plain writing -> (D,) float32 of length 1.

        Words beyond the file's length are ignored. If no word is known, the vector may be zeros,
        which match nothing. Raises ImageDescriberError for a text without words, and BundleError
        for a language that it can't embed.
        """
        if language != ENGLISH:
            return self._embed_in(text, language)
        words = tokenize(text)
        if not words:
            raise _no_words()
        ids = [self._ids.get(word, self._unknown) for word in words[: self._length]]
        row = np.full((1, self._length), self._pad, np.int32)
        row[0, : len(ids)] = ids
        return self._run("sentence", row)

    def _embed_in(self, text: str, language: str) -> np.ndarray:
        words = self._words_in(language)
        if words is None:
            raise BundleError(
                _(
                    'This model can\'t match pictures with sentences in the language "{language}".'
                ).format(language=language),
                _("Match them with sentences in English."),
            )
        if not any(char.isalnum() for char in text):
            raise _no_words()
        return words.embed_sentence(text)

    def _words_in(self, language: str) -> JointWords | None:
        """The words of a further language, loaded on first use; None if it has none."""
        if language == ENGLISH or self._bundle is None:
            return None
        with self._lock:
            if language not in self._joint_words:
                bundle = self._bundle.in_language(language)
                self._joint_words[language] = JointWords.from_bundle(bundle)
            return self._joint_words[language]

    def _run(self, signature: str, value: np.ndarray) -> np.ndarray:
        with self._lock:
            output = self._runners[signature](**{SIGNATURES[signature]: value})
        return np.array(output["vector"][0], np.float32)


def _no_words() -> ImageDescriberError:
    return ImageDescriberError(
        _("The sentence to match has no words."), _("Write what the picture may show.")
    )
