"""MODEL_CARD.md: what a bundle is and how good it is, generated from its manifest."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from textwrap import fill
from typing import Any

from image_describer import bundle_files
from image_describer.captioner.bundle import (
    DECODER,
    ENCODER,
    JOINT_SPACE,
    JOINT_WORDS,
    NGRAM_PRIOR,
    NOVELTY,
    ORIENTATION,
    PHOTO_CHECK,
    TOKENIZER,
    file_of_language,
)
from image_describer.captioner.confidence import MEASURES
from image_describer.train.markdown import table
from image_describer.train.recipe import BLOCKS

NAME = "MODEL_CARD.md"
WIDTH = 99  # of a line

_ENCODERS = {"xception": "Xception", "inception_v3": "InceptionV3", "resnet50": "ResNet50"}
_DECODERS = {
    "attention-lstm": "a two-layer LSTM with attention",
    "merge-lstm": "an LSTM merged with the picture",
    "bahdanau-gru": "a GRU with additive attention",
}
_FILES = {
    ENCODER: "encoder: pixels to regions",
    DECODER: "decoder: regions to words, one word a call, int8 weights",
    TOKENIZER: "the words and their ids",
    JOINT_SPACE: "pictures and sentences as vectors, int8 weights: ranks captions, searches",
    JOINT_WORDS: "vectors of words, for sentences in the joint space",
    NGRAM_PRIOR: "expected words and pairs of words, int8 weights: ranks captions",
    ORIENTATION: "detects pictures that lie on their side or upside down",
    NOVELTY: "distinguishes pictures like the training photographs from others",
    PHOTO_CHECK: "distinguishes photographs from drawings, screenshots and documents",
}
_OWN_FILES = (DECODER, TOKENIZER, NGRAM_PRIOR, JOINT_WORDS)  # of each language
LANGUAGES = {"de": "German"}
_KNOWN_SETS = {  # by name: the fewest pictures, because a smaller set of that name is another one
    "flickr8k": (
        5_000,
        'Flickr8k: M. Hodosh, P. Young and J. Hockenmaier 2013, "Framing Image Description as a '
        'Ranking Task: Data, Models and Evaluation Metrics", JAIR 47, pages 853-899. For research '
        "and teaching. Mostly people and dogs outdoors, sport, snow, water and streets.",
    ),
    "coco": (
        5_000,
        'COCO: T.-Y. Lin et al. 2014, "Microsoft COCO: Common Objects in Context", and X. Chen et '
        "al. 2015. Captions CC BY 4.0; the pictures belong to their authors.",
    ),
    "everyday": (
        2_000,
        'everyday: pictures of COCO (T.-Y. Lin et al. 2014, "Microsoft COCO: Common Objects in '
        'Context", and X. Chen et al. 2015; captions CC BY 4.0) and of Flickr30k (P. Young et al. '
        '2014, "From image descriptions to visual denotations", TACL 2, pages 67-78; for research '
        "and teaching). Rooms, food, animals, vehicles, things on tables, people at home.",
    ),
}
_LABELS = (
    "The soft labels are of two other networks, EfficientNet-Lite3 (ImageNet's 1,000 classes) and "
    "SSD-MobileNetV2 (COCO's 80 objects). A part of the network that is not in this bundle learned "
    "them beside the captions; the terms of the teachers' files are unclear, and nothing of them "
    "is in it."
)
_PSEUDO_CAPTIONS = (
    "A picture without captions was trained on with {count} sentences that people wrote of other "
    "pictures, chosen by a regression from pictures to words; some of them are wrong."
)
_LEVELS = {
    "high": '"Probably: ..."',
    "middle": '"It might be: ... This could be wrong."',
    "low": '"Unsure. My guess: ..."',
}
_TEXT = """\
# Model card: {name}

{about}

## How it was made

{made}

## Training data

{data}

The pictures belong to their authors and are not part of this bundle.

