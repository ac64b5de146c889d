"""What training makes small: of words, of pictures with sentences, of captions that are drawn."""

from typing import Any

import keras
from keras import ops

from image_describer.train.data.vocabulary import END, PAD


def word_losses(logits: Any, targets: Any, smoothing: float = 0.0) -> tuple[Any, Any, Any]:
    """-> (loss, cross-entropy, count): scalars, padding left out, the first two means of a word.

    logits: (..., V), targets: (...) ids. ``loss`` is the cross-entropy with label smoothing
    (Szegedy et al. 2016): a share ``smoothing`` of the target is spread over all words.
    """
    logits = ops.cast(logits, "float32")
    mask = ops.cast(ops.not_equal(targets, PAD), "float32")
    count = ops.sum(mask)
    whole = ops.maximum(count, 1.0)
    picked = ops.take_along_axis(logits, ops.expand_dims(targets, -1), axis=-1)[..., 0]
    normaliser = ops.logsumexp(logits, axis=-1)
    cross_entropy = ops.sum((normaliser - picked) * mask) / whole
    if not smoothing:
        return cross_entropy, cross_entropy, count
    flat = ops.sum((normaliser - ops.mean(logits, axis=-1)) * mask) / whole
    return (1 - smoothing) * cross_entropy + smoothing * flat, cross_entropy, count


def mix_in_guesses(words: Any, logits: Any, share: Any, seed: Any) -> Any:
    """Scheduled sampling: a ``share`` of the words read becomes what the network would have said.

    words: (..., T) ids as read, the first of them the start; logits: (..., T, V) of the words
    after them, from reading the true words. In parallel over T, as Duckworth et al. 2019
    (arXiv:1906.04331) do for Bengio et al. 2015. ``seed`` is Keras's SeedGenerator.
    """
    flat = ops.reshape(ops.cast(logits, "float32"), (-1, logits.shape[-1]))
    guesses = ops.reshape(keras.random.categorical(flat, 1, seed=seed), ops.shape(words))
    first = words[..., :1]
    shifted = ops.concatenate([first, ops.cast(guesses[..., :-1], words.dtype)], axis=-1)
    drawn = keras.random.uniform(ops.shape(words), seed=seed) < share
    # A start, an end or padding stays: what follows them is no word of the caption.
    usual = ops.logical_and(ops.not_equal(words, PAD), ops.not_equal(words, first))
    usual = ops.logical_and(usual, ops.greater(shifted, END))
    return ops.where(ops.logical_and(drawn, usual), shifted, words)


def hinge_shuffled(positive: Any, negative: Any, margin: float) -> tuple[Any, Any]:
    """-> (sum of max(0, margin - positive + negative), share of pairs with positive > negative).

    positive, negative: (B,) scores of a picture with its caption and with another's.
    """
    loss = ops.sum(ops.maximum(0.0, margin - positive + negative))
    return loss, ops.mean(ops.cast(positive > negative, "float32"))


def hinge_hardest(scores: Any, owners: Any, margin: float) -> tuple[Any, Any]:
    """The hinge against the worst mistake of the batch, both ways. -> (sum, accuracy) as above.

    scores: (B, B), row i a picture, column j the caption of picture j; owners: (B,) which picture
    a row is of, so that its other captions are no mistakes. After Faghri et al. 2018 (VSE++).
    """
    positive = ops.diagonal(scores)
    same = ops.equal(owners[:, None], owners[None, :])
    others = ops.where(same, ops.cast(-1e9, scores.dtype), scores)
    caption, picture = ops.max(others, axis=1), ops.max(others, axis=0)
    by_caption = ops.maximum(0.0, margin - positive + caption)
    by_picture = ops.maximum(0.0, margin - positive + picture)
    loss = ops.sum(by_caption + by_picture)
    return loss, ops.mean(ops.cast(positive > caption, "float32"))


def contrastive(scores: Any) -> tuple[Any, Any]:
    """-> (loss, accuracy): each caption picks its picture, each picture its captions.

    scores: (B, B, K), picture i with caption k of picture j, divided by the temperature. The loss
    is a mean of both ways: a caption's cross-entropy over the pictures, and that of a picture with
    each of its captions over the captions of all others. After van den Oord et al. 2018
    (arXiv:1807.03748). ``accuracy`` is the share of captions whose own picture scores best.
    """
    own = ops.eye(scores.shape[0] or ops.shape(scores)[0], dtype=scores.dtype)[..., None]
    positive = ops.sum(scores * own, axis=0)
    of_captions = ops.mean(ops.logsumexp(scores, axis=0) - positive)
    others = ops.logsumexp(scores - 1e9 * own, axis=(1, 2))
    of_pictures = ops.mean(ops.softplus(others[:, None] - positive))
    found = ops.mean(ops.cast(ops.max(scores, axis=0) <= positive, "float32"))
    return of_captions + of_pictures, found


def self_critical(logits: Any, drawn: Any, advantage: Any) -> Any:
    """REINFORCE's loss: words of captions better than their baseline become likelier.

    logits: (B, K, T, V), drawn: (B, K, T) ids, padding after the end; advantage: (B, K), reward
    minus baseline. A mean over words. After Rennie et al. 2017 (arXiv:1612.00563).
    """
    logits = ops.cast(logits, "float32")
    mask = ops.cast(ops.not_equal(drawn, PAD), "float32")
    picked = ops.take_along_axis(logits, ops.expand_dims(drawn, -1), axis=-1)[..., 0]
    log_p = (picked - ops.logsumexp(logits, axis=-1)) * mask
    return -ops.sum(log_p * ops.expand_dims(advantage, -1)) / ops.maximum(ops.sum(mask), 1.0)
