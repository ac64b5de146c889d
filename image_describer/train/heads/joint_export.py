"""Both towers of a joint space as one LiteRT file, judged through it, and put into a bundle."""

import json
import logging
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from image_describer.captioner import bundle_files
from image_describer.captioner.bundle import JOINT_SPACE, open_bundle, write_manifest
from image_describer.captioner.embedding import JointSpace
from image_describer.errors import TrainingError
from image_describer.train.baselines.run import write_json
from image_describer.train.data.vocabulary import PAD, SPECIAL_WORDS, UNKNOWN
from image_describer.train.evaluate import retrieval
from image_describer.train.export import litert, model_card
from image_describer.train.heads import joint_run
from image_describer.train.heads.joint_data import Standard
from image_describer.train.models.joint_space import (
    Head,
    JointTowers,
    together,
    unit,
)

log = logging.getLogger(__name__)

FACTS = "joint.json"  # beside joint.tflite: what the manifest says of it
MOST_LOST = 0.01  # of any recall, by int8 weights; more is told


def export(
    run: joint_run.Run, model: JointTowers, standard: Standard, float_dev: dict[str, Any]
) -> dict[str, Any]:
    """Write ``<run>/export/joint.tflite`` and its facts; returns the facts.

    ``float_dev`` are the recalls of the float towers on dev, to which those of the file are put.
    """
    folder = run.folder / "export"
    folder.mkdir(parents=True, exist_ok=True)
    cells = run.bundle.manifest["regions"]["rows"] * run.bundle.manifest["regions"]["columns"]
    channels = run.bundle.manifest["regions"]["channels"]
    write(model, standard, (cells, channels), run.vocabulary.max_length, folder / JOINT_SPACE)
    facts: dict[str, Any] = {
        "words": len(run.vocabulary),
        "dimension": run.recipe.network.heads * run.recipe.network.units,
        "recipe": run.recipe.name,
        "encoder": run.bundle.manifest["files"]["encoder.tflite"]["sha256"],
        "tokenizer": run.bundle.manifest["files"]["tokenizer.pkl"]["sha256"],
    }
    if run.data.splits.get("dev"):
        found = judge_file(run, folder / JOINT_SPACE)
        facts["dev"] = found
        for key, value in found.items():
            lost = float_dev.get(key, value) - value
            if "R@" in key and lost > MOST_LOST:
                log.warning("%s: %.4f lost to int8 weights.", key, lost)
    write_json(folder / FACTS, facts)
    return {
        "file": str(folder / JOINT_SPACE),
        "bytes": (folder / JOINT_SPACE).stat().st_size,
        **facts,
    }


def add(bundle: Path, run: Path) -> dict[str, Any]:
    """Put the towers that ``run`` (``train/runs/joint``) exported into a bundle.

    Returns the new manifest. Raises TrainingError where they were made for another extractor or
    other words, and BundleError where the bundle is damaged.
    """
    opened = open_bundle(bundle)
    source = run / "export"
    try:
        facts = json.loads((source / FACTS).read_text("utf-8"))
        content = (source / JOINT_SPACE).read_bytes()
    except (OSError, ValueError) as error:
        raise TrainingError(
            f"There are no towers in {source}: {error}.",
            "Run: python -m image_describer.train --recipe joint --data FLICKR8K",
        ) from error
    files = opened.manifest["files"]
    for kind, file in (("encoder", "encoder.tflite"), ("tokenizer", "tokenizer.pkl")):
        if facts[kind] != files[file]["sha256"]:
            raise TrainingError(
                f"The towers in {source} were made for another {file} than that of {bundle}.",
                "Train them for this one: --recipe joint, with --bundle if it isn't the shipped.",
            )
    bundle_files.write(bundle / JOINT_SPACE, content)
    fields = {key: value for key, value in opened.manifest.items() if key != "format"}
    fields |= {"files": sorted({*files, JOINT_SPACE}), "joint_space": facts}
    manifest = write_manifest(bundle, fields)
    model_card.write(bundle / model_card.NAME, manifest)
    return manifest


def judge_file(run: joint_run.Run, file: Path) -> dict[str, float]:
    """Recall on dev through the file, as the program runs it: a picture or a sentence at a time."""
    space = JointSpace(file, run.vocabulary.words, unknown=UNKNOWN, pad=PAD)
    cells = run.bundle.manifest["regions"]["rows"] * run.bundle.manifest["regions"]["columns"]
    # The towers look at nothing but the mean, and that is what was kept.
    means = run.means("dev")[:, 0].astype(np.float32)
    seen = np.stack([space.embed_picture(np.tile(mean, (cells, 1))) for mean in means])
    several = [run.data.captions[name] for name in run.data.splits["dev"]]
    read = np.stack([space.embed_sentence(caption) for some in several for caption in some])
    owners = np.repeat(np.arange(len(several)), [len(some) for some in several])
    return retrieval.recalls(seen, read, owners)


def write(
    model: JointTowers, standard: Standard, regions: tuple[int, int], length: int, file: Path
) -> None:
    """Two signatures, int8 weights: regions (1, R, C) and words (1, length) -> vector (1, D)."""
    module = _Towers(model, standard)
    litert.convert_signatures(
        {
            "picture": module.picture.get_concrete_function(
                regions=tf.TensorSpec((1, *regions), tf.float32)
            ),
            "sentence": module.sentence.get_concrete_function(
                words=tf.TensorSpec((1, length), tf.int32)
            ),
        },
        file,
    )


class _Towers(tf.Module):
    """The towers from regions on; words are looked up instead of counted."""

    def __init__(self, model: JointTowers, standard: Standard) -> None:
        super().__init__()
        self.standard, self.heads = standard, [_Head(head) for head in model.heads]

    @tf.function
    def picture(self, regions: tf.Tensor) -> dict[str, tf.Tensor]:
        roots = tf.sqrt(tf.maximum(tf.reduce_mean(regions, 1), 0.0))
        seen = (roots - self.standard.centre) / self.standard.spread
        return {"vector": together([head.picture(seen) for head in self.heads])}

    @tf.function
    def sentence(self, words: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"vector": together([head.sentence(words) for head in self.heads])}


class _Head(tf.Module):
    def __init__(self, head: Head) -> None:
        super().__init__()
        self.kernel = tf.Variable(head.kernel())
        self.bias = np.asarray(head.seen_bias)
        self.table = tf.Variable(np.asarray(head.table()))

    def picture(self, seen: tf.Tensor) -> tf.Tensor:
        return unit(tf.matmul(seen, self.kernel) + self.bias)

    def sentence(self, words: tf.Tensor) -> tf.Tensor:
        known = tf.cast(words >= len(SPECIAL_WORDS), tf.float32)
        return unit(tf.matmul(known, tf.gather(self.table, words[0])))
