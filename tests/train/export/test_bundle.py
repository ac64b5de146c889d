"""Drafts of bundles, what their manifest and card say, and installing them."""

import json
import shutil
import subprocess
from dataclasses import replace

import numpy as np
import pytest

from image_describer import paths
from image_describer.captioner.bundle import FORMAT, MANIFEST, NOVELTY, ORIENTATION, open_bundle
from image_describer.errors import BundleError, TrainingError
from image_describer.train import recipe
from image_describer.train.export import bundle as bundles
from image_describer.train.export import model_card
from tests.support import bundle_parts

SOURCES = [
    {"set": "flickr8k", "format": "flickr8k", "pictures": 7_091, "captions": 35_452, "sha256": "0"},
    {"set": "my|own", "format": "csv", "pictures": 12, "captions": 24, "sha256": "1"},
]
MADE = {"command": "python -m image_describer.train --data d", "commit": "abc-dirty", "seed": 7,
        "backend": "jax", "packages": {"keras": "3.15"}, "data": SOURCES}  # fmt: skip


@pytest.fixture
def folder(tiny_bundle, tmp_path):
    """A bundle with one optional part."""
    folder = shutil.copytree(tiny_bundle, tmp_path / "home" / "models")
    channels = open_bundle(folder).manifest["regions"]["channels"]
    weights = np.zeros(channels + 1, np.float32)
    numbers = {"usual": -0.5, "photograph_limit": 0.0}
    return bundle_parts.put_array(folder, NOVELTY, weights, novelty=numbers)


def fields(tiny_bundle):
    manifest = open_bundle(tiny_bundle).manifest
    return {key: manifest[key] for key in ("input", "regions", "decode")}


def test_an_installed_bundle_keeps_the_one_before_with_all_its_parts(tiny_bundle, folder):
    before = open_bundle(folder).manifest
    assert bundles.install(tiny_bundle, folder) == folder.with_name("models.previous")
    assert NOVELTY not in open_bundle(folder).manifest["files"]
    assert open_bundle(bundles.previous(folder)).manifest == before
    assert bundles.restore(folder) == f"The model from before is back: {folder}."
    assert open_bundle(folder).manifest == before
    assert not bundles.previous(folder).exists()
    with pytest.raises(TrainingError, match="No earlier model is kept"):
        bundles.restore(folder)


def test_every_install_keeps_the_one_before_it(tiny_bundle, folder):
    for _ in range(2):
        bundles.install(tiny_bundle, folder)
    assert open_bundle(folder).manifest == open_bundle(bundles.previous(folder)).manifest
    assert {path.name for path in folder.parent.iterdir()} == {"models", "models.previous"}


def test_a_damaged_draft_replaces_nothing(tiny_bundle, folder, tmp_path):
    draft = shutil.copytree(tiny_bundle, tmp_path / "draft")
    (draft / "decoder.tflite").write_bytes(b"no")
    with pytest.raises(BundleError):
        bundles.install(draft, folder)
    assert NOVELTY in open_bundle(folder).manifest["files"]
    assert not bundles.previous(folder).exists()


@pytest.mark.parametrize("name", ["models", "models.previous"])
def test_a_folder_with_other_files_is_not_replaced(tiny_bundle, tmp_path, name):
    (tmp_path / name).mkdir()
    (tmp_path / name / "letter.txt").write_text("mine")
    with pytest.raises(TrainingError, match="has other files"):
        bundles.install(tiny_bundle, tmp_path / "models")
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["letter.txt"]


def test_a_disk_that_fills_leaves_the_bundle_as_it_was(tiny_bundle, folder, monkeypatch):
    before = (folder / MANIFEST).read_bytes()

    def full(path, content):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(bundles.bundle_files, "write", full)
    with pytest.raises(TrainingError, match="No space left on device"):
        bundles.install(tiny_bundle, folder)
    assert (folder / MANIFEST).read_bytes() == before
    assert [path.name for path in folder.parent.iterdir()] == ["models"]


