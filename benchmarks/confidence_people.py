"""How well the program knows when it is wrong, beside a person who looks at the same picture.

    python benchmarks/confidence_people.py --data FLICKR8K [--bundle FOLDER]

Of the five people that described each dev picture one, or two, are asked for what they would do
as judges: is the program's caption acceptable by the sentences of the *others*, given only how near
it is to the judges' own sentences (CIDEr-D, and its root, and how near these are to each other)?
Logistic curves as confidence has them, over the same halves of dev; means over all the ways to
choose the judges. A share of people's sentences is chance, and so no confidence reaches 1: what
both together reach shows how far what people know of the picture would get it.

With fewer people left to compare with, whether a caption is acceptable is more by chance: the area
under the curve of the measures, too, is less than that of `train evaluate`, which has all five.
"""

import argparse
import itertools
import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import measure
import numpy as np
from pycocoevalcap.cider.cider import Cider

from image_describer import paths
from image_describer.bundle_files import write
from image_describer.errors import ImageDescriberError
from image_describer.train import confidence
from image_describer.train.data import read_flickr8k
from image_describer.train.evaluate import caption_split, tokenize

JUDGES = (1, 2)
RESULT = measure.HERE.parent / "train" / "results" / "best" / "confidence_people.json"
References = Mapping[str, Sequence[str]]


def near(captions: Mapping[str, str], references: References) -> np.ndarray:
    """CIDEr-D of each caption, (N,), in the order of ``captions``."""
    asked = {name: [caption] for name, caption in captions.items()}
    return np.asarray(Cider().compute_score({n: references[n] for n in asked}, asked)[1])


def by_people(captions: Mapping[str, str], judges: References) -> np.ndarray:
    """What the judges' own sentences say of each caption, (N, K)."""
    likeness = near(captions, judges)
    columns = [likeness, np.sqrt(likeness)]
    for one, other in itertools.combinations(range(len(next(iter(judges.values())))), 2):
        theirs = {name: judges[name][one] for name in captions}
        columns.append(near(theirs, {name: [judges[name][other]] for name in captions}))
    return np.stack(columns, axis=1)


def area(columns: np.ndarray, good: Mapping[str, bool]) -> float:
    """The mean area under the ROC curve over halves judged by what was fitted to the other."""
    answers = np.array(list(good.values()))
    found = []
    for way in range(confidence.WAYS):
        first = np.array([confidence.in_first_half(name, way) for name in good])
        for fitted in (first, ~first):
            mean, scale = columns[fitted].mean(axis=0), columns[fitted].std(axis=0)
            weights = confidence.logistic((columns[fitted] - mean) / scale, answers[fitted])
            sure = (columns[~fitted] - mean) / scale @ weights[:-1]
            found.append(confidence.auc(sure, answers[~fitted]))
    return float(np.mean(found))


def compare(
    captions: Mapping[str, str], measures: np.ndarray, references: References, judges: int
) -> dict[str, float]:
    """Areas under the curve with ``judges`` people, by who foretells."""
    found: dict[str, list[float]] = {}
    for chosen in itertools.combinations(range(confidence.REFERENCES), judges):
        asked = {name: [references[name][k] for k in chosen] for name in captions}
        others = {
            name: [text for k, text in enumerate(references[name]) if k not in chosen]
            for name in captions
        }
        told = {name: [caption] for name, caption in captions.items()}
        answers = confidence.acceptable(told, others, confidence.REFERENCES - judges)
        good = {name: answer for name, (answer,) in answers.items()}
        people = by_people(captions, asked)
        for label, columns in (
            ("program", measures),
            ("people", people),
            ("both", np.concatenate([measures, people], axis=1)),
        ):
            found.setdefault(label, []).append(area(columns, good))
        found.setdefault("acceptable", []).append(sum(good.values()) / len(good))
    return {label: round(float(np.mean(values)), 4) for label, values in found.items()}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, default=os.environ.get("IMAGE_DESCRIBER_DATA"))
    parser.add_argument("--bundle", type=Path, default=paths.bundle_folder())
    parser.add_argument("--result", type=Path, default=RESULT)
    asked = parser.parse_args()
    if asked.data is None:
        parser.error("give --data, a folder with Flickr8k, or set IMAGE_DESCRIBER_DATA")
    try:
        data = read_flickr8k(asked.data)
        said = caption_split(asked.bundle, data, data.splits["dev"])
    except ImageDescriberError as trouble:
        print(trouble, file=sys.stderr)
        return 2
    references = tokenize({name: data.captions[name] for name in said})
    whole = [name for name in said if len(references[name]) == confidence.REFERENCES]
    captions = {n: c[0] for n, c in tokenize({n: [said[n].caption] for n in whole}).items()}
    measures = np.array([list(said[name].measures.values()) for name in whole])
    result = {
        "data": "Flickr8k dev",
        "pictures": len(whole),
        "area under the ROC curve, by judges": {
            str(judges): compare(captions, measures, references, judges) for judges in JUDGES
        },
    }
    write(asked.result, (json.dumps(result, indent=1) + "\n").encode())
    print(json.dumps(result, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
