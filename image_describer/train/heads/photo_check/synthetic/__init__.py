"""Pictures that are no photographs, drawn by the project to learn from and to be judged by.

The two halves share no style, font, palette or word: what is found in the second half was not
learnt from the first by heart.
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
from image_describer.train.heads.photo_check.synthetic.hand import Half, Hand
from image_describer.train.heads.photo_check.synthetic.wear import worn

KINDS = {
    "chart": charts.STYLES,
    "document": pages.STYLES,
    "screenshot": screens.STYLES,
    "map": maps.STYLES,
    "icon": icons.STYLES,
    "diagram": diagrams.STYLES,
    "surface": surfaces.STYLES,
}
SEED = {"fit": 5, "test": 7}


@dataclass(frozen=True)
class Drawn:
    """One drawn picture: its ``kind`` (of KINDS), its ``style`` and what became of it."""

    kind: str
    style: str
    image: Image.Image


def collection(half: Half, each: int) -> Iterator[Drawn]:
    """``each`` pictures of every kind, its styles in turn; the same ones every time."""
    for number, (kind, styles) in enumerate(KINDS.items()):
        for k in range(each):
            hand = Hand(half, (SEED[half], number, k))
            draw = styles[half][k % len(styles[half])]
            yield Drawn(kind, draw.__name__, worn(hand, draw(hand)))
