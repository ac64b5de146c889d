"""What became of a batch, in one file: lines of JSON, a table for spreadsheets, or a gallery."""

import csv
import io
import json
import os
import secrets
import stat
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any

from image_describer.errors import OutputError
from image_describer.files import reason, writing
from image_describer.library.exporters import gallery
from image_describer.library.record import Record
from image_describer.text import encodable, visible
from image_describer.wording import sentence

SUFFIXES = (".jsonl", ".csv", ".html")
COLUMNS = (
    "file",
    "caption",
    "sentence",
    "confidence",
    "notes",
    "alt_text",
    "width",
    "height",
    "error",
)
# A cell that begins with one of these is computed by spreadsheets; OWASP, "CSV Injection".
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def check(path: str | os.PathLike[str]) -> None:
    """See, before any work is done for it, whether `write` will be able to write ``path``.

    Raises OutputError for another suffix than `SUFFIXES`, for a folder or a device, and for a
    place that is missing or that this user may not write to.
    """
    name = os.fspath(path)
    shown = visible(name)
    if not name or _suffix(name) not in SUFFIXES:
        raise OutputError(
            f'I can\'t write results to "{shown}": its name has to end in {_any_of(SUFFIXES)}.',
            "JSONL is for programs, CSV for spreadsheets, HTML a page to be read.",
        )
    folder = Path(name).parent
    try:
        _check_target(Path(name))
        if not folder.is_dir():
            raise OutputError(
                f'I can\'t write "{shown}": there is no folder "{visible(str(folder))}".',
                "Make it first, or name another place.",
            )
        _mode_of_a_new_file(Path(os.path.realpath(name)).parent)
    except (OSError, ValueError) as trouble:
        raise _unwritable(name, trouble) from trouble


def write(
    path: str | os.PathLike[str],
    records: Iterable[Record],
    *,
    folders: Sequence[str | os.PathLike[str]] = (),
    partial: bool = False,
) -> None:
    """Write all of ``records`` to ``path``, in their order, in the way its suffix asks for.

    The file is there whole, or as it was before. The records are read once and not kept: a hundred
    thousand take no more memory than one hundred. ``folders`` are those that were described, for
    the gallery's title; ``partial`` says there that the batch was stopped before its end.
    Raises OutputError.
    """
    name = os.fspath(path)
    check(name)
    target = Path(os.path.realpath(name))  # behind a link, the file it leads to is replaced
    try:
        mode = _mode(target)
        if _suffix(name) == ".html":
            gallery.write(target, records, mode, folders=folders, partial=partial)
            return
        with writing(target, mode) as file:
            (_write_csv if _suffix(name) == ".csv" else _write_jsonl)(file, records)
    except OSError as trouble:
        raise _unwritable(name, trouble) from trouble


def as_object(record: Record) -> dict[str, Any]:
    """What a line of JSON says of a picture: `wording.as_record`, ``key`` and ``error``.

    The same fields for every picture; those that are not known of a broken one are None or empty.
    """
    said = _NOTHING if record.description is None else sentence.as_record(record.description)
    return {
        **said,
        "file": encodable(record.file),
        "key": record.key or None,
        "error": visible(record.error) or None,
    }


_NOTHING: dict[str, Any] = {
    "file": None,
    "caption": None,
    "sentence": None,
    "confidence": None,
    "alternatives": [],
    "words": [],
    "notes": [],
    "alt_text": None,
    "seconds": None,
    "width": None,
    "height": None,
}


def _write_jsonl(file: IO[bytes], records: Iterable[Record]) -> None:
    for record in records:
        line = json.dumps(as_object(record), ensure_ascii=False, allow_nan=False)
        file.write(line.encode() + b"\n")


def _write_csv(file: IO[bytes], records: Iterable[Record]) -> None:
    """RFC 4180; it begins with the mark by which Excel knows UTF-8."""
    text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="", write_through=True)
    try:
        table = csv.writer(text)
        table.writerow(COLUMNS)
        table.writerows(_rows(records))
        text.flush()
    finally:
        text.detach()  # or it would close the file, which is still to be renamed


def _rows(records: Iterable[Record]) -> Iterator[list[object]]:
    for record in records:
        said = as_object(record)
        said["notes"] = " ".join(said["notes"])
        yield [_cell(said[column]) for column in COLUMNS]


def _cell(value: object) -> object:
    if isinstance(value, str) and value.startswith(FORMULA_STARTS):
        return f"'{value}"
    return "" if value is None else value


def _check_target(path: Path) -> None:
    """Raise OutputError or OSError for something at ``path`` that can't be replaced by a file."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return
    shown = visible(str(path))
    if stat.S_ISDIR(mode):
        raise OutputError(f'I can\'t write to "{shown}": it is a folder.', "Name a file in it.")
    if not stat.S_ISREG(mode):
        raise OutputError(f'I can\'t write to "{shown}": it is a device or a pipe.')
    if not os.access(path, os.W_OK):
        raise PermissionError(0, "Permission denied")


def _unwritable(name: str, trouble: Exception) -> OutputError:
    why = reason(trouble) if isinstance(trouble, OSError) else "that is no valid name"
    return OutputError(
        f'The file "{visible(name)}" can\'t be written: {why}.',
        "Make room there, or name another place.",
    )


def _mode(path: Path) -> int:
    """The permissions of a file that is there already, else those that the user's new files get."""
    try:
        return stat.S_IMODE(path.stat().st_mode)
    except FileNotFoundError:
        return _mode_of_a_new_file(path.parent)


def _mode_of_a_new_file(folder: Path) -> int:
    """Make an empty file in ``folder``, look at it, remove it. Raises OSError."""
    trial = folder / f".{secrets.token_hex(8)}.new"
    # Asking for the umask would change it for a moment, for all threads.
    handle = os.open(trial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666)
    try:
        return stat.S_IMODE(os.fstat(handle).st_mode)
    finally:
        os.close(handle)
        trial.unlink()


def _suffix(name: str) -> str:
    return Path(name).suffix.lower()


def _any_of(suffixes: Sequence[str]) -> str:
    return f"{', '.join(suffixes[:-1])} or {suffixes[-1]}"
