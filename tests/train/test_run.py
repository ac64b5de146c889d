"""The training command from data to bundle: whole, interrupted, resumed, refused."""

import json
import signal
import subprocess
import sys
import time

import pytest

from image_describer.captioner.bundle import open_bundle
from image_describer.captioner.describer import Describer
from image_describer.train.evaluate.captions import has_java
from tests.support import tiny


def losses(run, stage):
    lines = (run / f"{stage}.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines]


@pytest.mark.slow
def test_the_loss_falls(tiny_run):
    found = losses(tiny_run / "runs" / "tiny", "head")
    assert len(found) == 12
    assert found[-1]["dev_word_loss"] < 0.8 * found[0]["dev_word_loss"]


def test_the_bundle_opens_and_tells_its_figures(tiny_bundle):
    manifest = open_bundle(tiny_bundle).manifest
    figures = manifest["metrics"]["dev"]
    assert figures["pictures"] == 6
    measures = ["BLEU-1", "BLEU-2", "BLEU-3", "BLEU-4", "ROUGE-L", "CIDEr"]
    measures += ["METEOR"] if has_java() else []
    assert all(0.0 <= figures[name] <= 10.0 for name in measures)
    assert figures["BLEU-1"] > 0.2  # "a ... square is on the ... side": more than luck
    card = (tiny_bundle / "MODEL_CARD.md").read_text("utf-8")
    assert str(figures["BLEU-1"]) in card


def test_the_bundle_describes_a_picture_in_the_words_it_learnt(tiny_bundle, tiny_data):
    picture = tiny_data / "Flicker8k_Dataset" / "picture0.jpg"
    description = Describer(tiny_bundle).describe(picture)
    known = set(open_bundle(tiny_bundle).tokenizer["words"])
    assert set(description.caption.split()) <= known
    assert 0.0 <= description.confidence <= 1.0
    assert len(description.words) == len(description.caption.split())
    for word in description.words:
        x0, y0, x1, y1 = word.region
        assert 0.0 <= x0 < x1 <= 1.0
        assert 0.0 <= y0 < y1 <= 1.0


def test_only_built_in_operators_are_exported(tiny_bundle):
    for name in ("encoder.tflite", "decoder.tflite"):
        content = (tiny_bundle / name).read_bytes()
        assert content[4:8] == b"TFL3"
        assert b"Flex" not in content


@pytest.mark.slow
def test_ctrl_c_leaves_a_checkpoint_from_which_the_run_ends_as_if_undisturbed(
    tiny_run, tiny_data, tmp_path
):
    command = tiny.train_command(tiny_data, tmp_path / "runs", tmp_path / "bundle")
    process = subprocess.Popen(command, cwd=tiny.REPO, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 200
    log = tmp_path / "runs" / "tiny" / "head.jsonl"
    while not (log.exists() and log.read_text("utf-8").count("\n") >= 2):
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=120)
    assert process.returncode == 130
    assert "Traceback" not in told
    assert "--resume" in told
    assert (tmp_path / "runs" / "tiny" / "head.npz").is_file()
    assert not (tmp_path / "bundle").exists()
    done = tiny.run([*command, "--resume"])
    assert done.returncode == 0, done.stderr
    resumed = losses(tmp_path / "runs" / "tiny", "head")[-1]
    straight = losses(tiny_run / "runs" / "tiny", "head")[-1]
    assert resumed["step"] == straight["step"]
    assert resumed["dev_loss"] == pytest.approx(straight["dev_loss"], rel=1e-3)


def test_without_arguments_it_explains_what_it_needs():
    done = tiny.run([sys.executable, "-m", "image_describer.train"])
    assert done.returncode == 2
    assert "Flickr8k.token.txt" in done.stdout


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--data", "nowhere"], "There is no Flickr8k in nowhere"),
        (["--data", ".", "--recipe", "besst"], "No recipe 'besst'. There are: "),
    ],
)
def test_what_it_lacks_is_said_in_one_line(words, told):
    done = tiny.run([sys.executable, "-m", "image_describer.train", *words])
    assert done.returncode == 2
    assert done.stderr.startswith(told)
    assert len(done.stderr.strip().splitlines()) == 1


@pytest.mark.slow
def test_weights_of_another_shape_are_refused(tiny_data, tmp_path):
    import numpy as np

    np.savez(tmp_path / "weights.npz", **{"block1_conv1/kernel": np.zeros((3, 3, 3, 32))})
    command = tiny.train_command(tiny_data, tmp_path / "runs", tmp_path / "bundle")
    command[command.index("random")] = str(tmp_path / "weights.npz")
    done = tiny.run(command)
    assert done.returncode == 2
    assert "block1_conv1/kernel" in done.stderr
    assert "Traceback" not in done.stderr
