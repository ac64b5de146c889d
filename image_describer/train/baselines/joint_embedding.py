"""The fifth original system: pictures and captions in one space, in which a picture's own captions
score higher than others. The score is the dot product."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import keras
import numpy as np

from image_describer import files
from image_describer.errors import TrainingError
from image_describer.train.data.augment import Views
from image_describer.train.data.batches import Arrays
from image_describer.train.data.dataset import Dataset
from image_describer.train.data.vocabulary import Vocabulary
from image_describer.train.evaluate import retrieval
from image_describer.train.features import encoders
from image_describer.train.features.cache import FeatureCache
from image_describer.train.features.loaders import MatrixLoader
from image_describer.train.fit import checkpoint
from image_describer.train.fit.loop import RunFiles, Training
from image_describer.train.fit.losses import PairHinge
from image_describer.train.precision import precision
from image_describer.train.run import Run

FIT = "fit"  # names the files of the training in the run's folder
PICTURE_ENCODER, SENTENCE_ENCODER = "picture_encoder", "sentence_encoder"
ROWS_AT_A_TIME = 500


class DualEncoder(keras.Model):
    """Two encoders, each a model that can be saved and used without the other.

    ``pictures``: features (B, C) -> (B, D), a dense layer with tanh. ``sentences``: ids (B, T) with
    padding at the end -> (B, D), the last state of a GRU.
    """

    def __init__(self, channels: int, vocabulary: int, units: int, embedding: int) -> None:
        super().__init__(name="dual_encoder")
        features = keras.Input((channels,), name="features")
        embedded = keras.layers.Dense(units, "tanh", name="picture")(features)
        self.pictures = keras.Model(features, embedded, name=PICTURE_ENCODER)
        words = keras.Input((None,), dtype="int32", name="words")
        self.embed = keras.layers.Embedding(vocabulary, embedding, mask_zero=True, name="embed")
        state = keras.layers.GRU(units, name="sentence")(self.embed(words))
        self.sentences = keras.Model(words, state, name=SENTENCE_ENCODER)
        self.built = True

    def embed_pictures(self, features: Any, training: bool = False) -> Any:
        return keras.ops.cast(self.pictures(features, training=training), "float32")

    def embed_captions(self, words: Any, training: bool = False) -> Any:
        return keras.ops.cast(self.sentences(words, training=training), "float32")


@dataclass(frozen=True)
class Pairs:
    """Captions with their pictures: ``owners`` (M,) are positions in ``keys``, ``words`` (M, T) the
    captions' ids."""

    keys: list[str]
    captions: list[str]
    owners: np.ndarray
    words: np.ndarray

    @classmethod
    def of(cls, data: Dataset, split: str, vocabulary: Vocabulary, each: int) -> "Pairs":
        """The first ``each`` captions of a split's pictures (0: all)."""
        keys = data.splits[split]
        several = [data.captions[key][: each or None] for key in keys]
        captions = [caption for some in several for caption in some]
        owners = np.repeat(np.arange(len(keys)), [len(some) for some in several])
        return cls(list(keys), captions, owners, vocabulary.encode(captions))


