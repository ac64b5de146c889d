"""A batch past one machine: the same records, whatever becomes of the workers and the scheduler."""

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
from image_describer.library import cluster, cluster_worker
from image_describer.library.cluster import ClusterPool
from image_describer.library.cluster_client import TlsFiles
from image_describer.library.cluster_worker import ClusterTask
from image_describer.library.describe_files import describe_files
from image_describer.library.record import Record
from tests.support.dask_cluster import DaskCluster, connect, dask_cluster, stopped

PICTURES = 80


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Small pictures, no two the same; between them every kind of file that is none."""
    folder = tmp_path_factory.mktemp("pictures")
    numbers = np.random.default_rng(5)
    for number in range(PICTURES):
        pixels = numbers.integers(0, 256, (6, 8, 3), np.uint8)
        image = Image.fromarray(pixels).resize((160, 120), Image.Resampling.BICUBIC)
        image.save(folder / f"{number:03}.jpg")
    (folder / "010.jpg").write_bytes((folder / "011.jpg").read_bytes()[:900])
    (folder / "020.jpg").write_text("no picture")
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
    """What one machine says of them."""
    describer = Describer(shipped_bundle, threads=1)
    starts = range(0, len(files), 12)
    return [record for at in starts for record in describe_files(describer, files[at : at + 12])]


@pytest.fixture(scope="module")
def two_workers(
    tmp_path_factory: pytest.TempPathFactory, shipped_bundle: Path
) -> Iterator[DaskCluster]:
    """A cluster that lasts."""
    with dask_cluster(tmp_path_factory.mktemp("cluster"), 2, shipped_bundle) as found:
        yield found


def run(engine: ClusterPool, files: list[str]) -> Iterator[tuple[int, Record]]:
    """What the engine makes of files."""
    return engine.run(iter(list(enumerate(files))), threading.Event(), lambda: None)


def same(found: list[tuple[int, Record]], expected: list[Record]) -> None:
    """Every picture once, each as on one machine but for the seconds that it took."""
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


@pytest.mark.parametrize("send_pictures", [False, True], ids=["by path", "by content"])
def test_records_are_those_of_one_machine(
    two_workers, shipped_bundle, files, expected, send_pictures
):
    engine = connect(two_workers, shipped_bundle, send_pictures=send_pictures)
    same(list(run(engine, files)), expected)


def test_what_a_worker_does_not_see_is_sent(two_workers, shipped_bundle, files, expected):
    class Elsewhere(ClusterPool):
        asked: list[bool]

        def _packed(self, number: int, file: str, content: bool = False) -> ClusterTask | None:
            parcel = super()._packed(number, file, content)
            by_path = parcel is not None and parcel.content is None
            Elsewhere.asked.append(by_path)
            return parcel._replace(changed=1.0) if by_path and parcel else parcel

    connect(two_workers, shipped_bundle).close()
    Elsewhere.asked = []
    same(list(run(Elsewhere(two_workers.address, shipped_bundle), files)), expected)
    assert any(Elsewhere.asked)
    assert not any(Elsewhere.asked[-PICTURES // 4 :]), "it goes on trying in vain"


@pytest.mark.slow
@pytest.mark.parametrize("send_pictures", [False, True], ids=["by path", "by content"])
def test_pictures_of_a_lost_worker_are_done_again(
    tmp_path, shipped_bundle, files, expected, send_pictures
):
    with dask_cluster(tmp_path, 2, shipped_bundle) as found:
        engine = connect(found, shipped_bundle, send_pictures=send_pictures)
        worker, address = found.workers[0], address_of(engine, found.workers[0])
        records = run(engine, files)
        done = [next(records) for _ in range(6)]
        while not (lost := numbers_at(engine, address)):
            done.append(next(records))
        worker.kill()
        assert not lost & {number for number, _ in done}
        done += list(records)
        assert worker.wait() == -signal.SIGKILL
    same(done, expected)


def address_of(engine: ClusterPool, worker: subprocess.Popen[bytes]) -> str:
    """Where a process of the cluster listens."""
    ids = engine._client.run(os.getpid)
    return next(address for address, number in ids.items() if number == worker.pid)


def numbers_at(engine: ClusterPool, address: str) -> set[int]:
    """Of the pictures that a worker has in hand."""
    keys = engine._client.processing([address])[address]
    return {parcel.number for key in keys for parcel in engine._out[key][1]}


@pytest.mark.slow
def test_an_answer_that_is_lost_with_its_worker_holds_nothing_up(
    tmp_path, shipped_bundle, files, expected, monkeypatch
):
    """It was worked out, and the worker died before it was fetched."""
    fetch, go_on = ClusterPool._fetch, threading.Event()

    async def late(engine: ClusterPool, future: Any) -> None:
        while not go_on.is_set():
            await asyncio.sleep(0.05)
        await fetch(engine, future)

    monkeypatch.setattr(ClusterPool, "_fetch", late)
    with dask_cluster(tmp_path, 2, shipped_bundle) as found:
        engine = connect(found, shipped_bundle)
        address = address_of(engine, found.workers[0])
        done: list[tuple[int, Record]] = []
        taking = threading.Thread(target=lambda: done.extend(run(engine, files)))
        taking.start()
        while not engine._client.has_what([address])[address]:
            assert taking.is_alive()
            time.sleep(0.05)
        found.workers[0].kill()
        go_on.set()
        taking.join()
    same(done, expected)


def test_a_picture_that_kills_every_worker_is_told_and_the_others_are_done(
    two_workers, shipped_bundle, files, expected, monkeypatch
):
    class KilledWorker(Exception):  # noqa: N818 - as Dask calls it
        pass

    engine = connect(two_workers, shipped_bundle)
    deadly = files[7]
    take_in = engine._take_in

    class Died(NamedTuple):
        key: str
        status: str = "error"

    def watched(future: Any, answer: Any) -> None:
        _, parcels = engine._out[future.key]
        died = deadly in [one.file for one in parcels]
        take_in(*(Died(future.key), KilledWorker()) if died else (future, answer))

    monkeypatch.setattr(engine, "_take_in", watched)
    found = list(run(engine, files))
    lost = next(record for _, record in found if record.file == deadly)
    assert lost.error.startswith("Every worker that looked at it ended by itself.")
    same([(number, expected[7] if number == 7 else record) for number, record in found], expected)


def test_only_a_few_pictures_are_in_flight(two_workers, shipped_bundle, files):
    taken = 0

    def endless() -> Iterator[tuple[int, str]]:
        nonlocal taken
        while True:
            yield taken, files[taken % 10]
            taken += 1

    cancel = threading.Event()
    engine = connect(two_workers, shipped_bundle)
    records = engine.run(endless(), cancel)
    for done in range(120):
        next(records)
        assert taken - done <= 2 * cluster.WAITING * 2 * cluster.AT_ONCE
    cancel.set()
    began = time.monotonic()
    before = taken
    rest = list(records)
    assert taken == before, "more was begun"
    assert len(rest) <= 2 * cluster.WAITING * 2 * cluster.AT_ONCE
    assert time.monotonic() - began < 2 * cluster.CANCEL_WITHIN_S


@pytest.mark.parametrize(
    ("change", "said"),
    [({"version": "0.0.1"}, "and this is 0.0.1"), ({"digest": "0" * 64}, "another model")],
)
def test_a_worker_that_would_say_something_else_is_refused(
    two_workers, shipped_bundle, files, change, said
):
    engine = connect(two_workers, shipped_bundle)
    engine._order = replace(engine._order, **change, bundle="/nowhere")
    with pytest.raises(ClusterError, match=said):
        list(run(engine, files))


def test_a_worker_without_the_program_is_refused(two_workers, shipped_bundle, files, monkeypatch):
    def missing(_order: object, _parcels: object) -> None:
        raise ModuleNotFoundError("No module named 'image_describer'")

    engine = connect(two_workers, shipped_bundle)
    monkeypatch.setattr(cluster_worker, "describe", missing)
    with pytest.raises(ClusterError, match="has no Image Describer"):
        list(run(engine, files))


def test_a_worker_with_a_bundle_at_another_place_will_do(
    shipped_bundle, tmp_path, files, monkeypatch
):
    order = cluster_worker.batch_spec(shutil.copytree(shipped_bundle, tmp_path / "copy"))
    status = os.stat(files[0])
    parcel = ClusterTask(0, files[0], None, status.st_size, status.st_mtime)
    monkeypatch.setenv("IMAGE_DESCRIBER_BUNDLE", "/nowhere")
    assert cluster_worker.describe(order, [parcel])[0][1].description  # type: ignore[union-attr]
    shutil.rmtree(tmp_path / "copy")
    assert not isinstance(cluster_worker.describe(order, [parcel]), str), "it was loaded already"
    monkeypatch.setattr(cluster_worker, "_idle", {})
    assert "no model bundle" in str(cluster_worker.describe(order, [parcel]))
    monkeypatch.setenv("IMAGE_DESCRIBER_BUNDLE", str(shipped_bundle))
    answer = cluster_worker.describe(order, [parcel._replace(changed=1.0)])
    assert answer == [(0, None)], "another file at the same path"


def test_a_scheduler_that_dies_in_mid_run(tmp_path, shipped_bundle, files):
    with dask_cluster(tmp_path, 1, shipped_bundle) as found:
        records = run(connect(found, shipped_bundle, 1), files)
        for _ in range(5):
            next(records)
        found.scheduler.kill()
        began = time.monotonic()
        with pytest.raises(ClusterError, match=r"went away|doesn't answer.*the same command"):
            list(records)
        assert time.monotonic() - began < 30


@pytest.mark.slow
def test_a_scheduler_that_hangs(tmp_path, shipped_bundle, files, monkeypatch):
    monkeypatch.setattr(cluster, "ANSWER_LIMIT_S", 3.0)
    with dask_cluster(tmp_path, 1, shipped_bundle) as found:
        records = run(connect(found, shipped_bundle, 1), files)
        next(records)
        with stopped(found.scheduler):
            began = time.monotonic()
            with pytest.raises(ClusterError, match=r"doesn't answer any more\. What is done"):
                list(records)
            assert time.monotonic() - began < 40
            began = time.monotonic()
            with pytest.raises(ClusterError, match="No Dask scheduler answers"):
                ClusterPool(found.address, shipped_bundle)
            assert time.monotonic() - began < 20


def test_a_scheduler_without_workers(tmp_path, shipped_bundle):
    with (
        dask_cluster(tmp_path, 0, shipped_bundle) as found,
        pytest.raises(ClusterError, match=r"has no workers\. Start some.* dask worker tcp://127"),
    ):
        ClusterPool(found.address, shipped_bundle)


def test_all_workers_lost(tmp_path, shipped_bundle, files, monkeypatch):
    monkeypatch.setattr(cluster, "NO_WORKERS_LIMIT_S", 0.5)
    monkeypatch.setattr(cluster, "WATCH_EVERY_S", 0.3)
    with dask_cluster(tmp_path, 1, shipped_bundle) as found:
        records = run(connect(found, shipped_bundle, 1), files)
        next(records)
        found.workers[0].kill()
        with pytest.raises(ClusterError, match="has lost all its workers"):
            list(records)


def test_no_scheduler_is_told_within_ten_seconds(shipped_bundle, unused_port):
    began = time.monotonic()
    with pytest.raises(ClusterError, match=r"No Dask scheduler answers at .*dask scheduler"):
        ClusterPool(f"tcp://127.0.0.1:{unused_port}", shipped_bundle)
    assert time.monotonic() - began < 10


@pytest.mark.parametrize(
    "address",
    ["", "localhost", "tcp://", "tcp://host", "tcp://host:x", "http://host:1", "tcp://:1"],
)
def test_what_is_no_address_is_told(shipped_bundle, address):
    with pytest.raises(ClusterError, match=r"is no address of a scheduler.*tcp://host:port"):
        ClusterPool(address, shipped_bundle)


def test_tls_needs_its_files(shipped_bundle, tmp_path):
    with pytest.raises(ClusterError, match="TLS needs certificates"):
        ClusterPool("tls://127.0.0.1:1", shipped_bundle)
    with pytest.raises(ClusterError, match="There is no file"):
        ClusterPool("tls://127.0.0.1:1", shipped_bundle, tls=TlsFiles(ca=tmp_path / "none.pem"))


def test_without_dask_the_way_out_is_said(shipped_bundle, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ClusterError, match=r'pip install "image-describer\[cluster\]"'):
        ClusterPool("tcp://127.0.0.1:1", shipped_bundle)


@pytest.fixture
def unused_port() -> int:
    """A port where nobody listens."""
    import socket

    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])
