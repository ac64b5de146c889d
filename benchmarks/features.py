"""Pictures a second: the feature store, from files to its memory map, beside the bare extractor.

    python benchmarks/features.py --data FLICKR8K [--pictures 320] [--rounds 3] [--extractor NAME]

The bare extractor is the same network, called on pixels that lie in memory, decoded and scaled;
the store reads, decodes, scales, computes, pools and writes the grid and the pooled features. Both
take turns. The bare network is also timed for several sizes of batch. Where other programs run,
the processor's own time for a picture (cpu_s_per_picture) says more than the clock.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import measure

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

from image_describer.train import extractors, feature_store
from image_describer.train.data import Dataset, load_pixels, read

RATIO_GOAL = 0.9  # of the bare extractor's pictures a second
BATCHES = (16, 32, 64)


class Clock:
    """Pictures a second, and seconds of the processor a picture, of several runs."""

    def __init__(self) -> None:
        self.rates: list[float] = []
        self.cpu_s: list[float] = []

    def time(self, pictures: int, work: Callable[[], Any]) -> None:
        began, cpu_began = time.perf_counter(), time.process_time()
        work()
        self.rates.append(pictures / (time.perf_counter() - began))
        self.cpu_s.append((time.process_time() - cpu_began) / pictures)


def bare(extractor: extractors.Extractor, scaled: np.ndarray, batch: int) -> None:
    for start in range(0, len(scaled), batch):
        np.asarray(extractor.model.predict_on_batch(scaled[start : start + batch]))


def store(extractor: extractors.Extractor, data: Dataset, names: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        stores = [
            feature_store.FeatureStore(Path(folder), extractor, names, pooled)
            for pooled in (True, False)
        ]
        feature_store.fill_together(stores, data, print)


def measured(options: argparse.Namespace) -> dict[str, Any]:
    data = read(options.data)
    extractor = extractors.build(options.extractor, options.weights)
    names = sorted(data.captions)[: options.pictures]
    pixels = np.stack([load_pixels(data.path(name), extractor.size) for name in names])
    scaled = extractor.scale(pixels)
    by_batch = {batch: Clock() for batch in BATCHES}
    whole = Clock()
    for batch in BATCHES:
        bare(extractor, scaled[:batch], batch)  # compiled for this shape
    for _ in range(options.rounds):
        for batch, clock in by_batch.items():
            clock.time(len(names), lambda b=batch: bare(extractor, scaled, b))
        whole.time(len(names), lambda: store(extractor, data, names))
    clocks = {"store": whole, **{f"bare, batch {b}": clock for b, clock in by_batch.items()}}
    same = by_batch[feature_store.BATCH]
    return {
        "machine": measure.machine(),
        "extractor": options.extractor,
        "weights": options.weights,
        "size": extractor.size,
        "precision": extractors.best_precision(),
        "pictures": len(names),
        "rounds": options.rounds,
        "pictures_per_s": {name: measure.summary(clock.rates) for name, clock in clocks.items()},
        "cpu_s_per_picture": {name: measure.summary(clock.cpu_s) for name, clock in clocks.items()},
        "store_batch": feature_store.BATCH,
        "ratio": measure.summary([w / b for w, b in zip(whole.rates, same.rates, strict=True)]),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description="Time features beside the bare extractor.")
    parser.add_argument("--data", type=Path, required=True, help="captioned pictures, any format")
    parser.add_argument("--pictures", type=int, default=320, help="a multiple of 64")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--extractor", default="xception")
    parser.add_argument("--weights", default="bundled")
    result = measured(parser.parse_args())
    for name, figures in result["pictures_per_s"].items():
        print(f"{name:16} {figures['median']:7.2f} pictures a second")
    ratio = result["ratio"]["median"]
    verdict = "met" if ratio >= RATIO_GOAL else "MISSED"
    print(f"store / bare extractor: {ratio:.3f}; the goal of {RATIO_GOAL} is {verdict}")
    print(f"Written to {measure.write('features', result)}")
    return 0 if ratio >= RATIO_GOAL else 1


if __name__ == "__main__":
    sys.exit(main())
