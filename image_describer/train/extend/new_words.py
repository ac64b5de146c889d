"""New words for a decoder that otherwise stays as it is.

Fifty pictures can teach a word, and can undo what 6,000 taught: every other weight that moves
costs captions of other pictures. So none does. A new word is read as the known word that best
foretells what follows it, and gets a column of its own in the output layer, fitted by logistic
regression to the states in which the decoder reads a user's captions (Bishop 2006, section 4.3.4).
What it says of other pictures changes only where a new word is the likelier one.
"""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from image_describer.captioner import runtime
from image_describer.captioner.bundle import Bundle
from image_describer.captioner.decoder import PREPARED, STATES
from image_describer.train.data.vocabulary import PAD, UNKNOWN

EMBEDDING, KERNEL, BIAS = "embed/embeddings", "to_words/kernel", "to_words/bias"
RARE = -5.0  # log-odds to start from, against all known words together
MOMENTA, EPSILON = (0.9, 0.99), 1e-8  # Adam's
CANDIDATES = 60  # the commonest known words, of which one stands in for a new one
HEARD, FORETOLD = 8, 4  # captions with a new word, and words after it, that choose its stand-in
ROWS = 4096  # at a time, of states by words
MOST = 30.0  # log-odds; beyond it, nothing is left to learn


@dataclass(frozen=True)
class Tuning:
    """``decay`` is the weight of the squared length of a new word's column: the larger, the later
    the word is said. ``mirror`` reads the captions beside mirror images as well.

    The figures that they were chosen by stand in ``train/README.md``.
    """

    rounds: int = 300
    rate: float = 0.03
    decay: float = 100.0
    mirror: bool = True


@dataclass(frozen=True)
class Read:
    """What a decoder was like before each word: states (N, units), words (N,) ids."""

    states: np.ndarray
    words: np.ndarray

    @classmethod
    def together(cls, several: Iterable["Read"]) -> "Read":
        every = list(several)
        return cls(
            np.concatenate([one.states for one in every]),
            np.concatenate([one.words for one in every]),
        )


class Reader:
    """The decoder of a bundle, reading captions that are given."""

    def __init__(self, bundle: Bundle) -> None:
        interpreter = runtime.load(bundle.path("decoder.tflite"), threads=1)
        self._prepare = interpreter.get_signature_runner("prepare")
        self._step = interpreter.get_signature_runner("step")
        details = self._step.get_input_details()
        self._rows = int(details["words"]["shape"][1])
        self._zeros = {s: np.zeros(details[s]["shape"], np.float32) for s in STATES}
        words = len(bundle.tokenizer["words"])
        self.stand_ins = np.arange(words)  # what each id is read as

    def know(self, stand_ins: Sequence[int]) -> None:
        """From now on, read further words as these known ones."""
        self.stand_ins = np.concatenate([self.stand_ins, np.asarray(stand_ins, int)])

    def read(self, regions: np.ndarray, ids: np.ndarray) -> Read:
        """regions (R, C), ids (K, T) of captions as `Vocabulary.encode` gives them."""
        prepared = self._prepare(regions=np.asarray(regions, np.float32)[np.newaxis])
        fixed = {name: prepared[name] for name in PREPARED}
        found = []
        for start in range(0, len(ids), self._rows):
            some = ids[start : start + self._rows]
            strange = some >= len(self.stand_ins)
            states = self._walk(np.where(strange, UNKNOWN, self._read_as(some)), fixed)
            said = some[:, 1:]
            found.append(Read(states[said != PAD], said[said != PAD]))
        return Read.together(found)

    def _read_as(self, ids: np.ndarray) -> np.ndarray:
        return self.stand_ins[np.minimum(ids, len(self.stand_ins) - 1)]

    def _walk(self, ids: np.ndarray, fixed: Mapping[str, np.ndarray]) -> np.ndarray:
        """ids (K, T) -> states (K, T - 1, units), each before the word that follows."""
        state, states = self._zeros, []
        for place in range(ids.shape[1] - 1):
            words = np.zeros((1, self._rows), np.int32)
            words[0, : len(ids)] = ids[:, place]
            out = self._step(words=words, **state, **fixed)
            state = {name: out[name] for name in STATES}
            states.append(out["h2"][0, : len(ids)])
        return np.stack(states, axis=1)


