"""What the benchmarks share: time and memory of processes, medians, the results files."""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results"
SAMPLE = HERE.parent / "assets" / "samples" / "astronaut.jpg"

# ru_maxrss is in KiB on Linux and in bytes on macOS.
RSS_UNIT_BYTES = 1 if sys.platform == "darwin" else 1024


@dataclass(frozen=True)
class ProcessRun:
    """A finished process: wall time in seconds, peak memory in MB (10^6 bytes), its output."""

    wall_s: float
    peak_mb: float
    output: str


def run(command: Sequence[str], cwd: str | os.PathLike[str]) -> ProcessRun:
    """Run a command to its end. Raises RuntimeError, with its stderr, when it fails."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        began = time.perf_counter()
        process = subprocess.Popen(
            command, cwd=cwd, stdout=out, stderr=err, stdin=subprocess.DEVNULL
        )
        # wait4 returns the peak of this child; getrusage returns that of the largest child ever.
        _, status, usage = os.wait4(process.pid, 0)
        wall_s = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        if process.returncode != 0:
            raise RuntimeError(f"{command[0]} ended with {process.returncode}: {err.read()!r}")
        output = out.read().decode()
    return ProcessRun(wall_s, usage.ru_maxrss * RSS_UNIT_BYTES / 1e6, output)


def flickr8k_option(parser: argparse.ArgumentParser) -> None:
    """Add ``--data``, the folder with Flickr8k."""
    folder = os.environ.get("IMAGE_DESCRIBER_DATA")
    parser.add_argument(
        "--data",
        type=Path,
        default=folder,
        required=folder is None,
        help="a folder with Flickr8k (default: that of IMAGE_DESCRIBER_DATA)",
    )


def summary(values: Sequence[float]) -> dict[str, float]:
    """Median, minimum and maximum, rounded to four decimal places."""
    return {
        "median": round(statistics.median(values), 4),
        "least": round(min(values), 4),
        "greatest": round(max(values), 4),
    }


def percentiles(values: Sequence[float]) -> dict[str, float]:
    """Like `summary`, with the 90th percentile."""
    ninth = statistics.quantiles(values, n=10)[-1] if len(values) > 1 else values[0]
    return {**summary(values), "percentile 90": round(ninth, 4)}


def machine() -> dict[str, Any]:
    """What the figures depend on."""
    return {
        "cpu": _cpu(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None,
        "load_1min": round(os.getloadavg()[0], 2),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "when": datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


def write(name: str, result: dict[str, Any]) -> Path:
    """Write ``results/<name>.json`` atomically."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.json"
    temporary = path.with_suffix(".json.new")
    temporary.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    temporary.replace(path)
    return path


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()
