"""Pictures per second and memory of a batch, compared with the bare encoder.

    python benchmarks/batch.py FOLDER [--pictures N] [--rounds 3] [--workers N]

The bare encoder is LiteRT alone, on pixels in memory, in one process per core. It takes turns with
the whole batch: walking, reading, decoding, describing, checkpoint, index, output, and the start of
the processes. Memory is that of all processes together.
"""

import argparse
import itertools
import multiprocessing
import os
import shutil
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import measure
import numpy as np
import psutil

from image_describer import paths, runtime
from image_describer.captioner.bundle import ENCODER
from image_describer.library import batch, scan
from image_describer.workers import pool

RATIO_TARGET = 0.9  # of the bare encoder's pictures per second
SAMPLE_EVERY_S = 0.2
FLAT = 1.05  # the mean memory of the last fifth, compared with the second fifth
BARE_PICTURES = 200


def bare_rate(count: int, cores: int) -> tuple[float, float]:
    """Pictures per second of the encoder alone, and CPU seconds per picture."""
    cpu_began = _cpu_s()
    each = max(1, count // cores)
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(cores + 1)
    processes = [context.Process(target=_run_encoder, args=(barrier, each)) for _ in range(cores)]
    for process in processes:
        process.start()
    barrier.wait()
    began = time.perf_counter()
    barrier.wait()
    took_s = time.perf_counter() - began
    for process in processes:
        process.join()
    # Loading and warming up counts as one more picture for each process.
    return each * cores / took_s, (_cpu_s() - cpu_began) / (each * cores + cores)


def _run_encoder(barrier: Any, count: int) -> None:
    """Run the encoder ``count`` times once all processes are ready."""
    interpreter = runtime.load(paths.bundle_folder() / ENCODER, 1)
    entry = interpreter.get_input_details()[0]
    pixels = np.random.default_rng(0).integers(0, 256, entry["shape"]).astype(entry["dtype"])
    interpreter.set_tensor(entry["index"], pixels)
    interpreter.invoke()
    barrier.wait()
    for _ in range(count):
        interpreter.set_tensor(entry["index"], pixels)
        interpreter.invoke()
    barrier.wait()


def _cpu_s() -> float:
    """CPU seconds so far, of this process and of children that have ended."""
    return sum(os.times()[:4])


class MemorySampler(threading.Thread):
    """Samples the memory of a process and its children, in MB, until `stop`."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._process = psutil.Process(pid)
        self._stopped = threading.Event()
        self.samples_mb: list[float] = []

    def run(self) -> None:
        while not self._stopped.wait(SAMPLE_EVERY_S):
            total = 0
            for process in [self._process, *self._process.children(recursive=True)]:
                try:
                    total += process.memory_info().rss
                except psutil.Error:
                    continue
            self.samples_mb.append(total / 1e6)

    def stop(self) -> dict[str, Any]:
        """Return the peak, the mean of the second and of the last fifth, and their ratio."""
        self._stopped.set()
        self.join()
        fifth = max(1, len(self.samples_mb) // 5)
        early, late = (
            statistics.mean(part or [0.0])
            for part in (self.samples_mb[fifth : 2 * fifth], self.samples_mb[-fifth:])
        )
        return {
            "peak_mb": round(max(self.samples_mb, default=0.0), 1),
            "second_fifth_mb": round(early, 1),
            "last_fifth_mb": round(late, 1),
            "growth": round(late / early, 3) if early else None,
        }


def run_batch(folder: Path, workers: int) -> dict[str, Any]:
    """Run one batch in this process; return its rates and its memory."""
    with tempfile.TemporaryDirectory() as out:
        times: list[tuple[float, int]] = []
        memory = MemorySampler(os.getpid())
        memory.start()
        began, cpu_began = time.perf_counter(), _cpu_s()
        outcome = batch.run(
            [folder],
            Path(out) / "out.jsonl",
            workers=workers,
            restart=True,
            on_progress=lambda progress: times.append((time.perf_counter(), progress.done)),
        )
        took_s, cpu_s = time.perf_counter() - began, _cpu_s() - cpu_began
    (first, done), (last, all_done) = times[0], times[-1]
    return {
        "rate": outcome.described / took_s,
        "cpu_s_per_picture": cpu_s / max(1, outcome.described),
        "steady_rate": (all_done - done) / max(last - first, 1e-6),
        "first_after_s": first - began,
        "failed": len(outcome.failures),
        **memory.stop(),
    }


def run(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    cores = runtime.cores()
    workers = options.workers or pool.default_workers()
    pictures = scan.count([folder])
    count = max(min(BARE_PICTURES, pictures), pictures // 4)
    bare, runs = [bare_rate(count, cores)], []
    for _ in range(options.rounds):
        runs.append(run_batch(folder, workers))
        bare.append(bare_rate(count, cores))
    between = [(a + b) / 2 for (a, _), (b, _) in itertools.pairwise(bare)]
    cpu_between = [(a + b) / 2 for (_, a), (_, b) in itertools.pairwise(bare)]
    return {
        "machine": measure.machine(),
        "pictures": pictures,
        "workers": workers,
        "bare_rate": measure.summary([rate for rate, _ in bare]),
        "batch_rate": measure.summary([run["rate"] for run in runs]),
        "steady_rate": measure.summary([run["steady_rate"] for run in runs]),
        "ratio": measure.summary([run["rate"] / b for run, b in zip(runs, between, strict=True)]),
        "cpu_ratio": measure.summary(
            [b / run["cpu_s_per_picture"] for run, b in zip(runs, cpu_between, strict=True)]
        ),
        "runs": [{k: round(v, 3) for k, v in run.items() if v is not None} for run in runs],
    }


def link_some(folder: Path, count: int, target: Path) -> Path:
    """Link to ``count`` pictures, spread over the whole folder."""
    files = [picture.file for picture in scan.pictures([folder])]
    for file in files[:: max(1, len(files) // count)][:count]:
        try:
            (target / Path(file).name).symlink_to(file)
        except OSError:
            shutil.copyfile(file, target / Path(file).name)
    return target


def main() -> int:
    parser = argparse.ArgumentParser(description="Time a batch, compared with the bare encoder.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--pictures", type=int, help="only so many of them")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--workers", type=int)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as home, tempfile.TemporaryDirectory() as links:
        os.environ["XDG_DATA_HOME"] = os.environ["LOCALAPPDATA"] = home  # an index of its own
        folder = options.folder
        if options.pictures:
            folder = link_some(folder, options.pictures, Path(links))
        result = run(options, folder)
    print(f"bare encoder   {result['bare_rate']['median']:7.2f} pictures per second")
    print(f"batch          {result['batch_rate']['median']:7.2f}, including the start")
    print(f"batch, steady  {result['steady_rate']['median']:7.2f}")
    ratio, growth = result["ratio"]["median"], result["runs"][-1].get("growth", 1.0)
    verdict = "met" if ratio >= RATIO_TARGET else "MISSED"
    print(f"ratio {ratio:.3f}; the target of {RATIO_TARGET} is {verdict}")
    print(f"by CPU time: {result['cpu_ratio']['median']:.3f}")
    print(f"memory: {result['runs'][-1]['peak_mb']:.0f} MB at most, growth {growth - 1:+.1%}")
    print(f"Written to {measure.write('batch', result)}")
    return 0 if ratio >= RATIO_TARGET and growth <= FLAT else 1


if __name__ == "__main__":
    sys.exit(main())
