"""A bundle's own photo check is used instead of the program's."""

import json
import shutil

import pytest

from image_describer import BundleError
from image_describer.captioner.bundle import PHOTO_CHECK
from image_describer.captioner.describer import Describer
from image_describer.captioner.explore import crop_part
from image_describer.imaging.notes import shows_photograph
from image_describer.imaging.open import open_picture
from image_describer.imaging.photo_check import CLASSIFIER_FILE
from image_describer.paths import assets_folder
from tests.support import bundle_parts
from tests.support.pictures import photograph


def with_threshold(tiny_bundle, folder, threshold):
    """The tiny bundle with a classifier; a negative threshold takes nothing for a photograph."""
    bundle = shutil.copytree(tiny_bundle, folder / "bundle")
    fields = json.loads((assets_folder() / CLASSIFIER_FILE).read_text("utf-8"))
    content = json.dumps({**fields, "threshold": threshold}).encode()
    return bundle_parts.put(bundle, PHOTO_CHECK, content)


def test_the_bundles_classifier_decides(tiny_bundle, tmp_path):
    describer = Describer(with_threshold(tiny_bundle, tmp_path, -1.0))
    picture = photograph()
    assert not shows_photograph(describer.describe(picture).notes)
    assert shows_photograph(Describer(tiny_bundle).describe(picture).notes)


def test_it_does_not_judge_parts_of_a_picture(tiny_bundle, tmp_path):
    describer = Describer(with_threshold(tiny_bundle, tmp_path, -1.0))
    part = crop_part(open_picture(photograph()).pixels, (0.0, 0.0, 0.5, 0.5))
    assert shows_photograph(describer.describe(part).notes)


@pytest.mark.parametrize("threshold", [None, [1.0], "much", float("nan")])
def test_a_damaged_classifier_is_refused(tiny_bundle, tmp_path, threshold):
    bundle = with_threshold(tiny_bundle, tmp_path, threshold)
    with pytest.raises(BundleError, match=r"photo_check\.json is damaged"):
        Describer(bundle)
