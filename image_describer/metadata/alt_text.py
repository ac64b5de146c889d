"""Reads and writes the alt text in picture files, `Iptc4xmpCore:AltTextAccessibility`.

It can be written into JPEG, PNG, WebP and TIFF. No byte changes but those of the XMP packet; this
is checked on the new content before it replaces a file. If the check fails, nothing is written.
"""

import contextlib
import hashlib
import io
import os
import shutil
import stat
from collections.abc import Iterator
from enum import Enum
from pathlib import Path

from image_describer.errors import AltTextError
from image_describer.files import read_limited, reason
from image_describer.i18n import N_, _
from image_describer.metadata import formats, other_kinds, xmp, xmp_edit
from image_describer.metadata.containers import file_parts
from image_describer.metadata.containers.base import DamagedFileError, NoRoomError
from image_describer.metadata.containers.file_parts import FileParts
from image_describer.metadata.xmp_packets import find_packets
from image_describer.text import one_line, visible

UNUSUAL = N_("its metadata (XMP) is damaged or unusual")
BACKUP_SUFFIX = "_original"  # like exiftool: photo.jpg_original
_BIG_TIFF = (b"II+\0", b"MM\0+")
_PIXEL_PARTS = ("pixels", "IDAT", "fdAT", "VP8 ", "VP8L", "ANMF")


class WriteResult(Enum):
    """What happened to a file."""

    WRITTEN = "written"  # perhaps over an earlier alt text of this program
    SAME = "same"  # it already had this alt text
    AUTHOR = "author"  # it has an alt text by its author, and was left unchanged


def read(file: str | os.PathLike[str], language: str = xmp.LANGUAGE) -> str | None:
    """Return the alt text in a file as one clean line, no matter who wrote it; None without one.

    Raises AltTextError if the file can't be read.
    """
    path = Path(file)
    content = _read_file(path)
    format_ = formats.recognize(content[: formats.HEAD_BYTES])
    if format_ is None:
        return None
    return xmp.alt_text(*_packets(content, format_.name), language=language)


def write(
    source: str | os.PathLike[str],
    target: str | os.PathLike[str],
    text: str,
    *,
    language: str = xmp.LANGUAGE,
    replace: bool = False,
    key: str = "",
) -> WriteResult:
    """Make ``target`` a copy of ``source`` with ``text`` as its alt text; ``source`` is unchanged.

    The copy gets the permissions and the time of ``source``; a symbolic link is followed. If there
    is an alt text by the author, the copy is exact unless ``replace``. An existing ``target`` is
    only changed if it shows the same picture, and then its author's alt text counts, too.
    ``key``: the SHA-256 of ``source`` when it was described, or "".
    Raises AltTextError, and then nothing has changed.
    """
    source, target = Path(source), Path(target)
    content = _read_file(source)
    name = _format_name(source, content)
    before = _split(source, content, name)
    if key and hashlib.sha256(content).hexdigest() != key:
        raise _changed(source)
    existing = _existing_copy(target, source, before)
    if existing is not None and not replace and xmp.author_alternatives(*_packets(content, name)):
        return WriteResult.AUTHOR
    new, result = _set_alt_text(target, existing or content, text, language, replace)
    if existing is not None and result is not WriteResult.WRITTEN:
        return result
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with _temporary_copy(target, new, source) as temporary:
            temporary.replace(target)
    except OSError as error:
        raise _not_written(target, error) from error
    return result


def write_in_place(
    file: str | os.PathLike[str],
    text: str,
    *,
    language: str = xmp.LANGUAGE,
    replace: bool = False,
    key: str = "",
) -> tuple[WriteResult, Path | None]:
    """Write ``text`` into ``file`` itself and keep the original beside it as "..._original".

    Returns the backup, or None if nothing changed. An earlier backup is never replaced: the next
    one is called "..._original-2". The file gets a new time, so that programs that back up files
    notice. A symbolic link is refused, as it may lead out of the folder; other hard links keep the
    old content. Otherwise like `write`.
    """
    path = Path(file)
    if path.is_symlink():
        raise AltTextError(
            _("{file} is a link.").format(file=_quoted(path)),
            _("Name the file that it points to."),
        )
    content = _read_file(path)
    new, result = _set_alt_text(path, content, text, language, replace)
    if result is not WriteResult.WRITTEN:
        return result, None
    if key and hashlib.sha256(content).hexdigest() != key:
        raise _changed(path)
    if not path.stat().st_mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH):
        raise AltTextError(
            _("{file} is write-protected.").format(file=_quoted(path)),
            _("Remove the protection, or write into copies."),
        )
    try:
        with _temporary_copy(path, new, path) as temporary:
            os.utime(temporary)
            backup, is_new = _back_up(path, content)
            try:
                temporary.replace(path)
            except OSError:
                if is_new:
                    backup.unlink()
                raise
    except OSError as error:
        raise _not_written(path, error) from error
    return result, backup


