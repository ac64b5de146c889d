"""How well the program knows when it is wrong, beside a person who looks at the same picture.

    python benchmarks/confidence_people.py --data FLICKR8K [--bundle FOLDER]

Of the five people that described each dev picture one, two or three are asked for what they would
do as judges: is the program's caption acceptable by the sentences of the *others*, given only how
near it is to the judges' own sentences (CIDEr-D, and its root, and how near these are to each
other)? Logistic curves as confidence has them, over the same halves of dev; means over all the ways
to choose the judges. A share of people's sentences is chance, and so no confidence reaches 1: what
both together reach shows how far what people know of the picture would get it.

How far whoever knew everybody's sentences would get it is estimated, too: captions that two people
would accept are accepted by two or three others more often than by chance, and that much more is
how widely the captions' true chances to be accepted are spread.

With fewer people left to compare with, whether a caption is acceptable is more by chance: the area
under the curve of the measures, too, is less than that of `train evaluate`, which has all five.
"""

import argparse
import itertools
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import measure
import numpy as np
from pycocoevalcap.cider.cider import Cider

from image_describer import paths
from image_describer.captioner.bundle_files import write
from image_describer.errors import ImageDescriberError
from image_describer.train import confidence
from image_describer.train.data import read_flickr8k
from image_describer.train.evaluate import caption_split, tokenize

JUDGES = (1, 2, 3)
DRAWN = 1_000_000  # pairs of chances: the area's third digit is sure
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


def reachable(captions: Mapping[str, str], references: References) -> dict[str, dict[str, float]]:
    """The area under the ROC curve of the captions' true chances to be acceptable, by how many
    people accept.

    Their variance is the covariance of the answers of two people and of two others; for three it
    is at least the square of the covariance with the answers of two, over that. The chances are
    taken to have a beta distribution of the mean and variance that were found.
    """
    answers = {}
    told = {name: [caption] for name, caption in captions.items()}
    for count in (2, 3):
        for chosen in itertools.combinations(range(confidence.REFERENCES), count):
            asked = {name: [references[name][k] for k in chosen] for name in captions}
            good = confidence.acceptable(told, asked, count)
            answers[chosen] = np.array([good[name][0] for name in captions], np.float64)

    def together(one: int, other: int) -> float:
        """The mean covariance of answers by so many people, nobody among both."""
        pairs = itertools.product(answers, answers)
        apart = [p for p in pairs if tuple(map(len, p)) == (one, other) and not {*p[0]} & {*p[1]}]
        return float(np.mean([np.cov(answers[a], answers[b])[0, 1] for a, b in apart]))

    spread = {2: together(2, 2)}
    spread[3] = together(2, 3) ** 2 / spread[2]
    found = {}
    for count, variance in spread.items():
        shares = [given.mean() for chosen, given in answers.items() if len(chosen) == count]
        found[str(count)] = area_of_chances(float(np.mean(shares)), variance)
    return found


def area_of_chances(mean: float, variance: float) -> dict[str, float]:
    """`reachable` of chances with a beta distribution."""
    both = mean * (1.0 - mean) / variance - 1.0
    good, bad = mean * both, (1.0 - mean) * both
    rng = np.random.default_rng(0)
    # Of what turns out acceptable high chances are the more frequent, of what does not low ones.
    above = rng.beta(good + 1.0, bad, DRAWN) > rng.beta(good, bad + 1.0, DRAWN)
    return {"acceptable": round(mean, 4), "area": round(float(above.mean()), 3)}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    measure.flickr8k_option(parser)
    parser.add_argument("--bundle", type=Path, default=paths.bundle_folder())
    parser.add_argument("--result", type=Path, default=RESULT)
    asked = parser.parse_args()
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
        "reachable by whoever knew everybody's sentences, by those who accept": reachable(
            captions, references
        ),
    }
    write(asked.result, (json.dumps(result, indent=1) + "\n").encode())
    print(json.dumps(result, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
