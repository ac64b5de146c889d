"""Vectors for the words of another language in the joint space of a bundle, which stays as it is.

A sentence should be near the pictures that it describes, and near what people wrote of them in
English. Words start where their translations are.
"""

import io
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import keras
import numpy as np
from keras import ops

from image_describer import files
from image_describer.captioner.bundle import JOINT_WORDS
from image_describer.captioner.embedding import JointSpace
from image_describer.captioner.joint_words import JointWords
from image_describer.errors import TrainingError
from image_describer.i18n import ENGLISH
from image_describer.train.data import lexicon
from image_describer.train.data.augment import Views
from image_describer.train.data.batches import PictureBatches
from image_describer.train.data.vocabulary import SPECIAL_WORDS, Vocabulary
from image_describer.train.evaluate import retrieval
from image_describer.train.fit import loop
from image_describer.train.heads.context import FittedPart, HeadContext
from image_describer.train.heads.joint_space import (
    ContrastiveLoss,
    SentenceBatches,
    digest,
    rarity,
    stem_ids,
)
from image_describer.train.models.joint_space import unit

NAME = "joint_words"
ENDINGS = ("en", "er", "es", "em", "e", "n", "s")  # of German words, roughly
# A number is one of five levels, up to so many deviations: on dev, as good as 255, and a third of
# their size once packed.
LEVELS, DEVIATIONS = 2, 2.0
NOISE = 0.05  # initial length of what a word adds to its translations and its stem


def fit(context: HeadContext) -> FittedPart:
    """Train the vectors; checkpoint and losses are in the run's folder. Figures: recall of pictures
    and captions on dev, through the file that ships. Raises TrainingError if the recipe's language
    is English, and BundleError if the bundle has no joint space."""
    if context.language == ENGLISH:
        raise TrainingError(
            "English needs no words beside those of the joint space.",
            "Choose a recipe in another language: --recipe german.",
        )
    settings, space = context.recipe.heads.joint_space, JointSpace.from_bundle(context.bundle)
    captions = {
        key: [one.casefold() for one in some] for key, some in context.data.captions.items()
    }
    context = replace(context, data=replace(context.data, captions=captions, weights={}))
    words = dict.fromkeys(word.casefold() for word in context.vocabulary().words)
    vocabulary = Vocabulary(tuple(words), settings.max_words, context.recipe.data.rules)
    start, stems = _start(context, vocabulary, space)
    network = JointWordsNetwork(start, stems, settings.heads, context.recipe.seed)
    dev = context.data.splits["dev"]
    training = loop.Training(
        settings,
        network,
        ContrastiveLoss(settings.temperature),
        _batches(context, vocabulary, space, "train"),
        _batches(context, vocabulary, space, "dev") if dev else None,
    )
    folder = context.folder / f"{NAME}-{digest(context, network.weights)[:8]}"
    folder.mkdir(parents=True, exist_ok=True)
    training.fit(NAME, folder, resume=True)  # by its digest, an earlier run is the same one
    files.write(context.folder / f"{NAME}.jsonl", (folder / f"{NAME}.jsonl").read_bytes())
    vectors, special = np.asarray(network.word_vectors()), len(SPECIAL_WORDS)
    known = quantize(vocabulary.words[special:], vectors[special:], settings.heads)
    figures = {}
    if dev:
        pictures = dict(zip(dev, embed_pictures(context, space, dev), strict=True))
        figures = retrieval.judge(known, pictures, context.data.captions)
    return FittedPart({JOINT_WORDS: pack(known)}, {"joint_words": {"dev": figures}}, figures)


class JointWordsNetwork(keras.Model):
    """A sentence is the sum of its words' vectors, in each of ``heads`` parts scaled to length 1.

    The vector of a word is the sum of what it starts with, ``start`` (V, D), and what it and its
    stem learned.
    """

    def __init__(self, start: np.ndarray, stems: np.ndarray, heads: int, seed: int) -> None:
        super().__init__(name=NAME, dtype="float32")
        self.parts, self._stems = heads, stems
        rng = np.random.default_rng(seed)
        deviation = NOISE * start.shape[1] ** -0.5
        self.words = keras.Variable(
            (start + rng.normal(0, deviation, start.shape)).astype(np.float32)
        )
        shape = (int(stems.max()) + 1, start.shape[1])
        self.of_stems = keras.Variable(rng.normal(0, deviation, shape).astype(np.float32))
        self.built = True

    def word_vectors(self) -> Any:
        """The vectors of all words (V, D)."""
        return self.words + ops.take(self.of_stems, self._stems, axis=0)

    def call(self, inputs: dict[str, Any], training: bool = False) -> list[tuple[Any, Any]]:
        """``picture`` (B, 2, D), the embeddings of a picture and of its English captions, and word
        counts ``words`` (M, V) -> each part of both, beside that of the sentences."""
        sentences = ops.matmul(inputs["words"], self.word_vectors())
        sentences = [unit(part) for part in ops.split(sentences, self.parts, axis=-1)]
        pairs = []
        for target in (0, 1):
            parts = ops.split(inputs["picture"][:, target], self.parts, axis=-1)
            pairs += list(zip(map(unit, parts), sentences, strict=True))
        return pairs


