"""German sentences in the joint space of the bundle that ships, with words made for the tests."""

from pathlib import Path

import numpy as np
import pytest

from image_describer import BundleError, Describer, ImageDescriberError
from image_describer.captioner.bundle import open_bundle
from image_describer.captioner.joint_words import JointWords
from tests.support import tiny
from tests.support.languages import pack_words, with_german_words

CAT = tiny.REPO / "assets" / "samples" / "cat.jpg"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, shipped_bundle: Path) -> Path:
    return with_german_words(shipped_bundle, tmp_path_factory.mktemp("bilingual"))


@pytest.fixture(scope="module")
def describer(folder: Path) -> Describer:
    return Describer(folder, read_text=False)


def test_german_words_point_where_english_ones_do(describer: Describer) -> None:
    space = describer.joint_space
    german, english = space.embed_sentence("Hund", "de"), space.embed_sentence("dog")
    assert float(german @ english) > 0.99
    assert np.linalg.norm(german) == pytest.approx(1.0, abs=1e-3)
    sentence = space.embed_sentence("Ein Hund, im SCHNEE!", "de")
    assert float(sentence @ space.embed_sentence("dog snow")) > 0.95


def test_capitals_and_sz_do_not_matter_and_unknown_words_are_ignored(describer: Describer) -> None:
    embed = describer.joint_space.embed_sentence
    np.testing.assert_allclose(embed("straße", "de"), embed("STRASSE Zyzzyva", "de"), atol=1e-6)
    assert not embed("Zyzzyva", "de").any()
    with pytest.raises(ImageDescriberError, match="has no words"):
        embed("?!", "de")


def test_words_are_known_in_their_language(describer: Describer) -> None:
    space = describer.joint_space
    assert space.knows("Hund", "de")
    assert space.knows("hund", "de")
    assert space.knows("Dog", "en")
    assert not space.knows("Hund", "en")
    assert not space.knows("dog", "de")


def test_the_german_sentence_that_fits_has_the_highest_score(describer: Describer) -> None:
    scores = describer.matches(CAT, ["eine Katze", "ein Hund im Schnee"], language="de")
    assert scores[0] > scores[1] + 0.1
    assert describer.match(CAT, "eine Katze", language="de") == pytest.approx(scores[0])


def test_a_bundle_without_german_words_says_so(tmp_path: Path, shipped_bundle: Path) -> None:
    folder = with_german_words(shipped_bundle, tmp_path, words=None)
    describer = Describer(folder, read_text=False)
    assert not describer.joint_space.has_language("de")
    with pytest.raises(BundleError, match='in the language "de"'):
        describer.match(CAT, "eine Katze", language="de")
    description = describer.describe(CAT, language="de")
    assert description.embedding is not None
    assert description.language == "de"


@pytest.mark.parametrize(
    "change",
    [
        {"vectors": np.zeros((2, 5), np.int8)},
        {"vectors": np.zeros((2, 832), np.float32)},
        {"scale": np.array([1.0, np.nan], np.float32)},
        {"scale": np.ones(3, np.float32)},
        {"heads": np.array(0, np.int32)},
        {"heads": np.array(5, np.int32)},
        {"words": np.array([b"Hund", b"Katze"])},
        {"words": np.array(["Hund", {}], object)},
        {"words": None},
    ],
    ids=str,
)
def test_damaged_words_are_refused(
    change: dict[str, np.ndarray | None], tmp_path: Path, shipped_bundle: Path
) -> None:
    good = {
        "words": np.array(["Hund", "Katze"]),
        "vectors": np.zeros((2, 832), np.int8),
        "scale": np.ones(2, np.float32),
        "heads": np.array(2, np.int32),
    }
    arrays = {name: array for name, array in {**good, **change}.items() if array is not None}
    folder = with_german_words(shipped_bundle, tmp_path, words=pack_words(arrays))
    with pytest.raises(BundleError, match=r"joint_space\.de\.npz is damaged"):
        JointWords.from_bundle(open_bundle(folder).in_language("de"))
