"""The described pictures as a page to be read: by eye, by screen reader, on a telephone, on paper.

Beyond `PAGE_PICTURES` it goes on on further pages, in a folder beside the first: screen readers
take in a page as a whole before they say its first word. Nothing on them needs a script.
"""

import contextlib
import os
import re
import secrets
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from html import escape
from pathlib import Path
from typing import IO
from urllib.parse import quote

from image_describer import __version__
from image_describer.files import writing
from image_describer.library.exporters import gallery_entry as entry
from image_describer.library.exporters.gallery_style import POLICY, STYLE
from image_describer.library.record import Record
from image_describer.text import visible

PAGE_PICTURES = 500
COPY_BYTES = 1 << 20


@dataclass
class _Part:
    """What one page shows: bytes ``start`` to ``end`` of a spool, ``count`` pictures."""

    start: int
    end: int
    count: int
    first: str
    last: str


class _Spool:
    """Entries that wait on disk for what is known at the end: how many, on how many pages."""

    def __init__(self, file: IO[bytes], opening: str) -> None:
        self.file = file
        self.parts: list[_Part] = []
        self.count = 0
        self._opening = opening
        self._heading: str | None = None

    @property
    def page(self) -> int:
        """The page that the next entry comes to, from 0."""
        return self.count // PAGE_PICTURES

    def add(self, html: str, name: str, heading: str) -> None:
        """Put an entry into its page's list; ``heading`` stands above those that share it."""
        if self.page == len(self.parts):
            self._close_list()
            self.parts.append(_Part(self.file.tell(), 0, 0, name, name))
        if heading != self._heading:
            self._close_list()
            title = f"<h2><bdi>{escape(heading)}</bdi></h2>\n" if heading else ""
            self.file.write(f"{title}{self._opening}\n".encode())
            self._heading = heading
        self.file.write(html.encode())
        self.count += 1
        self.parts[-1].count += 1
        self.parts[-1].last = name

    def close(self) -> None:
        """No more will come."""
        self._close_list()

    def _close_list(self) -> None:
        if self._heading is not None:
            self.file.write(b"</ul>\n")
            self._heading = None
        if self.parts:
            self.parts[-1].end = self.file.tell()

    def copy(self, part: _Part, into: IO[bytes]) -> None:
        """Write the part's lists to ``into``."""
        self.file.seek(part.start)
        left = part.end - part.start
        while left > 0 and (chunk := self.file.read(min(left, COPY_BYTES))):
            into.write(chunk)
            left -= len(chunk)


def write(
    target: Path,
    records: Iterable[Record],
    mode: int,
    *,
    folders: Sequence[str | os.PathLike[str]] = (),
    partial: bool = False,
) -> None:
    """Write the gallery of ``records`` to ``target``, an absolute path; its pages get ``mode``.

    The first page is written last and all at once, and shows only pages of its own writing: who
    opens it sees this gallery or the one before. Raises OSError.
    """
    with (
        tempfile.TemporaryFile() as described_file,
        tempfile.TemporaryFile() as broken_file,
    ):
        described = _Spool(described_file, '<ul class="pictures" role="list">')
        broken = _Spool(broken_file, '<ul class="broken">')
        _sort(records, target, [os.path.abspath(folder) for folder in folders], described, broken)
        _Gallery(target, mode, described, broken, _title(folders), partial).write()


def _sort(
    records: Iterable[Record], target: Path, roots: list[str], described: _Spool, broken: _Spool
) -> None:
    own = list(dict.fromkeys([str(target.parent), os.path.realpath(target.parent)]))
    for record in records:
        place = entry.place_of(record.file, roots)
        name = f"{place}/{visible(os.path.basename(record.file))}"
        if record.description is None:
            broken.add(entry.broken(record, place), name, "")
        else:
            address = entry.address(record.file, own, "../" if described.page else "")
            described.add(entry.figure(record, address), name, place)
    described.close()
    broken.close()


def _title(folders: Sequence[str | os.PathLike[str]]) -> str:
    names = [os.path.basename(os.path.abspath(folder)) or os.fspath(folder) for folder in folders]
    shown = [visible(name) for name in names]
    if not shown:
        return "Pictures"
    if len(shown) > 3:
        return f"Pictures in {', '.join(shown[:2])} and {len(shown) - 2} more folders"
    return f"Pictures in {' and '.join([', '.join(shown[:-1]), shown[-1]] if shown[1:] else shown)}"


