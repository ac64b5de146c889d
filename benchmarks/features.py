"""Pictures a second: the feature store, from files to its memory map, beside the bare extractor.

    python benchmarks/features.py --data FLICKR8K [--pictures 320] [--rounds 3] [--extractor NAME]

The bare extractor is the same network, called on pixels that lie in memory, decoded and scaled;
the store reads, decodes, scales, computes, pools and writes the grid and the pooled features. Both
take turns. The bare network is also timed for several sizes of batch.
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
BATCHES = (8, 16, 32, 64)


def timed(pictures: int, work: Callable[[], Any]) -> float:
    """Pictures a second."""
    began = time.perf_counter()
    work()
    return pictures / (time.perf_counter() - began)


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
    by_batch: dict[int, list[float]] = {batch: [] for batch in BATCHES}
    whole: list[float] = []
    for batch in BATCHES:
        bare(extractor, scaled[:batch], batch)  # compiled for this shape
    for _ in range(options.rounds):
        for batch, rates in by_batch.items():
            rates.append(timed(len(names), lambda b=batch: bare(extractor, scaled, b)))
        whole.append(timed(len(names), lambda: store(extractor, data, names)))
    ratios = [w / b for w, b in zip(whole, by_batch[feature_store.BATCH], strict=True)]
    return {
        "machine": measure.machine(),
        "extractor": options.extractor,
        "weights": options.weights,
        "size": extractor.size,
        "precision": extractors.best_precision(),
        "pictures": len(names),
        "rounds": options.rounds,
        "pictures_per_s": {
            "store": measure.summary(whole),
            **{f"bare, batch {b}": measure.summary(rates) for b, rates in by_batch.items()},
        },
        "store_batch": feature_store.BATCH,
        "ratio": measure.summary(ratios),
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
