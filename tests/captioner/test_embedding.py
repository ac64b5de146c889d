"""The joint space: trained by its recipe, put into a bundle, and asked what fits a picture."""

import dataclasses
import json
import shutil
import threading

import numpy as np
import pytest
from PIL import Image

from image_describer import BundleError, ImageDescriberError, PictureError
from image_describer.captioner import embedding
from image_describer.captioner.bundle import JOINT, open_bundle, write_manifest
from image_describer.captioner.describer import Describer
from image_describer.cli import main
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
    from image_describer.train import joint_export, joint_run, recipe, stages
    from image_describer.train.data import read_flickr8k

    folder = tmp_path_factory.mktemp("joint")
    bundle = shutil.copytree(tiny_bundle, folder / "bundle")
    file = folder / "small-joint.toml"
    file.write_text(RECIPE, "utf-8")
    choices = stages.Choices(folder / "runs", folder / "results", bundle=bundle)
    data = read_flickr8k(tiny_data)
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


def test_the_sentence_that_says_what_is_there_scores_best(describer, tiny_data):
    right = 0
    for number, file in pictures(tiny_data).items():
        every = [said(c, s) for c in tiny.COLOURS for s in ("left", "right")]
        scores = describer.matches(file, every)
        assert all(-1.0 <= score <= 1.0 for score in scores)
        own = said(tiny.COLOURS[number % 3], ("left", "right")[number // 3 % 2])
        right += every[int(np.argmax(scores))] == own
    assert right >= 0.5 * tiny.PICTURES  # by chance: a sixth


def test_a_path_its_bytes_an_image_and_a_picture_score_alike(describer, tiny_data):
    file, sentence = pictures(tiny_data)[4], said("green", "right")
    with Image.open(file) as image:
        sources = [file, str(file), file.read_bytes(), image.convert("RGB"), open_picture(file)]
    scores = {round(describer.match(source, sentence), 6) for source in sources}
    assert len(scores) == 1


def test_the_file_gives_what_the_towers_in_float_give(prepared, describer, tiny_data):
    from image_describer.train import joint_run

    _, run, written, _ = prepared
    model, standard = joint_run.trained(run)
    seen, read, _ = joint_run.vectors_of(run, model, standard, "dev")
    space = describer.joint
    extract = describer.extractor.extract
    for row, name in enumerate(run.data.splits["dev"]):
        pixels = open_picture(run.data.path(name)).pixels
        vector = space.picture(extract(pixels).regions)
        assert vector.dtype == np.float32
        assert float(np.linalg.norm(vector)) == pytest.approx(1.0, abs=1e-3)
        assert float(vector @ seen[row]) > 0.98
    captions = [c for name in run.data.splits["dev"] for c in run.data.captions[name]]
    for row, caption in enumerate(captions):
        assert float(space.sentence(caption) @ read[row]) > 0.98
    assert written["dev"]["picture of a caption: R@10"] == 1.0
    assert written["dimension"] == space.sentence("a").size


def test_words_count_and_not_how_they_are_written(describer):
    space = describer.joint
    plain = space.sentence("a red square is on the left side")
    np.testing.assert_allclose(space.sentence("A RED square, is on the left side!"), plain)
    assert not np.allclose(space.sentence("a blue square is on the left side"), plain)


def test_unknown_words_are_passed_over_and_nothing_known_matches_nothing(describer, tiny_data):
    space = describer.joint
    strange = space.sentence("zyzzyva quux 12345")
    assert np.isfinite(strange).all()
    assert describer.match(pictures(tiny_data)[0], "zyzzyva quux") == pytest.approx(0.0, abs=1e-5)
    plain = space.sentence("a red square")
    assert float(space.sentence("a red square zyzzyva") @ plain) == pytest.approx(1.0, abs=1e-4)


def test_a_long_sentence_is_read_as_far_as_the_towers_reach(describer):
    words = "a red square is on the left side and a blue square is on the right side"
    space = describer.joint
    np.testing.assert_allclose(
        space.sentence(words), space.sentence(" ".join(words.split()[:12])), atol=1e-6
    )
    assert np.isfinite(space.sentence("red " * 5000)).all()


@pytest.mark.parametrize("sentence", ["", "  ", "?!", "你好"])
def test_a_sentence_without_words_is_refused(describer, sentence):
    with pytest.raises(ImageDescriberError, match="no word"):
        describer.joint.sentence(sentence)


def test_regions_of_another_shape_are_refused(describer):
    with pytest.raises(ValueError, match="regions are"):
        describer.joint.picture(np.zeros((3, 5), np.float32))


def test_threads_that_share_the_space_get_what_one_thread_gets(describer, tiny_data):
    files = list(pictures(tiny_data).values())[:4]
    sentence = said("red", "left")
    alone = [describer.match(file, sentence) for file in files]
    together: dict[int, list[float]] = {}

    def work(number):
        together[number] = [describer.match(file, sentence) for file in files]

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert together == dict.fromkeys(range(4), alone)


def test_a_bundle_without_towers_describes_and_says_that_it_cant_match(prepared, tiny_data):
    old, *_ = prepared
    describer = Describer(old)
    file = pictures(tiny_data)[0]
    assert describer.describe(file).caption
    with pytest.raises(BundleError, match="holds no joint space"):
        describer.match(file, "a red square")


def test_what_is_no_picture_is_refused(describer):
    with pytest.raises(PictureError):
        describer.match(b"no picture", "a red square")


def test_a_bundle_that_knows_more_words_than_its_towers_passes_them_over(bundle):
    opened = open_bundle(bundle)
    tokenizer = {**opened.tokenizer, "words": [*opened.tokenizer["words"], "zyzzyva"]}
    grown = embedding.of_bundle(dataclasses.replace(opened, tokenizer=tokenizer))
    plain = embedding.of_bundle(opened).sentence("a red square")
    assert float(grown.sentence("a red square zyzzyva") @ plain) == pytest.approx(1.0, abs=1e-4)


@pytest.mark.parametrize("section", [None, {}, {"words": 0, "dimension": 16}, {"words": "many"}])
def test_towers_without_their_numbers_are_refused(bundle, tmp_path, section):
    broken = shutil.copytree(bundle, tmp_path / "bundle")
    file = broken / "manifest.json"
    manifest = json.loads(file.read_text("utf-8"))
    manifest["joint"] = section
    file.write_text(json.dumps(manifest), "utf-8")
    with pytest.raises(BundleError, match='"joint" has no sensible "words"'):
        open_bundle(broken)


def test_damaged_towers_are_refused_in_a_sentence(bundle, tmp_path):
    broken = shutil.copytree(bundle, tmp_path / "bundle")
    fields = dict(open_bundle(broken).manifest)
    (broken / JOINT).write_bytes(b"no towers")
    with pytest.raises(BundleError, match=r"joint\.tflite"):
        open_bundle(broken)
    fields["files"] = list(fields.pop("files"))
    write_manifest(broken, fields)
    with pytest.raises(BundleError, match=r"joint\.tflite"):
        _ = Describer(broken).joint


def test_towers_of_another_extractor_are_not_added(prepared, tmp_path):
    old, run, _, joint_export = prepared
    copied = shutil.copytree(run.folder, tmp_path / "run")
    file = copied / "export" / "joint.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "extractor": "0" * 64}), "utf-8")
    before = (old / "manifest.json").read_bytes()
    with pytest.raises(TrainingError, match=r"another extractor\.tflite"):
        joint_export.add(old, copied)
    assert (old / "manifest.json").read_bytes() == before
    with pytest.raises(TrainingError, match="no towers"):
        joint_export.add(old, tmp_path)


def test_the_command_line_ranks_sentences(bundle, tiny_data, capsys):
    file = str(pictures(tiny_data)[2])
    sentences = [said("red", "right"), said("blue", "left"), said("green", "right")]
    assert main.main(["match", "--bundle", str(bundle), file, *sentences]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert sorted(line.split(maxsplit=1)[1] for line in lines) == sorted(sentences)
    scores = [float(line.split()[0]) for line in lines]
    assert scores == sorted(scores, reverse=True)
    assert main.main(["match", "--json", "--bundle", str(bundle), file, "a blue square"]) == 0
    assert set(json.loads(capsys.readouterr().out)) == {"sentence", "score"}


def test_the_command_line_says_in_a_sentence_why_not(prepared, bundle, tiny_data, capsys):
    file = str(pictures(tiny_data)[0])
    for asked, told in (
        (["--bundle", str(prepared[0]), file, "a dog"], "holds no joint space"),
        (["--bundle", str(bundle), file, "..."], "no word"),
        (["--bundle", str(bundle), "nowhere.jpg", "a dog"], "nowhere.jpg"),
    ):
        assert main.main(["match", *asked]) == 2
        assert told in capsys.readouterr().err
