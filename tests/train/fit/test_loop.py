"""The training loop: interrupted, resumed, refused; its log, its checkpoints and its averages."""

import json
import signal
import sys

import keras
import numpy as np
import pytest

from image_describer.errors import TrainingError
from image_describer.train.fit import checkpoint, loop
from image_describer.train.fit.log import TrainingLog
from image_describer.train.fit.losses import CrossEntropy
from image_describer.train.recipe import Fit
from tests.support import tiny
from tests.support.small_networks import STEPS, SmallCaptioning, number_training

SETTINGS = Fit(epochs=3, batch=8, learning_rate=0.02, warmup_steps=2, ema_decay=0.8)
STOPPED_AT = STEPS + 3  # in the middle of the second epoch


def records(folder):
    return TrainingLog.read(folder / "fit.jsonl")


def weights(training):
    return [np.asarray(v).copy() for v in training.network.trainable_variables]


def at_step(number, action):
    """A ``prepare`` that calls ``action`` before a step."""

    def prepare(batch, step):
        if step == number:
            action()
        return batch

    return prepare


def stop_at(number):
    """A ``prepare`` that is interrupted by Ctrl+C before a step."""
    return at_step(number, lambda: signal.raise_signal(signal.SIGINT))


@pytest.fixture
def uninterrupted(tmp_path):
    folder = tmp_path / "uninterrupted"
    folder.mkdir()
    training = number_training(SETTINGS, dropout=0.2)
    training.fit("fit", folder, resume=False)
    return training, records(folder)


def assert_same(training, folder, uninterrupted):
    expected, log = uninterrupted
    for record, other in zip(records(folder), log, strict=True):
        assert record == pytest.approx(other, rel=1e-5)
    for value, other in zip(weights(training), weights(expected), strict=True):
        np.testing.assert_allclose(value, other, rtol=1e-5, atol=1e-6)


def test_a_run_stopped_by_ctrl_c_resumes_to_the_same_losses_and_weights(tmp_path, uninterrupted):
    stopped = number_training(SETTINGS, dropout=0.2, prepare=stop_at(STOPPED_AT))
    with pytest.raises(loop.RunStoppedError, match=f"step {STOPPED_AT + 1} of 15"):
        stopped.fit("fit", tmp_path, resume=False)
    resumed = number_training(SETTINGS, dropout=0.2)
    resumed.fit("fit", tmp_path, resume=True)
    assert_same(resumed, tmp_path, uninterrupted)
    # Resuming a finished run only loads its weights.
    again = number_training(SETTINGS, dropout=0.2, prepare=at_step(0, pytest.fail))
    again.fit("fit", tmp_path, resume=True)
    assert_same(again, tmp_path, uninterrupted)


KILLED = """\
import os, signal, sys
from pathlib import Path
from image_describer.train.fit import loop
from tests.support.small_networks import number_training
from tests.train.fit.test_loop import SETTINGS, STOPPED_AT, at_step
loop.CHECKPOINT_EVERY_S = 0.0
prepare = at_step(STOPPED_AT, lambda: os.kill(os.getpid(), signal.SIGKILL))
number_training(SETTINGS, 0.2, prepare=prepare).fit("fit", Path(sys.argv[1]), False)
"""


@pytest.mark.slow
def test_a_run_killed_in_mid_epoch_resumes_to_the_same_losses_and_weights(tmp_path, uninterrupted):
    killed = tiny.run([sys.executable, "-c", KILLED, str(tmp_path)])
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert len(records(tmp_path)) == 1
    resumed = number_training(SETTINGS, dropout=0.2)
    resumed.fit("fit", tmp_path, resume=True)
    assert_same(resumed, tmp_path, uninterrupted)


def test_a_run_is_lost_only_with_overwrite(tmp_path):
    number_training(SETTINGS).fit("fit", tmp_path, resume=False)
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    with pytest.raises(TrainingError, match=r"--resume.*--overwrite"):
        number_training(SETTINGS).fit("fit", tmp_path, resume=False)
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before
    short = Fit(epochs=1, batch=8)
    number_training(short).fit("fit", tmp_path, resume=False, overwrite=True)
    assert len(records(tmp_path)) == 1


def test_early_stopping_restores_the_best_weights(tmp_path):
    dev, states = iter([3.0, 2.0, 2.5, 2.1, 1.0]), []
    settings = Fit(epochs=9, batch=8, learning_rate=0.01, patience=2)
    options = {"better_by": "dev_score"}

    def judge():
        states.append(weights(training))
        return {"dev_score": next(dev)}

    training = number_training(settings, judge=judge, **options)
    training.fit("fit", tmp_path, resume=False)
    assert [record["dev_score"] for record in records(tmp_path)] == [3.0, 2.0, 2.5, 2.1]
    for value, best in zip(weights(training), states[1], strict=True):
        np.testing.assert_array_equal(value, best)
    again = number_training(settings, judge=pytest.fail, **options)
    again.fit("fit", tmp_path, resume=True)
    np.testing.assert_array_equal(weights(again)[0], states[1][0])


