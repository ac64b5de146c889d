"""A whole run, stage by stage: data -> head -> every layer -> bundle -> figures."""

import dataclasses
import json
import logging
import math
import os
import random
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from image_describer.captioner import bundle_files
from image_describer.captioner.bundle import MANIFEST, WEIGHTS, open_bundle, write_manifest
from image_describer.captioner.tokenizer import save_tokenizer
from image_describer.errors import TrainingError
from image_describer.train import recipe
from image_describer.train.data.augment import Views
from image_describer.train.data.batches import Loader, from_cache, from_files
from image_describer.train.data.dataset import Dataset, load_pixels
from image_describer.train.data.vocabulary import Vocabulary
from image_describer.train.export import cross_layer_equalization, model_card
from image_describer.train.features.cache import FeatureCache, LowerBlocks, filled
from image_describer.train.fit import checkpoint, loop, self_critical
from image_describer.train.models import xception
from image_describer.train.models.attention_lstm import Captioner

log = logging.getLogger(__name__)

EQUALISE_BY = 64  # photographs; more change the factors by next to nothing
EQUALISE_BATCH = 8  # photographs: all activations of a batch are held at once
LICENCE = "MIT; trained on Flickr8k, which is for research use"


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


def prepare(chosen: recipe.Recipe, data: Dataset, weights: str, runs: Path, resume: bool) -> Run:
    """Build vocabulary and tower, fill the tower from ``weights``."""
    keras.utils.set_random_seed(chosen.seed)
    for problem in data.problems:
        log.warning("%s", problem)
    captions = (c for name in data.splits["train"] for c in data.captions[name])
    vocabulary = Vocabulary.build(captions, chosen.text.min_count, chosen.text.max_words)
    lower, upper = _tower_parts(chosen)
    if weights != "random":
        missing = xception.load_weights(lower, upper, weights)
        if missing:
            log.warning("%d arrays are learnt from random: %s ...", len(missing), missing[0])
    folder = runs / chosen.name
    folder.mkdir(parents=True, exist_ok=True)
    _write_json(folder / "recipe.json", recipe.as_dict(chosen))
    log.info(
        "%d pictures to train on, %d to choose by, %d words",
        len(data.splits["train"]),
        len(data.splits["dev"]),
        len(vocabulary),
    )
    return Run(chosen, data, vocabulary, lower, upper, folder, resume)


def fit_head(run: Run) -> Captioner:
    """The tower's last blocks and the decoder, over cached maps of the frozen ones below, or over
    these anew at each step: by words, then by the reward of captions where the recipe has that."""
    stage, reward = run.recipe.head, run.recipe.head_scst
    loader = from_cache(lower_maps(run)) if stage.kept else _anew(run)
    with loop.precision(run.recipe.precision):
        tower = _head_tower(run)
        model = loop.build_captioner(run.recipe, tower, run.vocabulary)
    loop.fit_stage(
        "head", stage, model, run.data, run.vocabulary, loader, run.folder, run.seed, run.resume
    )
    if reward.epochs:
        reward = dataclasses.replace(reward, crops=stage.crops, mirror=stage.mirror)
        self_critical.fit_scst(
            "head-scst", reward, model, run.data, run.vocabulary, loader,
            run.folder, run.seed + 3, run.resume, disturbed=stage.noise > 0,
        )  # fmt: skip
    _carry((tower,), (run.lower, run.upper))
    return model


def _head_tower(run: Run) -> keras.Model:
    """What the head learns: the blocks after the frozen ones, over these where they aren't kept."""
    stage = run.recipe.head
    lower, upper = _tower_parts(run.recipe, stage.size, stage.frozen, stage.noise)
    if not stage.kept:
        lower.trainable = False
        net = run.recipe.network
        upper = xception.build_joined(
            lower, net.width, net.middle_blocks, stage.frozen, stage.noise
        )
    _carry((run.lower, run.upper), (upper,))
    loop.freeze_normalisation(upper, xception.LAST_BLOCK)
    return upper


def _anew(run: Run) -> Loader:
    stage = run.recipe.head
    return from_files(run.data, stage.size or run.recipe.network.size, grey=stage.grey)


