"""What tells unfamiliar pictures from photographs of training, fitted for a bundle's extractor.

    python -m image_describer.train.unlike --bundle models --data FLICKR8K

Some two minutes on two cores. It learns from photographs, as they are and harmed in every way of
`image_describer.train.degrade`, and from drawn pictures; for `image_describer.captioner.novelty`.
Confidence weighs it once ``python -m image_describer.train evaluate --update`` has been run.
"""

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from tqdm import tqdm

from image_describer.captioner.bundle import NOVELTY, open_bundle
from image_describer.captioner.encoder import Encoder
from image_describer.captioner.novelty import normalize
from image_describer.errors import TrainingError
from image_describer.train.data.dataset import Dataset, read_flickr8k
from image_describer.train.heads import bundle_part
from image_describer.train.heads.photo_check import fit as photograph_fit
from image_describer.train.heads.photo_check import judge, synthetic

EACH = 60  # drawn pictures of every kind
HARMED = 60  # photographs a way
RIDGE = 1.0  # over inputs of unit spread, all pictures weighing 1 together; 0.1 to 10 do as well
USUAL = 0.9  # of the photographs held out have no higher score
DOUBT = 0.99  # of them, likewise


def fit(bundle: Path, data: Dataset, each: int = EACH, harmed: int = HARMED) -> dict[str, float]:
    """Write the weights into ``bundle`` and its manifest; returns ``usual`` and ``doubt``.

    Raises BundleError, and TrainingError where there are too few pictures.
    """
    opened = open_bundle(bundle)
    extractor = Encoder.from_bundle(opened, threads=2)
    own, held_out = photograph_fit.divided(data)
    if not own:
        raise TrainingError("There are too few pictures to learn what is unlike them.")
    photographs = _pooled(extractor, photograph_fit.photographs(data, own, harmed), "photographs")
    others = _pooled(
        extractor, (np.asarray(one.image) for one in synthetic.collection("fit", each)), "drawn"
    )
    weights = learn(photographs, others)
    held = _pooled(extractor, judge.opened(data, held_out, "clean"), "held out")
    scores = normalize(held) @ weights[:-1] + weights[-1]
    numbers = {
        "usual": round(float(np.quantile(scores, USUAL)), 5),
        "photograph_limit": round(float(np.quantile(scores, DOUBT)), 5),
    }
    bundle_part.put_array(opened, NOVELTY, weights, novelty=numbers)
    return numbers


def learn(photographs: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Means of regions (N, C) and (M, C) -> weights (C + 1,) float32 of a `NoveltyHead`.

    Ridge regression of -1 and 1, both sorts weighing the same.
    """
    inputs = normalize(np.concatenate([photographs, others])).astype(np.float64)
    wanted = np.repeat((-1.0, 1.0), (len(photographs), len(others)))
    weight = np.where(wanted > 0, 0.5 / len(others), 0.5 / len(photographs))
    centre = weight @ inputs
    spread = max(float(inputs.std(axis=0).mean()), 1e-6)
    inputs = (inputs - centre) / spread
    weighed = (inputs * weight[:, np.newaxis]).T
    inner = weighed @ inputs
    inner[np.diag_indices_from(inner)] += RIDGE
    weights = np.linalg.solve(inner, weighed @ wanted) / spread
    return np.append(weights, -centre @ weights).astype(np.float32)


def _pooled(extractor: Encoder, pictures: Iterable[np.ndarray], what: str) -> np.ndarray:
    """Pixels (H, W, 3) uint8 each -> means of regions (N, C)."""
    shown = tqdm(pictures, desc=what, unit="picture")
    return np.stack([extractor.encode(pixels).pooled for pixels in shown])


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    asked = bundle_part.parser(
        "Fit what tells unfamiliar pictures from photographs, and put it into a bundle."
    ).parse_args(argv)
    return bundle_part.told(lambda: fit(asked.bundle, read_flickr8k(asked.data)))


if __name__ == "__main__":
    sys.exit(main())
