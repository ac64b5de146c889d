"""The file of embeddings: exact search, and written again when it is damaged or out of date."""

import os
import time

import numpy as np
import pytest

from image_describer.captioner.description import Description
from image_describer.library import vectors
from image_describer.library.index import Index, ModelId
from image_describer.library.record import Record

OURS, OTHER = ModelId("ours", "space"), ModelId("other", "elsewhere")
SIZE, MANY, SOME = 12, 60, 10
ALL = np.random.default_rng(3).standard_normal((MANY + SOME, SIZE)).astype(np.float32)
ALL /= np.linalg.norm(ALL, axis=1, keepdims=True)


@pytest.fixture(autouse=True)
def _a_small_tail(monkeypatch):
    monkeypatch.setattr(vectors, "TAIL_ROWS", SOME)


@pytest.fixture
def index(tmp_path):
    with Index.open(tmp_path / "library" / "index.sqlite3", OURS) as index:
        add(index, range(MANY))
        yield index


@pytest.fixture
def file(index):
    index.vectors()
    return index.path.with_name(vectors.FILE)


def add(index, numbers):
    index.add(
        Record(f"/none/{n}.jpg", f"{n:064x}", Description("a dog", 0.5, embedding=ALL[n]))
        for n in numbers
    )


def keys(index, found):
    return [int(index.picture(number).key, 16) for number, _ in found]


def expected(query, count, numbers):
    """The nearest, compared one by one in float16 precision."""
    kept = ALL.astype(np.float16).astype(np.float32)
    return sorted(numbers, key=lambda n: -float(kept[n] @ query))[:count]


def check_nearest(index, numbers):
    query = ALL[5]
    found = index.vectors().nearest(query, 7)
    assert keys(index, found) == expected(query, 7, numbers)
    assert found[0][1] == pytest.approx(1.0, abs=1e-3)
    assert len(index.vectors()) == len(numbers)


def test_nearest_equals_an_exhaustive_search(index, file):
    assert file.stat().st_size == vectors.HEADER_BYTES + MANY * (SIZE * 4 + 8)
    check_nearest(index, range(MANY))
    found = index.vectors().nearest(ALL[0], 1000)
    assert len(found) == MANY
    assert sorted((score for _, score in found), reverse=True) == [score for _, score in found]
    assert index.vectors().nearest(ALL[0], 0) == []


@pytest.mark.parametrize("share", [1, 2, 20])
def test_nearest_among_given_ids(index, file, share):
    every = index.vectors().blocks[0].ids
    only = np.concatenate([every[::share], [10**9]])
    found = index.vectors().nearest(ALL[5], 3, only)
    assert keys(index, found) == expected(ALL[5], 3, range(0, MANY, share))
    assert index.vectors().nearest(ALL[5], 3, np.zeros(0, np.int64)) == []


def test_a_few_later_pictures_do_not_rewrite_the_file(index, file):
    before = file.stat()
    add(index, range(MANY, MANY + SOME - 1))
    check_nearest(index, range(MANY + SOME - 1))
    assert keys(index, index.vectors().nearest(ALL[MANY + 2], 1)) == [MANY + 2]
    assert os.path.samestat(before, file.stat())


def test_many_later_pictures_rewrite_the_file(index, file, monkeypatch):
    monkeypatch.setattr(vectors, "TAIL_ROWS", SOME - 1)
    add(index, range(MANY, MANY + SOME))
    check_nearest(index, range(MANY + SOME))
    assert file.stat().st_size == vectors.HEADER_BYTES + (MANY + SOME) * (SIZE * 4 + 8)


def test_many_deleted_pictures_rewrite_the_file(index, file, monkeypatch):
    monkeypatch.setattr("image_describer.library.index.LOST_KEPT_S", -1.0)
    index.forget_missing()  # none of the files exists
    assert len(index.vectors()) == 0
    assert index.vectors().nearest(ALL[0], 5) == []


def empty(file):
    file.write_bytes(b"")


def cut(file):
    file.write_bytes(file.read_bytes()[:-1])


def other_text(file):
    file.write_bytes(b"x" * file.stat().st_size)


def odd_header(file):
    content = file.read_bytes()
    file.write_bytes(content.replace(b'"rows"', b'"wors"', 1))


def endless_header(file):
    content = file.read_bytes()
    file.write_bytes(content.replace(b'"rows": 60', b'"rows": 6e999', 1)[: len(content)])


def nested_header(file):
    content = file.read_bytes()
    length = len(vectors.MAGIC) + 3000
    file.write_bytes(vectors.MAGIC + b"[" * 3000 + content[length:])


def zeros(file):
    content = bytearray(file.read_bytes())
    content[vectors.HEADER_BYTES :] = bytes(len(content) - vectors.HEADER_BYTES)
    file.write_bytes(content)


def missing(file):
    file.unlink()


@pytest.mark.parametrize(
    "damage", [empty, cut, other_text, odd_header, endless_header, nested_header, zeros, missing]
)
def test_a_damaged_file_is_written_again(index, file, damage):
    intact = file.read_bytes()
    copy = file.with_name("copy")  # the file itself is mapped
    copy.write_bytes(intact)
    file.unlink()
    damage(copy)
    if copy.exists():
        copy.rename(file)
    check_nearest(index, range(MANY))
    assert file.read_bytes() == intact


def test_the_file_of_another_index_or_model_is_not_used(index, file):
    old = file.read_bytes()
    with Index.open(index.path, OTHER) as other:
        assert len(other.vectors()) == 0
        add(other, range(30))
        assert len(other.vectors()) == 30
    assert len(index.vectors()) == MANY - 30
    with Index.open(file.parent / "new" / "index.sqlite3", OURS) as new_index:
        add(new_index, range(30, MANY))
        (file.parent / "new" / vectors.FILE).write_bytes(old)
        check_key = keys(new_index, new_index.vectors().nearest(ALL[40], 1))
        assert check_key == [40]
        assert len(new_index.vectors()) == 30


def test_without_a_file_everything_is_kept_in_memory(index, monkeypatch):
    def refuse(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(vectors, "writing", refuse)
    check_nearest(index, range(MANY))
    assert not index.path.with_name(vectors.FILE).exists()


def test_old_drafts_are_deleted(index):
    old, new = (index.path.with_name(f".{vectors.FILE}.{n}.new") for n in ("old", "new"))
    old.write_bytes(b"draft")
    new.write_bytes(b"draft")
    long_ago = time.time() - 2 * vectors.DRAFT_AGE_S
    os.utime(old, (long_ago, long_ago))
    index.vectors()
    assert not old.exists()
    assert new.exists()
