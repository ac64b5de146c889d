"""Captions of a bundle, evaluated on dev by the usual measures through pycocoevalcap."""

import logging
import shutil
import subprocess
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from image_describer.captioner.bundle import JOINT_SPACE, Bundle, open_bundle
from image_describer.captioner.captions import CaptionGenerator
from image_describer.captioner.description import DoubtfulWord
from image_describer.captioner.embedding import JointSpace
from image_describer.captioner.encoder import Encoder
from image_describer.captioner.joint_words import JointWords
from image_describer.errors import PictureError, TrainingError
from image_describer.i18n import ENGLISH
from image_describer.imaging.open import open_picture
from image_describer.stdio import stderr_silenced
from image_describer.train.data.cleaning import RULES
from image_describer.train.data.dataset import Dataset
from image_describer.train.evaluate import demographics, doubtful_word, retrieval
from image_describer.train.progress import progress

log = logging.getLogger(__name__)

REFERENCES = 5  # human captions of a picture that `acceptable` needs
NO_JAVA = (
    "Java is missing: METEOR is left out, and captions are split into words by the vocabulary's "
    "own rules, so the other figures differ slightly from published ones. For all figures, install "
    "a Java runtime (e.g. apt-get install default-jre-headless) and evaluate again."
)


@dataclass(frozen=True)
class GeneratedCaptions:
    """The captions found of a picture, the best one first, and their measures of confidence.

    ``doubt`` is the doubtful word of the best one, ``embedding`` (D,) the picture's in the joint
    space, or None if the bundle has none.
    """

    captions: list[str]
    measures: list[dict[str, float]]
    doubt: DoubtfulWord | None
    embedding: np.ndarray | None


@dataclass(frozen=True)
class Evaluation:
    """The captions of the dev pictures and their figures.

    ``metrics`` are figures by name: of all pictures as "dev", and if they are from several sets, of
    each set as "dev/set"; ``sets`` then has the keys of each set's pictures. ``captions`` are the
    pictures' captions as they were generated. ``measures`` and ``acceptable`` have a value for each
    caption found of a picture, the best one first; only pictures with five references are in them.
    ``demographics`` is what `demographics.compare` returns.
    """

    metrics: dict[str, dict[str, float]]
    sets: dict[str, list[str]]
    captions: dict[str, str]
    measures: dict[str, list[dict[str, float]]]
    acceptable: dict[str, list[bool]]
    demographics: dict[str, Any]


def evaluate(bundle: Path, data: Dataset, language: str = ENGLISH) -> Evaluation:
    """Caption the dev pictures and compare the captions with the human ones.

    Among the metrics are "acceptable", the share of captions at least as good as the weakest human
    one, see `acceptable`; "different words", how many the captions use; those of `doubtful_word`,
    and of `retrieval` if the bundle has a joint space. N-grams are weighted and pictures retrieved
    in each set apart, so that the figures of a set don't depend on the other sets.

    With another ``language``, that of the data's captions, the metrics have those of English on the
    same pictures as "dev in English", and words for people are not counted. Raises BundleError, and
    TrainingError if none of the pictures can be captioned.
    """
    if not has_java():
        log.warning("%s", NO_JAVA)
    found = _evaluate(bundle, data, language)
    if language == ENGLISH:
        return found
    dev = [key for key in data.splits["dev"] if key in data.english]
    english = replace(data, captions=data.english, splits={**data.splits, "dev": dev})
    beside = _evaluate(bundle, english, ENGLISH).metrics["dev"]
    return replace(found, metrics={**found.metrics, "dev in English": beside})


def _evaluate(bundle: Path, data: Dataset, language: str) -> Evaluation:
    """`evaluate` in one language."""
    generated = generate(bundle, data, data.splits["dev"], language)
    if not generated:
        raise TrainingError("The data has no dev picture that a caption can be measured on.")
    tokenized = tokenize({key: some.captions for key, some in generated.items()}, language)
    references = tokenize({key: data.captions[key] for key in generated}, language)
    groups = _by_set(data, generated)
    good: dict[str, list[bool]] = {}
    for keys in groups.values():
        good |= acceptable({key: tokenized[key] for key in keys}, references)
    sets = groups if len(groups) > 1 else {}
    sentences = _sentences(open_bundle(bundle).in_language(language))
    metrics = {}
    for name, keys in {"dev": list(generated), **{f"dev/{s}": k for s, k in sets.items()}}.items():
        found = {key: tokenized[key] for key in keys}
        metrics[name] = _metrics(found, references, good, language)
        if language == ENGLISH:
            doubts = {key: generated[key].doubt for key in keys}
            metrics[name] |= doubtful_word.judge(doubts, references)
        if sentences is not None:
            pairs = ((key, generated[key].embedding) for key in keys)
            embeddings = {key: one for key, one in pairs if one is not None}
            metrics[name] |= retrieval.judge(sentences, embeddings, data.captions)
    people = {}
    if language == ENGLISH:
        told = {key: some[0] for key, some in tokenized.items()}
        people = demographics.compare(told, references, sets)
    return Evaluation(
        metrics,
        sets,
        {key: some.captions[0] for key, some in generated.items()},
        {key: generated[key].measures for key in good},
        good,
        people,
    )


def _sentences(bundle: Bundle) -> JointSpace | JointWords | None:
    """What embeds sentences in the bundle's language, if it has a joint space."""
    if bundle.language != ENGLISH:
        return JointWords.from_bundle(bundle)
    return JointSpace.from_bundle(bundle) if JOINT_SPACE in bundle.manifest["files"] else None


