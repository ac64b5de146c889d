"""The command line of training: help, messages and refusals."""

import json
import re
import shutil
import subprocess
import sys

import pytest

from image_describer.captioner.bundle import MANIFEST, open_bundle
from image_describer.train import __main__ as command_line
from tests.support import tiny

TRAIN = [sys.executable, "-m", "image_describer.train"]
IMPORTED = """\
import subprocess
import sys
from image_describer.train.__main__ import main
try:
    main(sys.argv[1:])
except SystemExit:
    pass
print(sorted({"keras", "tensorflow", "jax", "numpy"} & set(sys.modules)), file=sys.stderr)
"""


def fails(capsys, *words):
    """The one sentence that a command fails with."""
    assert command_line.main(words) == 2
    printed = capsys.readouterr()
    assert not printed.out
    assert len(printed.err.splitlines()) == 1
    return printed.err


def test_help_is_short_and_needs_no_keras():
    done = tiny.run([sys.executable, "-c", IMPORTED, "--help"])
    assert done.stderr.strip() == "[]"
    assert len(done.stdout.splitlines()) < 70
    assert max(map(len, done.stdout.splitlines())) <= 100
    for word in ("--resume", "--overwrite", "KERAS_BACKEND", "extend", "evaluate"):
        assert word in done.stdout


def test_without_arguments_there_is_help(capsys):
    assert command_line.main([]) == 2
    assert "download --data flickr8k" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--recipe", "besst", "--data", "."], r"no recipe 'besst'\. There are: "),
        (["fit", "novelty", "--data", "."], "'fit' takes no 'novelty'"),
        (["extend"], "Name a part.* joint_space, .*words"),
        (["extend", "wings"], "no part 'wings'.* joint_space, .*words"),
        (["extend", "orientation", "--install"], "'extend' takes no --install"),
        (["extend", "words"], "Your own pictures are missing"),
        (["extend", "words", "novelty", "--data", "."], "'words' is added alone"),
        ([], "Training needs data.*--data"),
        (["--data", "nowhere"], "no nowhere"),
        (["evaluate", "--bundle", "nowhere", "--data", "DATA"], "nowhere"),
    ],
)
def test_a_wrong_command_is_refused_in_one_sentence(
    words, message, tiny_data, tmp_path, capsys, monkeypatch
):
    monkeypatch.delenv("IMAGE_DESCRIBER_DATA", raising=False)
    words = [str(tiny_data) if word == "DATA" else word for word in words]
    monkeypatch.chdir(tmp_path)
    found = fails(capsys, *(words or ["all"]))
    assert re.search(message, found), found
    assert not list(tmp_path.iterdir())  # nothing half-written


def test_an_unknown_command_lists_the_known_ones(capsys):
    with pytest.raises(SystemExit) as caught:
        command_line.main(["trian"])
    assert caught.value.code == 2
    assert "'evaluate'" in capsys.readouterr().err


def test_stages_refuse_to_run_before_the_ones_they_need(tiny_data, tmp_path, capsys):
    options = ["--recipe", str(tiny.RECIPE), "--data", str(tiny_data)]
    options += ["--runs", str(tmp_path / "runs"), "--results", str(tmp_path / "results")]
    for stage, needed in {"export": "fit", "heads": "export", "report": "evaluate"}.items():
        assert command_line.main([stage, *options]) == 2
        assert capsys.readouterr().err.endswith(f"Run the stage '{needed}' first.\n")


def test_weights_of_another_shape_are_refused(tiny_data, tmp_path, capsys):
    import numpy as np

    file = tmp_path / "weights.npz"
    np.savez(file, **{"block1_conv1/kernel": np.zeros((3, 3, 3, 32))})
    words = ["features", "--recipe", str(tiny.RECIPE), "--data", str(tiny_data)]
    words += ["--runs", str(tmp_path / "runs"), "--weights", str(file)]
    assert "block1_conv1/kernel" in fails(capsys, *words)


def test_a_full_disk_is_one_sentence(tiny_data, tmp_path, capsys, monkeypatch):
    from image_describer import files

    def full(*_):
        raise OSError(28, "No space left on device")

    words = ["data", "--recipe", str(tiny.RECIPE), "--data", str(tiny_data)]
    monkeypatch.setattr(files.os, "fsync", full)
    assert "No space left" in fails(capsys, *words, "--runs", str(tmp_path / "runs"))


def test_evaluate_files_the_figures_under_the_bundles_own_name(
    tiny_bundle, tiny_data, tmp_path, capsys, monkeypatch
):
    bundle = shutil.copytree(tiny_bundle, tmp_path / "some folder")
    manifest = json.loads((bundle / MANIFEST).read_text("utf-8"))
    (bundle / MANIFEST).write_text(json.dumps({**manifest, "name": "mine"}), "utf-8")
    words = ["evaluate", "--bundle", str(bundle), "--data", str(tiny_data)]
    words += ["--recipe", str(tiny.RECIPE), "--results", str(tmp_path / "results")]
    monkeypatch.setattr("image_describer.train.evaluate.captions.has_java", lambda: False)
    assert command_line.main(words) == 0
    metrics = json.loads(capsys.readouterr().out)
    assert metrics["dev"]["pictures"] == 6
    assert [folder.name for folder in (tmp_path / "results").iterdir()] == ["mine"]
    kept = json.loads((tmp_path / "results" / "mine" / "metrics.json").read_text("utf-8"))
    assert kept["metrics"]["dev"]["BLEU-4"] == metrics["dev"]["BLEU-4"]
    # The bundle is changed only with --update.
    assert open_bundle(bundle).manifest["metrics"] == manifest["metrics"]


def test_the_recipes_are_listed(capsys):
    assert command_line.main(["list", "--results", str(tiny.REPO / "train" / "results")]) == 0
    printed = capsys.readouterr().out
    assert "best" in printed
    assert "keras-captioning" in printed


def test_a_stage_in_tensorflow_gets_the_same_options(tiny_data, tmp_path, monkeypatch):
    import keras

    started = []

    def run(words, **_):
        started.append(words)
        return subprocess.CompletedProcess(words, 0, "{}\n")

    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    monkeypatch.setattr(subprocess, "run", run)
    options = ["--recipe", str(tiny.RECIPE), "--data", str(tiny_data)]
    options += ["--runs", str(tmp_path), "--resume"]
    assert command_line.main([*options[:2], "export", *options[2:]]) == 0
    assert started == [[*TRAIN, "export", *options]]


def test_extending_leaves_damaged_pictures_out_and_is_recorded(
    tiny_bundle, tiny_data, tmp_path, capsys
):
    bundle = shutil.copytree(tiny_bundle, tmp_path / "bundle")
    data = shutil.copytree(tiny_data, tmp_path / "data")
    (data / "Flicker8k_Dataset" / "picture3.jpg").write_bytes(b"\xff\xd8\xff not a picture")
    words = ["extend", "orientation", "--recipe", str(tiny.RECIPE), "--data", str(data)]
    words += ["--runs", str(tmp_path / "runs"), "--bundle", str(bundle)]
    before = open_bundle(bundle).manifest
    for _ in range(2):
        assert command_line.main(words) == 0
    after = open_bundle(bundle).manifest
    note = f"Then orientation by: {' '.join(['python', *TRAIN[1:], *words])}"
    assert after["made"] == {**before.get("made", {}), "note": note}
    assert note in " ".join((bundle / "MODEL_CARD.md").read_text("utf-8").split())
