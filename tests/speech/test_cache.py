"""The cache of spoken sentences: bounded, checked, and harmless if it fails."""

import os
import threading
import time
from pathlib import Path

import pytest

from image_describer.speech.cache import TEMPORARY_MAX_AGE_S, SpeechCache


@pytest.fixture
def cache(tmp_path: Path) -> SpeechCache:
    return SpeechCache(tmp_path / "speech", limit_bytes=1000)


def test_a_stored_sound_is_found(cache: SpeechCache) -> None:
    key = cache.key("a dog", "en", "com")
    file = cache.put(key, b"sound")
    assert cache.get(key) == (b"sound", file)
    assert file is not None
    assert file.suffix == ".mp3"
    assert "dog" not in file.name


def test_the_key_depends_on_all_parts_and_their_boundaries(cache: SpeechCache) -> None:
    parts = [("a", "en"), ("a", "de"), ("b", "en"), ("ae", "n"), ("a\ud800", "en")]
    assert len({cache.key(*p) for p in parts}) == len(parts)


@pytest.mark.parametrize("damage", [b"", b"SOUND"])
def test_a_damaged_file_is_deleted(cache: SpeechCache, damage: bytes) -> None:
    key = cache.key("a dog")
    file = cache.put(key, b"sound")
    assert file is not None
    file.write_bytes(damage)
    assert cache.get(key) is None
    assert not file.exists()
    assert cache.put(key, b"sound") == file
    assert cache.get(key) is not None


def test_the_least_recently_used_is_deleted(cache: SpeechCache) -> None:
    keys = [cache.key(str(i)) for i in range(4)]
    for age, key in zip((40, 30, 20), keys, strict=False):
        file = cache.put(key, b"x" * 300)
        assert file is not None
        os.utime(file, (time.time() - age, time.time() - age))
    assert cache.get(keys[0]) is not None  # which makes it the most recent
    cache.put(keys[3], b"x" * 300)
    assert [cache.get(key) is not None for key in keys] == [True, False, True, True]
    assert sum(f.stat().st_size for f in cache.folder.iterdir()) <= 1000


def test_a_sound_larger_than_the_limit_is_kept_until_the_next(cache: SpeechCache) -> None:
    big, small = cache.key("big"), cache.key("small")
    assert cache.put(big, b"x" * 5000) is not None
    assert cache.get(big) is not None
    cache.put(small, b"x")
    assert cache.get(big) is None
    assert cache.get(small) is not None


def test_temporary_files_of_dead_processes_are_deleted(cache: SpeechCache) -> None:
    cache.put(cache.key("a"), b"a")
    old, recent = cache.folder / ".old.new", cache.folder / ".recent.new"
    old.write_bytes(b"x")
    recent.write_bytes(b"x")
    os.utime(old, (time.time() - 2 * TEMPORARY_MAX_AGE_S,) * 2)
    cache.put(cache.key("b"), b"b")
    assert (old.exists(), recent.exists()) == (False, True)


def test_a_file_in_place_of_the_folder(tmp_path: Path) -> None:
    blocked = tmp_path / "speech"
    blocked.write_text("not a folder")
    cache = SpeechCache(blocked)
    assert cache.put(cache.key("a"), b"a") is None
    assert cache.get(cache.key("a")) is None


def test_threads_never_read_partial_files(cache: SpeechCache) -> None:
    wrong: list[object] = []

    def work(number: int) -> None:
        key, sound = cache.key(str(number % 3)), str(number % 3).encode() * 200
        for _ in range(20):
            cache.put(key, sound)
            got = cache.get(key)
            if got is not None and got[0] != sound:
                wrong.append(got)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert list(cache.folder.glob(".*.new")) == []
