"""Watch a folder, and describe each new picture as soon as its file is complete."""

import os
import queue
import stat
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from watchdog.events import (
    EVENT_TYPE_CLOSED,
    EVENT_TYPE_MODIFIED,
    EVENT_TYPE_MOVED,
    FileClosedEvent,
    FileCreatedEvent,
    FileModifiedEvent,
    FileMovedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers import Observer

from image_describer.errors import PictureError, ScanError
from image_describer.i18n import _
from image_describer.imaging.open import Picture, open_picture
from image_describer.library import scan
from image_describer.library.describe_files import content_key_or_empty
from image_describer.library.record import Record
from image_describer.metadata.formats import PICTURE_SUFFIXES
from image_describer.text import file_name, plural, visible

if TYPE_CHECKING:
    from watchdog.observers.api import BaseObserver

    from image_describer.captioner.description import Description

FEW = 5  # more pictures than this in a row are counted, because nobody listens to fifty sentences
QUIET_S = 1.0  # this long without a new picture, and a row of them is over
COUNT_EVERY_S = 30.0  # how often a row that doesn't end is counted
GATHER_S = 0.3  # a picture is told this long after it was closed, because others may follow it
CHECK_S = 1.0  # how often the folder is looked for, and read where the system reports no changes
SCAN_S = 10.0  # how often it is read where the system reports them, in case one was lost
SCAN_SHARE = 10  # reading a large folder on a slow share takes at most a tenth of the time
STOP_LIMIT_S = 2.0
CHANGES: list[type[FileSystemEvent]] = [
    FileCreatedEvent,
    FileModifiedEvent,
    FileMovedEvent,
    FileClosedEvent,
]
TELLS_CLOSING = sys.platform == "linux"  # elsewhere nothing says that a file was closed

_Status = tuple[int, int]
"""Size in bytes and time of the last change in ns."""


class _Writing(Enum):
    """What is known about the writer of a file: how long (in s) it must have been unchanged before
    it is opened, and before it is told that it can't be.
    """

    ENDED = (0.0, 2.0)  # closed or renamed; some programs write a file in several goes
    UNKNOWN = (0.3, 10.0)
    IN_PROGRESS = (10.0, float("inf"))  # something was written, and the file is still open

    @property
    def wait_s(self) -> float:
        return self.value[0]

    @property
    def patience_s(self) -> float:
        return self.value[1]


@dataclass(frozen=True)
class PictureBurst:
    """Many pictures have come at once. ``more``: after others that were told one by one."""

    count: int
    more: bool

    @property
    def sentence(self) -> str:
        """ "50 new pictures." """
        if self.more:
            return plural("{count} more new picture.", "{count} more new pictures.", self.count)
        return plural("{count} new picture.", "{count} new pictures.", self.count)


@dataclass(frozen=True)
class FolderLost:
    """The folder can't be read any more. The watch goes on, and waits for it."""

    error: ScanError


@dataclass(frozen=True)
class FolderFound:
    """The folder is watched now. ``is_back``: again, and what has come meanwhile follows."""

    folder: str
    is_back: bool

    @property
    def sentence(self) -> str:
        name = file_name(self.folder)
        return (
            _('The folder "{name}" is back.').format(name=name)
            if self.is_back
            else _('Watching the folder "{name}".').format(name=name)
        )


WatchEvent = Record | PictureBurst | FolderLost | FolderFound


class _Known(NamedTuple):
    """A file as it was last told (``key``: SHA-256 of its content), or found at the start ("")."""

    status: _Status
    key: str


@dataclass
class _Pending:
    """A file that may not be complete; it is looked at again at ``due``, by time.monotonic()."""

    status: _Status
    writing: _Writing
    changed_at: float
    due: float


def check(folder: scan.StrPath) -> None:
    """Check that ``folder`` is a folder that can be read. Raises ScanError."""
    scan.check([folder])
    name = os.fspath(folder)
    if not os.path.isdir(name):
        raise ScanError(
            _('"{name}" is not a folder.').format(name=visible(name)),
            _("Watch the folder that it is in."),
        )
    try:
        os.scandir(name).close()
    except OSError as error:
        raise ScanError(scan.unreadable(name, error)) from error


class FolderWatcher:
    """Watches the pictures directly in ``folder``, which may be missing for a while.

    ``describe`` is called with each new picture, on the thread that iterates over `events`. With
    ``count_bursts``, more than FEW pictures in a row are counted instead. Pictures that are there
    at the start are not new. The operating system reports changes; where it doesn't (a network
    share, too many watches), the folder is read every second.
    """

    def __init__(
        self,
        folder: scan.StrPath,
        describe: "Callable[[Picture], Description]",
        *,
        count_bursts: bool = True,
    ) -> None:
        self.folder = os.path.abspath(os.fspath(folder))
        self._describe = describe
        self._few = FEW if count_bursts else sys.maxsize
        self._changes: queue.SimpleQueue[FileSystemEvent | None] = queue.SimpleQueue()
        self._started_ns = time.time_ns()
        self._stopped = False
        self._observer: BaseObserver | None = None
        self._identity: tuple[int, int] | None = None  # of the folder; None while it is missing
        self._reported_lost = False
        self._known: dict[str, _Known] | None = None  # None until the folder has been read
        self._pending: dict[str, _Pending] = {}
        self._reliable = False  # whether the system reports changes, as far as is known
        self._next_check = self._next_scan = 0.0
        # The pictures that have come one shortly after the other:
        self._told = 0
        self._held: list[str] = []
        self._began = self._latest = 0.0

    def events(self) -> Iterator[WatchEvent]:
        """Yield what happens until `stop` is called. A picture is yielded once for each content."""
        try:
            while not self._stopped:
                yield from self._check_folder()
                yield from self._tell()
                self._take_changes(self._idle_s())
        finally:
            self._stop_observer()

    def stop(self) -> None:
        """End `events` soon; may be called on any thread."""
        self._stopped = True
        self._changes.put(None)

    def _check_folder(self) -> Iterator[FolderLost | FolderFound]:
        """Follow a folder that is deleted, replaced, or connected again; read it when it is due."""
        now = time.monotonic()
        if now < self._next_check:
            return
        self._next_check = now + CHECK_S
        try:
            status = os.stat(self.folder)
            if (status.st_dev, status.st_ino) != self._identity:
                self._stop_observer()
                self._remember_old()
                self._start_observer()
                self._next_scan = now
            if now >= self._next_scan:
                self._scan()
        except OSError as error:
            self._stop_observer()
            self._identity = None
            if not self._reported_lost:
                self._reported_lost = True
                yield FolderLost(_lost(self.folder, error))
            return
        if self._identity is None:
            yield FolderFound(self.folder, is_back=self._reported_lost)
        self._identity = status.st_dev, status.st_ino
        self._reported_lost = False

    def _remember_old(self) -> None:
        """Remember what is in the folder when it is read for the first time. Raises OSError."""
        if self._known is None:
            # The first screenshot also makes the folder for it, so that it is new.
            before_ns = self._started_ns if self._reported_lost else sys.maxsize
            self._known = {
                file: _Known(status, "")
                for file, status in self._listing().items()
                if status[1] < before_ns
            }

    def _start_observer(self) -> None:
        observer = None
        try:
            observer = Observer()
            # The watch of a link to a folder would be on the link itself.
            observer.schedule(
                _ChangeHandler(self._changes), os.path.realpath(self.folder), event_filter=CHANGES
            )
            observer.start()
        except Exception:  # mostly too many watches; the folder is read every second then
            if observer is not None:
                observer.stop()
            observer = None
        self._observer, self._reliable = observer, False

    def _stop_observer(self) -> None:
        if self._observer is not None:
            self._observer.stop()
            self._observer.join(STOP_LIMIT_S)
            self._observer = None

    def _scan(self) -> None:
        """Find changes that the system hasn't reported. Raises OSError."""
        began = time.monotonic()
        for file, status in self._listing().items():
            if file not in self._pending and self._is_change(file, status):
                self._wait_for(file, status, _Writing.UNKNOWN)
                self._reliable = False
        now = time.monotonic()
        interval_s = SCAN_S if self._reliable else CHECK_S
        self._next_scan = now + max(interval_s, SCAN_SHARE * (now - began))

    def _listing(self) -> dict[str, _Status]:
        """Return the pictures in the folder. Raises OSError."""
        with os.scandir(self.folder) as entries:
            files = [os.path.join(self.folder, e.name) for e in entries if _is_picture_name(e.name)]
        found = ((file, _status(file)) for file in files)
        return {file: status for file, status in found if status is not None}

    def _idle_s(self) -> float:
        """Return how long nothing is due."""
        due = [self._next_check, *(pending.due for pending in self._pending.values())]
        if self._held:
            due.append(self._latest + QUIET_S)
        return max(0.0, min(due) - time.monotonic())

    def _take_changes(self, limit_s: float) -> None:
        """Wait at most ``limit_s`` for a change, then take all that have been reported."""
        try:
            change = self._changes.get(timeout=limit_s)
            while change is not None:
                self._reliable = True
                self._take(change)
                change = self._changes.get_nowait()
        except queue.Empty:
            pass

    def _take(self, change: FileSystemEvent) -> None:
        kind, file = change.event_type, self._path(change.src_path)
        if kind == EVENT_TYPE_MOVED:
            known, pending = self._known, self._pending.pop(file, None)
            before = known.get(file) if known is not None and pending is None else None
            file = self._path(change.dest_path)
            if before is not None and known is not None:
                known[file] = before  # a picture with another name is not new
        status = _status(file) if _is_picture_name(os.path.basename(file)) else None
        if status is None or not self._is_change(file, status):
            return
        if kind in (EVENT_TYPE_MOVED, EVENT_TYPE_CLOSED):
            self._wait_for(file, status, _Writing.ENDED)
        elif file not in self._pending or self._pending[file].status != status:
            # Not every "modified" comes from writing: some versions report new permissions so.
            is_written = kind == EVENT_TYPE_MODIFIED and TELLS_CLOSING
            writing = _Writing.IN_PROGRESS if is_written else _Writing.UNKNOWN
            self._wait_for(file, status, writing)

    def _path(self, reported: bytes | str) -> str:
        return os.path.join(self.folder, os.path.basename(os.fsdecode(reported)))

    def _is_change(self, file: str, status: _Status) -> bool:
        """Whether the file isn't empty, as files are at first, and was not told like this."""
        known = (self._known or {}).get(file)
        return status[0] > 0 and (known is None or known.status != status)

    def _wait_for(self, file: str, status: _Status, writing: _Writing) -> None:
        now = time.monotonic()
        self._pending[file] = _Pending(status, writing, now, now + writing.wait_s)

    def _due(self) -> list[str]:
        """Return the files that are probably complete, in the order in which they came."""
        now = time.monotonic()
        files = [file for file, pending in self._pending.items() if pending.due <= now]
        return sorted(files, key=lambda file: self._pending[file].changed_at)

    def _arriving(self) -> int:
        """Return how many files are complete, or were changed just now and will be."""
        open_ones = _Writing.IN_PROGRESS
        return sum(pending.writing is not open_ones for pending in self._pending.values())

    def _tell(self) -> Iterator[Record | PictureBurst]:
        """Yield what there is to say about the files that are complete."""
        while not self._stopped:
            files = self._due()
            yield from self._end_row(files)
            if not files:
                return
            if self._held or self._told + self._arriving() > self._few:
                for file in files:
                    self._hold(file)
                continue
            end = self._pending[files[0]].changed_at + GATHER_S
            record = self._record(files[0])
            if record is None:
                continue
            self._take_changes(0.0)  # that were reported while it was described
            while not self._stopped and (left := end - time.monotonic()) > 0:
                self._take_changes(left)
            if record.file in self._pending:  # it was changed again
                continue
            if self._told + 1 + self._arriving() > self._few:
                self._held.append(record.file)
            else:
                self._told += 1
                yield record
            self._latest = time.monotonic()

    def _end_row(self, due: list[str]) -> Iterator[Record | PictureBurst]:
        """Say how many pictures were held back, if no more have followed or it takes long."""
        now = time.monotonic()
        following = min((self._pending[file].due for file in due), default=now)
        is_over = following - self._latest >= QUIET_S
        if not is_over and now - self._began < COUNT_EVERY_S:
            return
        held, self._held, self._began = self._held, [], now
        if len(held) == 1 and is_over:  # nobody would say "1 more picture"
            self._forget(held[0])
            record = self._record(held[0])
            if record is not None:
                yield record
        elif held:
            yield PictureBurst(len(held), more=self._told > 0)
        self._told = 0 if is_over else self._told + len(held)

    def _hold(self, file: str) -> None:
        """Count a file instead of describing it, if it is complete."""
        pending = self._pending[file]
        key = self._new_key(file)
        if key is None:
            return
        # Of a closed file it is enough to know that; opening fifty would take seconds.
        if pending.writing is _Writing.ENDED or self._open(file) is not None:
            self._settle(file, key)
            self._held.append(file)
            self._latest = time.monotonic()

    def _record(self, file: str) -> Record | None:
        """Describe a file; None if it is not complete, or was told already."""
        key = self._new_key(file)
        opened = self._open(file) if key is not None else None
        if key is None or opened is None:
            return None
        self._settle(file, key)
        try:
            if isinstance(opened, PictureError):
                raise opened
            return Record(file, key, self._describe(opened))
        except PictureError as error:
            return Record(file, key, error=str(error))

    def _new_key(self, file: str) -> str | None:
        """Return the key of a file's content; None if it has changed just now or was told."""
        pending = self._pending[file]
        status = _status(file)
        if status is None or status[0] == 0:
            del self._pending[file]
            return None
        if status != pending.status:
            is_open = pending.writing is _Writing.IN_PROGRESS
            self._wait_for(file, status, pending.writing if is_open else _Writing.UNKNOWN)
            return None
        key = content_key_or_empty(file)
        known = (self._known or {}).get(file)
        # Of a file that is older than the watch only the size is known: a program has touched it.
        if known is not None and (known.key == key if known.key else known.status[0] == status[0]):
            self._settle(file, key)
            return None
        return key

    def _open(self, file: str) -> Picture | PictureError | None:
        """Open a file; None if that fails but may still succeed, as while it is written."""
        try:
            return open_picture(file)
        except PictureError as error:
            pending = self._pending[file]
            end = pending.changed_at + pending.writing.patience_s
            if pending.due >= end:
                return error
            pending.due = end
            return None

    def _settle(self, file: str, key: str) -> None:
        """Remember that a file was told."""
        if self._known is not None:
            self._known[file] = _Known(self._pending.pop(file).status, key)

    def _forget(self, file: str) -> None:
        """Make a file that was held back new again."""
        if self._known is not None:
            self._wait_for(file, self._known.pop(file).status, _Writing.ENDED)


class _ChangeHandler(FileSystemEventHandler):
    """Passes the changes from the observer's thread to the watcher's."""

    def __init__(self, changes: "queue.SimpleQueue[FileSystemEvent | None]") -> None:
        self._changes = changes

    def on_any_event(self, event: FileSystemEvent) -> None:
        if not event.is_directory:
            self._changes.put(event)


def _is_picture_name(name: str) -> bool:
    """Whether it is a picture's name, and none of a file that is only there for a while."""
    return os.path.splitext(name)[1].lower() in PICTURE_SUFFIXES and not name.startswith((".", "~"))


def _status(file: str) -> _Status | None:
    """Return the status of a regular file; None if there is none."""
    try:
        status = os.stat(file)
    except (OSError, ValueError):
        return None
    return (status.st_size, status.st_mtime_ns) if stat.S_ISREG(status.st_mode) else None


def _lost(folder: str, error: OSError) -> ScanError:
    name = file_name(folder)
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        sentence = _('The folder "{name}" isn\'t there.').format(name=name)
    else:
        sentence = scan.unreadable(name, error)
    return ScanError(sentence, _("New pictures in it are announced once it can be read."))
