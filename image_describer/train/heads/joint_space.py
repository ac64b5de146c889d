"""Training the joint space of pictures and sentences, which ranks captions and searches.

It learns from the means of the regions that the bundle's own encoder computes, of each picture and
of its mirror image, and from the words of the captions. With maxima as well recall was lower.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from keras import ops

from image_describer import files
from image_describer.captioner.bundle import JOINT_SPACE
from image_describer.captioner.embedding import JointSpace
from image_describer.errors import TrainingError
from image_describer.train.data import word_vectors
from image_describer.train.data.augment import Views
from image_describer.train.data.batches import Arrays, PictureBatches
from image_describer.train.data.dataset import Dataset
from image_describer.train.data.vocabulary import PAD, SPECIAL_WORDS, UNKNOWN, Vocabulary
from image_describer.train.evaluate import retrieval
from image_describer.train.export import joint_space as export
from image_describer.train.fit import loop, losses
from image_describer.train.heads.context import FittedPart, HeadContext
from image_describer.train.models.joint_space import JointSpaceNetwork, Standardization, Words

NAME = "joint_space"
MIN_PICTURES = 2  # so that a caption has a wrong picture
ENDINGS = ("'s", "ing", "ed", "es", "s", "er", "y")
MIN_STEM = 3  # letters


def fit(context: HeadContext) -> FittedPart:
    """Train the joint space; its checkpoint and losses are in the run's folder.

    Pictures with pseudo-captions are left out: many share a sentence, of which one would be right
    and the others wrong. An epoch shows each other picture once, whatever its set's weight.
    Figures: recall of pictures and captions on dev, through the file that ships. Raises
    TrainingError if there are too few pictures.
    """
    context = replace(context, data=_with_own_captions(context.data))
    settings, dev = context.recipe.heads.joint_space, context.data.splits["dev"]
    if len(context.data.splits["train"]) < MIN_PICTURES:
        raise TrainingError("There are too few pictures to train a joint space.")
    vocabulary = context.vocabulary(settings.max_words)
    network = _build(context, vocabulary)
    training = loop.Training(
        settings,
        network,
        ContrastiveLoss(settings.temperature),
        _batches(context, vocabulary, "train"),
        _batches(context, vocabulary, "dev") if dev else None,
    )
    weights = (network.standardization.center, *network.weights)
    folder = context.folder / f"{NAME}-{digest(context, weights)[:8]}"
    folder.mkdir(parents=True, exist_ok=True)
    training.fit(NAME, folder, resume=True)  # by its digest, an earlier run is the same one
    files.write(context.folder / f"{NAME}.jsonl", (folder / f"{NAME}.jsonl").read_bytes())

    regions = context.bundle.manifest["regions"]
    cells = regions["rows"] * regions["columns"]
    file = folder / JOINT_SPACE
    export.convert(network, (cells, regions["channels"]), settings.max_words, file)
    section: dict[str, Any] = {
        "words": len(vocabulary),
        "dimension": settings.heads * settings.units,
    }
    figures = {}
    if dev:
        figures = judge_file(context, file, vocabulary)
        section["dev"] = figures
    return FittedPart({JOINT_SPACE: file.read_bytes()}, {"joint_space": section}, figures)


def _with_own_captions(data: Dataset) -> Dataset:
    train = [key for key in data.splits["train"] if key not in data.pseudo_captioned]
    return replace(data, splits={**data.splits, "train": train}, weights={})


class ContrastiveLoss:
    """Each caption of a batch picks its picture, each picture its captions; see
    `losses.contrastive`. The values are means over the heads; ``accuracy`` is the share of captions
    whose picture has the best score."""

    metrics = ("loss", "accuracy")

    def __init__(self, temperature: float) -> None:
        self._temperature = temperature

    def __call__(self, model: Any, batch: Any, training: bool) -> losses.Measured:
        objective, accuracy = 0.0, 0.0
        count = ops.shape(batch["picture"])[0]
        pairs = model(batch, training=training)
        for pictures, sentences in pairs:
            scores = ops.matmul(pictures, ops.transpose(sentences)) / self._temperature
            loss, share = losses.contrastive(ops.reshape(scores, (count, count, -1)))
            objective, accuracy = objective + loss, accuracy + share
        weight = ops.cast(count, "float32")
        return objective, [(objective / len(pairs), weight), (accuracy / len(pairs), weight)]


class SentenceBatches:
    """Batches of pictures (B, C) and the word counts (B * K, V) of their captions."""

    def __init__(self, pictures: PictureBatches, vocabulary: int) -> None:
        self._pictures, self._vocabulary = pictures, vocabulary

    def __len__(self) -> int:
        return len(self._pictures)

    def batch(self, epoch: int, step: int) -> Arrays:
        arrays = self._pictures.batch(epoch, step)
        ids = arrays["targets"].reshape(-1, arrays["targets"].shape[-1])
        return {"picture": arrays["picture"], "words": word_counts(ids, self._vocabulary)}


def _batches(context: HeadContext, vocabulary: Vocabulary, split: str) -> SentenceBatches:
    keys, training = context.data.splits[split], split == "train"
    views = [
        context.pooled(keys, mirrored) for mirrored in ((False, True) if training else (False,))
    ]
    features = np.stack(views, axis=1).astype(np.float16)
    row_of = {key: row for row, key in enumerate(keys)}

    def load(keys: Sequence[str], views: np.ndarray) -> np.ndarray:
        return features[[row_of[key] for key in keys], views].astype(np.float32)

    batch = min(context.recipe.heads.joint_space.batch, len(keys))
    pictures = PictureBatches(
        context.data, keys, vocabulary, load, batch=batch, seed=context.recipe.seed,
        views=Views(mirror=True), training=training,
    )  # fmt: skip
    return SentenceBatches(pictures, len(vocabulary))


def _build(context: HeadContext, vocabulary: Vocabulary) -> JointSpaceNetwork:
    """The network before training."""
    settings, keys = context.recipe.heads.joint_space, context.data.splits["train"]
    pooled = np.concatenate([context.pooled(keys), context.pooled(keys, mirrored=True)])
    vectors = None
    if context.vectors is not None:
        loaded = word_vectors.load(context.vectors, vocabulary.words)
        vectors = loaded.matrix / float(loaded.matrix[loaded.covered].std())
    captions = (caption for key in keys for caption in context.data.captions[key])
    ids = vocabulary.encode(captions, marks=False)
    words = Words(stem_ids(vocabulary.words), rarity(ids, len(vocabulary)), vectors)
    return JointSpaceNetwork(
        Standardization.fit(pooled, settings.axes), words, settings.heads, settings.units,
        settings.dropout, context.recipe.seed,
    )  # fmt: skip


def digest(context: HeadContext, weights: Iterable[Any]) -> str:
    """Of everything that training depends on: the settings, the captions, and the initial weights,
    which the pictures and the words are in."""
    splits = context.data.splits
    captions = [(key, context.data.captions[key]) for split in splits.values() for key in split]
    facts = repr((context.recipe.heads.joint_space, context.recipe.seed, captions))
    found = hashlib.sha256(facts.encode())
    for array in weights:
        found.update(np.asarray(array).tobytes())
    return found.hexdigest()


def judge_file(context: HeadContext, file: Path, vocabulary: Vocabulary) -> dict[str, float]:
    """Recall on dev with the exported file, a picture or a sentence at a time."""
    keys = context.data.splits["dev"]
    space = JointSpace(file, vocabulary.words, unknown=UNKNOWN, pad=PAD)
    grid = context.bundle.manifest["regions"]
    cells = grid["rows"] * grid["columns"]
    # The file takes regions but uses their mean only.
    regions = (np.tile(mean, (cells, 1)) for mean in context.pooled(keys))
    pictures = {key: space.embed_picture(one) for key, one in zip(keys, regions, strict=True)}
    return retrieval.judge(space, pictures, context.data.captions)


def word_counts(ids: np.ndarray, vocabulary: int) -> np.ndarray:
    """Word ids (M, T) -> how often each word occurs (M, V) float32, without special words."""
    counts = np.zeros((len(ids), vocabulary), np.float32)
    rows, columns = np.nonzero(ids >= len(SPECIAL_WORDS))
    np.add.at(counts, (rows, ids[rows, columns]), 1.0)
    return counts


def rarity(ids: np.ndarray, vocabulary: int) -> np.ndarray:
    """Word ids (M, T) of captions -> for each word the logarithm of one in how many captions has
    it (V,); special words have 0."""
    captions = np.count_nonzero(word_counts(ids, vocabulary), axis=0)
    values = np.log(len(ids) / np.maximum(captions, 1.0))
    values[: len(SPECIAL_WORDS)] = 0.0
    return np.asarray(values)


def stem(word: str, endings: Sequence[str] = ENDINGS) -> str:
    """A word without its ending, roughly: "run" for running, runs and runner."""
    for ending in endings:
        if word.endswith(ending) and len(word) - len(ending) >= MIN_STEM:
            word = word[: -len(ending)]
            if len(word) > MIN_STEM and word[-1] == word[-2]:
                word = word[:-1]
            break
    return word[:-1] if word.endswith("e") and len(word) > MIN_STEM else word


def stem_ids(words: Sequence[str], endings: Sequence[str] = ENDINGS) -> np.ndarray:
    """The stem of each word (V,) int32, numbered in the order in which they occur."""
    ids: dict[str, int] = {}
    return np.array([ids.setdefault(stem(word, endings), len(ids)) for word in words], np.int32)
