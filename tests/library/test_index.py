"""The index of one's own pictures: by content, for several processes, whatever is done to it."""

import contextlib
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import textwrap
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from image_describer import paths
from image_describer.captioner.description import Alternative, Description, Word
from image_describer.library import database, tables
from image_describer.library.describe_files import content_key
from image_describer.library.index import Index, LibraryError, Model
from image_describer.library.record import Record
from tests.support import tiny

OURS, OTHER = Model("ours", "space"), Model("other", "elsewhere")
SIZE = 8


@pytest.fixture(autouse=True)
def _files_are_old(monkeypatch):
    """Those that a test has just made count as unchanged for long, but for the test of that."""
    monkeypatch.setattr(tables, "UNSETTLED_S", -1.0)


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
    """(SIZE,) of length 1, another one for each number."""
    made = np.random.default_rng(number).standard_normal(SIZE).astype(np.float32)
    return made / np.linalg.norm(made)


DOG = Description("a brown dog runs", 0.75)


def record(folder, name, caption="a brown dog runs", number=0, content=None):
    """A file that stands for a picture, and what was said of it."""
    file = os.path.join(os.fspath(folder), name)
    with open(file, "wb") as made:
        made.write(content if content is not None else os.fsencode(name))
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


def no_reading(monkeypatch):
    def refuse(file):
        raise AssertionError(f"{file} was read")

    monkeypatch.setattr("image_describer.library.index.content_key", refuse)


def files_of(index, words):
    return [f for number, _ in index.words(words) for f in index.entry(number).files]


def test_what_was_added_is_known_without_reading_the_file(index, folder, monkeypatch):
    told = record(folder, "dog.jpg")
    assert index.add([told]) == len(index) == 1
    no_reading(monkeypatch)
    known = index.known(told.file)
    assert (known.file, known.key, known.description) == (told.file, told.key, told.description)
    assert known.embedding == pytest.approx(told.embedding, abs=1e-3)
    assert known.embedding.dtype == np.float32


def test_a_file_of_a_size_never_seen_is_not_read(index, folder, monkeypatch):
    index.add([record(folder, "dog.jpg")])
    (folder / "new.jpg").write_bytes(b"x" * 1000)
    no_reading(monkeypatch)
    assert index.known(folder / "new.jpg") is None
    assert index.known(folder / "missing.jpg") is None
    assert index.known(folder) is None
    assert index.known("no\0name") is None


@pytest.mark.parametrize("elsewhere", ["moved.jpg", "deeper/moved.jpg"])
def test_a_moved_picture_is_known_by_its_content(index, folder, elsewhere, monkeypatch):
    told = record(folder, "dog.jpg")
    index.add([told])
    goal = folder / elsewhere
    goal.parent.mkdir(exist_ok=True)
    Path(told.file).rename(goal)
    known = index.known(goal)
    assert known.key == told.key
    assert known.description.file == str(goal)
    index.forget_missing(folder)
    assert len(index) == 1
    assert files_of(index, "moved") == [str(goal)]
    assert files_of(index, "names : dog") == []
    no_reading(monkeypatch)
    assert index.known(goal) is not None


def test_copies_are_one_picture_in_two_places(index, folder):
    told = record(folder, "dog.jpg")
    index.add([told])
    shutil.copyfile(told.file, folder / "copy.jpg")
    assert index.known(folder / "copy.jpg").key == told.key
    assert len(index) == 1
    assert files_of(index, "dog") == [str(folder / "copy.jpg"), told.file]


def test_a_changed_file_is_noticed_and_its_old_content_forgotten(index, folder):
    told = record(folder, "dog.jpg")
    index.add([told])
    assert not index.is_changed(told.file)
    new = record(folder, "dog.jpg", "a cat sleeps", content=b"another picture altogether")
    assert index.is_changed(told.file)
    assert index.known(told.file) is None
    index.add([new])
    assert len(index) == 1
    assert files_of(index, "cat") == [told.file]
    assert files_of(index, "caption : dog") == []