## Recipe

{recipe}

## Figures

{metrics}

## Confidence

{confidence}
{languages}
## Files

{files}

## Limits

{limits}
- It knows what was common in its training pictures, and takes other things for something it knows.
- It can't read text, count beyond two or three, or recognize people, and describes only what can
  be seen.
- A caption may sound fluent and still be wrong; colors of clothes often are.
- It was trained on photographs only: what it says about drawings, charts, screenshots and
  documents is invented. The program detects most of these, though not all, and then says "This
  looks like a drawing." or reads the text instead. A blank picture gets no caption.

## People

Man, woman, boy and girl are guesses from looks and clothes. Human captions guess at sex, age and
origin too, and the model has learned their habits; what they seldom mention, it mentions even less.

{people}

## Licence

{licence}
"""
_CONFIDENCE = """\
Each caption comes with a confidence: how likely people would accept it. It is a logistic regression
on these measures:

{measures}

It was evaluated on pictures that it was not fitted to: one half of dev after fitting it to the
other, for ten different halves. The one in this bundle is fitted to all of dev. The expected
calibration error is over ten bins; perfect confidences would have one, too, on so few pictures. An
area of 0.5 is chance, 1 certainty.

{errors}

The program says:

{levels}

It is less reliable for pictures that differ from the training pictures."""
_LANGUAGE = """
## {name}

Another decoder describes the same pictures in {name}, over the same encoder. It started from the
English one, each word from its translations, as far as the captions of the same pictures tell.

{made}

{data}

{recipe}

Measured with the files of this bundle, {beams} beams, and words in lower case, without punctuation.
The captions of people have the same spelling: ß and ss as most people write them, numbers up to
twelve as words.

{metrics}

{confidence}
"""
_PEOPLE = """\
How often captions of {split} mention people:

{rates}

What it says about pictures of {split} in which at least two people mention one group and none the
other:

