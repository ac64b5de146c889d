"""Pictures a second: a batch over a folder beside the bare extractor, and whether any gets lost.

    python benchmarks/batch.py FOLDER [--pictures N] [--rounds 3] [--workers N] [--skip-stops]

The bare extractor is LiteRT alone, on pixels that lie in memory, with all cores in the arrangement
that is fastest here: one interpreter with a thread a core, or an interpreter of one thread a core
in threads or in processes. It takes turns with the whole batch (walking, reading, decoding,
describing, journal, index, output; the start of its processes included). Memory is that of all its
processes. Then a batch is cancelled, taken up, killed with SIGKILL, and taken up again.
"""

import argparse
import itertools
import json
import multiprocessing
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import measure
import numpy as np
import psutil

from image_describer import paths
from image_describer.captioner import runtime
from image_describer.library import batch, scan
from image_describer.workers import pool

RATIO_GOAL = 0.9  # of the bare extractor's pictures a second
SAMPLE_EVERY_S = 0.2
FLAT = 1.05  # the mean memory of the last fifth, over that of the second fifth
STOPS = (("cancelled", signal.SIGINT, 0.25), ("killed", signal.SIGKILL, 0.6))
CLI = "import sys; from image_describer.cli.main import main; sys.exit(main())"


def _bare(barrier: Any, threads: int, count: int) -> None:
    """Invoke the extractor ``count`` times, once all others are ready, too."""
    interpreter = runtime.load(paths.bundle_folder() / "extractor.tflite", threads)
    given = interpreter.get_input_details()[0]
    pixels = np.random.default_rng(0).integers(0, 256, given["shape"]).astype(given["dtype"])
    interpreter.set_tensor(given["index"], pixels)
    interpreter.invoke()
    barrier.wait()
    for _ in range(count):
        interpreter.set_tensor(given["index"], pixels)
        interpreter.invoke()
    barrier.wait()


