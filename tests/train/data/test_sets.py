"""Sets are recognized by their format, and combined: keys, weights, splits, copies, labels."""

import contextlib
import gzip
import shutil

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from image_describer.errors import TrainingError
from image_describer.train.data.formats import coco, csv, flickr8k, labels, matrix, sentences
from image_describer.train.data.sets import read, read_sets
from tests.support.data_sets import reports, write_coco, write_pictures

WILD = st.binary(max_size=400) | st.text(max_size=200).map(str.encode)


@pytest.fixture
def root(tmp_path, tiny_data):
    """Flickr8k, and a set in COCO's format with everything that can belong to one."""
    shutil.copytree(tiny_data, tmp_path / "flickr8k")
    day = tmp_path / "everyday"
    names = ["a.jpg", "b.jpg", "c.jpg", "d.jpg", "e.jpg"]
    write_pictures(day / "images", names)
    write_coco(day / "captions_train.json", {"a.jpg": ["A cup."], "b.jpg": ["A cat."]})
    write_coco(day / "captions_dev.json", {"c.jpg": ["A car."]})
    write_coco(day / "uncaptioned.json", {"d.jpg": [], "e.jpg": []})
    (day / "sentences.tsv.gz").write_bytes(gzip.compress(b"1\tA red bus.\n2\tA bed.\n"))
    return tmp_path


def test_a_single_set_is_read_below_the_root_or_is_the_root(root):
    below = read_sets(root, ["flickr8k"])
    itself = read_sets(root / "flickr8k", ["flickr8k"])
    assert below.splits == itself.splits == read(root / "flickr8k").splits
    assert below.splits["train"][0] == "picture0.jpg"
    assert itself.sources == below.sources
    (root / "flickr8k").rename(root / "mine")
    assert read_sets(root / "mine", ["flickr8k"]).sources[0]["set"] == "mine"


def test_the_root_is_the_only_set_if_it_has_none_of_several(root):
    found = read_sets(root / "flickr8k", ["flickr8k", "everyday", "labels.npz"], [1, 2, 1])
    assert [source["set"] for source in found.sources] == ["flickr8k"]
    assert not found.weights


def test_sets_that_are_not_there_are_an_error_unless_they_may_be_missing(root):
    sets = ["flickr8k", "labels.npz"]
    with pytest.raises(TrainingError, match=r"labels\.npz"):
        read_sets(root, sets, [2, 1])
    found = read_sets(root, sets, [2, 1], all_of_them=False)
    assert set(found.weights.values()) == {2}


def test_sets_are_combined_with_their_names_in_the_keys(root):
    sets = ["flickr8k", "everyday", "everyday/uncaptioned.json", "everyday/sentences.tsv.gz"]
    data = read_sets(root, sets, [1, 2, 0.5, 1])
    assert {split: len(keys) for split, keys in data.splits.items()} == {"train": 20, "dev": 7}
    assert data.captions["everyday/c.jpg"] == ["A car."]
    assert "everyday/c.jpg" in data.splits["dev"]
    assert data.uncaptioned == ["everyday/d.jpg", "everyday/e.jpg"]
    assert data.path("everyday/d.jpg").is_file()
    assert data.sentences == ["A red bus.", "A bed."]
    assert data.weights["everyday/a.jpg"] == 2
    assert data.weights["everyday/d.jpg"] == 0.5
    assert "flickr8k/picture0.jpg" not in data.weights
    again = data.reweighted({"everyday": 0.5, "everyday/uncaptioned.json": 4})
    assert again.weights["everyday/a.jpg"] == 1
    assert again.weights["everyday/d.jpg"] == 2
    assert again.weights["flickr8k/picture0.jpg"] == 1
    assert [source["set"] for source in data.sources] == sets
    assert [source["captions"] for source in data.sources] == [120, 3, 0, 2]


def test_one_set_of_pictures_with_sentences_has_plain_names(root):
    data = read_sets(root, ["everyday", "everyday/sentences.tsv.gz"])
    assert list(data.captions) == ["a.jpg", "b.jpg", "c.jpg"]
    assert len(data.sentences) == 2


def test_copies_of_dev_pictures_do_not_train(root):
    images, flickr = root / "everyday" / "images", root / "flickr8k" / "Flicker8k_Dataset"
    shutil.copy(flickr / "picture23.jpg", images / "a.jpg")
    shutil.copy(images / "c.jpg", images / "e.jpg")
    data = read_sets(root, ["flickr8k", "everyday", "everyday/uncaptioned.json"])
    assert "flickr8k/picture23.jpg" in data.splits["dev"]
    assert "everyday/a.jpg" not in data.splits["train"]
    assert data.uncaptioned == ["everyday/d.jpg"]
    assert reports(data, "also in dev", ": 2.")


def test_copies_of_the_test_split_do_not_train(root):
    test = root / "flickr8k" / "Flickr8k_text" / "Flickr_8k.testImages.txt"
    train = test.with_name("Flickr_8k.trainImages.txt")
    train.write_text(train.read_text("utf-8").replace("picture3.jpg", ""), "utf-8")
    test.write_text("picture3.jpg\n", "utf-8")
    pictures = root / "flickr8k" / "Flicker8k_Dataset"
    shutil.copy(pictures / "picture3.jpg", root / "everyday" / "images" / "a.jpg")
    data = read_sets(root, ["flickr8k", "everyday"])
    assert not {"everyday/a.jpg", "flickr8k/picture3.jpg"}.intersection(data.splits["train"])


