"""The index: pictures by content, shared by processes, and replaced when it is damaged."""

import contextlib
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import textwrap
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from image_describer import paths
from image_describer.captioner.description import Alternative, Description, Word
from image_describer.errors import LibraryError
from image_describer.library import database, tables
from image_describer.library.describe_files import content_key
from image_describer.library.index import Index, ModelId, model_id_of
from image_describer.library.record import Record
from image_describer.reading.text import PictureText, TextLine
from tests.support import tiny

OURS, OTHER = ModelId("ours", "space"), ModelId("other", "elsewhere")
SIZE = 8


@pytest.fixture(autouse=True)
def _files_are_old(monkeypatch):
    """Treat files that a test has just created as old ones."""
    monkeypatch.setattr(tables, "RECENT_CHANGE_S", -1.0)


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "pictures"
    folder.mkdir()
    return folder


@pytest.fixture
def index(tmp_path):
    with Index.open(tmp_path / "library" / "index.sqlite3", OURS) as index:
        yield index


def vector(number):
    """(SIZE,) of length 1, a different one for each number."""
    values = np.random.default_rng(number).standard_normal(SIZE).astype(np.float32)
    return values / np.linalg.norm(values)


DOG = Description("a brown dog runs", 0.75)


def record(folder, name, caption="a brown dog runs", number=0, content=None):
    """Create a file in place of a picture, and return its record."""
    file = os.path.join(os.fspath(folder), name)
    with open(file, "wb") as picture:
        picture.write(content if content is not None else os.fsencode(name))
    description = Description(
        caption,
        0.75,
        (Alternative("an animal on a meadow", 0.5),),
        (Word("dog", 0.5, (0.0, 0.0, 0.5, 1.0)),),
        ("The picture is very dark.",),
        file=file,
        width=40,
        height=30,
    )
    return Record(file, content_key(file), replace(description, embedding=vector(number)))


def with_alt_text(described, text):
    return replace(described, description=replace(described.description, alt_text=text))


def no_reading(monkeypatch):
    def refuse(file):
        raise AssertionError(f"{file} was read")

    monkeypatch.setattr("image_describer.library.index.content_key", refuse)


def files_of(index, words):
    return [f for number, _ in index.match_words(words) for f in index.picture(number).files]


def test_lookup_does_not_read_an_unchanged_file(index, folder, monkeypatch):
    stored = record(folder, "dog.jpg")
    assert index.add([stored]) == len(index) == 1
    no_reading(monkeypatch)
    known = index.lookup(stored.file)
    assert (known.file, known.key, known.description) == (
        stored.file,
        stored.key,
        stored.description,
    )
    assert known.embedding == pytest.approx(stored.embedding, abs=1e-3)
    assert known.embedding.dtype == np.float32


def test_a_file_of_an_unknown_size_is_not_read(index, folder, monkeypatch):
    index.add([record(folder, "dog.jpg")])
    (folder / "new.jpg").write_bytes(b"x" * 1000)
    no_reading(monkeypatch)
    assert index.lookup(folder / "new.jpg") is None
    assert index.lookup(folder / "missing.jpg") is None
    assert index.lookup(folder) is None
    assert index.lookup("no\0name") is None


@pytest.mark.parametrize("elsewhere", ["moved.jpg", "deeper/moved.jpg"])
def test_a_moved_picture_is_found_by_its_content(index, folder, elsewhere, monkeypatch):
    stored = record(folder, "dog.jpg")
    index.add([stored])
    goal = folder / elsewhere
    goal.parent.mkdir(exist_ok=True)
    Path(stored.file).rename(goal)
    known = index.lookup(goal)
    assert known.key == stored.key
    assert known.description.file == str(goal)
    index.forget_missing(folder)
    assert len(index) == 1
    assert files_of(index, "moved") == [str(goal)]
    assert files_of(index, "names : dog") == []
    no_reading(monkeypatch)
    assert index.lookup(goal) is not None


def test_copies_are_one_picture_with_two_files(index, folder):
    stored = record(folder, "dog.jpg")
    index.add([stored])
    shutil.copyfile(stored.file, folder / "copy.jpg")
    assert index.lookup(folder / "copy.jpg").key == stored.key
    assert len(index) == 1
    assert files_of(index, "dog") == [str(folder / "copy.jpg"), stored.file]


def test_a_changed_file_replaces_its_old_content(index, folder):
    stored = record(folder, "dog.jpg")
    index.add([stored])
    assert not index.is_changed(stored.file)
    new = record(folder, "dog.jpg", "a cat sleeps", content=b"another picture altogether")
    assert index.is_changed(stored.file)
    assert index.lookup(stored.file) is None
    index.add([new])
    assert len(index) == 1
    assert files_of(index, "cat") == [stored.file]
    assert files_of(index, "caption : dog") == []


