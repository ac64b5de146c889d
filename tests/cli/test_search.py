"""``search`` and ``similar``: what they print, and what they say if nothing is found."""

import json
import shutil
from dataclasses import replace

import pytest

from image_describer import paths
from image_describer.captioner.describer import Describer
from image_describer.cli import main
from image_describer.library.database import FILE, FOLDER
from image_describer.library.describe_files import describe_files
from image_describer.library.index import Index, ModelId, model_id
from tests.support import tiny

SAMPLES = ("astronaut.jpg", "cat.jpg", "coffee.jpg")


@pytest.fixture(scope="module")
def indexed_samples(shipped_bundle, tmp_path_factory):
    """A data folder whose index contains three pictures, and the folder of the pictures."""
    data, folder = tmp_path_factory.mktemp("data"), tmp_path_factory.mktemp("pictures")
    describer = Describer(shipped_bundle)
    for name in SAMPLES:
        shutil.copy(tiny.REPO / "assets" / "samples" / name, folder / name)
    with Index.open(data / FOLDER / FILE, model_id(describer)) as index:
        records = describe_files(describer, [str(folder / name) for name in SAMPLES])
        for number, record in enumerate(records):
            if record.file.endswith("coffee.jpg"):
                author = replace(record.description, alt_text="Breakfast with Zebedee.")
                records[number] = replace(record, description=author)
        index.add(records)
    return data, folder


@pytest.fixture
def pictures(indexed_samples, tmp_path, monkeypatch, shipped_bundle):
    """The folder of the pictures; the index is a copy that the test may damage."""
    data = tmp_path / "data"
    shutil.copytree(indexed_samples[0], data)
    monkeypatch.setattr(paths, "data_folder", lambda: data)
    monkeypatch.setenv("IMAGE_DESCRIBER_BUNDLE", str(shipped_bundle))
    return indexed_samples[1]


@pytest.fixture
def empty(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "data_folder", lambda: tmp_path)


def test_results_are_printed_with_their_paths(pictures, capsys):
    assert main.main(["search", "a", "cat"]) == 0
    out, err = capsys.readouterr()
    sentence, path = out.splitlines()[:2]
    assert sentence.endswith(".")
    assert path == f"    {pictures / 'cat.jpg'}"
    assert err == ""


def test_words_of_the_author_are_found_and_printed(pictures, capsys):
    assert main.main(["search", "--limit", "1", "zebedee's", "breakfast"]) == 0
    out = capsys.readouterr().out
    assert "Its author says: Breakfast with Zebedee. " in out
    assert len(out.splitlines()) == 2


def test_json_is_one_object_per_line(pictures, capsys):
    assert main.main(["search", "--json", "cat"]) == 0
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert found[0]["file"] == str(pictures / "cat.jpg")
    assert set(found[0]) == {
        "language",
        *("file", "caption", "sentence", "confidence", "author"),
        *("score", "meaning", "words", "weak", "changed"),
    }
    scores = [record["score"] for record in found]
    assert scores == sorted(scores, reverse=True)


