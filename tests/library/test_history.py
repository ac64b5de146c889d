"""The history: what was said is found again, whatever happens to its file, until it is cleared."""

import dataclasses
import json
import os
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from image_describer import paths
from image_describer.captioner.description import (
    Alternative,
    Description,
    Seconds,
    Word,
)
from image_describer.errors import HistoryError
from image_describer.files import write_private
from image_describer.library import history
from image_describer.library.history import ENTRIES_LIMIT, LOCK_AGE_S, History
from image_describer.wording import details
from image_describer.wording.record import Entry, entry_of, line_of

DOG = Description(
    caption="a brown dog runs through the grass",
    confidence=0.734,
    alternatives=(Alternative("a dog runs", 0.5),),
    words=(Word("dog", 0.9, (0.0, 0.25, 0.5, 1.0)),),
    notes=("The picture is very dark.",),
    seconds=Seconds(0.1, 0.2, 0.3),
    file="/photos/dog.jpg",
    width=640,
    height=480,
)
SENTENCE = "Probably: a brown dog runs through the grass."
NOON = datetime(2031, 5, 6, 12, 0, 7, tzinfo=timezone.utc)


@pytest.fixture(scope="module", autouse=True)
def _no_other_window_writes() -> Iterator[None]:
    """In this process nobody is in the middle of a line, so there is nothing to wait for."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(history, "LINE_TAKES_S", 0.0)
        yield


@pytest.fixture
def past(tmp_path: Path) -> History:
    return History(tmp_path / "history.jsonl")


def fill(past: History, count: int) -> None:
    """Write ``count`` entries at once, as adding them one by one would have."""
    lines = [line_of(Entry(f"key{n}", NOON, f"{n}.jpg", SENTENCE, DOG)) for n in range(count)]
    past.path.write_bytes(b"".join(line + b"\n" for line in lines))


def names(past: History) -> list[str]:
    return [entry.name for entry in past.entries()]


fractions = st.floats(0, 1).map(lambda value: round(value, 3))
edges = st.tuples(fractions, fractions, fractions, fractions)
seconds = st.floats(0, 1e4).map(lambda value: round(value, 4))
texts = st.text(st.characters(exclude_categories=["Cc", "Cs", "Cf", "Z"]), max_size=40)
probabilities = st.floats(0, 1).map(lambda value: round(value, 4))
descriptions = st.builds(
    Description,
    caption=texts,
    confidence=fractions,
    alternatives=st.lists(st.builds(Alternative, texts, fractions), max_size=3).map(tuple),
    words=st.lists(st.builds(Word, texts, probabilities, edges), max_size=3).map(tuple),
    notes=st.lists(texts, max_size=2).map(tuple),
    seconds=st.builds(Seconds, seconds, seconds, seconds),
    # Any name that a file can have, be it Unicode or not.
    file=st.none() | st.text(st.characters(exclude_characters="\0")).map(lambda name: f"/{name}"),
    width=st.integers(0, 100_000),
    height=st.integers(0, 100_000),
)
moments = st.datetimes(
    datetime(1971, 1, 1), datetime(9998, 12, 31), timezones=st.just(timezone.utc)
).map(lambda moment: moment.replace(microsecond=0))


@given(entry=st.builds(Entry, st.just("k"), moments, texts, texts, descriptions))
def test_an_entry_comes_back_as_it_was(entry: Entry) -> None:
    line = line_of(entry)
    assert b"\n" not in line
    assert entry_of(line) == entry


@given(
    caption=st.text(),
    confidence=st.floats(),
    sentence=st.text(),
    name=st.text(),
    width=st.integers(0, 10**9),
)
def test_whatever_is_written_can_be_read(
    caption: str, confidence: float, sentence: str, name: str, width: int
) -> None:
    word = Word(caption, confidence, (confidence, 0.0, 1.0, 1.0))
    wild = Description(caption, confidence, words=(word,), notes=(name,), width=width)
    line = line_of(Entry("k", NOON, name, sentence, wild))
    assert line_of(entry_of(line)) == line


def test_all_that_can_be_said_about_a_picture_can_be_said_later(past: History) -> None:
    past.add(DOG, SENTENCE, "dog.jpg")
    (entry,) = past.entries()
    assert details.sentences(entry.description) == details.sentences(DOG)
    assert entry.description == DOG
    assert (entry.caption, entry.sentence, entry.name) == (DOG.caption, SENTENCE, "dog.jpg")
    assert entry.file == DOG.file
    assert abs((datetime.now(timezone.utc) - entry.time).total_seconds()) < 60


def test_newest_last_and_what_add_returns_is_what_is_found(past: History) -> None:
    added = [past.add(DOG, SENTENCE, f"{number}.jpg") for number in range(3)]
    assert past.entries() == added
    assert [entry.name for entry in added if entry] == ["0.jpg", "1.jpg", "2.jpg"]
    assert past.trouble == ""


def test_a_relative_file_is_kept_absolute(
    past: History, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    entry = past.add(dataclasses.replace(DOG, file="dog.jpg"), SENTENCE, "dog.jpg")
    assert entry is not None
    assert entry.file == str(tmp_path / "dog.jpg")
    entry = past.add(dataclasses.replace(DOG, file=None), SENTENCE, "the clipboard")
    assert entry is not None
    assert entry.file is None


def test_switched_off_nothing_is_written_and_nothing_is_read(past: History) -> None:
    past.add(DOG, SENTENCE, "dog.jpg")
    before = past.path.read_bytes()
    past.enabled = False
    assert past.add(DOG, SENTENCE, "secret.jpg") is None
    assert past.path.read_bytes() == before
    assert past.entries() == []
    past.path.write_bytes(b"garbage")
    assert past.entries() == []
    assert past.trouble == ""
    assert past.path.read_bytes() == b"garbage"


def test_only_the_owner_may_read_it(past: History) -> None:
    past.add(DOG, SENTENCE, "dog.jpg")
    fill(past, ENTRIES_LIMIT + 1)
    past.path.chmod(0o600)
    past.entries()
    if os.name == "posix":
        assert stat.S_IMODE(past.path.stat().st_mode) == 0o600


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
def test_a_new_file_is_private_whatever_the_mask(past: History) -> None:
    before = os.umask(0)
    try:
        past.add(DOG, SENTENCE, "dog.jpg")
    finally:
        os.umask(before)
    assert stat.S_IMODE(past.path.stat().st_mode) == 0o600


def test_the_oldest_go_beyond_the_limit(past: History) -> None:
    fill(past, ENTRIES_LIMIT)
    inode = past.path.stat().st_ino
    assert len(past.entries()) == ENTRIES_LIMIT
    assert past.path.stat().st_ino == inode  # there was no need to write it again
    for number in range(3):
        past.add(DOG, SENTENCE, f"new{number}.jpg")
    assert names(past)[0] == "3.jpg"
    assert names(past)[-1] == "new2.jpg"
    assert past.path.read_bytes().count(b"\n") == ENTRIES_LIMIT
    assert [one.name for one in past.path.parent.iterdir()] == ["history.jsonl"]


@given(content=st.binary(max_size=3000))
def test_any_bytes_are_survived(tmp_path_factory: Any, content: bytes) -> None:
    past = History(tmp_path_factory.mktemp("any") / "history.jsonl")
    past.path.write_bytes(content)
    assert past.entries() == []
    if content.strip(b"\n"):
        assert past.path.with_name("history.jsonl.damaged").read_bytes() == content
        assert past.trouble
    past.add(DOG, SENTENCE, "dog.jpg")
    assert names(past) == ["dog.jpg"]
    assert past.trouble == ""


@given(data=st.data())
def test_a_damaged_line_costs_only_itself(tmp_path_factory: Any, data: st.DataObject) -> None:
    past = History(tmp_path_factory.mktemp("line") / "history.jsonl")
    fill(past, 3)
    lines = past.path.read_bytes().split(b"\n")
    at = data.draw(st.integers(0, len(lines[1]) - 1))
    damage = data.draw(st.binary(max_size=5).filter(lambda data: b"\n" not in data))
    lines[1] = lines[1][:at] + damage
    past.path.write_bytes(b"\n".join(lines))
    assert [name for name in names(past) if name != "1.jpg"] == ["0.jpg", "2.jpg"]


def changed(**more: object) -> bytes:
    record = json.loads(line_of(Entry("k", NOON, "dog.jpg", SENTENCE, DOG)))
    return json.dumps({**record, **more}).encode()


@pytest.mark.parametrize(
    "line",
    [
        changed(time="yesterday"),
        changed(time="2031-05-06T12:00:00"),
        changed(time="0001-01-01T00:00:00+00:00"),
        changed(confidence=1.5),
        changed(confidence=True),
        changed(confidence=10**400),
        changed(confidence=float("nan")),
        changed(file="dog.jpg"),
        changed(file="/a\0b"),
        changed(words=[{"word": "dog", "region": [0, 0, 1], "probability": 1}]),
        changed(words="dog"),
        changed(notes=[None]),
        changed(seconds=[]),
        changed(width=-1),
        changed(width=0.5),
        changed(sentence=None),
        changed(caption="x" * history.LINE_LIMIT_BYTES),
        b"[" * 5000,
        b"null",
        b"[]",
    ],
    ids=lambda line: line[-40:].decode(),
)
def test_what_is_no_entry_is_left_out(past: History, line: bytes) -> None:
    past.path.write_bytes(changed() + b"\n" + line + b"\n")
    assert names(past) == ["dog.jpg"]
    assert past.trouble == (
        "1 entry of the history was damaged and left out; the old file is kept as "
        "history.jsonl.damaged."
    )
    assert names(past) == ["dog.jpg"]
    assert past.trouble == ""


def test_what_a_newer_version_wrote_besides_survives_compacting(past: History) -> None:
    past.path.write_bytes(b"garbage\n" + changed(scent="pine") + b"\n")
    past.entries()
    assert past.path.read_bytes() == changed(scent="pine") + b"\n"


def test_control_characters_of_a_tampered_file_are_not_spoken(past: History) -> None:
    past.path.write_bytes(changed(caption="a\u202edog\x07", sentence="\n") + b"\n")
    (entry,) = past.entries()
    assert (entry.caption, entry.sentence) == ("a\\u202edog\\x07", "\\n")


def test_a_line_torn_off_by_a_dying_process_spoils_no_later_one(past: History) -> None:
    past.add(DOG, SENTENCE, "first.jpg")
    past.path.write_bytes(past.path.read_bytes() + b'{"key": "to')
    past.add(DOG, SENTENCE, "last.jpg")
    assert names(past) == ["first.jpg", "last.jpg"]
    assert past.trouble.startswith("1 entry")


WRITER = """
import sys
from pathlib import Path
from image_describer.library import history
from tests.library.test_history import DOG, SENTENCE
history.ENTRIES_LIMIT = int(sys.argv[3])
past = history.History(Path(sys.argv[1]))
for number in range(120):
    past.add(DOG, SENTENCE, f"{sys.argv[2]}{number}")
    if number % 3 == 0:
        past.entries()
        assert not past.trouble, past.trouble