class _Gallery:
    """The pages, from their parts."""

    def __init__(
        self,
        target: Path,
        mode: int,
        described: _Spool,
        broken: _Spool,
        title: str,
        partial: bool,
    ) -> None:
        self._target = target
        self._mode = mode
        self._described = described
        self._broken = broken
        self._title = title
        self._partial = partial
        self._token = secrets.token_hex(4)
        self._folder = target.with_name(f"{target.stem}-pages")
        # Broken ones have pages of their own unless all fits on one.
        self._together = len(described.parts) < 2 and len(broken.parts) < 2
        self._pages = [(described, part) for part in described.parts]
        if not self._together or not described.parts:
            self._pages += [(broken, part) for part in broken.parts]

    def write(self) -> None:
        """Further pages first, the one that leads to them last, then what was before goes."""
        try:
            for number in range(1, len(self._pages)):
                self._folder.mkdir(exist_ok=True)
                page = self._folder / self._name(number)
                with writing(page, self._mode) as file:
                    self._write_page(file, number)
            with writing(self._target, self._mode) as file:
                self._write_page(file, 0)
        except BaseException:
            with contextlib.suppress(OSError):
                self._remove_pages(lambda token: token == self._token)
            raise
        self._remove_pages(lambda token: token != self._token)

    def _name(self, number: int) -> str:
        return f"page-{number + 1}-{self._token}.html"

    def _remove_pages(self, chosen: Callable[[str], bool]) -> None:
        """Remove the pages whose writing is ``chosen`` by its token, and the folder when empty."""
        if not self._folder.is_dir():
            return
        left = 0
        for name in os.listdir(self._folder):
            found = re.fullmatch(r"page-\d+-([0-9a-f]{8})\.html", name)
            if found and chosen(found[1]):
                (self._folder / name).unlink(missing_ok=True)
            else:
                left += 1
        if not left:
            self._folder.rmdir()

    def _address(self, number: int, seen_from: int) -> str:
        if number == 0:
            return (
                quote(os.fsencode(self._target.name))
                if seen_from == 0
                else ("../" + quote(os.fsencode(self._target.name)))
            )
        folder = "" if seen_from else quote(os.fsencode(self._folder.name)) + "/"
        return folder + self._name(number)

    def _write_page(self, file: IO[bytes], number: int) -> None:
        def put(text: str) -> None:
            file.write(text.encode())

        title = self._title
        if len(self._pages) > 1:
            title += f", page {number + 1} of {len(self._pages)}"
        put(_HEAD.format(title=escape(title), policy=escape(POLICY), style=STYLE))
        put(f"<header>\n<h1>{escape(title)}</h1>\n{self._summary(number)}</header>\n")
        self._put_pages(put, number)
        put('<main id="pictures" tabindex="-1">\n')
        if self._pages:
            spool, part = self._pages[number]
            if spool is self._described:
                spool.copy(part, file)
            else:
                self._put_broken(file, part)
            if self._together and spool is self._described and self._broken.parts:
                self._put_broken(file, self._broken.parts[0])
        put("</main>\n")
        if len(self._pages) > 1:
            put(f'<nav aria-label="Pages, again">\n{self._turn(number)}</nav>\n')
        day = date.today()
        put(
            f"<footer><p>Written by Image Describer {__version__} on {day.day} {day:%B %Y}."
            "</p></footer>\n</body>\n</html>\n"
        )

    def _put_broken(self, file: IO[bytes], part: _Part) -> None:
        file.write(
            b'<section aria-labelledby="broken">\n'
            b'<h2 id="broken">Pictures that could not be described</h2>\n'
        )
        self._broken.copy(part, file)
        file.write(b"</section>\n")

    def _summary(self, number: int) -> str:
        counted = f"<p>{_pictures(self._described.count)} described"
        if self._broken.count:
            where = 0 if self._together else len(self._described.parts)
            href = "" if where == number else self._address(where, number)
            counted += (
                f'; <a href="{escape(href)}#broken">'
                f"{self._broken.count:,} could not be described</a>"
            )
        text = f"{counted}.</p>\n"
        if self._partial:
            text += (
                '<p class="notice">This is not all: the batch was stopped before its end. '
                "The same command goes on with it.</p>\n"
            )
        if self._described.count:
            text += (
                "<p>The words are a program's guesses. Each says how sure the program is; it can "
                "be wrong all the same.</p>\n"
            )
        return text

    def _put_pages(self, put: Callable[[str], None], number: int) -> None:
        if len(self._pages) < 2:
            return
        put(f'<nav aria-label="Pages">\n{self._turn(number)}')
        put(f"<details>\n<summary>All {len(self._pages)} pages</summary>\n<ol>\n")
        for other, (spool, part) in enumerate(self._pages):
            text = f"<bdi>{escape(part.first)}</bdi> to <bdi>{escape(part.last)}</bdi>"
            if spool is self._broken:
                text = f"Not described: {text}"
            here = ' aria-current="page"' if other == number else ""
            put(f'<li><a href="{escape(self._address(other, number))}"{here}>{text}</a></li>\n')
        put("</ol>\n</details>\n</nav>\n")

    def _turn(self, number: int) -> str:
        links = []
        if number > 0:
            links.append(("prev", "Previous page", number - 1))
        if number + 1 < len(self._pages):
            links.append(("next", "Next page", number + 1))
        if number > 1:
            links.append(("first", "First page", 0))
        items = "".join(
            f'<li><a rel="{rel}" href="{escape(self._address(to, number))}">{text}</a></li>\n'
            for rel, text, to in links
        )
        return f'<ul class="turn" role="list">\n{items}</ul>\n'


def _pictures(count: int) -> str:
    return f"{count:,} picture{'s' if count != 1 else ''}"


_HEAD = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<a class="skip" href="#pictures">Skip to the pictures</a>
"""
