"""The command ``batch`` with a cluster: the same output, also when stopped and killed."""

import json
import os
import signal
from pathlib import Path

import pytest

from image_describer.cli import main
from tests.cli.test_batch import (
    PICTURES,
    POSIX,
    album,
    environment,
    has_done,
    names,
    run,
    start,
)
from tests.support.dask_cluster import connect, dask_cluster

__all__ = ["album", "environment"]  # fixtures


@POSIX
@pytest.mark.slow
def test_a_cluster_writes_the_same_output(tmp_path, album, environment, shipped_bundle):
    (album / "text.jpg").write_text("This is no picture.")
    alone = tmp_path / "alone.jsonl"
    assert run(environment, album, "--output", alone, "--no-index")[0] == 2
    with dask_cluster(tmp_path / "cluster", 2, shipped_bundle) as cluster:
        connect(cluster, shipped_bundle).close()
        by_cluster = ("--scheduler", cluster.address, "--no-index")
        for more in ((), ("--send-pictures",)):
            output = tmp_path / f"cluster{len(more)}.jsonl"
            status, said, told = run(environment, album, "--output", output, *by_cluster, *more)
            assert (status, said) == (2, f"60 pictures described; see {output}.\n")
            assert told.splitlines()[-1].startswith(f"  {album}/text.jpg: That file is not a")
            assert timeless(output) == timeless(alone)

        output = tmp_path / "again.jsonl"
        journal = tmp_path / ".again.jsonl.unfinished"
        kept = 0
        for number, more in ((signal.SIGKILL, 5), (signal.SIGINT, 1)):
            process = start(environment, album, "--output", output, *by_cluster)
            has_done(journal, kept + more, process)
            process.send_signal(number)
            _, told = process.communicate(timeout=60)
            assert "Traceback" not in told
            kept = journal.read_bytes().count(b"\n")
            assert process.returncode == (130 if number == signal.SIGINT else -number)
        done = names(output)
        assert 6 <= len(done) < PICTURES + 1
        status, said, _ = run(environment, album, "--output", output, *by_cluster)
        assert status == 2
        earlier = len(done) - done.count("text.jpg")
        assert said.startswith(f"60 pictures described, {earlier} of them earlier;")
        assert timeless(output) == timeless(alone)


def timeless(output: Path) -> list[dict[str, object]]:
    """What was written of each picture, but for the time that it took."""
    objects = [json.loads(line) for line in output.read_text("utf-8").splitlines()]
    return [{name: one[name] for name in one if name != "seconds"} for one in objects]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--scheduler", "host"], "is no address of a scheduler"),
        (["--scheduler", "tls://127.0.0.1:1"], "needs certificates"),
        (["--scheduler", "tls://127.0.0.1:1", "--tls-ca", "none"], "There is no file"),
        (["--scheduler", "tcp://127.0.0.1:1"], "No Dask scheduler answers"),
        (["--scheduler", "tcp://127.0.0.1:1", "--workers", "2"], "--workers is for this computer"),
        (["--send-pictures"], "--send-pictures needs --scheduler."),
        (["--tls-key", "none"], "--tls-key needs --scheduler."),
    ],
)
def test_what_is_no_cluster_is_refused_in_one_line(
    tmp_path, environment, monkeypatch, capsys, arguments, says
):
    for name in ("HOME", "XDG_DATA_HOME", "LOCALAPPDATA"):
        monkeypatch.setenv(name, environment[name])
    monkeypatch.chdir(tmp_path)
    assert main.main(["batch", ".", "--output", "out.csv", *arguments]) == 2
    told = capsys.readouterr().err
    assert says in told
    assert len(told.splitlines()) == 1
    assert os.listdir(tmp_path) == []
