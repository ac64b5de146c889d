"""The history: descriptions are kept, found by their words, shared by windows, and cleared."""

import contextlib
import dataclasses
import os
import sqlite3
import stat
import subprocess
import sys
from datetime import datetime, timezone
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from image_describer import paths
from image_describer.captioner.description import Alternative, Description, Seconds, Word
from image_describer.errors import HistoryError
from image_describer.library import database, history
from image_describer.library.history import OLD_FILE, History
from image_describer.library.history_entry import HistoryEntry
from image_describer.library.index import Index
from image_describer.library.record import Record
from image_describer.reading.text import PictureText, TextLine
from image_describer.wording import details
from image_describer.wording.sentence import SpokenDescription

DOG = Description(
    caption="a brown dog runs through the grass",
    confidence=0.734,
    alternatives=(Alternative("a puppy plays", 0.5),),
    words=(Word("dog", 0.9, (0.0, 0.25, 0.5, 1.0)),),
    notes=("The picture is very dark.",),
    seconds=Seconds(0.1, 0.2, 0.3),
    file="/photos/dog.jpg",
    width=640,
    height=480,
)
SPOKEN = SpokenDescription("", "Probably: a brown dog runs through the grass.")
NOON = datetime(2031, 5, 6, 12, 0, 7, tzinfo=timezone.utc)


@pytest.fixture
def past(tmp_path: Path) -> History:
    return History(tmp_path / "library" / "index.sqlite3")


@pytest.fixture
def old_file(tmp_path: Path) -> Path:
    """Where earlier versions kept the history."""
    return tmp_path / OLD_FILE


def old_line(number: int) -> bytes:
    return HistoryEntry(f"key{number}", NOON, f"{number}.jpg", SPOKEN, DOG).to_line() + b"\n"


def names(past: History) -> list[str]:
    return [entry.name for entry in past.entries()]


def test_an_entry_holds_the_whole_description(past: History) -> None:
    past.add(DOG, SPOKEN, "dog.jpg")
    (entry,) = past.entries()
    assert entry.description == DOG
    assert details.sentences(entry.description) == details.sentences(DOG)
    assert (entry.caption, entry.spoken, entry.name) == (DOG.caption, SPOKEN, "dog.jpg")
    assert entry.file == DOG.file
    assert abs((datetime.now(timezone.utc) - entry.time).total_seconds()) < 60


def test_entries_are_in_the_order_they_were_added(past: History) -> None:
    added = [past.add(DOG, SPOKEN, f"{number}.jpg") for number in range(3)]
    assert past.entries() == added
    assert past.warning == ""


def test_a_relative_path_is_kept_as_absolute(
    past: History, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    entry = past.add(dataclasses.replace(DOG, file="dog.jpg"), SPOKEN, "dog.jpg")
    assert entry.file == str(tmp_path / "dog.jpg")
    assert past.add(dataclasses.replace(DOG, file=None), SPOKEN, "the clipboard").file is None


def test_the_stamp_changes_with_the_entries(past: History) -> None:
    empty = past.stamp()
    past.add(DOG, SPOKEN, "dog.jpg")
    one = past.stamp()
    assert one == past.stamp() != empty
    other = History(past.path)
    other.add(DOG, SPOKEN, "dog.jpg")
    two = past.stamp()
    assert two != one
    other.clear()
    assert past.stamp() not in (one, two)


@pytest.mark.skipif(os.name != "posix", reason="POSIX file modes")
def test_only_the_owner_can_read_it(past: History) -> None:
    mask = os.umask(0)
    try:
        past.add(DOG, SPOKEN, "dog.jpg")
    finally:
        os.umask(mask)
    modes = {stat.S_IMODE(file.stat().st_mode) for file in past.path.parent.iterdir()}
    assert modes == {0o600}
    assert stat.S_IMODE(past.path.parent.stat().st_mode) == 0o700


def test_the_oldest_entries_are_dropped(past: History, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "ENTRIES_LIMIT", 3)
    for number in range(5):
        past.add(DOG, SPOKEN, f"new{number}.jpg")
    assert names(past) == ["new2.jpg", "new3.jpg", "new4.jpg"]
    assert [entry.name for entry in past.find("new1")] == []


def test_the_default_path_is_in_the_data_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paths, "data_folder", lambda: tmp_path)
    History().add(DOG, SPOKEN, "dog.jpg")
    assert names(History(tmp_path / "library" / "index.sqlite3")) == ["dog.jpg"]


