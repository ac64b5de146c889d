"""The model bundle: a folder with ``manifest.json``, checked in full before anything is loaded.

The manifest lists the SHA-256 and size of each file, and the numbers that the pipeline needs.
"""

import json
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, NoReturn

from image_describer import paths
from image_describer.bundle_files import (
    FILE_LIMIT_BYTES,
    WAY_OUT,
    damaged,
    fingerprint,
    read,
    shown,
    size_of,
    write,
)
from image_describer.captioner import agreement, confidence
from image_describer.captioner.tokenizer import (
    LENGTH_LIMIT_WORDS,
    WORDS_LIMIT,
    load_tokenizer,
)
from image_describer.errors import BundleError, DescriptionLanguageError
from image_describer.i18n import ENGLISH, _
from image_describer.text import number, visible

FORMAT = 2
MANIFEST = "manifest.json"
ENCODER = "encoder.tflite"
DECODER = "decoder.tflite"
TOKENIZER = "tokenizer.pkl"
REQUIRED_FILES = (ENCODER, DECODER, TOKENIZER)
# Optional parts:
JOINT_SPACE = "joint_space.tflite"  # without it pictures and sentences can't be matched
JOINT_WORDS = "joint_space.npz"  # of a further language; without it its sentences can't be matched
NGRAM_PRIOR = "ngram_prior.npz"  # without it n-grams don't count in the ranking
ORIENTATION = "orientation.npy"  # without it rotated pictures are not noticed
NOVELTY = "novelty.npy"  # without it unfamiliar pictures are not noticed
PHOTO_CHECK = "photo_check.json"  # without it the program's own classifier decides

LANGUAGES_LIMIT = 10  # beside English, whose files have no language in their names
SHOWN_CHARACTERS = 40  # of a language that is not known
LANGUAGE_FILES = (DECODER, TOKENIZER)  # required for each further language
_OPTIONAL_LANGUAGE_FILES = (NGRAM_PRIOR, JOINT_WORDS)

_FILES_OF_FORMAT_1 = {
    "extractor.tflite": ENCODER,
    "joint.tflite": JOINT_SPACE,
    "phrases.npz": NGRAM_PRIOR,
    "turned.npy": ORIENTATION,
    "unlike.npy": NOVELTY,
}
_FORMAT_1: tuple[tuple[tuple[str, ...], dict[str, str]], ...] = (
    (("files",), _FILES_OF_FORMAT_1),
    ((), {"joint": "joint_space", "turned": "orientation", "unlike": "novelty"}),
    (("joint_space",), {"extractor": "encoder"}),
    (("orientation",), {"doubt": "threshold"}),
    (("novelty",), {"doubt": "photograph_limit"}),
    (("decode",), {"phrase_weight": "ngram_weight"}),
    (("confidence", "weights"), confidence.MEASURES_OF_FORMAT_1),
)
"""Sections of the manifest, and what format 1 called their keys: {old name: new name}."""

MANIFEST_LIMIT_BYTES = 1_000_000  # a real one has a few kB
FILES_LIMIT = 32

WEIGHTS = ("match_weight", "ngram_weight")  # of the ranking; 0 where they are missing

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_LANGUAGE = re.compile(r"[a-z]{2,3}")
_NUMBERS: dict[str, dict[str, tuple[type, float, float]]] = {
    "input": {"size": (int, 16, 4096)},
    "regions": {
        "rows": (int, 1, 1_000),
        "columns": (int, 1, 1_000),
        "channels": (int, 1, 100_000),
    },
    "decode": {
        "beams": (int, 1, 100),
        "max_length": (int, 1, LENGTH_LIMIT_WORDS),
        "length_norm": (float, -100.0, 100.0),
    },
}
"""Section, field: type, least and greatest value of each number that the pipeline relies on."""
_OPTIONAL_NUMBERS: dict[str, dict[str, dict[str, tuple[type, float, float]]]] = {
    JOINT_SPACE: {"joint_space": {"words": (int, 1, WORDS_LIMIT), "dimension": (int, 1, 100_000)}},
    ORIENTATION: {"orientation": {"threshold": (float, 0.0, 1.0)}},
    NOVELTY: {
        "novelty": {"usual": (float, -100.0, 100.0), "photograph_limit": (float, -100.0, 100.0)}
    },
}
"""The same, for each optional file of a bundle that has it."""


