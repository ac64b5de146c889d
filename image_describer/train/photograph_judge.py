"""How well what is no photograph is told from photographs: figures, and the curve as a picture.

Drawn pictures of styles that nothing was fitted on, against all dev photographs, clean and worse.
"""

import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from tqdm import tqdm

from image_describer import bundle_files, not_a_photograph, quality
from image_describer.not_a_photograph import Numbers
from image_describer.train import degrade, drawn
from image_describer.train.data import Dataset

DEGRADED = 50  # photographs a way
DOTS_PER_INCH = 80


def judged(photographs: Dataset, numbers: Numbers, each: int, curve: Path) -> dict[str, Any]:
    """Figures of fitted numbers on the second half and on dev; draws the curve into a file."""
    names = photographs.splits["dev"]
    limit = numbers.threshold
    kinds, styles, several = [], [], []
    total = len(drawn.KINDS) * each
    for picture in tqdm(drawn.collection("test", each), "drawn", total, unit="picture"):
        kinds.append(picture.kind)
        styles.append(f"{picture.kind}: {picture.style}")
        several.append(score(np.asarray(picture.image), numbers))
    others = np.array(several)
    clean = _scores(photographs, names, "clean", numbers)
    worse = {
        way: _above(_scores(photographs, names[:DEGRADED], way, numbers), limit)
        for way in degrade.WAYS
        if way != "clean"
    }
    area = under_the_curve(others, clean)
    draw(others, clean, limit, area, curve)
    return {
        "drawn pictures": len(others),
        "photographs": len(clean),
        "area under the curve": round(area, 4),
        "drawn pictures found": _above(others, limit),
        "photographs called otherwise": _above(clean, limit),
        "threshold": limit,
        "found by kind": _by(kinds, others, limit),
        "found by style": _by(styles, others, limit),
        "worse photographs a way": DEGRADED,
        "worse photographs called otherwise": worse,
    }


def under_the_curve(others: np.ndarray, photographs: np.ndarray) -> float:
    """How often one of the others scores above a photograph; the same score counts half."""
    ranked = np.sort(photographs)
    below = np.searchsorted(ranked, others, "left") + np.searchsorted(ranked, others, "right")
    return float(below.mean() / 2 / len(ranked))


def draw(
    others: np.ndarray, photographs: np.ndarray, limit: float, area: float, file: Path
) -> None:
    """The curve over all thresholds, with the one that ships; the false alarms up to a tenth."""
    import matplotlib

    matplotlib.use("Agg")  # no display is needed, nor touched
    from matplotlib import pyplot

    limits = np.concatenate([[-1.0], np.unique(np.concatenate([others, photographs]))])[::-1]
    alarms = [(photographs > one).mean() for one in limits]
    found = [(others > one).mean() for one in limits]
    figure, axis = pyplot.subplots(figsize=(5.2, 4.2))
    axis.plot([*alarms, 1], [*found, 1], label=f"area {area:.4f}")
    axis.plot((photographs > limit).mean(), (others > limit).mean(), "o", label="as shipped")
    axis.set(xlim=(-0.002, 0.1), ylim=(0.5, 1.01), title="What is no photograph, found")
    axis.set(xlabel="dev photographs called otherwise", ylabel="drawn pictures found")
    axis.grid(alpha=0.3)
    axis.legend(loc="lower right")
    figure.tight_layout()
    content = io.BytesIO()
    figure.savefig(content, dpi=DOTS_PER_INCH, format="png")
    pyplot.close(figure)
    bundle_files.write(file, content.getvalue())


def score(pixels: np.ndarray, numbers: Numbers) -> float:
    """The score of a picture (H, W, 3) uint8 as the program sees it; a blank one is found first."""
    small = quality.thumbnail(pixels)
    return 1.0 if quality.is_blank(small) else not_a_photograph.score(small, numbers)


def opened(photographs: Dataset, names: Sequence[str], way: str) -> Iterator[np.ndarray]:
    """The pixels of photographs, made worse in a way."""
    for name in tqdm(names, way, unit="picture", leave=False):
        with Image.open(photographs.path(name)) as image:
            yield degrade.degraded(np.asarray(image.convert("RGB")), way, name)


def _scores(photographs: Dataset, names: Sequence[str], way: str, numbers: Numbers) -> np.ndarray:
    return np.array([score(pixels, numbers) for pixels in opened(photographs, names, way)])


def _above(scores: np.ndarray, limit: float) -> float:
    return round(float((scores > limit).mean()), 4)


def _by(labels: Sequence[str], scores: np.ndarray, limit: float) -> dict[str, float]:
    every = np.array(labels)
    return {label: _above(scores[every == label], limit) for label in dict.fromkeys(labels)}