def lower_maps(run: Run) -> FeatureCache:
    """What the frozen lower blocks see of every view that the head learns from. Raises
    TrainingError where the recipe keeps none of it."""
    stage, lower = run.recipe.head, run.lower
    if not stage.kept:
        raise TrainingError(
            f"The recipe '{run.recipe.name}' computes nothing before it learns (kept = false).",
            "Its stage `fit` needs no features.",
        )
    if (stage.size, stage.frozen) != (0, xception.LAST_BLOCK):
        with loop.precision(run.recipe.precision):
            lower = _tower_parts(run.recipe, stage.size, stage.frozen)[0]
        _carry((run.lower,), (lower,))
    folder = run.folder.parent / "features"
    return filled(
        folder, LowerBlocks(lower), run.data, Views(stage.crops, stage.mirror, stage.grey)
    )


def fit_whole(run: Run, head: Captioner) -> Captioner:
    """Every layer, on pixels; batch normalisation keeps its statistics."""
    with loop.precision(run.recipe.precision):
        model = build_whole(run)
    _copy(head.decoder, model.decoder)
    _copy(head.presence, model.presence)
    if not run.recipe.whole.epochs:
        checkpoint.save(run.folder / "whole.npz", model, 0, optimizer=False)
        return model
    loop.fit_stage(
        "whole", run.recipe.whole, model, run.data, run.vocabulary,
        from_files(run.data, run.recipe.network.size), run.folder, run.seed + 1, run.resume,
    )  # fmt: skip
    return model


def fit_scst(run: Run, whole: Captioner) -> Captioner:
    """By the reward of drawn captions, where the recipe has it; the same captioner comes back.

    Where only the head learns, what the trained lower blocks put out is cached anew.
    """
    stage, data = run.recipe.scst, run.data
    if not stage.epochs or stage.layers == "decoder":  # that one comes after the export
        return whole
    if stage.layers == "whole":
        model, loader = whole, from_files(data, run.recipe.network.size)
    else:
        lower, upper = whole.tower.layers[1:]
        cache = filled(
            run.folder.parent / "features",
            LowerBlocks(lower),
            data,
            Views(stage.crops, stage.mirror),
        )
        with loop.precision(run.recipe.precision):
            model = loop.build_captioner(run.recipe, upper, run.vocabulary)
        loader = from_cache(cache)
        words = np.zeros((1, 1, 2), np.int32)
        model({"picture": np.zeros((1, *upper.input_shape[1:]), np.float32), "words": words})
        _copy(whole.decoder, model.decoder)
        _copy(whole.presence, model.presence)
    self_critical.fit_averaged(
        "scst", stage, model, data, run.vocabulary, loader, run.folder, run.seed + 2, run.resume
    )
    if model is not whole:
        _copy(model.decoder, whole.decoder)
    return whole


def build_whole(run: Run, rescaled: bool = False) -> Captioner:
    """A captioner from pixels on, in the precision of the moment, its decoder as drawn; its tower
    ``rescaled`` or not: see ``xception``."""
    parts = _tower_parts(run.recipe, rescaled=rescaled)
    _carry((run.lower, run.upper), parts)
    for part in parts:
        loop.freeze_normalisation(part)
    lower, upper = parts
    shape = lower.input_shape[1:]
    pixels = keras.Input(shape, name="pixels")
    tower = keras.Model(pixels, upper(lower(pixels)), name="xception")
    model = loop.build_captioner(run.recipe, tower, run.vocabulary)
    words = np.zeros((1, 1, 2), np.int32)
    model({"picture": np.zeros((1, *shape), np.float32), "words": words})  # creates the weights
    return model


def _tower_parts(
    chosen: recipe.Recipe,
    size: int = 0,
    last: int = xception.LAST_BLOCK,
    noise: float = 0.0,
    rescaled: bool = False,
) -> tuple[keras.Model, keras.Model]:
    """As drawn, for pictures of ``size`` (0: the network's), apart after block ``last``; the part
    above it is disturbed by ``noise`` in training."""
    net = chosen.network
    lower = xception.build_lower(size or net.size, net.width, net.middle_blocks, last, rescaled)
    grid, channels = lower.output_shape[2:]
    return lower, xception.build_upper(grid, channels, net.width, net.middle_blocks, last, noise)


