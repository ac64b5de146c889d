"""Words of another language in the joint space, and the file that results."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from image_describer.captioner.bundle import JOINT_WORDS, open_bundle
from image_describer.captioner.embedding import JointSpace
from image_describer.captioner.joint_words import JointWords
from image_describer.errors import TrainingError
from image_describer.train.data.sets import read
from image_describer.train.export import bundle as bundles
from image_describer.train.heads import add, joint_space, joint_words
from image_describer.train.heads.context import HeadContext
from image_describer.train.recipe import Data, Heads, JointSpaceSettings, Recipe
from tests.support import tiny

SETTINGS = JointSpaceSettings(
    units=16, axes=12, dropout=0.0, max_words=12, epochs=40, batch=6, learning_rate=0.02,
    warmup_steps=2,
)  # fmt: skip
HEADS = Heads(joint_space=SETTINGS)


@pytest.fixture(scope="module")
def context(
    tiny_bundle: Path, tiny_data: Path, tmp_path_factory: pytest.TempPathFactory
) -> HeadContext:
    """The tiny bundle with a joint space, and German captions."""
    runs = tmp_path_factory.mktemp("runs")
    folder = runs / "bundle"
    folder.mkdir()
    bundles.copy(open_bundle(tiny_bundle), folder)
    data = read(tiny_data)
    english = HeadContext(
        open_bundle(folder), data, Recipe("tiny", heads=HEADS), runs, runs / "tiny"
    )
    space = joint_space.fit(english)
    bundles.update(folder, space.files, space.sections)
    captions = {
        key: [tiny.in_german(caption) for caption in some] for key, some in data.captions.items()
    }
    recipe = Recipe("german", data=Data(language="de", rules="german"), heads=HEADS)
    german = replace(data, captions=captions, english=data.captions)
    return HeadContext(open_bundle(folder), german, recipe, runs, runs / "german")


def test_german_finds_what_english_does(context: HeadContext) -> None:
    folder = context.bundle.folder
    english = context.bundle.manifest["files"]
    figures = add.add(
        folder, ["joint_words"], context.data, context.recipe, context.runs, context.folder
    )
    assert figures["joint_words"]["picture of a caption: R@10"] == 1.0
    bundle = open_bundle(folder)
    assert english.items() <= bundle.manifest["files"].items()  # none has changed
    assert bundle.manifest["languages"]["de"]["joint_words"]["dev"] == figures["joint_words"]
    space, words = JointSpace.from_bundle(bundle), JointWords.from_bundle(bundle.in_language("de"))
    assert words is not None
    sentences = [
        f"a {color} square is on the {side} side"
        for side in ("left", "right")
        for color in tiny.COLOURS
    ]
    german = np.stack([words.embed_sentence(tiny.in_german(one)) for one in sentences])
    assert np.linalg.norm(german, axis=1) == pytest.approx(np.ones(len(german)), abs=1e-3)
    nearest = german @ np.stack([space.embed_sentence(one) for one in sentences]).T
    assert nearest.argmax(axis=1).tolist() == list(range(len(sentences)))
    assert words.embed_sentence("GRÜNES quadrat zyzzyva") == pytest.approx(
        words.embed_sentence("grünes Quadrat")
    )


def test_a_recipe_in_english_is_refused(context: HeadContext) -> None:
    english = replace(context, recipe=Recipe("tiny"))
    with pytest.raises(TrainingError, match="English needs no words"):
        joint_words.fit(english)


def test_words_that_are_packed_have_nearly_their_vectors() -> None:
    vectors = np.random.default_rng(1).normal(0, 3, (5, 64)).astype(np.float32)
    words = joint_words.quantize([f"Wort{n}" for n in range(5)], vectors, 2)
    back = words.vectors * words.scale[:, np.newaxis]
    cosines = (
        (back * vectors).sum(1) / np.linalg.norm(back, axis=1) / np.linalg.norm(vectors, axis=1)
    )
    assert cosines.min() > 0.9
    assert JOINT_WORDS.endswith(".npz")
    assert len(joint_words.pack(words)) < vectors.nbytes
