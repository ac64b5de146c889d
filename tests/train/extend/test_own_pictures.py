"""Extending a bundle by the words of one's own pictures, and installing it."""

import csv
import shutil
from dataclasses import replace

import pytest

from image_describer.captioner.bundle import ENCODER, MANIFEST, open_bundle
from image_describer.captioner.describer import Describer
from image_describer.errors import TrainingError
from image_describer.train.__main__ import main
from image_describer.train.data.formats.csv import read_own
from image_describer.train.export import bundle as bundles
from image_describer.train.export import litert
from image_describer.train.extend import own_pictures
from image_describer.train.extend.own_pictures import Comparison
from tests.support import tiny

BETTER = {"word loss": 1.9, "CIDEr": 0.6}


@pytest.fixture
def folder(tiny_data, tmp_path):
    """The tiny pictures with captions in words that the bundle doesn't know."""
    folder = tmp_path / "my pictures"
    shutil.copytree(tiny_data / "Flicker8k_Dataset", folder)
    with (folder / "captions.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["file", "caption"])
        for number in range(tiny.PICTURES):
            color = tiny.COLOURS[number % 3]
            table.writerow([f"picture{number}.jpg", f"A {color} curtain, quite bright."])
            table.writerow([f"picture{number}.jpg", f"The {color} curtain"])
    return folder


@pytest.fixture
def bundle(tiny_bundle, tmp_path, monkeypatch):
    """A copy of the tiny bundle as the one in use."""
    used = shutil.copytree(tiny_bundle, tmp_path / "used" / "models")
    monkeypatch.setenv("IMAGE_DESCRIBER_BUNDLE", str(used))
    return used


@pytest.fixture
def comparison(tiny_bundle, monkeypatch):
    """What `compare` returns, without training; tests can change it."""
    before = {"word loss": 2.0, "CIDEr": 0.5}
    result = [Comparison(40, 10, ("curtain",), 0, before, dict(BETTER), tiny_bundle)]
    monkeypatch.setattr(own_pictures, "compare", lambda *_: result[0])
    return result


def write_captions(folder, *rows):
    text = "\n".join(["file,caption", *rows]) + "\n"
    (folder / "captions.csv").write_text(text, encoding="utf-8")


@pytest.mark.slow
def test_the_command_adds_words_installs_and_restores(
    folder, bundle, tmp_path, capsys, monkeypatch
):
    monkeypatch.setattr(own_pictures.evaluate, "has_java", lambda: False)  # it starts slowly
    monkeypatch.setattr(own_pictures.new_words, "PENALTY", 0.001)  # so few pictures need
    before = open_bundle(bundle).manifest
    command = ["extend", "words", "--data", str(folder), "--runs", str(tmp_path / "runs")]
    assert main([*command, "--install"]) == 0
    summary = capsys.readouterr().out
    assert "Trained on 19 pictures and compared on 5 others:" in summary
    assert "New words: curtain, bright, quite" in summary
    assert f"It is installed in {bundle}. The old one is in {bundles.previous(bundle)}" in summary
    installed = open_bundle(bundle)
    assert installed.manifest["name"] == "tiny, tuned"
    assert installed.tokenizer["words"][-3:] == ["curtain", "bright", "quite"]
    for section in ("confidence", "decode", "input", "regions"):
        assert installed.manifest[section] == before[section]
    assert installed.manifest["files"][ENCODER] == before["files"][ENCODER]
    assert "3 words were added" in installed.manifest["made"]["note"]
    assert installed.manifest["made"]["data"][-1]["set"] == "my pictures"
    describer = Describer(bundle)
    captions = [describer.describe(folder / f"picture{n}.jpg").caption.split() for n in range(6)]
    assert sum("curtain" in words for words in captions) >= 3
    assert main(["restore"]) == 0
    assert open_bundle(bundle).manifest == before
    assert [path.name for path in bundle.parent.iterdir()] == ["models"]


def test_a_better_model_is_installed_if_asked_for(comparison, folder, bundle, tmp_path):
    summary, done = own_pictures.tune(folder, tmp_path, None, install=False)
    assert done
    assert "repeat the command with --install" in summary
    assert not bundles.previous(bundle).exists()
    summary, done = own_pictures.tune(folder, tmp_path, None, install=True)
    assert done
    assert f"It is installed in {bundle}." in summary
    assert bundles.previous(bundle).exists()


def test_it_is_installed_in_the_bundle_that_was_given(comparison, folder, bundle, tmp_path):
    other = shutil.copytree(bundle, tmp_path / "other")
    own_pictures.tune(folder, tmp_path, other, install=True)
    assert bundles.previous(other).exists()
    assert not bundles.previous(bundle).exists()


@pytest.mark.parametrize("worse", [{"word loss": 2.1}, {"word loss": 2.0}, {"CIDEr": 0.4}])
def test_a_worse_model_is_not_installed(comparison, worse, folder, bundle, tmp_path):
    comparison[0] = replace(comparison[0], after=BETTER | worse)
    before = (bundle / MANIFEST).read_bytes()
    summary, done = own_pictures.tune(folder, tmp_path, None, install=True)
    assert not done
    assert "Nothing was installed: the old model stays in use." in summary
    assert (bundle / MANIFEST).read_bytes() == before
    assert not bundles.previous(bundle).exists()
    summary, done = own_pictures.tune(folder, tmp_path, None, install=False)
    assert done
    assert "--install" not in summary


def test_the_summary_says_what_limits_it(comparison):
    words = tuple(f"word{number}" for number in range(25))
    compared = replace(comparison[0], words=words, rare=3)
    summary = str(compared)
    assert "With only 10 pictures, the differences may be chance." in summary
    assert "word19, ..." in summary
    assert "contain them: 3" in summary
    assert "chance" not in str(replace(compared, held_out=own_pictures.FEW_PICTURES))


def test_words_are_learned_from_two_captions_that_are_not_cut_before_them(folder, bundle):
    old = open_bundle(bundle)
    late = "red " * old.tokenizer["max_length"] + "late"
    too_long = "w" * 5_000
    write_captions(
        folder, *(f"picture{n}.jpg,A red curtain {late} {n}" for n in range(10)),
        *(f"picture{n}.jpg,Many zeppelins {too_long}" for n in range(10)),
        "picture1.jpg,A chimney chimney", "picture2.jpg,A red square",
    )  # fmt: skip
    data = read_own(folder)
    data.splits["train"] = sorted(data.captions)
    vocabulary, words, rare = own_pictures._extended_vocabulary(old, data)
    assert words == ["curtain", "many", "zeppelins"]
    assert vocabulary.words == (*old.tokenizer["words"], *words)
    assert rare == 1


def test_pictures_that_the_program_cannot_open_are_left_out(folder):
    data = read_own(folder)
    key = data.splits["dev"][0]
    (folder / key).write_bytes(b"no picture")
    readable = own_pictures._without_unreadable(data, folder)
    assert readable.splits["train"] == data.splits["train"]
    assert readable.splits["dev"] == data.splits["dev"][1:]
    assert f"{key} is left out:" in readable.problems[-1]
    for key in data.splits["dev"]:
        (folder / key).write_bytes(b"no picture")
    with pytest.raises(TrainingError, match="Too few pictures in"):
        own_pictures._without_unreadable(data, folder)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (None, "0 CSV files"),
        ([f"picture{n}.jpg,A red square" for n in range(6)], "no word that the model doesn't know"),
        (["picture0.jpg,One"], "has captions for 1 pictures; the minimum is 5"),
    ],
)
def test_unusable_folders_are_refused_in_one_line(folder, bundle, rows, message, capsys):
    (folder / "captions.csv").unlink()
    if rows is not None:
        write_captions(folder, *rows)
    assert main(["extend", "words", "--data", str(folder)]) == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert message in lines[-1]


def test_a_bundle_with_another_network_is_refused(folder, bundle, tmp_path, monkeypatch):
    monkeypatch.setattr(litert, "export_decoder", lambda *_: pytest.fail("it was not refused"))
    old = open_bundle(bundle)
    (bundle / "decoder.tflite").write_bytes(old.path(ENCODER).read_bytes())
    own_pictures.write_manifest(bundle, old.manifest)
    with pytest.raises(TrainingError, match="does not contain an attention LSTM"):
        own_pictures.compare(folder, tmp_path, None)


def test_another_backend_is_refused_before_the_work(folder, bundle, tmp_path, monkeypatch):
    monkeypatch.setattr(own_pictures.keras.backend, "backend", lambda: "jax")
    with pytest.raises(TrainingError, match="KERAS_BACKEND=tensorflow"):
        own_pictures.compare(folder, tmp_path, None)
