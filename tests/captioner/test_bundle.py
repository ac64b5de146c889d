"""The bundle and its tokenizer: read back, and refused when anything about them is odd."""

import json
import os
import pickle
import struct
import sys
import time
from collections import OrderedDict
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from image_describer.captioner.bundle import (
    MANIFEST,
    load_tokenizer,
    open_bundle,
    save_tokenizer,
    write_manifest,
)
from image_describer.errors import BundleError

TOKENIZER = {
    "words": ["<pad>", "<start>", "<end>", "<unk>", "dog", "ran", "über"],
    "pad": 0,
    "start": 1,
    "end": 2,
    "unk": 3,
    "max_length": 20,
}
FIELDS: dict[str, Any] = {
    "name": "tiny",
    "recipe": {"name": "tiny"},
    "data": {"name": "Flickr8k"},
    "metrics": {"CIDEr": 0.5},
    "licence": "MIT",
    "input": {"size": 299},
    "regions": {"rows": 10, "columns": 10, "channels": 2048},
    "decode": {"beams": 5, "max_length": 20, "length_norm": 0.0},
    "confidence": {"slope": 1.5, "offset": -0.25},
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "extractor.tflite").write_bytes(os.urandom(2_500_000))
    (tmp_path / "decoder.tflite").write_bytes(os.urandom(1_000))
    save_tokenizer(TOKENIZER, tmp_path / "tokenizer.pkl")
    write_manifest(tmp_path, FIELDS)
    return tmp_path


def change(folder: Path, *path: str, to: Any) -> None:
    """Set one field of the manifest, or remove it (``to=None``)."""
    manifest = json.loads((folder / MANIFEST).read_text())
    place = manifest
    for key in path[:-1]:
        place = place[key]
    if to is None:
        del place[path[-1]]
    else:
        place[path[-1]] = to
    (folder / MANIFEST).write_text(json.dumps(manifest))


def refusal(folder: Path) -> str:
    with pytest.raises(BundleError) as caught:
        open_bundle(folder)
    assert "pip install --force-reinstall image-describer" in caught.value.way_out
    assert "git checkout -- models" in caught.value.way_out
    assert "python -m image_describer.train" in caught.value.way_out
    assert "\n" not in str(caught.value)
    return caught.value.sentence


def test_what_was_written_is_read_back(folder: Path) -> None:
    bundle = open_bundle(folder)
    assert bundle.tokenizer == TOKENIZER
    assert bundle.path("extractor.tflite") == folder / "extractor.tflite"
    assert bundle.manifest["regions"] == FIELDS["regions"]
    assert bundle.manifest["files"]["decoder.tflite"]["bytes"] == 1_000
    assert bundle.manifest["format"] == 1
    assert sorted(path.name for path in folder.iterdir()) == [
        "decoder.tflite",
        "extractor.tflite",
        "manifest.json",
        "tokenizer.pkl",
    ]


def test_the_folder_of_the_environment_is_the_default(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IMAGE_DESCRIBER_BUNDLE", str(folder))
    assert open_bundle().folder == folder
    monkeypatch.setenv("IMAGE_DESCRIBER_BUNDLE", str(folder / "nothing"))
    with pytest.raises(BundleError, match="unset IMAGE_DESCRIBER_BUNDLE"):
        open_bundle()


def test_a_file_that_is_not_listed_has_no_path(folder: Path) -> None:
    with pytest.raises(BundleError, match="no file joint"):
        open_bundle(folder).path("joint.tflite")


def test_a_further_file_is_checked_too(folder: Path) -> None:
    (folder / "joint.tflite").write_bytes(b"tower")
    names = ["joint.tflite", "extractor.tflite", "decoder.tflite", "tokenizer.pkl"]
    section = {"words": 100, "dimension": 8}
    write_manifest(folder, {**FIELDS, "files": names, "joint": section})
    assert open_bundle(folder).path("joint.tflite").read_bytes() == b"tower"
    (folder / "joint.tflite").write_bytes(b"towel")
    assert "joint.tflite is damaged" in refusal(folder)


@pytest.mark.parametrize("name", ["extractor.tflite", "decoder.tflite", "tokenizer.pkl"])
@pytest.mark.parametrize("where", [0, 0.5, 1])
def test_one_changed_byte_is_found(folder: Path, name: str, where: float) -> None:
    content = bytearray((folder / name).read_bytes())
    content[round(where * (len(content) - 1))] ^= 1
    (folder / name).write_bytes(content)
    assert f"{name} is damaged: its content was changed" in refusal(folder)


@pytest.mark.parametrize(
    "name", ["extractor.tflite", "decoder.tflite", "tokenizer.pkl", "manifest.json"]
)
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    assert f"lacks {folder / name}" in refusal(folder)


def test_a_shorter_file_is_named_with_its_sizes(folder: Path) -> None:
    (folder / "decoder.tflite").write_bytes(b"x" * 999)
    assert "decoder.tflite is damaged: it has 999 bytes instead of 1,000" in refusal(folder)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    assert "no folder" in refusal(tmp_path / "a\nb")
    assert "a\\nb" in refusal(tmp_path / "a\nb")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no named pipes in folders")
def test_a_pipe_is_refused_and_not_waited_for(folder: Path) -> None:
    (folder / "decoder.tflite").unlink()
    os.mkfifo(folder / "decoder.tflite")
    assert "decoder.tflite is damaged: it is no file" in refusal(folder)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"format": NaN}',
        b'{"format": ' + b"9" * 100_000 + b"}",
        b'{"format": true}',
        b'{"format": 0}',
        b'{"format": "1"}',
        b'{"format": 1}',
        b'{"format": 1, "files": []}',
        b" " * 2_000_000,
    ],
    ids=lambda content: repr(content[:20]),
)
def test_a_garbage_manifest_is_refused(folder: Path, content: bytes) -> None:
    (folder / MANIFEST).write_bytes(content)
    assert "manifest.json" in refusal(folder)


