"""The service under load: requests a second beside the bare extractor's, their time, memory.

    apt-get install wrk
    python benchmarks/service_load.py FOLDER [--seconds 120] [--connections 1 8 64] [--pictures 500]

A real service with the model that ships is asked by wrk, which posts JPEGs of FOLDER in turn over
so many connections, each as fast as it is answered. Client and service share this machine. Before
and after each run the bare extractor is timed, as benchmarks/batch.py does it, in the arrangement
that is fastest here. Memory is that of all of the service's processes: flat means that the mean of
the last fifth of a run is no more than 1.05 of that of its second fifth.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import measure
import psutil

sys.path.insert(0, str(measure.HERE.parent))

from batch import FLAT, Memory, bare_rate

from image_describer import paths
from image_describer.captioner import runtime
from image_describer.library import scan
from tests.support.service import Service

SCRIPT = measure.HERE / "post.lua"
THREADS = 2  # of wrk; pictures come back too slowly to keep one busy
TIMEOUT_S = 30
WARM_UP_S = 5
LARGEST_BYTES = 5_000_000
BARE_PICTURES = 200
TOLD_TO_WAIT = "429"


def load(url: str, pictures: Path, connections: int, seconds: float) -> dict[str, Any]:
    """What wrk measured: requests, milliseconds, answers by status, errors by kind."""
    command = ["wrk", f"-t{min(THREADS, connections)}", f"-c{connections}", f"-d{seconds:.0f}s"]
    command += [f"--timeout={TIMEOUT_S}s", f"-s{SCRIPT}", f"{url}/v1/describe", "--", str(pictures)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    lines = [line for line in done.stdout.splitlines() if line.startswith("RESULT ")]
    found: dict[str, Any] = json.loads(lines[0].removeprefix("RESULT "))
    return found


def cpu_s(pid: int) -> float:
    """Seconds of the processor that a process and its children have used so far."""
    process = psutil.Process(pid)
    times = [one.cpu_times() for one in (process, *process.children(recursive=True))]
    return sum(one.user + one.system for one in times)


def level(service: Service, pictures: Path, connections: int, seconds: float) -> dict[str, Any]:
    """One run with so many connections."""
    load(service.url, pictures, connections, WARM_UP_S)
    memory = Memory(service.process.pid)
    memory.start()
    began = cpu_s(service.process.pid)
    found = load(service.url, pictures, connections, seconds)
    described = found["statuses"].get("200", 0)
    found["rate"] = round(described / found["seconds"], 2)
    found["cpu_s_per_picture"] = round((cpu_s(service.process.pid) - began) / max(1, described), 4)
    return {"connections": connections, **found, **memory.stop()}


def measured(options: argparse.Namespace, listed: Path) -> dict[str, Any]:
    cores = runtime.cores()
    arrangements = ("one interpreter", "threads", "processes")
    tried = {name: bare_rate(name, BARE_PICTURES, cores)[0] for name in arrangements}
    best = max(tried, key=lambda name: tried[name])
    levels = []
    with Service(paths.bundle_folder()) as service:
        before = bare_rate(best, BARE_PICTURES, cores)
        for connections in options.connections:
            found = level(service, listed, connections, options.seconds)
            after = bare_rate(best, BARE_PICTURES, cores)
            found["bare_rate"] = round((before[0] + after[0]) / 2, 2)
            found["ratio"] = round(found["rate"] / found["bare_rate"], 3)
            bare_cpu_s = (before[1] + after[1]) / 2
            found["cpu_ratio"] = round(bare_cpu_s / found["cpu_s_per_picture"], 3)
            levels.append(found)
            before = after
            print(told(found), flush=True)
        stopped = service.stop()
    return {
        "machine": measure.machine(),
        "seconds": options.seconds,
        "pictures": len(listed.read_text("utf-8").splitlines()),
        "bare_arrangements": {name: round(rate, 2) for name, rate in tried.items()},
        "levels": levels,
        "exit_status": stopped,
    }


def told(found: dict[str, Any]) -> str:
    """A run in a line."""
    return (
        f"{found['connections']:3d} connections: {found['rate']:6.2f} pictures a second, "
        f"{found['ratio']:.3f} of the bare extractor's {found['bare_rate']:.2f} "
        f"(by the processor's time {found['cpu_ratio']:.3f}); p50 {found['p50_ms']:.0f} ms, "
        f"p99 {found['p99_ms']:.0f} ms; {json.dumps(found['statuses'])}, errors {errors(found)}; "
        f"{found['peak_mb']:.0f} MB at most, grown by {(found['growth'] or 1) - 1:+.1%}"
    )


def errors(found: dict[str, Any]) -> int:
    """Requests that got no answer, or one that is neither a description nor a 429."""
    others = sum(
        times for status, times in found["statuses"].items() if status not in ("200", TOLD_TO_WAIT)
    )
    return int(others + found["connect"] + found["read"] + found["write"] + found["timeout"])


def jpegs(folder: Path, count: int) -> list[str]:
    """Up to ``count`` JPEGs, spread over the whole folder."""
    files = [
        one.file
        for one in scan.pictures([folder])
        if one.file.lower().endswith((".jpg", ".jpeg"))
        and Path(one.file).stat().st_size <= LARGEST_BYTES
    ]
    return files[:: max(1, len(files) // count)][:count]


def needed(parser: argparse.ArgumentParser) -> None:
    """End with a sentence where wrk is missing."""
    if not shutil.which("wrk"):
        parser.error("wrk is missing: apt-get install wrk")


def list_pictures(folder: Path, count: int, place: Path, parser: argparse.ArgumentParser) -> Path:
    """A file in ``place`` that lists them for wrk; ends with a sentence where there are none."""
    files = jpegs(folder, count)
    if not files:
        parser.error(f"there is no JPEG in {folder}")
    listed = place / "pictures"
    listed.write_text("".join(f"{Path(file).resolve()}\n" for file in files), "utf-8")
    return listed


def main() -> int:
    parser = argparse.ArgumentParser(description="Load the service, and time it.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--connections", type=int, nargs="+", default=[1, 8, 64])
    parser.add_argument("--pictures", type=int, default=500, help="at most so many of them (500)")
    options = parser.parse_args()
    needed(parser)
    with tempfile.TemporaryDirectory() as place:
        listed = list_pictures(options.folder, options.pictures, Path(place), parser)
        result = measured(options, listed)
    print(f"Written to {measure.write('service_load', result)}")
    flat = all((found["growth"] or 1) <= FLAT for found in result["levels"])
    clean = not any(errors(found) for found in result["levels"])
    print(f"memory is {'flat' if flat else 'NOT FLAT'}; {'no' if clean else 'SOME'} errors but 429")
    return 0 if flat and clean and result["exit_status"] == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
