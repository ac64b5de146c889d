"""A Dask cluster: the same records as one machine, whatever happens to workers and scheduler."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from PIL import Image

from image_describer.captioner.describer import Describer
from image_describer.captioner.description import Seconds
from image_describer.errors import ClusterError
from image_describer.library import cluster, cluster_client, cluster_worker
from image_describer.library.cluster import ClusterPool
from image_describer.library.cluster_client import TlsFiles
from image_describer.library.cluster_worker import ClusterTask
from image_describer.library.describe_files import describe_files
from image_describer.library.record import Record
from tests.support.dask_cluster import DaskCluster, connect, dask_cluster, stopped

PICTURES = 64


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Small pictures, all different, and among them every kind of unreadable file."""
    folder = tmp_path_factory.mktemp("pictures")
    numbers = np.random.default_rng(5)
    for number in range(PICTURES):
        pixels = numbers.integers(0, 256, (6, 8, 3), np.uint8)
        image = Image.fromarray(pixels).resize((160, 120), Image.Resampling.BICUBIC)
        image.save(folder / f"{number:03}.jpg")
    (folder / "010.jpg").write_bytes((folder / "011.jpg").read_bytes()[:900])
    (folder / "020.jpg").write_text("not a picture")
    (folder / "030.jpg").write_bytes(b"")
    (folder / "040.jpg").unlink()
    (folder / "050.jpg").unlink()
    (folder / "050.jpg").mkdir()
    (folder / "060.jpg").unlink()
    os.mkfifo(folder / "060.jpg")
    odd = folder / os.fsdecode(b"caf\xe9 \n.jpg")
    shutil.copy(folder / "000.jpg", odd)
    return [*(f"{folder}/{number:03}.jpg" for number in range(PICTURES)), str(odd)]


@pytest.fixture(scope="module")
def expected(files: list[str], shipped_bundle: Path) -> list[Record]:
    """The records that one machine makes."""
    describer = Describer(shipped_bundle, threads=1)
    starts = range(0, len(files), 12)
    return [record for at in starts for record in describe_files(describer, files[at : at + 12])]


@pytest.fixture(scope="module")
def two_workers(
    tmp_path_factory: pytest.TempPathFactory, shipped_bundle: Path
) -> Iterator[DaskCluster]:
    """A cluster for all tests of this module."""
    with dask_cluster(tmp_path_factory.mktemp("cluster"), 2, shipped_bundle) as found:
        yield found


def run(pool: ClusterPool, files: list[str]) -> Iterator[tuple[int, Record]]:
    """Describe ``files`` with a pool."""
    return pool.run(iter(list(enumerate(files))), threading.Event(), lambda: None)


def assert_same(found: list[tuple[int, Record]], expected: list[Record]) -> None:
    """Assert that every picture is there once, as on one machine apart from the timings."""
    assert sorted(number for number, _ in found) == list(range(len(expected)))
    for number, record in found:
        other = expected[number]
        assert (record.file, record.key, record.error) == (other.file, other.key, other.error)
        assert (record.embedding is None) == (other.embedding is None)
        if record.embedding is not None and other.embedding is not None:
            np.testing.assert_array_equal(record.embedding, other.embedding)
        if record.description is None or other.description is None:
            assert record.description is other.description
            continue
        assert _timeless(record) == _timeless(other)
        assert record.description.seconds.total > 0


def _timeless(record: Record) -> object:
    assert record.description is not None
    return replace(record.description, seconds=Seconds(0.0, 0.0, 0.0))


@pytest.mark.parametrize(
    "send_pictures",
    [
        pytest.param(False, id="by path"),
        pytest.param(True, id="by content", marks=pytest.mark.slow),
    ],
)
def test_records_are_those_of_one_machine(
    two_workers, shipped_bundle, files, expected, send_pictures
):
    pool = connect(two_workers, shipped_bundle, send_pictures=send_pictures)
    assert_same(list(run(pool, files)), expected)