def _carry(sources: Sequence[keras.Model], targets: Sequence[keras.Model]) -> None:
    """Give the targets' layers the weights of the sources' layers of the same names."""
    known = {layer.name: layer for source in sources for layer in source.layers}
    for target in targets:
        for layer in target.layers:
            if layer.weights and layer.name in known:
                _copy(known[layer.name], layer)


def _copy(source: keras.Layer, target: keras.Layer) -> keras.Layer:
    """Carry the weights over, by place and not by value's precision."""
    for old, new in zip(source.weights, target.weights, strict=True):
        new.assign(old)
    return target


def export(run: Run, model: Captioner, output: Path) -> dict[str, Any]:
    """Write the bundle: to a folder beside ``output`` first, which then takes its place.

    Confidence and figures come from dev, through the very files that are written; where the data
    has no dev split, confidence is left plain.
    """
    from image_describer.train.evaluate.captions import evaluate, for_manifest
    from image_describer.train.export import litert
    from image_describer.train.refine import refine, wanted

    # In float32, whatever it was trained in.
    trained, model = model, build_whole(run, rescaled=True)
    _carry(trained.tower.layers[1:], model.tower.layers[1:])
    _copy(trained.decoder, model.decoder)
    samples = _samples(run)
    _equalise(model, samples)
    draft = run.folder / "bundle"
    draft.mkdir(exist_ok=True)
    recipe_ = run.recipe
    litert.export_extractor(model.tower, samples, draft / "encoder.tflite")
    regions = model.tower.output_shape[1:]
    litert.export_decoder(model.decoder, regions, recipe_.decode.beams, draft / "decoder.tflite")
    save_tokenizer(run.vocabulary.tokenizer(), draft / "tokenizer.pkl")
    side = math.isqrt(regions[0])
    fields = {
        "name": recipe_.name,
        "recipe": recipe.as_dict(recipe_),
        "data": {"train": len(run.data.splits["train"]), "dev": len(run.data.splits["dev"])},
        "metrics": {},
        "licence": LICENCE,
        "input": {"size": recipe_.network.size},
        "regions": {"rows": side, "columns": side, "channels": regions[1]},
        "decode": {
            "beams": recipe_.decode.beams,
            "max_length": recipe_.text.max_words,
            "length_norm": recipe_.decode.length_norm,
            **{name: getattr(recipe_.decode, name) for name in WEIGHTS},
        },
        "confidence": {"slope": 1.0, "offset": 0.0},
    }
    write_manifest(draft, fields)
    if wanted(recipe_):
        refine(draft, recipe_, run.data, run.folder, run.resume)
        write_manifest(draft, fields)
    if run.data.splits["dev"]:
        found = evaluate(draft, run.data)
        fields |= for_manifest(found)
        _write_json(run.folder / "metrics.json", found)
    manifest = write_manifest(draft, fields)
    model_card.write(draft / model_card.NAME, manifest)
    install(draft, output)
    return manifest


def _samples(run: Run) -> np.ndarray:
    """Training photographs to measure ranges on: (N, S, S, 3) uint8."""
    train, count = run.data.splits["train"], run.recipe.calibration_pictures
    names = random.Random(run.seed).sample(train, min(count, len(train)))
    size = run.recipe.network.size
    return np.stack([load_pixels(run.data.path(name), size) for name in names])


def _equalise(model: Captioner, samples: np.ndarray) -> None:
    """Make the tower fit int8; the decoder takes back what the regions were multiplied by."""
    lower, upper = model.tower.layers[1:]
    floats = samples[:EQUALISE_BY].astype(np.float32) / 127.5 - 1.0
    parts = np.array_split(floats, -(-len(floats) // EQUALISE_BATCH))
    factors = cross_layer_equalization.equalise(lower, upper, parts)
    project = model.decoder.project.kernel
    project.assign(project / factors[:, np.newaxis])


def install(draft: Path, output: Path) -> None:
    """Copy a finished bundle to ``output``; its manifest goes last, so that no mixture is valid."""
    output.mkdir(parents=True, exist_ok=True)
    for name in (*open_bundle(draft).manifest["files"], model_card.NAME, MANIFEST):
        temporary = output / f".{name}.tmp"
        shutil.copyfile(draft / name, temporary)
        os.replace(temporary, output / name)


def _write_json(file: Path, content: object) -> None:
    bundle_files.write(file, (json.dumps(content, indent=2) + "\n").encode())
