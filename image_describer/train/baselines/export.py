"""An original system's network as a bundle that the program opens, or as towers for a search.

The program's decoder has two signatures, made for the attention LSTM: ``prepare`` once a picture,
``step`` once a word. The original networks go into the same ones; what they have no use for
is a number that is passed through.
"""

import dataclasses
import logging
import random
import shutil
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from image_describer import paths
from image_describer.captioner.bundle import write_manifest
from image_describer.captioner.tokenizer import save_tokenizer
from image_describer.train import recipe
from image_describer.train.baselines import stages
from image_describer.train.baselines.run import Run
from image_describer.train.data.dataset import load_pixels
from image_describer.train.evaluate.captions import evaluate, for_manifest
from image_describer.train.export import litert, model_card
from image_describer.train.features.extractors import build

log = logging.getLogger(__name__)

LICENCE = "MIT; the data it was trained on has its own"


def export(run: Run, model: keras.Model) -> dict[str, Any]:
    """Write ``<run>/export/``; returns what is there. Raises TrainingError."""
    folder = run.folder / "export"
    folder.mkdir(parents=True, exist_ok=True)
    if run.recipe.network.kind == "joint":
        model.pictures.save(folder / "picture_tower.keras")
        model.sentences.save(folder / "sentence_tower.keras")
        run.vocabulary.write_json(folder / "vocab.json")
        return {"towers": str(folder)}
    save_tokenizer(run.vocabulary.tokenizer(), folder / "tokenizer.pkl")
    if run.data.features is not None or run.facts["extractor"]["name"] != "xception":
        model.save_weights(folder / "model.weights.h5")
        log.warning("A bundle needs Xception; the weights alone are in %s.", folder)
        return {"weights": str(folder)}
    about = run.facts["extractor"]
    tower = _extractor(run, about, folder / "extractor.tflite")
    side, channels = tower
    plain = _in_float32(run, model)
    beams = run.recipe.decode.beams
    _write_decoder(plain, (side * side, channels), beams, folder / "decoder.tflite")
    fields: dict[str, Any] = {
        "name": run.recipe.name,
        "recipe": recipe.as_dict(run.recipe),
        "data": {split: len(names) for split, names in run.names.items()},
        "metrics": {},
        "licence": LICENCE,
        "input": {"size": about["size"]},
        "regions": {"rows": side, "columns": side, "channels": channels},
        "decode": {
            "beams": beams,
            "max_length": run.vocabulary.max_length,
            "length_norm": run.recipe.decode.length_norm,
        },
        "confidence": {"slope": 1.0, "offset": 0.0},
    }
    manifest = write_manifest(folder, fields)
    if run.names.get("dev"):
        judged = evaluate(folder, run.data)
        fields |= for_manifest(judged)
        manifest = write_manifest(folder, fields)
    model_card.write(folder / model_card.NAME, manifest)
    return {"bundle": str(folder), **manifest["metrics"]}


def _extractor(run: Run, about: dict[str, Any], file: Path) -> tuple[int, int]:
    """Write the extractor; returns cells a side and channels. The shipped one is just copied."""
    net = run.recipe.network
    made = build(
        about["name"], about["weights"], about["size"], precision="float32", width=net.width,
        middle_blocks=net.middle_blocks,
    )  # fmt: skip
    if about["weights"] == "bundled":
        shutil.copyfile(paths.bundle_folder() / "extractor.tflite", file)
    else:
        names = run.names["train"]
        count = min(run.recipe.calibration_pictures, len(names))
        some = random.Random(run.recipe.seed).sample(names, count)
        pixels = np.stack([load_pixels(run.data.path(name), made.size) for name in some])
        maps = made.model.output
        regions = keras.layers.Reshape((made.grid**2, made.channels), name="regions")(maps)
        litert.export_extractor(keras.Model(made.model.input, regions), pixels, file)
    return made.grid, made.channels


def _in_float32(run: Run, model: keras.Model) -> keras.Model:
    """The same network, its layers computing in float32, whatever it was trained in."""
    plain = stages.build(
        dataclasses.replace(run, recipe=dataclasses.replace(run.recipe, precision="float32"))
    )
    for old, new in zip(model.weights, plain.weights, strict=True):
        new.assign(old)
    return plain


def _write_decoder(model: keras.Model, regions: tuple[int, int], beams: int, file: Path) -> None:
    """Both signatures for one picture, regions (R, C), and ``beams`` rows."""
    merge = hasattr(model, "lstm")
    module = _MergeStep(model, regions[0]) if merge else _AttentionStep(model)
    prepare = module.prepare.get_concrete_function(regions=tf.TensorSpec((1, *regions), tf.float32))
    units = model.lstm.units if merge else model.units
    state, unused = (tf.TensorSpec((1, beams, n), tf.float32) for n in (units, 1))
    step = module.step.get_concrete_function(
        words=tf.TensorSpec((1, beams), tf.int32),
        h1=state, c1=state if merge else unused, h2=unused, c2=unused,
        **{
            name: tf.TensorSpec(prepare.structured_outputs[name].shape, tf.float32)
            for name in ("keys", "values", "picture")
        },
    )  # fmt: skip
    litert.convert_signatures({"prepare": prepare, "step": step}, file)


class _MergeStep(tf.Module):
    """A merge LSTM, which looks at no region in particular: its attention is the same for all."""

    def __init__(self, model: keras.Model, cells: int) -> None:
        super().__init__()
        self.model, self.cells = model, cells

    @tf.function
    def prepare(self, regions: tf.Tensor) -> dict[str, tf.Tensor]:
        seen = self.model.begin(ops.mean(regions, axis=1))[0]
        return {"keys": seen[:, :1] * 1.0, "values": seen[:, 1:2] * 1.0, "picture": seen}

    @tf.function
    def step(
        self, words: Any, h1: Any, c1: Any, h2: Any, c2: Any, keys: Any, values: Any, picture: Any
    ) -> dict[str, tf.Tensor]:
        rows = words.shape[1]
        state = (ops.repeat(picture, rows, axis=0), h1[0], c1[0])
        logits, (_, hidden, cell), _ = self.model.step(words[0], state)
        nothing = 0.0 * (keys + values)
        return {
            "log_probs": ops.log_softmax(logits)[None],
            "h1": hidden[None], "c1": cell[None], "h2": h2 + nothing, "c2": c2 + nothing,
            "attention": ops.ones((rows, self.cells)) / self.cells + nothing,
        }  # fmt: skip


class _AttentionStep(tf.Module):
    """Bahdanau's attention and a GRU."""

    def __init__(self, model: keras.Model) -> None:
        super().__init__()
        self.model = model

    @tf.function
    def prepare(self, regions: tf.Tensor) -> dict[str, tf.Tensor]:
        projected, keys, _ = self.model.begin(regions)
        return {"keys": keys, "values": projected, "picture": ops.mean(projected, axis=1)}

    @tf.function
    def step(
        self, words: Any, h1: Any, c1: Any, h2: Any, c2: Any, keys: Any, values: Any, picture: Any
    ) -> dict[str, tf.Tensor]:
        rows = words.shape[1]
        state = (ops.repeat(values, rows, axis=0), ops.repeat(keys, rows, axis=0), h1[0])
        logits, (_, _, hidden), attention = self.model.step(words[0], state)
        nothing = 0.0 * picture[:, :1]
        return {
            "log_probs": ops.log_softmax(logits)[None],
            "h1": hidden[None], "c1": c1 + nothing, "h2": h2 + nothing, "c2": c2 + nothing,
            "attention": attention,
        }  # fmt: skip
