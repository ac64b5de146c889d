"""Which margin around a part, and which least size, serve best when a picture is explored.

    python benchmarks/explore_margin.py --data /path/to/flickr8k [--pictures 243] [--bundle FOLDER]

No data set says what the ninths of its pictures show, so four figures stand in for that, each for
every margin (in parts of a ninth's sides). None is the truth; together they show what is gained
and what is lost.

- precision: the share of a part's content words that occur in one of the five references of the
  whole picture. What surrounds a part helps to name what is in it; a large margin also makes every
  part like the whole picture, so this figure alone would choose the largest.
- distinct: how many different captions the nine parts have, and how much the words of two of them
  differ (1 minus Jaccard). Nine times the same sentence is no map.
- place: things that the caption of the whole picture names rightly (a reference names them too),
  away from its centre, with the place that the decoder looked at. ``here``: the share that the
  part at that place names. ``near`` and ``far``: how often the parts that touch that place, and
  those that don't, name them. ``here`` minus ``far`` is what somebody who explores can learn about
  where a thing is; ``spread`` its standard error, over pictures.
- mosaic: nine pictures squeezed into the ninths of one. CIDEr of each part against its own
  picture's references, and ``leaked``: the share of its content words that occur in a touching
  picture's references and not in its own. Real surroundings belong to the part and these don't, so
  this is the worst that a margin can do.

Last, CIDEr of whole pictures that were first reduced to so few pixels: parts smaller than that are
not worth describing.
"""

import argparse
import itertools
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

import measure
import numpy as np
from PIL import Image
from tqdm import tqdm

from image_describer import Describer
from image_describer.captioner.description import Description
from image_describer.captioner.explore import GRID, POSITIONS, crop_part
from image_describer.errors import TrainingError
from image_describer.imaging.open import open_picture
from image_describer.imaging.region import Region
from image_describer.train.data import Dataset, read_flickr8k
from image_describer.train.text import words_of
from image_describer.wording.details import FUNCTION_WORDS, what_is_where
from image_describer.wording.sentence import HIGH, MIDDLE

MARGINS = (0.0, 0.1, 0.25, 0.35, 0.5, 0.75, 1.0)
SIZES_PX = (16, 24, 32, 48, 64, 96, 128, 192)  # of the shorter side
TILE_PX = 299  # what the network sees of a picture
CELLS = tuple(itertools.product(range(GRID), range(GRID)))
CELL_OF = {POSITIONS[row][column]: (row, column) for row, column in CELLS}

Words = frozenset[str]


def content(caption: str) -> Words:
    """The words of a caption that say something."""
    return frozenset(words_of(caption)) - FUNCTION_WORDS


def share(values: Iterable[bool]) -> float:
    """How many are true, from 0 to 1, rounded; 0 of nothing."""
    kept = list(values)
    return round(fmean(kept), 4) if kept else 0.0


def box_of(cell: tuple[int, int]) -> Region:
    row, column = cell
    return (column / GRID, row / GRID, (column + 1) / GRID, (row + 1) / GRID)


def away(one: tuple[int, int], other: tuple[int, int]) -> int:
    """0 the same part, 1 parts that touch, 2 parts that don't."""
    return max(abs(one[0] - other[0]), abs(one[1] - other[1]))


def nine(describer: Describer, pixels: np.ndarray, margin: float) -> dict[Any, Description]:
    return {cell: describer.describe(crop_part(pixels, box_of(cell), margin)) for cell in CELLS}


def cider(said: Sequence[str], references: Sequence[Sequence[str]]) -> float:
    from pycocoevalcap.cider.cider import Cider

    joined = [[" ".join(words_of(one)) for one in several] for several in references]
    value, _ = Cider().compute_score(
        dict(enumerate(joined)), {n: [" ".join(words_of(one))] for n, one in enumerate(said)}
    )
    return round(float(value), 4)


class Real:
    """What the parts of real pictures say: precision, distinctness, place, confidence."""

    def __init__(self) -> None:
        self.true: list[bool] = []
        self.captions: list[int] = []
        self.differ: list[float] = []
        self.here: list[bool] = []
        self.near: list[bool] = []
        self.far: list[bool] = []
        self.learnt: list[float] = []  # of each picture with such things: here minus far
        self.sure: list[float] = []

    def add(
        self, parts: dict[Any, Description], whole: Description, references: Sequence[str]
    ) -> None:
        known = frozenset().union(*map(content, references))
        words = {cell: content(part.caption) for cell, part in parts.items()}
        self.true += [word in known for several in words.values() for word in several]
        self.captions.append(len({part.caption for part in parts.values()}))
        for one, other in itertools.combinations(words.values(), 2):
            self.differ.append(1 - len(one & other) / max(1, len(one | other)))
        self.sure += [part.confidence for part in parts.values()]
        learnt = []
        for thing, place in what_is_where(whole):
            if thing not in known or place not in CELL_OF or place == "centre":
                continue
            named = {distance: [] for distance in range(GRID)}
            for cell in CELLS:
                named[away(CELL_OF[place], cell)].append(thing in words[cell])
            self.here += named[0]
            self.near += named[1]
            self.far += named[2]
            learnt.append(fmean(named[0]) - fmean(named[2]))
        if learnt:
            self.learnt.append(fmean(learnt))

    def figures(self) -> dict[str, Any]:
        here, far = share(self.here), share(self.far)
        return {
            "precision": share(self.true),
            "distinct": {
                "captions": round(fmean(self.captions), 3),
                "words": round(fmean(self.differ), 4),
            },
            "place": {
                "things": len(self.here),
                "here": here,
                "near": share(self.near),
                "far": far,
                "difference": round(here - far, 4),
                "spread": round(stdev(self.learnt) / len(self.learnt) ** 0.5, 4),
            },
            "said": {
                "probably": share(one >= HIGH for one in self.sure),
                "might be": share(MIDDLE <= one < HIGH for one in self.sure),
                "likely wrong": share(one < MIDDLE for one in self.sure),
            },
        }


