"""``batch`` with a Dask cluster: the same output, also after a crash and after Ctrl+C."""

import json
import os
import signal
from pathlib import Path

import pytest

from tests.cli.test_batch import (
    LIMIT_S,
    PICTURES,
    POSIX,
    album,
    environment,
    file_names,
    run_process,
    start,
    wait_for_records,
)
from tests.support.dask_cluster import connect, dask_cluster

__all__ = ["album", "environment"]  # fixtures


@POSIX
@pytest.mark.slow
def test_a_cluster_writes_the_same_output(tmp_path, album, environment, shipped_bundle):
    (album / "text.jpg").write_text("This is not a picture.")
    alone = tmp_path / "alone.jsonl"
    assert run_process(environment, album, "--output", alone, "--no-index")[0] == 2
    with dask_cluster(tmp_path / "cluster", 2, shipped_bundle) as cluster:
        connect(cluster, shipped_bundle).close()
        by_cluster = ("--scheduler", cluster.address, "--no-index")
        for options in ((), ("--send-pictures",)):
            output = tmp_path / f"cluster{len(options)}.jsonl"
            arguments = (album, "--output", output, *by_cluster, *options)
            status, out, err = run_process(environment, *arguments)
            assert (status, out) == (2, f"60 pictures described; see {output}.\n")
            assert err.splitlines()[-1].startswith(f"  {album}/text.jpg: ")
            assert without_times(output) == without_times(alone)

        output = tmp_path / "again.jsonl"
        checkpoint = tmp_path / ".again.jsonl.unfinished"
        kept = 0
        for number, more in ((signal.SIGKILL, 5), (signal.SIGINT, 1)):
            process = start(environment, album, "--output", output, *by_cluster)
            wait_for_records(checkpoint, kept + more, process)
            process.send_signal(number)
            _, err = process.communicate(timeout=LIMIT_S)
            assert "Traceback" not in err
            kept = checkpoint.read_bytes().count(b"\n")
            assert process.returncode == (130 if number == signal.SIGINT else -number)
        done = file_names(output)
        assert 6 <= len(done) < PICTURES + 1
        status, out, _ = run_process(environment, album, "--output", output, *by_cluster)
        assert status == 2
        earlier = len(done) - done.count("text.jpg")
        assert out.startswith(f"60 pictures described, {earlier} of them earlier;")
        assert without_times(output) == without_times(alone)


def without_times(output: Path) -> list[dict[str, object]]:
    """The records, without the times that describing took."""
    records = [json.loads(line) for line in output.read_text("utf-8").splitlines()]
    return [{name: record[name] for name in record if name != "seconds"} for record in records]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--scheduler", "host"], "address of a scheduler"),
        (["--scheduler", "tls://127.0.0.1:1"], "needs certificates"),
        (["--scheduler", "tls://127.0.0.1:1", "--tls-ca", "none"], "There is no file"),
        (["--scheduler", "tcp://127.0.0.1:1", "--workers", "2"], "--workers is for this computer"),
        (["--tls-key", "none"], "--tls-key needs --scheduler."),
    ],
)
def test_an_unusable_cluster_is_refused_in_one_line(run, tmp_path, monkeypatch, arguments, message):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    status, out, err = run("batch", ".", "--output", "out.csv", *arguments)
    assert (status, out, len(err)) == (2, [], 1)
    assert message in err[0]
    assert os.listdir() == []