def test_copies_in_a_single_set_do_not_train(root):
    pictures = root / "flickr8k" / "Flicker8k_Dataset"
    shutil.copy(pictures / "picture23.jpg", pictures / "picture3.jpg")
    data = read_sets(root, ["flickr8k"])
    assert "picture23.jpg" in data.splits["dev"]
    assert "picture3.jpg" not in data.splits["train"]


def test_a_picture_with_captions_is_not_uncaptioned(root):
    write_coco(root / "everyday" / "uncaptioned.json", {"a.jpg": [], "d.jpg": []})
    data = read_sets(root, ["everyday", "everyday/uncaptioned.json"])
    assert data.uncaptioned == ["everyday/d.jpg"]
    assert "everyday/a.jpg" in data.splits["train"]


def test_different_pictures_of_the_same_name_get_different_keys(root):
    sets = ["coco/captions_train2014.json", "coco/captions_train2017.json"]
    for number, year in enumerate((2014, 2017)):
        names = [f"{number}.jpg", "a.jpg"]
        folder = write_pictures(root / "coco" / f"train{year}", names)
        write_coco(root / "coco" / f"captions_train{year}.json", {name: ["A."] for name in names})
        shutil.copy(folder / names[0], folder / "a.jpg")
    data = read_sets(root, sets)
    assert data.path("coco/a.jpg") == root / "coco" / "train2014" / "a.jpg"
    assert data.path(f"{sets[1]}/a.jpg") == root / "coco" / "train2017" / "a.jpg"


def test_the_same_picture_in_two_sets_has_one_key(root):
    write_coco(root / "everyday" / "more.json", {"a.jpg": ["A hat."], "d.jpg": ["A bed."]})
    data = read_sets(root, ["everyday", "everyday/more.json"])
    assert data.captions["everyday/a.jpg"] == ["A cup.", "A hat."]


def test_soft_labels_belong_to_the_pictures_of_the_other_sets(root):
    np.savez(root / "labels.npz", names=["d.jpg", "everyday/a.jpg", "z.jpg"], labels=np.eye(3))
    data = read_sets(root, ["everyday", "everyday/uncaptioned.json", "labels.npz"])
    assert {key: row.tolist() for key, row in data.labels.items()} == {
        "everyday/d.jpg": [1, 0, 0],
        "everyday/a.jpg": [0, 1, 0],
    }
    assert reports(data, "labels.npz", "2 of 5 pictures have soft labels", "3")


def test_labels_of_different_lengths_are_refused(root):
    np.savez(root / "labels.npz", names=["d.jpg"], labels=np.ones((1, 3)))
    np.savez(root / "others.npz", names=["a.jpg"], labels=np.ones((1, 4)))
    with pytest.raises(TrainingError, match=r"others\.npz"):
        read_sets(root, ["everyday", "labels.npz", "everyday/uncaptioned.json", "others.npz"])


def test_a_matrix_is_not_combined_with_pictures(root):
    (root / "matrix").mkdir()
    (root / "matrix" / "lines.txt").write_text("x.jpg a dog\ny.jpg a cat\n", "utf-8")
    np.save(root / "matrix" / "lines.npy", np.ones((2, 4)))
    assert read_sets(root, ["matrix"]).features.shape == (2, 4)
    with pytest.raises(TrainingError, match="matrix"):
        read_sets(root, ["matrix", "everyday"])


@pytest.mark.parametrize(
    ("sets", "reason"),
    [
        (["flickr8k", "nothing"], "There is no .*nothing"),
        (["everyday/uncaptioned.json"], "No picture"),
        (["everyday/images"], "There is no training data"),
    ],
)
def test_missing_sets_and_sets_without_captions_are_refused(root, sets, reason):
    with pytest.raises(TrainingError, match=reason) as caught:
        read_sets(root, sets)
    assert "--data" in caught.value.way_out


def test_a_missing_root_is_refused(tmp_path):
    with pytest.raises(TrainingError, match="There is no"):
        read_sets(tmp_path / "none", ["flickr8k"])


@pytest.mark.parametrize("path", ["", "missing", "file.bin"])
def test_a_path_without_data_is_refused_with_a_way_out(tmp_path, path):
    (tmp_path / "file.bin").write_bytes(b"\x00")
    with pytest.raises(TrainingError) as caught:
        read(tmp_path / path)
    assert "Flickr8k" in caught.value.way_out


@given(
    case=st.sampled_from(
        [
            (flickr8k, "Flickr8k.token.txt", b"picture0.jpg#0\tA dog .\n"),
            (csv, "captions.csv", b"image,caption\npicture0.jpg,A dog .\n"),
            (coco, "captions_wild.json", b""),
            (matrix, "lines.txt", b"picture0.jpg a dog\n"),
            (sentences, "sentences.txt.gz", b""),
            (labels, "labels.npz", b""),
        ]
    ),
    content=WILD,
)
def test_any_file_is_read_or_refused(tmp_path_factory, case, content):
    format, file, head = case
    folder = tmp_path_factory.mktemp("wild")
    (folder / "Images").mkdir()
    (folder / "Images" / "picture0.jpg").touch()
    (folder / file).write_bytes(head + content)
    np.save(folder / "features.npy", np.ones((3, 2)))
    with contextlib.suppress(TrainingError):
        data = format.read(folder / file if format in (sentences, labels) else folder)
        assert all(several and all(several) for several in data.captions.values())
        assert set(data.splits["train"] + data.splits["dev"]) <= set(data.captions)
