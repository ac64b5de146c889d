"""Training a joint space, and the file that results."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from image_describer.captioner.bundle import JOINT_SPACE, open_bundle
from image_describer.captioner.embedding import JointSpace
from image_describer.errors import TrainingError
from image_describer.imaging.open import open_picture
from image_describer.train.data.sets import read
from image_describer.train.export.bundle import update
from image_describer.train.heads import joint_space
from image_describer.train.heads.context import FittedPart, HeadContext
from image_describer.train.recipe import Heads, JointSpaceSettings, Recipe
from tests.support import tiny
from tests.support.training import write_word_vectors

SETTINGS = JointSpaceSettings(
    units=16, axes=12, dropout=0.0, max_words=12, epochs=40, batch=6, learning_rate=0.02,
    warmup_steps=2,
)  # fmt: skip


def with_settings(context: HeadContext, settings: JointSpaceSettings) -> HeadContext:
    return replace(context, recipe=Recipe("tiny", heads=Heads(joint_space=settings)))


@pytest.fixture(scope="module")
def fitted(
    tiny_bundle: Path, tiny_data: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[HeadContext, FittedPart]:
    """A joint space for the tiny bundle."""
    runs = tmp_path_factory.mktemp("runs")
    recipe = Recipe("tiny", heads=Heads(joint_space=SETTINGS))
    context = HeadContext(
        open_bundle(tiny_bundle), read(tiny_data), recipe, runs, runs / "tiny",
        write_word_vectors(runs),
    )  # fmt: skip
    return context, joint_space.fit(context)


@pytest.fixture
def space(fitted: tuple[HeadContext, FittedPart], bundle: Path) -> JointSpace:
    update(bundle, fitted[1].files, fitted[1].sections)
    return JointSpace.from_bundle(open_bundle(bundle))


def test_the_caption_of_a_picture_scores_best(
    fitted: tuple[HeadContext, FittedPart], space: JointSpace
) -> None:
    context, part = fitted
    sentences = [
        f"A {color} square is on the {side} side."
        for side in ("left", "right")
        for color in tiny.COLOURS
    ]
    embedded = np.stack([space.embed_sentence(sentence) for sentence in sentences])
    right = 0
    for key in context.data.splits["train"]:
        pixels = open_picture(context.data.path(key)).pixels
        picture = space.embed_picture(context.encoder.encode(pixels).regions)
        assert float(np.linalg.norm(picture)) == pytest.approx(1.0, abs=1e-3)
        best = int(np.argmax(embedded @ picture))
        right += sentences[best].rstrip(".") in context.data.captions[key][0]
    assert right >= 0.6 * tiny.TRAINING  # by chance: a sixth
    assert part.figures["picture of a caption: R@10"] == 1.0
    assert part.sections["joint_space"]["dimension"] == embedded.shape[1]


def test_unknown_words_are_ignored(space: JointSpace) -> None:
    assert np.isfinite(space.embed_sentence("zyzzyva quux 12345")).all()
    plain = space.embed_sentence("a red square")
    more = space.embed_sentence("a red square zyzzyva")
    assert float(more @ plain) == pytest.approx(1.0, abs=1e-4)


def test_a_finished_training_is_not_repeated(
    fitted: tuple[HeadContext, FittedPart], monkeypatch: pytest.MonkeyPatch
) -> None:
    def train(*_: object) -> None:
        raise AssertionError("trained again")

    monkeypatch.setattr("image_describer.train.fit.loop.Training._run", train)
    assert joint_space.fit(fitted[0]).figures == fitted[1].figures
    other = with_settings(fitted[0], replace(SETTINGS, learning_rate=0.01))
    with pytest.raises(AssertionError, match="trained again"):
        joint_space.fit(other)


def test_losses_are_written_for_the_report(fitted: tuple[HeadContext, FittedPart]) -> None:
    lines = (fitted[0].folder / "joint_space.jsonl").read_text("utf-8").splitlines()
    assert len(lines) == SETTINGS.epochs


def test_a_single_picture_is_refused(context: HeadContext) -> None:
    context.data.splits["train"] = context.data.splits["train"][:1]
    with pytest.raises(TrainingError, match="too few"):
        joint_space.fit(context)
    assert not (context.bundle.folder / JOINT_SPACE).exists()


@pytest.mark.parametrize(
    ("words", "stem"),
    [(("running", "runs", "runner", "run"), "run"), (("dogs", "dog's", "dog"), "dog"),
     (("riding", "rides", "ride"), "rid")],
)  # fmt: skip
def test_inflections_have_a_common_stem(words: tuple[str, ...], stem: str) -> None:
    assert {joint_space.stem(word) for word in words} == {stem}
    assert len(set(joint_space.stem_ids(words))) == 1


def test_words_are_counted_without_special_ones() -> None:
    ids = np.array([[4, 5, 4, 0], [1, 6, 2, 3]])
    assert joint_space.word_counts(ids, 7).tolist() == [[0] * 4 + [2, 1, 0], [0] * 6 + [1]]


def test_rare_words_count_more() -> None:
    values = joint_space.rarity(np.array([[4, 5], [4, 6], [4, 6], [4, 4]]), 7)
    assert values.tolist() == pytest.approx([0, 0, 0, 0, 0, np.log(4), np.log(2)])