def test_a_change_that_keeps_size_and_time_of_a_fresh_file_is_noticed(index, folder, monkeypatch):
    monkeypatch.setattr(tables, "UNSETTLED_S", 60.0)
    told = record(folder, "dog.jpg", content=b"one")
    status = os.stat(told.file)
    index.add([told])
    assert index.known(told.file).key == told.key
    Path(told.file).write_bytes(b"two")
    os.utime(told.file, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert index.known(told.file) is None


def test_a_picture_that_can_not_be_described_any_more_is_forgotten(index, folder):
    told = record(folder, "dog.jpg")
    index.add([told])
    assert index.add([Record(told.file, "f" * 64, error="It is damaged.")]) == 0
    assert len(index) == 0
    assert index.known(told.file) is None or index.known(told.file).key == told.key


def test_deleted_files_are_forgotten_but_not_those_of_an_unplugged_disk(index, folder):
    gone, stays = record(folder, "gone.jpg"), record(folder, "stays.jpg")
    disk = folder.parent / "disk"
    disk.mkdir()
    index.add([gone, stays, record(disk, "away.jpg")])
    Path(gone.file).unlink()
    disk.rename(folder.parent / "unplugged")
    assert index.forget_missing([folder, disk]) == 1
    assert len(index) == 2
    assert list(index.within(folder)) == [index.words("stays")[0][0]]
    assert index.entry(index.words("away")[0][0]).files == (str(disk / "away.jpg"),)


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


def test_what_was_lost_for_a_month_is_deleted(index, folder, monkeypatch):
    told = record(folder, "dog.jpg")
    index.add([told])
    Path(told.file).rename(folder.parent / "away.jpg")
    index.forget_missing(folder)
    assert index.known(folder.parent / "away.jpg").key == told.key  # nothing was lost
    (folder.parent / "away.jpg").unlink()
    index.forget_missing(folder.parent)
    monkeypatch.setattr("image_describer.library.index.LOST_KEPT_S", -1.0)
    index.forget_missing(folder)
    assert index.words("dog") == []
    assert len(index.vectors()) == 0


def test_another_model_is_noticed_and_its_words_are_still_found(index, folder):
    told = record(folder, "dog.jpg")
    index.add([told], {told.file: "My dog Zebedee"})
    with Index.open(index.path, OTHER) as other:
        assert other.known(told.file) is None
        assert (other.stale(), index.stale()) == (1, 0)
        (number, _score) = other.words("zebedee")[0]
        assert other.entry(number).stale
        assert len(other.vectors()) == 0
        other.add([record(folder, "dog.jpg", "a hound", number=5)])
        assert (other.stale(), len(other), len(other.vectors())) == (0, 1, 1)
        new = other.words("hound")[0][0]
        assert new != number
        assert other.entry(number) is None
        assert other.entry(new).author == "My dog Zebedee"
    assert len(index.vectors()) == 0


def test_words_stand_in_captions_alternatives_authors_words_and_names(index, folder):
    told = record(folder, "Holiday_2019-Rome.jpg")
    index.add([told, record(folder, "b.jpg", "a cat", 1)], {told.file: "Grandmother"})
    for words in ("dogs", "running", "grandmothers", "holiday", "2019", "rome"):
        assert files_of(index, words) == [told.file], words
    assert told.file in files_of(index, "meadows")
    assert files_of(index, "jpg") == []
    index.add([told], {told.file: ""})
    assert files_of(index, "grandmother") == []


def test_only_what_lies_within_the_folders_is_found(index, folder):
    near, far = folder / "a_b", folder / "axb"
    near.mkdir()
    far.mkdir()
    index.add([record(near, "1.jpg"), record(far, "2.jpg"), record(folder, "3.jpg")])
    link = folder / "link"
    link.symlink_to(near)
    for within in (near, [near], f"{near}/", os.path.relpath(near), link):
        assert [index.entry(n).files for n, _ in index.words("dog", within)] == [
            (str(near / "1.jpg"),)
        ]
        assert len(index.within(within)) == 1
    assert len(index.words("dog", [near, far])) == 2
    assert len(index.words("dog", "/")) == len(index.words("dog")) == 3
    assert index.words("dog", []) == []


@pytest.mark.skipif(sys.platform != "linux", reason="only here may a name be any bytes")
def test_a_name_that_is_no_utf8_survives(index, folder):
    told = record(os.fsencode(folder).decode(), os.fsdecode(b"caf\xe9 noir.jpg"))
    index.add([told])
    assert index.known(told.file).file == told.file
    assert files_of(index, "noir") == [told.file]
    assert os.path.isfile(files_of(index, "dog")[0])


def test_hundreds_are_added_quickly(index):
    """At the least a thousand a second, so that a batch never waits for its index."""
    many = [
        Record(f"/none/{n}.jpg", f"{n:064x}", replace(DOG, embedding=vector(n))) for n in range(500)
    ]
    began = time.process_time()
    assert index.add(many) == len(index.words("dog", limit=1000)) == 500
    assert time.process_time() - began < 0.5


def test_only_its_owner_may_read_it(index, folder):
    index.add([record(folder, "dog.jpg")])
    modes = {file.stat().st_mode & 0o777 for file in index.path.parent.iterdir()}
    assert modes == {0o600}
    assert index.path.parent.stat().st_mode & 0o777 == 0o700


def test_it_lies_in_the_users_data_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "data_folder", lambda: tmp_path)
    with Index.open() as index:
        assert index.path == tmp_path / "library" / "index.sqlite3"
        assert len(index) == 0