def _set_alt_text(
    path: Path, content: bytes, text: str, language: str, replace: bool
) -> tuple[bytes, WriteResult]:
    """Return ``content`` with the text in it, checked to be otherwise the same."""
    line = one_line(text)
    if not line:
        raise AltTextError(
            _("Nothing was written into {file}: the text is empty.").format(file=_quoted(path))
        )
    name = _format_name(path, content)
    before = _split(path, content, name)
    # The one to be edited may be too large to be searched for, or the ninth.
    packets = [*_packets(content, name), before.packet or b""]
    authors_texts = xmp.author_alternatives(*packets)
    if _has_text(xmp.alternatives(*packets), line, language):
        return content, WriteResult.SAME
    if authors_texts and not replace:
        return content, WriteResult.AUTHOR
    if any(xmp.hides_alt_text(packet) for packet in packets):
        raise _unchanged(path, _(UNUSUAL))
    try:
        packet = xmp_edit.set_alt_text(before.packet, line, language)
        new = file_parts.replace_xmp(content, name, packet)
        after = file_parts.split_file(new, name)
    except xmp_edit.UnsafePacketError as error:
        raise _unchanged(path, _(UNUSUAL)) from error
    except NoRoomError as error:
        raise _unchanged(path, _("there is no room in its metadata (XMP)")) from error
    except DamagedFileError as error:
        raise _damaged(path) from error
    packets = _packets(new, name)
    texts, authors_left = xmp.alternatives(*packets), xmp.author_alternatives(*packets)
    if authors_left.keys() & {xmp.DEFAULT, language}:
        raise _unchanged(path, _("its author's alt text also stands where I can't change it"))
    others_kept = all(
        texts.get(other) == authors_text
        for other, authors_text in authors_texts.items()
        if other.lower() not in (xmp.DEFAULT, language.lower())
    )
    is_marked = line not in authors_left.values()
    difference = file_parts.first_difference(before, after)
    is_set = is_marked and _has_text(texts, line, language)
    if difference or not others_kept or not is_set or _header(content) != _header(new):
        why = _("writing the text would have changed more ({part})").format(
            part=difference or _("its metadata")
        )
        raise _unchanged(path, why)
    return new, WriteResult.WRITTEN


def _packets(content: bytes, format_name: str) -> list[bytes]:
    return find_packets(format_name, io.BytesIO(content))


def _has_text(texts: dict[str, str], text: str, language: str) -> bool:
    return texts.get(xmp.DEFAULT) == text == texts.get(language)


def _header(content: bytes) -> object:
    """Return what Pillow reads in the header of a file, or None."""
    format_ = formats.recognize(content[: formats.HEAD_BYTES])
    if format_ is None:
        return None
    try:
        image = formats.read_header(format_, io.BytesIO(content))
        return image.size, image.mode, image.info.get("icc_profile")
    except Exception:  # Pillow raises nearly every kind of error for damaged files
        return None


def _existing_copy(target: Path, source: Path, before: FileParts) -> bytes | None:
    """Return the content of ``target`` if it shows the same picture; None if it doesn't exist.

    Raises AltTextError if something else has that name.
    """
    if not os.path.lexists(target):
        return None
    if target.is_symlink() or not target.is_file() or os.path.samefile(target, source):
        raise AltTextError(
            _("Something else is called {file}.").format(file=_quoted(target)),
            _("Choose another folder."),
        )
    content = _read_file(target)
    try:
        existing = file_parts.split_file(content, _format_name(target, content))
    except (AltTextError, DamagedFileError):
        existing = None
    # Somebody may have edited other metadata of the copy: only the pixels are compared.
    if existing is None or not _pixel_parts(before) <= _pixel_parts(existing):
        raise AltTextError(
            _("Another picture is called {file}, so nothing was written.").format(
                file=_quoted(target)
            ),
            _("Choose another folder."),
        )
    return content