"""


def _write_in_two_processes(past: History, limit: int) -> list[str]:
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(past.path), letter, str(limit)],
            cwd=Path(__file__).parents[2],
            stderr=subprocess.PIPE,
        )
        for letter in "ab"
    ]
    assert [writer.communicate(timeout=120)[1] for writer in writers] == [b"", b""]
    return names(past)


def test_two_windows_lose_and_mix_nothing(past: History) -> None:
    found = _write_in_two_processes(past, ENTRIES_LIMIT)
    assert past.trouble == ""
    assert sorted(found) == sorted(f"{letter}{n}" for letter in "ab" for n in range(120))
    for letter in "ab":
        assert [name for name in found if name[0] == letter] == [f"{letter}{n}" for n in range(120)]


def test_two_windows_that_keep_compacting_lose_and_mix_nothing(
    past: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Each look compacts the file, though the limit is never passed: so none may be missing.
    monkeypatch.setattr(history, "ENTRIES_LIMIT", 240)
    compacting = WRITER.replace("past.entries()", "past._compact()")
    monkeypatch.setattr(sys.modules[__name__], "WRITER", compacting)
    found = _write_in_two_processes(past, 240)
    assert sorted(found) == sorted(f"{letter}{n}" for letter in "ab" for n in range(120))
    assert [one.name for one in past.path.parent.iterdir()] == ["history.jsonl"]


def test_clearing_forgets_what_was_set_aside_as_well(past: History) -> None:
    past.path.write_bytes(b"garbage\n" + changed() + b"\n")
    past.entries()
    assert len(list(past.path.parent.iterdir())) == 2
    past.enabled = False
    past.clear()
    past.clear()
    assert list(past.path.parent.iterdir()) == []


def test_a_lock_of_a_dead_process_stops_nothing(past: History) -> None:
    fill(past, ENTRIES_LIMIT + 2)
    lock = past.path.with_name(".history.jsonl.lock")
    lock.touch()
    assert len(past.entries()) == ENTRIES_LIMIT
    assert past.path.read_bytes().count(b"\n") == ENTRIES_LIMIT + 2  # the lock was respected
    os.utime(lock, (time.time() - 2 * LOCK_AGE_S,) * 2)
    past.entries()
    assert past.path.read_bytes().count(b"\n") == ENTRIES_LIMIT
    assert not lock.exists()


def test_what_can_not_be_written_or_cleared_is_told(past: History) -> None:
    past.path.mkdir()
    with pytest.raises(HistoryError, match=r"can't be written: .* New descriptions are not kept"):
        past.add(DOG, SENTENCE, "dog.jpg")
    assert past.entries() == []
    assert past.trouble == "The history can't be read (it is not a file)."
    with pytest.raises(HistoryError, match="can't be cleared"):
        past.clear()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="only POSIX has named pipes")
def test_a_pipe_in_its_place_hangs_nothing(past: History) -> None:
    os.mkfifo(past.path)
    assert past.entries() == []
    with pytest.raises(HistoryError):
        past.add(DOG, SENTENCE, "dog.jpg")


def test_a_file_far_too_large_is_not_read_and_not_lost(
    past: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "FILE_LIMIT_BYTES", 10)
    past.path.write_bytes(b"x" * 11)
    assert past.entries() == []
    assert past.trouble == (
        "The history can't be read (it has 11 bytes); it is kept as history.jsonl.damaged."
    )
    assert past.path.with_name("history.jsonl.damaged").read_bytes() == b"x" * 11


def test_the_usual_place_is_the_folder_of_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paths, "data_folder", lambda: tmp_path)
    History().add(DOG, SENTENCE, "dog.jpg")
    assert names(History(tmp_path / "history.jsonl")) == ["dog.jpg"]


def test_a_full_history_is_read_before_one_notices(past: History) -> None:
    fill(past, ENTRIES_LIMIT)
    began = time.process_time()
    past.entries()
    assert time.process_time() - began < 0.5


def test_an_entry_written_to_a_file_just_replaced_is_written_again(
    past: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    past.add(DOG, SENTENCE, "first.jpg")
    before = past.path.read_bytes()
    really = history._ends_with_newline
    replaced: list[int] = []

    def replacing(handle: int, size: int) -> bool:
        if not replaced:  # another window compacts between opening and writing
            write_private(past.path, before)
            replaced.append(handle)
        return really(handle, size)

    monkeypatch.setattr(history, "_ends_with_newline", replacing)
    past.add(DOG, SENTENCE, "last.jpg")
    assert replaced
    assert names(past) == ["first.jpg", "last.jpg"]
