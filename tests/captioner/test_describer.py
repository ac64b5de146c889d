"""The whole pipeline on the tiny bundle, from several kinds of sources and threads."""

import shutil
import threading
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from image_describer import BundleError, Describer, PictureError
from image_describer.captioner.captions import CaptionGenerator
from image_describer.captioner.explore import crop_part
from image_describer.captioner.orientation import UPSIDE_DOWN
from image_describer.errors import DescriptionLanguageError
from image_describer.imaging.notes import ANIMATION, DRAWING, NOT_A_PHOTOGRAPH
from image_describer.imaging.open import open_picture
from image_describer.reading.reader import TextReader
from image_describer.reading.text import PictureText, TextLine
from image_describer.wording.details import confidence_label, what_is_where
from image_describer.wording.record import from_record, to_record
from image_describer.wording.sentence import spoken
from tests.support.pictures import page_of_text, photograph, with_text


@pytest.fixture(scope="module")
def describer(tiny_bundle):
    return Describer(tiny_bundle)


@pytest.fixture(scope="module")
def files(tiny_data):
    return sorted((tiny_data / "Flicker8k_Dataset").glob("*.jpg"))[:6]


def test_a_path_bytes_an_image_and_a_picture_get_the_same_description(describer, files):
    file = files[0]
    with Image.open(file) as image:
        sources = [file, str(file), file.read_bytes(), image.convert("RGB"), open_picture(file)]
    descriptions = [describer.describe(source) for source in sources]
    assert len({description.caption for description in descriptions}) == 1
    assert len({round(description.confidence, 6) for description in descriptions}) == 1
    assert descriptions[0].file == str(file)
    assert descriptions[2].file is None
    assert (descriptions[0].width, descriptions[0].height) == (96, 96)
    assert descriptions[0].embedding is None  # the tiny bundle has no joint space


def test_notes_on_the_file_are_told_before_those_on_the_picture(describer, files):
    picture = replace(open_picture(files[0]), file_notes=(ANIMATION,))
    assert describer.describe(picture).notes == (
        ANIMATION,
        *describer.describe(files[0]).notes,
    )


def test_no_alternative_is_surer_than_the_caption(tiny_bundle, monkeypatch):
    """Whatever the ranked captions' confidences are."""

    def rising(_generator, beams, *_others):
        return [0.2 + 0.05 * rank for rank in range(len(beams))]

    monkeypatch.setattr(CaptionGenerator, "confidences", rising)
    describer, picture = Describer(tiny_bundle), photograph(96, 96)
    for description in (describer.describe(picture), *describer.describe_many([picture])):
        assert description.confidence == 0.2
        assert [other.confidence for other in description.alternatives] == [0.2, 0.2]


def test_confidence_is_the_same_number_wherever_it_is_told(tiny_bundle, monkeypatch):
    """0.7649 would be 76 percent here, and 0.765 in a record 77 percent there."""
    monkeypatch.setattr(
        CaptionGenerator, "confidences", lambda _generator, beams, *_others: [0.7649] * len(beams)
    )
    description = Describer(tiny_bundle).describe(photograph(96, 96))
    record = to_record(description, for_storage=True)
    assert description.confidence == record["confidence"] == from_record(record).confidence == 0.76
    assert confidence_label(description) == "76 percent sure"


def test_threads_that_share_a_describer_get_the_same_captions(describer, files):
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


def test_several_pictures_are_described_as_one_by_one_and_errors_are_returned(describer, files):
    started = []
    results = describer.describe_many([files[0], b"not a picture", files[1]], started.append)
    assert started == [0, 1, 2, -1]
    assert isinstance(results[1], PictureError)
    for result, file in zip((results[0], results[2]), files[:2], strict=True):
        alone = describer.describe(file)
        assert (result.caption, result.file) == (alone.caption, str(file))
        assert result.confidence == pytest.approx(alone.confidence, abs=1e-4)


def test_the_embedding_is_the_pictures_and_takes_no_part_in_comparisons(shipped_bundle, files):
    describer = Describer(shipped_bundle)
    picture = open_picture(files[0])
    first, second = describer.describe(picture), describer.describe_many([picture])[0]
    assert first.embedding.dtype == np.float32
    assert np.linalg.norm(first.embedding) == pytest.approx(1.0, abs=1e-3)
    np.testing.assert_allclose(first.embedding, second.embedding, atol=1e-5)
    assert "embedding" not in repr(first)
    assert hash(first) is not None


