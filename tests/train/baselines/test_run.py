"""The original systems' recipes on a tiny data set: every stage, killed, resumed, refused."""

import dataclasses
import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from image_describer.errors import TrainingError
from image_describer.train import recipe
from image_describer.train.data.dataset import read_flickr8k
from tests.support import tiny
from tests.support import training as small


@pytest.fixture(scope="module")
def data(tiny_data):
    return read_flickr8k(tiny_data)


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """One folder of runs for the module, so that features are computed once."""
    return tmp_path_factory.mktemp("runs")


def options(folder, tmp_path, **more):
    from image_describer.train.baselines.run import Options

    return Options(
        runs=folder,
        results=tmp_path / "results",
        vectors=small.write_word_vectors(tmp_path),
        **more,
    )


def history(folder, name):
    lines = (folder / f"{name}.small" / "fit.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines]


@pytest.mark.slow
@pytest.mark.parametrize("name", small.RECIPES)
def test_a_recipe_runs_from_pictures_to_figures(name, data, runs, tmp_path, monkeypatch):
    from image_describer.train.baselines import stages
    from image_describer.train.evaluate import captions as evaluate

    monkeypatch.setattr(evaluate, "has_java", lambda: False)  # METEOR is tested elsewhere
    chosen = small.small_recipe(tmp_path, name, epochs=5)
    found = stages.train(chosen, data, options(runs, tmp_path))
    written = json.loads((tmp_path / "results" / f"{name}.small" / "metrics.json").read_text())
    assert written == json.loads(json.dumps(found))
    losses = history(runs, name)
    assert [record["epoch"] for record in losses] == [1, 2, 3, 4, 5]
    assert losses[-1]["loss"] < losses[0]["loss"]
    assert found["extractor"]["name"] == "xception"
    if chosen.network.kind == "joint":
        assert found["metrics"]["dev"]["pictures"] == 6
        return
    assert losses[-1]["dev_loss"] < 0.8  # eight words, two of which say colour and side
    assert found["metrics"]["dev"]["BLEU-1"] > 0.5
    captions = json.loads((tmp_path / "results" / f"{name}.small" / "captions.json").read_text())
    assert set(captions) == set(data.splits["dev"])
    assert all("square" in caption for caption in captions.values())


def test_a_stand_in_is_told_in_the_figures(data, tmp_path, runs):
    from image_describer.train.baselines.run import prepare

    chosen = small.small_recipe(tmp_path, "keras-captioning")
    chosen = dataclasses.replace(chosen, extractor=recipe.Extractor("resnet50", "imagenet", 96))
    run = prepare(chosen, data, options(runs, tmp_path, extractor="xception", weights="random"))
    about = run.facts["extractor"]
    assert (about["name"], about["stands_in_for"]) == ("xception", "resnet50")
    assert run.facts["vectors"]["dimension"] == 8
    assert run.facts["vectors"]["dimension_of_recipe"] == 50


@pytest.mark.slow
def test_attention_is_kept_for_each_word_to_be_drawn(data, runs, tmp_path, monkeypatch):
    from image_describer.train.baselines import stages
    from image_describer.train.evaluate import captions as evaluate

    monkeypatch.setattr(evaluate, "has_java", lambda: False)
    chosen = small.small_recipe(tmp_path, "attend-and-tell", epochs=1)
    run = stages.prepare(chosen, data, options(runs, tmp_path))
    stages.features(run)
    stages.evaluate(run, stages.fit(run))
    with np.load(run.folder / "attention.npz", allow_pickle=False) as kept:
        words = json.loads(kept["words"].tobytes())
        assert set(words) == set(data.splits["dev"])
        for name, said in words.items():
            seen = kept[f"map/{name}"]
            assert seen.shape == (len(said), 9)
            np.testing.assert_allclose(seen.astype(float).sum(axis=1), 1.0, atol=0.02)
    # What was trained is found again, and says the same.
    again = stages.trained(run)
    from image_describer.train.baselines.decode import Decoder

    name = data.splits["dev"][0]
    spoken = Decoder(again, run.vocabulary, 3, 0.9).decode(run.reader()([name]))[0]
    assert list(spoken.words) == words[name]


@pytest.mark.slow
@pytest.mark.parametrize("samples", ["captions", "prefixes"])
def test_both_forms_of_samples_learn(samples, data, runs, tmp_path):
    from image_describer.train.baselines import stages

    chosen = small.small_recipe(tmp_path, "image-describer", epochs=2, samples=samples, dropout=0.0)
    run = stages.prepare(chosen, data, options(runs, tmp_path))
    stages.features(run)
    stages.fit(run)
    losses = history(runs, "image-describer")
    assert losses[-1]["dev_loss"] < losses[0]["dev_loss"] < 2.3


COMMAND = """
import sys, time
from pathlib import Path
from image_describer.train import recipe
from image_describer.train.baselines import batches as classic_data, fit as classic_fit, run as classic, stages
from image_describer.train.data.dataset import read_flickr8k

data, file, runs, vectors, resume, wait = sys.argv[1:]
if float(wait):  # each batch takes so long that the run can be killed in the middle
    inner = classic_data.CaptionBatches.batch
    def slow(self, epoch, step):
        time.sleep(float(wait))
        return inner(self, epoch, step)
    classic_data.CaptionBatches.batch = slow
    classic_fit.CHECKPOINT_EVERY_S = 0.0
options = classic.Options(runs=Path(runs), vectors=Path(vectors), resume=bool(int(resume)))
run = classic.prepare(recipe.load(file), read_flickr8k(Path(data)), options)
stages.features(run)
stages.fit(run)
"""


@pytest.mark.slow
def test_a_run_killed_in_mid_epoch_goes_on_to_the_same_losses(tiny_data, runs, tmp_path):
    small.small_recipe(tmp_path, "image-describer", epochs=3, dropout=0.3)
    file, glove = tmp_path / "image-describer.small.toml", small.write_word_vectors(tmp_path)
    environment = {**os.environ, "PYTHONPATH": str(tiny.REPO), "TF_CPP_MIN_LOG_LEVEL": "3"}

    def command(folder, resume, wait):
        words = [tiny_data, file, folder, glove, resume, wait]
        return [sys.executable, "-c", COMMAND, *map(str, words)]

    straight, killed = tmp_path / "straight", tmp_path / "killed"
    subprocess.run(command(straight, 0, 0), env=environment, check=True, timeout=200)
    process = subprocess.Popen(command(killed, 0, 0.15), env=environment)
    folder = killed / "image-describer.small"
    deadline = time.monotonic() + 150
    while not _reached(folder / "fit.npz", 15):  # of 33, four steps into the second epoch
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait(30)
    assert len(history(killed, "image-describer")) == 1
    subprocess.run(command(killed, 1, 0), env=environment, check=True, timeout=200)
    resumed, whole = (history(f, "image-describer") for f in (killed, straight))
    assert [r["step"] for r in resumed] == [11, 22, 33]
    for a, b in zip(resumed, whole, strict=True):
        assert a == pytest.approx(b, rel=1e-6)


def _reached(file, step):
    try:
        with np.load(file, allow_pickle=False) as arrays:
            return int(arrays["step"]) >= step
    except (OSError, KeyError):
        return False


@pytest.mark.slow
def test_early_stopping_ends_with_the_best_weights(data, runs, tmp_path):
    from image_describer.train.baselines import stages
    from image_describer.train.baselines.fit import fit_task

    chosen = small.small_recipe(tmp_path, "image-describer", epochs=60, patience=2, dropout=0.0)
    run = stages.prepare(chosen, data, options(runs, tmp_path))
    stages.features(run)
    model = stages.build(run)
    task = stages._task(run, model)
    losses = fit_task("fit", chosen.fit, task, run.folder, False)
    dev = [record["dev_loss"] for record in losses]
    assert len(dev) < 60
    assert min(dev) == dev[-3]
    batches = [task.dev.batch(0, step) for step in range(len(task.dev))]
    judged = [task.losses(batch, 1.0, False) for batch in batches]
    weights = [float(one["weight"]) for one in judged]
    mean = np.average([float(one["loss"]) for one in judged], weights=weights)
    assert mean == pytest.approx(min(dev), rel=1e-5)
    np.testing.assert_array_equal(
        np.asarray(stages.trained(run).to_words.kernel), np.asarray(model.to_words.kernel)
    )


@pytest.mark.slow
def test_frozen_vectors_stay_as_they_were_and_others_learn(data, runs, tmp_path):
    from image_describer.train.baselines import stages

    for trainable in (False, True):
        chosen = small.small_recipe(tmp_path, "keras-captioning", epochs=1)
        wanted = dataclasses.replace(chosen.vectors, trainable=trainable)
        run = stages.prepare(
            dataclasses.replace(chosen, vectors=wanted), data, options(runs, tmp_path)
        )
        stages.features(run)
        after = np.asarray(stages.fit(run).embed.embeddings)
        red = run.vocabulary.words.index("red")
        assert run.vectors.covered[red]
        assert (after[red] == run.vectors.matrix[red]).all() == (not trainable)


def test_scheduled_sampling_trains_and_resumes_with_the_rest(data, runs, tmp_path):
    from image_describer.train.baselines import stages

    chosen = small.small_recipe(tmp_path, "image-describer", epochs=3)
    chosen = dataclasses.replace(
        chosen, loss=dataclasses.replace(chosen.loss, sampling=0.5, label_smoothing=0.1)
    )
    run = stages.prepare(chosen, data, options(runs, tmp_path))
    stages.features(run)
    stages.fit(run)
    losses = history(runs, "image-describer")
    assert losses[-1]["dev_loss"] < losses[0]["dev_loss"]


def test_what_a_recipe_lacks_is_said_with_the_way_out(data, runs, tmp_path):
    from image_describer.train.baselines import stages

    chosen = small.small_recipe(tmp_path, "keras-captioning")
    without = dataclasses.replace(options(runs, tmp_path), vectors=None)
    with pytest.raises(TrainingError, match="--vectors"):
        stages.prepare(chosen, data, without)
    with pytest.raises(TrainingError, match="no original system"):
        stages.prepare(recipe.load("best"), data, without)
    fresh = options(tmp_path / "none", tmp_path)
    with pytest.raises(TrainingError, match="Run the stage 'fit' first"):
        stages.trained(stages.prepare(chosen, data, fresh))
    empty = dataclasses.replace(data, splits={"train": [], "dev": []})
    with pytest.raises(TrainingError, match="no picture"):
        stages.prepare(chosen, empty, fresh)
