"""The decoder of a finished bundle, trained on over what the bundle's own extractor sees.

An extractor in int8 sees a little differently from the one that the decoder learnt with. Here the
decoder meets the very numbers that users' pictures will give, and learns by the reward of the
captions that it draws; the extractor stays as it is, byte for byte.
"""

import dataclasses
import json
import shutil
from pathlib import Path
from typing import Any

import keras
import numpy as np

from image_describer.captioner import bundle_files
from image_describer.captioner.bundle import (
    WEIGHTS,
    Bundle,
    open_bundle,
    write_manifest,
)
from image_describer.errors import TrainingError
from image_describer.train.data.augment import AND_MIRRORED, Views
from image_describer.train.data.batches import Loader, from_cache
from image_describer.train.data.dataset import Dataset
from image_describer.train.data.vocabulary import Vocabulary
from image_describer.train.features.cache import ShippedExtractor, filled
from image_describer.train.fit import loop, self_critical
from image_describer.train.models.attention_lstm import Captioner
from image_describer.train.models.bundle_decoder import decoder_weights, fill
from image_describer.train.recipe import Recipe

# Of the checkpoints and the losses in the run's folder.
WORDS, REWARDS = "refine", "scst"
UNLISTED = ("files", "created")  # what `write_manifest` puts into a manifest


def wanted(recipe: Recipe) -> bool:
    """Whether the recipe has anything for `refine` to do."""
    by_reward = recipe.scst.epochs > 0 and recipe.scst.layers == "decoder"
    return recipe.refine.epochs > 0 or by_reward


def refine(folder: Path, recipe: Recipe, data: Dataset, run: Path, resume: bool) -> None:
    """Write a new ``decoder.tflite`` into the bundle in ``folder``, which is no bundle until its
    manifest is written anew.

    What the extractor sees is cached beside ``run``: 0.8 MB a picture. Raises TrainingError,
    BundleError and RunStoppedError.
    """
    from image_describer.train.export.litert import export_decoder

    bundle = open_bundle(folder)
    stages = (recipe.refine, recipe.scst)
    views = Views(max(s.crops for s in stages), any(s.mirror for s in stages), recipe.refine.grey)
    loader, shape = regions_of(bundle, data, run.parent / "features", views)
    vocabulary = Vocabulary.from_tokenizer(bundle.tokenizer)
    with loop.precision(recipe.precision):
        model = captioner_of(bundle, recipe, vocabulary, shape)
    run.mkdir(parents=True, exist_ok=True)
    fixed = (model, data, vocabulary, loader, run)
    if recipe.refine.epochs:
        loop.fit_stage(WORDS, recipe.refine, *fixed, recipe.seed, resume)
    if recipe.scst.epochs and recipe.scst.layers == "decoder":
        self_critical.fit_averaged(REWARDS, recipe.scst, *fixed, recipe.seed, resume)
    whole = captioner_of(bundle, recipe, vocabulary, shape)  # in float32, whatever learnt
    for new, old in zip(whole.decoder.weights, model.decoder.weights, strict=True):
        new.assign(old)
    export_decoder(whole.decoder, shape, recipe.decode.beams, folder / "decoder.tflite")


def refine_bundle(
    bundle: Path, recipe: Recipe, data: Dataset, run: Path, output: Path, resume: bool
) -> dict[str, Any]:
    """`refine` a copy of a finished bundle, judge it on dev, and put it into ``output``.

    Returns what `evaluate` found. Raises as `refine` does, and TrainingError where the recipe has
    nothing to refine.
    """
    from image_describer.train import pipeline
    from image_describer.train.evaluate import captions
    from image_describer.train.export import model_card

    if not wanted(recipe):
        raise TrainingError(
            f"'{recipe.name}' has nothing to refine.",
            "Give epochs in [refine], or in [scst] with layers = 'decoder'.",
        )
    opened = open_bundle(bundle)
    draft = run / "bundle"
    draft.mkdir(parents=True, exist_ok=True)
    for name in opened.manifest["files"]:
        shutil.copyfile(opened.path(name), draft / name)
    steps = {key: dataclasses.asdict(getattr(recipe, key)) for key in ("refine", "scst", "decode")}
    fields = {key: value for key, value in opened.manifest.items() if key not in UNLISTED}
    fields["recipe"] = {**fields["recipe"], **steps}
    fields["decode"] |= {k: steps["decode"][k] for k in ("length_norm", *WEIGHTS)}
    files = list(opened.manifest["files"])
    write_manifest(draft, {**fields, "files": files})
    refine(draft, recipe, data, run, resume)
    write_manifest(draft, {**fields, "files": files})
    found = captions.evaluate(draft, data)
    bundle_files.write(run / "metrics.json", (json.dumps(found, indent=2) + "\n").encode())
    fields |= captions.for_manifest(found)
    model_card.write(draft / model_card.NAME, write_manifest(draft, {**fields, "files": files}))
    pipeline.install(draft, output)
    return found


def regions_of(
    bundle: Bundle, data: Dataset, folder: Path, views: Views = AND_MIRRORED
) -> tuple[Loader, tuple[int, int]]:
    """What the bundle's extractor sees of train and dev, and of train's other views: a loader of
    (N, R, C) float16, and (R, C). Computed where it is missing.
    """
    source = ShippedExtractor(bundle)
    cache = filled(folder, source, data, views)
    return from_cache(cache), source.shape


def captioner_of(
    bundle: Bundle, recipe: Recipe, vocabulary: Vocabulary, shape: tuple[int, int]
) -> Captioner:
    """A captioner over regions (B, R, C) that are given, with the bundle's decoder in it."""
    # Nothing below the decoder learns, so there is nothing that naming words could teach.
    recipe = dataclasses.replace(recipe, loss=dataclasses.replace(recipe.loss, presence_weight=0.0))
    regions = keras.Input(shape, name="regions")
    model = loop.build_captioner(recipe, keras.Model(regions, regions, name="tower"), vocabulary)
    words = np.zeros((1, 1, 2), np.int32)
    model({"picture": np.zeros((1, *shape), np.float32), "words": words})  # creates the weights
    fill(model.decoder, decoder_weights(bundle))
    return model