def garbage(path):
    path.write_bytes(b"this is no database " * 1000)


def cut(path):
    path.write_bytes(path.read_bytes()[:9000])


def empty_middle(path):
    content = bytearray(path.read_bytes())
    content[4096:-4096] = bytes(len(content) - 8192)
    path.write_bytes(content)


def not_ours(path):
    path.unlink()
    with contextlib.closing(sqlite3.connect(path)) as other, other:
        other.execute("CREATE TABLE songs (name TEXT)")


@pytest.mark.parametrize("spoil", [garbage, cut, empty_middle, not_ours])
def test_a_damaged_index_is_set_aside_and_begun_anew(tmp_path, folder, spoil):
    path = tmp_path / "index.sqlite3"
    told = record(folder, "dog.jpg")
    with Index.open(path, OURS) as index:
        index.add([told])
        index.vectors()
    spoil(path)
    spoilt = path.read_bytes()
    with Index.open(path, OURS) as index:
        assert index.known(told.file) is None
        assert index.words("dog") == []
        assert "damaged" in index.trouble
        assert index.add([told]) == len(index) == len(index.vectors()) == 1
    assert (tmp_path / "index.sqlite3.damaged").read_bytes() == spoilt


def test_damage_while_it_is_open_is_noticed_by_two_at_once(tmp_path, folder):
    path = tmp_path / "index.sqlite3"
    told = record(folder, "dog.jpg")
    with Index.open(path, OURS) as one, Index.open(path, OURS) as two:
        one.add([told])
        assert len(two) == 1
        for file in tmp_path.glob("index.sqlite3*"):
            file.unlink()
        garbage(path)  # a new file: what was open stays sound, and is nobody's any more
        assert one.add([told]) == 1
        assert two.known(told.file).key == told.key
        assert len(list(tmp_path.glob("*.damaged*"))) == 1


def test_an_index_of_a_newer_program_is_left_alone(tmp_path):
    path = tmp_path / "index.sqlite3"
    Index.open(path).close()
    with contextlib.closing(sqlite3.connect(path)) as newer, newer:
        newer.execute(f"PRAGMA user_version = {database.VERSION + 1}")
    with pytest.raises(LibraryError, match=r"newer Image Describer.*pip install --upgrade"):
        Index.open(path)
    assert [file.name for file in tmp_path.iterdir()] == ["index.sqlite3"]


