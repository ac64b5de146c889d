"""Write the results of a batch to one file: lines of JSON, a CSV table or an HTML gallery."""

import os
import secrets
import stat
from collections.abc import Iterable, Sequence
from pathlib import Path

from image_describer.errors import OutputError
from image_describer.files import reason, writing
from image_describer.i18n import _
from image_describer.library.exporters import csv, gallery, jsonl
from image_describer.library.record import Record
from image_describer.text import visible

SUFFIXES = (".jsonl", ".csv", ".html")


def check(path: str | os.PathLike[str]) -> None:
    """Check, before any work is done, whether `write` will be able to write ``path``.

    Raises OutputError for a suffix that is not in `SUFFIXES`, for a folder or a device, and for a
    folder that is missing or that the user may not write to.
    """
    name = os.fspath(path)
    if not name or _suffix(name) not in SUFFIXES:
        raise OutputError(
            _(
                'I can\'t write results to "{name}": its name has to end in .jsonl, .csv or .html.'
            ).format(name=visible(name)),
            _("JSONL is for programs, CSV for spreadsheets, HTML is a page to read."),
        )
    folder = Path(name).parent
    try:
        _check_target(Path(name))
        if not folder.is_dir():
            raise OutputError(
                _('I can\'t write "{name}": there is no folder "{folder}".').format(
                    name=visible(name), folder=visible(str(folder))
                ),
                _("Create it first, or name another place."),
            )
        _mode_of_new_file(Path(os.path.realpath(name)).parent)
    except (OSError, ValueError) as error:
        raise _unwritable(name, error) from error


def write(
    path: str | os.PathLike[str],
    records: Iterable[Record],
    *,
    folders: Sequence[str | os.PathLike[str]] = (),
    partial: bool = False,
    text: bool = False,
) -> None:
    """Write ``records`` to ``path``, in their order, in the format of its suffix.

    The file is replaced as a whole, when the last record was read; if ``records`` raises an
    exception, it stays as it was. Records are read one at a time and not kept in memory.
    ``folders`` are those that were described, for the gallery's title; ``partial`` adds a note
    there that the batch was stopped before its end. ``text`` adds what is written in the pictures
    to tables and galleries; JSONL always has it. Raises OutputError.
    """
    name = os.fspath(path)
    check(name)
    target = Path(os.path.realpath(name))  # a link stays, and the file behind it is replaced
    try:
        mode = _mode(target)
        suffix = _suffix(name)
        if suffix == ".html":
            gallery.write(target, records, mode, folders=folders, partial=partial, text=text)
            return
        with writing(target, mode) as file:
            if suffix == ".csv":
                csv.write(file, records, text=text)
            else:
                jsonl.write(file, records)
    except OSError as error:
        raise _unwritable(name, error) from error


def _check_target(path: Path) -> None:
    """Raise OutputError or OSError if there is something at ``path`` that can't be replaced."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return
    shown = visible(str(path))
    if stat.S_ISDIR(mode):
        raise OutputError(
            _('I can\'t write to "{name}": it is a folder.').format(name=shown),
            _("Name a file in it."),
        )
    if not stat.S_ISREG(mode):
        raise OutputError(
            _('I can\'t write to "{name}": it is a device or a pipe.').format(name=shown)
        )
    if not os.access(path, os.W_OK):
        raise PermissionError(0, _("Permission denied"))


def _unwritable(name: str, error: Exception) -> OutputError:
    why = reason(error) if isinstance(error, OSError) else _("that is not a valid name")
    return OutputError(
        _('The file "{name}" can\'t be written: {reason}.').format(name=visible(name), reason=why),
        _("Make room there, or name another place."),
    )


def _mode(path: Path) -> int:
    """Return the permissions of the file at ``path``, or those a new file would get."""
    try:
        return stat.S_IMODE(path.stat().st_mode)
    except FileNotFoundError:
        return _mode_of_new_file(path.parent)


def _mode_of_new_file(folder: Path) -> int:
    """Create an empty file in ``folder`` and return its permissions. Raises OSError."""
    # os.umask() can only be read by changing it, for all threads.
    trial = folder / f".{secrets.token_hex(8)}.new"
    handle = os.open(trial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666)
    try:
        return stat.S_IMODE(os.fstat(handle).st_mode)
    finally:
        os.close(handle)
        trial.unlink()


def _suffix(name: str) -> str:
    return Path(name).suffix.lower()