def test_a_change_of_a_recent_file_that_keeps_size_and_time_is_noticed(index, folder, monkeypatch):
    monkeypatch.setattr(tables, "RECENT_CHANGE_S", 60.0)
    stored = record(folder, "dog.jpg", content=b"one")
    status = os.stat(stored.file)
    index.add([stored])
    assert index.lookup(stored.file).key == stored.key
    Path(stored.file).write_bytes(b"two")
    os.utime(stored.file, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert index.lookup(stored.file) is None


def test_a_picture_that_can_no_longer_be_described_is_forgotten(index, folder):
    stored = record(folder, "dog.jpg")
    index.add([stored])
    assert index.add([Record(stored.file, "f" * 64, error="It is damaged.")]) == 0
    assert len(index) == 0
    assert index.lookup(stored.file) is None or index.lookup(stored.file).key == stored.key


def test_deleted_files_are_forgotten_but_not_a_missing_folder(index, folder):
    gone, stays = record(folder, "gone.jpg"), record(folder, "stays.jpg")
    disk = folder.parent / "disk"
    disk.mkdir()
    index.add([gone, stays, record(disk, "away.jpg")])
    Path(gone.file).unlink()
    disk.rename(folder.parent / "unplugged")
    assert index.forget_missing([folder, disk]) == 1
    assert len(index) == 2
    assert list(index.ids_below(folder)) == [index.match_words("stays")[0][0]]
    assert index.picture(index.match_words("away")[0][0]).files == (str(disk / "away.jpg"),)


def test_files_of_an_unplugged_disk_are_kept_for_a_month(index, folder, monkeypatch):
    disk, unplugged = folder.parent / "disk", folder.parent / "unplugged"
    disk.mkdir()
    index.add([record(folder, "stays.jpg"), record(disk, "away.jpg")])
    disk.rename(unplugged)
    assert index.forget_missing() == 1
    assert len(index) == 1
    unplugged.rename(disk)
    assert index.forget_missing() == 0
    assert len(index) == 2
    assert files_of(index, "away") == [str(disk / "away.jpg")]
    disk.rename(unplugged)
    index.forget_missing()
    monkeypatch.setattr("image_describer.library.index.LOST_KEPT_S", -1.0)
    index.forget_missing()
    assert files_of(index, "away") == []
    assert files_of(index, "dog") == [str(folder / "stays.jpg")]


def test_pictures_missing_for_a_month_are_deleted(index, folder, monkeypatch):
    stored = record(folder, "dog.jpg")
    index.add([stored])
    Path(stored.file).rename(folder.parent / "away.jpg")
    index.forget_missing(folder)
    assert index.lookup(folder.parent / "away.jpg").key == stored.key  # nothing was lost
    (folder.parent / "away.jpg").unlink()
    index.forget_missing(folder.parent)
    monkeypatch.setattr("image_describer.library.index.LOST_KEPT_S", -1.0)
    index.forget_missing(folder)
    assert index.match_words("dog") == []
    assert len(index.vectors()) == 0


def test_pictures_of_another_model_are_stale_but_found_by_words(index, folder):
    stored = record(folder, "dog.jpg")
    index.add([with_alt_text(stored, "My dog Zebedee")])
    with Index.open(index.path, OTHER) as other:
        assert other.lookup(stored.file) is None
        assert (other.count_stale(), index.count_stale()) == (1, 0)
        (number, _score) = other.match_words("zebedee")[0]
        assert other.picture(number).stale
        assert len(other.vectors()) == 0
        other.add([with_alt_text(record(folder, "dog.jpg", "a hound", number=5), "My dog")])
        assert (other.count_stale(), len(other), len(other.vectors())) == (0, 1, 1)
        new = other.match_words("hound")[0][0]
        assert new != number
        assert other.picture(number) is None
        assert other.picture(new).author == "My dog"
    assert len(index.vectors()) == 0


def test_words_match_captions_alternatives_alt_text_and_names(index, folder):
    stored = record(folder, "Holiday_2019-Rome.jpg")
    index.add([with_alt_text(stored, "Grandmother"), record(folder, "b.jpg", "a cat", 1)])
    for words in ("dogs", "running", "grandmothers", "holiday", "2019", "rome"):
        assert files_of(index, words) == [stored.file], words
    assert stored.file in files_of(index, "meadows")
    assert files_of(index, "jpg") == []
    index.add([stored])
    assert files_of(index, "grandmother") == []


def test_only_pictures_below_the_folders_are_found(index, folder):
    near, far = folder / "a_b", folder / "axb"
    near.mkdir()
    far.mkdir()
    index.add([record(near, "1.jpg"), record(far, "2.jpg"), record(folder, "3.jpg")])
    link = folder / "link"
    link.symlink_to(near)
    for within in (near, [near], f"{near}/", os.path.relpath(near), link):
        assert [index.picture(n).files for n, _ in index.match_words("dog", within)] == [
            (str(near / "1.jpg"),)
        ]
        assert len(index.ids_below(within)) == 1
    assert len(index.match_words("dog", [near, far])) == 2
    assert len(index.match_words("dog", "/")) == len(index.match_words("dog")) == 3
    assert index.match_words("dog", []) == []


@pytest.mark.skipif(sys.platform != "linux", reason="only here can a name be any bytes")
def test_a_name_that_is_not_utf8(index, folder):
    stored = record(os.fsencode(folder).decode(), os.fsdecode(b"caf\xe9 noir.jpg"))
    index.add([stored])
    assert index.lookup(stored.file).file == stored.file
    assert files_of(index, "noir") == [stored.file]
    assert os.path.isfile(files_of(index, "dog")[0])


def test_only_the_owner_can_read_it(index, folder):
    index.add([record(folder, "dog.jpg")])
    modes = {file.stat().st_mode & 0o777 for file in index.path.parent.iterdir()}
    assert modes == {0o600}
    assert index.path.parent.stat().st_mode & 0o777 == 0o700


def test_the_default_path_is_in_the_data_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "data_folder", lambda: tmp_path)
    with Index.open() as index:
        assert index.path == tmp_path / "library" / "index.sqlite3"
        assert len(index) == 0


