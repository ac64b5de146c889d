"""The same pictures by one machine and by a Dask cluster: one worker, two, one of two killed.

    python benchmarks/cluster.py FOLDER [--limit 500] [--send-pictures] [--bundle FOLDER]

Each line gives pictures a second, how many times the first line's that is, and whether every
record was the same as on one machine but for the seconds. The cluster lives on this machine, so
two workers gain no more than it has cores: two processes without a cluster show how much that is.
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
from typing import Any

import measure

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from image_describer.captioner.description import Seconds
from image_describer.library import scan
from image_describer.library.record import Record
from image_describer.workers.pool import Engine
from tests.support.dask_cluster import connect, dask_cluster

KILLED_AFTER = 1 / 3  # of all pictures
Result = tuple[float, dict[str, object]]


def told(record: Record) -> object:
    """All of a record but the seconds."""
    vector = None if record.embedding is None else record.embedding.tobytes()
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


def by_cluster(
    files: list[str], options: argparse.Namespace, workers: int, kill: bool = False
) -> Result:
    """What a fresh cluster makes of them; with ``kill``, one worker dies in the middle of it."""
    with (
        tempfile.TemporaryDirectory() as folder,
        dask_cluster(Path(folder), workers, options.bundle) as cluster,
    ):
        engine = connect(cluster, options.bundle, workers, send_pictures=options.send_pictures)

        def records() -> Iterator[tuple[int, Record]]:
            tasks = iter(list(enumerate(files)))
            for done, pair in enumerate(engine.run(tasks, threading.Event())):
                if kill and done == int(KILLED_AFTER * len(files)):
                    cluster.workers[0].kill()
                yield pair

        return timed(records())


def by_processes(files: list[str], options: argparse.Namespace, workers: int) -> Result:
    """What processes of this machine make of them."""
    tasks = iter(list(enumerate(files)))
    return timed(Engine(options.bundle, workers).run(tasks, threading.Event()))


def main() -> int:
    """Print and write the figures; exit status 1 where a record differs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--limit", type=int, default=500, help="pictures at most")
    parser.add_argument("--send-pictures", action="store_true")
    parser.add_argument("--bundle", type=Path)
    options = parser.parse_args()
    scan.check([options.folder])
    found = itertools.islice(scan.pictures([options.folder]), options.limit)
    files = [one.file for one in found if not one.error]
    result: dict[str, Any] = {
        "machine": measure.machine(),
        "pictures": len(files),
        "send_pictures": options.send_pictures,
        "killed_after": round(KILLED_AFTER, 3),
    }
    first, expected = by_processes(files, options, 1)
    print(f"{len(files)} pictures\none process, no cluster     {first:6.1f} a second", flush=True)
    rows = {"one process, no cluster": {"pictures_per_s": round(first, 2)}}
    all_same = True
    for name, work in (
        ("two processes, no cluster", lambda: by_processes(files, options, 2)),
        ("one worker", lambda: by_cluster(files, options, 1)),
        ("two workers", lambda: by_cluster(files, options, 2)),
        ("two workers, one killed", lambda: by_cluster(files, options, 2, kill=True)),
    ):
        rate, records = work()
        same = records == expected
        all_same &= same
        verdict = "the same records" if same else "OTHER RECORDS"
        print(f"{name:27} {rate:6.1f} a second, x {rate / first:4.2f}, {verdict}", flush=True)
        rows[name] = {
            "pictures_per_s": round(rate, 2),
            "ratio": round(rate / first, 3),
            "same_records": same,
        }
    name = "cluster_sent" if options.send_pictures else "cluster"
    print(f"Written to {measure.write(name, {**result, 'runs': rows})}")
    return 0 if all_same else 1


if __name__ == "__main__":
    sys.exit(main())
