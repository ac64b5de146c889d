"""COCO's captions JSON, as published and as files of one folder."""

import json

import pytest
from PIL import Image

from image_describer.errors import TrainingError
from image_describer.train.data.sets import read
from tests.support.data_sets import check_splits, reports, write_coco, write_pictures

NAME = "COCO_train2014_{:012d}.jpg"
CAPTIONS = {NAME.format(n): [f"Caption {k} of {n}.\n" for k in range(2)] for n in range(10)}


def published(folder, year=2014):
    """Folders annotations/ and train2014/, as COCO's archives have them."""
    names = CAPTIONS if year == 2014 else [f"{number:012d}.jpg" for number in range(10)]
    write_pictures(folder / f"train{year}", names)
    (folder / "annotations").mkdir()
    return write_coco(folder / "annotations" / f"captions_train{year}.json", CAPTIONS)


def change(file, changes):
    content = json.loads(file.read_text("utf-8"))
    changes(content)
    file.write_text(json.dumps(content), "utf-8")


def test_coco_is_read_as_it_is_published(tmp_path):
    published(tmp_path)
    data = read(tmp_path)
    check_splits(data, dev=2)
    name = NAME.format(3)
    assert data.captions[name] == ["Caption 0 of 3.", "Caption 1 of 3."]
    assert data.path(name).is_file()


@pytest.mark.parametrize("year", [2014, 2017])
def test_without_a_list_of_images_the_names_come_from_the_numbers(tmp_path, year):
    file = published(tmp_path, year)
    change(file, lambda content: content.pop("images"))
    data = read(file)
    assert len(data.captions) == 10
    assert all(data.path(name).is_file() for name in data.captions)


@pytest.mark.parametrize("dev", ["dev", "val"])
def test_two_files_of_a_folder_are_its_splits(tmp_path, dev):
    write_pictures(tmp_path / "images", ["a.jpg", "b.jpg", "c.jpg", "other.jpg"])
    write_coco(tmp_path / "captions_train.json", {"a.jpg": ["A dog."], "b.jpg": ["A cat."]})
    write_coco(tmp_path / f"captions_{dev}.json", {"b.jpg": ["Cats."], "c.jpg": ["A man."]})
    data = read(tmp_path)
    assert data.splits == {"train": ["a.jpg"], "dev": ["b.jpg", "c.jpg"]}
    assert data.captions["b.jpg"] == ["A cat.", "Cats."]
    assert reports(data, "in both splits", ": 1.")
    assert not reports(data, "Pictures without a caption")  # those of other files are not its own
    assert data.sources[0]["captions"] == 4


def test_train2014_and_val2014_are_the_splits(tmp_path):
    published(tmp_path)
    write_pictures(tmp_path / "val2014", ["COCO_val2014_000000000099.jpg"])
    write_coco(
        tmp_path / "annotations" / "captions_val2014.json",
        {"COCO_val2014_000000000099.jpg": ["A dog."]},
    )
    data = read(tmp_path)
    assert data.splits == {"train": list(CAPTIONS), "dev": ["COCO_val2014_000000000099.jpg"]}
    assert all(data.path(name).is_file() for name in data.captions)


def test_a_file_without_annotations_is_a_set_of_uncaptioned_pictures(tmp_path):
    write_pictures(tmp_path / "images", ["a.jpg", "b.jpg", "captioned.jpg"])
    file = write_coco(tmp_path / "more.json", {"b.jpg": [], "a.jpg": [], "ghost.jpg": []})
    data = read(file)
    assert data.uncaptioned == ["a.jpg", "b.jpg"]
    assert data.captions == {}
    assert data.path("a.jpg").is_file()
    assert reports(data, "Missing pictures of more.json: 1")


def test_faults_are_counted(tmp_path):
    file = published(tmp_path)
    Image.new("RGB", (8, 8)).save(tmp_path / "train2014" / "uncaptioned.jpg")

    def spoil(content):
        content["images"] += [
            {"id": 0, "file_name": "other.jpg"},
            {"id": 90, "file_name": "uncaptioned.jpg"},
        ]
        content["annotations"] += [
            {"id": 0, "image_id": 0, "caption": "The same id again."},
            {"id": 5000, "image_id": 77, "caption": "A ghost."},
            {"id": 5001, "image_id": 1, "caption": "  "},
            {"id": 5002, "image_id": 1},
            {"id": 5003, "image_id": [1], "caption": "What?"},
            "nonsense",
        ]

    change(file, spoil)
    data = read(tmp_path)
    assert len(data.captions) == 10
    assert all(len(several) == 2 for several in data.captions.values())
    assert reports(data, "Duplicate numbers", ": 1.")
    assert reports(data, "Duplicate captions", ": 1.")
    assert reports(data, "Captioned names without a picture: 1", "COCO_train2014_000000000077.jpg")
    assert reports(data, "Lines of", "without a caption: 4")
    assert reports(data, "Pictures without a caption: 1", "uncaptioned.jpg")


@pytest.mark.parametrize("content", ["[]", "{}", '{"annotations": 5}', "{", "[" * 100_000, "\x00"])
def test_another_json_is_refused_with_a_way_out(tmp_path, content):
    (tmp_path / "captions_x.json").write_text(content, "utf-8")
    with pytest.raises(TrainingError) as caught:
        read(tmp_path)
    assert "annotations" in caught.value.way_out