# Searching


@pytest.fixture(params=["FTS5", "LIKE"])
def searchable(request: pytest.FixtureRequest, past: History, monkeypatch: pytest.MonkeyPatch):
    """A history of four pictures, in an SQLite with and without full-text search."""
    if request.param == "LIKE":
        monkeypatch.setattr(database, "has_fts5", lambda _connection: False)
    for name, caption in {
        "beach.jpg": "a dog runs along the beach",
        "Été_2019.jpg": "two men sit at a table",
        "cat.jpg": "a cat sleeps",
        "snow.jpg": "a brown dog in the snow",
    }.items():
        description = Description(caption, 0.8, (Alternative("an animal", 0.5),), file=f"/{name}")
        past.add(description, SpokenDescription("", f"Probably: {caption}."), name)
    return past


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("snow DOG", ["snow.jpg", "beach.jpg"]),  # both words first, then one of them
        ("sle", ["cat.jpg"]),  # the beginning of a word
        ("2019", ["Été_2019.jpg"]),
        ("og", []),
        ("zebra", []),
        ("_ %", []),
        ('"', []),
    ],
)
def test_find(searchable: History, text: str, expected: list[str]) -> None:
    assert [entry.name for entry in searchable.find(text)] == expected


def test_find_looks_into_the_other_captions(searchable: History) -> None:
    assert len(searchable.find("animal")) == 4


def test_find_looks_into_the_text_in_pictures(searchable: History) -> None:
    lines = tuple(TextLine(text, (0.0, 0.0, 1.0, 0.1), 0.9) for text in ("Fire", "exit"))
    sign = Description("a sign", 0.8, text=PictureText(lines))
    searchable.add(sign, SpokenDescription("", "Probably: a sign.", "It says: Fire exit."), "sign")
    (entry,) = searchable.find("exit")
    assert (entry.name, entry.description.text) == ("sign", sign.text)


def test_find_returns_a_file_once_and_its_newest_entry(searchable: History) -> None:
    again = Description("a dog runs along the beach", 0.9, file="/beach.jpg")
    newest = searchable.add(again, SPOKEN, "beach.jpg")
    assert searchable.find("beach") == [newest]


def test_find_ignores_accents(past: History) -> None:
    past.add(DOG, SPOKEN, "Été.jpg")
    assert len(past.find("ete")) == 1


