"""A bundle's captions of a split, judged by the field's measures through pycocoevalcap."""

import contextlib
import io
import json
import logging
import re
import shutil
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tqdm import tqdm

from image_describer.captioner import bundle_files
from image_describer.captioner.bundle import open_bundle, write_manifest
from image_describer.captioner.captions import CaptionGenerator
from image_describer.captioner.encoder import Encoder
from image_describer.errors import PictureError
from image_describer.imaging.open import open_picture
from image_describer.train.data.dataset import Dataset
from image_describer.train.data.vocabulary import words_of
from image_describer.train.evaluate import demographics
from image_describer.train.heads import confidence

log = logging.getLogger(__name__)

NO_JAVA = (
    "There is no Java: METEOR is left out, and words are split by the vocabulary's own rules, so "
    "that the other figures differ a little from published ones. To have them all, install a Java "
    "runtime, e.g. apt-get install default-jre-headless, and judge again."
)

_UNFIT = re.compile(r"[^A-Za-z0-9_.-]+")  # for the name of a folder


@dataclass(frozen=True)
class Captioned:
    """What a bundle said of one picture, the measures that its confidence is made of, and the same
    of the ``others`` that it might have said."""

    caption: str
    measures: Mapping[str, float]
    others: tuple["Captioned", ...] = ()

    @property
    def all(self) -> tuple["Captioned", ...]:
        """What was told first, then the other captions that were found."""
        return (self, *self.others)


def caption_split(bundle: Path, data: Dataset, names: Sequence[str]) -> dict[str, Captioned]:
    """Bare captions of ``names``, made by the shipped files and the shipped beam search.

    Pictures that can't be opened are told and left out.
    """
    opened = open_bundle(bundle)
    encoder, generator = Encoder.from_bundle(opened), CaptionGenerator(opened)
    captions = {}
    for name in tqdm(names, desc="captions", unit="picture"):
        try:
            picture = open_picture(data.path(name))
        except PictureError as error:
            tqdm.write(f"{name}: {error}")
            continue
        features = encoder.encode(picture.pixels)
        beams = generator.generate(features)
        first, *others = (
            Captioned(generator.text(beam.words), measures)
            for beam, measures in zip(beams, generator.measures(beams, features), strict=True)
        )
        captions[name] = replace(first, others=tuple(others))
    return captions


def has_java() -> bool:
    """Whether METEOR and the PTB tokenizer, which are Java programs, can run here."""
    return shutil.which("java") is not None


