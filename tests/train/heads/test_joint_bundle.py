"""A joint space trained by its recipe and put into a bundle."""

import json
import shutil

import numpy as np
import pytest

from image_describer.captioner.describer import Describer
from image_describer.captioner.encoder import Encoder
from image_describer.errors import TrainingError
from image_describer.imaging.open import open_picture
from tests.support import tiny

RECIPE = """\
extends = "joint"
[text]
max_words = 12
[network]
units = 16
heads = 2
dropout = 0.0
[space]
axes = 12
[fit]
epochs = 60
rate = 0.02
batch = 6
warmup_steps = 2
"""


@pytest.fixture(scope="module")
def prepared(tiny_bundle, tiny_data, tmp_path_factory):
    """A copy of the tiny bundle without towers, what trained some for it, and their export."""
    from image_describer.train import recipe, stages
    from image_describer.train.data.sets import read
    from image_describer.train.heads import joint_export, joint_run

    folder = tmp_path_factory.mktemp("joint")
    bundle = shutil.copytree(tiny_bundle, folder / "bundle")
    file = folder / "small-joint.toml"
    file.write_text(RECIPE, "utf-8")
    choices = stages.Choices(folder / "runs", folder / "results", bundle=bundle)
    data = read(tiny_data)
    written = stages.run("all", recipe.load(str(file)), data, choices)
    run = joint_run.prepare(recipe.load(str(file)), data, choices)
    return bundle, run, written, joint_export


@pytest.fixture(scope="module")
def bundle(prepared, tmp_path_factory):
    """The tiny bundle with towers."""
    old, run, _, joint_export = prepared
    new = shutil.copytree(old, tmp_path_factory.mktemp("with") / "bundle")
    joint_export.add(new, run.folder)
    return new


@pytest.fixture(scope="module")
def describer(bundle):
    return Describer(bundle)


def pictures(tiny_data):
    """Number of a picture and its file."""
    return {n: tiny_data / "Flicker8k_Dataset" / f"picture{n}.jpg" for n in range(tiny.PICTURES)}


def said(colour, side):
    return f"A {colour} square is on the {side} side."


@pytest.mark.slow
def test_the_sentence_that_says_what_is_there_scores_best(describer, tiny_data):
    right = 0
    for number, file in pictures(tiny_data).items():
        every = [said(c, s) for c in tiny.COLOURS for s in ("left", "right")]
        scores = describer.matches(file, every)
        assert all(-1.0 <= score <= 1.0 for score in scores)
        own = said(tiny.COLOURS[number % 3], ("left", "right")[number // 3 % 2])
        right += every[int(np.argmax(scores))] == own
    assert right >= 0.5 * tiny.PICTURES  # by chance: a sixth


def test_the_file_gives_what_the_towers_in_float_give(prepared, describer, tiny_data):
    from image_describer.train.heads import joint_run

    _, run, written, _ = prepared
    model, standard = joint_run.trained(run)
    seen, read, _ = joint_run.vectors_of(run, model, standard, "dev")
    space = describer.joint_space
    encoder = Encoder.from_bundle(run.bundle)
    for row, name in enumerate(run.data.splits["dev"]):
        pixels = open_picture(run.data.path(name)).pixels
        vector = space.embed_picture(encoder.encode(pixels).regions)
        assert vector.dtype == np.float32
        assert float(np.linalg.norm(vector)) == pytest.approx(1.0, abs=1e-3)
        assert float(vector @ seen[row]) > 0.98
    captions = [c for name in run.data.splits["dev"] for c in run.data.captions[name]]
    for row, caption in enumerate(captions):
        assert float(space.embed_sentence(caption) @ read[row]) > 0.98
    assert written["dev"]["picture of a caption: R@10"] == 1.0
    assert written["dimension"] == space.embed_sentence("a").size


def test_unknown_words_are_passed_over_and_nothing_known_matches_nothing(describer, tiny_data):
    space = describer.joint_space
    strange = space.embed_sentence("zyzzyva quux 12345")
    assert np.isfinite(strange).all()
    assert describer.match(pictures(tiny_data)[0], "zyzzyva quux") == pytest.approx(0.0, abs=1e-5)
    plain = space.embed_sentence("a red square")
    assert float(space.embed_sentence("a red square zyzzyva") @ plain) == pytest.approx(
        1.0, abs=1e-4
    )


def test_towers_of_another_extractor_are_not_added(prepared, tmp_path):
    old, run, _, joint_export = prepared
    copied = shutil.copytree(run.folder, tmp_path / "run")
    file = copied / "export" / "joint.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "extractor": "0" * 64}), "utf-8")
    before = (old / "manifest.json").read_bytes()
    with pytest.raises(TrainingError, match=r"another encoder\.tflite"):
        joint_export.add(old, copied)
    assert (old / "manifest.json").read_bytes() == before
    with pytest.raises(TrainingError, match="no towers"):
        joint_export.add(old, tmp_path)
