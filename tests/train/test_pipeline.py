"""One run of all stages by the real command, and what can be done with what it leaves."""

import json
import re
import shutil

import keras
import numpy as np
import pytest

from image_describer.captioner import bundle as bundle_format
from image_describer.captioner.bundle import open_bundle
from image_describer.captioner.describer import Describer
from image_describer.train.__main__ import main
from image_describer.train.evaluate import captions
from image_describer.train.fit.log import TrainingLog
from tests.support import tiny

pytestmark = pytest.mark.slow

CHATTER = re.compile(
    r"onednn|cuda|absl|warning|tensorflow|retracing|port\.cc|xnnpack|traceback", re.IGNORECASE
)


@pytest.fixture(scope="module")
def manifest(tiny_run):
    return open_bundle(tiny_run / "bundle").manifest


@pytest.fixture
def folder(tiny_run, tmp_path, monkeypatch):
    """A copy of the run's files that tests can change; evaluated without Java, which is slow."""
    monkeypatch.setattr(captions, "has_java", lambda: False)
    for name in ("runs", "results"):
        shutil.copytree(tiny_run / name, tmp_path / name)
    return tmp_path


def command(tiny_run, folder, *words):
    """Run a command on the run in ``folder``, in this process."""
    full = tiny.train_command(tiny.ALL_STAGES, tiny_run / "data", folder, *words)
    return main(full[3:])


def content(folder):
    files = (file for file in folder.rglob("*") if file.is_file())
    return {str(file.relative_to(folder)): file.read_bytes() for file in files}


def test_the_output_is_one_line_a_stage_or_an_epoch_and_figures(tiny_run, manifest):
    lines = (tiny_run / "stderr").read_text("utf-8").splitlines()
    assert not [line for line in lines if CHATTER.search(line) or "\r" in line or "%|" in line]
    stages = [line.split(":")[0] for line in lines if re.match(r"[a-z]+: [a-z]", line)]
    assert stages == ["data", "features", "fit", "export", "heads", "evaluate", "report"]
    assert len(lines) < 40
    (printed,) = (tiny_run / "stdout").read_text("utf-8").splitlines()
    assert json.loads(printed)["dev"]["BLEU-4"] == manifest["metrics"]["dev"]["BLEU-4"]


def test_the_bundle_has_every_part_of_the_recipe_and_describes(tiny_run, manifest):
    parts = (
        bundle_format.ENCODER, bundle_format.DECODER, bundle_format.TOKENIZER,
        bundle_format.JOINT_SPACE, bundle_format.NGRAM_PRIOR, bundle_format.ORIENTATION,
    )  # fmt: skip
    assert set(manifest["files"]) == set(parts)
    assert {"joint_space", "orientation", "confidence"} <= manifest.keys()
    picture = tiny_run / "data" / "squares" / "Flicker8k_Dataset" / "picture0.jpg"
    description = Describer(tiny_run / "bundle").describe(picture)
    known = set(open_bundle(tiny_run / "bundle").tokenizer["words"])
    assert set(description.caption.split()) <= known
    assert {"purple", "bar", "square"} <= known  # from sentences, COCO's JSON and Flickr8k's files
    assert 0.0 <= description.confidence <= 1.0
    for name in (bundle_format.ENCODER, bundle_format.DECODER, bundle_format.JOINT_SPACE):
        assert b"Flex" not in (tiny_run / "bundle" / name).read_bytes()  # only built-in operators


def test_the_manifest_says_how_the_bundle_was_made(tiny_run, manifest):
    made = manifest["made"]
    assert made["command"].startswith("python -m image_describer.train --recipe ")
    assert re.fullmatch(r"([0-9a-f]{40}(-dirty)?)?", made["commit"])
    assert (made["seed"], made["backend"]) == (3, "tensorflow")
    assert made["packages"]["keras"] == keras.__version__
    sets = {source["set"]: source for source in made["data"]}
    assert list(sets) == [
        "squares", "bars", "bars/uncaptioned.json", "sentences.txt", "labels.npz",
    ]  # fmt: skip
    assert (sets["squares"]["format"], sets["bars"]["format"]) == ("flickr8k", "coco")
    assert all(len(source["sha256"]) == 64 for source in sets.values())
    assert manifest["recipe"]["fit"]["epochs"] == 3


def test_the_sets_are_mixed_with_their_weights(tiny_run):
    data = json.loads((tiny_run / "runs" / "tiny_all" / "data.json").read_text("utf-8"))
    assert data["pictures"] == {"train": 18 + 6, "dev": 6 + 3, "uncaptioned": 3}
    assert (data["sentences"], data["labels"]) == (64, 4)
    fit = TrainingLog.read(tiny_run / "runs" / "tiny_all" / "fit.jsonl")
    # 18 squares, 6 bars twice, and 3 pictures with pseudo-captions, in batches of 6.
    assert [record["step"] for record in fit] == [5, 10, 15]
    assert all(record["label_loss"] > 0 for record in fit)
    (reward,) = TrainingLog.read(tiny_run / "runs" / "tiny_all" / "reward.jsonl")
    assert reward["step"] == 5  # pseudo-captioned pictures too
    assert {"reward", "dev_reward"} <= reward.keys()


