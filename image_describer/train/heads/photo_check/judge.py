"""How well what is no photograph is told from photographs: figures, and the curve as a picture.

Drawn pictures of styles that nothing was fitted on, against all dev photographs, clean and worse.
A thumbnail is looked at first; what it makes look drawn is said to be, unless the network sees a
photograph (`image_describer.captioner.novelty`).
"""

import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image
from tqdm import tqdm

from image_describer.captioner import bundle_files
from image_describer.imaging import photo_check, quality
from image_describer.imaging.photo_check import PhotoClassifier
from image_describer.train.data import corruptions
from image_describer.train.data.dataset import Dataset
from image_describer.train.heads.photo_check import synthetic

DEGRADED = 50  # photographs a way
DOTS_PER_INCH = 80

Look = Callable[[np.ndarray], bool]


class Scored(NamedTuple):
    """Of N pictures: the thumbnail's score, and whether they are said to be no photograph."""

    scores: np.ndarray
    told: np.ndarray


def judged(
    photographs: Dataset, numbers: PhotoClassifier, look: Look | None, each: int, curve: Path
) -> dict[str, Any]:
    """Figures of fitted numbers on the second half and on dev; draws the curve into a file.

    ``look`` tells whether the network sees a photograph in pixels; None asks the thumbnail alone.
    """
    names = photographs.splits["dev"]
    total = len(synthetic.KINDS) * each
    pictures = list(tqdm(synthetic.collection("test", each), "drawn", total, unit="picture"))
    kinds = [picture.kind for picture in pictures]
    styles = [f"{picture.kind}: {picture.style}" for picture in pictures]
    others = _scored((np.asarray(picture.image) for picture in pictures), numbers, look)
    clean = _scored(opened(photographs, names, "clean"), numbers, look)
    worse = {
        way: _scored(opened(photographs, names[:DEGRADED], way), numbers, look)
        for way in corruptions.WAYS
        if way != "clean"
    }
    area = under_the_curve(others.scores, clean.scores)
    draw(others, clean, area, curve)
    return {
        "drawn pictures": len(others.told),
        "photographs": len(clean.told),
        "area under the curve": round(area, 4),
        "drawn pictures found": _share(others.told),
        "photographs called otherwise": _share(clean.told),
        "by the thumbnail alone": {
            "drawn pictures found": _share(others.scores > numbers.threshold),
            "photographs called otherwise": _share(clean.scores > numbers.threshold),
            "worse photographs called otherwise": _share(
                np.concatenate([one.scores for one in worse.values()]) > numbers.threshold
            ),
        },
        "threshold": numbers.threshold,
        "found by kind": _by(kinds, others.told),
        "found by style": _by(styles, others.told),
        "worse photographs a way": DEGRADED,
        "worse photographs called otherwise": {
            "all": _share(np.concatenate([one.told for one in worse.values()])),
            **{way: _share(one.told) for way, one in worse.items()},
        },
    }


def under_the_curve(others: np.ndarray, photographs: np.ndarray) -> float:
    """How often one of the others scores above a photograph; the same score counts half."""
    ranked = np.sort(photographs)
    below = np.searchsorted(ranked, others, "left") + np.searchsorted(ranked, others, "right")
    return float(below.mean() / 2 / len(ranked))


def draw(others: Scored, photographs: Scored, area: float, file: Path) -> None:
    """The thumbnail's curve over all thresholds, and what ships; false alarms up to a tenth."""
    import matplotlib

    matplotlib.use("Agg")  # no display is needed, nor touched
    from matplotlib import pyplot

    scores = np.concatenate([others.scores, photographs.scores])
    limits = np.concatenate([[-1.0], np.unique(scores)])[::-1]
    alarms = [(photographs.scores > one).mean() for one in limits]
    found = [(others.scores > one).mean() for one in limits]
    figure, axis = pyplot.subplots(figsize=(5.2, 4.2))
    axis.plot([*alarms, 1], [*found, 1], label=f"thumbnail, area {area:.4f}")
    axis.plot(photographs.told.mean(), others.told.mean(), "o", label="as shipped")
    axis.set(xlim=(-0.002, 0.1), ylim=(0.5, 1.01), title="What is no photograph, found")
    axis.set(xlabel="dev photographs called otherwise", ylabel="drawn pictures found")
    axis.grid(alpha=0.3)
    axis.legend(loc="lower right")
    figure.tight_layout()
    content = io.BytesIO()
    figure.savefig(content, dpi=DOTS_PER_INCH, format="png")
    pyplot.close(figure)
    bundle_files.write(file, content.getvalue())


def score(pixels: np.ndarray, numbers: PhotoClassifier) -> float:
    """The score of a picture (H, W, 3) uint8 as the program sees it; a blank one is found first."""
    small = quality.thumbnail(pixels)
    return 1.0 if quality.is_blank(small) else photo_check.score(small, numbers)


def opened(photographs: Dataset, names: Sequence[str], way: str) -> Iterator[np.ndarray]:
    """The pixels of photographs, made worse in a way."""
    for name in tqdm(names, way, unit="picture", leave=False):
        with Image.open(photographs.path(name)) as image:
            yield corruptions.degraded(np.asarray(image.convert("RGB")), way, name)


def _scored(pictures: Iterable[np.ndarray], numbers: PhotoClassifier, look: Look | None) -> Scored:
    scores, told = [], []
    for pixels in pictures:
        scores.append(score(pixels, numbers))
        drawn_at_first = scores[-1] > numbers.threshold
        told.append(drawn_at_first and not (look is not None and look(pixels)))
    return Scored(np.array(scores), np.array(told))


def _share(told: np.ndarray) -> float:
    return round(float(told.mean()), 4)


def _by(labels: Sequence[str], told: np.ndarray) -> dict[str, float]:
    every = np.array(labels)
    return {label: _share(told[every == label]) for label in dict.fromkeys(labels)}
