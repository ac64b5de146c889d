"""The losses that the training loop is given.

A loss is called as ``loss(model, batch, training)`` inside the compiled step, in ``keras.ops``. It
returns the objective to minimize, a scalar, and the values of its ``metrics`` in their order, each
with the weight that it counts with in an epoch's mean.
"""

from typing import Any, Protocol

from keras import ops

from image_describer.train.data.vocabulary import PAD

Measured = tuple[Any, list[tuple[Any, Any]]]
"""The objective, and a (value, weight) for each metric."""


class Loss(Protocol):
    @property
    def metrics(self) -> tuple[str, ...]: ...

    def __call__(self, model: Any, batch: Any, training: bool) -> Measured: ...


class CrossEntropy:
    """Cross-entropy of the next word with label smoothing (Szegedy et al. 2016), plus the losses of
    the captioner's other heads: which words occur in any caption, and a teacher's soft labels.

    ``word_loss`` is the plain cross-entropy of a word in nats.
    """

    def __init__(
        self, label_smoothing: float, presence_weight: float, labels_weight: float = 0.0
    ) -> None:
        self.metrics = ("loss", "word_loss", *(["label_loss"] if labels_weight else []))
        self._smoothing = label_smoothing
        self._presence_weight, self._labels_weight = presence_weight, labels_weight

    def __call__(self, model: Any, batch: Any, training: bool) -> Measured:
        inputs = {"picture": batch["picture"], "words": batch["words"]}
        outputs = model(inputs, training=training)
        smoothing = self._smoothing if training else 0.0
        objective, cross_entropy, count = word_losses(outputs["words"], batch["targets"], smoothing)
        if self._presence_weight:
            presence = _binary(outputs["presence"], batch["presence"], batch["captioned"])
            objective += self._presence_weight * presence
        values = [(cross_entropy, count)]
        if self._labels_weight:
            labels = _binary(outputs["labels"], batch["labels"], batch["labeled"])
            objective += self._labels_weight * labels
            values.append((labels, ops.sum(batch["labeled"])))
        return objective, [(objective, count), *values]


class SelfCritical:
    """REINFORCE with a baseline: words of captions better than their baseline become likelier.

    After Rennie et al. 2017 (arXiv:1612.00563). A batch has ``words`` and ``targets`` (B, K, T) of
    sampled captions and their ``advantage`` (B, K), reward minus baseline; see
    `fit.self_critical`. ``banned`` (V,) is added to the logits: what can't be sampled must not be
    learned either, or its share grows wherever captions are bad.
    """

    metrics = ("reward",)

    def __init__(self, banned: Any, regularized: bool) -> None:
        self._banned, self._regularized = banned, regularized

    def __call__(self, model: Any, batch: Any, training: bool) -> Measured:
        regions = model.encode(batch["picture"], training and self._regularized)
        # Without dropout: these are the probabilities that the captions were sampled with.
        logits = model.decoder(regions, batch["words"], training=False)
        logits = ops.cast(logits, "float32") + self._banned
        objective = self_critical(logits, batch["targets"], batch["advantage"])
        count = ops.cast(ops.shape(batch["reward"])[0], "float32")
        return objective, [(ops.mean(batch["reward"]), count)]


class PairHinge:
    """The sum of max(0, margin - positive + negative) over pairs of a picture and its caption; the
    negative is a caption of another picture, ``others``.

    ``loss`` is that of a pair, ``accuracy`` the share of pairs with positive > negative.
    """

    metrics = ("loss", "accuracy")

    def __init__(self, margin: float) -> None:
        self._margin = margin

    def __call__(self, model: Any, batch: Any, training: bool) -> Measured:
        pictures = model.embed_pictures(batch["picture"], training=training)
        positive = model.embed_captions(batch["words"], training=training)
        negative = model.embed_captions(batch["others"], training=training)
        positive = ops.sum(pictures * positive, axis=-1)
        negative = ops.sum(pictures * negative, axis=-1)
        objective = ops.sum(ops.maximum(0.0, self._margin - positive + negative))
        accuracy = ops.mean(ops.cast(positive > negative, "float32"))
        count = ops.cast(ops.shape(positive)[0], "float32")
        return objective, [(objective / count, count), (accuracy, count)]


def word_losses(logits: Any, targets: Any, smoothing: float = 0.0) -> tuple[Any, Any, Any]:
    """-> (loss, cross-entropy, count): scalars, the first two means over the words.

    logits: (..., V), targets: (...) ids; padding doesn't count. ``loss`` is the cross-entropy with
    a share ``smoothing`` of the target spread over all words.
    """
    logits = ops.cast(logits, "float32")
    mask = ops.cast(ops.not_equal(targets, PAD), "float32")
    count = ops.sum(mask)
    divisor = ops.maximum(count, 1.0)
    picked = ops.take_along_axis(logits, ops.expand_dims(targets, -1), axis=-1)[..., 0]
    normalizer = ops.logsumexp(logits, axis=-1)
    cross_entropy = ops.sum((normalizer - picked) * mask) / divisor
    if not smoothing:
        return cross_entropy, cross_entropy, count
    uniform = ops.sum((normalizer - ops.mean(logits, axis=-1)) * mask) / divisor
    return (1 - smoothing) * cross_entropy + smoothing * uniform, cross_entropy, count


def self_critical(logits: Any, sampled: Any, advantage: Any) -> Any:
    """The loss of REINFORCE, a mean over words: logits (B, K, T, V), sampled (B, K, T) ids with
    padding after the end, advantage (B, K)."""
    logits = ops.cast(logits, "float32")
    mask = ops.cast(ops.not_equal(sampled, PAD), "float32")
    picked = ops.take_along_axis(logits, ops.expand_dims(sampled, -1), axis=-1)[..., 0]
    log_prob = (picked - ops.logsumexp(logits, axis=-1)) * mask
    return -ops.sum(log_prob * ops.expand_dims(advantage, -1)) / ops.maximum(ops.sum(mask), 1.0)


def contrastive(scores: Any) -> tuple[Any, Any]:
    """-> (loss, accuracy): each caption picks its picture, each picture its captions.

    scores: (B, B, K), picture i with caption k of picture j, divided by the temperature. The loss
    is the sum of both directions: the cross-entropy of a caption over the pictures, and of a
    picture with each of its captions over the captions of all others. After van den Oord et al.
    2018 (arXiv:1807.03748). ``accuracy`` is the share of captions whose own picture scores best.
    """
    own = ops.eye(scores.shape[0] or ops.shape(scores)[0], dtype=scores.dtype)[..., None]
    positive = ops.sum(scores * own, axis=0)
    of_captions = ops.mean(ops.logsumexp(scores, axis=0) - positive)
    others = ops.logsumexp(scores - 1e9 * own, axis=(1, 2))
    of_pictures = ops.mean(ops.softplus(others[:, None] - positive))
    accuracy = ops.mean(ops.cast(ops.max(scores, axis=0) <= positive, "float32"))
    return of_captions + of_pictures, accuracy


def _binary(logits: Any, targets: Any, mask: Any) -> Any:
    """Binary cross-entropy, summed over the columns, mean over the rows of ``mask`` (B,)."""
    logits = ops.cast(logits, "float32")
    losses = ops.maximum(logits, 0) - logits * targets + ops.softplus(-ops.abs(logits))
    return ops.sum(ops.sum(losses, -1) * mask) / ops.maximum(ops.sum(mask), 1.0)
