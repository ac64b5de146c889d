"""One run of a recipe: its data, its words and its folders."""

import dataclasses
import json
import logging
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from image_describer import files
from image_describer.errors import TrainingError
from image_describer.train.data import cleaning, feature_pickle, word_vectors
from image_describer.train.data.augment import Views
from image_describer.train.data.dataset import Dataset
from image_describer.train.data.pseudo_captions import PseudoCaptions
from image_describer.train.data.sets import read_sets
from image_describer.train.data.verify_images import without_damaged
from image_describer.train.data.vocabulary import SPECIAL_WORDS, Vocabulary, count_words
from image_describer.train.data.word_vectors import WordVectors
from image_describer.train.recipe import Recipe

log = logging.getLogger(__name__)

DAMAGED = "damaged.json"  # in the folder of runs: the pictures that can't be read


@dataclass(frozen=True)
class Options:
    """What a user chooses besides the recipe. ``data`` is the folder of the data sets, or a data
    set; ``runs`` has checkpoints and caches, ``results`` figures; a finished bundle is installed
    in ``output``, if there is one. ``read_features`` is a features.pkl to use in place of the
    encoder, ``write_features`` one to write."""

    data: Path
    runs: Path = Path("train/runs")
    results: Path = Path("train/results")
    output: Path | None = None
    vectors: Path | None = None
    resume: bool = False
    overwrite: bool = False
    read_features: Path | None = None
    write_features: Path | None = None
    command: str = ""
    arguments: tuple[str, ...] = ()  # of the command line, without the stage


@dataclass
class Run:
    """A recipe, what the user chose, and what follows from both; data is read when it is needed."""

    recipe: Recipe
    options: Options

    @property
    def folder(self) -> Path:
        """Checkpoints, logs and the bundle of this run."""
        return self.options.runs / self.recipe.name

    @property
    def language(self) -> str:
        """The language of the captions, as in ISO 639."""
        return self.recipe.data.language

    @property
    def features_folder(self) -> Path:
        return self.options.runs / "features"

    @property
    def results(self) -> Path:
        return self.options.results / self.recipe.name

    @property
    def bundle(self) -> Path:
        """The bundle that the run makes."""
        return self.folder / "bundle"

    @property
    def pseudo_captions(self) -> Path:
        """The captions that were chosen for pictures without any."""
        return self.folder / "pseudo_captions.json"

    @property
    def views(self) -> Views:
        """The views of a training picture."""
        features = self.recipe.features
        return Views(features.crops, grayscale=features.grayscale)

    @cached_property
    def data(self) -> Dataset:
        """The recipe's data sets, without damaged pictures. Raises TrainingError."""
        settings = self.recipe.data
        data = read_sets(
            self.options.data, settings.sets, settings.weights, language=settings.language
        )
        if self.options.read_features is not None:
            data = feature_pickle.read_into(data, self.options.read_features)
        data = without_damaged(data, self.options.runs / DAMAGED)
        train = data.splits["train"]
        if 0 < settings.pictures < len(train):  # evenly spread over the sets
            step = len(train) / settings.pictures
            data.splits["train"] = [train[int(i * step)] for i in range(settings.pictures)]
        if not train:
            raise TrainingError("There is no picture with a caption to train on.")
        for problem in data.problems:
            log.warning("%s", problem)
        kept = self.pseudo_captions.exists() and not self.options.overwrite
        if settings.pseudo_captions and kept:
            PseudoCaptions.read(self.pseudo_captions).add_to(data)
        return data

    @property
    def training_captions(self) -> list[str]:
        """The captions that are trained on, without pseudo-captions."""
        data, each = self.data, self.recipe.data.captions or None
        keys = (key for key in data.splits["train"] if key not in data.pseudo_captioned)
        return [caption for key in keys for caption in data.captions[key][:each]]

    @cached_property
    def vocabulary(self) -> Vocabulary:
        settings, data = self.recipe.data, self.data
        captions = self.training_captions
        if settings.count_dev:
            captions += [caption for key in data.splits["dev"] for caption in data.captions[key]]
        return Vocabulary.build(
            [*captions, *data.sentences], settings.min_count, settings.max_words,
            settings.top_words, settings.rules, settings.unknown,
        )  # fmt: skip

    @cached_property
    def vectors(self) -> WordVectors | None:
        """The word vectors that the recipe's embedding starts from. Raises TrainingError."""
        dimension = self.recipe.network.vectors
        if not dimension:
            return None
        if self.options.vectors is None:
            raise TrainingError(
                f"The recipe '{self.recipe.name}' needs word vectors of {dimension} numbers.",
                f"{word_vectors.WHERE_TO_GET_THEM} Give it as --vectors.",
            )
        vectors = word_vectors.load(self.options.vectors, self.vocabulary.words)
        if vectors.dimension != dimension:
            log.warning(
                "The recipe asks for word vectors of %d numbers; %s has %d.",
                dimension, self.options.vectors.name, vectors.dimension,
            )  # fmt: skip
        return vectors

    @property
    def embedding_width(self) -> int:
        """The width of the word embedding: that of the vectors, if the recipe has some."""
        network = self.recipe.network
        return network.embedding if self.vectors is None else self.vectors.dimension

    def use_vectors(self, embedding: Any) -> None:
        """Start a built Keras embedding from the word vectors, if the recipe has some."""
        if self.vectors is not None:
            trained = self.recipe.network.train_vectors
            matrix = self.vectors.filled(self.recipe.seed) if trained else self.vectors.matrix
            embedding.embeddings.assign(matrix)
            embedding.trainable = trained

    def prepare(self) -> dict[str, Any]:
        """Read the data and build the vocabulary; write both into the run's folder, and return
        figures about them."""
        vocabulary = self.vocabulary  # reads the data, before anything is written
        self.folder.mkdir(parents=True, exist_ok=True)
        self.write_json("recipe.json", dataclasses.asdict(self.recipe))
        self.write_json("vocabulary.json", vocabulary.tokenizer())
        rules, data = self.recipe.data.rules, self.data
        chosen = data.pseudo_captioned
        written = {key: some for key, some in data.captions.items() if key not in chosen}
        cleaning.write_descriptions(self.folder / "descriptions.txt", written, rules)
        facts: dict[str, Any] = {
            "pictures": {
                **{split: len(set(keys) - chosen) for split, keys in data.splits.items()},
                "uncaptioned": len(data.uncaptioned) + len(chosen),
            },
            "captions": len(self.training_captions),
            "sentences": len(data.sentences),
            "labels": len(data.labels),
            "vocabulary": len(self.vocabulary) - len(SPECIAL_WORDS),
            "longest_caption": self.vocabulary.max_length,
            "sources": data.sources,
            "problems": data.problems,
        }
        if self.vectors is not None:
            words, captions = self.vectors.coverage(count_words(self.training_captions, rules))
            log.info(
                "%.1f%% of the vocabulary has word vectors: %.1f%% of all words in the captions.",
                100 * words, 100 * captions,
            )  # fmt: skip
            facts["vectors"] = {
                "dimension": self.vectors.dimension,
                "dimension_of_recipe": self.recipe.network.vectors,
                "share_of_vocabulary": round(words, 4),
                "share_of_running_words": round(captions, 4),
            }
        self.write_json("data.json", facts)
        return facts

    def write_json(self, name: str, content: object) -> None:
        files.write(self.folder / name, (json.dumps(content, indent=2) + "\n").encode())
