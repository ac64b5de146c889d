"""Typed paths: what they mean, and how Tab completes them, as in a shell."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field

from image_describer.app.listing import EntryKind, FolderEntry, kind_by_name
from image_describer.files import is_hidden
from image_describer.i18n import N_, _
from image_describer.imaging.file_url import file_url_path, is_file_url
from image_describer.text import common_prefix, natural_key, number, visible

QUOTES = "\"'"
SEPARATORS = os.sep + (os.altsep or "")
NO_COMPLETION = N_("Nothing there begins with that.")


@dataclass(frozen=True, slots=True)
class PathCandidate(FolderEntry):
    """One completion: ``text`` would replace what was typed, and means exactly ``path``."""

    text: str


@dataclass(frozen=True)
class PathCompletion:
    """``text``: what was typed, extended by ``added`` as far as all ``candidates`` agree.

    ``known`` maps the candidates' texts to their paths.
    """

    text: str
    added: str = ""
    candidates: tuple[PathCandidate, ...] = ()
    known: dict[str, str] = field(default_factory=dict)

    def spoken(self) -> str:
        """What Tab says: the text that was added and the number of candidates."""
        count = len(self.candidates)
        if not count:
            return _(NO_COMPLETION)
        if count == 1:
            return self.candidates[0].spoken
        matches = _("{count} matches. Down reads them.").format(count=number(count))
        return f"{visible(self.added)}. {matches}" if self.added.strip() else matches


def expand(text: str, folder: str, known: Mapping[str, str] | None = None) -> str:
    """Return the absolute path that ``text`` means in ``folder``; "" for nothing.

    Understands quotes, file URLs, ~, environment variables and ``..``. ``known`` maps the texts of
    earlier completions to their paths, since a name may itself contain a $ or a quote.
    """
    path = _known_path(text, known or {})
    if path is None:
        typed = text.strip("\0\r\n\t ")
        if typed[:1] and typed[0] in QUOTES:
            typed = typed[1:].removesuffix(typed[0])
        if is_file_url(typed):
            path = file_url_path(typed)
        else:
            path = os.path.expandvars(os.path.expanduser(typed))
    if not path:
        return ""
    if os.name == "nt" and len(path) == 2 and path[1] == ":":
        path += os.sep  # "D:" alone means the current folder of that drive
    absolute = os.path.normpath(os.path.join(folder, path))
    # POSIX distinguishes two leading slashes from one; people who type them do not.
    return absolute[1:] if os.name == "posix" and absolute.startswith("//") else absolute


def complete(
    text: str,
    folder: str,
    all_files: bool = False,
    known: Mapping[str, str] | None = None,
    folders_only: bool = False,
) -> PathCompletion:
    """Complete ``text``, typed in ``folder``. Reads a folder: not for the window's thread.

    Completes folders and pictures, ``folders_only`` or ``all_files``; hidden ones only once part of
    the name is typed. Ignores case if no name matches exactly. A folder that can't be read has no
    candidates.
    """
    start = _plain_start(text)
    head, stem = _split(start)
    if text.strip() and not start:
        return PathCompletion(text)  # a URL of another computer
    parent = expand(head, folder, known) or folder
    candidates = tuple(
        PathCandidate(path, kind, f"{head}{name}{os.sep if kind == 'folder' else ''}")
        for name, path, kind in _matches(parent, stem, all_files)
        if kind == "folder" or not folders_only
    )
    if not candidates:
        return PathCompletion(text)
    paths = {candidate.text: candidate.path for candidate in candidates}
    common = common_prefix(min(paths), max(paths))  # all others lie between these two
    if len(common) < len(start):  # the names only match what was typed if case is ignored
        return PathCompletion(text, "", candidates, paths)
    return PathCompletion(common, common[len(start) :], candidates, paths)


def _known_path(text: str, known: Mapping[str, str]) -> str | None:
    """Return the path of ``text`` if it, or a folder that it begins with, was completed before."""
    if text in known:
        return known[text]
    for end in range(len(text), 0, -1):
        if text[end - 1] in SEPARATORS and text[:end] in known:
            return os.path.join(known[text[:end]], text[end:])
    return None


def _plain_start(text: str) -> str:
    """Replace a file URL in ``text`` by its path, "" if it has none, and ~ by a folder."""
    typed = text.lstrip()
    if is_file_url(typed):
        return file_url_path(typed) or ""
    return f"~{os.sep}" if typed == "~" else typed


def _split(text: str) -> tuple[str, str]:
    """Split off the last part of the path; a leading quote stays with the first part."""
    end = max(text.rfind(separator) for separator in SEPARATORS)
    if end < 0 and text[:1] and text[0] in QUOTES:
        end = 0
    return text[: end + 1], text[end + 1 :]


def _matches(folder: str, stem: str, all_files: bool) -> list[tuple[str, str, EntryKind]]:
    """Return (name, path, kind) of the entries of ``folder`` that begin with ``stem``, in order."""
    entries: list[tuple[str, str, EntryKind]] = []
    try:
        with os.scandir(folder) as items:
            for item in items:
                kind = _kind(item, all_files)
                if kind is not None and (stem or not is_hidden(item)):
                    entries.append((item.name, item.path, kind))
    except (OSError, ValueError):
        return []
    exact = [entry for entry in entries if entry[0].startswith(stem)]
    folded = stem.casefold()
    matches = exact or [entry for entry in entries if entry[0].casefold().startswith(folded)]
    return sorted(matches, key=lambda entry: (entry[2] != "folder", natural_key(entry[0])))


def _kind(item: "os.DirEntry[str]", all_files: bool) -> EntryKind | None:
    try:
        if item.is_dir():
            return "folder"
    except OSError:
        return None
    return kind_by_name(item.name) or ("file" if all_files else None)
