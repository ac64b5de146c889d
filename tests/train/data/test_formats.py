"""Reading each layout of captioned pictures, whole, damaged and wild."""

import csv
import json
import shutil

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from image_describer.errors import TrainingError
from image_describer.train.data import dataset as training_data
from image_describer.train.data.dataset import read
from image_describer.train.data.verify_images import without_broken

NAMES = [f"picture{n}.jpg" for n in range(16)]
WILD = st.binary(max_size=400) | st.text(max_size=200).map(str.encode)


def pictures(folder, names=NAMES):
    folder.mkdir(parents=True)
    for name in names:
        Image.new("RGB", (8, 8), "red").save(folder / name)
    return folder


def told(data, *parts):
    """Whether one of the problems holds all of ``parts``."""
    return any(all(part in problem for part in parts) for problem in data.problems)


def one_dataset(data, dev):
    """What every format owes: each picture in one split, each with captions."""
    train, held = data.splits["train"], data.splits["dev"]
    assert len(held) == dev
    assert sorted(train + held) == sorted(data.captions)
    assert all(several and all(several) for several in data.captions.values())
    assert told(data, "no test split")


# Flickr8k's official files -------------------------------------------------------------------


@pytest.fixture
def flickr8k(tiny_data, tmp_path):
    return shutil.copytree(tiny_data, tmp_path / "flickr8k")


def captions_file(folder):
    return folder / "Flickr8k_text" / "Flickr8k.token.txt"


def append(file, text):
    file.write_bytes(file.read_bytes() + text.encode())


def test_flickr8k_is_recognised(flickr8k):
    data = read(flickr8k)
    assert (len(data.splits["train"]), len(data.splits["dev"])) == (18, 6)
    assert data.problems == ["There is no test split: figures are on dev only."]


def test_flickr8k_counts_captions_that_are_there_twice_and_those_that_are_empty(flickr8k):
    append(captions_file(flickr8k), "picture0.jpg#0\tAnother one .\npicture0.jpg#7\t \n")
    data = read(flickr8k)
    assert len(data.captions["picture0.jpg"]) == 5
    assert told(data, "1 captions", "twice")
    assert told(data, "1 lines", "no caption")


def test_flickr8k_counts_pictures_without_captions_and_captions_without_pictures(flickr8k):
    shutil.copy(
        flickr8k / "Flicker8k_Dataset" / "picture0.jpg", flickr8k / "Flicker8k_Dataset/x.jpg"
    )
    (flickr8k / "Flicker8k_Dataset" / "Thumbs.db").write_bytes(b"no picture")
    append(captions_file(flickr8k), "ghost.jpg#0\tA ghost .\n../../etc/passwd#0\tSecrets .\n")
    data = read(flickr8k)
    assert told(data, "1 pictures have no caption", "x.jpg")
    assert told(data, "2 captioned names have no picture")
    assert "x.jpg" not in data.splits["train"]


def test_flickr8k_keeps_a_picture_of_both_splits_for_dev(flickr8k):
    append(flickr8k / "Flickr8k_text" / "Flickr_8k.trainImages.txt", "\npicture23.jpg\n")
    data = read(flickr8k)
    assert "picture23.jpg" in data.splits["dev"]
    assert "picture23.jpg" not in data.splits["train"]
    assert told(data, "1 pictures are in both splits")


def test_flickr8k_without_split_files_is_split_and_its_test_split_held_back(flickr8k):
    texts = flickr8k / "Flickr8k_text"
    for file in texts.glob("*Images.txt"):
        file.unlink()
    (texts / "Flickr_8k.testImages.txt").write_text("picture3.jpg\n", "utf-8")
    data = read(flickr8k)
    assert len(data.splits["dev"]) == 3
    assert "picture3.jpg" not in data.splits["train"] + data.splits["dev"]
    assert told(data, "no splits")
    assert read(flickr8k).splits == data.splits


def test_flickr8k_is_read_with_its_texts_beside_the_pictures(flickr8k):
    for file in (flickr8k / "Flickr8k_text").iterdir():
        file.rename(flickr8k / file.name)
    (flickr8k / "Flickr8k_text").rmdir()
    assert len(read(flickr8k).captions) == 24


def test_letters_that_are_no_utf8_are_told_and_the_rest_is_read(flickr8k):
    file = captions_file(flickr8k)
    file.write_bytes(file.read_bytes() + b"picture0.jpg#8\tA caf\xe9 .\n")
    data = read(flickr8k)
    assert told(data, "1 lines", "UTF-8")
    assert len(data.captions["picture0.jpg"]) == 6


# Kaggle's copy -------------------------------------------------------------------------------

CAPTIONS = ["A man , a dog and a cat .", 'A sign says " STOP " .', "Plain words ."]


@pytest.fixture
def kaggle(tmp_path):
    pictures(tmp_path / "kaggle" / "Images")
    with (tmp_path / "kaggle" / "captions.txt").open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["image", "caption"])
        rows.writerows([name, caption] for name in NAMES for caption in CAPTIONS)
    return tmp_path / "kaggle"


