"""Tuning by one's own pictures, from a folder with a CSV to an installed bundle and back."""

import csv
import shutil

import numpy as np
import pytest

from image_describer.captioner.bundle import open_bundle
from image_describer.captioner.describer import Describer
from image_describer.train import __main__ as command
from image_describer.train.data.formats.csv import read_own
from image_describer.train.export import bundle as install
from image_describer.train.extend import own_pictures
from image_describer.train.extend.new_words import Tuning
from image_describer.train.models.bundle_weights import decoder_weights
from tests.support import tiny

QUICK = Tuning(rounds=1000, rate=0.1, decay=0.001, mirror=False)


@pytest.fixture
def folder(tiny_data, tmp_path):
    """The tiny pictures with captions of a user's own, in words that the bundle doesn't know."""
    made = tmp_path / "my pictures"
    made.mkdir()
    with (made / "captions.csv").open("w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow(["file", "caption"])
        for number in range(tiny.PICTURES):
            name = f"picture{number}.jpg"
            shutil.copyfile(tiny_data / "Flicker8k_Dataset" / name, made / name)
            colour = tiny.COLOURS[number % 3]
            out.writerow([name, f"A {colour} curtain, quite bright."])
            out.writerow([name, f"The {colour} curtain"])
    return made


@pytest.fixture
def bundle(tiny_bundle, tmp_path, monkeypatch):
    """A copy of the tiny bundle as the one that is used."""
    used = tmp_path / "used" / "models"
    shutil.copytree(tiny_bundle, used)
    monkeypatch.setenv("IMAGE_DESCRIBER_BUNDLE", str(used))
    return used


@pytest.mark.slow
def test_the_decoder_of_a_bundle_comes_back_from_int8(tiny_bundle, tiny_run):
    weights = decoder_weights(open_bundle(tiny_bundle))
    with np.load(tiny_run / "runs" / "tiny" / "whole.npz") as arrays:
        trained = [arrays[key] for key in arrays.files if key.startswith("model/")]
    for key in ("embed/embeddings", "to_words/kernel", "language_gates/kernel", "to_query/kernel"):
        same_shape = [a for a in trained if a.shape == weights[key].shape]
        nearest = min(np.abs(a - weights[key]).max() for a in same_shape)
        assert nearest <= np.abs(weights[key]).max() / 127 + 1e-6, key


@pytest.mark.slow
def test_tuned_bundles_know_the_new_words_better_and_nothing_is_installed(folder, bundle, tmp_path):
    before = (bundle / "manifest.json").read_bytes()
    compared = own_pictures.compare(folder, tmp_path / "runs", None, QUICK)
    assert {"curtain", "quite", "bright"} <= set(compared.new_words)
    assert compared.after["word loss"] < 0.6 * compared.before["word loss"]
    # CIDEr can't tell: words that every held-out caption has weigh nothing in it.
    assert compared.after["BLEU-1"] > compared.before["BLEU-1"] + 0.1
    assert compared.after["CIDEr"] >= compared.before["CIDEr"]
    assert not compared.worse
    assert compared.pictures + compared.trained_on == tiny.PICTURES
    tuned_one = Describer(compared.draft)
    said = [tuned_one.describe(folder / f"picture{n}.jpg").caption.split() for n in range(6)]
    assert sum("curtain" in words for words in said) >= 3
    tuned, old = open_bundle(compared.draft).manifest, open_bundle(bundle).manifest
    assert tuned["confidence"] == old["confidence"]
    assert tuned["decode"] == old["decode"]
    assert tuned["files"]["encoder.tflite"] == old["files"]["encoder.tflite"]
    assert (bundle / "manifest.json").read_bytes() == before
    assert not install.previous(bundle).exists()
    told = str(compared)
    assert "word loss" in told
    assert "are few" in told
    assert "curtain" in told


@pytest.mark.parametrize("worse", ["word loss", "CIDEr"])
def test_a_model_that_does_worse_is_told_and_not_installed(
    worse, folder, bundle, tiny_bundle, tmp_path, monkeypatch, capsys
):
    def compare(*_):
        before, after = {"word loss": 2.0, "CIDEr": 0.5}, {"word loss": 1.9, "CIDEr": 0.6}
        after[worse] = {"word loss": 2.1, "CIDEr": 0.4}[worse]
        return own_pictures.Compared(10, 40, ("curtain",), before, after, tiny_bundle)

    monkeypatch.setattr(own_pictures, "compare", compare)
    before = (bundle / "manifest.json").read_bytes()
    words = ["--from", "bundled", "--data", str(folder), "--runs", str(tmp_path / "runs")]
    assert command.main([*words, "--install"]) == 2
    told = capsys.readouterr().out
    assert "it is not worth it" in told
    assert "Nothing was installed: the old one stays in use." in told
    assert (bundle / "manifest.json").read_bytes() == before
    assert not install.previous(bundle).exists()
    assert command.main(words) == 0
    assert "--install" not in capsys.readouterr().out


def test_words_that_one_caption_holds_are_not_learnt(folder, bundle):
    lines = ["file,caption"] + [f"picture{n}.jpg,A red curtain" for n in range(10)]
    lines[1] += " behind a zeppelin zeppelin"
    (folder / "captions.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    _, new = own_pictures._words(open_bundle(bundle), read_own(folder))
    assert new == ["curtain"]


@pytest.mark.slow
def test_the_command_installs_and_restores(folder, bundle, tmp_path, capsys):
    before = (bundle / "manifest.json").read_bytes()
    words = ["--from", "bundled", "--data", str(folder), "--runs", str(tmp_path / "runs")]
    assert command.main(words) == 0
    assert "It is not in use." in capsys.readouterr().out
    assert (bundle / "manifest.json").read_bytes() == before
    assert command.main([*words, "--install"]) == 0
    assert "It is in use from now on" in capsys.readouterr().out
    assert open_bundle(bundle).manifest["name"] == "tiny, tuned"
    assert "curtain" in open_bundle(bundle).tokenizer["words"]
    assert (install.previous(bundle) / "manifest.json").read_bytes() == before
    assert command.main(["--restore"]) == 0
    assert (bundle / "manifest.json").read_bytes() == before
    assert not install.previous(bundle).exists()
    assert command.main(["--restore"]) == 2
    assert "No earlier model is kept" in capsys.readouterr().err
    assert [p.name for p in bundle.parent.iterdir()] == ["models"]  # no draft is left behind


def test_a_table_of_an_office_program_is_read_and_its_faults_are_counted(folder):
    text = "\ufeffFile;Caption\r\n" + "".join(
        f"picture{n}.jpg;Eine rote Wand; ganz nah\r\n" for n in range(8)
    )
    text += "absent.jpg;Nothing\r\npicture9.jpg\r\npicture9.jpg; \r\n"
    (folder / "captions.csv").write_text(text, encoding="utf-8")
    data = read_own(folder)
    assert len(data.captions) == 8
    assert data.captions["picture0.jpg"] == ["Eine rote Wand, ganz nah"]
    assert not set(data.splits["train"]) & set(data.splits["dev"])
    told = " ".join(data.problems)
    assert "absent.jpg" in told
    assert "2 lines" in told
    assert "pictures have no caption" in told


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "no CSV file"),
        (
            "file,caption\n" + "".join(f"picture{n}.jpg,A red square\n" for n in range(6)),
            "hold no word that the model doesn't know",
        ),
        ("", "has no columns 'file' and 'caption'"),
        ("a,b\nc,d\n", "has no columns 'file' and 'caption'"),
        ("file,caption\n", "has no caption for any picture"),
        ("file,caption\npicture0.jpg,One\n", "has captions for 1 pictures; 5 is the least"),
    ],
)
def test_what_is_wrong_with_the_folder_is_one_sentence(folder, bundle, content, told, capsys):
    (folder / "captions.csv").unlink()
    if content is not None:
        (folder / "captions.csv").write_text(content)
    assert command.main(["--from", "bundled", "--data", str(folder)]) == 2
    said = capsys.readouterr().err.strip()
    assert told in said
    assert len(said.splitlines()) == 1