def test_a_manifest_of_the_future_asks_for_an_update(folder: Path) -> None:
    change(folder, "format", to=2)
    assert "is of format 2, made for a newer Image Describer" in refusal(folder)


@pytest.mark.parametrize(
    "name",
    ["../secret", "/etc/passwd", "a/b", "a\\b", "C:x", "..", "", "a\nb", "x" * 200, MANIFEST],
)
def test_a_name_that_leaves_the_folder_is_refused(folder: Path, name: str) -> None:
    change(folder, "files", name, to={"sha256": "0" * 64, "bytes": 3})
    assert "manifest.json is damaged: it lists" in refusal(folder)


@pytest.mark.parametrize(
    "entry",
    [
        {"sha256": "0" * 63, "bytes": 1_000},
        {"sha256": "Z" * 64, "bytes": 1_000},
        {"sha256": 5, "bytes": 1_000},
        {"sha256": "0" * 64, "bytes": -1},
        {"sha256": "0" * 64, "bytes": 10**12},
        {"sha256": "0" * 64, "bytes": True},
        {"sha256": "0" * 64},
        "text",
        7,
    ],
)
def test_an_odd_entry_is_refused(folder: Path, entry: Any) -> None:
    change(folder, "files", "decoder.tflite", to=entry)
    assert "for decoder.tflite" in refusal(folder)


def test_an_entry_that_is_missing_or_one_too_many_is_refused(folder: Path) -> None:
    change(folder, "files", "decoder.tflite", to=None)
    assert "it doesn't list decoder.tflite" in refusal(folder)
    write_manifest(folder, FIELDS)
    for number in range(40):
        change(folder, "files", f"extra{number}", to={"sha256": "0" * 64, "bytes": 0})
    assert 'its "files" is no list of files' in refusal(folder)


@pytest.mark.parametrize(
    ("section", "field", "value"),
    [
        ("input", "size", 0),
        ("input", "size", 299.0),
        ("input", "size", "299"),
        ("regions", "rows", -1),
        ("regions", "channels", 10**9),
        ("decode", "beams", True),
        ("decode", "max_length", None),
        ("decode", "length_norm", "inf"),
        ("confidence", "slope", [1]),
        ("confidence", "offset", 1e300),
        ("confidence", "weights", {"luck": {"weight": 1.0, "mean": 0.0, "scale": 1.0}}),
        ("confidence", "weights", {"word": {"weight": 1.0, "mean": 0.0, "scale": 0.0}}),
    ],
)
def test_a_number_that_makes_no_sense_is_named(
    folder: Path, section: str, field: str, value: Any
) -> None:
    change(folder, section, field, to=value)
    assert f'its "{section}" has no sensible "{field}"' in refusal(folder)


def test_confidence_may_be_a_table_of_weights(folder: Path) -> None:
    table = {"offset": 0.5, "weights": {"word": {"weight": 1.0, "mean": -0.8, "scale": 0.2}}}
    write_manifest(folder, {**FIELDS, "confidence": table})
    assert open_bundle(folder).manifest["confidence"] == table


def test_a_section_that_is_no_object_is_named(folder: Path) -> None:
    change(folder, "regions", to=[1, 2])
    assert 'its "regions" has no sensible' in refusal(folder)