def test_the_users_own_folder_is_used_if_the_shipped_model_cannot_be_replaced(
    tiny_bundle, tmp_path, monkeypatch
):
    shipped = shutil.copytree(tiny_bundle, tmp_path / "site" / "models")
    monkeypatch.delenv("IMAGE_DESCRIBER_BUNDLE", raising=False)
    monkeypatch.setattr(paths, "own_bundle_folder", lambda: tmp_path / "user" / "models")
    monkeypatch.setattr(paths, "_shipped", lambda name: shipped)
    monkeypatch.setattr(bundles, "_is_writable", lambda folder: False)  # root may write anywhere
    own = bundles.install_folder(paths.bundle_folder())
    assert own == tmp_path / "user" / "models"
    bundles.install(tiny_bundle, own)
    assert paths.bundle_folder() == own
    bundles.restore(paths.bundle_folder())
    assert paths.bundle_folder() == shipped
    with pytest.raises(TrainingError):
        bundles.restore(paths.bundle_folder())


def test_an_update_writes_files_and_sections_and_keeps_the_rest(folder):
    before = open_bundle(folder).manifest
    bundles.update(folder, {ORIENTATION: b"content"}, {"orientation": {"threshold": 0.5}})
    after = open_bundle(folder).manifest
    assert (folder / ORIENTATION).read_bytes() == b"content"
    assert after["orientation"] == {"threshold": 0.5}
    same = set(before) - {"files"}
    assert {key: after[key] for key in same} == {key: before[key] for key in same}
    assert ORIENTATION in (folder / model_card.NAME).read_text("utf-8")


def test_an_update_gives_a_bundle_of_format_1_the_new_names(folder):
    manifest = json.loads((folder / MANIFEST).read_text("utf-8"))
    manifest["files"]["unlike.npy"] = manifest["files"].pop(NOVELTY)
    manifest["unlike"] = {"usual": -0.5, "doubt": manifest.pop("novelty")["photograph_limit"]}
    (folder / NOVELTY).rename(folder / "unlike.npy")
    (folder / MANIFEST).write_text(json.dumps({**manifest, "format": 1}), "utf-8")
    bundles.update(folder, {}, {"name": "updated"})
    bundle = open_bundle(folder)
    assert not bundle.old_names
    assert bundle.manifest["format"] == FORMAT
    assert (folder / NOVELTY).exists()
    assert not (folder / "unlike.npy").exists()


def test_an_update_on_a_full_disk_leaves_the_bundle_as_it_was(folder, monkeypatch):
    def full(path, content):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(bundles.bundle_files, "write", full)
    before = (folder / MANIFEST).read_bytes()
    with pytest.raises(TrainingError, match="No space left on device"):
        bundles.update(folder, {ORIENTATION: b"content"}, {})
    assert (folder / MANIFEST).read_bytes() == before


def test_a_draft_has_no_parts_that_were_fitted_to_another_encoder(tiny_bundle, folder):
    (folder / ORIENTATION).write_bytes(b"an unlisted part")
    draft = bundles.write_draft(folder, recipe.load("best"), fields(tiny_bundle), MADE)
    assert json.loads(json.dumps(draft)) == open_bundle(folder).manifest
    assert draft["made"] == MADE
    assert draft["recipe"]["network"]["kind"] == "attention-lstm"
    assert {path.name for path in folder.iterdir()} == {*draft["files"], MANIFEST, model_card.NAME}
    assert NOVELTY not in draft["files"]


