"""What is in a folder: read in pieces, sorted as people count, with the sentences about it."""

import errno
import heapq
import os
import re
import stat
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal, overload

from image_describer.app.messages import printable
from image_describer.errors import FolderError
from image_describer.imaging.open import PICTURE_SUFFIXES
from image_describer.text import natural_key, plural

PIECE = 500  # entries between two looks at whether anybody still waits; 5 ms on a local disk
# Between pieces: Tk's loop gets Python's lock back only 5 ms after each of its calls otherwise.
BREATH_S = 0.001
SUFFIXES = tuple(suffix.casefold() for suffix in PICTURE_SUFFIXES)
EMPTY = "Empty. Backspace goes to the parent."

Kind = Literal["folder", "picture", "file", "broken link", "device or pipe"]
# Plain tuples of strings, of which there may be a million: Python's garbage collection leaves these
# alone, while it stops all threads for a tenth of a second over 20,000 objects of a class.
SortKey = tuple[str, str]
Row = tuple[str, Kind]  # path and kind
SortedRow = tuple[str, str, str, Kind]  # the sort key's two parts, path and kind

_NUMBERS = re.compile(r"(\d+)")


class Unwanted(Exception):  # noqa: N818 - nothing is wrong: somebody changed their mind
    """Nobody waits any more for what is being read."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the list. ``path`` opens it, whatever bytes it holds; ``name`` can be shown."""

    path: str
    kind: Kind

    @property
    def name(self) -> str:
        return shown_name(self.path)

    @property
    def spoken(self) -> str:
        """ "beach.jpg, picture"."""
        return f"{self.name}, {self.kind}"


class Entries(Sequence[Entry]):
    """The entries of a folder in order, made from their rows as they are asked for."""

    def __init__(self, rows: Iterable[Row] = ()) -> None:
        self._rows = tuple(rows)
        kinds = Counter(kind for _path, kind in self._rows)
        folders, pictures = kinds.pop("folder", 0), kinds.pop("picture", 0)
        parts = (
            (folders, "folder"),
            (pictures, "picture"),
            (kinds.total(), "other file" if folders or pictures else "file"),
        )
        self.counts = ", ".join(plural(count, what) for count, what in parts if count)
        """ "3 folders, 120 pictures", and what else there is; empty for an empty folder."""

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, at: int) -> Entry: ...

    @overload
    def __getitem__(self, at: slice) -> list[Entry]: ...

    def __getitem__(self, at: int | slice) -> Entry | list[Entry]:
        if isinstance(at, slice):
            return [Entry(*row) for row in self._rows[at]]
        return Entry(*self._rows[at])

    def index_of(self, path: str) -> int:
        """Where ``path`` stands; -1: nowhere."""
        return next((at for at, row in enumerate(self._rows) if row[0] == path), -1)


@dataclass(frozen=True)
class Listing:
    """A folder that was read: its entries in order, folders first.

    ``note`` says what the user did not ask for ("That link leads back to Holiday."), or is empty.
    """

    path: str
    entries: Entries
    note: str = ""

    @property
    def name(self) -> str:
        return shown_name(self.path)

    def greeting(self) -> str:
        """What is said on entering: "Holiday: 3 folders, 120 pictures."."""
        counted = f"{self.entries.counts}." if self.entries else EMPTY
        return f"{self.note} {self.name}: {counted}".strip()


def shown_name(path: str) -> str:
    """The last part of ``path``, fit to be shown and said; of a drive or ``/`` the whole."""
    return printable(os.path.basename(path.rstrip(os.sep)) or path)


def sort_key(name: str, kind: Kind) -> SortKey:
    """Folders first, then by name; of names that differ in case only, the capitals first.

    No two entries of a folder have the same one.
    """
    return ("0" if kind == "folder" else "1") + natural_key(name)[0], name


def read(
    path: str,
    all_files: bool = False,
    wanted: Callable[[], bool] = lambda: True,
    seen: Callable[[int], None] = lambda count: None,
) -> Listing:
    """Read the folder ``path`` (absolute). Slow on a network: not for the window's thread.

    ``wanted()`` is asked after every piece, and Unwanted raised once it says no; ``seen(count)`` is
    told how many entries have been looked at. Raises FolderError.
    """
    try:
        path, note = _out_of_circle(path)
        pieces = list(_sorted_pieces(path, all_files, wanted, seen))
    except (OSError, ValueError) as trouble:
        raise folder_error(path, trouble) from trouble
    return Listing(path, Entries(_merged(pieces)), note)