def generate(
    bundle: Path, data: Dataset, keys: Sequence[str], language: str = ENGLISH
) -> dict[str, GeneratedCaptions]:
    """Caption pictures with the networks and the beam search that the program uses.

    Pictures that can't be opened are reported and left out. Raises BundleError.
    """
    opened = open_bundle(bundle)
    encoder, generator = Encoder.from_bundle(opened), CaptionGenerator(opened)
    if language != ENGLISH:
        generator = generator.in_language(language)
    captions = {}
    for key in progress(keys, "captions", "pictures"):
        try:
            picture = open_picture(data.path(key))
        except PictureError as error:
            log.warning("%s: %s", key, error)
            continue
        features = encoder.encode(picture.pixels)
        embedding = generator.embed(features)
        beams = generator.rank(generator.decode([features])[0], features, embedding)
        captions[key] = GeneratedCaptions(
            [generator.text(beam.words) for beam in beams],
            generator.measures(beams, features, embedding),
            generator.doubt(beams),
            embedding,
        )
    return captions


def has_java() -> bool:
    """Whether METEOR and the PTB tokenizer, which are Java programs, can run."""
    java = shutil.which("java")
    return java is not None and _runs(java)


@cache
def _runs(java: str) -> bool:
    # Without a Java runtime, macOS has a program of that name that only says where to get one.
    return subprocess.run([java, "-version"], capture_output=True).returncode == 0


def tokenize(
    captions: Mapping[str, Sequence[str]], language: str = ENGLISH
) -> dict[str, list[str]]:
    """Split captions into words with the PTB tokenizer; without Java, or in another language, by
    the rules of the language, in lower case."""
    if language != ENGLISH or not has_java():
        rules = RULES["plain" if language == ENGLISH else "german"]
        return {k: [" ".join(rules(c)).lower() for c in some] for k, some in captions.items()}
    warnings.filterwarnings("ignore", category=SyntaxWarning)
    from pycocoevalcap.tokenizer.ptbtokenizer import PTBTokenizer

    records = {key: [{"caption": c} for c in some] for key, some in captions.items()}
    with stderr_silenced():  # the Java program reports its speed
        tokenized: dict[str, list[str]] = PTBTokenizer().tokenize(records)
    return tokenized


def score(
    captions: Mapping[str, Sequence[str]],
    references: Mapping[str, Sequence[str]],
    language: str = ENGLISH,
) -> dict[str, float]:
    """BLEU-1 to 4, METEOR (of English, with Java), ROUGE-L and CIDEr of tokenized captions, one a
    picture."""
    from pycocoevalcap.bleu.bleu import Bleu
    from pycocoevalcap.cider.cider import Cider
    from pycocoevalcap.meteor.meteor import Meteor
    from pycocoevalcap.rouge.rouge import Rouge

    compared = {key: references[key] for key in captions}
    bleu, _ = Bleu(4).compute_score(compared, captions, verbose=0)
    figures = {f"BLEU-{n}": value for n, value in enumerate(bleu, start=1)}
    if language == ENGLISH and has_java():
        figures["METEOR"], _ = Meteor().compute_score(compared, captions)
    for label, scorer in (("ROUGE-L", Rouge()), ("CIDEr", Cider())):
        figures[label], _ = scorer.compute_score(compared, captions)
    return {label: round(float(value), 4) for label, value in figures.items()}


def acceptable(
    captions: Mapping[str, Sequence[str]], references: Mapping[str, Sequence[str]]
) -> dict[str, list[bool]]:
    """Whether each caption of a picture is about as good as a human one.

    A caption is acceptable if its CIDEr-D, averaged over the ways to leave one reference out, is
    at least that of the weakest human caption, each scored against the other four. Pictures
    without exactly `REFERENCES` references are left out. Captions are tokenized.
    """
    from pycocoevalcap.cider.cider import Cider

    keys = [key for key in captions if len(references[key]) == REFERENCES]
    if not keys:
        return {}
    ranks = max(len(captions[key]) for key in keys)
    machine = np.zeros((len(keys), ranks))
    weakest = np.full(len(keys), np.inf)
    for left_out in range(REFERENCES):
        others = {k: [r for i, r in enumerate(references[k]) if i != left_out] for k in keys}
        for rank in range(ranks):
            # The scorer needs one caption of each picture: the last one stands in.
            of_rank = {k: [captions[k][min(rank, len(captions[k]) - 1)]] for k in keys}
            _, scores = Cider().compute_score(others, of_rank)
            machine[:, rank] += np.asarray(scores) / REFERENCES
        _, human = Cider().compute_score(others, {k: [references[k][left_out]] for k in keys})
        weakest = np.minimum(weakest, human)
    good = machine >= weakest[:, np.newaxis]
    return {k: row[: len(captions[k])].tolist() for k, row in zip(keys, good, strict=True)}


def _metrics(
    captions: Mapping[str, Sequence[str]],
    references: Mapping[str, Sequence[str]],
    good: Mapping[str, Sequence[bool]],
    language: str,
) -> dict[str, float]:
    """The figures of the best caption of each picture."""
    figures = {
        "pictures": len(captions),
        **score({k: c[:1] for k, c in captions.items()}, references, language),
        "different words": len({word for some in captions.values() for word in some[0].split()}),
    }
    best = [good[key][0] for key in captions if key in good]
    if best:
        figures["acceptable"] = round(sum(best) / len(best), 4)
    return figures


def _by_set(data: Dataset, keys: Iterable[str]) -> dict[str, list[str]]:
    """``keys`` by the set they begin with; a single group "" if the keys name no sets."""
    paths = [PurePosixPath(record["set"]) for record in data.sources]
    names = {str(path) for path in (*paths, *(path.parent for path in paths))}
    groups: dict[str, list[str]] = {}
    for key in keys:
        folders = (str(parent) for parent in PurePosixPath(key).parents)
        groups.setdefault(next((f for f in folders if f in names and f != "."), ""), []).append(key)
    return groups
