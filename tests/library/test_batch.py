"""Batches: every picture once, whatever happens to the worker processes."""

import itertools
import json
import os
import signal
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from image_describer.captioner.describer import Describer
from image_describer.errors import ImageDescriberError
from image_describer.library import batch, checkpoint
from image_describer.library.checkpoint import NO_FILE, Checkpoint, file_state
from image_describer.library.describe_files import describe_files
from image_describer.library.index import Index
from image_describer.library.local_pool import LocalPool
from image_describer.library.record import Record
from image_describer.paths import assets_folder
from image_describer.wording.record import to_record
from image_describer.workers import pool, worker
from tests.support import worker_accidents

SAMPLES = ("astronaut.jpg", "cat.jpg", "coffee.jpg")


@pytest.fixture(autouse=True)
def own_home(tmp_path, monkeypatch, shipped_bundle):
    """An own index, and the shipped model."""
    for name in ("XDG_DATA_HOME", "LOCALAPPDATA", "HOME"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    monkeypatch.setenv("IMAGE_DESCRIBER_BUNDLE", str(shipped_bundle))


@pytest.fixture
def album(tmp_path) -> Path:
    """Seven different pictures, and a damaged one."""
    folder = tmp_path / "album"
    (folder / "more").mkdir(parents=True)
    for number, (name, size) in enumerate(itertools.product(SAMPLES, (160, 240))):
        image = Image.open(assets_folder() / "samples" / name)
        image.thumbnail((size, size))
        image.save(folder / f"{number}.jpg")
    image.convert("L").save(folder / "more" / "grey.png")
    (folder / "more" / "broken.jpg").write_bytes((folder / "0.jpg").read_bytes()[:900])
    return folder


def lines(output: Path) -> dict[str, dict]:
    """The lines of the output by file name; each must be there once."""
    objects = [json.loads(line) for line in output.read_text("utf-8").splitlines()]
    by_name = {os.path.basename(line["file"]): line for line in objects}
    assert len(by_name) == len(objects)
    return by_name


def same(line: dict, other: dict) -> bool:
    """Whether two lines are equal, apart from the time it took."""
    return {**line, "seconds": None} == {**other, "seconds": None}


def leftovers(folder: Path) -> list[str]:
    return [name for name in os.listdir(folder) if name.startswith(".")]


def test_records_equal_those_of_the_describer(tmp_path, album, shipped_bundle):
    output, records, progress = tmp_path / "out.jsonl", [], []
    result = batch.run(
        [album], output, workers=2, on_record=records.append, on_progress=progress.append
    )
    assert (result.described, result.known, result.cancelled) == (7, 0, False)
    ((file, reason),) = result.failures
    assert file == str(album / "more" / "broken.jpg")
    assert "it ends after 900 bytes" in reason
    found = lines(output)
    assert list(found) == [*(f"{n}.jpg" for n in range(6)), "broken.jpg", "grey.png"]
    assert found["broken.jpg"]["error"] == reason
    assert {os.path.basename(record.file) for record in records} == set(found)
    assert progress[-1].done == progress[-1].total == 8
    describer = Describer(shipped_bundle, threads=1)
    for record in records:
        alone = describe_files(describer, [record.file])[0]
        assert (record.key, record.error) == (alone.key, alone.error)
        if alone.description and record.description:
            seconds = record.description.seconds
            assert to_record(record.description, for_storage=True) == {
                **to_record(alone.description, for_storage=True),
                "seconds": {name: round(getattr(seconds, name), 4) for name in seconds.__dict__},
            }
            assert np.array_equal(record.embedding, alone.embedding)
    assert leftovers(tmp_path) == []


def test_pictures_in_the_index_are_not_described_again(tmp_path, album):
    first, second, third = (tmp_path / f"{n}.jsonl" for n in range(3))
    batch.run([album], first, workers=1)
    again = batch.run([album], second, workers=1)
    assert (again.described, again.known) == (0, 7)
    restarted = batch.run([album], third, workers=1, restart=True)
    assert (restarted.described, restarted.known) == (7, 0)
    for name, line in lines(first).items():
        assert same(line, lines(second)[name])
        assert same(line, lines(third)[name])


def test_deleted_pictures_are_forgotten_at_the_end(tmp_path, album):
    batch.run([album], None, workers=1)
    (album / "0.jpg").unlink()
    batch.run([album], None, workers=1)
    with Index.open() as index:
        assert len(index) == 6
        assert len(index.ids_below(album)) == 6


def test_a_cancelled_batch_resumes_and_describes_changed_files_again(tmp_path, album):
    output, cancel, records = tmp_path / "out.jsonl", threading.Event(), []

    def stop_soon(record: Record) -> None:
        records.append(record)
        cancel.set()

    pool = LocalPool(None, 1, group_size=1)  # so that few pictures are in progress then
    stopped = batch.run([album], output, pool=pool, index=False, cancel=cancel, on_record=stop_soon)
    assert stopped.cancelled
    assert 0 < stopped.described < 7
    assert len(lines(output)) == len(records)
    assert leftovers(tmp_path) == [".out.jsonl.unfinished"]
    done = [os.path.basename(record.file) for record in records]
    os.utime(album / done[0], (1e9, 1e9))
    (album / "5.jpg").unlink()
    records.clear()
    ended = batch.run([album], output, workers=1, index=False, on_record=records.append)
    assert not ended.cancelled
    assert sorted(os.path.basename(record.file) for record in records) == sorted(lines(output))
    kept = [name for name in done[1:] if name not in ("5.jpg", "broken.jpg")]
    assert ended.known == len(kept)
    assert sorted(lines(output)) == sorted(
        [*(f"{n}.jpg" for n in range(5)), "broken.jpg", "grey.png"]
    )
    assert leftovers(tmp_path) == []


def test_a_killed_worker_is_replaced(tmp_path, album):
    output, killed = tmp_path / "out.jsonl", []
    files = sorted(str(path) for path in album.glob("*.jpg"))
    work, done = LocalPool(None, 2), {}
    for number, record in work.run(iter(enumerate(files)), threading.Event()):
        done[number] = record
        if len(killed) < 2:
            killed.append(work.pids[0])
            os.kill(killed[-1], signal.SIGKILL)
    assert killed
    assert sorted(done) == list(range(len(files)))
    assert [done[n].file for n in sorted(done)] == files
    assert all(record.description for record in done.values())
    assert work.pids == []
    assert not output.exists()


@pytest.mark.slow
def test_a_picture_that_crashes_its_worker_is_tried_twice(tmp_path, album, monkeypatch):
    monkeypatch.setattr(worker, "main", worker_accidents.main)
    monkeypatch.setattr(pool, "ITEM_LIMIT_S", 6.0)
    for name in ("crash", "hang", "once"):
        (album / f"{name}.jpg").write_bytes((album / "0.jpg").read_bytes())
    output = tmp_path / "out.jsonl"
    result = batch.run([album], output, workers=2)
    reasons = {os.path.basename(file): reason for file, reason in result.failures}
    assert sorted(reasons) == ["broken.jpg", "crash.jpg", "hang.jpg"]
    assert "died twice (SIGSEGV)" in reasons["crash.jpg"]
    assert reasons["hang.jpg"] == "The picture took longer than 6 seconds."
    assert lines(output)["once.jpg"]["caption"] == lines(output)["0.jpg"]["caption"]
    assert len(lines(output)) == 11


def test_workers_that_do_not_start_are_reported(tmp_path, album, monkeypatch):
    monkeypatch.setattr(worker, "main", worker_accidents.exit_at_start)
    with pytest.raises(ImageDescriberError, match="don't start \\(exit status 7\\)"):
        batch.run([album], tmp_path / "out.jsonl", workers=2)


def test_a_missing_bundle_is_reported_before_any_work(tmp_path, album):
    with pytest.raises(ImageDescriberError, match="no model bundle"):
        batch.run([album], tmp_path / "out.jsonl", bundle=tmp_path / "nowhere")
    assert leftovers(tmp_path) == []


@pytest.mark.parametrize("name", ["out.txt", "nowhere/out.csv", "album/../album"])
def test_an_unusable_output_is_reported_before_any_work(tmp_path, album, name):
    with pytest.raises(ImageDescriberError):
        batch.run([album], tmp_path / name)


def test_a_batch_goes_on_without_an_index(tmp_path, album):
    (tmp_path / "home").write_text("no folder")
    result = batch.run([album / "0.jpg"], tmp_path / "out.jsonl", workers=1)
    assert result.described == 1
    assert result.index_error.startswith("There is no folder for your data")


RECORDS = [
    Record(f"/pictures/{n}.jpg", f"{n:064x}", error="It is not a picture.") for n in range(5)
]


def test_a_truncated_checkpoint_loses_only_its_last_lines(tmp_path):
    path, state = tmp_path / "checkpoint", (10, 20)
    kept = Checkpoint(path, "model")
    ends = []
    for record in RECORDS:
        kept.add(record, state)
        ends.append(path.stat().st_size)
    kept.close()
    whole = path.read_bytes()
    for size in range(0, len(whole), 7):
        path.write_bytes(whole[:size])
        again = Checkpoint(path, "model")
        assert len(again) == sum(end <= size for end in ends)
        for number, record in enumerate(RECORDS[: len(again)]):
            position = again.find(f"/pictures/{number}.jpg", state)
            assert position is not None
            assert again.record(position) == record
        again.add(RECORDS[4], state)
        again.close()
        assert len(Checkpoint(path, "model")) == min(5, sum(end <= size for end in ends) + 1)


def test_a_damaged_checkpoint_is_used_up_to_the_damage(tmp_path):
    path = tmp_path / "checkpoint"
    kept = Checkpoint(path, "model")
    positions = [kept.add(record, (1, 1)) for record in RECORDS]
    kept.close()
    content = bytearray(path.read_bytes())
    content[positions[3] + 40] ^= 1
    path.write_bytes(content)
    assert len(Checkpoint(path, "model")) == 3


def test_a_checkpoint_of_another_model_or_program_is_dropped(tmp_path):
    path = tmp_path / "checkpoint"
    Checkpoint(path, "model").add(RECORDS[0], (1, 1))
    assert len(Checkpoint(path, "model")) == 1
    assert len(Checkpoint(path, "model", restart=True)) == 0
    Checkpoint(path, "model").add(RECORDS[0], (1, 1))
    assert len(Checkpoint(path, "another")) == 0
    path.write_bytes(os.urandom(5_000))
    assert len(Checkpoint(path, "model")) == 0


def test_two_batches_can_not_write_one_output(tmp_path):
    path = tmp_path / "checkpoint"
    first = Checkpoint(path, "model")
    with pytest.raises(ImageDescriberError, match="Another batch"):
        Checkpoint(path, "model")
    first.close()
    Checkpoint(path, "model").finish()
    assert not path.exists()


def test_the_checkpoint_does_not_find_a_changed_file(tmp_path):
    picture = tmp_path / "a.jpg"
    picture.write_bytes(b"1")
    kept = Checkpoint(tmp_path / "checkpoint", "model")
    kept.add(Record(str(picture), "", error="No."), file_state(str(picture)))
    assert kept.find(str(picture), file_state(str(picture))) is not None
    picture.write_bytes(b"12")
    assert kept.find(str(picture), file_state(str(picture))) is None
    picture.unlink()
    assert file_state(str(picture)) == NO_FILE
    assert kept.find(str(picture), NO_FILE) is None


def test_outputs_with_long_names_have_different_checkpoints(tmp_path):
    names = ["a" * 249 + end for end in (".jsonl", "b.html", "c.html")]
    paths = {checkpoint.checkpoint_path(tmp_path / name) for name in names}
    assert len(paths) == 3
    for path in paths:
        Checkpoint(path, "model").finish()


def test_progress_is_reported_before_all_pictures_are_counted(tmp_path, album, monkeypatch):
    reported, progress = threading.Event(), []
    monkeypatch.setattr(batch.scan, "count", lambda *_, **__: 8 if reported.wait(60) else 0)

    def report(step: batch.BatchProgress) -> None:
        progress.append(step)
        reported.set()

    batch.run([album], None, workers=1, index=False, on_progress=report)
    assert progress[0].total is None
    assert progress[-1].done == progress[-1].total == 8
