"""How much CIDEr is left if dev pictures are dark, blurred, rotated, padded and so on.

    python benchmarks/robustness.py --data FLICKR8K [--pictures 1000] [--bundle FOLDER]
        [--corruptions ...]

Every corruption of image_describer/train/data/corruptions.py is applied to the same pictures, which
are then described as the program does it. The pictures of this Flickr8k were resized to 224 x 224
before, so "tall" and "wide" ones are made from squares.

``kept`` is CIDEr as a share of that of the clean pictures, ``error`` the standard error of the
difference, as a share as well. ``noted`` are the shares of pictures with each note. If the results
file has the same bundle and number of pictures, only what is missing or requested is computed: the
run can be stopped and resumed.
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
from image_describer.bundle_files import write
from image_describer.captioner.bundle import open_bundle
from image_describer.errors import ImageDescriberError
from image_describer.imaging import quality
from image_describer.imaging.open import Picture, open_picture
from image_describer.train.data.corruptions import CORRUPTIONS, corrupt
from image_describer.train.data.dataset import Dataset
from image_describer.train.data.sets import read
from image_describer.train.evaluate.captions import tokenize

CLEAN = "clean"
TARGETS = {"grayscale": 0.9, "tall, gray bars": 0.9, "JPEG quality 30": 0.9}  # of clean CIDEr
RESULT = measure.HERE.parent / "train" / "results" / "best" / "robustness.json"
SEED = 7


def choose(data: Dataset, pictures: int) -> list[str]:
    """Return the same dev pictures for the same number."""
    dev = data.splits["dev"]
    return [dev[i] for i in np.random.default_rng(SEED).permutation(len(dev))[:pictures]]


def describe_all(
    describer: Describer, data: Dataset, names: Sequence[str], corruption: str
) -> tuple[dict[str, str], dict[str, float]]:
    """Return captions by name, and the share of pictures with each note."""
    captions, notes = {}, Counter[str]()
    for name in tqdm(names, desc=corruption, unit="picture", leave=False):
        pixels = corrupt(open_picture(data.path(name)).pixels, corruption, name)
        height, width = pixels.shape[:2]
        description = describer.describe(
            Picture(pixels, "", width, height, quality.find_notes(pixels))
        )
        captions[name] = description.caption
        notes.update(description.notes)
    return captions, {note: round(count / len(names), 4) for note, count in notes.most_common()}


def scores(captions: Mapping[str, str], references: Mapping[str, Sequence[str]]) -> np.ndarray:
    """Return CIDEr of each caption, (N,), in the order of ``references``."""
    tokens = tokenize({name: [captions[name]] for name in references})
    _, each = Cider().compute_score(references, tokens)
    return np.asarray(each)


def figures_of(
    corruption: str, each: np.ndarray, clean: np.ndarray, noted: Mapping[str, float]
) -> dict[str, Any]:
    reference = float(clean.mean())
    error = float((each - clean).std() / len(each) ** 0.5)
    figures: dict[str, Any] = {
        "CIDEr": round(float(each.mean()), 4),
        "kept": round(float(each.mean()) / reference, 4) if reference else 0.0,
        "error": round(error / reference, 4) if reference else 0.0,
        "noted": dict(noted),
    }
    if corruption in TARGETS:
        figures |= {"goal": TARGETS[corruption], "reached": figures["kept"] >= TARGETS[corruption]}
    return figures


def load_earlier(path: Path, about: Mapping[str, Any]) -> dict[str, Any]:
    """Return the results in ``path`` for the same bundle and pictures."""
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    same = all(found.get(key) == value for key, value in about.items())
    return dict(found.get("corruptions", {})) if same else {}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    measure.flickr8k_option(parser)
    parser.add_argument("--pictures", type=int, default=1000)
    parser.add_argument("--bundle", type=Path, default=paths.bundle_folder())
    parser.add_argument("--threads", type=int, default=None)
    parser.add_argument(
        "--corruptions", nargs="*", choices=list(CORRUPTIONS), help="compute these, even again"
    )
    parser.add_argument("--result", type=Path, default=RESULT)
    options = parser.parse_args()
    try:
        data = read(options.data)
        names = choose(data, options.pictures)
        about = {
            "files": {
                name: entry["sha256"]
                for name, entry in open_bundle(options.bundle).manifest["files"].items()
            },
            "pictures": len(names),
        }
        describer = Describer(options.bundle, options.threads, read_text=False)
    except ImageDescriberError as error:
        print(error, file=sys.stderr)
        return 2
    known = load_earlier(options.result, about)
    corruptions = options.corruptions or [name for name in CORRUPTIONS if name not in known]
    references = tokenize({name: data.captions[name] for name in names})
    clean = None
    for corruption in dict.fromkeys([CLEAN, *corruptions]):  # the errors need the clean scores
        captions, noted = describe_all(describer, data, names, corruption)
        each = scores(captions, references)
        clean = each if clean is None else clean
        known[corruption] = figures_of(corruption, each, clean, noted)
        ordered = {name: known[name] for name in CORRUPTIONS if name in known}
        result = {**about, "data": "Flickr8k dev, squeezed to 224 x 224", "corruptions": ordered}
        write(options.result, (json.dumps(result, indent=1) + "\n").encode())
        figures = known[corruption]
        print(
            f"{corruption:30} {figures['CIDEr']:.3f} {figures['kept']:7.1%} "
            f"±{figures['error']:.1%}  "
            + "; ".join(f"{share:.1%} {note}" for note, share in noted.items()),
            flush=True,
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