def test_what_is_not_a_picture_or_a_bundle_is_refused(describer, tmp_path):
    with pytest.raises(PictureError):
        describer.describe(b"not a picture")
    with pytest.raises(BundleError):
        Describer(tmp_path)


def test_what_is_written_is_read(describer):
    description = describer.describe(with_text(["Fire exit", "Push bar"]))
    assert description.text is not None
    assert description.text.text.split() == ["Fire", "exit", "Push", "bar"]
    assert description.seconds.read_text > 0
    assert describer.describe_many([photograph(320, 240)])[0].text == PictureText()


def test_a_part_is_not_read_and_reading_can_be_turned_off(tiny_bundle, describer):
    picture = open_picture(with_text(["Fire exit"]))
    assert describer.describe(crop_part(picture.pixels, (0.0, 0.0, 1.0, 0.5))).text is None
    assert Describer(tiny_bundle, read_text=False).describe(picture).text is None


def test_a_page_is_not_noted_to_be_no_photograph(describer, monkeypatch):
    page = open_picture(page_of_text(800, 600))
    assert page.notes == (NOT_A_PHOTOGRAPH,)
    description = describer.describe(page)
    assert description.is_page
    assert description.notes == ()
    assert description.confidence <= 0.05
    written = PictureText((TextLine("Exit", (0.4, 0.4, 0.5, 0.5), 0.9),), quarters=2)
    monkeypatch.setattr(TextReader, "read", lambda _self, _pixels: written)
    nearly_blank = describer.describe(Image.new("RGB", (96, 96), "white"))
    assert nearly_blank.is_page
    assert nearly_blank.notes == (UPSIDE_DOWN,)


def test_a_few_words_that_are_no_photograph_are_told_instead_of_a_scene(describer):
    screen = Image.new("RGB", (640, 400), "white")
    font = ImageFont.load_default(28)
    ImageDraw.Draw(screen).text((60, 180), "Your train leaves at noon.", fill="black", font=font)
    picture = replace(open_picture(screen), notes=(NOT_A_PHOTOGRAPH,))
    description = describer.describe(picture)
    assert description.is_page
    assert description.notes == (DRAWING,)
    said = spoken(description)
    assert said.own == DRAWING
    assert said.written == "It says: Your train leaves at noon."


def test_the_text_of_a_page_tells_which_way_up_it_is(describer, monkeypatch):
    monkeypatch.setattr(Describer, "_quarter_turns", lambda *_: 2)
    assert describer.describe(photograph(320, 240)).notes == (UPSIDE_DOWN,)
    page = describer.describe(page_of_text(800, 600))
    assert page.is_page
    assert page.notes == ()


def test_captions_of_another_language_are_described_in_it(describer, files):
    assert describer.languages == ("en", "de")
    english, german = (describer.describe(files[0], language=code) for code in ("en", "de"))
    assert (english.language, german.language) == ("en", "de")
    assert describer.describe(files[0]).caption == english.caption
    assert "Quadrat" in german.caption.split()
    assert "square" in english.caption.split()
    assert german.doubt is None
    assert [found.caption for found in describer.describe_many(files[:2], language="de")] == [
        describer.describe(file, language="de").caption for file in files[:2]
    ]
    stored = to_record(german, for_storage=True) | {"file": None}
    assert from_record(stored).language == "de"
    assert {word for word, _position in what_is_where(german)} <= {"Quadrat", "Seite"}


def test_an_unknown_language_is_refused_before_the_picture_is_read(describer):
    with pytest.raises(DescriptionLanguageError, match="Choose one of these: en, de"):
        describer.describe("missing.jpg", language="fr")
    with pytest.raises(DescriptionLanguageError):
        describer.describe_many([], language="../de")


def test_another_language_costs_nothing_until_it_is_used(tiny_bundle, files, tmp_path):
    shutil.copytree(tiny_bundle, tmp_path / "bundle")
    describer = Describer(tmp_path / "bundle")
    (tmp_path / "bundle" / "decoder.de.tflite").write_bytes(b"damaged")
    assert describer.describe(files[0]).caption
    with pytest.raises(BundleError, match=r"decoder\.de\.tflite is damaged"):
        describer.describe(files[0], language="de")
