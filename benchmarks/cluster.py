"""The same pictures by one machine and by a Dask cluster: one worker, two, one of two killed.

    python benchmarks/cluster.py FOLDER [--limit 500] [--send-pictures] [--bundle FOLDER]

Each line gives pictures a second, how many times the first line's that is, and whether every
record was the same as on one machine but for the seconds. The cluster lives on this machine, so
two workers gain no more than it has cores.
"""

import argparse
import itertools
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from image_describer.description import Seconds
from image_describer.errors import ImageDescriberError
from image_describer.library import walk
from image_describer.library.cluster import ClusterEngine
from image_describer.library.engine import Engine
from image_describer.library.record import Record
from tests.dask_cluster import DaskCluster, dask_cluster

START_LIMIT_S = 120.0
Result = tuple[float, dict[str, object]]


def told(record: Record) -> object:
    """All of a record but the seconds."""
    vector = None if record.vector is None else record.vector.tobytes()
    description = record.description
    if description is not None:
        description = replace(description, seconds=Seconds(0.0, 0.0, 0.0))
    return record.key, record.error, description, vector


def timed(records: Iterator[tuple[int, Record]]) -> Result:
    """Pictures a second from the first record on, and the records by file. None may come twice."""
    found: dict[str, object] = {}
    began = 0.0
    for _, record in records:
        began = began or time.perf_counter()
        assert record.file not in found, f"{record.file} came twice"
        found[record.file] = told(record)
    return (len(found) - 1) / (time.perf_counter() - began), found


def connect(cluster: DaskCluster, options: argparse.Namespace, workers: int) -> ClusterEngine:
    """An engine, when all workers are there."""
    end = time.monotonic() + START_LIMIT_S
    while True:
        try:
            engine = ClusterEngine(
                cluster.address, options.bundle, send_pictures=options.send_pictures
            )
            if engine.threads >= workers:
                return engine
            engine.close()
        except ImageDescriberError:
            if time.monotonic() > end:
                raise


def by_cluster(
    files: list[str], options: argparse.Namespace, workers: int, kill: bool = False
) -> Result:
    """What a fresh cluster makes of them; with ``kill``, one worker dies after a third."""
    with (
        tempfile.TemporaryDirectory() as folder,
        dask_cluster(Path(folder), workers, options.bundle) as cluster,
    ):
        engine = connect(cluster, options, workers)

        def records() -> Iterator[tuple[int, Record]]:
            tasks = iter(list(enumerate(files)))
            for done, pair in enumerate(engine.run(tasks, threading.Event())):
                if kill and done == len(files) // 3:
                    cluster.workers[0].kill()
                yield pair

        return timed(records())


def main() -> int:
    """Print the four lines; exit status 1 where a record differs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--limit", type=int, default=500, help="pictures at most")
    parser.add_argument("--send-pictures", action="store_true")
    parser.add_argument("--bundle", type=Path)
    options = parser.parse_args()
    found = itertools.islice(walk.pictures([options.folder]), options.limit)
    files = [one.file for one in found if not one.error]
    tasks = iter(list(enumerate(files)))
    first, expected = timed(Engine(options.bundle, 1).run(tasks, threading.Event()))
    print(f"{len(files)} pictures")
    print(f"one process, no cluster   {first:6.1f} pictures a second")
    status = 0
    for name, workers, kill in (
        ("one worker", 1, False),
        ("two workers", 2, False),
        ("two, one killed", 2, True),
    ):
        rate, records = by_cluster(files, options, workers, kill)
        same = records == expected
        status |= not same
        verdict = "the same records" if same else "OTHER RECORDS"
        print(f"{name:25} {rate:6.1f} pictures a second, x {rate / first:4.2f}, {verdict}")
    return status


if __name__ == "__main__":
    sys.exit(main())
