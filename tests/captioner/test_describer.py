"""The pipeline: what comes out, from whatever goes in, from several threads."""

import threading

import numpy as np
import pytest
from image_describer.captioner.captions import attention_region
from PIL import Image

from image_describer import BundleError, PictureError
from image_describer.captioner import confidence
from image_describer.captioner.describer import INVENTED, Describer
from image_describer.imaging.open import open_picture
from image_describer.imaging.preprocess import resize


@pytest.fixture(scope="module")
def describer(tiny_bundle):
    return Describer(tiny_bundle)


@pytest.fixture(scope="module")
def files(tiny_data):
    return sorted((tiny_data / "Flicker8k_Dataset").glob("*.jpg"))[:6]


def test_a_path_its_bytes_an_image_and_a_picture_are_described_alike(describer, files):
    file = files[0]
    with Image.open(file) as image:
        sources = [file, str(file), file.read_bytes(), image.convert("RGB"), open_picture(file)]
    said = [describer.describe(source) for source in sources]
    assert len({one.caption for one in said}) == 1
    assert len({round(one.confidence, 6) for one in said}) == 1
    assert said[0].file == str(file)
    assert said[2].file is None
    assert (said[0].width, said[0].height) == (96, 96)


def test_threads_that_share_a_describer_get_what_one_thread_gets(describer, files):
    alone = [describer.describe(file).caption for file in files]
    together: dict[int, list[str]] = {}

    def work(number):
        together[number] = [describer.describe(file).caption for file in files]

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert together == dict.fromkeys(range(4), alone)


def test_different_pictures_are_told_apart(describer, files):
    features = [describer.extractor.extract(open_picture(file).pixels) for file in files[:2]]
    assert not np.allclose(features[0].regions, features[1].regions)
    assert np.allclose(features[0].regions.mean(axis=0), features[0].pooled)


def test_the_confidence_is_what_the_bundle_says_of_its_measures(describer, files):
    features = describer.extractor.extract(open_picture(files[0]).pixels)
    beams = describer.decoder.decode(features.regions)
    found = describer.measures(beams, features)
    assert len(found) == len(beams) > 1
    expected = confidence.confidence(describer._confidence, found[0])
    # Of what is no photograph, nothing is said surely.
    assert describer.describe(files[0]).confidence in (expected, min(expected, INVENTED))
    assert 0.0 < expected < 1.0


def test_what_is_no_picture_and_what_is_no_bundle_is_refused(describer, tmp_path):
    with pytest.raises(PictureError):
        describer.describe(b"no picture")
    with pytest.raises(BundleError):
        Describer(tmp_path)


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 5000, 3), (5000, 1, 3), (224, 224, 3)])
def test_any_shape_is_squeezed_to_a_square(shape):
    assert resize(np.full(shape, 77, np.uint8), 32).tolist() == np.full((32, 32, 3), 77).tolist()


def test_a_region_is_the_box_around_half_of_the_attention():
    attention = np.zeros((10, 10))
    attention[2, 3], attention[4, 5], attention[9, 9] = 0.4, 0.35, 0.25
    assert attention_region(attention) == pytest.approx((0.3, 0.2, 0.6, 0.5))
    assert attention_region(np.full((10, 10), 0.01)) == pytest.approx(
        (0.0, 0.0, 1.0, 0.5), abs=0.11
    )
