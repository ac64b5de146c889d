"""MODEL_CARD.md: what a bundle is, in plain words, from its manifest; nothing in it is by hand."""

from collections.abc import Mapping
from pathlib import Path
from textwrap import fill
from typing import Any

from image_describer.captioner import bundle_files
from image_describer.captioner.bundle import (
    DECODER,
    ENCODER,
    JOINT_SPACE,
    NGRAM_PRIOR,
    NOVELTY,
    ORIENTATION,
    TOKENIZER,
)
from image_describer.captioner.confidence import MEASURES
from image_describer.train.recipe import BLOCKS

NAME = "MODEL_CARD.md"
MADE = "made"  # of a manifest, may be missing: how, where it was not by the recipe's command
WIDTH = 99  # of a line

_ABOUT = (
    "An Xception tower and a two-layer attention LSTM that say in one English sentence what a "
    "photograph shows. Made on {created} {made}."
)
_TEXT = """\
# Model card: {name}

{about}

## What it learnt from

{train} photographs of Flickr8k with five captions each, written by people (M. Hodosh, P. Young
and J. Hockenmaier 2013, "Framing Image Description as a Ranking Task: Data, Models and
Evaluation Metrics", JAIR 47, pages 853-899). Figures are on its {dev} dev photographs; the test
split was not touched. The tower started from ImageNet weights of Xception (F. Chollet, Keras
Applications, MIT licence) as far as they were given, and {learnt} trained further.

## Recipe

| choice | value |
|---|---|
{recipe}

## Figures on dev

Measured through the files in this folder, {beams} beams, words by the PTB tokenizer:

| measure | value |
|---|---|
{metrics}

`acceptable` is the share of captions that score at least as well, by CIDEr-D against the other
captions of the picture, as the weakest of its five human captions.

    python -m image_describer.train evaluate --bundle models --data FLICKR8K

## How far to trust it

{trust}

## Files

| file | bytes | what it is |
|---|---|---|
{files}

## What it can't name

{unnamed}
- It knows what was common in Flickr8k: people and dogs outdoors, sport, snow, water, streets. It
  names few foods, plants, tools, vehicles or animals other than dogs, and calls many of them dogs.
- It can't read text, count beyond two or three, tell who someone is, or judge what is not shown.
- A caption may sound fluent and still be false; colours of clothes are often wrong.

## Drawings, charts, screenshots, documents

It learnt from photographs alone, and whatever it sees in anything else is invented. The program
looks for signs of such a picture before it describes one, and unless its network sees a photograph
nevertheless, says "This looks like a drawing, a screenshot or a document, not a photograph." It
misses some. A blank picture gets no caption at all.

## Who is misdescribed

Man, woman, boy and girl are guesses from looks and clothes. How often its captions of dev name
them, and how often people's do:

{people}

## What it learnt about people

The captions it learnt from were written by paid workers who looked at strangers' photographs. They
guess at sex, age and origin, and their habits are now the model's: what they seldom name, it names
more seldom still.

## Licence

{licence}. Flickr8k's photographs belong to their authors and are not part of this bundle.
"""


def write(file: Path, manifest: Mapping[str, Any]) -> None:
    """Write the card of a bundle with this manifest."""
    judged = manifest.get("judged", {})
    made = manifest.get(MADE, {}).get("note")
    made = made or f"by `python -m image_describer.train --recipe {manifest['name']}`"
    about = _ABOUT.format(created=manifest["created"][:10], made=made)
    text = _TEXT.format(
        name=manifest["name"],
        about=fill(about, WIDTH, break_on_hyphens=False),
        learnt=_learnt(manifest["recipe"]),
        train=f"{manifest['data']['train']:,}",
        dev=f"{manifest['data']['dev']:,}",
        recipe="\n".join(_recipe_rows(manifest["recipe"])),
        beams=manifest["decode"]["beams"],
        metrics=_rows(manifest["metrics"].get("dev", {"none": "not measured"})),
        trust=_trust(judged.get("confidence"), manifest["confidence"]),
        unnamed=_unnamed(judged.get("people")),
        people=_people(judged.get("people")),
        files="\n".join(_file_rows(manifest["files"])),
        licence=manifest["licence"],
    )
    bundle_files.write(file, text.encode())


def _learnt(recipe: Mapping[str, Any]) -> str:
    """What of the tower did not stay as it was given."""
    if recipe.get("whole", {}).get("epochs", 1):
        return "every layer was"
    first = recipe.get("head", {}).get("frozen", BLOCKS - 1) + 1
    return f"blocks {first} to {BLOCKS} were" if first < BLOCKS else "its last block was"