def test_pictures_without_captions_get_some_that_later_stages_use_again(tiny_run, folder, capsys):
    runs = folder / "runs" / "tiny_all"
    chosen = json.loads((runs / "pseudo_captions.json").read_text("utf-8"))["captions"]
    assert [len(captions) for captions in chosen.values()] == [3, 3, 3]
    before = (runs / "vocabulary.json").read_bytes()
    assert command(tiny_run, folder, "data") == 0
    assert (runs / "vocabulary.json").read_bytes() == before
    data = json.loads((runs / "data.json").read_text("utf-8"))
    assert data["pictures"] == {"train": 18 + 6, "dev": 6 + 3, "uncaptioned": 3}


def test_captions_are_chosen_without_features_that_are_kept(tiny_run, folder, capsys):
    shutil.copy(tiny.ALL_STAGES.parent / "tiny.toml", folder)
    recipe = folder / "tiny_all.toml"
    text = tiny.ALL_STAGES.read_text("utf-8")
    assert "[features]\n" in text
    assert "cache_features" not in text
    recipe.write_text(text.replace("[features]\n", "[features]\ncache_features = false\n"))
    (folder / "runs" / "tiny_all" / "pseudo_captions.json").unlink()
    full = tiny.train_command(recipe, tiny_run / "data", folder, "features")
    assert main(full[3:]) == 0
    written = (folder / "runs" / "tiny_all" / "pseudo_captions.json").read_text("utf-8")
    assert [len(captions) for captions in json.loads(written)["captions"].values()] == [3, 3, 3]


def test_the_exported_weights_are_between_the_first_and_the_last(tiny_run):
    from image_describer.train.captioning import Captioning
    from image_describer.train.fit import checkpoint
    from image_describer.train.recipe import load
    from image_describer.train.run import Options, Run

    runs = tiny_run / "runs"
    system = Captioning(Run(load(str(tiny.ALL_STAGES)), Options(tiny_run / "data", runs)))
    model = system.build("float32")
    first = [np.asarray(weight).copy() for weight in model.weights]
    checkpoint.load_weights(runs / "tiny_all" / "reward.weights.npz", model)
    last = [np.asarray(weight) for weight in model.weights]
    found = [np.asarray(weight) for weight in system.trained().weights]
    for before, after, between in zip(first, last, found, strict=True):
        np.testing.assert_allclose(between, 0.1 * before + 0.9 * after, atol=1e-6)
    assert any(not np.array_equal(one, other) for one, other in zip(first, last, strict=True))


def test_results_have_figures_of_each_set_and_a_page(tiny_run, manifest):
    results = tiny_run / "results" / "tiny_all"
    metrics = json.loads((results / "metrics.json").read_text("utf-8"))
    assert metrics["made"] == manifest["made"]
    pictures = {split: found["pictures"] for split, found in metrics["metrics"].items()}
    assert pictures == {"dev": 9, "dev/squares": 6, "dev/bars": 3}
    measures = {"CIDEr", "different words", "doubtful word", "captions of a picture: R@1"}
    measures |= {"METEOR"} if captions.has_java() else set()
    assert measures <= metrics["metrics"]["dev"].keys()
    names = {file.name for file in results.iterdir()}
    assert {"fit.jsonl", "reward.jsonl", "captions.json", "confidence.json", "report.md",
            "losses.png", "orientation.json", "joint_space.json"} <= names  # fmt: skip
    assert "tiny_all" in (tiny_run / "results" / "README.md").read_text("utf-8")
    card = (tiny_run / "bundle" / "MODEL_CARD.md").read_text("utf-8")
    assert str(manifest["metrics"]["dev"]["BLEU-1"]) in card


def test_each_stage_runs_alone_and_leaves_the_same(tiny_run, folder, capsys):
    for stage in ("data", "features", "fit", "heads", "evaluate", "report"):
        assert command(tiny_run, folder, stage, "--resume") == 0
    printed = capsys.readouterr().out.splitlines()
    assert json.loads(printed[0])["pictures"]["train"] == 24
    last = TrainingLog.read(tiny_run / "runs" / "tiny_all" / "fit.jsonl")[-1]
    assert json.loads(printed[2])["fit"] == last
    assert json.loads(printed[4]).keys() == {"dev", "dev/squares", "dev/bars"}
    before, after = (content(f / "runs" / "tiny_all") for f in (tiny_run, folder))
    assert after.keys() == before.keys()
    assert after["fit.weights.npz"] == before["fit.weights.npz"]
    assert (folder / "results" / "tiny_all" / "report.md").exists()


def test_a_finished_run_is_neither_overwritten_nor_installed_over_anything(
    tiny_run, folder, capsys
):
    before = content(folder)
    assert command(tiny_run, folder, "fit") == 2
    assert re.search(r"already a run in .*--resume.*--overwrite", capsys.readouterr().err)
    after = content(folder)
    assert {name: after[name] for name in before if "tiny_all/fit" in name} == {
        name: value for name, value in before.items() if "tiny_all/fit" in name
    }


