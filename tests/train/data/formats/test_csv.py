"""CSV tables of captions: Kaggle's and users' own."""

import contextlib
import csv
import io
import shutil
import unicodedata

import hypothesis
import pytest
from hypothesis import strategies
from PIL import Image

from image_describer.errors import TrainingError
from image_describer.library.exporters import csv as csv_exporter
from image_describer.library.record import Record
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


TABLE = "\n".join(["file,caption", *(f"{name},A dog runs." for name in NAMES[:8])]) + "\n"
SEMICOLONS = TABLE.replace(",", ";")


@pytest.mark.parametrize(
    "content",
    [
        TABLE.replace("\n", "\r\n").encode("utf-16"),
        TABLE.encode("utf-16-le"),
        TABLE.replace("\n", "\r\n").encode("utf-16-be"),
        TABLE.encode("utf-32"),
        TABLE.replace("\n", "\r").encode(),
        TABLE.replace("\n", "\r\r\n").encode("utf-8-sig"),
        b"sep=;\n" + SEMICOLONS.encode(),
        b'"SEP=;"\r\n\r\n' + SEMICOLONS.encode(),
        ("sep=\t\r\n" + TABLE.replace(",", "\t")).encode("utf-16"),
        TABLE.replace(",", "\t").encode(),
        TABLE.replace(",", "|").encode(),
        TABLE.replace(",", " , ").encode(),
        b"\n \n" + TABLE.encode(),
    ],
)
@pytest.mark.parametrize("name", ["captions.csv", "Captions.TSV", "captions.txt", "mine.csv"])
def test_encodings_line_ends_and_delimiters_of_spreadsheets(tmp_path, content, name):
    write_pictures(tmp_path, NAMES[:8])
    (tmp_path / name).write_bytes(content)
    assert read(tmp_path).captions == {picture: ["A dog runs."] for picture in NAMES[:8]}


def test_lines_that_are_not_utf_8_are_read_and_reported(own):
    folder = own("file,caption", *(f"{name},A dog." for name in NAMES[:8]))
    with (folder / "captions.csv").open("ab") as file:
        file.write(f"{NAMES[0]},The café’s dog.\r".encode("cp1252") + f"{NAMES[1]},É.".encode())
    data = read(folder)
    assert data.captions[NAMES[0]] == ["A dog.", "The café’s dog."]
    assert data.captions[NAMES[1]] == ["A dog.", "É."]
    assert reports(data, "not valid UTF-8: 1", "line 10", "Windows-1252")


def test_names_in_an_encoding_that_is_not_known_are_refused_with_the_line(tmp_path):
    write_pictures(tmp_path, ["写真.jpg"])
    (tmp_path / "captions.csv").write_bytes("file,caption\n写真.jpg,A dog.".encode("shift-jis"))
    with pytest.raises(TrainingError, match="not valid UTF-8: 1, such as line 2"):
        read(tmp_path)


@pytest.mark.parametrize("folder", ["{own}", "/old/computer", r"C:\Users\me\Pictures", "own", "."])
def test_paths_from_elsewhere_as_batch_writes_them(own, folder):
    folder = folder.format(own=own("").resolve())
    separator = "\\" if "\\" in folder else "/"
    table = io.BytesIO()
    write_pictures(own(""), ["trip/a.jpg"])
    names = [*NAMES[:8], "trip/a.jpg"]
    files = [folder + separator + name.replace("/", separator) for name in names]
    csv_exporter.write(table, [Record(file, "", error="damaged") for file in files])
    lines = table.getvalue().decode("utf-8-sig").splitlines()
    filled = [line.replace(",", ",A dog.", 1) for line in lines[1:]]
    data = read(own(lines[0], *filled))
    assert data.captions == {name: ["A dog."] for name in names}


def test_absolute_paths_of_pictures_elsewhere(own, tmp_path):
    files = [
        write_pictures(tmp_path / "elsewhere", ["a b.jpg"]) / name for name in ("a b.jpg", "no")
    ]
    data = read(own("file,caption", *(f"{file},A dog." for file in files), f"{NAMES[0]},A cat."))
    assert data.captions == {str(files[0]): ["A dog."], NAMES[0]: ["A cat."]}
    assert data.path(str(files[0])) == files[0]
    assert reports(data, "without a picture: 1")


def test_one_folder_counts_for_the_whole_table(own):
    folder = own("file,caption", "a/picture1.jpg,A dog.", "picture0.jpg,A cat.", "picture2.jpg,-")
    assert set(read(folder).captions) == {"picture0.jpg", "picture2.jpg"}


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_case_and_normalization_of_names_do_not_matter(tmp_path, form):
    names = [unicodedata.normalize(form, name) for name in ("Café 1.JPG", "Straße\u202f2.jpg")]
    write_pictures(tmp_path, [*names, "a.jpg", "A.JPG"])
    (tmp_path / "captions.csv").write_text(
        "file,caption\nCAFÉ 1.jpg,A cup.\nstrasse 2.JPG,A street.\na.jpg,A.\nA.jpg,B.\n", "utf-8"
    )
    data = read(tmp_path)
    assert data.captions == {names[0]: ["A cup."], names[1]: ["A street."], "a.jpg": ["A."]}
    assert data.path(names[0]).is_file()
    assert reports(data, "without a picture: 1", "A.jpg")


@hypothesis.settings(
    deadline=None, suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture]
)
@hypothesis.given(
    start=strategies.sampled_from([b"", b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf", b"sep="]),
    middle=strategies.sampled_from([b"", b"file,caption\n", b"file\tcaption\r", b'"file","text'])
    | strategies.binary(max_size=20),
    end=strategies.binary(max_size=80),
)
def test_any_table_is_read_or_refused_in_a_sentence(tmp_path, start, middle, end):
    write_pictures(tmp_path, NAMES[:1])
    (tmp_path / "captions.csv").write_bytes(start + middle + NAMES[0].encode() + end)
    with contextlib.suppress(TrainingError):
        assert set(read(tmp_path).captions) == {NAMES[0]}


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
    with pytest.raises(TrainingError, match=r"Line 1 of .* no columns") as caught:
        csv_reader.read(own("a,b", name="a.csv"))
    assert "captions.csv" in caught.value.way_out
    with pytest.raises(TrainingError, match="2 CSV files"):
        csv_reader.read(own("a,b", name="b.csv"))