@dataclass(frozen=True)
class Bundle:
    """A checked bundle. ``tokenizer`` is what `load_tokenizer` returns.

    ``manifest`` has the file names and keys of the current format. ``old_names`` maps these file
    names to the ones in the folder where an older format called them something else. ``language``
    is the one that its decoder writes; see `in_language`.
    """

    folder: Path
    manifest: dict[str, Any]
    tokenizer: dict[str, Any]
    old_names: Mapping[str, str] = field(default_factory=dict)
    language: str = ENGLISH

    @property
    def languages(self) -> tuple[str, ...]:
        """The codes (ISO 639) of the languages that pictures can be described in, English first."""
        return (ENGLISH, *self.manifest.get("languages", {}))

    def path(self, name: str) -> Path:
        """Path of a file of the bundle. Raises BundleError if the manifest doesn't list it."""
        if name not in self.manifest["files"]:
            raise BundleError(
                _("The model bundle has no file {name}.").format(name=visible(name)), _(WAY_OUT)
            )
        return self.folder / self.old_names.get(name, name)

    def in_language(self, language: str) -> "Bundle":
        """Return the bundle as if another of its ``languages`` were its only one.

        The decoder, tokenizer, n-gram prior, confidence and numbers are then those of that
        language, under the names that the English ones have. The content of its files is checked
        here, not by `open_bundle`, so that English costs no more than without them. Raises
        DescriptionLanguageError for a language that the bundle lacks, and BundleError.
        """
        if language == self.language:
            return self
        check_language(language, self.languages)
        files = self.manifest["files"]
        view = {name: entry for name, entry in files.items() if name not in _ENGLISH_FILES}
        old_names = {k: v for k, v in self.old_names.items() if k not in _ENGLISH_FILES}
        for name in (*LANGUAGE_FILES, *_OPTIONAL_LANGUAGE_FILES):
            own_name = file_of_language(name, language)
            if own_name in files:
                _check_file(self.folder / own_name, files[own_name])
                view[name], old_names[name] = files[own_name], own_name
        section = self.manifest["languages"][language]
        manifest = {
            **self.manifest,
            "files": view,
            "decode": section["decode"],
            "confidence": section["confidence"],
            "genders": section.get("genders", {}),
        }
        tokenizer = load_tokenizer(self.folder / old_names[TOKENIZER])
        return Bundle(self.folder, manifest, tokenizer, old_names, language)


_GENDERS = frozenset(agreement.GENDERS)
_ENGLISH_FILES = (DECODER, TOKENIZER, NGRAM_PRIOR)


def check_language(language: str, languages: Sequence[str]) -> None:
    """Raise DescriptionLanguageError unless a language is one of a model's ``languages``."""
    if language not in languages:
        raise unknown_language(language, languages)


def unknown_language(language: str, languages: Iterable[str]) -> DescriptionLanguageError:
    """Return the error about a language that is none of a model's ``languages``."""
    return DescriptionLanguageError(
        _('This model can\'t describe pictures in the language "{language}".').format(
            language=visible(language[:SHOWN_CHARACTERS])
        ),
        _("Choose one of these: {languages}.").format(languages=", ".join(languages)),
    )


def file_of_language(name: str, language: str) -> str:
    """Return the name of a language's own file: "decoder.tflite" -> "decoder.de.tflite"."""
    stem, suffix = name.rsplit(".", 1)
    return name if language == ENGLISH else f"{stem}.{language}.{suffix}"


def language_of_file(file: str, name: str) -> str | None:
    """Return the language of which ``file`` is the file ``name``; None if it is another file."""
    stem, suffix = name.rsplit(".", 1)
    found = re.fullmatch(rf"{re.escape(stem)}\.({_LANGUAGE.pattern})\.{suffix}", file)
    return found[1] if found else None