def tokenize(captions: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """By the PTB tokenizer, as published figures do; without Java by the vocabulary's rules."""
    if not has_java():
        return {n: [" ".join(words_of(c)) for c in several] for n, several in captions.items()}
    warnings.filterwarnings("ignore", category=SyntaxWarning)
    from pycocoevalcap.tokenizer.ptbtokenizer import PTBTokenizer

    asked = {name: [{"caption": c} for c in several] for name, several in captions.items()}
    with contextlib.redirect_stderr(io.StringIO()):
        tokenized: dict[str, list[str]] = PTBTokenizer().tokenize(asked)
    return tokenized


def score(
    captions: Mapping[str, Sequence[str]], references: Mapping[str, Sequence[str]]
) -> dict[str, float]:
    """BLEU-1..4, METEOR (where there is Java), ROUGE-L and CIDEr of tokenized captions."""
    from pycocoevalcap.bleu.bleu import Bleu
    from pycocoevalcap.cider.cider import Cider
    from pycocoevalcap.meteor.meteor import Meteor
    from pycocoevalcap.rouge.rouge import Rouge

    wanted = {name: references[name] for name in captions}
    bleu, _ = Bleu(4).compute_score(wanted, captions, verbose=0)
    figures = {f"BLEU-{n}": value for n, value in enumerate(bleu, start=1)}
    if has_java():
        figures["METEOR"], _ = Meteor().compute_score(wanted, captions)
    for label, scorer in (("ROUGE-L", Rouge()), ("CIDEr", Cider())):
        figures[label], _ = scorer.compute_score(wanted, captions)
    return {label: round(float(value), 4) for label, value in figures.items()}


def evaluate(bundle: Path, data: Dataset, split: str = "dev") -> dict[str, Any]:
    """A bundle's figures on a split, and the confidence that fits its captions.

    ``metrics`` are numbers by name, among them ``acceptable``, the share of captions that are at
    least as good as a person's weakest, and where there are enough pictures ``confidence ECE`` and
    ``confidence AUC``, over halves of the split that are judged by what was fitted to the other.
    ``confidence`` is the manifest's table, fitted to all; ``judged`` holds ``confidence`` (see
    `confidence.held_out`) and ``people`` (see `people.compare`).
    """
    if not has_java():
        log.warning("%s", NO_JAVA)
    said = caption_split(bundle, data, data.splits[split])
    every = tokenize({name: [c.caption for c in one.all] for name, one in said.items()})
    captions = {name: several[:1] for name, several in every.items()}
    references = tokenize({name: data.captions[name] for name in said})
    metrics: dict[str, float] = {"pictures": len(said), **score(captions, references)}
    own = {name: several[0] for name, several in captions.items()}
    good = confidence.acceptable(every, references)
    measures = {name: [c.measures for c in said[name].all] for name in good}
    metrics["acceptable"] = round(sum(g[0] for g in good.values()) / max(1, len(good)), 4)
    held_out = confidence.held_out(measures, good)
    if held_out:
        metrics |= {f"confidence {k.upper()}": held_out["mean"][k] for k in ("ece", "auc")}
    return {
        "split": split,
        "metrics": metrics,
        "confidence": confidence.fit_all(measures, good),
        "judged": {"confidence": held_out, "people": demographics.compare(own, references)},
    }


def for_manifest(found: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a manifest that come from `evaluate`."""
    held_out = found["judged"]["confidence"]
    drawn = ("bins", "roc")  # belong to the results
    brief = {h: {k: v for k, v in one.items() if k not in drawn} for h, one in held_out.items()}
    return {
        "metrics": {found["split"]: found["metrics"]},
        "confidence": found["confidence"],
        "judged": {**found["judged"], "confidence": brief},
    }


def keep(found: Mapping[str, Any], results: Path) -> None:
    """Write ``confidence.json``, its two drawings and ``people.json`` into a recipe's results."""
    from image_describer.train.report import figures as drawing

    judged = found.get("judged")
    if not judged:  # figures of before, or of a network that says nothing
        return
    results.mkdir(parents=True, exist_ok=True)
    table = {"split": found["split"], "table": found["confidence"]}
    for name, content in (
        ("confidence", {**table, "held_out": judged["confidence"]}),
        ("people", judged["people"]),
    ):
        bundle_files.write(
            results / f"{name}.json", (json.dumps(content, indent=1) + "\n").encode()
        )
    if judged["confidence"]:
        drawing.reliability(judged["confidence"], results / "reliability.png")
        drawing.roc(judged["confidence"], results / "roc.png")


def keep_of(bundle: Path, found: Mapping[str, Any], results: Path, update: bool) -> Path:
    """`keep` in the folder of results that has the bundle's name, which is returned.

    ``update`` gives the bundle the confidence and the figures that were found, and its card anew;
    ``metrics.json`` in the results follows. Raises BundleError.
    """
    from image_describer.train.export import model_card

    old = open_bundle(bundle).manifest
    folder = results / (_UNFIT.sub("-", old["name"]).strip("-.") or "bundle")
    keep(found, folder)
    if update:
        fields = {**old, **for_manifest(found), "files": list(old["files"])}
        model_card.write(bundle / model_card.NAME, write_manifest(bundle, fields))
        bundle_files.write(folder / "metrics.json", (json.dumps(found, indent=2) + "\n").encode())
    return folder