@given(text=st.text(max_size=60))
def test_any_text_can_be_searched_for(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    past = History(tmp_path_factory.getbasetemp() / "any" / "library" / "index.sqlite3")
    past.find(text)
    assert past.warning == ""
    past.close()


def test_entries_added_without_fts5_are_found_with_it(
    past: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(database, "has_fts5", lambda _connection: False)
        past.add(DOG, SPOKEN, "dog.jpg")
        past.close()
    assert [entry.name for entry in past.find("brown")] == ["dog.jpg"]


# The file of earlier versions


def test_the_old_file_is_imported_once(past: History, old_file: Path) -> None:
    old_file.write_bytes(b"".join(old_line(number) for number in range(3)))
    assert names(past) == ["0.jpg", "1.jpg", "2.jpg"]
    assert past.warning == ""
    assert not old_file.exists()
    past.add(DOG, SPOKEN, "new.jpg")
    assert past.find("1 jpg")[0].name == "1.jpg"
    assert names(History(past.path)) == ["0.jpg", "1.jpg", "2.jpg", "new.jpg"]


KILLED_IMPORT = """
import os, sys
from pathlib import Path
from image_describer.library import database
from image_describer.library.history import History
add_history = database.add_history

def killed_halfway(connection, rows, has_search):
    add_history(connection, rows[:1], has_search)
    os._exit(9)

if sys.argv[2] == "while adding":
    database.add_history = killed_halfway
else:
    Path.unlink = lambda *_, **__: os._exit(9)
History(Path(sys.argv[1])).entries()
"""


@pytest.mark.parametrize("moment", ["while adding", "before the old file is deleted"])
def test_a_killed_import_loses_nothing_and_adds_nothing_twice(
    past: History, old_file: Path, moment: str
) -> None:
    old_file.write_bytes(old_line(0) + old_line(1))
    killed = subprocess.run(
        [sys.executable, "-c", KILLED_IMPORT, str(past.path), moment],
        cwd=Path(__file__).parents[2],
        timeout=120,
    )
    assert killed.returncode == 9
    assert old_file.exists()
    assert names(past) == ["0.jpg", "1.jpg"]
    assert len(past.find("brown")) == 1
    assert past.warning == ""
    assert not old_file.exists()


def test_an_import_does_not_displace_newer_entries(
    past: History, old_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "ENTRIES_LIMIT", 3)
    past.add(DOG, SPOKEN, "new.jpg")
    past.close()
    early = dataclasses.replace(HistoryEntry.from_line(old_line(0)), time=NOON.replace(year=2020))
    lines = [dataclasses.replace(early, key=f"{n}", name=f"{n}.jpg").to_line() for n in range(3)]
    old_file.write_bytes(b"\n".join(lines))
    assert names(past) == ["1.jpg", "2.jpg", "new.jpg"]
    assert len(past.find("brown")) == 1


def test_damaged_lines_of_the_old_file_are_skipped_and_counted(
    past: History, old_file: Path
) -> None:
    content = old_line(0) + b"garbage\n" + old_line(1) + b'{"key": "to'
    old_file.write_bytes(content)
    assert names(past) == ["0.jpg", "1.jpg"]
    assert past.warning == (
        "2 entries of the history were damaged and left out; the old file is kept as "
        "history.jsonl.damaged."
    )
    assert names(past) == ["0.jpg", "1.jpg"]
    assert past.warning == ""
    assert old_file.with_name("history.jsonl.damaged").read_bytes() == content
    assert not old_file.exists()


@given(content=st.binary(max_size=3000))
def test_any_old_file_is_survived(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    folder = tmp_path_factory.mktemp("any")
    (folder / OLD_FILE).write_bytes(content)
    past = History(folder / "library" / "index.sqlite3")
    assert past.entries() == []
    assert bool(past.warning) == bool(content.strip(b"\n"))
    past.close()


def test_an_old_file_that_is_too_large_is_kept_under_another_name(
    past: History, old_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "OLD_FILE_LIMIT_BYTES", 10)
    old_file.write_bytes(b"x" * 11)
    assert past.entries() == []
    assert past.warning == (
        "The old history can't be read: it has 11 bytes. It is kept as history.jsonl.damaged."
    )
    assert not old_file.exists()


def test_a_description_that_is_too_long_is_refused(past: History) -> None:
    long = dataclasses.replace(DOG, notes=("x" * history.ENTRY_LIMIT_BYTES,))
    with pytest.raises(HistoryError, match=r"can't be written: the description is too long\. New"):
        past.add(long, SPOKEN, "dog.jpg")
    assert past.entries() == []


# Several windows

WRITER = """
import sys
from pathlib import Path
from image_describer.library.history import History
from tests.library.test_history import DOG, SPOKEN
past = History(Path(sys.argv[1]))
for number in range(40):
    past.add(DOG, SPOKEN, f"{sys.argv[2]}{number}")
    past.entries()
    assert not past.warning, past.warning
"""


def test_two_windows_lose_nothing(past: History, old_file: Path) -> None:
    old_file.write_bytes(old_line(0))
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(past.path), letter],
            cwd=Path(__file__).parents[2],
            stderr=subprocess.PIPE,
        )
        for letter in "ab"
    ]
    assert [writer.communicate(timeout=120)[1] for writer in writers] == [b"", b""]
    found = names(past)
    assert found.count("0.jpg") == 1
    for letter in "ab":
        assert [name for name in found if name[0] == letter] == [f"{letter}{n}" for n in range(40)]


def test_a_database_that_another_window_is_creating_is_not_damaged(past: History) -> None:
    past.path.parent.mkdir()
    with contextlib.closing(sqlite3.connect(past.path)) as connection:

        class SlowConnection:
            """A connection on which another window creates the tables after the first query."""

            def execute(self, sql: str) -> SimpleNamespace:
                row = connection.execute(sql).fetchone()
                past.add(DOG, SPOKEN, "dog.jpg")
                return SimpleNamespace(fetchone=lambda: row)

        assert database._version(SlowConnection()) == database.VERSION


# The index in the same database


