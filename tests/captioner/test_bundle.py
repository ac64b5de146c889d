"""The bundle: read back as written, and refused if anything about it is not valid."""

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from image_describer.captioner.bundle import MANIFEST, REQUIRED_FILES, open_bundle, write_manifest
from image_describer.captioner.tokenizer import save_tokenizer
from image_describer.errors import BundleError, DescriptionLanguageError

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
    (tmp_path / "encoder.tflite").write_bytes(os.urandom(100_000))
    (tmp_path / "decoder.tflite").write_bytes(os.urandom(1_000))
    save_tokenizer(TOKENIZER, tmp_path / "tokenizer.pkl")
    write_manifest(tmp_path, FIELDS)
    return tmp_path


def change(folder: Path, *path: str, to: Any) -> None:
    """Set one field of the manifest, or remove it (``to=None``)."""
    manifest = json.loads((folder / MANIFEST).read_text())
    section = manifest
    for key in path[:-1]:
        section = section[key]
    if to is None:
        del section[path[-1]]
    else:
        section[path[-1]] = to
    (folder / MANIFEST).write_text(json.dumps(manifest))


def refusal(folder: Path) -> str:
    with pytest.raises(BundleError) as caught:
        open_bundle(folder)
    assert "pip install --force-reinstall image-describer" in caught.value.way_out
    assert "git checkout -- models" in caught.value.way_out
    assert "python -m image_describer.train" in caught.value.way_out
    assert "\n" not in str(caught.value)
    return caught.value.sentence


def test_a_written_bundle_is_read_back(folder: Path) -> None:
    bundle = open_bundle(folder)
    assert bundle.tokenizer == TOKENIZER
    assert bundle.path("encoder.tflite") == folder / "encoder.tflite"
    assert bundle.manifest["regions"] == FIELDS["regions"]
    assert bundle.manifest["files"]["decoder.tflite"]["bytes"] == 1_000
    assert bundle.manifest["format"] == 2
    assert sorted(path.name for path in folder.iterdir()) == [
        "decoder.tflite",
        "encoder.tflite",
        "manifest.json",
        "tokenizer.pkl",
    ]


def test_the_environment_variable_names_the_default(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IMAGE_DESCRIBER_BUNDLE", str(folder))
    assert open_bundle().folder == folder
    monkeypatch.setenv("IMAGE_DESCRIBER_BUNDLE", str(folder / "nothing"))
    with pytest.raises(BundleError, match="unset IMAGE_DESCRIBER_BUNDLE"):
        open_bundle()


def test_an_unlisted_file_has_no_path(folder: Path) -> None:
    with pytest.raises(BundleError, match="no file joint_space"):
        open_bundle(folder).path("joint_space.tflite")


def test_an_optional_file_is_checked_too(folder: Path) -> None:
    (folder / "joint_space.tflite").write_bytes(b"space")
    names = ["joint_space.tflite", "encoder.tflite", "decoder.tflite", "tokenizer.pkl"]
    section = {"words": 100, "dimension": 8}
    write_manifest(folder, {**FIELDS, "files": names, "joint_space": section})
    assert open_bundle(folder).path("joint_space.tflite").read_bytes() == b"space"
    (folder / "joint_space.tflite").write_bytes(b"spare")
    assert "joint_space.tflite is damaged" in refusal(folder)


@pytest.mark.parametrize(
    ("name", "where"), [("encoder.tflite", 0), ("decoder.tflite", 0.5), ("tokenizer.pkl", 1)]
)
def test_one_changed_byte_is_found(folder: Path, name: str, where: float) -> None:
    content = bytearray((folder / name).read_bytes())
    content[round(where * (len(content) - 1))] ^= 1
    (folder / name).write_bytes(content)
    assert f"{name} is damaged: its content has changed" in refusal(folder)


@pytest.mark.parametrize(
    "name", ["encoder.tflite", "decoder.tflite", "tokenizer.pkl", "manifest.json"]
)
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    assert f"lacks {folder / name}" in refusal(folder)


def test_a_shorter_file_is_named_with_its_sizes(folder: Path) -> None:
    (folder / "decoder.tflite").write_bytes(b"x" * 999)
    assert "decoder.tflite is damaged: it has 999 bytes instead of 1,000" in refusal(folder)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    assert "no model bundle folder" in refusal(tmp_path / "a\nb")
    assert "a\\nb" in refusal(tmp_path / "a\nb")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no named pipes in folders")
def test_a_pipe_is_refused_without_waiting(folder: Path) -> None:
    (folder / "decoder.tflite").unlink()
    os.mkfifo(folder / "decoder.tflite")
    assert "decoder.tflite is damaged: it is not a file" in refusal(folder)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"null",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"format": NaN}',
        b'{"format": ' + b"9" * 100_000 + b"}",
        b'{"format": true}',
        b'{"format": 2}',
        b'{"format": 2, "files": []}',
        b" " * 2_000_000,
    ],
    ids=lambda content: repr(content[:20]),
)
def test_a_damaged_manifest_is_refused(folder: Path, content: bytes) -> None:
    (folder / MANIFEST).write_bytes(content)
    assert "manifest.json" in refusal(folder)