def bare_rate(arrangement: str, count: int, cores: int) -> tuple[float, float]:
    """Pictures a second of the extractor alone, and the processor's seconds a picture."""
    cpu_began = _cpu_s()
    each = max(1, count // cores)
    if arrangement == "one interpreter":
        crew: list[Any] = []
        barrier: Any = threading.Barrier(2)
        crew = [threading.Thread(target=_bare, args=(barrier, cores, each * cores))]
    elif arrangement == "threads":
        barrier = threading.Barrier(cores + 1)
        crew = [threading.Thread(target=_bare, args=(barrier, 1, each)) for _ in range(cores)]
    else:
        context = multiprocessing.get_context("spawn")
        barrier = context.Barrier(cores + 1)
        crew = [context.Process(target=_bare, args=(barrier, 1, each)) for _ in range(cores)]
    for one in crew:
        one.start()
    barrier.wait()
    began = time.perf_counter()
    barrier.wait()
    took = time.perf_counter() - began
    for one in crew:
        one.join()
    # What a process needs to load the extractor and to warm up is taken for one more picture.
    return each * cores / took, (_cpu_s() - cpu_began) / (each * cores + len(crew))


def _cpu_s() -> float:
    """Seconds of the processor so far, of this process and those it has seen end."""
    return sum(os.times()[:4])


class Memory(threading.Thread):
    """The memory of a process and its children, in MB, sampled until `stop`."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._process = psutil.Process(pid)
        self._over = threading.Event()
        self.mb: list[float] = []

    def run(self) -> None:
        while not self._over.wait(SAMPLE_EVERY_S):
            total = 0
            for one in [self._process, *self._process.children(recursive=True)]:
                try:
                    total += one.memory_info().rss
                except psutil.Error:
                    continue
            self.mb.append(total / 1e6)

    def stop(self) -> dict[str, Any]:
        self._over.set()
        self.join()
        fifth = max(1, len(self.mb) // 5)
        early, late = (
            statistics.mean(part or [0.0])
            for part in (self.mb[fifth : 2 * fifth], self.mb[-fifth:])
        )
        return {
            "peak_mb": round(max(self.mb, default=0.0), 1),
            "second_fifth_mb": round(early, 1),
            "last_fifth_mb": round(late, 1),
            "growth": round(late / early, 3) if early else None,
        }


def batch_run(folder: Path, workers: int) -> dict[str, Any]:
    """One whole batch in this process: its rates and its memory."""
    with tempfile.TemporaryDirectory() as place:
        times: list[tuple[float, int]] = []
        memory = Memory(os.getpid())
        memory.start()
        began, cpu_began = time.perf_counter(), _cpu_s()
        outcome = batch.run(
            [folder],
            Path(place) / "out.jsonl",
            workers=workers,
            restart=True,
            on_progress=lambda progress: times.append((time.perf_counter(), progress.done)),
        )
        took, cpu = time.perf_counter() - began, _cpu_s() - cpu_began
        lines = (Path(place) / "out.jsonl").read_text("utf-8").splitlines()
    (first, done), (last, all_done) = times[0], times[-1]
    return {
        "rate": outcome.described / took,
        "cpu_s_per_picture": cpu / max(1, outcome.described),
        "steady_rate": (all_done - done) / max(last - first, 1e-6),
        "first_after_s": first - began,
        "lines": len(lines),
        "broken": len(outcome.failures),
        **memory.stop(),
    }


def stops(folder: Path, workers: int, pictures: int) -> dict[str, Any]:
    """Cancel, go on, kill, go on: whether every picture is there once, and what was lost."""
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as place:
        output = Path(place) / "out.jsonl"
        journal = Path(place) / ".out.jsonl.unfinished"
        command = [sys.executable, "-c", CLI, "batch", str(folder), "--output", str(output)]
        command += ["--workers", str(workers), "--no-index"]
        for name, sign, share in STOPS:
            process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
            while process.poll() is None and _lines(journal) < share * pictures:
                time.sleep(0.02)
            process.send_signal(sign)
            status = process.wait()
            found[name] = {"status": status, "in_journal": _lines(journal)}
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
        files = [json.loads(line)["file"] for line in output.read_text("utf-8").splitlines()]
        found["status"] = done.returncode
        found["said"] = done.stdout.strip().replace(place, "")
        found["pictures"] = len(files)
        found["each_once"] = len(files) == len(set(files)) == pictures
        found["left_behind"] = sorted(set(os.listdir(place)) - {output.name})
    return found


def _lines(journal: Path) -> int:
    """Pictures that a journal tells of: all of its lines but the first."""
    try:
        return max(0, journal.read_bytes().count(b"\n") - 1)
    except OSError:
        return 0


def measured(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    cores = runtime.cores()
    workers = options.workers or pool.default_workers()
    pictures = scan.count([folder])
    few = min(200, pictures)
    arrangements = ("one interpreter", "threads", "processes")
    tried = {name: bare_rate(name, few, cores)[0] for name in arrangements}
    best = max(tried, key=lambda name: tried[name])
    bare, runs = [], []
    for _ in range(options.rounds):
        bare.append(bare_rate(best, max(few, pictures // 4), cores))
        runs.append(batch_run(folder, workers))
    bare.append(bare_rate(best, max(few, pictures // 4), cores))
    beside = [(a + b) / 2 for (a, _), (b, _) in itertools.pairwise(bare)]
    cpu = [(a + b) / 2 for (_, a), (_, b) in itertools.pairwise(bare)]
    return {
        "machine": measure.machine(),
        "pictures": pictures,
        "workers": workers,
        "bare_arrangements": {name: round(rate, 2) for name, rate in tried.items()},
        "bare_rate": measure.summary([rate for rate, _ in bare]),
        "batch_rate": measure.summary([run["rate"] for run in runs]),
        "steady_rate": measure.summary([run["steady_rate"] for run in runs]),
        "ratio": measure.summary([r["rate"] / b for r, b in zip(runs, beside, strict=True)]),
        "cpu_ratio": measure.summary(
            [c / run["cpu_s_per_picture"] for run, c in zip(runs, cpu, strict=True)]
        ),
        "steady_ratio": measure.summary(
            [r["steady_rate"] / b for r, b in zip(runs, beside, strict=True)]
        ),
        "runs": [{k: round(v, 3) for k, v in run.items() if v is not None} for run in runs],
        "stops": {} if options.skip_stops else stops(folder, workers, pictures),
    }


def _some(folder: Path, count: int, place: Path) -> Path:
    """Links to ``count`` pictures of a folder, spread over all of it."""
    files = [one.file for one in scan.pictures([folder])]
    for file in files[:: max(1, len(files) // count)][:count]:
        try:
            (place / Path(file).name).symlink_to(file)
        except OSError:
            shutil.copyfile(file, place / Path(file).name)
    return place


def main() -> int:
    parser = argparse.ArgumentParser(description="Time a batch beside the bare extractor.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--pictures", type=int, help="only so many of them")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--workers", type=int)
    parser.add_argument("--skip-stops", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as home, tempfile.TemporaryDirectory() as place:
        os.environ["XDG_DATA_HOME"] = os.environ["LOCALAPPDATA"] = home  # an index of its own
        folder = options.folder
        if options.pictures:
            folder = _some(folder, options.pictures, Path(place))
        result = measured(options, folder)
    print(f"bare extractor  {result['bare_rate']['median']:7.2f} pictures a second")
    print(f"batch           {result['batch_rate']['median']:7.2f}, the start included")
    print(f"batch, steady   {result['steady_rate']['median']:7.2f}")
    ratio, growth = result["ratio"]["median"], result["runs"][-1].get("growth", 1.0)
    verdict = "met" if ratio >= RATIO_GOAL else "MISSED"
    print(f"ratio {ratio:.3f}; the goal of {RATIO_GOAL} is {verdict}")
    print(f"by the processor's own time: {result['cpu_ratio']['median']:.3f}")
    print(f"memory: {result['runs'][-1]['peak_mb']:.0f} MB at most, grown by {growth - 1:+.1%}")
    print(f"stopped and taken up: {json.dumps(result['stops'])}")
    print(f"Written to {measure.write('batch', result)}")
    whole = options.skip_stops or result["stops"]["each_once"]
    return 0 if ratio >= RATIO_GOAL and growth <= FLAT and whole else 1


if __name__ == "__main__":
    sys.exit(main())