def _trust(held_out: Mapping[str, Any] | None, table: Mapping[str, Any]) -> str:
    """What confidence is worth, on pictures it was not fitted to."""
    if not held_out:
        return "Confidence was not measured on pictures that it was not fitted to."
    rows = ["| what is said | from | of captions | of these acceptable |", "|---|---|---|---|"]
    for level, found in held_out["both"]["levels"].items():
        good = f"{found['acceptable']:.0%}" if "acceptable" in found else "–"
        rows.append(f"| {_SAID[level]} | {found['least']:.2f} | {found['share']:.0%} | {good} |")
    made_of = "\n".join(f"- {MEASURES[name]}" for name in table.get("weights", {"word": None}))
    return _TRUST.format(rows="\n".join(rows), made_of=made_of, **held_out["mean"])


def _unnamed(people: Mapping[str, Any] | None) -> str:
    if not people:
        return "- What it never says was not measured."
    words = people["words"]
    never = ", ".join(words["never said"])
    return fill(
        f"- On dev it used {words['said']:,} different words, people {words['written']:,}. Of the "
        f"words that people used most, it never said: {never or 'none of note'}.",
        WIDTH, subsequent_indent="  ", break_on_hyphens=False,
    )  # fmt: skip


def _people(people: Mapping[str, Any] | None) -> str:
    if not people:
        return "It was not measured."
    rows = ["| a word for | in its captions | in people's |", "|---|---|---|"]
    for group, rate in people["rates"].items():
        rows.append(f"| {group} | {rate['said']:.1%} | {rate['written']:.1%} |")
    rows += ["", _AGREED, "", "| people see | pictures | it says so | the other | both | neither |"]
    rows.append("|---|---|---|---|---|---|")
    for label, counts in people["confused"].items():
        told = " | ".join(_of(counts, key) for key in ("right", "wrong", "both", "neither"))
        rows.append(f"| {label} | {counts['pictures']} | {told} |")
    return "\n".join(rows)


def _of(counts: Mapping[str, int], key: str) -> str:
    if not counts["pictures"]:
        return "–"
    return f"{counts[key]} ({counts[key] / counts['pictures']:.0%})"


def _rows(values: Mapping[str, Any]) -> str:
    return "\n".join(f"| {key} | {value} |" for key, value in values.items())


def _recipe_rows(recipe: Mapping[str, Any]) -> list[str]:
    rows = []
    for key, value in recipe.items():
        if isinstance(value, Mapping):
            rows.append(f"| {key} | {', '.join(f'{k} {v}' for k, v in value.items())} |")
        elif key not in ("name", "about"):
            rows.append(f"| {key} | {value} |")
    return rows


_SAID = {
    "high": '"Probably: ..."',
    "middle": '"It might be: ... This could be wrong."',
    "low": '"I can\'t tell what this is. My best guess, likely wrong: ..."',
}
_TRUST = """\
Every caption comes with a confidence: how likely people would accept it. It is a logistic curve
over these measures of a caption and its picture:

{made_of}

It was judged on photographs that it was not fitted to: half of dev, and the other half in turn, in
ten ways; what ships is fitted to all of dev. Expected calibration error {ece:.3f} (ten bins; on so
few photographs a confidence without any error would have {chance:.3f}), area under the ROC curve
{auc:.3f}: it tells good captions from others better than chance, and far from surely. What is said,
how often, and how often it is right there:

{rows}

On photographs unlike Flickr8k's it is worth less."""
_AGREED = """\
Of pictures where at least two people told one and nobody told the other, what it says:"""
_ROLES = {
    ENCODER: "Xception, pixels to regions, int8",
    DECODER: "the attention LSTM, one word a call, int8 weights",
    TOKENIZER: "the words and their ids",
    JOINT_SPACE: "pictures and sentences in one space: ranks captions, int8 weights",
    NGRAM_PRIOR: "words and pairs of words to be expected: ranks captions, int8 weights",
    ORIENTATION: "tells when a picture lies on its side",
    NOVELTY: "tells unfamiliar pictures from photographs like those it learnt from",
}


def _file_rows(files: Mapping[str, Mapping[str, Any]]) -> list[str]:
    return [
        f"| `{name}` | {entry['bytes']:,} | {_ROLES.get(name, '')} |"
        for name, entry in files.items()
    ]
