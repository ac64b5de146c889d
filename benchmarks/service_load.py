"""The service under load: pictures per second, response times, errors and memory.

    apt-get install wrk
    python benchmarks/service_load.py FOLDER [--seconds 120] [--connections 1 8 64] [--pictures 500]

wrk posts JPEGs of FOLDER in turn over many connections, each as fast as it gets answers. Client
and service share this machine. Before and after each run, the bare encoder is timed as in batch.py.
Memory is that of all processes of the service: flat means that the mean of the last fifth of a run
is at most 1.05 of that of its second fifth.
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

from batch import BARE_PICTURES, FLAT, MemorySampler, bare_rate

from image_describer import paths, runtime
from image_describer.library import scan
from tests.support.service import Service

SCRIPT = measure.HERE / "post.lua"
THREADS = 2  # of wrk; pictures come back too slowly to keep one busy
TIMEOUT_S = 30
WARM_UP_S = 5
FILE_LIMIT_BYTES = 5_000_000
TOO_MANY = "429"


def load(url: str, pictures: Path, connections: int, seconds: float) -> dict[str, Any]:
    """Return what wrk measured: requests, milliseconds, answers by status, errors by kind."""
    command = ["wrk", f"-t{min(THREADS, connections)}", f"-c{connections}", f"-d{seconds:.0f}s"]
    command += [f"--timeout={TIMEOUT_S}s", f"-s{SCRIPT}", f"{url}/v1/describe", "--", str(pictures)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    lines = [line for line in done.stdout.splitlines() if line.startswith("RESULT ")]
    result: dict[str, Any] = json.loads(lines[0].removeprefix("RESULT "))
    return result


def cpu_s(pid: int) -> float:
    """CPU seconds that a process and its children have used so far."""
    process = psutil.Process(pid)
    times = [each.cpu_times() for each in (process, *process.children(recursive=True))]
    return sum(each.user + each.system for each in times)


def run_level(service: Service, pictures: Path, connections: int, seconds: float) -> dict[str, Any]:
    """Run with that many connections."""
    load(service.url, pictures, connections, WARM_UP_S)
    memory = MemorySampler(service.process.pid)
    memory.start()
    began = cpu_s(service.process.pid)
    result = load(service.url, pictures, connections, seconds)
    described = result["statuses"].get("200", 0)
    result["rate"] = round(described / result["seconds"], 2)
    result["cpu_s_per_picture"] = round((cpu_s(service.process.pid) - began) / max(1, described), 4)
    return {"connections": connections, **result, **memory.stop()}


def run(options: argparse.Namespace, listed: Path) -> dict[str, Any]:
    cores = runtime.cores()
    levels = []
    with Service(paths.bundle_folder()) as service:
        before = bare_rate(BARE_PICTURES, cores)
        for connections in options.connections:
            level = run_level(service, listed, connections, options.seconds)
            after = bare_rate(BARE_PICTURES, cores)
            level["bare_rate"] = round((before[0] + after[0]) / 2, 2)
            level["ratio"] = round(level["rate"] / level["bare_rate"], 3)
            bare_cpu_s = (before[1] + after[1]) / 2
            level["cpu_ratio"] = round(bare_cpu_s / level["cpu_s_per_picture"], 3)
            levels.append(level)
            before = after
            print(line(level), flush=True)
        stopped = service.stop()
    return {
        "machine": measure.machine(),
        "seconds": options.seconds,
        "pictures": len(listed.read_text("utf-8").splitlines()),
        "levels": levels,
        "exit_status": stopped,
    }


def line(level: dict[str, Any]) -> str:
    """Return a run in one line."""
    return (
        f"{level['connections']:3d} connections: {level['rate']:6.2f} pictures per second, "
        f"{level['ratio']:.3f} of the bare encoder's {level['bare_rate']:.2f} "
        f"(by CPU time {level['cpu_ratio']:.3f}); p50 {level['p50_ms']:.0f} ms, "
        f"p99 {level['p99_ms']:.0f} ms; {json.dumps(level['statuses'])}, errors {errors(level)}; "
        f"{level['peak_mb']:.0f} MB at most, growth {(level['growth'] or 1) - 1:+.1%}"
    )


def errors(level: dict[str, Any]) -> int:
    """Count requests without an answer, and answers other than 200 and 429."""
    others = sum(
        times for status, times in level["statuses"].items() if status not in ("200", TOO_MANY)
    )
    return int(others + level["connect"] + level["read"] + level["write"] + level["timeout"])


def jpegs(folder: Path, count: int) -> list[str]:
    """Return up to ``count`` JPEGs, spread over the whole folder."""
    files = [
        picture.file
        for picture in scan.pictures([folder])
        if picture.file.lower().endswith((".jpg", ".jpeg"))
        and Path(picture.file).stat().st_size <= FILE_LIMIT_BYTES
    ]
    return files[:: max(1, len(files) // count)][:count]


def list_pictures(folder: Path, count: int, target: Path, parser: argparse.ArgumentParser) -> Path:
    """Write the list of pictures for wrk into ``target``; exit if there are none."""
    files = jpegs(folder, count)
    if not files:
        parser.error(f"there is no JPEG in {folder}")
    listed = target / "pictures"
    listed.write_text("".join(f"{Path(file).resolve()}\n" for file in files), "utf-8")
    return listed


def main() -> int:
    parser = argparse.ArgumentParser(description="Load the service, and time it.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--connections", type=int, nargs="+", default=[1, 8, 64])
    parser.add_argument("--pictures", type=int, default=500, help="at most so many of them (500)")
    options = parser.parse_args()
    if not shutil.which("wrk"):
        parser.error("wrk is missing: apt-get install wrk")
    with tempfile.TemporaryDirectory() as folder:
        listed = list_pictures(options.folder, options.pictures, Path(folder), parser)
        result = run(options, listed)
    print(f"Written to {measure.write('service_load', result)}")
    flat = all((level["growth"] or 1) <= FLAT for level in result["levels"])
    clean = not any(errors(level) for level in result["levels"])
    print(f"memory is {'flat' if flat else 'NOT FLAT'}; {'no' if clean else 'SOME'} errors but 429")
    return 0 if flat and clean and result["exit_status"] == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