@pytest.mark.slow
def test_files_that_a_worker_does_not_see_are_sent(two_workers, shipped_bundle, files, expected):
    class Elsewhere(ClusterPool):
        by_path: list[bool]

        def _cluster_task(self, number: int, file: str, content: bool = False) -> Any:
            task = super()._cluster_task(number, file, content)
            by_path = task is not None and task.content is None
            Elsewhere.by_path.append(by_path)
            return task._replace(mtime=1.0) if by_path and task else task

    connect(two_workers, shipped_bundle).close()
    Elsewhere.by_path = []
    assert_same(list(run(Elsewhere(two_workers.address, shipped_bundle), files)), expected)
    assert any(Elsewhere.by_path)
    assert not any(Elsewhere.by_path[-PICTURES // 4 :]), "it keeps trying paths"


@pytest.mark.slow
def test_pictures_of_a_lost_worker_are_done_again(tmp_path, shipped_bundle, files, expected):
    with dask_cluster(tmp_path, 2, shipped_bundle) as found:
        pool = connect(found, shipped_bundle)
        worker, address = found.workers[0], address_of(pool, found.workers[0])
        records = run(pool, files)
        done = [next(records) for _ in range(6)]
        while not (lost := numbers_at(pool, address)):
            done.append(next(records))
        worker.kill()
        assert not lost & {number for number, _ in done}
        done += list(records)
        assert worker.wait() == -signal.SIGKILL
    assert_same(done, expected)


def address_of(pool: ClusterPool, worker: subprocess.Popen[bytes]) -> str:
    """The Dask address of a worker process."""
    ids = pool._client.run(os.getpid)
    return next(address for address, number in ids.items() if number == worker.pid)


def numbers_at(pool: ClusterPool, address: str) -> set[int]:
    """The numbers of the pictures that a worker is processing."""
    keys = pool._client.processing([address])[address]
    return {task.number for key in keys for task in pool._in_flight[key][1]}


@pytest.mark.slow
def test_a_reply_lost_with_its_worker_is_computed_again(
    tmp_path, shipped_bundle, files, expected, monkeypatch
):
    """The worker dies after it has described the pictures, before the reply is fetched."""
    fetch, proceed = ClusterPool._fetch, threading.Event()

    async def late(pool: ClusterPool, future: Any) -> None:
        while not proceed.is_set():
            await asyncio.sleep(0.05)
        await fetch(pool, future)

    monkeypatch.setattr(ClusterPool, "_fetch", late)
    with dask_cluster(tmp_path, 2, shipped_bundle) as found:
        pool = connect(found, shipped_bundle)
        address = address_of(pool, found.workers[0])
        done: list[tuple[int, Record]] = []
        taking = threading.Thread(target=lambda: done.extend(run(pool, files)))
        taking.start()
        while not pool._client.has_what([address])[address]:
            assert taking.is_alive()
            time.sleep(0.05)
        found.workers[0].kill()
        proceed.set()
        taking.join()
    assert_same(done, expected)


@pytest.mark.slow
def test_a_picture_that_kills_every_worker_gets_an_error(
    two_workers, shipped_bundle, files, expected, monkeypatch
):
    class KilledWorker(Exception):  # noqa: N818 - Dask's name
        pass

    pool = connect(two_workers, shipped_bundle)
    deadly = files[7]
    handle_reply = pool._handle_reply

    class Died(NamedTuple):
        key: str
        status: str = "error"

    def kill(future: Any, reply: Any) -> None:
        _, chunk = pool._in_flight[future.key]
        died = deadly in [task.file for task in chunk]
        handle_reply(*(Died(future.key), KilledWorker()) if died else (future, reply))

    monkeypatch.setattr(pool, "_handle_reply", kill)
    found = list(run(pool, files))
    lost = next(record for _, record in found if record.file == deadly)
    assert lost.error.startswith("Every worker that opened it ended unexpectedly.")
    assert_same(
        [(number, expected[7] if number == 7 else record) for number, record in found], expected
    )


@pytest.mark.slow
def test_only_a_few_pictures_are_in_flight(two_workers, shipped_bundle, files):
    taken = 0

    def endless() -> Iterator[tuple[int, str]]:
        nonlocal taken
        while True:
            yield taken, files[taken % 10]
            taken += 1

    cancel = threading.Event()
    pool = connect(two_workers, shipped_bundle)
    records = pool.run(endless(), cancel)
    for done in range(60):
        next(records)
        assert taken - done <= 2 * cluster.CHUNKS_PER_THREAD * 2 * cluster.CHUNK_SIZE
    cancel.set()
    before = taken
    rest = list(records)
    assert taken == before, "more pictures were begun"
    assert len(rest) <= 2 * cluster.CHUNKS_PER_THREAD * 2 * cluster.CHUNK_SIZE


@pytest.mark.parametrize(
    ("change", "message"),
    [({"version": "0.0.1"}, "runs 0.0.1"), ({"digest": "0" * 64}, "another model")],
)
def test_a_worker_of_another_version_or_model_is_refused(
    two_workers, shipped_bundle, files, change, message
):
    pool = connect(two_workers, shipped_bundle)
    pool._spec = replace(pool._spec, **change, bundle="/nowhere")
    with pytest.raises(ClusterError, match=message):
        list(run(pool, files))


def test_a_worker_without_the_program_is_refused(two_workers, shipped_bundle, files, monkeypatch):
    def missing(_spec: object, _tasks: object) -> None:
        raise ModuleNotFoundError("No module named 'image_describer'")

    pool = connect(two_workers, shipped_bundle)
    monkeypatch.setattr(cluster_worker, "describe", missing)
    with pytest.raises(ClusterError, match="has no Image Describer"):
        list(run(pool, files))


def test_a_worker_may_have_its_own_copy_of_the_bundle(shipped_bundle, tmp_path, files, monkeypatch):
    spec = cluster_worker.batch_spec(shutil.copytree(shipped_bundle, tmp_path / "copy"))
    status = os.stat(files[0])
    task = ClusterTask(0, files[0], None, status.st_size, status.st_mtime)
    monkeypatch.setenv("IMAGE_DESCRIBER_BUNDLE", "/nowhere")
    assert cluster_worker.describe(spec, [task])[0][1].description  # type: ignore[union-attr]
    shutil.rmtree(tmp_path / "copy")
    assert not isinstance(cluster_worker.describe(spec, [task]), str), "it was loaded already"
    monkeypatch.setattr(cluster_worker, "_idle", {})
    assert "no model bundle" in str(cluster_worker.describe(spec, [task]))
    monkeypatch.setenv("IMAGE_DESCRIBER_BUNDLE", str(shipped_bundle))
    answer = cluster_worker.describe(spec, [task._replace(mtime=1.0)])
    assert answer == [(0, None)], "another file at the same path"


@pytest.mark.slow
def test_a_scheduler_that_dies(tmp_path, shipped_bundle, files):
    with dask_cluster(tmp_path, 1, shipped_bundle) as found:
        records = run(connect(found, shipped_bundle, 1), files)
        for _ in range(5):
            next(records)
        found.scheduler.kill()
        with pytest.raises(ClusterError, match=r"went away|no longer answers.*the same command"):
            list(records)


@pytest.mark.slow
def test_a_scheduler_that_hangs(tmp_path, shipped_bundle, files, monkeypatch):
    monkeypatch.setattr(cluster, "ANSWER_LIMIT_S", 2.0)
    monkeypatch.setattr(cluster_client, "CONNECT_LIMIT_S", 2.0)
    with dask_cluster(tmp_path, 1, shipped_bundle) as found:
        records = run(connect(found, shipped_bundle, 1), files)
        next(records)
        with stopped(found.scheduler):
            with pytest.raises(ClusterError, match=r"no longer answers\. What is done"):
                list(records)
            with pytest.raises(ClusterError, match="No Dask scheduler answers"):
                ClusterPool(found.address, shipped_bundle)


@pytest.mark.slow
def test_a_scheduler_without_workers(tmp_path, shipped_bundle):
    with (
        dask_cluster(tmp_path, 0, shipped_bundle) as found,
        pytest.raises(ClusterError, match=r"has no workers\. Start some.* dask worker tcp://127"),
    ):
        ClusterPool(found.address, shipped_bundle)


@pytest.mark.slow
def test_all_workers_lost(tmp_path, shipped_bundle, files, monkeypatch):
    monkeypatch.setattr(cluster, "NO_WORKERS_LIMIT_S", 0.5)
    monkeypatch.setattr(cluster, "WATCH_EVERY_S", 0.3)
    with dask_cluster(tmp_path, 1, shipped_bundle) as found:
        records = run(connect(found, shipped_bundle, 1), files)
        next(records)
        found.workers[0].kill()
        with pytest.raises(ClusterError, match="has lost all its workers"):
            list(records)


def test_no_scheduler(shipped_bundle, unused_port, monkeypatch):
    monkeypatch.setattr(cluster_client, "CONNECT_LIMIT_S", 1.0)
    with pytest.raises(ClusterError, match=r"No Dask scheduler answers at .*dask scheduler"):
        ClusterPool(f"tcp://127.0.0.1:{unused_port}", shipped_bundle)


@pytest.mark.parametrize(
    "address",
    ["", "localhost", "tcp://", "tcp://host", "tcp://host:x", "http://host:1", "tcp://:1"],
)
def test_a_bad_address_is_refused(shipped_bundle, address):
    with pytest.raises(ClusterError, match=r"is not the address of a scheduler.*tcp://host:port"):
        ClusterPool(address, shipped_bundle)


def test_tls_needs_its_files(shipped_bundle, tmp_path):
    with pytest.raises(ClusterError, match="TLS needs certificates"):
        ClusterPool("tls://127.0.0.1:1", shipped_bundle)
    with pytest.raises(ClusterError, match="There is no file"):
        ClusterPool("tls://127.0.0.1:1", shipped_bundle, tls=TlsFiles(ca=tmp_path / "none.pem"))


def test_without_dask_the_error_says_how_to_install_it(shipped_bundle, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ClusterError, match=r'pip install "image-describer\[cluster\]"'):
        ClusterPool("tcp://127.0.0.1:1", shipped_bundle)


@pytest.fixture
def unused_port() -> int:
    """A port that nothing listens on."""
    import socket

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