def test_clearing_one_keeps_the_other(past: History) -> None:
    past.add(DOG, SPOKEN, "dog.jpg")
    with Index.open(past.path) as index:
        index.add([Record("/photos/dog.jpg", "0" * 64, DOG)])
        index.clear()
        assert (len(names(past)), index.match_words("dog")) == (1, [])
        index.add([Record("/photos/dog.jpg", "0" * 64, DOG)])
        past.clear()
        assert (names(past), past.find("dog"), len(index.match_words("dog"))) == ([], [], 1)


def test_a_database_without_history_is_upgraded(past: History) -> None:
    past.path.parent.mkdir()
    with contextlib.closing(sqlite3.connect(past.path)) as connection, connection:
        for statement in (database.PICTURES.sql + database.PICTURES.search_sql).split(";"):
            connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {database.APPLICATION_ID}")
        connection.execute("PRAGMA user_version = 1")
    past.add(DOG, SPOKEN, "dog.jpg")
    assert len(past.find("dog")) == 1
    with Index.open(past.path) as index:
        assert index.add([Record("/photos/dog.jpg", "0" * 64, DOG)]) == 1
    assert past.warning == ""


# Damage


def test_a_damaged_database_is_replaced(past: History) -> None:
    past.path.parent.mkdir()
    past.path.write_bytes(b"this is not a database " * 1000)
    assert past.entries() == []
    assert past.warning == (
        "The history was damaged; the old file is kept as index.sqlite3.damaged."
    )
    past.add(DOG, SPOKEN, "dog.jpg")
    assert names(past) == ["dog.jpg"]
    assert past.warning == ""


def test_the_history_survives_damage_to_the_index(past: History) -> None:
    for number in range(3):
        past.add(DOG, SPOKEN, f"{number}.jpg")
    past.close()
    with contextlib.closing(sqlite3.connect(past.path)) as connection, connection:
        connection.execute("DROP TABLE picture")
    with Index.open(past.path) as index:
        assert index.lookup(__file__) is None
        assert len(index) == 0
        assert "damaged" in index.warning
    assert names(past) == ["0.jpg", "1.jpg", "2.jpg"]
    assert len(past.find("brown")) == 1
    assert past.warning == ""


def test_a_damaged_row_is_left_out(past: History) -> None:
    for number in range(3):
        past.add(DOG, SPOKEN, f"{number}.jpg")
    past.close()
    with contextlib.closing(sqlite3.connect(past.path)) as connection, connection:
        connection.execute("UPDATE history SET entry = '{' WHERE id = 2")
    assert names(past) == ["0.jpg", "2.jpg"]


def test_what_is_not_a_file_is_an_error_and_never_hangs(past: History) -> None:
    past.path.parent.mkdir()
    make = [Path.mkdir] + ([os.mkfifo] if hasattr(os, "mkfifo") else [])
    for create in make:
        create(past.path)
        with pytest.raises(HistoryError, match=r"can't be read: .* New descriptions are not kept"):
            past.add(DOG, SPOKEN, "dog.jpg")
        assert past.entries() == []
        assert past.warning.startswith("The history can't be read: it is not a file.")
        assert past.stamp() == ("", 0)
        with pytest.raises(HistoryError, match="You can delete it yourself"):
            past.clear()
        past.path.rmdir() if past.path.is_dir() else past.path.unlink()


def test_a_writer_that_keeps_it_locked_is_reported(
    past: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "BUSY_S", 0.1)
    past.add(DOG, SPOKEN, "dog.jpg")
    past.close()
    with contextlib.closing(sqlite3.connect(past.path, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        with pytest.raises(HistoryError, match=r"can't be written: another program has kept it"):
            past.add(DOG, SPOKEN, "dog.jpg")
        assert names(past) == ["dog.jpg"]


# Clearing


def test_clearing_leaves_no_copy(past: History, old_file: Path) -> None:
    old_file.write_bytes(b"garbage\n" + old_line(0))
    past.add(DOG, SPOKEN, "secret.jpg")
    past.close()
    past.path.with_name("index.sqlite3.damaged").write_bytes(b"secret.jpg")
    past.clear()
    past.clear()
    assert past.entries() == []
    past.close()
    left = [file for file in old_file.parent.rglob("*") if file.is_file()]
    assert past.path in left
    for file in left:
        assert b"secret" not in file.read_bytes()
        assert b"brown" not in file.read_bytes()
        assert "damaged" not in file.name
