"""The contents of a folder: read in chunks, in natural order, with the sentences about it."""

import heapq
import os
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal, overload

from image_describer.app.folder_error import folder_error
from image_describer.errors import FolderError
from image_describer.files import is_hidden
from image_describer.i18n import N_, _
from image_describer.metadata.formats import DOCUMENT_SUFFIXES, PICTURE_SUFFIXES
from image_describer.text import file_name, natural_key, plural

CHUNK = 500  # entries between two checks whether to go on; 5 ms on a local disk
# Sleeping between chunks lets Tk's thread run: otherwise it waits 5 ms for Python's lock each time.
YIELD_S = 0.001
EMPTY = N_("Empty. Backspace goes to the parent.")
COMPUTER = N_("Computer")  # the root of the file system

EntryKind = Literal[
    "folder", "picture", "document", "file", "broken link", "device or pipe"  # untranslated
]
KIND_NAMES: dict[EntryKind, str] = {
    "folder": N_("folder"),
    "picture": N_("picture"),
    "document": N_("document"),
    "file": N_("file"),
    "broken link": N_("broken link"),  # untranslated
    "device or pipe": N_("device or pipe"),  # untranslated
}
KINDS: tuple[tuple[tuple[str, ...], EntryKind], ...] = (
    (tuple(suffix.casefold() for suffix in PICTURE_SUFFIXES), "picture"),
    (DOCUMENT_SUFFIXES, "document"),
)
# Tuples of strings, since a folder may have a million entries: garbage collection ignores these,
# while 20,000 instances of a class make it stop all threads for a tenth of a second.
SortKey = tuple[str, str]
EntryRow = tuple[str, EntryKind]  # path and kind
SortedRow = tuple[str, str, str, EntryKind]  # the two parts of the sort key, path and kind


class ReadCancelled(Exception):  # noqa: N818 - not an error
    """Reading was cancelled by ``keep_reading``."""


@dataclass(frozen=True, slots=True)
class FolderEntry:
    """One line of the list: its ``path``, and a ``name`` that can be shown and spoken."""

    path: str
    kind: EntryKind

    @property
    def name(self) -> str:
        return file_name(self.path)

    @property
    def spoken(self) -> str:
        """Name and kind: "beach.jpg, picture"."""
        return f"{self.name}, {_(KIND_NAMES[self.kind])}"


class FolderEntries(Sequence[FolderEntry]):
    """The sorted entries of a folder, created from their rows on access."""

    def __init__(self, rows: Iterable[EntryRow] = ()) -> None:
        self._rows = tuple(rows)
        self._kinds = Counter(kind for _path, kind in self._rows)

    @property
    def counts(self) -> str:
        """How many there are: "3 folders, 120 pictures"; "" for an empty folder."""
        kinds = self._kinds
        parts = []
        if folders := kinds["folder"]:
            parts.append(plural("{count} folder", "{count} folders", folders))
        if pictures := kinds["picture"]:
            parts.append(plural("{count} picture", "{count} pictures", pictures))
        if documents := kinds["document"]:
            parts.append(plural("{count} document", "{count} documents", documents))
        other = kinds.total() - folders - pictures - documents
        if other and parts:
            parts.append(plural("{count} other file", "{count} other files", other))
        elif other:
            parts.append(plural("{count} file", "{count} files", other))
        return ", ".join(parts)

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, index: int) -> FolderEntry: ...

    @overload
    def __getitem__(self, index: slice) -> list[FolderEntry]: ...

    def __getitem__(self, index: int | slice) -> FolderEntry | list[FolderEntry]:
        if isinstance(index, slice):
            return [FolderEntry(*row) for row in self._rows[index]]
        return FolderEntry(*self._rows[index])

    def index_of(self, path: str) -> int:
        """Return the index of ``path``, or -1."""
        return next((index for index, row in enumerate(self._rows) if row[0] == path), -1)


@dataclass(frozen=True)
class FolderListing:
    """A folder that was read: its entries in order, folders first.

    ``note`` says why it is another folder than the requested one ("That link leads back to
    Holiday."), or is empty.
    """

    path: str
    entries: FolderEntries
    note: str = ""

    @property
    def name(self) -> str:
        return _(COMPUTER) if self.path == os.sep else file_name(self.path)

    def greeting(self) -> str:
        """What is spoken on entering: "Holiday: 3 folders, 120 pictures."."""
        counts = f"{self.entries.counts}." if self.entries else _(EMPTY)
        greeting = _("{folder}: {contents}").format(folder=self.name, contents=counts)
        return f"{self.note} {greeting}".strip()