def test_a_bundle_of_format_1_is_read_under_the_new_names(folder: Path) -> None:
    for name in ("joint_space.tflite", "novelty.npy"):
        (folder / name).write_bytes(name.encode())
    table = {name: {"weight": 1.0, "mean": 0.0, "scale": 1.0} for name in ("rarity", "novelty")}
    sections = {
        "joint_space": {"words": 100, "dimension": 8},
        "novelty": {"usual": -0.5, "photograph_limit": 0.5},
        "decode": {**FIELDS["decode"], "ngram_weight": 2.0},
        "confidence": {"offset": 0.0, "weights": table},
        "files": [*REQUIRED_FILES, "joint_space.tflite", "novelty.npy"],
        "made": {"note": "by hand"},
    }
    new = write_manifest(folder, {**FIELDS, **sections})
    text = (folder / MANIFEST).read_text()
    for now, then in {
        '"format": 2': '"format": 1',
        "joint_space.tflite": "joint.tflite",
        "encoder.tflite": "extractor.tflite",
        "novelty.npy": "unlike.npy",
        "photograph_limit": "doubt",
        "ngram_weight": "phrase_weight",
        '"joint_space"': '"joint"',
        '"rarity"': '"rare"',
        '"novelty"': '"unlike"',
    }.items():
        assert now in text
        text = text.replace(now, then)
        if (folder / now).exists():
            (folder / now).rename(folder / then)
    (folder / MANIFEST).write_text(text)
    change(folder, "made", to="by hand")
    bundle = open_bundle(folder)
    assert bundle.manifest == new
    assert bundle.path("encoder.tflite") == folder / "extractor.tflite"
    assert bundle.path("novelty.npy").read_bytes() == b"novelty.npy"
    assert bundle.path("decoder.tflite") == folder / "decoder.tflite"
    (folder / "joint.tflite").unlink()
    assert f"lacks {folder / 'joint.tflite'}" in refusal(folder)


@pytest.mark.parametrize("section", ["files", "joint", "decode", "confidence"])
def test_a_damaged_manifest_of_format_1_is_refused(folder: Path, section: str) -> None:
    change(folder, "format", to=1)
    change(folder, section, to=[])
    if section != "joint":
        assert "manifest.json is damaged" in refusal(folder)


def test_a_newer_format_asks_for_an_update(folder: Path) -> None:
    change(folder, "format", to=3)
    assert "has format 3, made for a newer Image Describer" in refusal(folder)


