"""A bundle's captions of a split, judged by the field's measures through pycocoevalcap."""

import contextlib
import io
import logging
import shutil
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from image_describer.describer import Describer
from image_describer.errors import PictureError
from image_describer.picture import open_picture
from image_describer.train.confidence import acceptable, fit_logistic
from image_describer.train.data import Dataset
from image_describer.train.text import words_of

log = logging.getLogger(__name__)

NO_JAVA = (
    "There is no Java: METEOR is left out, and words are split by the vocabulary's own rules, so "
    "that the other figures differ a little from published ones. To have them all, install a Java "
    "runtime, e.g. apt-get install default-jre-headless, and judge again."
)


@dataclass(frozen=True)
class Captioned:
    """What a bundle said of one picture. ``mean_log_prob`` is that of its words."""

    caption: str
    mean_log_prob: float


def caption_split(bundle: Path, data: Dataset, names: Sequence[str]) -> dict[str, Captioned]:
    """Bare captions of ``names``, made by the shipped files and the shipped beam search.

    Pictures that can't be opened are told and left out.
    """
    describer = Describer(bundle)
    captions = {}
    for name in tqdm(names, desc="captions", unit="picture"):
        try:
            picture = open_picture(data.path(name))
        except PictureError as error:
            tqdm.write(f"{name}: {error}")
            continue
        beam = describer.decoder.decode(describer.extractor.extract(picture.pixels).regions)[0]
        captions[name] = Captioned(describer.caption(beam.words), beam.mean_log_prob)
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
    """A bundle's figures on a split: ``metrics``, and the ``confidence`` that fits its captions.

    ``confidence`` holds slope and offset, ``acceptable`` in ``metrics`` the share of captions
    that are at least as good as a person's weakest (see ``confidence.acceptable``).
    """
    if not has_java():
        log.warning("%s", NO_JAVA)
    said = caption_split(bundle, data, data.splits[split])
    captions = tokenize({name: [one.caption] for name, one in said.items()})
    references = tokenize({name: data.captions[name] for name in said})
    metrics: dict[str, float] = {"pictures": len(said), **score(captions, references)}
    good = acceptable({name: c[0] for name, c in captions.items()}, references)
    x = np.array([said[name].mean_log_prob for name in good])
    y = np.array([float(value) for value in good.values()])
    slope, offset = fit_logistic(x, y)
    metrics["acceptable"] = round(float(y.mean()), 4)
    fitted = {"slope": round(slope, 4), "offset": round(offset, 4)}
    return {"split": split, "metrics": metrics, "confidence": fitted}