def _start(
    context: HeadContext, vocabulary: Vocabulary, space: JointSpace
) -> tuple[np.ndarray, np.ndarray]:
    """The first vectors of words (V, D), those of their translations, longer if they are rare; and
    their stems (V,)."""
    named, keys = context.data.english, context.data.splits["train"]
    keys = [key for key in keys if key in named]
    english = Vocabulary.from_tokenizer(context.bundle.tokenizer)
    ids = [vocabulary.encode(context.data.captions[key]) for key in keys]
    others = [english.encode(named[key]) for key in keys]
    table = lexicon.translations(ids, others, (len(vocabulary), len(english)))
    used = np.flatnonzero(table.any(axis=0))
    vectors = np.stack([space.embed_sentence(english.words[row]) for row in used])
    start = unit_rows(table[:, used] @ vectors)
    weight = rarity(np.concatenate(ids), len(vocabulary))
    stems = stem_ids(vocabulary.words, ENDINGS)
    return (start * (weight / max(float(weight.mean()), 1e-6))[:, None]).astype(np.float32), stems


def _batches(
    context: HeadContext, vocabulary: Vocabulary, space: JointSpace, split: str
) -> SentenceBatches:
    named, training = context.data.english, split == "train"
    keys = [key for key in context.data.splits[split] if key in named]
    english = [np.mean([space.embed_sentence(one) for one in named[key]], axis=0) for key in keys]
    views = [
        np.stack([embed_pictures(context, space, keys, mirrored), english], axis=1)
        for mirrored in ((False, True) if training else (False,))
    ]
    row_of = {key: row for row, key in enumerate(keys)}

    def load(keys: Any, chosen: np.ndarray) -> np.ndarray:
        rows = [row_of[key] for key in keys]
        return np.stack([views[view][row] for row, view in zip(rows, chosen, strict=True)])

    batch = min(context.recipe.heads.joint_space.batch, len(keys))
    pictures = PictureBatches(
        context.data, keys, vocabulary, load, batch=batch, seed=context.recipe.seed,
        views=Views(mirror=True), training=training,
    )  # fmt: skip
    return SentenceBatches(pictures, len(vocabulary))


def embed_pictures(
    context: HeadContext, space: JointSpace, keys: list[str], mirrored: bool = False
) -> np.ndarray:
    """Embeddings (N, D) of pictures, or of their mirror images."""
    grid = context.bundle.manifest["regions"]
    cells = grid["rows"] * grid["columns"]
    # The file takes regions but uses their mean only.
    regions = (np.tile(mean, (cells, 1)) for mean in context.pooled(keys, mirrored))
    return np.stack([space.embed_picture(one) for one in regions])


def quantize(words: Sequence[str], vectors: np.ndarray, heads: int) -> JointWords:
    """Words (V,) and their vectors (V, D), as they ship."""
    deviation = np.sqrt(np.square(vectors).mean(axis=1))
    scale = np.maximum(deviation * (DEVIATIONS / LEVELS), 1e-12).astype(np.float32)
    levels = np.clip(np.round(vectors / scale[:, None]), -LEVELS, LEVELS).astype(np.int8)
    return JointWords({word: row for row, word in enumerate(words)}, levels, scale, heads)


def pack(words: JointWords) -> bytes:
    """The content of the file."""
    content = io.BytesIO()
    np.savez_compressed(
        content,
        words=np.array(list(words.ids)),
        vectors=words.vectors,
        scale=words.scale,
        heads=np.int64(words.heads),
    )
    return content.getvalue()


def unit_rows(vectors: np.ndarray) -> np.ndarray:
    """Rows (N, D) scaled to length 1, except zeros."""
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9))
