"""Records of a folder run: what a save reads while the run goes on, ends or is replaced."""

import gc
import os
import tempfile
from pathlib import Path
from typing import Any

import pytest

from image_describer.app.tasks.record_store import RecordStore, walk_order
from image_describer.captioner.description import Description
from image_describer.library import scan
from image_describer.library.record import Record


def record(name: str, error: str = "") -> Record:
    description = None if error else Description(f"a picture of {name}", 0.5)
    return Record(os.path.join(os.sep, "photos", name), f"key of {name}", description, error)


def test_a_snapshot_has_all_records_in_the_order_of_the_folders() -> None:
    store = RecordStore()
    for name in ("b10.jpg", "sub/a.jpg", "b2.jpg"):
        store.add(record(name))
    store.add(record("broken.jpg", error="It is damaged."))
    records, complete = store.snapshot()
    expected = [record("b2.jpg"), record("b10.jpg"), record("broken.jpg", error="It is damaged.")]
    assert list(records) == [*expected, record("sub/a.jpg")]
    assert not complete


def test_records_that_come_during_a_save_do_not_disturb_it() -> None:
    store = RecordStore()
    store.add(record("a.jpg"))
    store.add(record("b.jpg"))
    records, complete = store.snapshot()
    saved = [next(records)]
    store.add(record("c.jpg"))
    store.mark_complete()
    assert [*saved, *records] == [record("a.jpg"), record("b.jpg")]
    assert not complete
    records, complete = store.snapshot()
    assert len(list(records)) == 3
    assert complete


def test_a_save_keeps_the_file_until_it_has_read_everything(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    files: list[Any] = []
    make_file = tempfile.TemporaryFile

    def remember(*args: Any, **options: Any) -> Any:
        files.append(make_file(*args, **options))
        return files[-1]

    monkeypatch.setattr(tempfile, "TemporaryFile", remember)
    store = RecordStore()
    store.add(record("a.jpg"))
    records, _complete = store.snapshot()
    del store  # as when the window begins another run
    gc.collect()
    assert list(records) == [record("a.jpg")]
    del records
    gc.collect()
    assert files[0].closed


def test_a_full_disk_is_an_error_and_not_an_exception(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_args: Any, **_options: Any) -> Any:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tempfile, "TemporaryFile", full)
    store = RecordStore()
    store.add(record("a.jpg"))
    assert store.error == "No space left on device"
    assert len(store) == 0


def test_the_order_is_that_of_the_scan(tmp_path: Path) -> None:
    for name in ("b/2.png", "b/10.png", "a10/x.png", "a9/x.png", "c.png", "A.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    files = [found.file for found in scan.pictures([tmp_path])]
    assert sorted(sorted(files), key=walk_order) == files