class PairBatches:
    """A batch: ``picture`` (B, C), ``words`` (B, T) of its caption, and ``others`` (B, T), those of
    another pair. Pairs, and what they are compared with, are shuffled anew each epoch.

    In training, the last, incomplete batch of an epoch is left out.
    """

    def __init__(
        self,
        pairs: Pairs,
        load: Callable[[Sequence[str]], np.ndarray],
        batch: int,
        seed: int,
        training: bool = True,
    ) -> None:
        self._pairs, self._load, self._batch = pairs, load, batch
        self._seed, self._training = seed, training

    def __len__(self) -> int:
        count = len(self._pairs.owners)
        return max(1, count // self._batch) if self._training else -(-count // self._batch)

    def batch(self, epoch: int, step: int) -> Arrays:
        pairs = self._pairs
        rng = np.random.default_rng((self._seed, epoch))
        order, cycle = (rng.permutation(len(pairs.owners)) for _ in range(2))
        own = order[step * self._batch : (step + 1) * self._batch]
        next_of = np.empty_like(cycle)
        next_of[cycle] = np.roll(cycle, 1)  # no pair is its own
        return {
            "picture": self._load([pairs.keys[owner] for owner in pairs.owners[own]]),
            "words": pairs.words[own],
            "others": pairs.words[next_of[own]],
        }


class JointEmbedding:
    """The stages of a recipe for a joint embedding."""

    def __init__(self, run: Run) -> None:
        self.run = run

    @property
    def folder(self) -> Path:
        """The encoders and the embeddings that the run exports."""
        return self.run.folder / "export"

    @cached_property
    def _cache(self) -> FeatureCache:
        encoder = encoders.build(self.run.recipe.features, self.run.recipe.precision)
        return FeatureCache(self.run.features_folder, encoder, Views())

    def features(self) -> None:
        """Compute the features that are missing, unless the data has its own."""
        data = self.run.data
        if data.features is None:
            self._cache.fill(data, [key for keys in data.splits.values() for key in keys])

    @cached_property
    def _load(self) -> Callable[[Sequence[str]], np.ndarray]:
        """Keys -> features (N, C) float32."""
        data = self.run.data
        self.features()
        load = self._cache.take if data.features is None else MatrixLoader(data)
        return lambda keys: load(keys, np.zeros(len(keys), int)).mean(axis=1, dtype=np.float32)

    def pairs(self, split: str) -> Pairs:
        """The pairs of a split: of dev, all captions."""
        each = self.run.recipe.data.captions if split == "train" else 0
        return Pairs.of(self.run.data, split, self.run.vocabulary, each)

    def build(self, policy: str) -> DualEncoder:
        """The network, with the recipe's initial weights."""
        run, recipe = self.run, self.run.recipe
        keras.utils.set_random_seed(recipe.seed)
        channels = self._load(run.data.splits["train"][:1]).shape[1]
        words, units = len(run.vocabulary), recipe.network.units
        with precision(policy):
            model = DualEncoder(channels, words, units, run.embedding_width)
        run.use_vectors(model.embed)
        return model

    def fit(self) -> bool:
        """Train; returns False if that was done before."""
        run, settings, seed = self.run, self.run.recipe.fit, self.run.recipe.seed
        train = PairBatches(self.pairs("train"), self._load, settings.batch, seed)
        dev = PairBatches(self.pairs("dev"), self._load, settings.batch, 0, training=False)
        loss = PairHinge(settings.margin)
        training = Training(settings, self.build(run.recipe.precision), loss, train, dev)
        return training.fit(FIT, run.folder, run.options.resume, run.options.overwrite)

    def trained(self) -> DualEncoder:
        """The network after training, in float32. Raises TrainingError if there was none."""
        weights = RunFiles(self.run.folder, FIT).trained()
        model = self.build("float32")
        checkpoint.load_weights(weights, model)
        return model

    def export(self) -> dict[str, Any]:
        """Write both encoders, ``vocab.json``, and for each split the embeddings of its pictures
        and captions (``.npy``) with the captions as text, row for row."""
        model, folder = self.trained(), self.folder
        folder.mkdir(parents=True, exist_ok=True)
        for encoder in (model.pictures, model.sentences):
            draft = folder / f".{encoder.name}.keras"
            encoder.save(draft)
            draft.replace(folder / f"{encoder.name}.keras")
        self.run.vocabulary.write_json(folder / "vocab.json")
        for split in self._splits:
            pairs = self.pairs(split)
            pictures = _predict(model.pictures, self._load(pairs.keys))
            _save(folder / f"pictures.{split}.npy", pictures)
            _save(folder / f"captions.{split}.npy", _predict(model.sentences, pairs.words))
            names = (pairs.keys[owner] for owner in pairs.owners)
            lines = [f"{n}\t{c}\n" for n, c in zip(names, pairs.captions, strict=True)]
            files.write(folder / f"captions.{split}.txt", "".join(lines).encode())
        return {"encoders": str(folder)}

    def evaluate(self) -> dict[str, dict[str, float]]:
        """Figures of the exported embeddings: the pair accuracy of both splits, recalls of dev.

        Raises TrainingError if there are none.
        """
        figures: dict[str, dict[str, float]] = {}
        for split in self._splits:
            owners = self.pairs(split).owners
            pictures, captions = (
                _read(self.folder, kind, split) for kind in ("pictures", "captions")
            )
            figures[split] = {"pair_accuracy": pair_accuracy(pictures, captions, owners)}
            if split == "dev":
                figures[split] |= {"pictures": len(pictures), "captions": len(captions)}
                figures[split] |= retrieval.recalls(pictures, captions, owners)
        return figures

    @property
    def _splits(self) -> list[str]:
        return [split for split in ("train", "dev") if self.run.data.splits[split]]


def pair_accuracy(pictures: np.ndarray, captions: np.ndarray, owners: np.ndarray) -> float:
    """The share of captions that score higher with their picture than a random caption of another.

    pictures: (N, D), captions: (M, D), owners: (M,) each caption's picture.
    """
    own, others = pictures[owners], np.random.default_rng(0).permutation(len(captions))
    different = owners[others] != owners
    better = (own * captions).sum(axis=1) > (own * captions[others]).sum(axis=1)
    return round(float(better[different].mean()), 4) if different.any() else 0.0


def _predict(model: keras.Model, inputs: np.ndarray) -> np.ndarray:
    return np.asarray(model.predict(inputs, ROWS_AT_A_TIME, verbose=0), np.float32)


def _save(path: Path, array: np.ndarray) -> None:
    with files.writing(path) as file:
        np.save(file, array)


def _read(folder: Path, kind: str, split: str) -> np.ndarray:
    try:
        return np.asarray(np.load(folder / f"{kind}.{split}.npy", allow_pickle=False))
    except (OSError, ValueError) as error:
        raise TrainingError(
            f"There are no embeddings of {split} in {folder}: {error}.",
            "Run the stage 'export' first.",
        ) from error