def garbage(path):
    path.write_bytes(b"this is not a database " * 1000)


def cut(path):
    path.write_bytes(path.read_bytes()[:9000])


def empty_middle(path):
    content = bytearray(path.read_bytes())
    content[4096:-4096] = bytes(len(content) - 8192)
    path.write_bytes(content)


def another_program(path):
    path.unlink()
    with contextlib.closing(sqlite3.connect(path)) as other, other:
        other.execute("CREATE TABLE songs (name TEXT)")


@pytest.mark.parametrize("damage", [garbage, cut, empty_middle, another_program])
def test_a_damaged_index_is_kept_and_replaced(tmp_path, folder, damage):
    path = tmp_path / "index.sqlite3"
    stored = record(folder, "dog.jpg")
    with Index.open(path, OURS) as index:
        index.add([stored])
        index.vectors()
    damage(path)
    damaged = path.read_bytes()
    with Index.open(path, OURS) as index:
        assert index.lookup(stored.file) is None
        assert index.match_words("dog") == []
        assert "damaged" in index.warning
        assert index.add([stored]) == len(index) == len(index.vectors()) == 1
    assert (tmp_path / "index.sqlite3.damaged").read_bytes() == damaged


def test_two_connections_notice_damage(tmp_path, folder):
    path = tmp_path / "index.sqlite3"
    stored = record(folder, "dog.jpg")
    with Index.open(path, OURS) as one, Index.open(path, OURS) as two:
        one.add([stored])
        assert len(two) == 1
        for file in tmp_path.glob("index.sqlite3*"):
            file.unlink()
        garbage(path)  # a new file: the open one stays valid, but is no longer used
        assert one.add([stored]) == 1
        assert two.lookup(stored.file).key == stored.key
        assert len(list(tmp_path.glob("*.damaged*"))) == 1


def test_an_index_of_a_newer_version_is_left_alone(tmp_path):
    path = tmp_path / "index.sqlite3"
    Index.open(path).close()
    with contextlib.closing(sqlite3.connect(path)) as newer, newer:
        newer.execute(f"PRAGMA user_version = {database.VERSION + 1}")
    with pytest.raises(LibraryError, match=r"newer Image Describer.*pip install --upgrade"):
        Index.open(path)
    assert [file.name for file in tmp_path.iterdir()] == ["index.sqlite3"]


def test_what_is_not_a_file_is_refused(tmp_path):
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "file").write_bytes(b"")
    for name in ("folder", "pipe", "file/index"):
        with pytest.raises(LibraryError, match="can't be read"):
            Index.open(tmp_path / name)


def test_a_writer_that_keeps_it_locked_is_reported(index, folder, monkeypatch):
    monkeypatch.setattr(database, "BUSY_S", 0.2)
    stored = record(folder, "dog.jpg")
    with (
        contextlib.closing(sqlite3.connect(index.path, isolation_level=None)) as writer,
        Index.open(index.path, OURS) as waiting,
    ):
        writer.execute("BEGIN IMMEDIATE")
        assert waiting.match_words("dog") == []  # reading still works
        with pytest.raises(LibraryError, match=r"busy for too long. Try again later"):
            waiting.add([stored])
        writer.execute("ROLLBACK")
        assert waiting.add([stored]) == 1


