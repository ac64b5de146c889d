"""Fitting parts of a bundle, and adding them to it."""

import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from image_describer.captioner.bundle import file_of_language, open_bundle
from image_describer.train.data.dataset import Dataset
from image_describer.train.export import bundle as bundles
from image_describer.train.heads import (
    genders,
    joint_space,
    joint_words,
    ngram_prior,
    novelty,
    orientation,
    photo_check,
)
from image_describer.train.heads.context import FittedPart, HeadContext
from image_describer.train.recipe import Part, Recipe

log = logging.getLogger(__name__)

PARTS: Mapping[Part, Callable[[HeadContext], FittedPart]] = {
    "joint_space": joint_space.fit,
    "joint_words": joint_words.fit,
    "genders": genders.fit,
    "ngram_prior": ngram_prior.fit,
    "orientation": orientation.fit,
    "novelty": novelty.fit,
    "photo_check": photo_check.fit,  # judged together with novelty, therefore after it
}


def add(
    folder: Path,
    parts: Sequence[Part],
    data: Dataset,
    recipe: Recipe,
    runs: Path,
    run_folder: Path,
    vectors: Path | None = None,
) -> dict[str, dict[str, Any]]:
    """Fit ``parts`` to the bundle in ``folder`` and add each to it, in the recipe's language;
    returns their figures.

    ``runs`` and ``run_folder`` are those of `HeadContext`. A part is added when it is fitted, so
    that the bundle is whole at every moment but the one between two writes. Raises TrainingError
    and BundleError.
    """
    bundle = open_bundle(folder)
    context = HeadContext(bundle, data, recipe, runs, run_folder, vectors)
    figures: dict[str, dict[str, Any]] = {}
    for name in sorted(parts, key=list(PARTS).index):
        log.info("Fitting %s.", name)
        fitted = PARTS[name](context)
        own = {file_of_language(n, context.language): c for n, c in fitted.files.items()}
        bundles.update(folder, own, fitted.sections, context.language)
        context.bundle = open_bundle(folder)
        figures[name] = fitted.figures
    return figures
