"""What parts of a bundle are fitted with."""

import numpy as np

from image_describer.imaging.open import open_picture
from image_describer.train.heads.context import HeadContext


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
    for file in context.data.files:
        assert context.data.path(file).exists()
    again = HeadContext(context.bundle, context.data, context.recipe, context.runs, context.folder)
    again.encoder.encode = None  # type: ignore[assignment, method-assign]
    assert (again.pooled(keys) == first).all()


def test_pictures_without_captions_are_training_pictures_too(context: HeadContext) -> None:
    context.data.uncaptioned = ["extra.jpg"]
    assert context.training_pictures == [*context.data.splits["train"], "extra.jpg"]