ADDER = """
import sys
import numpy as np
from image_describer.captioner.description import Description
from image_describer.library.index import Index, ModelId
from image_describer.library.record import Record

path, start, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
with Index.open(path, ModelId("ours", "space")) as index:
    for n in range(start, start + count, 10):
        index.add(
            Record(
                f"/none/{k}.jpg", f"{k:064x}", Description("a dog", 0.5, embedding=np.ones(8) / 3)
            )
            for k in range(n, n + 10)
        )
        print(n + 10, flush=True)
"""


def start_adding(path, start, count):
    """Start a process that adds ``count`` pictures by tens, and prints each number stored."""
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(ADDER), str(path), str(start), str(count)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(tiny.REPO)},
    )


def pictures_in(path):
    """Return how many there are, after an integrity check."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        connection.execute("INSERT INTO words (words) VALUES ('integrity-check')")
        count = connection.execute("SELECT count(*) FROM picture").fetchone()[0]
        for table in ("words", "vector"):
            assert connection.execute(f"SELECT count(*) FROM {table}").fetchone() == (count,)
    return count


def test_two_processes_write_at_once(tmp_path):
    path = tmp_path / "library" / "index.sqlite3"
    writers = [start_adding(path, start, 300) for start in (0, 1000)]
    for writer in writers:
        out, err = writer.communicate(timeout=60)
        assert writer.returncode == 0, err
        assert len(out.split()) == 30
    assert pictures_in(path) == 600
    assert not list(path.parent.glob("*.damaged*"))


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_a_killed_writer_loses_nothing_that_was_stored(tmp_path):
    path = tmp_path / "index.sqlite3"
    for round_, tens in enumerate((1, 30)):
        writer = start_adding(path, 100_000 * round_, 50_000)
        stored = 0
        for _ in range(tens):
            stored = int(writer.stdout.readline())
        writer.send_signal(signal.SIGKILL)
        rest = writer.stdout.read().split()
        writer.wait(timeout=30)
        writer.stdout.close()
        writer.stderr.close()
        stored = int(rest[-1]) if rest else stored
        with Index.open(path, OURS) as index:
            assert not index.warning
            kept = [number for number, _ in index.match_words("dog", limit=10**6)]
            mine = [n for n in kept if int(index.picture(n).key, 16) >= 100_000 * round_]
        assert len(mine) in (stored - 100_000 * round_, stored - 100_000 * round_ + 10)
    assert pictures_in(path) % 10 == 0


def test_the_text_in_a_picture_is_searchable_like_alt_text(index, folder):
    lines = tuple(TextLine(text, (0.0, 0.0, 1.0, 0.1), 0.9) for text in ("Bakery", "Müller"))
    stored = record(folder, "dog.jpg")
    text = PictureText(lines)
    index.add([replace(stored, description=replace(stored.description, text=text))])
    (number, _score) = index.match_words("{author} : muller")[0]
    assert index.match_words("bakery dog")
    assert index.picture(number).author == ""
    assert index.picture(number).description.text == text
    index.add([stored])
    assert index.match_words("bakery") == []


def test_the_alt_text_is_searchable(index, folder):
    stored = record(folder, "dog.jpg")
    description = replace(stored.description, alt_text="Zebedee, our dog")
    index.add([replace(stored, description=description)])
    (number, _score) = index.match_words("zebedee")[0]
    assert index.picture(number).author == index.picture(number).description.alt_text
    assert index.lookup(stored.file).description.alt_text == "Zebedee, our dog"


def test_a_record_is_known_in_its_language_and_no_model_of_it_is_stale(tmp_path, folder):
    model = ModelId("ours", "space", {"de": "ours in German"})
    english, german = record(folder, "a.jpg"), record(folder, "b.jpg", "ein brauner Hund")
    german = replace(german, description=replace(german.description, language="de"))
    with Index.open(tmp_path / "library" / "index.sqlite3", model) as index:
        index.add([english, german])
        assert index.lookup(english.file).description.language == "en"
        assert index.lookup(english.file, "de") is None
        assert index.lookup(german.file, "de").description.caption == "ein brauner Hund"
        assert index.lookup(german.file) is None
        assert index.count_stale() == 0
        assert len(index.vectors()) == 2
        index.add([replace(german, description=replace(german.description, language="en"))])
        assert (len(index), index.lookup(german.file, "de")) == (2, None)
    with Index.open(tmp_path / "library" / "index.sqlite3", OTHER) as other:
        assert other.count_stale() == 2


def test_each_language_of_a_model_has_a_name():
    digests = {"encoder.tflite": "1", "decoder.tflite": "2", "decoder.de.tflite": "2"}
    model = model_id_of(digests)
    assert model.name_in("en") == model.name == model_id_of({**digests, "x": "3"}).name
    assert model.name_in("de") not in (model.name, model_id_of({**digests, "encoder.tflite": "9"}))
    assert list(model.further) == ["de"]