def sort_key(name: str, kind: EntryKind) -> SortKey:
    """Sort folders first, then by name. No two entries of a folder have the same key."""
    return ("0" if kind == "folder" else "1") + natural_key(name)[0], name


def read_folder(
    path: str,
    all_files: bool = False,
    keep_reading: Callable[[], bool] = lambda: True,
    on_count: Callable[[int], None] = lambda count: None,
) -> FolderListing:
    """Read the folder ``path`` (absolute). May take long: not for the window's thread.

    After each chunk, ReadCancelled is raised if ``keep_reading()`` is false; otherwise
    ``on_count(count)`` gets the number of entries read so far. Raises FolderError.
    """
    try:
        path, note = _resolve_loop(path)
        chunks = list(_sorted_chunks(path, all_files, keep_reading, on_count))
    except (OSError, ValueError) as error:
        raise folder_error(path, error) from error
    return FolderListing(path, FolderEntries(_merge(chunks)), note)


def read_nearest(
    paths: Iterable[str],
    all_files: bool = False,
    keep_reading: Callable[[], bool] = lambda: True,
    on_count: Callable[[int], None] = lambda count: None,
) -> FolderListing:
    """Read the first of ``paths`` that can be read, or else a folder above it, as `read_folder`.

    The note says what was wrong with the first. Raises its FolderError if nothing can be read.
    """
    first_error: FolderError | None = None
    for path in paths:
        for candidate in (path, *parents(path)):
            try:
                listing = read_folder(candidate, all_files, keep_reading, on_count)
            except FolderError as error:
                first_error = first_error or error
                continue
            note = f"{first_error} {listing.note}".strip() if first_error else listing.note
            return replace(listing, note=note)
    raise first_error or FolderError(_("There is no folder to open."))


def parents(path: str) -> list[str]:
    """Return the folders above ``path``, the nearest first."""
    found: list[str] = []
    while (parent := os.path.dirname(path)) not in (path, ""):
        found.append(parent)
        path = parent
    return found


def is_folder(path: str) -> bool:
    """Whether ``path`` is a folder. May take long on a network."""
    try:
        return os.path.isdir(path)
    except ValueError:  # a null character
        return False


def _merge(chunks: list[list[SortedRow]]) -> Iterable[EntryRow]:
    """Return the rows in order. Sorting all at once would block all other threads."""
    for count, (_folded, _name, path, kind) in enumerate(heapq.merge(*chunks), 1):
        if count % CHUNK == 0:
            time.sleep(YIELD_S)
        yield path, kind


def _sorted_chunks(
    path: str,
    all_files: bool,
    keep_reading: Callable[[], bool],
    on_count: Callable[[int], None],
) -> Iterable[list[SortedRow]]:
    chunk: list[SortedRow] = []
    with os.scandir(path) as items:
        for count, item in enumerate(items, 1):
            if not is_hidden(item) and (kind := _kind(item, all_files)) is not None:
                chunk.append((*sort_key(item.name, kind), item.path, kind))
            if count % CHUNK == 0:
                if not keep_reading():
                    raise ReadCancelled
                on_count(count)
                time.sleep(YIELD_S)
                yield sorted(chunk)
                chunk = []
    yield sorted(chunk)


def _kind(item: "os.DirEntry[str]", all_files: bool) -> EntryKind | None:
    """Return the kind of ``item``; None if it is not listed."""
    kind = kind_by_name(item.name)
    try:
        if item.is_dir():
            return "folder"
        if kind is None and not all_files:
            return None
        if item.is_file():
            return kind or "file"
        return "broken link" if item.is_symlink() else "device or pipe"  # untranslated
    except OSError:  # for example links that lead to each other
        return "broken link" if kind is not None or all_files else None  # untranslated


def kind_by_name(name: str) -> EntryKind | None:
    """Return what a file of this name holds, if the program can open it."""
    folded = name.casefold()
    return next((kind for suffixes, kind in KINDS if folded.endswith(suffixes)), None)


def _resolve_loop(path: str) -> tuple[str, str]:
    """Replace a link that leads to a folder above it by that folder, and return a note about it."""
    if not os.path.islink(path):
        return path, ""
    target = os.stat(path)
    for parent in parents(path):
        if os.path.samestat(target, os.stat(parent)):
            return parent, _("That link leads back to {parent}.").format(parent=file_name(parent))
    return path, ""
