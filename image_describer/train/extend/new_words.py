"""New words for a decoder whose other weights stay as they are.

Training every weight on fifty pictures would make the captions of all other pictures worse. So a
new word only gets a column of its own in the output layer, fitted by logistic regression to the
decoder's states before each word of the given captions (Bishop 2006, section 4.3.4), and the
embedding of the known word that best predicts what follows the new one. Captions of other pictures
change only where a new word is the more likely one.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from keras import ops
from scipy.optimize import minimize
from scipy.special import log_softmax, logsumexp

from image_describer.train.data.vocabulary import PAD, UNKNOWN
from image_describer.train.models.attention_lstm import AttentionLstm

EMBEDDINGS, KERNEL, BIAS = "embed/embeddings", "to_words/kernel", "to_words/bias"
OUTPUT_STATE = "h2"  # the input of the output layer
PENALTY = 100.0  # of squared weights: a larger one makes new words rarer; see train/README.md
INITIAL_LOG_ODDS = -5.0  # of a new word, against all known words together
CANDIDATES = 60  # the most frequent known words, one of which substitutes for a new word
FOLLOWING = 4  # words after a new word that choose its substitute
ROWS = 4096  # states that are multiplied by the output layer at once, to limit memory

Arrays = Mapping[str, np.ndarray]  # by "layer/variable", as `bundle_weights.decoder_weights`


class DecoderSteps(NamedTuple):
    """The decoder's output states (N, units) float32, and the ids (N,) of the words after them."""

    states: np.ndarray
    words: np.ndarray


def run_decoder(
    decoder: AttentionLstm, regions: np.ndarray, ids: np.ndarray, substitutes: Sequence[int] = ()
) -> DecoderSteps:
    """Run the decoder over given captions of a picture (teacher forcing).

    ``regions`` (R, C) are those of the picture, ``ids`` (K, T) those of `Vocabulary.encode`. New
    words have the ids after the known ones; each is read as its substitute, a known word.
    """
    ids = ids[:, (ids != PAD).any(axis=0)]
    inputs = np.concatenate([np.arange(decoder.embed.input_dim), substitutes]).astype(np.int32)[ids]
    prepared, state = decoder.prepare(regions[np.newaxis]), decoder.begin(1, len(ids))
    states = []
    for words in inputs.T[:-1]:
        _, state, _ = decoder.step(words[np.newaxis], state, prepared)
        states.append(ops.convert_to_numpy(state[OUTPUT_STATE])[0])
    words = ids[:, 1:]
    return DecoderSteps(np.stack(states, axis=1)[words != PAD], words[words != PAD])


def join(parts: Iterable[DecoderSteps]) -> DecoderSteps:
    """Concatenate the steps of several pictures."""
    return DecoderSteps(*map(np.concatenate, zip(*parts, strict=True)))


def find_substitute(
    weights: Arrays,
    decoder: AttentionLstm,
    examples: Iterable[tuple[np.ndarray, np.ndarray]],
    word: int,
) -> int:
    """Find the known word that, in the place of ``word``, makes the words after it most likely.

    ``examples``: regions (R, C) of pictures, each with the ids (T,) of a caption with the word.
    """
    known = len(weights[BIAS])
    candidates = np.arange(UNKNOWN, min(known, UNKNOWN + CANDIDATES))
    losses = np.zeros(len(candidates))
    for regions, ids in examples:
        position = int(np.flatnonzero(ids == word)[0])
        caption = np.where(ids < known, ids, UNKNOWN)[: position + 1 + FOLLOWING]
        variants = np.tile(caption[caption != PAD], (len(candidates), 1))
        variants[:, position] = candidates
        steps = run_decoder(decoder, regions, variants)
        losses += _losses(weights, steps).reshape(len(candidates), -1)[:, position:].sum(axis=1)
    return int(candidates[losses.argmin()])


def fit(weights: Arrays, steps: DecoderSteps, substitutes: Sequence[int]) -> dict[str, np.ndarray]:
    """Return the weights of a decoder with a new word for each of ``substitutes``.

    ``steps`` contain the new words, with the ids after the known ones.
    """
    known, count = len(weights[BIAS]), len(substitutes)
    units = steps.states.shape[1]
    log_normalizer = _log_normalizer(weights, steps.states)
    # Classes: 0 is every known word, whose logits don't change; the others are the new words.
    classes = np.maximum(steps.words - known + 1, 0)
    is_new = classes[:, np.newaxis] == np.arange(1, count + 1)

    def loss_and_gradient(variables: np.ndarray) -> tuple[float, np.ndarray]:
        kernel, bias = np.split(variables.reshape(units + 1, count), [units])
        logits = steps.states @ kernel.astype(np.float32) + bias - log_normalizer[:, np.newaxis]
        log_probs = log_softmax(np.pad(logits, ((0, 0), (1, 0))), axis=1)
        loss = PENALTY / 2 * np.sum(kernel**2) - log_probs[np.arange(len(classes)), classes].sum()
        error = np.exp(log_probs[:, 1:]) - is_new
        gradient = steps.states.T @ error.astype(np.float32) + PENALTY * kernel
        return loss, np.vstack([gradient, error.sum(axis=0)]).ravel()

    start = np.zeros((units + 1, count))
    start[-1] = np.median(log_normalizer) + INITIAL_LOG_ODDS
    found = minimize(loss_and_gradient, start.ravel(), jac=True, method="L-BFGS-B").x
    kernel, bias = np.split(found.reshape(units + 1, count).astype(np.float32), [units])
    embeddings = weights[EMBEDDINGS]
    return {
        **weights,
        EMBEDDINGS: np.concatenate([embeddings, embeddings[list(substitutes)]]),
        KERNEL: np.concatenate([weights[KERNEL], kernel], axis=1),
        BIAS: np.concatenate([weights[BIAS], bias[0]]),
    }


def word_loss(weights: Arrays, steps: DecoderSteps) -> float:
    """Mean cross-entropy of a word in nats; words without weights count as ``<unk>``."""
    return float(np.mean(_losses(weights, steps)))


def _losses(weights: Arrays, steps: DecoderSteps) -> np.ndarray:
    words = np.where(steps.words < len(weights[BIAS]), steps.words, UNKNOWN)
    logits = (steps.states * weights[KERNEL].T[words]).sum(axis=1) + weights[BIAS][words]
    return _log_normalizer(weights, steps.states) - logits


def _log_normalizer(weights: Arrays, states: np.ndarray) -> np.ndarray:
    """The log of the sum of the exponentials of all logits: (N, units) -> (N,)."""
    chunks = np.split(states, range(ROWS, len(states), ROWS))
    logits = (chunk @ weights[KERNEL] + weights[BIAS] for chunk in chunks)
    return np.concatenate([logsumexp(chunk, axis=1) for chunk in logits])
