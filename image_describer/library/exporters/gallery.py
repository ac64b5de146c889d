"""Records as an HTML gallery, for eyes, screen readers, phones and paper.

Beyond `PAGE_PICTURES` it continues on further pages, in a folder beside the first: screen readers
load a whole page before they say its first word. No page needs a script.
"""

import contextlib
import os
import re
import secrets
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from pathlib import Path, PurePath
from typing import IO
from urllib.parse import quote

from image_describer import __version__
from image_describer.captioner.description import Description
from image_describer.files import writing
from image_describer.i18n import N_, _, language
from image_describer.imaging.file_info import date_in_words
from image_describer.library.exporters.gallery_style import POLICY, STYLE
from image_describer.library.record import Record
from image_describer.text import number, percent, plural, visible
from image_describer.wording import sentence as wording
from image_describer.wording.record import to_record

PAGE_PICTURES = 500
COPY_BYTES = 1 << 20
PARTIAL = N_(
    "This is not all: the batch was stopped before its end. The same command continues it."
)
BY_A_PROGRAM = N_(
    "A program wrote these descriptions. Each says how sure the program is; it may still be wrong."
)
# By the smallest confidence; the thresholds are those of the spoken sentence.
CONFIDENCE_SENTENCES = (
    (wording.HIGH, N_("Fairly sure: {percent}.")),
    (wording.MIDDLE, N_("Not so sure: {percent}.")),
    (0.0, N_("Unsure: {percent}.")),
)
# Formats that every browser shows. For others it shows the alternative text.
BROWSER_SUFFIXES = (
    *(".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".gif", ".bmp", ".dib", ".avif"),
)


@dataclass
class _PageContent:
    """What one page shows: bytes ``start`` to ``end`` of a list file, ``count`` pictures."""

    start: int
    end: int
    count: int
    first: str
    last: str


class _ListFile:
    """List items kept on disk until their number, and so the number of pages, is known."""

    def __init__(self, file: IO[bytes], opening: str) -> None:
        self.file = file
        self.pages: list[_PageContent] = []
        self.count = 0
        self._opening = opening
        self._heading: str | None = None

    @property
    def next_page(self) -> int:
        """The page of the next item, from 0."""
        return self.count // PAGE_PICTURES

    def add(self, html: str, name: str, heading: str) -> None:
        """Add an item; a new ``heading`` starts a new list below it."""
        if self.next_page == len(self.pages):
            self._close_list()
            self.pages.append(_PageContent(self.file.tell(), 0, 0, name, name))
        if heading != self._heading:
            self._close_list()
            title = f"<h2><bdi>{escape(heading)}</bdi></h2>\n" if heading else ""
            self.file.write(f"{title}{self._opening}\n".encode())
            self._heading = heading
        self.file.write(html.encode())
        self.count += 1
        self.pages[-1].count += 1
        self.pages[-1].last = name

    def close(self) -> None:
        """End the last list."""
        self._close_list()

    def _close_list(self) -> None:
        if self._heading is not None:
            self.file.write(b"</ul>\n")
            self._heading = None
        if self.pages:
            self.pages[-1].end = self.file.tell()

    def copy(self, page: _PageContent, into: IO[bytes]) -> None:
        """Copy the lists of a page to ``into``."""
        self.file.seek(page.start)
        left = page.end - page.start
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
    text: bool = False,
) -> None:
    """Write the gallery of ``records`` to ``target``, an absolute path; its pages get ``mode``.

    With ``text``, what is written in a picture is below it.

    The first page is replaced last and links only to pages of the same run, so a reader sees either
    this gallery or the one before. Raises OSError.
    """
    with (
        tempfile.TemporaryFile() as described_file,
        tempfile.TemporaryFile() as errors_file,
    ):
        described = _ListFile(described_file, '<ul class="pictures" role="list">')
        errors = _ListFile(errors_file, '<ul class="broken">')
        roots = [os.path.abspath(folder) for folder in folders]
        _sort_records(records, target, roots, described, errors, text)
        _Gallery(target, mode, described, errors, _title(folders), partial).write()


def _sort_records(
    records: Iterable[Record],
    target: Path,
    roots: list[str],
    described: _ListFile,
    errors: _ListFile,
    text: bool,
) -> None:
    own = list(dict.fromkeys([str(target.parent), os.path.realpath(target.parent)]))
    for record in records:
        label = _folder_label(record.file, roots)
        name = f"{label}/{visible(os.path.basename(record.file))}"
        if record.description is None:
            errors.add(_error_item(record, label), name, "")
        else:
            url = _address(record.file, own, "../" if described.next_page else "")
            described.add(_figure(record, url, text), name, label)
    described.close()
    errors.close()


