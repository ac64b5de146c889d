"""Matching pictures with sentences in the joint space of the bundle that ships."""

import dataclasses
import json
import shutil
import threading

import numpy as np
import pytest
from PIL import Image

from image_describer import BundleError, Describer, ImageDescriberError, PictureError
from image_describer.captioner.bundle import JOINT_SPACE, open_bundle, write_manifest
from image_describer.captioner.embedding import JointSpace
from image_describer.cli import main
from image_describer.imaging.open import open_picture
from tests.support import tiny

CAT = tiny.REPO / "assets" / "samples" / "cat.jpg"


@pytest.fixture(scope="module")
def describer(shipped_bundle):
    return Describer(shipped_bundle)


def test_the_sentence_that_fits_has_the_highest_score(describer):
    scores = describer.matches(CAT, ["a cat looks at the camera", "two men ride motorcycles"])
    assert all(-1.0 <= score <= 1.0 for score in scores)
    assert scores[0] > scores[1] + 0.1


def test_a_path_bytes_an_image_and_a_picture_get_the_same_score(describer):
    with Image.open(CAT) as image:
        sources = [CAT, str(CAT), CAT.read_bytes(), image.convert("RGB"), open_picture(CAT)]
    scores = {round(describer.match(source, "a cat"), 4) for source in sources}
    assert len(scores) == 1


def test_only_the_words_count(describer):
    embed = describer.joint_space.embed_sentence
    plain = embed("a red dog on the left")
    assert np.linalg.norm(plain) == pytest.approx(1.0, abs=1e-3)
    np.testing.assert_allclose(embed("A RED dog, on the left!"), plain)
    assert not np.allclose(embed("a blue dog on the left"), plain)


def test_unknown_words_are_ignored(describer):
    embed = describer.joint_space.embed_sentence
    assert np.isfinite(embed("zyzzyva quux 12345")).all()
    assert float(embed("a red dog zyzzyva") @ embed("a red dog")) == pytest.approx(1.0, abs=1e-4)


def test_words_beyond_the_length_of_the_file_are_ignored(describer):
    space = describer.joint_space
    words = ["red", "dog"] * 5000
    np.testing.assert_allclose(
        space.embed_sentence(" ".join(words)),
        space.embed_sentence(" ".join(words[: space._length])),
        atol=1e-6,
    )


@pytest.mark.parametrize("sentence", ["", "?!", "你好"])
def test_a_sentence_without_words_is_refused(describer, sentence):
    with pytest.raises(ImageDescriberError, match="no words"):
        describer.joint_space.embed_sentence(sentence)


def test_regions_of_another_shape_are_refused(describer):
    with pytest.raises(ValueError, match="regions are"):
        describer.joint_space.embed_picture(np.zeros((3, 5), np.float32))


def test_threads_that_share_the_space_get_the_same_score(describer):
    alone = describer.match(CAT, "a cat")
    together: dict[int, float] = {}

    def work(number):
        together[number] = describer.match(CAT, "a cat")

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert together == dict.fromkeys(range(4), pytest.approx(alone, abs=1e-5))


def test_a_bundle_without_a_joint_space_describes_but_does_not_match(tiny_bundle):
    describer = Describer(tiny_bundle)
    assert not describer.has_joint_space
    assert describer.describe(CAT).caption
    with pytest.raises(BundleError, match="it has no joint space"):
        describer.match(CAT, "a cat")


def test_what_is_not_a_picture_is_refused(describer):
    with pytest.raises(PictureError):
        describer.match(b"not a picture", "a cat")


def test_words_that_a_bundle_learned_later_are_ignored(shipped_bundle):
    opened = open_bundle(shipped_bundle)
    tokenizer = {**opened.tokenizer, "words": [*opened.tokenizer["words"], "zyzzyva"]}
    larger = JointSpace.from_bundle(dataclasses.replace(opened, tokenizer=tokenizer))
    plain = JointSpace.from_bundle(opened).embed_sentence("a red dog")
    assert float(larger.embed_sentence("a red dog zyzzyva") @ plain) == pytest.approx(1.0, abs=1e-4)


@pytest.mark.parametrize("section", [None, {}, {"words": 0, "dimension": 8}, {"words": True}])
def test_a_joint_space_without_its_numbers_is_refused(tiny_bundle, tmp_path, section):
    folder = shutil.copytree(tiny_bundle, tmp_path / "bundle")
    (folder / JOINT_SPACE).write_bytes(b"not a network")
    manifest = dict(open_bundle(folder).manifest)
    manifest |= {"files": [*manifest["files"], JOINT_SPACE]}
    manifest["joint_space"] = {"words": 10, "dimension": 8}
    write_manifest(folder, manifest)
    with pytest.raises(BundleError, match=r"joint_space\.tflite can't be run"):
        _ = Describer(folder).joint_space
    stored = json.loads((folder / "manifest.json").read_text("utf-8"))
    (folder / "manifest.json").write_text(json.dumps({**stored, "joint_space": section}), "utf-8")
    with pytest.raises(BundleError, match='"words" in its "joint_space" is not valid'):
        open_bundle(folder)


def test_the_command_ranks_sentences(shipped_bundle, capsys):
    sentences = ["two men ride motorcycles", "a cat looks at the camera", "a dog in the snow"]
    assert main.main(["match", "--bundle", str(shipped_bundle), str(CAT), *sentences]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert sorted(line.split(maxsplit=1)[1] for line in lines) == sorted(sentences)
    scores = [float(line.split()[0]) for line in lines]
    assert scores == sorted(scores, reverse=True)
    command = ["match", "--json", "--bundle", str(shipped_bundle), str(CAT), "a cat"]
    assert main.main(command) == 0
    assert set(json.loads(capsys.readouterr().out)) == {"sentence", "score"}


def test_the_command_says_what_is_wrong(tiny_bundle, shipped_bundle, capsys):
    for arguments, error in (
        (["--bundle", str(tiny_bundle), str(CAT), "a dog"], "it has no joint space"),
        (["--bundle", str(shipped_bundle), str(CAT), "..."], "no words"),
        (["--bundle", str(shipped_bundle), "nowhere.jpg", "a dog"], "nowhere.jpg"),
    ):
        assert main.main(["match", *arguments]) == 2
        assert error in capsys.readouterr().err
