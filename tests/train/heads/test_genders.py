"""The genders of nouns are learned from German captions."""

from dataclasses import replace
from pathlib import Path

import pytest

from image_describer import Describer
from image_describer.captioner.bundle import open_bundle
from image_describer.errors import TrainingError
from image_describer.train.data.sets import read
from image_describer.train.export import bundle as bundles
from image_describer.train.heads import add, genders
from image_describer.train.heads.context import HeadContext
from image_describer.train.recipe import Data, Recipe

RECIPE = Recipe("german", data=Data(language="de", rules="german"))


@pytest.fixture
def context(tiny_bundle: Path, tiny_data: Path, tmp_path: Path) -> HeadContext:
    """The tiny bundle, and German captions."""
    folder = tmp_path / "bundle"
    folder.mkdir()
    bundles.copy(open_bundle(tiny_bundle), folder)
    data = read(tiny_data)
    german = dict.fromkeys(data.captions, ["ein Quadrat auf einer Seite"] * 3)
    data = replace(data, captions=german, english=data.captions)
    return HeadContext(open_bundle(folder), data, RECIPE, tmp_path, tmp_path / "german")


def test_genders_are_learned_into_the_bundle(context: HeadContext) -> None:
    folder = context.bundle.folder
    figures = add.add(folder, ["genders"], context.data, RECIPE, context.runs, context.folder)
    assert figures["genders"] == {"f": 1, "mn": 1, "changed": 0.0}
    learned = open_bundle(folder).in_language("de").manifest["genders"]
    assert learned == {"Quadrat": "mn", "Seite": "f"}
    assert (
        "Quadrat"
        in Describer(folder)
        .describe(next(iter(context.data.files.values())), language="de")
        .caption
    )


def test_a_recipe_in_english_is_refused(context: HeadContext) -> None:
    with pytest.raises(TrainingError, match="Only German nouns"):
        genders.fit(replace(context, recipe=Recipe("tiny")))