{confused}"""


def write(file: Path, manifest: Mapping[str, Any]) -> None:
    """Write the card of a bundle with this manifest. Raises OSError."""
    judged = manifest.get("judged", {})
    recipe = manifest.get("recipe", {})
    text = _TEXT.format(
        name=manifest["name"],
        about=_wrap(_about(recipe)),
        made=_made(manifest["created"][:10], manifest.get("made", {})),
        data=_data(
            manifest.get("made", {}).get("data", []),
            recipe.get("data", {}).get("pseudo_captions", 0),
        ),
        recipe=table(("setting", "value"), _settings(recipe)) if recipe else "Not recorded.",
        metrics=_metrics(manifest["metrics"], manifest["decode"]["beams"]),
        confidence=_confidence(judged.get("confidence"), manifest["confidence"]),
        languages="".join(
            _language(LANGUAGES.get(code, code), section)
            for code, section in manifest.get("languages", {}).items()
        ),
        files=_files(manifest["files"], manifest.get("languages", {})),
        limits=_limits(judged.get("people")),
        people=_people(judged.get("people")),
        licence=manifest.get("licence", "Not recorded."),
    )
    bundle_files.write(file, text.encode())


def _language(name: str, section: Mapping[str, Any]) -> str:
    """What another language adds to the bundle."""
    recipe, made = section.get("recipe", {}), section.get("made", {})
    held_out = section.get("judged", {}).get("confidence")
    return _LANGUAGE.format(
        name=name,
        made=_made("", made),
        data=_data(made.get("data", []), 0, known=False),
        recipe=table(("setting", "value"), _settings(recipe)) if recipe else "Not recorded.",
        beams=section["decode"]["beams"],
        metrics=_metrics_table(section.get("metrics", {})) or "Not measured.",
        confidence=_calibration({"dev": held_out}) if held_out else "",
    )


def _about(recipe: Mapping[str, Any]) -> str:
    features = recipe.get("features", {})
    encoder = _ENCODERS.get(features.get("encoder"), "A convolutional encoder")
    decoder = _DECODERS.get(recipe.get("network", {}).get("kind"), "a recurrent decoder")
    sentences = [f"{encoder} and {decoder} describe a photograph in one English sentence."]
    if features.get("weights") == "imagenet":
        sentences.append(
            "The encoder started from ImageNet weights (Keras Applications, MIT licence)."
        )
    if "frozen_blocks" in features and features.get("encoder") == "xception":
        first = features["frozen_blocks"] + 1
        trained = f"Its blocks {first} to {BLOCKS} were" if first < BLOCKS else "Its last block was"
        sentences.append(f"{trained} trained." if first <= BLOCKS else "It was not trained.")
    return " ".join(sentences)


def _made(created: str, made: Mapping[str, Any]) -> str:
    rows = [("date", created)] if created else []
    if made.get("command"):
        rows.append(("command", f"`{made['command']}`"))
    for key in ("commit", "seed", "backend"):
        if made.get(key, "") != "":
            rows.append((key, str(made[key])))
    if made.get("started_from"):
        rows.append(("started from", made["started_from"]))
    if made.get("packages"):
        rows.append(("packages", ", ".join(f"{k} {v}" for k, v in made["packages"].items())))
    note = f"\n\n{_wrap(made['note'])}" if made.get("note") else ""
    return table(("", ""), rows) + note


def _data(sources: Sequence[Mapping[str, Any]], pseudo_captions: int, *, known: bool = True) -> str:
    """The sets of data; ``known``: with what is known about those of public ones."""
    if not sources:
        return "Not recorded."
    rows = [
        (str(s["set"]), str(s["format"]), f"{s['pictures']:,}", f"{s['captions']:,}")
        for s in sources
    ]
    sizes = {s["set"]: s["pictures"] for s in sources}
    sets = _KNOWN_SETS.items() if known else ()
    texts = [text for name, (least, text) in sets if sizes.get(name, 0) >= least]
    if any(s["format"] == "labels" for s in sources):
        texts.append(_LABELS)
    if pseudo_captions:
        texts.append(_PSEUDO_CAPTIONS.format(count=pseudo_captions))
    paragraphs = [_wrap(text) for text in texts]
    return "\n\n".join([table(("set", "format", "pictures", "captions"), rows), *paragraphs])


def _settings(recipe: Mapping[str, Any]) -> list[tuple[str, str]]:
    """One row for each section of a recipe."""
    rows = []
    for key, value in recipe.items():
        if isinstance(value, Mapping) and value.get("epochs", 1):
            rows.append((key, ", ".join(f"{name} {text}" for name, text in _flat(value))))
        elif not isinstance(value, Mapping) and key not in ("name", "about"):
            rows.append((key, str(value)))
    return rows


def _flat(section: Mapping[str, Any], prefix: str = "") -> Iterable[tuple[str, str]]:
    for name, value in section.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            items = value if isinstance(value, (list, tuple)) else [value]
            yield f"{prefix}{name}", "/".join(map(str, items)) or "none"


def _metrics(metrics: Mapping[str, Mapping[str, Any]], beams: int) -> str:
    if not metrics:
        return "Not measured."
    return f"""\
Measured with the files of this bundle, {beams} beams, and words by the PTB tokenizer:

{_metrics_table(metrics)}