def stand_in(
    weights: Mapping[str, np.ndarray],
    reader: Reader,
    heard: Iterable[tuple[np.ndarray, np.ndarray]],
    word: int,
) -> int:
    """The known word that, read in the place of ``word``, makes the words after it likeliest.

    ``heard``: regions (R, C) of a picture, and the ids (T,) of a caption of it that holds it.
    """
    known = len(weights[BIAS])
    candidates = np.arange(UNKNOWN, min(known, UNKNOWN + CANDIDATES))
    surprise = np.zeros(len(candidates))
    for regions, ids in itertools.islice(heard, HEARD):
        found = np.flatnonzero(ids == word)
        if not len(found):
            continue  # it stood beyond the longest caption that is read
        at = int(found[0])
        tail = np.where(ids < known, ids, UNKNOWN)[: at + 1 + FORETOLD]
        tail = tail[tail != PAD]
        each = np.tile(tail, (len(candidates), 1))
        each[:, at] = candidates
        read = reader.read(regions, each)
        losses = _losses(weights, read).reshape(len(candidates), -1)
        surprise += losses[:, at:].sum(axis=1)
    return int(candidates[surprise.argmin()])


def learn(
    weights: Mapping[str, np.ndarray], read: Read, stand_ins: Sequence[int], tuning: Tuning
) -> dict[str, np.ndarray]:
    """The weights of a decoder that knows more words, the last ones of the ids in ``read``.

    Each is read as its stand-in. ``weights`` are keyed ``layer/variable``, as
    `train.models.bundle_weights.decoder_weights` gives them.
    """
    more = len(stand_ins)
    known = len(weights[BIAS])
    rest = _normaliser(weights, read.states)
    said = np.zeros((len(read.words), more), np.float32)
    new = np.flatnonzero(read.words >= known)
    said[new, read.words[new] - known] = 1.0
    kernel = np.zeros((read.states.shape[1], more), np.float32)
    bias = np.full(more, np.median(rest) + RARE, np.float32)
    kernel_adam, bias_adam = _Adam(kernel), _Adam(bias)
    for turn in range(tuning.rounds):
        odds = np.minimum(read.states @ kernel + bias - rest[:, np.newaxis], MOST)
        likely = np.exp(odds)
        error = likely / (1.0 + likely.sum(axis=1, keepdims=True)) - said
        rate = tuning.rate * 0.5 * (1.0 + np.cos(np.pi * turn / tuning.rounds))
        kernel_adam.step(read.states.T @ error + tuning.decay * kernel, rate)
        bias_adam.step(error.sum(axis=0), rate)
    embeddings = weights[EMBEDDING]
    return {
        **weights,
        EMBEDDING: np.concatenate([embeddings, embeddings[list(stand_ins)]]),
        KERNEL: np.concatenate([weights[KERNEL], kernel], axis=1),
        BIAS: np.concatenate([weights[BIAS], bias]),
    }


def word_loss(weights: Mapping[str, np.ndarray], read: Read) -> float:
    """Mean cross-entropy of a word in nats; one that isn't known counts as ``<unk>``."""
    return float(np.mean(_losses(weights, read)))


def _losses(weights: Mapping[str, np.ndarray], read: Read) -> np.ndarray:
    words = np.where(read.words < len(weights[BIAS]), read.words, UNKNOWN)
    picked = (read.states * weights[KERNEL].T[words]).sum(axis=1) + weights[BIAS][words]
    return _normaliser(weights, read.states) - picked


def _normaliser(weights: Mapping[str, np.ndarray], states: np.ndarray) -> np.ndarray:
    """The log of the sum over all words: (N, units) -> (N,)."""
    found = []
    for start in range(0, len(states), ROWS):
        logits = states[start : start + ROWS] @ weights[KERNEL] + weights[BIAS]
        most = logits.max(axis=1)
        found.append(most + np.log(np.exp(logits - most[:, np.newaxis]).sum(axis=1)))
    return np.concatenate(found) if found else np.zeros(0, np.float32)


class _Adam:
    """Kingma and Ba 2015 (arXiv:1412.6980), in place."""

    def __init__(self, array: np.ndarray) -> None:
        self._array, self._count = array, 0
        self._mean, self._square = np.zeros_like(array), np.zeros_like(array)

    def step(self, gradient: np.ndarray, rate: float) -> None:
        first, second = MOMENTA
        self._count += 1
        self._mean += (1 - first) * (gradient - self._mean)
        self._square += (1 - second) * (gradient**2 - self._square)
        root = np.sqrt(self._square / (1 - second**self._count)) + EPSILON
        self._array -= (rate * self._mean / (1 - first**self._count) / root).astype(np.float32)
