"""What parts of a bundle are fitted with."""

import io
import shutil
from pathlib import Path

import numpy as np
from PIL import Image

from image_describer.captioner.bundle import NGRAM_PRIOR
from image_describer.captioner.ngram_prior import count_ngrams
from image_describer.imaging.open import open_picture
from image_describer.train.data.sets import read_sets
from image_describer.train.heads import ngram_prior, orientation
from image_describer.train.heads.context import HeadContext
from tests.support import tiny


def test_pooled_features_are_those_of_the_encoder(context: HeadContext) -> None:
    keys = context.data.splits["dev"][:3]
    pixels = [open_picture(context.data.path(key)).pixels for key in keys]
    plain = np.stack([context.encoder.encode(picture).pooled for picture in pixels])
    mirrored = np.stack([context.encoder.encode(picture[:, ::-1]).pooled for picture in pixels])
    np.testing.assert_allclose(context.pooled(keys), plain, rtol=1e-3, atol=1e-3)
    np.testing.assert_allclose(context.pooled(keys, mirrored=True), mirrored, rtol=1e-3, atol=1e-3)
    assert context.pooled(keys).dtype == np.float32


def test_pooled_features_are_kept_for_the_next_run(context: HeadContext) -> None:
    keys = context.data.splits["dev"][:3]
    first = context.pooled(keys)
    again = HeadContext(context.bundle, context.data, context.recipe, context.runs, context.folder)
    again.encoder.encode = None  # type: ignore[assignment, method-assign]
    assert (again.pooled(keys) == first).all()


def test_pictures_without_captions_are_training_pictures_too(context: HeadContext) -> None:
    context.data.uncaptioned = ["extra.jpg"]
    assert context.training_pictures == [*context.data.splits["train"], "extra.jpg"]


def test_parts_are_fitted_to_several_data_sets(
    context: HeadContext, tiny_data: Path, tmp_path: Path
) -> None:
    root = tmp_path / "sets"
    shutil.copytree(tiny_data, root / "squares")
    (root / "own").mkdir()
    rows = ["image,caption"]
    for number in range(8):
        pixels = np.full((96, 96, 3), 30 * number, np.uint8)
        Image.fromarray(pixels).save(root / "own" / f"{number}.png")
        rows.append(f"{number}.png,a blue blue side")
    (root / "own" / "captions.csv").write_text("\n".join(rows), "utf-8")
    context.data = read_sets(root, ["squares", "own"])
    assert len(context.data.splits["train"]) > tiny.TRAINING
    arrays = np.load(io.BytesIO(ngram_prior.fit(context).files[NGRAM_PRIOR]))
    blue = context.bundle.tokenizer["words"].index("blue")
    _, (pairs, _) = count_ngrams([blue, blue])  # occurs in the second set only
    assert pairs[0] in arrays["grams"]
    assert orientation.fit(context, pictures=6).figures
