"""Synthetic pictures that are not photographs, to fit on and to judge by.

The two halves have no style, font, palette or word in common, so that the second one shows what was
learned in general.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from PIL import Image

from image_describer.train.heads.photo_check.synthetic import (
    charts,
    diagrams,
    icons,
    maps,
    pages,
    screens,
    surfaces,
)
from image_describer.train.heads.photo_check.synthetic.degradation import degrade
from image_describer.train.heads.photo_check.synthetic.randomizer import Half, Randomizer
from image_describer.train.progress import progress

KINDS = {
    "chart": charts.STYLES,
    "document": pages.STYLES,
    "screenshot": screens.STYLES,
    "map": maps.STYLES,
    "icon": icons.STYLES,
    "diagram": diagrams.STYLES,
    "surface": surfaces.STYLES,
}
SEEDS = {"fit": 5, "test": 7}


@dataclass(frozen=True)
class SyntheticPicture:
    """``kind`` is one of KINDS, ``style`` the function that drew it."""

    kind: str
    style: str
    image: Image.Image


def collection(half: Half, each: int) -> Iterator[SyntheticPicture]:
    """``each`` pictures of every kind, its styles in turn; always the same ones."""
    numbered = [(number, kind, k) for number, kind in enumerate(KINDS) for k in range(each)]
    for number, kind, k in progress(numbered, "synthetic pictures", "pictures"):
        rng, styles = Randomizer(half, (SEEDS[half], number, k)), KINDS[kind][half]
        draw = styles[k % len(styles)]
        yield SyntheticPicture(kind, draw.__name__, degrade(rng, draw(rng)))
