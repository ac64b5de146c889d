"""Captions for pictures without any, chosen from sentences that people wrote of other pictures.

A ridge regression from features to the words of captions (as tf-idf) is fitted to the captioned
pictures. The sentences whose words are closest to what it expects of a picture vote: the one that
is most like the others, as in consensus captioning (Devlin et al. 2015, arXiv:1505.04467), is the
best.
"""

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import scipy.sparse
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import Ridge

from image_describer import files
from image_describer.errors import TrainingError
from image_describer.train.data.cleaning import rule
from image_describer.train.data.dataset import Dataset

WORDS = 2500  # the commonest ones of the sentences
LENGTHS = range(6, 15)  # words of a sentence that is chosen
PENALTY = 1.0  # of the regression, in units of the features' mean variance
VOTERS = 60  # closest sentences
CLOSENESS = 1.5  # weight of a sentence's own closeness, beside its likeness to the other voters


@dataclass(frozen=True)
class PseudoCaptions:
    """``captions``: sentences by picture, the best one first. ``scores``: how well the best one of
    each picture fits, by the votes; only their order has a meaning."""

    captions: dict[str, list[str]]
    scores: dict[str, float]

    def write(self, path: Path) -> None:
        files.write(path, json.dumps(dataclasses.asdict(self), indent=1).encode())

    @classmethod
    def read(cls, path: Path) -> "PseudoCaptions":
        """Raises TrainingError."""
        try:
            return cls(**json.loads(path.read_text("utf-8")))
        except (OSError, ValueError, TypeError) as error:
            raise TrainingError(
                f"{path} can't be read: {error}.", "Delete it, and it will be made again."
            ) from error

    def add_to(self, data: Dataset) -> None:
        """Make the pictures training pictures with these captions.

        The better a caption fits its picture, in comparison with the others, the more often an
        epoch shows it: from never to twice as often as its set's weight says.
        """
        present = [key for key in self.scores if key in data.files]
        order = sorted(present, key=self.scores.__getitem__)
        for rank, key in enumerate(order):
            data.captions[key] = list(self.captions[key])
            data.splits["train"].append(key)
            weight = 2 * (rank + 0.5) / len(order)
            data.weights[key] = data.weights.get(key, 1.0) * weight
        data.pseudo_captioned.update(order)
        data.uncaptioned = [key for key in data.uncaptioned if key not in self.captions]


def choose(
    features: Mapping[str, np.ndarray],
    captions: Mapping[str, Sequence[str]],
    sentences: Sequence[str],
    keys: Sequence[str],
    count: int,
    rules: str = "plain",
) -> PseudoCaptions:
    """Choose ``count`` of ``sentences`` for each picture in ``keys``.

    ``features`` (C,) are those of all pictures, with ``captions`` or without. Raises TrainingError
    if there are too few sentences.
    """
    split = rule(rules)
    cleaned = dict.fromkeys(" ".join(words) for words in map(split, sentences)
                            if len(words) in LENGTHS)  # fmt: skip
    candidates = sorted(cleaned)
    if len(candidates) < VOTERS:
        raise TrainingError(
            f"Pseudo-captions need sentences: there are {len(candidates)} of {LENGTHS.start} to "
            f"{LENGTHS.stop - 1} words.",
            "Add a set of sentences to data.sets, or leave out data.pseudo_captions.",
        )
    vectorizer = TfidfVectorizer(
        tokenizer=str.split, token_pattern=None, lowercase=False, max_features=WORDS, binary=True,
        dtype=np.float32, smooth_idf=False,
    )  # fmt: skip
    of_sentences = vectorizer.fit_transform(candidates)
    known = [key for key in captions if key in features]
    targets = np.stack([_mean_words(vectorizer, map(split, captions[key])) for key in known])
    regression = _fitted(np.stack([features[key] for key in known]), targets)
    chosen, scores = {}, {}
    for key, expected in zip(keys, regression.predict(np.stack([features[k] for k in keys])),
                             strict=True):  # fmt: skip
        order, score = _vote(of_sentences, expected)
        chosen[key] = [candidates[position] for position in order[:count]]
        scores[key] = score
    return PseudoCaptions(chosen, scores)


def _mean_words(vectorizer: TfidfVectorizer, captions: object) -> np.ndarray:
    """The tf-idf of the words of a picture's captions, as a vector of length 1."""
    rows = vectorizer.transform(" ".join(words) for words in captions)  # type: ignore[attr-defined]
    mean = np.asarray(rows.mean(axis=0)).ravel()
    return mean / max(float(np.linalg.norm(mean)), 1e-9)


def _fitted(features: np.ndarray, targets: np.ndarray) -> Ridge:
    variance = float(((features - features.mean(axis=0)) ** 2).sum()) / features.shape[1]
    return Ridge(alpha=PENALTY * variance).fit(features, targets)


def _vote(sentences: scipy.sparse.csr_matrix, expected: np.ndarray) -> tuple[np.ndarray, float]:
    """Positions of the `VOTERS` closest sentences, the best one first, and the score of that."""
    closeness = sentences @ expected
    voters = np.argpartition(-closeness, VOTERS - 1)[:VOTERS]
    alike = (sentences[voters] @ sentences[voters].T).toarray()
    weights = np.maximum(closeness[voters], 0.0)
    votes = alike @ weights / max(float(weights.sum()), 1e-9) + CLOSENESS * closeness[voters]
    order = np.argsort(-votes, kind="stable")
    return voters[order], float(votes[order[0]])