`acceptable` is the share of captions whose CIDEr-D against the other captions of the picture is at
least that of the worst of its five human captions.

    python -m image_describer.train evaluate --bundle BUNDLE --data DATA"""


def _metrics_table(metrics: Mapping[str, Mapping[str, Any]]) -> str:
    """A column for each split; "" without any."""
    names = list(dict.fromkeys(name for figures in metrics.values() for name in figures))
    rows = [(n, *(str(figures.get(n, "")) for figures in metrics.values())) for n in names]
    return table(("measure", *metrics), rows) if rows else ""


def _confidence(held_out: Mapping[str, Any] | None, fitted: Mapping[str, Any]) -> str:
    if not held_out:
        return "Confidence was not evaluated on pictures that it was not fitted to."
    measures = [f"- {MEASURES[name]}" for name in fitted.get("weights", {"mean_log_prob": None})]
    of_sets = {f"dev/{name}": judged for name, judged in held_out.get("sets", {}).items() if judged}
    splits = {"dev": held_out, **of_sets}
    return _CONFIDENCE.format(
        errors=_calibration(splits),
        levels=table(
            ("sentence", "from confidence", "pictures", "of captions", "acceptable"),
            [row for split, judged in splits.items() for row in _levels(split, judged)],
        ),
        measures="\n".join(measures),
    )


def _calibration(splits: Mapping[str, Mapping[str, Any]]) -> str:
    return table(
        ("", "calibration error", "of perfect confidences", "area under the ROC curve"),
        [
            (split, *(f"{judged['mean'][key]:.3f}" for key in ("ece", "chance", "auc")))
            for split, judged in splits.items()
        ],
    )


def _levels(split: str, held_out: Mapping[str, Any]) -> Iterable[tuple[str, ...]]:
    """A row for each level of the wording."""
    for level, figures in held_out["both"]["levels"].items():
        good = f"{figures['acceptable']:.0%}" if "acceptable" in figures else "–"
        yield _LEVELS[level], f"{figures['least']:.2f}", split, f"{figures['share']:.0%}", good


def _files(entries: Mapping[str, Mapping[str, Any]], languages: Iterable[str]) -> str:
    texts = dict(_FILES)
    for code in languages:
        name = LANGUAGES.get(code, code)
        texts |= {file_of_language(file, code): f"{_FILES[file]} ({name})" for file in _OWN_FILES}
    rows = [(f"`{n}`", f"{e['bytes']:,}", texts.get(n, "")) for n, e in entries.items()]
    return table(("file", "bytes", "what it is"), rows)


def _limits(people: Mapping[str, Any] | None) -> str:
    if not people:
        return "- Which words it never uses was not measured."
    sentences = []
    for split, judged in _by_split(people).items():
        words = judged["words"]
        unused = ", ".join(words["never said"]) or "none"
        sentences.append(
            f"On {split} it used {words['said']:,} different words, people {words['written']:,}. "
            f"Common words of people that it never used: {unused}."
        )
    return "\n".join(_wrap(f"- {sentence}", indent="  ") for sentence in sentences)


def _people(people: Mapping[str, Any] | None) -> str:
    if not people:
        return "How often it mentions people was not measured."
    return "\n\n".join(_people_of(split, judged) for split, judged in _by_split(people).items())


def _by_split(people: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """The figures of each data set apart, if there are several."""
    sets = people.get("sets")
    return {f"dev/{name}": judged for name, judged in sets.items()} if sets else {"dev": people}


def _people_of(split: str, people: Mapping[str, Any]) -> str:
    rates = [(g, f"{r['said']:.1%}", f"{r['written']:.1%}") for g, r in people["rates"].items()]
    outcomes = ("right", "wrong", "both", "neither")
    confused = [
        (label, str(counts["pictures"]), *(_with_share(counts, key) for key in outcomes))
        for label, counts in people["confused"].items()
    ]
    return _PEOPLE.format(
        split=split,
        rates=table(("word for", "its captions", "human captions"), rates),
        confused=table(
            ("people say", "pictures", "the same", "the other", "both", "neither"), confused
        ),
    )


def _with_share(counts: Mapping[str, int], key: str) -> str:
    if not counts["pictures"]:
        return "–"
    return f"{counts[key]} ({counts[key] / counts['pictures']:.0%})"


def _wrap(text: str, indent: str = "") -> str:
    return fill(text, WIDTH, subsequent_indent=indent, break_on_hyphens=False)
