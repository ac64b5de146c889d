"""A run of an original system: its recipe on its data, with words, features and word vectors."""

import json
import logging
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from image_describer.captioner import bundle_files
from image_describer.errors import TrainingError
from image_describer.train import recipe
from image_describer.train.baselines.batches import Captions, Features
from image_describer.train.data import word_vectors
from image_describer.train.data.dataset import Dataset
from image_describer.train.data.vocabulary import SPECIAL_WORDS, Vocabulary, count_words
from image_describer.train.features.extractors import build
from image_describer.train.features.store import FeatureStore, MatrixFeatures

log = logging.getLogger(__name__)

STAND_IN_WEIGHTS = "bundled"
IN_MEMORY_BYTES = 1 << 30  # a store up to this is read once; a larger one row by row


@dataclass(frozen=True)
class Options:
    """What a user says beside the recipe; "" and None leave it to the recipe.

    ``runs`` takes checkpoints and caches, ``results`` the figures of each recipe. ``extractor``
    stands in for the recipe's, ``weights`` are its weights, ``vectors`` a file of word vectors.
    """

    runs: Path = Path("train/runs")
    results: Path = Path("train/results")
    extractor: str = ""
    weights: str = ""
    vectors: Path | None = None
    resume: bool = False


@dataclass
class Run:
    """``names`` are those of ``data``'s splits that are used; ``facts`` is told of the run."""

    recipe: recipe.Recipe
    data: Dataset
    options: Options
    names: dict[str, list[str]]
    vocabulary: Vocabulary
    store: FeatureStore | MatrixFeatures
    vectors: word_vectors.WordVectors | None
    folder: Path
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def results(self) -> Path:
        return self.options.results / self.recipe.name

    @property
    def embedding(self) -> int:
        """The width of the words' embedding: the vectors', where there are some."""
        net = self.recipe.network
        return net.embedding if self.vectors is None else self.vectors.dimension

    def captions(self, split: str) -> Captions:
        each = self.recipe.data.captions if split == "train" else 0
        return Captions.of(self.data, self.names[split], self.vocabulary, each)

    def reader(self) -> Features:
        """How batches read features: out of memory where they fit there."""
        if np.prod(self.store.shape) * 2 > IN_MEMORY_BYTES:
            return self.store.take
        row = {name: i for i, name in enumerate(self.store.names)}
        held = self.store.take(self.store.names)
        return lambda names: held[[row[name] for name in names]]


def prepare(chosen: recipe.Recipe, data: Dataset, options: Options) -> Run:
    """Choose pictures and words, open features and word vectors. Raises TrainingError."""
    if chosen.network.kind == "attention-lstm":
        raise TrainingError(f"'{chosen.name}' has an attention LSTM: it is no original system.")
    for problem in data.problems:
        log.warning("%s", problem)
    names = {split: list(some) for split, some in data.splits.items()}
    names["train"] = names["train"][: chosen.data.pictures or None]
    if not names["train"]:
        raise TrainingError("There is no picture with a caption to train on.")
    each, text = chosen.data.captions or None, chosen.text
    captions = [caption for name in names["train"] for caption in data.captions[name][:each]]
    counted = captions
    if text.counted == "all":
        counted = [caption for several in data.captions.values() for caption in several]
    vocabulary = Vocabulary.build(
        counted, text.min_count, text.max_words, text.top_k, text.rules, text.unknown
    )
    folder = options.runs / chosen.name
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / "recipe.json", recipe.as_dict(chosen))
    write_json(folder / "vocabulary.json", vocabulary.tokenizer())
    facts: dict[str, Any] = {
        "recipe": chosen.name,
        "network": chosen.network.kind,
        "pictures": {split: len(some) for split, some in names.items()},
        "captions": len(captions),
        "vocabulary": len(vocabulary) - len(SPECIAL_WORDS),
        "longest_caption": vocabulary.max_length,
    }
    store, facts["extractor"] = _open_features(chosen, data, options)
    vectors = _open_vectors(chosen, options, vocabulary)
    if vectors is not None:
        coverage = vectors.coverage(count_words(captions, text.rules))
        log.info("%s", coverage)
        facts["vectors"] = {
            "dimension": vectors.dimension,
            "dimension_of_recipe": chosen.vectors.dimension,
            "covered": coverage.covered,
            "share_of_vocabulary": round(coverage.share, 4),
            "share_of_running_words": round(coverage.running, 4),
        }
    return Run(chosen, data, options, names, vocabulary, store, vectors, folder, facts)


def write_json(file: Path, content: object) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    bundle_files.write(file, (json.dumps(content, indent=2) + "\n").encode())


def _open_features(
    chosen: recipe.Recipe, data: Dataset, options: Options
) -> tuple[FeatureStore | MatrixFeatures, dict[str, Any]]:
    """The store, and what is told of where its features come from."""
    if data.features is not None:
        if not chosen.extractor.pooled:
            raise TrainingError(
                f"'{chosen.name}' looks at parts of a picture; these features are of whole ones.",
                "Choose joint-embedding or one of the merge LSTMs.",
            )
        return MatrixFeatures(data), {"name": "given with the data"}
    asked = chosen.extractor
    name = options.extractor or asked.name
    own = STAND_IN_WEIGHTS if name != asked.name else asked.weights
    weights = options.weights or own
    net = chosen.network
    made = build(
        name, weights, asked.size or None, width=net.width, middle_blocks=net.middle_blocks
    )
    everything = [picture for some in data.splits.values() for picture in some]
    store = FeatureStore(options.runs / "features", made, everything, asked.pooled)
    about = {"name": name, "weights": weights, "size": made.size, "shape": store.shape[1:]}
    if name != asked.name:
        log.warning("%s stands in for %s, which the recipe names.", name, asked.name)
        about["stands_in_for"] = asked.name
    return store, about


def _open_vectors(
    chosen: recipe.Recipe, options: Options, vocabulary: Vocabulary
) -> word_vectors.WordVectors | None:
    wanted = chosen.vectors
    if not wanted.dimension:
        return None
    file = options.vectors or (Path(wanted.file) if wanted.file else None)
    if file is None:
        raise TrainingError(
            f"The recipe '{chosen.name}' starts from word vectors of {wanted.dimension} numbers.",
            f"{word_vectors.WHERE_TO_GET_THEM} Give it as --vectors.",
        )
    vectors = word_vectors.load(file, vocabulary.words)
    if vectors.dimension != wanted.dimension:
        log.warning(
            "The recipe asks for word vectors of %d numbers; %s has %d.",
            wanted.dimension, file.name, vectors.dimension,
        )  # fmt: skip
    return vectors
