"""Views of a picture: their positions, and what the random crops look like."""

import numpy as np

from image_describer.train.data.augment import Views, view_of

VIEWS = Views(crops=2, mirror=True, grayscale=0.2)


def gradient(side=96):
    """Reddish pixels, brighter to the right."""
    pixels = np.zeros((side, side, 3), np.uint8)
    pixels[:, :, 0] = np.linspace(40, 200, side, dtype=np.uint8)
    return pixels


def test_positions_are_the_picture_its_crops_and_their_mirror_images():
    pixels = gradient()
    assert VIEWS.count == 6
    views = [view_of(pixels, "a.jpg", view, VIEWS) for view in range(VIEWS.count)]
    assert (views[0] == pixels).all()
    for view in range(3):
        assert (views[view + 3] == views[view][:, ::-1]).all()
    assert len({view.tobytes() for view in views}) == 6
    assert (Views().count, Views(mirror=True).count, Views(3).count) == (1, 2, 4)


def test_a_crop_depends_on_key_and_position_alone():
    pixels = gradient()
    first, again = (view_of(pixels, "a.jpg", 2, VIEWS) for _ in range(2))
    assert (first == again).all()
    assert (first != view_of(pixels, "b.jpg", 2, VIEWS)).any()


def test_half_of_the_crops_are_mirrored_and_a_share_is_gray():
    crops = [view_of(gradient(), f"{n}.jpg", 2, VIEWS) for n in range(300)]
    assert all(crop.shape == (96, 96, 3) for crop in crops)
    gray = np.mean([(crop[..., 0] == crop[..., 2]).all() for crop in crops])
    assert 0.1 < gray < 0.3
    mirrored = np.mean([crop[:, 0].mean() > crop[:, -1].mean() for crop in crops])
    assert 0.4 < mirrored < 0.6


def test_cached_features_depend_on_the_views():
    assert (
        len({v.facts for v in (Views(), Views(1), Views(mirror=True), Views(1, False, 0.1))}) == 4
    )