def read_nearest(
    paths: Iterable[str],
    all_files: bool = False,
    wanted: Callable[[], bool] = lambda: True,
    seen: Callable[[int], None] = lambda count: None,
) -> Listing:
    """Read the first of ``paths`` that can be read, or else a folder above it, as ``read`` does.

    The note says what was wrong with the first. Raises its FolderError when nothing can be read.
    """
    trouble: FolderError | None = None
    for path in paths:
        for place in (path, *parents(path)):
            try:
                found = read(place, all_files, wanted, seen)
            except FolderError as error:
                trouble = trouble or error
                continue
            note = f"{trouble} {found.note}".strip() if trouble else found.note
            return replace(found, note=note)
    raise trouble or FolderError("There is no folder to look into.")


def _merged(pieces: list[list[SortedRow]]) -> Iterable[Row]:
    """The rows in order. Sorting all at once would let no other thread run meanwhile."""
    for count, (_folded, _name, path, kind) in enumerate(heapq.merge(*pieces), 1):
        if count % PIECE == 0:
            time.sleep(BREATH_S)
        yield path, kind


def _sorted_pieces(
    path: str, all_files: bool, wanted: Callable[[], bool], seen: Callable[[int], None]
) -> Iterable[list[SortedRow]]:
    piece: list[SortedRow] = []
    with os.scandir(path) as found:
        for count, item in enumerate(found, 1):
            if not _hidden(item) and (kind := _kind(item, all_files)) is not None:
                piece.append((*sort_key(item.name, kind), item.path, kind))
            if count % PIECE == 0:
                if not wanted():
                    raise Unwanted
                seen(count)
                time.sleep(BREATH_S)
                yield sorted(piece)
                piece = []
    yield sorted(piece)


def _kind(item: "os.DirEntry[str]", all_files: bool) -> Kind | None:
    """What ``item`` is; None: not to be listed."""
    may_be_picture = item.name.casefold().endswith(SUFFIXES)
    try:
        if item.is_dir():
            return "folder"
        if not (may_be_picture or all_files):
            return None
        if item.is_file():
            return "picture" if may_be_picture else "file"
        return "broken link" if item.is_symlink() else "device or pipe"
    except OSError:  # links that lead to each other, for one
        return "broken link" if may_be_picture or all_files else None


def _hidden(item: "os.DirEntry[str]") -> bool:
    if item.name.startswith("."):
        return True
    try:
        if sys.platform == "win32":
            return bool(item.stat(follow_symlinks=False).st_file_attributes & 2)
        if sys.platform == "darwin":
            return bool(item.stat(follow_symlinks=False).st_flags & stat.UF_HIDDEN)
    except OSError:
        return False
    return False


def _out_of_circle(path: str) -> tuple[str, str]:
    """Of a link to a folder that it lies in: that folder, and a note. Else ``path`` itself."""
    if not os.path.islink(path):
        return path, ""
    target = os.stat(path)
    for above in parents(path):
        if os.path.samestat(target, os.stat(above)):
            return above, f"That link leads back to {shown_name(above)}."
    return path, ""


def parents(path: str) -> list[str]:
    """The folders that ``path`` lies in, the nearest first."""
    found: list[str] = []
    while (above := os.path.dirname(path)) not in (path, ""):
        found.append(above)
        path = above
    return found


def is_folder(path: str) -> bool:
    """Whether ``path`` is a folder. May ask a network."""
    try:
        return os.path.isdir(path)
    except ValueError:  # a null in it
        return False


def folder_error(path: str, trouble: Exception) -> FolderError:
    """The sentence for a folder that could not be read, and the way out."""
    name = shown_name(path)
    number = getattr(trouble, "errno", None)
    if isinstance(trouble, FileNotFoundError):
        if os.path.islink(path):
            return FolderError(f"{name} is a link to something that is not there.")
        return FolderError(f"There is no folder {name}.", "It was perhaps moved or deleted.")
    if isinstance(trouble, NotADirectoryError):
        return FolderError(f"{name} is not a folder.")
    if isinstance(trouble, PermissionError):
        return FolderError(f"You are not allowed to look into the folder {name}.")
    if number == errno.ELOOP:
        return FolderError(f"{name} is a link that leads round in a circle.")
    if number == errno.ENAMETOOLONG:
        return FolderError("That path is too long for this computer.")
    reason = getattr(trouble, "strerror", None) or "that is no valid name"
    return FolderError(f"The folder {name} can't be read: {reason}.")