def _title(folders: Sequence[str | os.PathLike[str]]) -> str:
    names = [os.path.basename(os.path.abspath(folder)) or os.fspath(folder) for folder in folders]
    shown = [visible(name) for name in names]
    if len(shown) > 3:
        return _("Pictures in {first}, {second} and {count} more folders").format(
            first=shown[0], second=shown[1], count=number(len(shown) - 2)
        )
    title = (
        _("Pictures"),
        _("Pictures in {first}"),
        _("Pictures in {first} and {second}"),
        _("Pictures in {first}, {second} and {third}"),
    )[len(shown)]
    return title.format(**dict(zip(("first", "second", "third"), shown, strict=False)))


class _Gallery:
    """Writes the pages of a gallery."""

    def __init__(
        self,
        target: Path,
        mode: int,
        described: _ListFile,
        errors: _ListFile,
        title: str,
        partial: bool,
    ) -> None:
        self._target = target
        self._mode = mode
        self._described = described
        self._errors = errors
        self._title = title
        self._partial = partial
        self._token = secrets.token_hex(4)
        self._folder = target.with_name(f"{target.stem}-pages")
        # Errors have pages of their own, unless everything fits on one page.
        self._fits_one_page = len(described.pages) < 2 and len(errors.pages) < 2
        self._pages = [(described, page) for page in described.pages]
        if not self._fits_one_page or not described.pages:
            self._pages += [(errors, page) for page in errors.pages]

    def write(self) -> None:
        """Write the further pages, then the first, and then delete those of the last run."""
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
        """Delete the pages whose token is ``chosen``, and the folder if it is empty then."""
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

    def _page_url(self, number: int, from_page: int) -> str:
        if number == 0:
            return (
                quote(os.fsencode(self._target.name))
                if from_page == 0
                else ("../" + quote(os.fsencode(self._target.name)))
            )
        folder = "" if from_page else quote(os.fsencode(self._folder.name)) + "/"
        return folder + self._name(number)

    def _write_page(self, file: IO[bytes], number: int) -> None:
        def put(text: str) -> None:
            file.write(text.encode())

        title = self._title
        if len(self._pages) > 1:
            title = _("{title}, page {number} of {count}").format(
                title=title, number=number + 1, count=len(self._pages)
            )
        head = _HEAD.format(
            language=language(),
            title=escape(title),
            policy=escape(POLICY),
            style=STYLE,
            skip=escape(_("Skip to the pictures")),
        )
        put(head)
        put(f"<header>\n<h1>{escape(title)}</h1>\n{self._summary(number)}</header>\n")
        self._put_pages(put, number)
        put('<main id="pictures" tabindex="-1">\n')
        if self._pages:
            list_file, page = self._pages[number]
            if list_file is self._described:
                list_file.copy(page, file)
            else:
                self._put_errors(file, page)
            if self._fits_one_page and list_file is self._described and self._errors.pages:
                self._put_errors(file, self._errors.pages[0])
        put("</main>\n")
        if len(self._pages) > 1:
            label = escape(_("Pages, again"))
            put(f'<nav aria-label="{label}">\n{self._turn(number)}</nav>\n')
        written = _("Written by Image Describer {version} on {date}.").format(
            version=__version__, date=date_in_words(datetime.now())
        )
        put(f"<footer><p>{escape(written)}</p></footer>\n</body>\n</html>\n")

    def _put_errors(self, file: IO[bytes], page: _PageContent) -> None:
        heading = escape(_("Pictures that could not be described"))
        file.write(f'<section aria-labelledby="broken">\n<h2 id="broken">{heading}</h2>\n'.encode())
        self._errors.copy(page, file)
        file.write(b"</section>\n")

    def _summary(self, page: int) -> str:
        described = plural(
            "{count} picture described", "{count} pictures described", self._described.count
        )
        text = f"<p>{escape(described)}"
        if self._errors.count:
            where = 0 if self._fits_one_page else len(self._described.pages)
            href = "" if where == page else self._page_url(where, page)
            failed = _("{count} could not be described").format(count=number(self._errors.count))
            text += f'; <a href="{escape(href)}#broken">{escape(failed)}</a>'
        text += ".</p>\n"
        if self._partial:
            text += f'<p class="notice">{escape(_(PARTIAL))}</p>\n'
        if self._described.count:
            text += f"<p>{escape(_(BY_A_PROGRAM))}</p>\n"
        return text

    def _put_pages(self, put: Callable[[str], None], number: int) -> None:
        if len(self._pages) < 2:
            return
        all_pages = _("All {count} pages").format(count=len(self._pages))
        put(f'<nav aria-label="{escape(_("Pages"))}">\n{self._turn(number)}')
        put(f"<details>\n<summary>{escape(all_pages)}</summary>\n<ol>\n")
        for other, (list_file, page) in enumerate(self._pages):
            is_broken = list_file is self._errors
            text = _("Not described: {first} to {last}") if is_broken else _("{first} to {last}")
            text = escape(text).format(
                first=f"<bdi>{escape(page.first)}</bdi>", last=f"<bdi>{escape(page.last)}</bdi>"
            )
            here = ' aria-current="page"' if other == number else ""
            put(f'<li><a href="{escape(self._page_url(other, number))}"{here}>{text}</a></li>\n')
        put("</ol>\n</details>\n</nav>\n")

    def _turn(self, number: int) -> str:
        links = []
        if number > 0:
            links.append(("prev", _("Previous page"), number - 1))
        if number + 1 < len(self._pages):
            links.append(("next", _("Next page"), number + 1))
        if number > 1:
            links.append(("first", _("First page"), 0))
        items = "".join(
            f'<li><a rel="{rel}" href="{escape(self._page_url(to, number))}">{text}</a></li>\n'
            for rel, text, to in links
        )
        return f'<ul class="turn" role="list">\n{items}</ul>\n'


