"""How many pictures the service hands to a process at once: the time of the processor for each.

    apt-get install wrk
    python benchmarks/service_groups.py FOLDER [--seconds 10] [--rounds 3] [--connections 16]
        [--sizes 1 2 4 8]

A real service for each size (GROUP in image_describer/server/crew.py), asked as by service_load.py,
in turn, each size once a round. What counts is the processor's time for a picture, which depends
least on what else the machine does; the rate and the wait of a client stand beside it.
"""

import argparse
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

import measure

sys.path.insert(0, str(measure.HERE.parent))

from service_load import level, list_pictures, needed

from image_describer import paths
from tests.support.service import Service

SHOWN = ("cpu_s_per_picture", "rate", "p50_ms", "p99_ms")


def measured(size: int, pictures: Path, options: argparse.Namespace) -> dict[str, Any]:
    """One run of a service that hands over up to ``size`` pictures at once."""
    before = f"from image_describer.server import queue as crew; crew.GROUP = {size}"
    with Service(paths.bundle_folder(), before=before) as service:
        found = level(service, pictures, options.connections, options.seconds)
        tasks = service.metric("image_describer_group_size_sum")
        groups = service.metric("image_describer_group_size_count")
    return {"mean_group": round(tasks / groups, 2), **found}


def summary(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """The medians of a size's runs, and the runs themselves."""
    medians = {name: statistics.median(run[name] for run in runs) for name in SHOWN}
    return {**medians, "mean_group": runs[-1]["mean_group"], "runs": runs}


def main() -> int:
    parser = argparse.ArgumentParser(description="Try how many pictures are handed over at once.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1, 2, 4, 8])
    parser.add_argument("--pictures", type=int, default=200, help="at most so many of them (200)")
    options = parser.parse_args()
    needed(parser)
    runs: dict[int, list[dict[str, Any]]] = {size: [] for size in options.sizes}
    with tempfile.TemporaryDirectory() as place:
        listed = list_pictures(options.folder, options.pictures, Path(place), parser)
        for _ in range(options.rounds):
            for size in options.sizes:
                runs[size].append(measured(size, listed, options))
    sizes = {str(size): summary(found) for size, found in runs.items()}
    for size, found in sizes.items():
        print(
            f"groups of {size}: {1000 * found['cpu_s_per_picture']:.1f} ms of the processor a "
            f"picture, {found['rate']:.1f} pictures a second, p50 {found['p50_ms']:.0f} ms, "
            f"p99 {found['p99_ms']:.0f} ms"
        )
    result = {
        "machine": measure.machine(),
        "connections": options.connections,
        "seconds": options.seconds,
        "sizes": sizes,
    }
    print(f"Written to {measure.write('service_groups', result)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
