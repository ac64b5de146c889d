"""Tokenizing, and the vocabulary's pickle: read back as written, and refused if it is hostile."""

import os
import pickle
import struct
import tempfile
from collections import OrderedDict
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from image_describer.captioner.tokenizer import load_tokenizer, save_tokenizer, tokenize
from image_describer.errors import BundleError

TOKENIZER = {
    "words": ["<pad>", "<start>", "<end>", "<unk>", "dog", "ran", "über"],
    "pad": 0,
    "start": 1,
    "end": 2,
    "unk": 3,
    "max_length": 20,
}


@pytest.mark.parametrize(
    ("sentence", "words"),
    [
        ("A dog, RUNNING!", ["a", "dog", "running"]),
        ("a t-shirt and the dog's toy", ["a", "t-shirt", "and", "the", "dog", "'s", "toy"]),
        ("- - 3 men -", ["3", "men"]),
        ("", []),
    ],
)
def test_sentences_are_split_into_words(sentence: str, words: list[str]) -> None:
    assert tokenize(sentence) == words


class Evil:
    """Runs a command while it is unpickled."""

    def __reduce__(self) -> Any:
        return (os.system, ("touch hacked",))


def memo_bomb() -> bytes:
    """Reserves gigabytes by storing its only string at memo index 1,000,000,000."""
    return b"\x80\x04\x8c\x01ar" + struct.pack("<I", 1_000_000_000) + b"."


def hash_bomb() -> bytes:
    """A dict key made of nested tuples that repeat each other 60 levels deep: 2**60 hashes."""
    levels = b"".join(
        b"h" + bytes([n]) + b"h" + bytes([n]) + b"\x86q" + bytes([n + 1]) for n in range(60)
    )
    return b"\x80\x04})q\x00" + levels + b"K\x01s."


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"garbage",
        b"\x80\x04",
        pickle.dumps(Evil()),
        pickle.dumps({**TOKENIZER, "words": [Evil()]}),
        pickle.dumps(OrderedDict(TOKENIZER)),
        pickle.dumps(print),
        pickle.dumps(TOKENIZER, protocol=0),
        pickle.dumps({**TOKENIZER, "pad": True}),
        pickle.dumps({**TOKENIZER, "words": b"abcd"}),
        b"\x80\x04" + b"]" * 1_000_000 + b"a" * 999_999 + b".",
        b"\x80\x04" + b")" + b"\x85" * 3_000_000 + b".",
        b"\x80\x04\x8d" + struct.pack("<Q", 1 << 60) + b"abc.",
        b"\x80\x04\x95" + struct.pack("<Q", 1 << 60) + b"abc.",
        b"\x80\x02\x8b" + struct.pack("<i", 2_000_000) + b"\x01" * 2_000_000 + b".",
        memo_bomb(),
        hash_bomb(),
        b"\x80\x04]" + b"2" * 100 + b".",
        b"(dp0\n0.",
        bytes(5_000_000),
    ],
    ids=lambda content: f"{len(content)} {content[:16]!r}",
)
def test_a_pickle_that_is_not_a_plain_tokenizer_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes
) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "tokenizer.pkl"
    path.write_bytes(content)
    with pytest.raises(BundleError, match=r"tokenizer\.pkl is damaged"):
        load_tokenizer(path)
    assert not (tmp_path / "hacked").exists()


@pytest.mark.parametrize(
    "change",
    [
        {"words": []},
        {"words": ["a", "b", "c", "a"]},
        {"words": ["a", "b", "c", ""]},
        {"words": ["a", "b", "c", "d" * 200]},
        {"words": ("a", "b", "c", "d")},
        {"start": 7},
        {"end": -1},
        {"unk": 1.0},
        {"pad": "0"},
        {"max_length": 0},
        {"more": 1},
    ],
    ids=repr,
)
def test_a_tokenizer_that_is_not_valid_is_refused(tmp_path: Path, change: dict[str, Any]) -> None:
    path = tmp_path / "tokenizer.pkl"
    path.write_bytes(pickle.dumps({**TOKENIZER, **change}))
    with pytest.raises(BundleError, match=r"tokenizer\.pkl is damaged"):
        load_tokenizer(path)


def test_a_tokenizer_without_a_field_is_neither_read_nor_saved(tmp_path: Path) -> None:
    for key in TOKENIZER:
        less = {name: value for name, value in TOKENIZER.items() if name != key}
        path = tmp_path / "tokenizer.pkl"
        path.write_bytes(pickle.dumps(less))
        with pytest.raises(BundleError, match="it doesn't consist of"):
            load_tokenizer(path)
        with pytest.raises(BundleError, match="can't be saved"):
            save_tokenizer(less, tmp_path / "other.pkl")
    assert not (tmp_path / "other.pkl").exists()


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_every_binary_protocol_is_read(tmp_path: Path, protocol: int) -> None:
    path = tmp_path / "tokenizer.pkl"
    # "start" is both a word and a key: pickles refer to the second by its place in the memo.
    tokenizer = {**TOKENIZER, "words": [*TOKENIZER["words"], "start", "end"]}
    path.write_bytes(pickle.dumps(tokenizer, protocol=protocol))
    assert load_tokenizer(path) == tokenizer


@settings(deadline=None, max_examples=50)
@given(
    st.lists(st.text(min_size=1, max_size=20), min_size=4, max_size=300, unique=True),
    st.integers(1, 1_000),
)
def test_any_vocabulary_is_read_back(words: list[str], longest: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "tokenizer.pkl")
        tokenizer = {**TOKENIZER, "words": words, "max_length": longest}
        save_tokenizer(tokenizer, path)
        assert load_tokenizer(path) == tokenizer
        assert [file.name for file in Path(folder).iterdir()] == ["tokenizer.pkl"]


@settings(deadline=None, max_examples=100)
@given(st.data())
def test_a_mutated_tokenizer_is_read_or_refused(data: st.DataObject) -> None:
    content = bytearray(pickle.dumps(TOKENIZER, protocol=4))
    for _ in range(data.draw(st.integers(1, 5))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "tokenizer.pkl")
        path.write_bytes(content)
        try:
            tokenizer = load_tokenizer(path)
        except BundleError:
            return
        assert set(tokenizer) == set(TOKENIZER)