def _figure(record: Record, url: str, text: bool) -> str:
    """Return a described picture as a list item; ``url`` leads to its file."""
    description = record.description
    assert description is not None
    fields = to_record(description)
    size = ""
    if fields["width"] > 0 and fields["height"] > 0:
        size = f' width="{fields["width"]}" height="{fields["height"]}"'
    name = f'<a href="{escape(url)}">{_isolated(_base_name(record.file))}</a>'
    if not record.file.lower().endswith(BROWSER_SUFFIXES):
        name = escape(_("{name} (browsers may not show it)")).format(name=name)
    lang = "" if description.language == language() else f' lang="{description.language}"'
    return (
        f'<li><figure>\n<img src="{escape(url)}" alt="{escape(_alt_text(description))}"{lang}{size}'
        ' loading="lazy" decoding="async">\n'
        f"<figcaption><p{lang}>{escape(fields['sentence'])}</p>\n"
        f"{_confidence(description)}{_text(description) if text else ''}"
        f'<p class="name">{name}</p></figcaption>\n</figure></li>\n'
    )


def _error_item(record: Record, label: str) -> str:
    """Return a picture that could not be described, and why, as a list item."""
    name = visible(_base_name(record.file))
    path = f"{label}/{name}" if label else name
    return f"<li>{_isolated(path)}: {escape(visible(record.error))}</li>\n"


def _alt_text(description: Description) -> str:
    """Return the author's words if there are any, else the caption without its hedge, or the
    sentence that says there is nothing to describe, or what is written on a page.
    """
    record = to_record(description)
    if record["alt_text"]:
        return str(record["alt_text"])
    described = description.has_scene and wording.bare_caption(description)
    return str(record["caption"]) if described else wording.sentence(description)


def _address(file: str, folders: Sequence[str], prefix: str) -> str:
    """Return the URL of a picture at an absolute path.

    If it is below one of ``folders``, which are names of the gallery's own folder, the URL is
    relative and begins with ``prefix``; otherwise it is a file URL.
    """
    for folder in folders:
        relative = _relative_to(file, folder)
        if relative:
            return prefix + quote(os.fsencode(relative.replace(os.sep, "/")), safe="/")
    return PurePath(file).as_uri()


def _folder_label(file: str, roots: Sequence[str]) -> str:
    """Return the folder of a picture, beginning with the name of the folder that was described."""
    folder = os.path.dirname(file)
    for root in roots:
        relative = _relative_to(folder, root)
        if relative is not None:
            top = os.path.basename(root.rstrip(os.sep)) or root
            return visible("/".join([top, relative.replace(os.sep, "/")] if relative else [top]))
    return visible(folder)


def _relative_to(path: str, folder: str) -> str | None:
    """Return ``path`` relative to ``folder``: "" for the folder itself, None if it is elsewhere."""
    if path == folder:
        return ""
    start = folder if folder.endswith(os.sep) else folder + os.sep
    return path[len(start) :] if path.startswith(start) else None


def _confidence(description: Description) -> str:
    if _alt_text(description) == wording.sentence(description):
        return ""  # it makes no claim
    value = float(to_record(description)["confidence"])
    text = next(text for least, text in CONFIDENCE_SENTENCES if value >= least)
    return f'<p class="sure">{escape(_(text).format(percent=percent(value)))}</p>\n'


def _text(description: Description) -> str:
    """What is written in a picture, behind a line that says how much that is."""
    text = to_record(description)["text"]
    if not text:
        return ""
    summary = plural(
        "Text in the picture: {count} word",
        "Text in the picture: {count} words",
        len(text.split()),
    )
    return (
        f"<details><summary>{escape(summary)}</summary>\n"
        f'<p class="text">{escape(text)}</p></details>\n'
    )


def _base_name(file: str) -> str:
    return os.path.basename(file) or file


def _isolated(name: str) -> str:
    """Return a name as HTML that keeps its direction to itself."""
    return f"<bdi>{escape(visible(name))}</bdi>"


_HEAD = """<!doctype html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<a class="skip" href="#pictures">{skip}</a>
"""
