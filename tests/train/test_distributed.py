"""Several workers: the losses of one process, and an end in time when one of them is gone."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest

from image_describer.errors import TrainingError
from image_describer.train import meeting
from tests.support import tiny, training

TOLD_WITHIN_S = 90  # of a worker's death: what fitting may hang at most is 60


def free_ports(count):
    doors = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [door.getsockname()[1] for door in doors]
    for door in doors:
        door.close()
    return ports


def tf_config(ports, index):
    workers = [f"127.0.0.1:{port}" for port in ports]
    task = {"type": "worker", "index": index}
    return json.dumps({"cluster": {"worker": workers}, "task": task})


def command(stage, recipe, data, runs, *more):
    return [
        *(sys.executable, "-m", "image_describer.train", stage, "--recipe", str(recipe)),
        *("--data", str(data), "--runs", str(runs), "--results", str(runs / "results"), *more),
    ]


def start(words, ports, index, folder):
    environment = {
        **os.environ,
        "PYTHONPATH": str(tiny.REPO),
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "TF_CONFIG": tf_config(ports, index),
    }
    with (folder / f"worker{index}.err").open("w") as told:
        return subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=told, env=environment)


def recipe_of(folder, epochs):
    """No dropout: each worker draws its own."""
    training.small_recipe(folder, "image-describer", epochs=epochs, dropout=0.0)
    return folder / "image-describer.small.toml"


def losses(runs):
    lines = (runs / "image-describer.small" / "fit.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines]


@pytest.mark.slow
def test_two_workers_have_the_losses_of_one_process(tiny_data, tmp_path):
    recipe = recipe_of(tmp_path, epochs=3)
    alone = tiny.run(command("fit", recipe, tiny_data, tmp_path / "alone"))
    assert alone.returncode == 0, alone.stderr
    ports = free_ports(2)
    words = command("fit", recipe, tiny_data, tmp_path / "team")
    workers = [start(words, ports, index, tmp_path) for index in (0, 1)]
    for index, worker in enumerate(workers):
        assert worker.wait(220) == 0, (tmp_path / f"worker{index}.err").read_text()
    one, two = losses(tmp_path / "alone"), losses(tmp_path / "team")
    assert [r["step"] for r in two] == [r["step"] for r in one]
    for key in ("loss", "dev_loss"):
        assert [r[key] for r in two] == pytest.approx([r[key] for r in one], rel=1e-4)


@pytest.mark.slow
def test_a_killed_worker_is_told_and_the_checkpoint_goes_on(tiny_data, tmp_path):
    recipe = recipe_of(tmp_path, epochs=2000)
    words = command("fit", recipe, tiny_data, tmp_path / "runs")
    ports = free_ports(2)
    workers = [start(words, ports, index, tmp_path) for index in (0, 1)]
    log = tmp_path / "runs" / "image-describer.small" / "fit.jsonl"
    until = time.monotonic() + 200
    while not (log.exists() and log.read_text("utf-8").count("\n") >= 3):
        assert workers[0].poll() is None, (tmp_path / "worker0.err").read_text()
        assert time.monotonic() < until
        time.sleep(0.05)
    workers[1].send_signal(signal.SIGKILL)
    assert workers[0].wait(TOLD_WITHIN_S) == 2
    told = (tmp_path / "worker0.err").read_text()
    assert "Traceback" not in told
    assert told.strip().splitlines()[-1].startswith("Another worker is gone. The checkpoint is")
    workers[1].wait(10)
    before = losses(tmp_path / "runs")
    # One process takes the checkpoint up, for two epochs more than there are.
    recipe = recipe_of(tmp_path, epochs=len(before) + 2)
    done = tiny.run(command("fit", recipe, tiny_data, tmp_path / "runs", "--resume"))
    assert done.returncode == 0, done.stderr
    after = losses(tmp_path / "runs")
    assert after[: len(before)] == before
    assert len(after) == len(before) + 2
    assert after[-1]["dev_loss"] < before[0]["dev_loss"]


def test_without_tf_config_and_alone_there_is_no_team():
    assert meeting.parse("") is None
    assert meeting.parse(tf_config([2222], 0)) is None
    assert meeting.parse(tf_config([2222, 2223], 1)).index == 1


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ("{", "TF_CONFIG makes no sense"),
        ("[]", "TF_CONFIG makes no sense"),
        ('{"cluster": {"worker": ["a:1"]}}', "task is missing"),
        ('{"cluster": {"worker": ["a:1", "b"]}, "task": {"type": "worker", "index": 0}}', "'b' is"),
        (tf_config([2222, 2223], 2), "there is no worker 2"),
        (tf_config([2222, 2222], 0), "two workers have the same address"),
        (tf_config([2222, 2223], 0).replace('"worker", "index"', '"ps", "index"'), "only workers"),
    ],
)
def test_a_tf_config_that_makes_no_sense_is_refused_with_the_way_to_write_it(settings, told):
    with pytest.raises(TrainingError) as caught:
        meeting.parse(settings)
    assert told in caught.value.sentence.replace('"', "'")
    assert "10.0.0.1:2222" in caught.value.way_out


@pytest.mark.slow
def test_workers_meet_and_an_absent_one_is_named_in_time():
    ports = free_ports(3)
    places = [meeting.parse(tf_config(ports, index)) for index in range(3)]
    faults = []

    def come(place, within_s):
        try:
            meeting.meet(place, within_s)
        except TrainingError as error:
            faults.append(error.sentence)

    def all_of(some, within_s):
        threads = [threading.Thread(target=come, args=(place, within_s)) for place in some]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)

    all_of(places, 20)
    assert faults == []
    began = time.monotonic()
    all_of(places[:2], 2)
    assert time.monotonic() - began < 10
    assert len(faults) == 2
    assert all(f"2 (127.0.0.1:{ports[2]})" in fault for fault in faults)


def test_what_several_machines_cannot_train_is_said(tiny_data, tmp_path, monkeypatch):
    from image_describer.train import recipe, stages
    from image_describer.train.data import read

    choices = stages.Choices(runs=tmp_path, team=object())
    with pytest.raises(TrainingError, match="can't be trained by several machines yet"):
        stages.run("fit", recipe.load(str(tiny.RECIPE)), read(tiny_data), choices)
