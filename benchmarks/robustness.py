"""How much of CIDEr is left when dev pictures are dark, blurred, turned, padded and so on.

    python benchmarks/robustness.py --data FLICKR8K [--pictures 1000] [--bundle FOLDER] [--ways ...]

Every harm of image_describer/train/degrade.py is done to the same pictures, which are then
described as the program does it: bars cut off, flat pictures stretched, no colours named where
there are none.
Flickr8k's pictures lie here squeezed to squares of 224 pixels, whatever shape they had, so that
"tall" and "wide" pictures are made of squares.

``kept`` is CIDEr beside that of the clean pictures, ``error`` the standard error of that
difference, over pictures, as a share as well. ``noted`` are the shares of pictures that the
sentence says something of first, "lying on its side" among them. Where the file of results is of
the same bundle and as many pictures, only the ways that are missing or asked for are worked out:
it can be stopped and goes on.
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import measure
import numpy as np
from pycocoevalcap.cider.cider import Cider
from tqdm import tqdm

from image_describer import Describer, paths
from image_describer.captioner.bundle import open_bundle
from image_describer.captioner.bundle_files import write
from image_describer.errors import ImageDescriberError
from image_describer.imaging import quality
from image_describer.imaging.open import Picture, open_picture
from image_describer.train.data import Dataset, read_flickr8k
from image_describer.train.degrade import WAYS, degraded
from image_describer.train.evaluate import tokenize

CLEAN = "clean"
GOALS = {"greyscale": 0.9, "tall, grey bars": 0.9, "JPEG quality 30": 0.9}  # of clean CIDEr
RESULT = measure.HERE.parent / "train" / "results" / "best" / "robustness.json"
SEED = 7


def chosen(data: Dataset, pictures: int) -> list[str]:
    """The same dev pictures for the same number."""
    dev = data.splits["dev"]
    return [dev[i] for i in np.random.default_rng(SEED).permutation(len(dev))[:pictures]]


def described(
    describer: Describer, data: Dataset, names: Sequence[str], way: str
) -> tuple[dict[str, str], dict[str, float]]:
    """Captions by name, and the share of pictures with each note."""
    captions, notes = {}, Counter[str]()
    for name in tqdm(names, desc=way, unit="picture", leave=False):
        pixels = degraded(open_picture(data.path(name)).pixels, way, name)
        height, width = pixels.shape[:2]
        said = describer.describe(Picture(pixels, "", width, height, quality.find_notes(pixels)))
        captions[name] = said.caption
        notes.update(said.notes)
    return captions, {note: round(count / len(names), 4) for note, count in notes.most_common()}


def scores(captions: Mapping[str, str], references: Mapping[str, Sequence[str]]) -> np.ndarray:
    """CIDEr of each caption, (N,), in the order of ``references``."""
    said = tokenize({name: [captions[name]] for name in references})
    _, each = Cider().compute_score(references, said)
    return np.asarray(each)


def judged(
    way: str, each: np.ndarray, clean: np.ndarray, noted: Mapping[str, float]
) -> dict[str, Any]:
    least = float(clean.mean())
    error = float((each - clean).std() / len(each) ** 0.5)
    figures = {
        "CIDEr": round(float(each.mean()), 4),
        "kept": round(float(each.mean()) / least, 4) if least else 0.0,
        "error": round(error / least, 4) if least else 0.0,
        "noted": dict(noted),
    }
    if way in GOALS:
        figures |= {"goal": GOALS[way], "reached": figures["kept"] >= GOALS[way]}
    return figures


def earlier(path: Path, about: Mapping[str, Any]) -> dict[str, Any]:
    """The ways that ``path`` holds of the same bundle and pictures."""
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    same = all(found.get(key) == value for key, value in about.items())
    return dict(found.get("ways", {})) if same else {}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    measure.flickr8k_option(parser)
    parser.add_argument("--pictures", type=int, default=1000)
    parser.add_argument("--bundle", type=Path, default=paths.bundle_folder())
    parser.add_argument("--threads", type=int, default=None)
    parser.add_argument("--ways", nargs="*", choices=list(WAYS), help="again, or these first")
    parser.add_argument("--result", type=Path, default=RESULT)
    asked = parser.parse_args()
    try:
        data = read_flickr8k(asked.data)
        names = chosen(data, asked.pictures)
        about = {
            "files": {
                name: entry["sha256"]
                for name, entry in open_bundle(asked.bundle).manifest["files"].items()
            },
            "pictures": len(names),
        }
        describer = Describer(asked.bundle, asked.threads)
    except ImageDescriberError as trouble:
        print(trouble, file=sys.stderr)
        return 2
    known = earlier(asked.result, about)
    wanted = list(asked.ways) if asked.ways else [way for way in WAYS if way not in known]
    references = tokenize({name: data.captions[name] for name in names})
    clean = None
    for way in dict.fromkeys([CLEAN, *wanted]):  # the errors need every clean caption's score
        captions, noted = described(describer, data, names, way)
        each = scores(captions, references)
        clean = each if clean is None else clean
        known[way] = judged(way, each, clean, noted)
        ordered = {name: known[name] for name in WAYS if name in known}
        result = {**about, "data": "Flickr8k dev, squeezed to 224 x 224", "ways": ordered}
        write(asked.result, (json.dumps(result, indent=1) + "\n").encode())
        figures = known[way]
        print(
            f"{way:30} {figures['CIDEr']:.3f} {figures['kept']:7.1%} ±{figures['error']:.1%}  "
            + "; ".join(f"{share:.1%} {note}" for note, share in noted.items()),
            flush=True,
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
