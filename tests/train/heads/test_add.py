"""Adding fitted parts to a bundle."""

import pytest

from image_describer.captioner.bundle import NOVELTY, ORIENTATION
from image_describer.errors import TrainingError
from image_describer.train.heads import add as adding
from image_describer.train.heads.add import PARTS, add
from image_describer.train.heads.context import FittedPart, HeadContext
from image_describer.train.recipe import PARTS as NAMES


def test_each_part_of_a_recipe_can_be_fitted() -> None:
    assert set(PARTS) == set(NAMES)


def test_parts_are_added_one_after_the_other_in_a_fixed_order(
    context: HeadContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []

    def fake(name: str, file: str, section: dict[str, float]) -> None:
        def fit(own: HeadContext) -> FittedPart:
            seen.append((name, set(own.bundle.manifest["files"])))
            return FittedPart({file: b""}, {name: section}, {"good": 1.0})

        monkeypatch.setitem(adding.PARTS, name, fit)

    fake("novelty", NOVELTY, {"usual": 0.0, "photograph_limit": 0.0})
    fake("orientation", ORIENTATION, {"threshold": 0.5})
    bundle = context.bundle.folder
    figures = add(
        bundle, ["novelty", "orientation"], context.data, context.recipe, context.runs,
        context.folder,
    )  # fmt: skip
    assert [name for name, _ in seen] == ["orientation", "novelty"]
    assert ORIENTATION in seen[1][1]  # the next part is fitted to the bundle with the one before
    assert figures == {"orientation": {"good": 1.0}, "novelty": {"good": 1.0}}


def test_a_part_that_cannot_be_fitted_leaves_the_bundle_as_it_was(context: HeadContext) -> None:
    bundle = context.bundle.folder
    before = {file.name: file.read_bytes() for file in bundle.iterdir()}
    context.data.splits["train"] = context.data.splits["train"][:1]
    with pytest.raises(TrainingError, match="too few"):
        add(bundle, ["novelty"], context.data, context.recipe, context.runs, context.folder)
    assert {file.name: file.read_bytes() for file in bundle.iterdir()} == before