def test_nothing_found_names_a_way_out(pictures, capsys):
    assert main.main(["search", "zyzzyva"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith('image-describer: Nothing matches "zyzzyva". Try other words,')
    assert "image-describer batch FOLDER" in err
    assert main.main(["search", "zyzzyva " * 2000]) == 2
    assert len(capsys.readouterr().err) < 300


def test_weak_results_are_announced(pictures, capsys):
    assert main.main(["search", "--in", str(pictures), "a", "football", "match"]) in (0, 2)
    err = capsys.readouterr().err
    assert "Nothing" in err


@pytest.mark.parametrize("words", [["search", "dog"], ["similar", "x.jpg"]])
def test_an_empty_index_names_a_way_out(empty, capsys, words):
    assert main.main(words) == 2
    assert capsys.readouterr().err == (
        "image-describer: None of your pictures has been described yet. Describe some first: "
        "image-describer batch FOLDER --output pictures.html\n"
    )


def test_only_pictures_in_the_folders_are_found(pictures, capsys, tmp_path):
    assert main.main(["search", "--in", str(pictures), "cat"]) == 0
    assert main.main(["search", "--in", str(tmp_path), "--in", str(pictures), "cat"]) == 0
    capsys.readouterr()
    assert main.main(["search", "--in", str(tmp_path), "cat"]) == 2
    assert "No picture in that folder has been described" in capsys.readouterr().err
    assert main.main(["search", "--in", str(tmp_path / "none"), "cat"]) == 2
    assert "There is no folder" in capsys.readouterr().err


@pytest.mark.parametrize("limit", ["0", "-1", "many", "9" * 5000])
def test_a_bad_limit_is_refused(pictures, capsys, limit):
    assert main.main(["search", f"--limit={limit}", "cat"]) == 2
    assert "is not a whole number from 1 to 100,000" in capsys.readouterr().err


def test_similar_pictures_and_captions_are_printed_with_scores(pictures, capsys):
    assert main.main(["similar", str(pictures / "cat.jpg")]) == 0
    lines = capsys.readouterr().out.splitlines()
    middle = lines.index("captions that fit:")
    assert middle == 4  # two others with two lines each; the picture itself is left out
    assert str(pictures / "cat.jpg") not in " ".join(lines)
    scores = [float(line.split()[0]) for line in lines[middle + 1 :]]
    assert scores == sorted(scores, reverse=True)


def test_similar_in_json_distinguishes_pictures_and_captions(pictures, capsys):
    picture = tiny.REPO / "assets" / "samples" / "cat.jpg"
    assert main.main(["similar", "--json", "--limit", "1", str(picture)]) == 0
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [record["is"] for record in found] == ["picture", "caption"]
    assert -1.0 <= found[1]["score"] <= 1.0


def test_similar_to_a_text_file_is_refused(pictures, capsys, tmp_path):
    (tmp_path / "text.jpg").write_text("hello")
    assert main.main(["similar", str(tmp_path / "text.jpg")]) == 2
    assert "I can't open this kind of file" in capsys.readouterr().err


def test_a_damaged_index_is_reported_once_and_replaced(pictures, capsys):
    file = paths.data_folder() / FOLDER / FILE
    file.write_bytes(b"rubbish" * 1000)
    assert main.main(["search", "cat"]) == 2
    err = capsys.readouterr().err
    assert "was damaged; it is kept as index.sqlite3.damaged" in err
    assert "None of your pictures has been described yet" in err
    assert main.main(["search", "cat"]) == 2
    assert "damaged" not in capsys.readouterr().err


def test_pictures_described_by_another_model_are_counted(pictures, capsys):
    with Index.open(model=shipped_model()) as index:
        record = index.lookup(pictures / "cat.jpg")
    with Index.open(model=ModelId("another", "elsewhere")) as index:
        index.add([record])
    assert main.main(["search", "coffee"]) == 0
    err = capsys.readouterr().err
    assert "1 picture was described by another model and may not be found" in err
    assert "image-describer batch FOLDER" in err


def shipped_model():
    return model_id(Describer(tiny.REPO / "models"))


def test_a_changed_file_is_marked(pictures, capsys):
    cat = pictures / "cat.jpg"
    content = cat.read_bytes()
    try:
        cat.write_bytes(content + b"more")
        assert main.main(["search", "--limit", "1", "cat"]) == 0
        assert "(The file has changed since then.)" in capsys.readouterr().out
    finally:
        cat.write_bytes(content)


def test_control_characters_in_names_are_escaped(pictures, capsys):
    odd = pictures / "cat\n\u202e.jpg"
    shutil.copy(pictures / "cat.jpg", odd)
    with Index.open(model=shipped_model()) as index:
        assert index.lookup(odd) is not None
    (pictures / "cat.jpg").rename(pictures / "kept")
    try:
        assert main.main(["search", "--limit", "1", "cat"]) == 0
        assert len(capsys.readouterr().out.splitlines()) == 2
    finally:
        (pictures / "kept").rename(pictures / "cat.jpg")
        odd.unlink()
