"""Ranked captions, their words, regions and confidence, with the tiny bundle."""

import numpy as np
import pytest
from PIL import Image

from image_describer.captioner import confidence
from image_describer.captioner.beam_search import Beam
from image_describer.captioner.bundle import open_bundle
from image_describer.captioner.captions import CaptionGenerator, attention_region
from image_describer.captioner.describer import MAX_CONFIDENCE_WITHOUT_PHOTOGRAPH, Describer
from image_describer.captioner.description import DoubtfulWord
from image_describer.captioner.encoder import Encoder
from image_describer.imaging.open import open_picture


@pytest.fixture(scope="module")
def files(tiny_data):
    return sorted((tiny_data / "Flicker8k_Dataset").glob("*.jpg"))[:2]


@pytest.fixture(scope="module")
def features(tiny_bundle, files):
    encoder = Encoder.from_bundle(open_bundle(tiny_bundle))
    return [encoder.encode(open_picture(file).pixels) for file in files]


@pytest.fixture
def generator(tiny_bundle):
    return CaptionGenerator(open_bundle(tiny_bundle))


def test_different_pictures_have_different_features(features):
    assert not np.allclose(features[0].regions, features[1].regions)
    assert np.allclose(features[0].regions.mean(axis=0), features[0].pooled)


def test_the_confidence_is_computed_from_the_measures(tiny_bundle, generator, features, files):
    beams = generator.generate(features[0])
    measures = generator.measures(beams, features[0])
    assert len(measures) == len(beams) > 1
    expected = confidence.confidence(open_bundle(tiny_bundle).manifest["confidence"], measures[0])
    assert generator.confidences(beams, features[0])[0] == expected
    # The confidence for anything but a photograph is limited.
    assert Describer(tiny_bundle).describe(files[0]).confidence in (
        round(expected, 2),
        min(round(expected, 2), MAX_CONFIDENCE_WITHOUT_PHOTOGRAPH),
    )
    assert 0.0 < expected < 1.0


def test_a_caption_that_names_a_thing_again_ranks_lower(generator, features):
    words = generator._words
    ids = {word: words.index(word) for word in ("a", "square", "is", "on")}

    def beam(text, log_prob):
        caption = tuple(ids[word] for word in text.split())
        count = len(caption)
        return Beam(caption, (log_prob,) * (count + 1), np.full((count, 9), 1 / 9), log_prob)

    generator._match_weight = generator._ngram_weight = 0.0
    again, once = beam("a square is on a square", -0.2), beam("a square is on a", -0.9)
    assert generator.rank([again, once], features[0], None)[0].words == once.words
    much_worse = beam("a square is on a", -1.9)
    assert generator.rank([again, much_worse], features[0], None)[0].words == again.words


def test_no_colour_is_named_for_a_grayscale_picture(tiny_bundle, tiny_data, monkeypatch):
    bundle = open_bundle(tiny_bundle)
    words = bundle.tokenizer["words"]
    generator, encoder = CaptionGenerator(bundle), Encoder.from_bundle(bundle)
    assert {words[i] for i in generator._colour_ids} == {"red", "green", "blue"}
    # The tiny bundle is not reliable with colours: treat a word that it always uses as one.
    monkeypatch.setattr(generator, "_colour_ids", (words.index("square"),))
    image = Image.open(tiny_data / "Flicker8k_Dataset" / "picture0.jpg")
    for picture, named in ((image, True), (image.convert("L").convert("RGB"), False)):
        beam = generator.generate(encoder.encode(np.asarray(picture)))[0]
        assert ("square" in generator.text(beam.words).split()) is named


def test_a_possessive_is_joined_to_its_word(generator, monkeypatch):
    monkeypatch.setattr(generator, "_words", ["a", "dog", "'s", "nose"])
    assert generator.text((0, 1, 2, 3)) == "a dog's nose"


def test_a_region_is_the_box_around_half_of_the_attention():
    attention = np.zeros((10, 10))
    attention[2, 3], attention[4, 5], attention[9, 9] = 0.4, 0.35, 0.25
    assert attention_region(attention) == pytest.approx((0.3, 0.2, 0.6, 0.5))
    assert attention_region(np.full((10, 10), 0.01)) == pytest.approx(
        (0.0, 0.0, 1.0, 0.5), abs=0.11
    )


def beam(caption, words, **probabilities):
    """A caption whose words have these probabilities, or 0.9."""
    ids = tuple(words.index(word) for word in caption.split())
    log_probs = [np.log(probabilities.get(word, 0.9)) for word in caption.split()]
    return Beam(ids, (*log_probs, -0.1), np.zeros((len(ids), 1)), 0.0)


@pytest.mark.parametrize(
    ("probability", "others", "expected"),
    [
        (0.4, [("a man 's remote", 0.3)], DoubtfulWord(2, "phone", "remote")),
        (0.4, [("a man 's cup", 0.1), ("a man 's remote", 0.3)],
         DoubtfulWord(2, "phone", "remote")),  # the cup is improbable
        (0.4, [("a woman 's remote", 0.3)], None),  # two words differ
        (0.4, [("a man 's remote phone", 0.3)], None),
        (0.4, [("a man 's phones", 0.3)], None),  # the plural
        (0.4, [("a man 's red", 0.3)], None),  # not a thing
        (0.6, [("a man 's remote", 0.3)], None),  # the phone is probable
        (0.4, [], None),
    ],
)  # fmt: skip
def test_a_thing_that_may_be_another_one_is_in_doubt(
    generator, monkeypatch, probability, others, expected
):
    words = ["a", "man", "woman", "'s", "phone", "phones", "remote", "cup", "red"]
    monkeypatch.setattr(generator, "_words", words)
    beams = [beam("a man 's phone", words, phone=probability)]
    for caption, last in others:
        beams.append(beam(caption, words, **{caption.split()[-1]: last}))
    assert generator.doubt(beams) == expected


def test_the_owner_of_a_thing_is_not_in_doubt(generator, monkeypatch):
    """It is one word with the possessive, "man's"."""
    words = ["a", "man", "woman", "'s", "phone"]
    monkeypatch.setattr(generator, "_words", words)
    best = beam("a man 's phone", words, man=0.4)
    assert generator.doubt([best, beam("a woman 's phone", words, woman=0.4)]) is None
