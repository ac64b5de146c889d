"""The pictures below folders, in the order in which people count, whatever lies between them."""

import os
import re
import stat
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from image_describer.errors import ScanError
from image_describer.imaging.formats import FORMATS
from image_describer.text import natural_key, visible

SUFFIXES = frozenset(suffix for format_ in FORMATS for suffix in format_.suffixes)

Place = str | os.PathLike[str]

_NUMBERS = re.compile(r"([0-9]+)")


class Found(NamedTuple):
    """A picture by its name: ``file`` is its absolute path. Or, where ``error`` is a sentence, a
    folder that can't be read.
    """

    file: str
    error: str = ""


def check(places: Sequence[Place]) -> None:
    """See that each of ``places`` is there. Raises ScanError."""
    for place in places:
        name = os.fspath(place)
        try:
            if not name:
                raise ScanError("There is no folder: its name is empty.")
            os.stat(name)
        except FileNotFoundError as error:
            raise ScanError(
                f'There is no folder "{visible(name)}".', "Check how its name is written."
            ) from error
        except (OSError, ValueError) as error:
            raise ScanError(_unreadable(name, error)) from error


def pictures(
    places: Sequence[Place], *, wanted: Callable[[], bool] = lambda: True
) -> Iterator[Found]:
    """The pictures below ``places``, folders and single files; each once, one folder at a time.

    A picture is what has a picture's suffix; a file that was named itself is taken in any case.
    What is hidden is left out unless it was named, folders behind links are gone into once, and a
    folder that can't be read is told and not the end. Nothing is opened. In a folder the pictures
    come first, then the folders, both in natural order: img2 before img10. It ends early when
    ``wanted`` says so.
    """
    named = [os.path.abspath(os.fspath(place)) for place in places]
    single = {name for name in named if not os.path.isdir(name)}
    given: set[str] = set()
    seen: set[tuple[int, int]] = set()
    for name in named:
        if name in single:
            if name not in given:
                given.add(name)
                yield Found(name)
            continue
        for found in _below(name, seen, wanted):
            if found.file not in given:
                yield found
            if found.file in single:
                given.add(found.file)


def count(places: Sequence[Place], *, wanted: Callable[[], bool] = lambda: True) -> int:
    """How many `pictures` finds."""
    return sum(1 for _ in pictures(places, wanted=wanted))


def _below(folder: str, seen: set[tuple[int, int]], wanted: Callable[[], bool]) -> Iterator[Found]:
    waiting = [folder]
    while waiting and wanted():
        folder = waiting.pop()
        files: list[str] = []
        folders: list[str] = []
        trouble = ""
        try:
            status = os.stat(folder)
            if (status.st_dev, status.st_ino) in seen:
                continue
            seen.add((status.st_dev, status.st_ino))
            with os.scandir(folder) as entries:
                for entry in entries:
                    if not _is_hidden(entry):
                        _sort_in(entry, files, folders)
        except FileNotFoundError:  # deleted meanwhile
            continue
        except (OSError, ValueError) as error:
            trouble = _unreadable(folder, error)
        for name in sorted(files, key=natural_key):
            if not wanted():
                return
            yield Found(os.path.join(folder, name))
        if trouble:
            yield Found(folder, trouble)
        folders.sort(key=natural_key, reverse=True)
        waiting += [os.path.join(folder, name) for name in folders]


def _sort_in(entry: "os.DirEntry[str]", files: list[str], folders: list[str]) -> None:
    try:
        is_folder = entry.is_dir()
    except OSError:  # a link that leads to itself: told when it is opened, if it is a picture's
        is_folder = False
    if is_folder:
        folders.append(entry.name)
    elif os.path.splitext(entry.name)[1].lower() in SUFFIXES:
        files.append(entry.name)


def _is_hidden(entry: "os.DirEntry[str]") -> bool:
    if entry.name.startswith("."):
        return True
    try:
        attributes = getattr(entry.stat(follow_symlinks=False), "st_file_attributes", 0)
    except OSError:
        return False
    return bool(attributes & stat.FILE_ATTRIBUTE_HIDDEN)


def _unreadable(name: str, error: Exception) -> str:
    if isinstance(error, PermissionError):
        return f'You are not allowed to read the folder "{visible(name)}".'
    reason = getattr(error, "strerror", None) or "that is no valid name"
    return f'The folder "{visible(name)}" can\'t be read: {reason}.'