@pytest.mark.parametrize(
    "name",
    ["../secret", "/etc/passwd", "a\\b", "C:x", "..", "", "a\nb", "x" * 200, MANIFEST],
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
def test_an_entry_that_is_not_valid_is_refused(folder: Path, entry: Any) -> None:
    change(folder, "files", "decoder.tflite", to=entry)
    assert "for decoder.tflite" in refusal(folder)


def test_a_missing_entry_and_too_many_entries_are_refused(folder: Path) -> None:
    change(folder, "files", "decoder.tflite", to=None)
    assert "it doesn't list decoder.tflite" in refusal(folder)
    write_manifest(folder, FIELDS)
    for number in range(40):
        change(folder, "files", f"extra{number}", to={"sha256": "0" * 64, "bytes": 0})
    assert 'its "files" is not a list of files' in refusal(folder)


@pytest.mark.parametrize(
    ("section", "field", "value"),
    [
        ("input", "size", 0),
        ("input", "size", 299.0),
        ("regions", "channels", 10**9),
        ("decode", "beams", True),
        ("decode", "max_length", None),
        ("decode", "length_norm", "inf"),
        ("confidence", "slope", [1]),
        ("confidence", "offset", 1e300),
        ("confidence", "weights", {"luck": {"weight": 1.0, "mean": 0.0, "scale": 1.0}}),
        ("confidence", "weights", {"mean_log_prob": {"weight": 1.0, "mean": 0.0, "scale": 0.0}}),
    ],
)
def test_a_number_that_is_not_valid_is_named(
    folder: Path, section: str, field: str, value: Any
) -> None:
    change(folder, section, field, to=value)
    assert f'"{field}" in its "{section}" is not valid' in refusal(folder)


def test_confidence_may_be_a_table_of_weights(folder: Path) -> None:
    table = {
        "offset": 0.5,
        "weights": {"mean_log_prob": {"weight": 1.0, "mean": -0.8, "scale": 0.2}},
    }
    write_manifest(folder, {**FIELDS, "confidence": table})
    assert open_bundle(folder).manifest["confidence"] == table


def test_a_section_that_is_not_an_object_is_named(folder: Path) -> None:
    change(folder, "regions", to=[1, 2])
    assert 'in its "regions" is not valid' in refusal(folder)


def test_writing_refuses_what_reading_would_refuse(folder: Path) -> None:
    before = (folder / MANIFEST).read_bytes()
    with pytest.raises(BundleError, match='"beams" in its "decode" is not valid'):
        write_manifest(folder, {**FIELDS, "decode": {}})
    with pytest.raises(BundleError, match="lacks"):
        write_manifest(folder, {**FIELDS, "files": ["nowhere.tflite"]})
    assert (folder / MANIFEST).read_bytes() == before


GERMAN = {**TOKENIZER, "words": ["<pad>", "<start>", "<end>", "<unk>", "Hund", "läuft", "über"]}
SECTION = {
    "decode": {"beams": 3, "max_length": 12, "length_norm": 0.5},
    "confidence": {"slope": 2.5, "offset": 0.5},
}


@pytest.fixture
def bilingual(folder: Path) -> Path:
    (folder / "decoder.de.tflite").write_bytes(b"german")
    save_tokenizer(GERMAN, folder / "tokenizer.de.pkl")
    files = [*REQUIRED_FILES, "decoder.de.tflite", "tokenizer.de.pkl"]
    write_manifest(folder, {**FIELDS, "files": files, "languages": {"de": SECTION}})
    return folder


def test_a_bundle_without_further_languages_is_english(folder: Path) -> None:
    bundle = open_bundle(folder)
    assert bundle.languages == ("en",)
    assert bundle.in_language("en") is bundle
    with pytest.raises(
        DescriptionLanguageError, match=r'language "de"\. Choose one of these: en\.'
    ):
        bundle.in_language("de")


def test_a_further_language_takes_the_place_of_english(bilingual: Path) -> None:
    bundle = open_bundle(bilingual)
    assert bundle.languages == ("en", "de")
    german = bundle.in_language("de")
    assert (german.language, german.tokenizer) == ("de", GERMAN)
    assert german.path("decoder.tflite") == bilingual / "decoder.de.tflite"
    assert german.path("encoder.tflite") == bilingual / "encoder.tflite"
    assert german.manifest["decode"] == SECTION["decode"]
    assert german.manifest["confidence"] == SECTION["confidence"]
    assert german.manifest["regions"] == FIELDS["regions"]
    assert bundle.tokenizer == TOKENIZER
    with pytest.raises(DescriptionLanguageError, match=r"Choose one of these: en, de\."):
        bundle.in_language("fr")


def test_parts_of_english_are_not_parts_of_another_language(bilingual: Path) -> None:
    (bilingual / "ngram_prior.npz").write_bytes(b"english")
    manifest = open_bundle(bilingual).manifest
    write_manifest(bilingual, {**manifest, "files": [*manifest["files"], "ngram_prior.npz"]})
    german = open_bundle(bilingual).in_language("de")
    assert "ngram_prior.npz" not in german.manifest["files"]


def test_the_files_of_a_language_are_read_when_it_is_used(bilingual: Path) -> None:
    (bilingual / "decoder.de.tflite").write_bytes(b"G" + b"erman"[:5])
    bundle = open_bundle(bilingual)
    with pytest.raises(BundleError, match=r"decoder\.de\.tflite is damaged: its content"):
        bundle.in_language("de")
    (bilingual / "decoder.de.tflite").unlink()
    assert f"lacks {bilingual / 'decoder.de.tflite'}" in refusal(bilingual)


@pytest.mark.parametrize(
    ("path", "value", "fault"),
    [
        ((), [], 'its "languages" is not a list of languages'),
        ((), {f"x{chr(97 + n)}": SECTION for n in range(20)}, 'its "languages" is not a list'),
        (("../de",), SECTION, '"../de" in its "languages" is not valid'),
        (("en",), SECTION, '"en" in its "languages" is not valid'),
        (("DE\n",), SECTION, "is not valid"),
        (("fr",), SECTION, "it doesn't list decoder.fr.tflite"),
        (("de",), "German", '"de" in its "languages" is not valid'),
        (("de", "genders"), ["Hund"], '"genders" in its "languages"'),
        (("de", "genders"), {"Hund": "x"}, '"genders" in its "languages"'),
        (("de", "genders"), {"Hund": {"m": 1}}, '"genders" in its "languages"'),
        (("de", "decode"), None, '"beams" in its "decode" of the language "de" is not valid'),
        (("de", "decode", "max_length"), 0, '"max_length" in its "decode" of the language "de"'),
        (("de", "decode", "match_weight"), -1, '"match_weight" in its "decode" of the language'),
        (("de", "confidence"), {}, '"offset" in its "confidence" of the language "de"'),
    ],
    ids=str,
)
def test_a_language_that_is_not_valid_is_refused(
    bilingual: Path, path: tuple[str, ...], value: Any, fault: str
) -> None:
    change(bilingual, "languages", *path, to=value)
    assert f"manifest.json is damaged: {fault}" in refusal(bilingual) or (
        fault == "is not valid" and fault in refusal(bilingual)
    )


def test_german_words_need_a_joint_space(bilingual: Path) -> None:
    (bilingual / "joint_space.de.npz").write_bytes(b"words")
    manifest = open_bundle(bilingual).manifest
    with pytest.raises(BundleError, match=r"lists joint_space\.de\.npz, but not"):
        write_manifest(bilingual, {**manifest, "files": [*manifest["files"], "joint_space.de.npz"]})
