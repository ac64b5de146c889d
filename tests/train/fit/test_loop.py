"""Fitting the attention LSTM: early ends, guesses among the words, a run taken up in mid-epoch."""

import dataclasses
import json

import numpy as np
import pytest

from image_describer.train import recipe
from image_describer.train.fit.log import History
from tests.support import tiny
from tests.support import training as small

STAGE = recipe.Stage(epochs=3, rate=0.01, batch=10, mirror=False)


def losses(folder):
    return [json.loads(line) for line in (folder / "head.jsonl").read_text("utf-8").splitlines()]


def fitted(folder, stage, resume=False, **loss):
    from image_describer.train.fit import loop

    chosen = recipe.load(str(tiny.RECIPE))
    chosen = dataclasses.replace(chosen, loss=dataclasses.replace(chosen.loss, **loss))
    data, loader = small.make_feature_data()
    model, vocabulary = small.build_small_captioner(data, chosen)
    loop.fit_stage("head", stage, model, data, vocabulary, loader, folder, 1, resume)
    return model


@pytest.mark.slow
def test_early_stopping_keeps_the_best_weights(tmp_path, monkeypatch):
    from image_describer.train.fit import loop

    dev = iter([3.0, 2.0, 2.5, 2.1, 1.0])
    kept = []

    def judged(model, *_):
        kept.append(np.array(model.decoder.to_words.kernel))
        return {"dev_word_loss": next(dev)}

    monkeypatch.setattr(loop, "_dev_losses", judged)
    model = fitted(tmp_path, dataclasses.replace(STAGE, epochs=10.0, patience=2))
    assert [record["dev_word_loss"] for record in losses(tmp_path)] == [3.0, 2.0, 2.5, 2.1]
    np.testing.assert_array_equal(np.asarray(model.decoder.to_words.kernel), kept[1])
    # Taken up again it is over at once, with the same weights.
    again = fitted(tmp_path, dataclasses.replace(STAGE, epochs=10.0, patience=2), resume=True)
    assert len(losses(tmp_path)) == 4
    np.testing.assert_array_equal(np.asarray(again.decoder.to_words.kernel), kept[1])


class Killed(BaseException):
    """Stands for SIGKILL: nothing of the program may answer to it."""


@pytest.mark.slow
def test_a_run_killed_in_mid_epoch_goes_on_to_the_same_losses(tmp_path, monkeypatch):
    from image_describer.train.fit import checkpoint, loop

    straight, killed = tmp_path / "straight", tmp_path / "killed"
    straight.mkdir()
    killed.mkdir()
    fitted(straight, STAGE, sampling=0.5)
    save = checkpoint.save

    def save_then_die(path, model, step, sums=None):
        save(path, model, step, sums)
        if step == 9:  # of 18, three steps into the second epoch
            raise Killed

    monkeypatch.setattr(checkpoint, "save", save_then_die)
    monkeypatch.setattr(loop, "CHECKPOINT_EVERY_S", 0.0)
    with pytest.raises(Killed):
        fitted(killed, STAGE, sampling=0.5)
    assert len(losses(killed)) == 1
    monkeypatch.undo()
    fitted(killed, STAGE, resume=True, sampling=0.5)
    assert [record["step"] for record in losses(killed)] == [6, 12, 18]
    for a, b in zip(losses(killed), losses(straight), strict=True):
        assert a == pytest.approx(b, rel=1e-5)


@pytest.mark.slow
def test_scheduled_sampling_makes_what_is_read_harder_and_is_learnt_all_the_same(tmp_path):
    for name, sampling in (("true", 0.0), ("guessed", 1.0)):
        (tmp_path / name).mkdir()
        fitted(tmp_path / name, STAGE, sampling=sampling)
    true, guessed = losses(tmp_path / "true"), losses(tmp_path / "guessed")
    # Without guesses the two would be the same to the bit.
    assert guessed[-1]["loss"] > true[-1]["loss"]
    assert guessed[-1]["dev_word_loss"] < 0.9 * guessed[0]["dev_word_loss"]


def test_what_was_written_after_the_last_checkpoint_is_dropped(tmp_path):
    file = tmp_path / "head.jsonl"
    history = History(file, 0)
    for step in (5, 10, 15):
        history.append({"step": step, "dev_word_loss": 1.0})
    assert [record["step"] for record in History(file, 10).records] == [5, 10]
    assert len(file.read_text("utf-8").splitlines()) == 2
    assert History(file, 0).records == []


@pytest.mark.parametrize("text", ["{", '{"epoch": 1}', "[1]", "\udcff"])
def test_losses_that_cannot_be_read_are_told_with_the_way_out(text, tmp_path):
    from image_describer.errors import TrainingError

    file = tmp_path / "head.jsonl"
    file.write_bytes(text.encode("utf-8", "surrogateescape") + b"\n")
    with pytest.raises(TrainingError, match="leave out --resume"):
        History(file, 3)