def test_writing_refuses_what_reading_would(folder: Path) -> None:
    before = (folder / MANIFEST).read_bytes()
    with pytest.raises(BundleError, match='its "decode" has no sensible "beams"'):
        write_manifest(folder, {**FIELDS, "decode": {}})
    with pytest.raises(BundleError, match="lacks"):
        write_manifest(folder, {**FIELDS, "files": ["nowhere.tflite"]})
    assert (folder / MANIFEST).read_bytes() == before


def test_checking_forty_megabytes_is_fast(folder: Path) -> None:
    (folder / "extractor.tflite").write_bytes(bytes(40_000_000))
    write_manifest(folder, FIELDS)
    start = time.process_time()
    open_bundle(folder)
    assert time.process_time() - start < 0.5  # 0.03 s where it was written


class Evil:
    """What a pickle would like to run."""

    def __reduce__(self) -> Any:
        return (os.system, ("touch hacked",))


def memo_bomb() -> bytes:
    """Reserves gigabytes by numbering its only part 1,000,000,000."""
    return b"\x80\x04\x8c\x01ar" + struct.pack("<I", 1_000_000_000) + b"."


def hash_bomb() -> bytes:
    """A dict whose key is a tuple of two of the same tuple, 60 levels deep: 2**60 hashes."""
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
        pickle.dumps({**TOKENIZER, "pad": None}),
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
def test_a_pickle_that_is_no_plain_tokenizer_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes
) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "tokenizer.pkl"
    path.write_bytes(content)
    start = time.process_time()
    with pytest.raises(BundleError, match=r"tokenizer\.pkl is damaged"):
        load_tokenizer(path)
    assert time.process_time() - start < 2
    assert not (tmp_path / "hacked").exists()


@pytest.mark.parametrize(
    "odd",
    [
        {"words": []},
        {"words": ["a", "b", "c", "a"]},
        {"words": ["a", "b", "c", ""]},
        {"words": ["a", "b", "c", 4]},
        {"words": ["a", "b", "c", "d" * 200]},
        {"words": ("a", "b", "c", "d")},
        {"words": {"a": 1}},
        {"start": 7},
        {"end": -1},
        {"unk": 1.0},
        {"pad": "0"},
        {"max_length": 0},
        {"max_length": 10**6},
        {"more": 1},
    ],
    ids=repr,
)
def test_a_tokenizer_that_makes_no_sense_is_refused(tmp_path: Path, odd: dict[str, Any]) -> None:
    path = tmp_path / "tokenizer.pkl"
    path.write_bytes(pickle.dumps({**TOKENIZER, **odd}))
    with pytest.raises(BundleError, match=r"tokenizer\.pkl is damaged"):
        load_tokenizer(path)


def test_a_tokenizer_that_lacks_a_field_is_neither_read_nor_saved(tmp_path: Path) -> None:
    for key in TOKENIZER:
        less = {name: value for name, value in TOKENIZER.items() if name != key}
        path = tmp_path / "tokenizer.pkl"
        path.write_bytes(pickle.dumps(less))
        with pytest.raises(BundleError, match="it doesn't hold"):
            load_tokenizer(path)
        with pytest.raises(BundleError, match="can't be saved"):
            save_tokenizer(less, tmp_path / "other.pkl")
    assert not (tmp_path / "other.pkl").exists()


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_every_binary_protocol_is_read(tmp_path: Path, protocol: int) -> None:
    path = tmp_path / "tokenizer.pkl"
    # "start" is a word and a key: pickles name the same string twice by its place in the memo.
    tokenizer = {**TOKENIZER, "words": [*TOKENIZER["words"], "start", "end"]}
    path.write_bytes(pickle.dumps(tokenizer, protocol=protocol))
    assert load_tokenizer(path) == tokenizer


@settings(deadline=None, max_examples=50)
@given(
    st.lists(st.text(min_size=1, max_size=20), min_size=4, max_size=300, unique=True),
    st.integers(1, 1_000),
)
def test_any_vocabulary_survives(words: list[str], longest: int) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as place:
        path = Path(place, "tokenizer.pkl")
        tokenizer = {**TOKENIZER, "words": words, "max_length": longest}
        save_tokenizer(tokenizer, path)
        assert load_tokenizer(path) == tokenizer
        assert [file.name for file in Path(place).iterdir()] == ["tokenizer.pkl"]


@settings(deadline=None, max_examples=200)
@given(st.data())
def test_a_mutated_tokenizer_is_read_or_refused(data: st.DataObject) -> None:
    import tempfile

    content = bytearray(pickle.dumps(TOKENIZER, protocol=4))
    for _ in range(data.draw(st.integers(1, 5))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    with tempfile.TemporaryDirectory() as place:
        path = Path(place, "tokenizer.pkl")
        path.write_bytes(content)
        try:
            tokenizer = load_tokenizer(path)
        except BundleError:
            return
        assert set(tokenizer) == set(TOKENIZER)
