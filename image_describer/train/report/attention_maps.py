"""What a trained network says of the sample photographs, and where it looked for each word."""

import logging
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from image_describer import paths
from image_describer.captioner.bundle import open_bundle
from image_describer.captioner.captions import CaptionGenerator
from image_describer.captioner.encoder import Encoder
from image_describer.errors import ImageDescriberError
from image_describer.imaging.open import open_picture
from image_describer.train.data.dataset import Dataset, load_pixels
from image_describer.train.recipe import Recipe

log = logging.getLogger(__name__)

ROWS, COLUMNS = ("top", "middle", "bottom"), ("left", "centre", "right")


@dataclass(frozen=True)
class Seen:
    """A caption of one photograph; ``maps`` (words, rows, columns) say where each word was seen."""

    file: Path
    words: tuple[str, ...]
    maps: np.ndarray

    @property
    def told(self) -> str:
        """The caption and its attention in words, for those who don't see the drawing."""
        where = ", ".join(
            f"{word} ({_place(weights)})"
            for word, weights in zip(self.words, self.maps, strict=False)
        )
        return f'The network says: "{" ".join(self.words)}". Most light falls on: {where}.'


def of_samples(chosen: Recipe, data: Dataset, choices: Any) -> list[Seen]:
    """For each sample photograph what the recipe's network says; none for one without attention.

    ``choices`` are ``stages.Choices``. Where a network is gone, its old drawings stay as they are.
    """
    try:
        if chosen.network.kind == "attention-lstm":
            return list(_by_bundle(choices.bundle or choices.output))
        if chosen.network.kind == "bahdanau-gru":
            return list(_by_network(chosen, data, choices))
    except ImageDescriberError as error:
        log.warning("No attention is drawn: %s", error)
    return []


def _samples() -> list[Path]:
    return sorted((paths.assets_folder() / "samples").glob("*.jpg"))


def _by_bundle(bundle: Path) -> Iterator[Seen]:
    opened = open_bundle(bundle)
    encoder, generator = Encoder.from_bundle(opened), CaptionGenerator(opened)
    for file in _samples():
        features = encoder.encode(open_picture(file).pixels)
        regions, beam = features.regions, generator.decode([features])[0][0]
        side = math.isqrt(len(regions))
        words = tuple(generator.text((word,)) for word in beam.words)
        yield Seen(file, words, beam.attention.reshape(-1, side, side))


def _by_network(chosen: Recipe, data: Dataset, choices: Any) -> Iterator[Seen]:
    from image_describer.train.baselines import run as classic_run
    from image_describer.train.baselines import stages
    from image_describer.train.baselines.decode import Decoder
    from image_describer.train.features.extractors import build

    options = classic_run.Options(
        choices.runs, choices.results, choices.extractor, choices.weights, choices.vectors
    )
    run = classic_run.prepare(chosen, data, options)
    model = stages.trained(run)
    if data.features is not None:
        return
    about, net = run.facts["extractor"], chosen.network
    made = build(
        about["name"], about["weights"], chosen.extractor.size or None,
        width=net.width, middle_blocks=net.middle_blocks,
    )  # fmt: skip
    decode = chosen.decode
    decoder = Decoder(model, run.vocabulary, decode.beams, decode.length_norm)
    for file in _samples():
        regions = made.regions(load_pixels(file, made.size)[np.newaxis]).astype(np.float16)
        said = decoder.decode(regions)[0]
        if said.attention is not None:
            yield Seen(file, said.words, said.attention.reshape(-1, made.grid, made.grid))


def _place(weights: np.ndarray) -> str:
    """Where most of a map (rows, columns) lies, in words."""
    row, column = np.unravel_index(int(weights.argmax()), weights.shape)
    height, width = weights.shape
    vertical, sideways = ROWS[int(row) * 3 // height], COLUMNS[int(column) * 3 // width]
    return "centre" if (vertical, sideways) == ("middle", "centre") else f"{vertical} {sideways}"
