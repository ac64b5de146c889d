"""Find the pictures in folders, in natural order, whatever else is in them."""

import os
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from image_describer.errors import ScanError
from image_describer.files import is_hidden, reason
from image_describer.i18n import _
from image_describer.metadata.formats import PICTURE_SUFFIXES
from image_describer.text import natural_key, visible

StrPath = str | os.PathLike[str]


class ScannedFile(NamedTuple):
    """The absolute path of a picture; with an ``error``, of a folder that can't be read."""

    file: str
    error: str = ""


def check(paths: Sequence[StrPath]) -> None:
    """Check that each of ``paths`` exists. Raises ScanError."""
    for path in paths:
        name = os.fspath(path)
        try:
            if not name:
                raise ScanError(_("There is no folder: its name is empty."))
            os.stat(name)
        except FileNotFoundError as error:
            raise ScanError(
                _('There is no folder "{name}".').format(name=visible(name)),
                _("Check how its name is written."),
            ) from error
        except (OSError, ValueError) as error:
            raise ScanError(unreadable(name, error)) from error


def pictures(
    paths: Sequence[StrPath], *, keep_going: Callable[[], bool] = lambda: True
) -> Iterator[ScannedFile]:
    """Yield the pictures in ``paths``, which are folders and files; each once, without opening it.

    A picture is a file with a picture's suffix, or one that is in ``paths`` itself. Hidden files
    and folders are skipped unless they are in ``paths``. Links to folders are followed, but no
    folder is read twice. A folder that can't be read is yielded with an error. In each folder the
    pictures come first, then the subfolders, both in natural order: img2 before img10. Stops early
    when ``keep_going`` returns False.
    """
    roots = [os.path.abspath(os.fspath(path)) for path in paths]
    named_files = {root for root in roots if not os.path.isdir(root)}
    yielded: set[str] = set()
    visited: set[tuple[int, int]] = set()
    for root in roots:
        if root in named_files:
            if root not in yielded:
                yielded.add(root)
                yield ScannedFile(root)
            continue
        for found in _scan_folder(root, visited, keep_going):
            if found.file not in yielded:
                yield found
            if found.file in named_files:
                yielded.add(found.file)


def count(paths: Sequence[StrPath], *, keep_going: Callable[[], bool] = lambda: True) -> int:
    """Return how many items `pictures` yields."""
    return sum(1 for _ in pictures(paths, keep_going=keep_going))


def _scan_folder(
    root: str, visited: set[tuple[int, int]], keep_going: Callable[[], bool]
) -> Iterator[ScannedFile]:
    stack = [root]  # not recursive: folders may be nested deeper than Python's stack
    while stack and keep_going():
        folder = stack.pop()
        files: list[str] = []
        subfolders: list[str] = []
        error_text = ""
        try:
            status = os.stat(folder)
            if (status.st_dev, status.st_ino) in visited:
                continue
            visited.add((status.st_dev, status.st_ino))
            with os.scandir(folder) as entries:
                for entry in entries:
                    if is_hidden(entry):
                        continue
                    if _is_folder(entry):
                        subfolders.append(entry.name)
                    elif os.path.splitext(entry.name)[1].lower() in PICTURE_SUFFIXES:
                        files.append(entry.name)
        except FileNotFoundError:  # deleted in the meantime
            continue
        except (OSError, ValueError) as error:
            error_text = unreadable(folder, error)
        for name in sorted(files, key=natural_key):
            if not keep_going():
                return
            yield ScannedFile(os.path.join(folder, name))
        if error_text:
            yield ScannedFile(folder, error_text)
        subfolders.sort(key=natural_key, reverse=True)
        stack += [os.path.join(folder, name) for name in subfolders]


def _is_folder(entry: "os.DirEntry[str]") -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that leads to itself
        return False


def unreadable(name: str, error: Exception) -> str:
    """Return a sentence that says why a folder can't be read."""
    if isinstance(error, PermissionError):
        return _('You are not allowed to read the folder "{name}".').format(name=visible(name))
    return _('The folder "{name}" can\'t be read: {reason}.').format(
        name=visible(name), reason=reason(error)
    )
