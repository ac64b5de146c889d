"""MODEL_CARD.md: what a bundle is, in plain words, from its manifest."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from image_describer import bundle_files

NAME = "MODEL_CARD.md"

_TEXT = """\
# Model card: {name}

An Xception tower and a two-layer attention LSTM that say in one English sentence what a
photograph shows. Made on {created} by `python -m image_describer.train --recipe {name}`.

## What it learnt from

{train} photographs of Flickr8k with five captions each, written by people (M. Hodosh, P. Young
and J. Hockenmaier 2013, "Framing Image Description as a Ranking Task: Data, Models and
Evaluation Metrics", JAIR 47, pages 853-899). Figures are on its {dev} dev photographs; the test
split was not touched. The tower started from ImageNet weights of Xception (F. Chollet, Keras
Applications, MIT licence) as far as they were given, and every layer was trained further.

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
captions of the picture, as the weakest of its five human captions. Confidence is fitted to that
on the same dev photographs (a logistic curve over the mean log-probability of a word); it is a
first version, and not yet checked on photographs it was not fitted on.

    python -m image_describer.train evaluate --bundle models --data FLICKR8K

## Files

| file | bytes | what it is |
|---|---|---|
{files}

## What it is bad at

- It knows what was common in Flickr8k: people and dogs outdoors, sport, snow, water, streets. It
  names few foods, plants, tools, vehicles or animals other than dogs, and calls many of them dogs.
- It can't read text, count beyond two or three, tell who someone is, or judge what is not shown.
- Charts, screenshots, drawings and documents get a sentence all the same: it will be wrong.
- Man, woman, boy and girl are guesses from looks and clothes, and colours of clothes are often
  wrong. A caption may sound fluent and still be false.
- Pictures much wider or taller than a square are squeezed to one, as the training pictures were.

## Licence

{licence}. Flickr8k's photographs belong to their authors and are not part of this bundle.
"""


def write(file: Path, manifest: Mapping[str, Any]) -> None:
    """Write the card of a bundle with this manifest."""
    text = _TEXT.format(
        name=manifest["name"],
        created=manifest["created"][:10],
        train=f"{manifest['data']['train']:,}",
        dev=f"{manifest['data']['dev']:,}",
        recipe="\n".join(_recipe_rows(manifest["recipe"])),
        beams=manifest["decode"]["beams"],
        metrics=_rows(manifest["metrics"].get("dev", {"none": "not measured"})),
        files="\n".join(_file_rows(manifest["files"])),
        licence=manifest["licence"],
    )
    bundle_files.write(file, text.encode())


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


_ROLES = {
    "extractor.tflite": "Xception, pixels to regions, int8",
    "decoder.tflite": "the attention LSTM, one word a call, int8 weights",
    "tokenizer.pkl": "the words and their ids",
}


def _file_rows(files: Mapping[str, Mapping[str, Any]]) -> list[str]:
    return [
        f"| `{name}` | {entry['bytes']:,} | {_ROLES.get(name, '')} |"
        for name, entry in files.items()
    ]
