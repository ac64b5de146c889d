"""Search: by similarity, by words, by both, and by another picture."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from image_describer.captioner.describer import Describer
from image_describer.captioner.description import Description
from image_describer.errors import (
    BundleError,
    DescriptionLanguageError,
    ImageDescriberError,
    PictureError,
)
from image_describer.library import search as searching
from image_describer.library.describe_files import content_key, describe_files
from image_describer.library.index import Index, model_id
from image_describer.library.record import Record
from image_describer.library.search import (
    fts_query,
    fuse,
    query_language,
    search,
    significant_words,
    similar,
)
from tests.support import tiny
from tests.support.languages import with_german_words

CAT = tiny.REPO / "assets" / "samples" / "cat.jpg"
SAMPLES = sorted((tiny.REPO / "assets" / "samples").glob("*.jpg"))
CAPTIONS = {
    "snow.jpg": "a brown dog runs through the snow",
    "beach.jpg": "two children play at the beach",
    "bike.jpg": "a man rides a bicycle down a hill",
    "wave.jpg": "a surfer rides a wave",
    "team.jpg": "a group of football players run on a field",
}


def without_joint(bundle, folder):
    """A bundle in ``folder`` that is ``bundle`` without its joint space; its files are links."""
    manifest = json.loads((bundle / "manifest.json").read_text("utf-8"))
    del manifest["files"]["joint_space.tflite"], manifest["joint_space"]
    del manifest["files"]["joint_space.de.npz"]
    manifest["decode"].pop("match_weight", None)
    for name in manifest["files"]:
        (folder / name).symlink_to(bundle / name)
    (folder / "manifest.json").write_text(json.dumps(manifest), "utf-8")
    return folder


@pytest.fixture(scope="module")
def describer(shipped_bundle):
    return Describer(shipped_bundle)


@pytest.fixture(scope="module")
def wordless(shipped_bundle, tmp_path_factory):
    """A describer without a joint space."""
    return Describer(without_joint(shipped_bundle, tmp_path_factory.mktemp("wordless")))


@pytest.fixture(scope="module")
def made(describer, tmp_path_factory):
    """An index of five pictures whose embeddings are those of their captions, and its folder."""
    folder = tmp_path_factory.mktemp("found")
    records = []
    for name, caption in CAPTIONS.items():
        file = folder / name
        file.write_text(caption)
        embedding = describer.joint_space.embed_sentence(caption)
        author = "Zebedee at Müngersdorf" if name == "team.jpg" else None
        description = Description(caption, 0.8, alt_text=author, embedding=embedding)
        records.append(Record(str(file), content_key(file), description))
    index = Index.open(folder / "library" / "index.sqlite3", model_id(describer))
    index.add(records)
    yield index, folder
    index.close()


@pytest.fixture
def index(made):
    return made[0]


@pytest.fixture
def folder(made):
    return made[1]


def names(found):
    return [os.path.basename(hit.file) for hit in found]


@pytest.mark.parametrize(
    ("words", "first"),
    [
        ("a dog in the snow", "snow.jpg"),
        ("SEA, and sand!", "beach.jpg"),
        ("cyclist", "bike.jpg"),
        ("surfing", "wave.jpg"),
        ("a football match", "team.jpg"),
    ],
)
def test_similarity_finds_pictures_described_in_other_words(index, describer, words, first):
    found = search(index, describer, words)
    assert names(found)[0] == first
    assert [hit.score for hit in found] == sorted((hit.score for hit in found), reverse=True)


@pytest.mark.parametrize(
    "words", ["zebedee", "Zebedee's dog in the snow", "mungersdorf", "MÜNGERSDORF", "team"]
)
def test_file_names_and_alt_texts_rank_first(index, describer, words):
    found = search(index, describer, words)
    assert names(found)[0] == "team.jpg"
    assert found[0].matches_words


def test_unknown_words_find_nothing_and_weak_hits_are_marked(index, describer):
    assert search(index, describer, "zyzzyva") == []
    for hit in search(index, describer, "laptop"):
        assert hit.is_weak
        assert hit.similarity >= searching.MIN_SIMILARITY


def test_a_query_without_words_is_refused(index, describer):
    for nothing in ("", "  ", '"', "😀", "\0", "-- ()"):
        with pytest.raises(ImageDescriberError, match="There is no word to search for"):
            search(index, describer, nothing)


@pytest.mark.parametrize(
    "words",
    [
        'dog" OR "cat',
        "NEAR(dog cat, 5)",
        "dog AND NOT NEAR",
        "caption : dog",
        "dog*",
        "^dog",
        "{author names} : dog",
        "-dog",
        "dog's t-shirt",
        "dog 😀 _ __",
        "dog\0cat",
        "dog \udce9",
        "'; DROP TABLE picture; --",
        "犬 собака dog",
        "dog " * 2500,
        "x" * 10_000 + " dog",
        " ".join(f"dog{n}" for n in range(3000)),
    ],
)
def test_fts5_syntax_in_a_query_has_no_effect(index, describer, words):
    found = search(index, describer, words)
    assert len(found) <= len(CAPTIONS)
    assert not index.warning


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=60))
def test_any_text_makes_a_valid_query(index, text):
    asked = fts_query(significant_words(text), searching.HUMAN_COLUMNS)
    if asked:
        index.match_words(asked)
    assert not index.warning


def test_stop_words_count_only_without_others():
    assert significant_words("The dog, and the DOG'S t-shirt") == ["dog", "t-shirt"]
    assert significant_words("to be") == ["to", "be"]
    assert fts_query(["dog"], "caption") == '{caption} : ("dog")'
    assert fts_query([], "caption") == ""


def test_fuse_adds_scores_relative_to_the_best():
    fused = fuse({1: 0.6, 2: 0.5}, [({2: 8.0, 3: 4.0}, 0.2)])
    assert [number for number, _ in fused] == [2, 1, 3]
    assert [score for _, score in fused] == pytest.approx([0.7, 0.6, 0.6])
    assert fuse({}, []) == []


def test_limit_and_folders(index, describer, folder):
    assert len(search(index, describer, "a man and a dog", limit=2)) == 2
    deeper = folder / "deeper"
    deeper.mkdir(exist_ok=True)
    file = deeper / "copy.jpg"
    file.write_text(CAPTIONS["snow.jpg"])
    assert index.lookup(file) is not None
    found = search(index, describer, "a dog in the snow", folders=deeper)
    assert [hit.file for hit in found] == [str(file)]
    assert search(index, describer, "a dog in the snow", folders=folder / "none") == []
    file.unlink()
    assert search(index, describer, "a dog in the snow", folders=deeper) == []
    assert search(index, describer, "a dog in the snow")[0].file == str(folder / "snow.jpg")


def test_missing_files_are_not_offered(describer, tmp_path, monkeypatch):
    monkeypatch.setattr(searching, "DEPTH", 4)
    place = describer.joint_space.embed_sentence("a dog in the snow")
    files = [tmp_path / f"{n}.jpg" for n in range(40)]
    with Index.open(tmp_path / "library" / "index.sqlite3", model_id(describer)) as index:
        for file in files:
            file.write_text(file.name)
        index.add(
            Record(str(f), content_key(f), Description("a dog in the snow", 0.5, embedding=place))
            for f in files
        )
        for file in files[:35]:
            file.unlink()
        files[39].write_text("changed since")
        found = search(index, describer, "a dog in the snow", limit=2)
        assert names(found) == ["35.jpg", "36.jpg"]
        found = search(index, describer, "a dog in the snow", limit=20)
        assert len(found) == 5
        assert [hit.is_changed for hit in found if hit.file == str(files[39])] == [True]


def test_search_by_words_without_a_joint_space(wordless, tmp_path):
    (tmp_path / "dog.jpg").write_text("x")
    dog = Record(str(tmp_path / "dog.jpg"), "0" * 64, Description("a dog in the snow", 0.5))
    with Index.open(tmp_path / "library" / "index.sqlite3", model_id(wordless)) as index:
        index.add([dog])
        found = search(index, wordless, "dogs")
        assert names(found) == ["dog.jpg"]
        assert found[0].similarity is None
        assert not found[0].is_weak
        assert search(index, wordless, "cat") == []
        with pytest.raises(BundleError, match="joint"):
            similar(index, wordless, dog.file)


def test_photographs_are_found_by_words_and_by_each_other(describer, tmp_path):
    with Index.open(tmp_path / "library" / "index.sqlite3", model_id(describer)) as index:
        index.add(describe_files(describer, [str(file) for file in SAMPLES]))
        assert names(search(index, describer, "cat"))[0] == "cat.jpg"
        like = similar(index, describer, SAMPLES[0])
        assert len(like.pictures) == len(SAMPLES) - 1  # itself is left out
        assert SAMPLES[0].name not in names(like.pictures)
        scores = [score for _, score in like.captions]
        assert scores == sorted(scores, reverse=True)
        best = like.captions[0]
        assert describer.match(SAMPLES[0], best[0]) == pytest.approx(best[1], abs=1e-3)
        assert len(similar(index, describer, SAMPLES[0], limit=1).pictures) == 1
        assert similar(index, describer, SAMPLES[0], folders=tmp_path).pictures == ()


def test_similar_to_what_is_not_a_picture(index, describer, tmp_path):
    (tmp_path / "text.jpg").write_text("hello")
    for file in (tmp_path / "text.jpg", tmp_path / "missing.jpg", tmp_path):
        with pytest.raises(PictureError):
            similar(index, describer, file)


def test_a_picture_without_embedding_is_found_by_words(describer, tmp_path):
    file = tmp_path / "dog.jpg"
    file.write_text("x")
    with Index.open(tmp_path / "library" / "index.sqlite3", model_id(describer)) as index:
        index.add([Record(str(file), "0" * 64, Description("a dog", 0.5))])
        found = search(index, describer, "dog")
        assert [Path(hit.file) for hit in found] == [file]
        assert found[0].similarity is None
        assert np.isfinite(found[0].score)


@pytest.fixture(scope="module")
def bilingual(shipped_bundle, tmp_path_factory):
    """A describer whose joint space has a few German words."""
    return Describer(with_german_words(shipped_bundle, tmp_path_factory.mktemp("bilingual")))


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Hund im Schnee", "de"),
        ("ein hund", "de"),
        ("a dog in the snow", "en"),
        ("bus", "en"),  # both know it
        ("Zebedee", "en"),
    ],
)
def test_the_language_of_a_search_is_told_by_its_words(bilingual, text, language):
    assert query_language(bilingual, text) == language


def test_a_search_in_german_finds_what_one_in_english_does(index, describer, bilingual):
    english = search(index, describer, "dog snow")
    german = search(index, bilingual, "Ein Hund im Schnee")
    assert german
    assert german[0].file == english[0].file
    assert german[0].similarity > 0.5
    assert search(index, bilingual, "Zebedee", language="de")[0].file.endswith("team.jpg")
    with pytest.raises(DescriptionLanguageError):
        search(index, bilingual, "chien", language="fr")


def test_german_captions_are_compared_in_german(bilingual, tmp_path):
    space = bilingual.joint_space
    file = tmp_path / "a.jpg"
    file.write_bytes(CAT.read_bytes() + b" ")
    caption = "eine Katze"
    embedding = space.embed_sentence(caption, "de")
    description = Description(caption, 0.8, language="de", embedding=embedding)
    with Index.open(tmp_path / "library" / "index.sqlite3", model_id(bilingual)) as index:
        index.add([Record(str(file), content_key(file), description)])
        found = similar(index, bilingual, CAT)
    assert [caption for caption, _score in found.captions] == ["eine Katze"]
    assert found.captions[0][1] > 0.2