def open_bundle(folder: Path | None = None) -> Bundle:
    """Open the bundle in ``folder`` (default: the one that ships) and check every listed file.

    Of the files of further languages, only the sizes are checked; `Bundle.in_language` does the
    rest. Raises BundleError, which names the missing, changed or damaged file and how to restore
    it.
    """
    from_environment = folder is None and "IMAGE_DESCRIBER_BUNDLE" in os.environ
    folder = paths.bundle_folder() if folder is None else Path(folder)
    if not folder.is_dir():
        way_out = (
            _("Correct or unset IMAGE_DESCRIBER_BUNDLE. {way_out}").format(way_out=_(WAY_OUT))
            if from_environment
            else _(WAY_OUT)
        )
        raise BundleError(
            _("There is no model bundle folder {folder}.").format(folder=shown(folder)), way_out
        )
    manifest, old_names = _read_manifest(folder / MANIFEST)
    later = {
        file_of_language(name, language)
        for language in manifest.get("languages", {})
        for name in (*LANGUAGE_FILES, *_OPTIONAL_LANGUAGE_FILES)
    }
    for name, entry in manifest["files"].items():
        check = _check_size if name in later else _check_file
        check(folder / old_names.get(name, name), entry)
    tokenizer = load_tokenizer(folder / TOKENIZER)
    return Bundle(folder, manifest, tokenizer, old_names)


def write_manifest(folder: Path, fields: Mapping[str, Any]) -> dict[str, Any]:
    """Write ``folder/manifest.json`` and return it.

    ``fields`` holds everything except ``format``. ``fields["files"]`` names files in ``folder``
    (default: the three required ones); their SHA-256 and sizes are computed here. Raises
    BundleError if a file is missing or `open_bundle` would refuse a field.
    """
    folder = Path(folder)
    names: Iterable[str] = fields.get("files", REQUIRED_FILES)
    manifest: dict[str, Any] = {"format": FORMAT, "name": "", "created": _now(), **fields}
    manifest["format"] = FORMAT
    manifest["files"] = {name: fingerprint(folder / name) for name in sorted(names)}
    _check_manifest(manifest, folder / MANIFEST)
    text = json.dumps(manifest, indent=2, ensure_ascii=False, allow_nan=False)
    write(folder / MANIFEST, (text + "\n").encode())
    return manifest