def test_kaggles_commas_and_quotes_are_read(kaggle):
    data = read(kaggle)
    assert data.captions[NAMES[0]] == CAPTIONS
    one_dataset(data, dev=2)
    assert data.path(NAMES[0]).is_file()
    assert read(kaggle / "captions.txt").captions == data.captions


def test_kaggles_faults_are_counted(kaggle):
    Image.new("RGB", (8, 8)).save(kaggle / "Images" / "bare.png")
    append(
        kaggle / "captions.txt",
        f"ghost.jpg,A ghost .\n{NAMES[0]},\nno caption here\n{NAMES[0]},Plain words .\n",
    )
    data = read(kaggle)
    assert data.captions[NAMES[0]] == CAPTIONS
    assert told(data, "1 captioned names", "ghost.jpg")
    assert told(data, "2 lines", "no caption")
    assert told(data, "1 captions", "twice")
    assert told(data, "1 pictures have no caption", "bare.png")


def test_a_quote_that_nobody_closed_spoils_one_line_only(kaggle):
    append(
        kaggle / "captions.txt",
        f'{NAMES[0]},"An open quote .\n{NAMES[1]},The next , one .\n'
        f'{NAMES[2]},"Quoted , ""x"" ."\n',
    )
    data = read(kaggle)
    assert data.captions[NAMES[0]] == [*CAPTIONS, "An open quote ."]
    assert data.captions[NAMES[1]] == [*CAPTIONS, "The next , one ."]
    assert data.captions[NAMES[2]] == [*CAPTIONS, 'Quoted , "x" .']
    assert told(data, "Quotes")


def test_a_caption_over_two_lines_is_one_caption(kaggle):
    append(kaggle / "captions.txt", f'{NAMES[0]},"Two\nlines ."\r\n')
    assert read(kaggle).captions[NAMES[0]][-1] == "Two\nlines ."


def test_kaggles_captions_without_pictures_folder_are_refused(kaggle):
    shutil.rmtree(kaggle / "Images")
    with pytest.raises(TrainingError, match="no folder of pictures"):
        read(kaggle)


# COCO ----------------------------------------------------------------------------------------


def coco_entries(count=10):
    images = [{"id": n, "file_name": f"COCO_train2014_{n:012d}.jpg"} for n in range(count)]
    annotations = [
        {"id": 10 * n + k, "image_id": n, "caption": f"Caption {k} of {n}.\n"}
        for n in range(count)
        for k in range(2)
    ]
    return {"images": images, "annotations": annotations}


def coco(folder, whole, year=2014):
    names = [f"COCO_train2014_{n:012d}.jpg" if year == 2014 else f"{n:012d}.jpg" for n in range(10)]
    pictures(folder / f"train{year}", names)
    (folder / "annotations").mkdir()
    file = folder / "annotations" / f"captions_train{year}.json"
    file.write_text(json.dumps(whole), "utf-8")
    return folder


def test_coco_is_read_as_it_is_published(tmp_path):
    data = read(coco(tmp_path / "coco", coco_entries()))
    one_dataset(data, dev=2)
    name = "COCO_train2014_000000000003.jpg"
    assert data.captions[name] == ["Caption 0 of 3.", "Caption 1 of 3."]
    assert data.path(name).is_file()


@pytest.mark.parametrize("year", [2014, 2017])
def test_coco_without_its_table_of_images_numbers_the_pictures(tmp_path, year):
    whole = {"annotations": coco_entries()["annotations"]}
    folder = coco(tmp_path / "coco", whole, year)
    data = read(folder / "annotations" / f"captions_train{year}.json")
    assert len(data.captions) == 10
    assert all(data.path(name).is_file() for name in data.captions)


def test_cocos_faults_are_counted(tmp_path):
    whole = coco_entries()
    whole["images"].append({"id": 0, "file_name": "other.jpg"})
    whole["annotations"] += [
        {"id": 0, "image_id": 0, "caption": "The same id again."},
        {"id": 500, "image_id": 77, "caption": "A ghost."},
        {"id": 501, "image_id": 1, "caption": "  "},
        {"id": 502, "image_id": 1},
        {"id": 503, "image_id": [1], "caption": "What?"},
        "nonsense",
    ]
    folder = coco(tmp_path / "coco", whole)
    Image.new("RGB", (8, 8)).save(folder / "train2014" / "bare.jpg")
    data = read(folder)
    assert len(data.captions) == 10
    assert all(len(several) == 2 for several in data.captions.values())
    assert told(data, "1 pictures' numbers", "twice")
    assert told(data, "1 captions", "twice")
    assert told(data, "1 captioned names", "COCO_train2014_000000000077.jpg")
    assert told(data, "4 lines", "no caption")
    assert told(data, "1 pictures have no caption", "bare.jpg")


@pytest.mark.parametrize("content", ["[]", "{}", '{"annotations": 5}', "{", "[" * 100_000, "\x00"])
def test_another_json_is_refused_with_the_way_out(tmp_path, content):
    (tmp_path / "captions_x.json").write_text(content, "utf-8")
    with pytest.raises(TrainingError) as caught:
        read(tmp_path)
    assert "annotations" in caught.value.way_out


