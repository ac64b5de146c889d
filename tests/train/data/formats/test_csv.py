"""CSV tables of captions: Kaggle's and users' own."""

import csv
import shutil

import pytest
from PIL import Image

from image_describer.errors import TrainingError
from image_describer.train.data.formats import csv as csv_reader
from image_describer.train.data.sets import read
from tests.support.data_sets import NAMES, append, check_splits, reports, write_pictures

CAPTIONS = ["A man , a dog and a cat .", 'A sign says " STOP " .', "Plain words ."]


@pytest.fixture
def kaggle(tmp_path):
    write_pictures(tmp_path / "kaggle" / "Images")
    with (tmp_path / "kaggle" / "captions.txt").open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["image", "caption"])
        rows.writerows([name, caption] for name in NAMES for caption in CAPTIONS)
    return tmp_path / "kaggle"


@pytest.fixture
def own(tmp_path):
    """A folder with eight pictures; call it to write its table."""
    folder = write_pictures(tmp_path / "own", NAMES[:8])

    def write(header, *rows, name="captions.csv"):
        (folder / name).write_text("\n".join([header, *rows]) + "\n", "utf-8")
        return folder

    return write


def test_kaggles_commas_and_quotes_are_read(kaggle):
    data = read(kaggle)
    assert data.captions[NAMES[0]] == CAPTIONS
    check_splits(data, dev=2)
    assert data.path(NAMES[0]).is_file()
    assert read(kaggle / "captions.txt").captions == data.captions


def test_faults_are_counted(kaggle):
    Image.new("RGB", (8, 8)).save(kaggle / "Images" / "uncaptioned.png")
    append(
        kaggle / "captions.txt",
        f"ghost.jpg,A ghost .\n{NAMES[0]},\nno caption here\n{NAMES[0]},Plain words .\n",
    )
    data = read(kaggle)
    assert data.captions[NAMES[0]] == CAPTIONS
    assert reports(data, "Captioned names without a picture: 1", "ghost.jpg")
    assert reports(data, "Lines of", "without a caption: 2")
    assert reports(data, "Duplicate captions", ": 1.")
    assert reports(data, "Pictures without a caption: 1", "uncaptioned.png")


def test_an_unclosed_quote_damages_only_its_own_line(kaggle):
    append(
        kaggle / "captions.txt",
        f'{NAMES[0]},"An open quote .\n{NAMES[1]},The next , one .\n'
        f'{NAMES[2]},"Quoted , ""x"" ."\n',
    )
    data = read(kaggle)
    assert data.captions[NAMES[0]] == [*CAPTIONS, "An open quote ."]
    assert data.captions[NAMES[1]] == [*CAPTIONS, "The next , one ."]
    assert data.captions[NAMES[2]] == [*CAPTIONS, 'Quoted , "x" .']
    assert reports(data, "Quotes")


def test_a_caption_can_have_two_lines(kaggle):
    append(kaggle / "captions.txt", f'{NAMES[0]},"Two\nlines ."\r\n')
    assert read(kaggle).captions[NAMES[0]][-1] == "Two\nlines ."


def test_captions_without_pictures_are_refused(kaggle):
    shutil.rmtree(kaggle / "Images")
    with pytest.raises(TrainingError, match="no caption for any picture"):
        read(kaggle)


@pytest.mark.parametrize("name", ["captions.csv", "my pictures.csv"])
@pytest.mark.parametrize(
    ("header", "row", "caption"),
    [
        ("file,caption", "{},A dog, outdoors.", "A dog, outdoors."),
        ("File;Description", "{};A dog; outdoors.", "A dog; outdoors."),
        ("alt,number,filename", "A dog.,5,{}", "A dog."),
        ('"picture","text"', '"{}","A ""dog""."', 'A "dog".'),
    ],
)
def test_any_columns_and_delimiters_are_understood(own, name, header, row, caption):
    data = read(own(header, *map(row.format, NAMES[:8]), name=name))
    assert data.captions == {picture: [caption] for picture in NAMES[:8]}


def test_pictures_in_subfolders_are_found_also_with_the_separators_of_windows(own):
    folder = own("file,caption", "trip\\a.jpg,A dog.", "./trip/b.jpg,A cat.")
    write_pictures(folder / "trip", ["a.jpg", "b.jpg"])
    data = read(folder)
    assert data.captions == {"trip/a.jpg": ["A dog."], "trip/b.jpg": ["A cat."]}
    assert data.path("trip/a.jpg").is_file()


def test_a_fifth_of_a_users_own_pictures_is_held_out(own):
    folder = own("file,caption", *(f"{name},A dog." for name in NAMES[:8]))
    data = csv_reader.read_own(folder)
    assert (len(data.splits["train"]), len(data.splits["dev"])) == (6, 2)


def test_too_few_own_pictures_are_refused(own):
    folder = own("file,caption", *(f"{name},A dog." for name in NAMES[:4]))
    with pytest.raises(TrainingError, match="4 pictures; the minimum is 5"):
        csv_reader.read_own(folder)
    with pytest.raises(TrainingError, match="no folder"):
        csv_reader.read_own(folder / "none")


def test_no_table_several_tables_and_other_columns_are_refused(own):
    with pytest.raises(TrainingError, match="0 CSV files"):
        csv_reader.read(write_pictures(own("file,caption", name="x.txt").parent / "other"))
    own("a,b", f"{NAMES[0]},A dog.", name="a.csv")
    with pytest.raises(TrainingError, match="no columns") as caught:
        csv_reader.read(own("a,b", name="a.csv"))
    assert "captions.csv" in caught.value.way_out
    with pytest.raises(TrainingError, match="2 CSV files"):
        csv_reader.read(own("a,b", name="b.csv"))