def test_the_card_says_how_the_bundle_was_made_and_from_what(tiny_bundle, folder):
    chosen = recipe.load("best")
    chosen = replace(chosen, features=replace(chosen.features, encoder="resnet50"))
    bundles.write_draft(folder, chosen, fields(tiny_bundle), MADE)
    card = (folder / model_card.NAME).read_text("utf-8")
    for text in (
        "ResNet50 and a two-layer LSTM with attention",
        "`python -m image_describer.train --data d`",
        "| commit | abc-dirty |",
        "| backend | jax |",
        "| packages | keras 3.15 |",
        "| flickr8k | flickr8k | 7,091 | 35,452 |",
        "| my\\|own | csv | 12 | 24 |",
        "Hodosh",
        "Not measured.",
    ):
        assert text in card
    assert "blocks" not in card.split("## How it was made")[0]
    assert max(len(line) for line in card.splitlines() if line[:1] != "|") <= 100


def test_the_shipped_card_is_up_to_date(shipped_bundle, tmp_path):
    model_card.write(tmp_path / "card", open_bundle(shipped_bundle).manifest)
    assert (shipped_bundle / model_card.NAME).read_bytes() == (tmp_path / "card").read_bytes()


def git(folder, *words):
    author = ("-c", "user.name=a", "-c", "user.email=a@b.example")
    subprocess.run(["git", "-C", folder, *author, *words], check=True, capture_output=True)


def test_the_commit_is_that_of_the_checkout(tmp_path):
    git(tmp_path, "init", "-q")
    (tmp_path / "file").write_text("one")
    git(tmp_path, "add", "file")
    git(tmp_path, "commit", "-q", "-m", "one")
    clean = bundles._commit(tmp_path)
    assert len(clean) == 40
    (tmp_path / "untracked").write_text("other")
    assert bundles._commit(tmp_path) == clean
    (tmp_path / "file").write_text("two")
    assert bundles._commit(tmp_path) == f"{clean}-dirty"
    (tmp_path / "site-packages").mkdir()
    assert bundles._commit(tmp_path / "site-packages") == ""
    assert bundles._commit(tmp_path / "nowhere") == ""


def test_made_can_be_written_into_a_manifest():
    found = bundles.made("a command", 3, SOURCES, backend="torch")
    assert json.loads(json.dumps(found)) == found
    assert (found["seed"], found["backend"], found["data"]) == (3, "torch", SOURCES)
    assert {"keras", "numpy"} <= found["packages"].keys()


def test_another_language_leaves_the_files_of_english_as_they_are(tiny_bundle, tmp_path):
    base, folder = open_bundle(tiny_bundle), tmp_path / "bundle"
    folder.mkdir()
    bundles.copy(base, folder)
    (folder / "decoder.de.tflite").write_bytes(b"German")  # over the one that was there
    (folder / "ngram_prior.de.npz").write_bytes(b"of another tokenizer")
    decode = {"decode": {"beams": 3, "max_length": 9, "length_norm": 0.0}}
    added = bundles.add_language(folder, base, "de", recipe.load("german"), decode, MADE)
    assert json.loads(json.dumps(added)) == open_bundle(folder).manifest
    section = open_bundle(folder).manifest["languages"]["de"]
    assert (section["name"], section["made"]) == ("german", MADE)
    assert section["decode"] == decode["decode"]
    assert {k: v for k, v in added.items() if k not in ("files", "languages")} == {
        k: v for k, v in base.manifest.items() if k not in ("files", "languages")
    }
    english = {k: v for k, v in base.manifest["files"].items() if ".de." not in k}
    assert english.items() <= added["files"].items()
    assert not (folder / "ngram_prior.de.npz").exists()

    bundles.update(
        folder, {"ngram_prior.de.npz": b"prior"}, {"metrics": {"dev": {"CIDEr": 0.4}}}, "de"
    )
    updated = open_bundle(folder).manifest
    assert updated["languages"]["de"] == {**section, "metrics": {"dev": {"CIDEr": 0.4}}}
    assert updated["metrics"] == base.manifest["metrics"]
    card = (folder / model_card.NAME).read_text("utf-8")
    for text in ("## German", "| CIDEr | 0.4 |", "ids (German)", "language de, rules german"):
        assert text in card
    assert max(len(line) for line in card.splitlines() if line[:1] != "|") <= 100