def test_installing_twice_keeps_the_bundle_before_with_all_its_parts(tiny_run, folder):
    shutil.copytree(tiny_run / "bundle", folder / "bundle")
    before = content(folder / "bundle")
    assert command(tiny_run, folder, "evaluate") == 0
    assert content(folder / "bundle.previous") == before
    installed = open_bundle(folder / "bundle").manifest
    assert (
        installed["files"].keys()
        == open_bundle(folder / "bundle.previous").manifest["files"].keys()
    )
    assert main(["restore", "--bundle", str(folder / "bundle")]) == 0
    assert content(folder / "bundle") == before


def test_a_part_can_be_fitted_again(tiny_run, folder, capsys):
    bundle = shutil.copytree(tiny_run / "bundle", folder / "other")
    file = bundle / bundle_format.ORIENTATION
    before = file.read_bytes()
    words = ["extend", "orientation", "--bundle", str(bundle), "--recipe", str(tiny.ALL_STAGES)]
    words += ["--data", str(tiny_run / "data"), "--runs", str(folder / "runs")]
    assert main(words) == 0
    assert "false_alarms" in json.loads(capsys.readouterr().out)["orientation"]
    manifest = open_bundle(bundle).manifest
    assert manifest["files"].keys() == open_bundle(tiny_run / "bundle").manifest["files"].keys()
    assert len(file.read_bytes()) == len(before)


def test_a_stage_of_tensorflow_runs_from_another_backend(tiny_run, folder):
    pytest.importorskip("jax")
    bundle = folder / "runs" / "tiny_all" / "bundle"
    shutil.rmtree(bundle)
    words = tiny.train_command(tiny.ALL_STAGES, tiny_run / "data", folder, "export")
    done = tiny.run(words, KERAS_BACKEND="jax")
    assert done.returncode == 0, done.stderr
    original = tiny_run / "bundle"
    for name in (bundle_format.ENCODER, bundle_format.DECODER):
        assert (bundle / name).stat().st_size == (original / name).stat().st_size
    # What is known of the training stays: it was in TensorFlow.
    assert open_bundle(bundle).manifest["made"] == open_bundle(original).manifest["made"]


GERMAN = """
about = "German for the tests"
[data]
sets = ["squares"]
language = "de"
rules = "german"
min_count = 1
max_words = 10
[features]
weights = "{bundle}"
[network]
units = 32
embedding = 16
heads = 2
dropout = 0.0
weights = "{bundle}"
[fit]
epochs = 12
batch = 6
learning_rate = 0.01
warmup_steps = 5
[reward]
epochs = 1
batch = 6
samples = 2
bleu = 1.0
[heads]
parts = ["joint_words", "ngram_prior"]
[heads.joint_space]
heads = 2
batch = 6
epochs = 2
[export]
beams = 3
match_weight = 1.0
ngram_weight = 1.0
"""


def test_a_recipe_in_german_adds_to_a_bundle_what_german_needs(tiny_run, tmp_path, monkeypatch):
    monkeypatch.setattr(captions, "has_java", lambda: False)
    data = shutil.copytree(tiny_run / "data" / "squares", tmp_path / "data" / "squares")
    texts = data / "Flickr8k_text"
    lines = (texts / "Flickr8k.token.txt").read_text("utf-8").splitlines()
    german = [
        f"{name}\t{tiny.in_german(text)}" for name, _, text in (x.partition("\t") for x in lines)
    ]
    (texts / "Flickr8k.token.de.txt").write_text("\n".join(german), "utf-8")
    base = tiny_run / "bundle"
    recipe = tmp_path / "german.toml"
    recipe.write_text(GERMAN.format(bundle=base), "utf-8")
    words = tiny.train_command(recipe, tmp_path / "data", tmp_path)[3:]
    assert main(words) == 0

    before, after = open_bundle(base), open_bundle(tmp_path / "bundle")
    for name in before.manifest["files"]:
        assert (tmp_path / "bundle" / name).read_bytes() == (base / name).read_bytes()
    section = after.manifest["languages"]["de"]
    assert section["made"]["command"].startswith("python -m image_describer.train --recipe ")
    assert "CIDEr" in section["metrics"]["dev"]
    assert "CIDEr" in section["metrics"]["dev in English"]
    picture = data / "Flicker8k_Dataset" / "picture0.jpg"
    description = Describer(tmp_path / "bundle").describe(picture, language="de")
    assert "Quadrat" in description.caption.split()
    assert "## German" in (tmp_path / "bundle" / "MODEL_CARD.md").read_text("utf-8")
    report = (tmp_path / "results" / "german" / "report.md").read_text("utf-8")
    assert "| language | de |" in report
    assert "dev in English" in report

    assert main(["export", *words, "--resume"]) == 0  # over the German of before
    finished = ["evaluate", "--bundle", str(tmp_path / "bundle"), *words[:4]]
    assert main([*finished, "--results", str(tmp_path / "again")]) == 0
    assert (tmp_path / "again" / "german" / "metrics.json").is_file()
