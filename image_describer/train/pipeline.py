"""A whole run, stage by stage: data -> head -> every layer -> bundle -> figures."""

import json
import logging
import os
from dataclasses import dataclass
from pathlib import Path

import keras

from image_describer.train import checkpoint, fit, recipe, xception
from image_describer.train.batches import from_cache, from_files
from image_describer.train.captioner import Captioner
from image_describer.train.data import Dataset, read_flickr8k
from image_describer.train.features import FeatureCache
from image_describer.train.text import Vocabulary

log = logging.getLogger(__name__)


@dataclass
class Run:
    """One run in its folder: ``<runs>/<recipe>/`` with checkpoints, losses and the recipe."""

    recipe: recipe.Recipe
    data: Dataset
    vocabulary: Vocabulary
    lower: keras.Model
    upper: keras.Model
    folder: Path
    resume: bool

    @property
    def seed(self) -> int:
        return self.recipe.seed


def prepare(chosen: recipe.Recipe, data_folder: Path, weights: str | None, runs: Path, resume: bool) -> Run:
    """Read the data, build vocabulary and tower, fill the tower from ``weights`` if given."""
    keras.utils.set_random_seed(chosen.seed)
    data = read_flickr8k(data_folder)
    for problem in data.problems:
        log.warning("%s", problem)
    captions = (c for name in data.splits["train"] for c in data.captions[name])
    vocabulary = Vocabulary.build(captions, chosen.text.min_count, chosen.text.max_words)
    net = chosen.network
    lower = xception.build_lower(net.size, net.width, net.middle_blocks)
    upper = xception.build_upper(lower.output_shape[1], lower.output_shape[-1], net.width)
    if weights:
        missing = xception.load_weights(lower, upper, weights)
        if missing:
            log.warning("%d arrays are learnt from random: %s ...", len(missing), missing[0])
    folder = runs / chosen.name
    folder.mkdir(parents=True, exist_ok=True)
    _write_json(folder / "recipe.json", recipe.as_dict(chosen))
    log.info(
        "%d pictures to train on, %d to choose by, %d words",
        len(data.splits["train"]), len(data.splits["dev"]), len(vocabulary),
    )
    return Run(chosen, data, vocabulary, lower, upper, folder, resume)


def fit_head(run: Run) -> Captioner:
    """Block 14 and the decoder, over cached maps of the frozen lower blocks."""
    model = fit.build_captioner(run.recipe, run.upper, run.vocabulary)
    names = run.data.splits["train"] + run.data.splits["dev"]
    cache = FeatureCache(run.folder.parent / "features", run.lower, names)
    cache.fill(run.data, lambda sentence: log.warning("%s", sentence))
    fit.fit_stage(
        "head", run.recipe.head, model, run.data, run.vocabulary, from_cache(cache),
        run.folder, run.seed, run.resume,
    )  # fmt: skip
    return model


def fit_whole(run: Run, head: Captioner) -> Captioner:
    """Every layer, on pixels; batch normalisation keeps its statistics."""
    pixels = keras.Input(run.lower.input_shape[1:], name="pixels")
    tower = keras.Model(pixels, run.upper(run.lower(pixels)), name="xception")
    for part in (run.lower, run.upper):
        fit.freeze_normalisation(part)
    model = Captioner(
        tower, head.decoder, head.presence, head.label_smoothing, head.presence_weight
    )
    fit.fit_stage(
        "whole", run.recipe.whole, model, run.data, run.vocabulary,
        from_files(run.data, run.recipe.network.size), run.folder, run.seed + 1, run.resume,
    )  # fmt: skip
    return model


def _write_json(file: Path, content: object) -> None:
    temporary = file.with_suffix(".tmp")
    temporary.write_text(json.dumps(content, indent=2) + "\n", "utf-8")
    os.replace(temporary, file)