# A text and a matrix -------------------------------------------------------------------------


@pytest.fixture
def matrix(tmp_path):
    folder = tmp_path / "matrix"
    folder.mkdir()
    (folder / "captions.txt").write_text(
        "".join(f"picture{n}.jpg a picture of number {n}\n" for n in range(20)), "utf-8"
    )
    np.save(folder / "features.npy", np.arange(80, dtype=np.float32).reshape(20, 4))
    return folder


def test_a_matrix_is_read_row_for_row(matrix):
    data = read(matrix)
    one_dataset(data, dev=2)
    assert data.splits["dev"] == ["picture18.jpg", "picture19.jpg"]
    assert data.captions["picture7.jpg"] == ["a picture of number 7"]
    assert data.features[data.rows["picture7.jpg"]].tolist() == [28, 29, 30, 31]
    assert read(matrix / "captions.txt").captions == data.captions


def test_the_matrix_s_faults_are_counted(matrix):
    features = np.arange(92, dtype=np.float64).reshape(23, 1, 4)
    features[4, 0, 1] = np.nan
    np.save(matrix / "features.npy", features)
    append(matrix / "captions.txt", "picture0.jpg once more\nalone\n")
    data = read(matrix)
    assert "picture4.jpg" not in data.captions
    assert data.captions["picture0.jpg"] == ["a picture of number 0", "once more"]
    assert data.rows["picture0.jpg"] == 0
    assert told(data, "22 lines", "23 rows")
    assert told(data, "1 rows", "no numbers")
    assert told(data, "1 lines repeat a name")
    assert told(data, "1 lines", "no caption")


@pytest.mark.parametrize(
    "content",
    [b"", b"\x93NUMPY\x01\x00\xff\xff", b"nonsense", None],
    ids=["", "cut", "other", "text"],
)
def test_a_matrix_that_is_none_is_refused(matrix, content):
    if content is None:
        np.save(matrix / "features.npy", np.array([["a", "b"]]))
    else:
        (matrix / "features.npy").write_bytes(content)
    with pytest.raises(TrainingError, match=r"features\.npy"):
        read(matrix)


def test_a_matrix_of_objects_runs_no_code(matrix):
    np.save(matrix / "features.npy", np.array([[print]], object), allow_pickle=True)
    with pytest.raises(TrainingError, match=r"features\.npy"):
        read(matrix)


# All of them ---------------------------------------------------------------------------------


def test_an_unknown_format_is_refused_with_those_that_there_are(tmp_path):
    with pytest.raises(TrainingError) as caught:
        read(tmp_path, "pascal")
    assert all(name in caught.value.way_out for name in training_data.FORMATS)


@pytest.mark.parametrize("place", ["", "absent", "file.bin"])
def test_a_place_without_data_is_refused_with_what_is_read(tmp_path, place):
    (tmp_path / "file.bin").write_bytes(b"\x00")
    with pytest.raises(TrainingError) as caught:
        read(tmp_path / place)
    assert "Kaggle" in caught.value.way_out


@pytest.mark.parametrize("format", training_data.FORMATS)
def test_a_format_that_the_data_has_not_is_refused(tmp_path, format):
    with pytest.raises(TrainingError):
        read(tmp_path, format)


@given(content=WILD)
def test_any_file_of_captions_is_read_or_refused(tmp_path_factory, content):
    folder = tmp_path_factory.mktemp("wild")
    for sub, file, head in (
        ("flickr8k", "Flickr8k.token.txt", b"picture0.jpg#0\tA dog .\n"),
        ("kaggle", "captions.txt", b"image,caption\npicture0.jpg,A dog .\n"),
        ("coco", "captions_wild.json", b""),
        ("matrix", "lines.txt", b"picture0.jpg a dog\n"),
    ):
        (folder / sub / "Images").mkdir(parents=True)
        (folder / sub / "Images" / "picture0.jpg").touch()
        (folder / sub / file).write_bytes(head + content)
        np.save(folder / sub / "features.npy", np.ones((3, 2)))
        try:
            data = read(folder / sub, sub)
        except TrainingError:
            continue
        assert all(several and all(several) for several in data.captions.values())
        assert set(data.splits["train"] + data.splits["dev"]) <= set(data.captions)


def test_broken_pictures_are_told_and_left_out(kaggle):
    (kaggle / "Images" / NAMES[0]).write_bytes(b"\xff\xd8\xff no picture")
    whole = (kaggle / "Images" / NAMES[1]).read_bytes()
    (kaggle / "Images" / NAMES[1]).write_bytes(whole[: len(whole) // 2])
    sentences = []
    data = without_broken(read(kaggle), sentences.append)
    assert sorted(data.captions) == sorted(NAMES[2:])
    assert sorted(data.splits["train"] + data.splits["dev"]) == sorted(NAMES[2:])
    assert any(NAMES[0] in sentence for sentence in sentences)
    assert any(NAMES[1] in sentence for sentence in sentences)
    assert told(data, "2 pictures can't be read")