def _read_manifest(path: Path) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the manifest in the current format, and the `Bundle.old_names`."""
    content = read(path, MANIFEST_LIMIT_BYTES)
    try:
        manifest = json.loads(content.decode(), parse_int=_short_int, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise damaged(path, _("it is not JSON")) from error
    old_names = _rename_format_1(manifest)
    _check_manifest(manifest, path)
    return manifest, old_names


def _rename_format_1(manifest: Any) -> dict[str, str]:
    """Give a manifest of format 1 the current names, in place, and return the `Bundle.old_names`.

    The manifest has not been checked yet. One of another format is left as it is.
    """
    number = manifest.get("format") if type(manifest) is dict else None
    if type(number) is not int or number != 1:
        return {}
    manifest["format"] = FORMAT
    files = manifest.get("files")
    names_of_files = _FILES_OF_FORMAT_1.items() if type(files) is dict else ()
    old_names = {new: old for old, new in names_of_files if old in files}
    if type(manifest.get("made")) is str:
        manifest["made"] = {"note": manifest["made"]}
    for path, names in _FORMAT_1:
        section: Any = manifest
        for key in path:
            section = section.get(key) if type(section) is dict else None
        if type(section) is dict:
            items = [(names.get(name, name), value) for name, value in section.items()]
            section.clear()
            section.update(items)
    return old_names


def _check_manifest(manifest: Any, path: Path) -> None:
    if type(manifest) is not dict:
        raise damaged(path, _("it is not a JSON object"))
    version = manifest.get("format")
    if type(version) is int and version > FORMAT:
        raise BundleError(
            _(
                "{path} has format {version}, made for a newer Image Describer; this one "
                "reads format {format}."
            ).format(path=shown(path), version=version, format=FORMAT),
            _("Update with: pip install --upgrade image-describer. {way_out}").format(
                way_out=_(WAY_OUT)
            ),
        )
    if type(version) is not int or version != FORMAT:
        raise damaged(path, _('its "format" is not {format}').format(format=FORMAT))
    _check_entries(manifest.get("files"), path)
    numbers_of = dict(_NUMBERS)
    for name in manifest["files"]:
        numbers_of |= _OPTIONAL_NUMBERS.get(name, {})
    _check_numbers(manifest, numbers_of, path)
    _check_captions(manifest, path)
    _check_languages(manifest, path)


def _check_numbers(
    fields: Mapping[str, Any],
    expected: Mapping[str, Mapping[str, tuple[type, float, float]]],
    path: Path,
    language: str = "",
) -> None:
    for section, numbers in expected.items():
        values = fields.get(section)
        for name, bounds in numbers.items():
            if type(values) is not dict or not _fits(values.get(name), *bounds):
                raise damaged(path, _not_valid(name, section, language))


def _check_captions(fields: Mapping[str, Any], path: Path, language: str = "") -> None:
    """Check the weights of the ranking and the confidence, which each language has."""
    for name in WEIGHTS:
        if not _fits(fields["decode"].get(name, 0.0), float, 0.0, 100.0):
            raise damaged(path, _not_valid(name, "decode", language))
    if invalid := confidence.invalid_field(fields.get("confidence")):
        raise damaged(path, _not_valid(invalid, "confidence", language))


def _not_valid(name: str, section: str, language: str = "") -> str:
    if language:
        message = _('"{name}" in its "{section}" of the language "{language}" is not valid')
    else:
        message = _('"{name}" in its "{section}" is not valid')
    return message.format(name=visible(name), section=section, language=language)


def _check_languages(manifest: Mapping[str, Any], path: Path) -> None:
    languages = manifest.get("languages", {})
    if type(languages) is not dict or len(languages) > LANGUAGES_LIMIT:
        raise damaged(path, _('its "languages" is not a list of languages'))
    for language, section in languages.items():
        if not _LANGUAGE.fullmatch(language) or language == ENGLISH:
            raise damaged(path, _not_valid(language, "languages"))
        if type(section) is not dict:
            raise damaged(path, _not_valid(language, "languages"))
        _check_numbers(section, {"decode": _NUMBERS["decode"]}, path, language)
        _check_captions(section, path, language)
        genders = section.get("genders", {})
        if type(genders) is not dict or not set(map(str, genders.values())) <= _GENDERS:
            raise damaged(path, _not_valid("genders", "languages", language))
        for name in LANGUAGE_FILES:
            if (own_name := file_of_language(name, language)) not in manifest["files"]:
                raise damaged(path, _("it doesn't list {name}").format(name=own_name))
        joint_words = file_of_language(JOINT_WORDS, language)
        if joint_words in manifest["files"] and JOINT_SPACE not in manifest["files"]:
            raise damaged(
                path,
                _("it lists {name}, but not {other}").format(name=joint_words, other=JOINT_SPACE),
            )


def _fits(value: Any, kind: type, least: float, greatest: float) -> bool:
    kinds = (int,) if kind is int else (int, float)  # bool is excluded
    return type(value) in kinds and bool(least <= value <= greatest)  # False for NaN


def _check_entries(entries: Any, path: Path) -> None:
    if type(entries) is not dict or len(entries) > FILES_LIMIT:
        raise damaged(path, _('its "files" is not a list of files'))
    for name in REQUIRED_FILES:
        if name not in entries:
            raise damaged(path, _("it doesn't list {name}").format(name=name))
    for name, entry in entries.items():
        if not _NAME.fullmatch(name) or name == MANIFEST:
            raise damaged(
                path,
                _('it lists "{name}", which is not the name of a file in it').format(
                    name=visible(name)
                ),
            )
        digest, size = (
            (entry.get("sha256"), entry.get("bytes")) if type(entry) is dict else (None, None)
        )
        if type(digest) is not str or not _SHA256.fullmatch(digest):
            raise damaged(path, _("it has no SHA-256 for {name}").format(name=name))
        if type(size) is not int or not 0 <= size <= FILE_LIMIT_BYTES:
            raise damaged(path, _("it has no valid size for {name}").format(name=name))


def _check_size(path: Path, entry: Mapping[str, Any]) -> None:
    size = size_of(path)
    if size != entry["bytes"]:
        raise damaged(
            path,
            _("it has {size} bytes instead of {expected}").format(
                size=number(size), expected=number(entry["bytes"])
            ),
        )


def _check_file(path: Path, entry: Mapping[str, Any]) -> None:
    _check_size(path, entry)
    if fingerprint(path)["sha256"] != entry["sha256"]:
        raise damaged(
            path, _("its content has changed (its SHA-256 is not the one in the manifest)")
        )


def _now() -> str:
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def _short_int(digits: str) -> int:
    if len(digits) > 20:  # a million digits would take seconds
        raise ValueError("a number is too long")
    return int(digits)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