def mosaics(describer: Describer, data: Dataset, names: Sequence[str], margin: float) -> Any:
    said, references, leaked = [], [], []
    for first in range(0, len(names) - GRID * GRID + 1, GRID * GRID):
        tiles = dict(zip(CELLS, names[first : first + GRID * GRID], strict=True))
        canvas = Image.new("RGB", (GRID * TILE_PX, GRID * TILE_PX))
        for (row, column), name in tiles.items():
            tile = Image.fromarray(open_picture(data.path(name)).pixels)
            canvas.paste(tile.resize((TILE_PX, TILE_PX)), (column * TILE_PX, row * TILE_PX))
        for cell, part in nine(describer, np.asarray(canvas), margin).items():
            said.append(part.caption)
            references.append(data.captions[tiles[cell]])
            own = _known(data, [tiles[cell]])
            near = _known(data, [name for at, name in tiles.items() if away(at, cell) == 1])
            leaked += [word in near - own for word in content(part.caption)]
    return {"CIDEr": cider(said, references), "leaked": share(leaked)}


def _known(data: Dataset, names: Iterable[str]) -> Words:
    return frozenset().union(*(content(one) for name in names for one in data.captions[name]))


def sizes(describer: Describer, data: Dataset, names: Sequence[str]) -> dict[str, float]:
    """CIDEr of whole pictures by the length of their shorter side in pixels, and as they are."""

    def said(reduced: Callable[[Image.Image], Image.Image]) -> float:
        captions = [
            describer.describe(reduced(Image.fromarray(open_picture(data.path(n)).pixels))).caption
            for n in tqdm(names, desc="sizes", unit="picture", mininterval=10)
        ]
        return cider(captions, [data.captions[name] for name in names])

    def to(side: int) -> Callable[[Image.Image], Image.Image]:
        def reduced(image: Image.Image) -> Image.Image:
            scale = side / min(image.size)
            size = (round(image.width * scale), round(image.height * scale))
            return image.resize(size, Image.Resampling.BOX)

        return reduced

    return {str(side): said(to(side)) for side in SIZES_PX} | {"whole": said(lambda image: image)}


def measured(options: argparse.Namespace) -> dict[str, Any]:
    data = read_flickr8k(options.data)
    describer = Describer(bundle=options.bundle)
    names = data.splits["dev"][: options.pictures]
    real = {margin: Real() for margin in MARGINS}
    for name in tqdm(names, desc="parts", unit="picture", mininterval=10):
        picture = open_picture(data.path(name))
        whole = describer.describe(picture)
        for margin, figures in real.items():
            parts = nine(describer, picture.pixels, margin)
            figures.add(parts, whole, data.captions[name])
    return {
        "machine": measure.machine(),
        "pictures": len(names),
        "margins": {
            str(margin): {
                **figures.figures(),
                "mosaic": mosaics(describer, data, names, margin),
            }
            for margin, figures in real.items()
        },
        "CIDEr by shorter side in px": sizes(describer, data, names),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description="Measure margins for exploring a picture.")
    measure.flickr8k_option(parser)
    parser.add_argument("--pictures", type=int, default=243, help="of dev; nine make a mosaic")
    parser.add_argument("--bundle", type=Path)
    options = parser.parse_args()
    try:
        result = measured(options)
    except TrainingError as error:
        print(error, file=sys.stderr)
        return 2
    print(
        "margin  precision  captions  differ   here   near    far   here-far  mosaic CIDEr  leaked"
    )
    for margin, figures in result["margins"].items():
        place, distinct, mosaic = (figures[name] for name in ("place", "distinct", "mosaic"))
        print(
            f"{margin:>6}  {figures['precision']:9.3f}  {distinct['captions']:8.2f}  "
            f"{distinct['words']:6.3f}  {place['here']:5.3f}  {place['near']:5.3f}  "
            f"{place['far']:5.3f}  "
            f"{place['difference']:8.3f}  {mosaic['CIDEr']:12.3f}  {mosaic['leaked']:6.3f}"
        )
    for size, value in result["CIDEr by shorter side in px"].items():
        print(f"{size:>6} px  CIDEr {value:.3f}")
    print(f"Written to {measure.write('explore_margin', result)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