def test_what_is_no_file_is_refused_in_a_sentence(tmp_path):
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "file").write_bytes(b"")
    for name in ("folder", "pipe", "file/index"):
        with pytest.raises(LibraryError, match="can't be read"):
            Index.open(tmp_path / name)


def test_a_writer_that_holds_on_is_waited_for_and_then_told_of(index, folder, monkeypatch):
    monkeypatch.setattr(database, "BUSY_S", 0.2)
    told = record(folder, "dog.jpg")
    with (
        contextlib.closing(sqlite3.connect(index.path, isolation_level=None)) as writer,
        Index.open(index.path, OURS) as waiting,
    ):
        writer.execute("BEGIN IMMEDIATE")
        assert waiting.words("dog") == []  # reading goes on
        with pytest.raises(LibraryError, match=r"busy for too long. Try again later"):
            waiting.add([told])
        writer.execute("ROLLBACK")
        assert waiting.add([told]) == 1


ADDER = """
import sys
import numpy as np
from image_describer.captioner.description import Description
from image_describer.library.index import Index, Model
from image_describer.library.record import Record

path, start, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
with Index.open(path, Model("ours", "space")) as index:
    for n in range(start, start + count, 10):
        index.add(
            Record(
                f"/none/{k}.jpg", f"{k:064x}", Description("a dog", 0.5, embedding=np.ones(8) / 3)
            )
            for k in range(n, n + 10)
        )
        print(n + 10, flush=True)
"""


def adding(path, start, count):
    """A process that adds ``count`` pictures by tens, and tells each ten once it is kept."""
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(ADDER), str(path), str(start), str(count)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(tiny.REPO)},
    )


def pictures_in(path):
    """How many there are, once SQLite itself has found the file sound."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        connection.execute("INSERT INTO words (words) VALUES ('integrity-check')")
        count = connection.execute("SELECT count(*) FROM picture").fetchone()[0]
        for table in ("words", "vector"):
            assert connection.execute(f"SELECT count(*) FROM {table}").fetchone() == (count,)
    return count


def test_two_processes_write_at_once_from_the_first_moment_on(tmp_path):
    path = tmp_path / "library" / "index.sqlite3"
    writers = [adding(path, start, 300) for start in (0, 1000)]
    for writer in writers:
        out, err = writer.communicate(timeout=60)
        assert writer.returncode == 0, err
        assert len(out.split()) == 30
    assert pictures_in(path) == 600
    assert not list(path.parent.glob("*.damaged*"))


@pytest.mark.skipif(sys.platform == "win32", reason="kill -9 is of POSIX")
def test_killed_in_the_middle_it_is_sound_and_holds_all_that_was_told(tmp_path):
    path = tmp_path / "index.sqlite3"
    for round_, tens in enumerate((1, 7, 30)):
        writer = adding(path, 100_000 * round_, 50_000)
        told = 0
        for _ in range(tens):
            told = int(writer.stdout.readline())
        writer.send_signal(signal.SIGKILL)
        rest = writer.stdout.read().split()
        writer.wait(timeout=30)
        writer.stdout.close()
        writer.stderr.close()
        told = int(rest[-1]) if rest else told
        with Index.open(path, OURS) as index:
            assert not index.trouble
            kept = [number for number, _ in index.words("dog", limit=10**6)]
            mine = [n for n in kept if int(index.entry(n).key, 16) >= 100_000 * round_]
        assert len(mine) in (told - 100_000 * round_, told - 100_000 * round_ + 10)
    assert pictures_in(path) % 10 == 0


def test_the_authors_words_come_out_of_the_description(index, folder):
    told = record(folder, "dog.jpg")
    said = replace(told.description, alt_text="Zebedee, our dog")
    index.add([replace(told, description=said)])
    (number, _score) = index.words("zebedee")[0]
    assert index.entry(number).author == index.entry(number).description.alt_text
    assert index.known(told.file).description.alt_text == "Zebedee, our dog"
