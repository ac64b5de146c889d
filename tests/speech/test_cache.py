"""The cache of spoken sentences: bounded, whole or not at all, and never in the way."""

import os
import threading
import time
from pathlib import Path

import pytest

from image_describer.speech.cache import LEFTOVER_AGE_S, SpeechCache


@pytest.fixture
def cache(tmp_path: Path) -> SpeechCache:
    return SpeechCache(tmp_path / "speech", limit_bytes=1000)


def test_what_was_put_is_found(cache: SpeechCache) -> None:
    key = cache.key("a dog", "en", "com")
    file = cache.put(key, b"sound")
    assert cache.get(key) == (b"sound", file)
    assert file is not None
    assert file.suffix == ".mp3"
    assert "dog" not in file.name


def test_the_key_depends_on_all_its_parts_and_their_borders(cache: SpeechCache) -> None:
    parts = [("a", "en"), ("a", "de"), ("b", "en"), ("ae", "n"), ("a\ud800", "en")]
    assert len({cache.key(*p) for p in parts}) == len(parts)


def test_an_empty_cache_has_nothing(cache: SpeechCache) -> None:
    assert cache.get(cache.key("a dog")) is None


@pytest.mark.parametrize("damage", [b"", b"soun", b"soundd", b"SOUND"])
def test_a_damaged_sound_is_dropped(cache: SpeechCache, damage: bytes) -> None:
    key = cache.key("a dog")
    file = cache.put(key, b"sound")
    assert file is not None
    file.write_bytes(damage)
    assert cache.get(key) is None
    assert not file.exists()
    assert cache.put(key, b"sound") == file
    assert cache.get(key) is not None


def test_the_least_recently_used_goes_first(cache: SpeechCache) -> None:
    keys = [cache.key(str(i)) for i in range(4)]
    for age, key in zip((40, 30, 20), keys, strict=False):
        file = cache.put(key, b"x" * 300)
        assert file is not None
        os.utime(file, (time.time() - age, time.time() - age))
    assert cache.get(keys[0]) is not None  # and so it becomes the newest
    cache.put(keys[3], b"x" * 300)
    assert [cache.get(key) is not None for key in keys] == [True, False, True, True]
    assert sum(f.stat().st_size for f in cache.folder.iterdir()) <= 1000


def test_what_is_larger_than_the_cache_is_kept_until_the_next(cache: SpeechCache) -> None:
    big, small = cache.key("big"), cache.key("small")
    assert cache.put(big, b"x" * 5000) is not None
    assert cache.get(big) is not None
    cache.put(small, b"x")
    assert cache.get(big) is None
    assert cache.get(small) is not None


def test_unfinished_files_of_dead_processes_are_cleared(cache: SpeechCache) -> None:
    cache.put(cache.key("a"), b"a")
    old, new = cache.folder / "old.tmp", cache.folder / "new.tmp"
    old.write_bytes(b"x")
    new.write_bytes(b"x")
    os.utime(old, (time.time() - 2 * LEFTOVER_AGE_S,) * 2)
    cache.put(cache.key("b"), b"b")
    assert (old.exists(), new.exists()) == (False, True)


def test_a_folder_that_is_a_file_is_an_empty_cache(tmp_path: Path) -> None:
    blocked = tmp_path / "speech"
    blocked.write_text("in the way")
    cache = SpeechCache(blocked)
    assert cache.put(cache.key("a"), b"a") is None
    assert cache.get(cache.key("a")) is None


def test_many_threads_write_and_read_whole_sounds(cache: SpeechCache) -> None:
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
    assert list(cache.folder.glob("*.tmp")) == []