def test_dev_is_measured_with_the_average_and_training_continues_without(tmp_path):
    plain, averaged = tmp_path / "plain", tmp_path / "averaged"
    plain.mkdir()
    averaged.mkdir()
    settings = Fit(epochs=2, batch=8, learning_rate=0.02, ema_decay=0.0)
    number_training(settings).fit("fit", plain, resume=False)
    training = number_training(Fit(**{**vars(settings), "ema_decay": 0.9}))
    training.fit("fit", averaged, resume=False)
    for without, other in zip(records(plain), records(averaged), strict=True):
        assert without["loss"] == pytest.approx(other["loss"], rel=1e-5)
        assert without["dev_loss"] != pytest.approx(other["dev_loss"], rel=1e-3)
    # The checkpoint has the weights themselves, the result their average.
    with np.load(averaged / "fit.npz") as saved, np.load(plain / "fit.npz") as reference:
        np.testing.assert_allclose(saved["weights/0"], reference["weights/0"], rtol=1e-5)
        assert np.abs(saved["weights/0"] - weights(training)[0]).max() > 1e-4


def test_the_losses_of_a_captioner_fall(tmp_path):
    small = SmallCaptioning(dropout=0.1)
    settings = Fit(epochs=20, batch=12, learning_rate=0.05, warmup_steps=3)
    loss = CrossEntropy(label_smoothing=0.02, presence_weight=0.0)
    loop.Training(settings, small.model, loss, small.train, small.dev).fit("fit", tmp_path, False)
    found = records(tmp_path)
    assert [record["step"] for record in found] == list(range(3, 61, 3))
    # Captions alone, without the pictures, would leave (log 3 + log 2) / 3 = 0.6 for each word.
    assert found[-1]["dev_word_loss"] < 0.4 < 1.5 < found[0]["dev_word_loss"]
    assert found[-1]["word_loss"] < found[-1]["loss"]  # with label smoothing


def test_an_epoch_is_the_mean_over_its_batches(tmp_path):
    training = number_training(Fit(epochs=1, batch=8, learning_rate=0.0, schedule="constant"))
    losses = []
    for step in range(STEPS):
        batch = training.train.batch(0, step)
        predicted = keras.ops.convert_to_numpy(training.network(batch["x"]))[:, 0]
        losses.append(((predicted - batch["y"]) ** 2).mean())
    training.fit("fit", tmp_path, resume=False)
    assert records(tmp_path)[0]["loss"] == pytest.approx(np.mean(losses), rel=1e-5)


def test_without_dev_pictures_there_is_no_early_stopping(tmp_path):
    training = number_training(Fit(epochs=4, batch=8, patience=2))
    training.dev = None
    training.fit("fit", tmp_path, resume=False)
    assert len(records(tmp_path)) == 4


def test_a_checkpoint_is_written_at_the_end_of_an_epoch_right_after_booting(tmp_path, monkeypatch):
    saved = []
    monkeypatch.setattr(loop.time, "monotonic", lambda: 10.0)
    monkeypatch.setattr(checkpoint, "save", lambda file, model, step, sums: saved.append(step))
    number_training(Fit(epochs=2, batch=8)).fit("fit", tmp_path, resume=False)
    assert saved == [STEPS, 2 * STEPS]


# Damage


def interrupted(folder):
    """The folder of a run that was stopped."""
    with pytest.raises(loop.RunStoppedError):
        number_training(SETTINGS, prepare=stop_at(STOPPED_AT)).fit("fit", folder, resume=False)
    return folder


@pytest.mark.parametrize("size", [0, 100, 1000])
def test_a_damaged_checkpoint_is_refused(size, tmp_path):
    file = interrupted(tmp_path) / "fit.npz"
    file.write_bytes(file.read_bytes()[:size])
    with pytest.raises(TrainingError, match=r"fit\.npz can't be read.*--overwrite"):
        number_training(SETTINGS).fit("fit", tmp_path, resume=True)


def test_a_checkpoint_of_another_network_is_refused(tmp_path):
    interrupted(tmp_path)
    other = SmallCaptioning()
    loss = CrossEntropy(label_smoothing=0.1, presence_weight=0.0)
    training = loop.Training(SETTINGS, other.model, loss, other.train)
    with pytest.raises(TrainingError, match="belongs to another recipe"):
        training.fit("fit", tmp_path, resume=True)


def test_a_full_disk_is_one_error_and_the_checkpoint_before_stays(tmp_path):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    training = number_training(SETTINGS)
    file = tmp_path / "fit.npz"
    checkpoint.save(file, training.wrapper, 4)
    before = file.read_bytes()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(np, "savez", full)
        with pytest.raises((OSError, TrainingError), match="No space left"):
            checkpoint.save(file, training.wrapper, 5)
    assert file.read_bytes() == before
    assert [one.name for one in tmp_path.iterdir()] == ["fit.npz"]


def test_a_damaged_log_is_refused(tmp_path):
    interrupted(tmp_path)
    for text in ("{", '{"epoch": 1}', "[1]", "\udcff"):
        (tmp_path / "fit.jsonl").write_bytes(text.encode("utf-8", "surrogateescape") + b"\n")
        with pytest.raises(TrainingError, match=r"fit\.jsonl can't be read.*--overwrite"):
            number_training(SETTINGS).fit("fit", tmp_path, resume=True)


def test_records_after_the_last_checkpoint_are_dropped(tmp_path):
    file = tmp_path / "fit.jsonl"
    log = TrainingLog(file, 0)
    for step in (5, 10, 15):
        log.append({"step": step})
    assert [record["step"] for record in TrainingLog(file, 10).records] == [5, 10]
    assert [json.loads(line)["step"] for line in file.read_text("utf-8").splitlines()] == [5, 10]
    assert TrainingLog(file, 0).records == []
