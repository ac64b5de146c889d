"""One picture when everything is loaded: reading, encoding and decoding, in milliseconds.

    python benchmarks/warm.py [--runs 30] [--bundle FOLDER] [--threads N] [--processor avx2] [FILE]

The ratio compares the whole, from a file to a description, with the bare encoder: the same LiteRT
file on the same pixels with the same number of threads. Both take turns. `--processor` hides what
an older processor lacks: see `emulate`.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import emulate
import measure
import numpy as np
from ai_edge_litert.interpreter import Interpreter

from image_describer import Describer, runtime
from image_describer.captioner.bundle import ENCODER, open_bundle
from image_describer.imaging.open import open_picture
from image_describer.imaging.preprocess import resize

RATIO_TARGET = 1.3
WARM_UP_RUNS = 3
STEPS = ("read", "extract", "decode", "read_text")


def bare_encoder(bundle: Path | None, threads: int, picture: Path) -> Callable[[], None]:
    """Return a function that runs the encoder once, on pixels that were set beforehand."""
    interpreter = Interpreter(str(open_bundle(bundle).path(ENCODER)), num_threads=threads)
    interpreter.allocate_tensors()
    entry = interpreter.get_input_details()[0]
    pixels = resize(open_picture(picture).pixels, int(entry["shape"][1]))
    interpreter.set_tensor(entry["index"], pixels[np.newaxis].astype(entry["dtype"]))
    return interpreter.invoke


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Medians in ms of the steps, of the whole and of the bare encoder."""
    describer = Describer(bundle=options.bundle, threads=options.threads)
    invoke = bare_encoder(options.bundle, options.threads, options.picture)
    for _ in range(WARM_UP_RUNS):
        describer.describe(options.picture)
        invoke()
    times: dict[str, list[float]] = {name: [] for name in (*STEPS, "whole", "bare encoder")}
    for _ in range(options.runs):
        began = time.perf_counter()
        description = describer.describe(options.picture)
        times["whole"].append(time.perf_counter() - began)
        for step in STEPS:
            times[step].append(getattr(description.seconds, step))
        began = time.perf_counter()
        invoke()
        times["bare encoder"].append(time.perf_counter() - began)
    medians = {name: statistics.median(values) for name, values in times.items()}
    return {
        "machine": measure.machine(),
        "processor": options.processor or "as it is",
        "picture": options.picture.name,
        "caption": description.caption,
        "runs": options.runs,
        "threads": options.threads,
        "ms": {name: measure.summary([1000 * v for v in values]) for name, values in times.items()},
        "ratio": round(medians["whole"] / medians["bare encoder"], 4),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description="Time one picture with everything loaded.")
    parser.add_argument("picture", nargs="?", type=Path, default=measure.SAMPLE)
    parser.add_argument("--runs", type=int, default=30)
    parser.add_argument("--bundle", type=Path)
    parser.add_argument("--threads", type=int, default=runtime.default_threads())
    parser.add_argument("--processor", choices=emulate.PROCESSORS, help="emulate an older one")
    options = parser.parse_args()
    if options.processor:
        emulate.emulate(options.processor)
    result = run(options)
    print(f"{result['picture']}: {result['caption']}")
    for name, figures in result["ms"].items():
        print(f"{name:16} {figures['median']:8.2f} ms")
    verdict = "met" if result["ratio"] <= RATIO_TARGET else "MISSED"
    print(f"whole / bare encoder: {result['ratio']:.3f}; the target of {RATIO_TARGET} is {verdict}")
    name = f"warm_{options.processor}" if options.processor else "warm"
    print(f"Written to {measure.write(name, result)}")
    return 0 if result["ratio"] <= RATIO_TARGET else 1


if __name__ == "__main__":
    sys.exit(main())