def _pixel_parts(parts: FileParts) -> set[tuple[str, str]]:
    return {
        (name, digest)
        for name, digest in parts.rest
        if name in _PIXEL_PARTS or name.endswith(", pixels")
    }


@contextlib.contextmanager
def _temporary_copy(target: Path, content: bytes, source: Path) -> Iterator[Path]:
    """Write a file beside ``target`` with ``content`` and the attributes of ``source``.

    It is read back to check it, and removed at the end. Unlike those of `files.writing`, its name
    only depends on ``target``, so that the next run removes what a killed one leaves.
    """
    digest = hashlib.sha256(os.fsencode(target.name)).hexdigest()[:16]
    temporary = target.with_name(f".image-describer-{digest}.new")
    try:
        temporary.unlink(missing_ok=True)
        with temporary.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(OSError):  # a file system without permissions or times
            shutil.copystat(source, temporary)
        if temporary.read_bytes() != content:
            raise OSError(0, _("what was read back differs from what was written"))
        yield temporary
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def _back_up(path: Path, content: bytes) -> tuple[Path, bool]:
    """Give the file at ``path`` a second name; return it and whether it is new. Raises OSError."""
    number = 1
    while True:
        name = f"{path.name}{BACKUP_SUFFIX}" + (f"-{number}" if number > 1 else "")
        backup = path.with_name(name)
        try:
            os.link(path, backup)
            return backup, True
        except FileExistsError:
            if backup.is_file() and not backup.is_symlink() and backup.read_bytes() == content:
                return backup, False
            number += 1
        except OSError:  # a file system without hard links
            with _temporary_copy(backup, content, path) as temporary:
                if os.path.lexists(backup):
                    number += 1
                    continue
                temporary.rename(backup)
            return backup, True


def _read_file(path: Path) -> bytes:
    try:
        return read_limited(path, formats.FILE_LIMIT_BYTES)
    except (OSError, ValueError) as error:
        raise AltTextError(
            _("{file} can't be read: {why}.").format(file=_quoted(path), why=reason(error))
        ) from error


def _format_name(path: Path, content: bytes) -> str:
    """Return "JPEG" and so on, by the content, whatever the name says. Raises AltTextError."""
    head = content[: formats.HEAD_BYTES]
    format_ = formats.recognize(head)
    is_big_tiff = head.startswith(_BIG_TIFF)
    if format_ is not None and format_.name in file_parts.FORMATS and not is_big_tiff:
        return format_.name
    if is_big_tiff:
        kind = "BigTIFF"
    elif format_ is not None:
        kind = format_.name
    elif (other := other_kinds.guess_kind(head)) is not None:
        kind = _(other.name)
    else:
        kind = _("an unknown kind of file")
    raise AltTextError(
        _(
            "{file} was left unchanged: I can't write alt text into {kind}, only into JPEG, PNG, "
            "WebP and TIFF."
        ).format(file=_quoted(path), kind=kind),
        _("Save it as one of these."),
    )


def _split(path: Path, content: bytes, name: str) -> FileParts:
    try:
        return file_parts.split_file(content, name)
    except DamagedFileError as error:
        raise _damaged(path) from error


def _unchanged(path: Path, why: str, way_out: str = "") -> AltTextError:
    return AltTextError(
        _("{file} was left unchanged: {why}.").format(file=_quoted(path), why=why), way_out
    )


def _damaged(path: Path) -> AltTextError:
    return _unchanged(path, _("it is damaged, or ends too early"))


def _changed(path: Path) -> AltTextError:
    return _unchanged(path, _("it has changed since it was described"), _("Describe it again."))


def _not_written(path: Path, error: OSError) -> AltTextError:
    return AltTextError(
        _("{file} was not written: {why}.").format(file=_quoted(path), why=reason(error))
    )


def _quoted(path: Path) -> str:
    return _('"{name}"').format(name=visible(str(path)))
