"""A path as people type it -> a path that can be opened; and what Tab adds to it, as in a shell."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname

from image_describer.app.dialogs.chooser.listing import SUFFIXES, Kind
from image_describer.app.messages import printable
from image_describer.text import natural_key

QUOTES = "\"'"
SEPARATORS = os.sep + (os.altsep or "")
NO_WAY_ON = "Nothing there begins so."


@dataclass(frozen=True)
class Candidate:
    """One way to go on: ``text`` would replace what was typed, and means exactly ``path``."""

    text: str
    path: str
    kind: Kind

    @property
    def name(self) -> str:
        return printable(os.path.basename(self.path))

    @property
    def spoken(self) -> str:
        return f"{self.name}, {self.kind}"


@dataclass(frozen=True)
class Completion:
    """``text``: what was typed, made longer by ``added`` as far as all ``candidates`` agree."""

    text: str
    added: str = ""
    candidates: tuple[Candidate, ...] = ()
    known: dict[str, str] = field(default_factory=dict)  # candidates' texts and paths

    def spoken(self) -> str:
        """What Tab says: what was added, and how many ways there are to go on."""
        count = len(self.candidates)
        if not count:
            return NO_WAY_ON
        if count == 1:
            return self.candidates[0].spoken
        ways = f"{count:,} ways to go on. Down reads them."
        return f"{printable(self.added)}. {ways}" if self.added.strip() else ways


def expanded(text: str, here: str, known: Mapping[str, str] | None = None) -> str:
    """The absolute path that ``text`` means to somebody in the folder ``here``; empty for nothing.

    Understands quotes, file:// addresses, ~, environment variables and ``..``. ``known``: texts
    that earlier completions made, with what they mean, since a name may hold a $ or a quote itself.
    """
    path = _known(text, known or {})
    if path is None:
        words = text.strip("\0\r\n\t ")
        if words[:1] and words[0] in QUOTES:
            words = words[1:].removesuffix(words[0])
        if words.lower().startswith("file:"):
            path = _of_address(words)
        else:
            path = os.path.expandvars(os.path.expanduser(words))
    if not path:
        return ""
    if os.name == "nt" and len(path) == 2 and path[1] == ":":
        path += os.sep  # "D:" alone means wherever one was last on that drive
    whole = os.path.normpath(os.path.join(here, path))
    # POSIX keeps two slashes at the beginning apart from one; nobody who types them does.
    return whole[1:] if os.name == "posix" and whole.startswith("//") else whole


def completed(
    text: str, here: str, all_files: bool = False, known: Mapping[str, str] | None = None
) -> Completion:
    """How ``text`` goes on. Reads a folder, so it is not for the window's thread.

    Folders and pictures only, unless ``all_files``; hidden names for whoever typed the dot. Names
    are compared without case where none begins exactly so. What can't be read has no candidates.
    """
    start = _beginning(text)
    head, stem = _split(start)
    if text.strip() and not start:
        return Completion(text)  # the address of another computer
    folder = expanded(head, here, known) or here
    candidates = tuple(
        Candidate(f"{head}{name}{os.sep if kind == 'folder' else ''}", path, kind)
        for name, path, kind in _fitting(folder, stem, all_files)
    )
    if not candidates:
        return Completion(text)
    meant = {candidate.text: candidate.path for candidate in candidates}
    # The first and the last in order: what those two agree in, all between them do as well.
    first, last = min(meant), max(meant)
    common = first[: next((at for at, sign in enumerate(first) if sign != last[at : at + 1]), None)]
    if len(common) < len(start):  # they agree in less than was typed, which differs in case
        return Completion(text, "", candidates, meant)
    return Completion(common, common[len(start) :], candidates, meant)


def _known(text: str, known: Mapping[str, str]) -> str | None:
    """What ``text`` means by a completion of itself, or of the folders that it begins with."""
    if text in known:
        return known[text]
    for cut in range(len(text), 0, -1):
        if text[cut - 1] in SEPARATORS and text[:cut] in known:
            return os.path.join(known[text[:cut]], text[cut:])
    return None


def _beginning(text: str) -> str:
    """``text`` as completion begins with it: an address as its path, ~ as a folder."""
    words = text.lstrip()
    if words.lower().startswith("file:"):
        return _of_address(words)
    return f"~{os.sep}" if words == "~" else words


def _of_address(words: str) -> str:
    try:
        address = urlsplit(words)
    except ValueError:
        return ""
    if address.netloc not in ("", "localhost"):
        return ""
    if os.name == "nt":
        return url2pathname(address.path)
    # A name whose bytes are no UTF-8 has to come back as it is, which url2pathname won't do.
    return unquote(address.path, errors="surrogateescape")


def _split(text: str) -> tuple[str, str]:
    """What stands before the last part of the path, and that part. A quote stays where it is."""
    cut = max(text.rfind(separator) for separator in SEPARATORS)
    if cut < 0 and text[:1] and text[0] in QUOTES:
        cut = 0
    return text[: cut + 1], text[cut + 1 :]


def _fitting(folder: str, stem: str, all_files: bool) -> list[tuple[str, str, Kind]]:
    """(name, path, kind) of what is in ``folder`` and goes on from ``stem``, folders first."""
    found: list[tuple[str, str, Kind]] = []
    try:
        with os.scandir(folder) as items:
            for item in items:
                kind = _kind(item, all_files)
                if kind is not None and (stem or not item.name.startswith(".")):
                    found.append((item.name, item.path, kind))
    except (OSError, ValueError):
        return []
    exact = [each for each in found if each[0].startswith(stem)]
    small = stem.casefold()
    fitting = exact or [each for each in found if each[0].casefold().startswith(small)]
    return sorted(fitting, key=lambda each: (each[2] != "folder", natural_key(each[0]), each[0]))


def _kind(item: "os.DirEntry[str]", all_files: bool) -> Kind | None:
    try:
        if item.is_dir():
            return "folder"
    except OSError:
        return None
    if item.name.casefold().endswith(SUFFIXES):
        return "picture"
    return "file" if all_files else None
