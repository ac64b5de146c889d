"""Alt text in picture files, `Iptc4xmpCore:AltTextAccessibility`: read, and put into copies.

Into JPEG, PNG, WebP and TIFF. Not one byte changes but the XMP packet, which is proved on the new
file before it takes its place; else nothing changes, and a sentence says why.
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
from image_describer.files import reason
from image_describer.imaging import formats
from image_describer.imaging.open import FILE_LIMIT_BYTES
from image_describer.metadata import xmp, xmp_packet
from image_describer.metadata.containers import parts as alt_text_parts
from image_describer.metadata.containers import splice
from image_describer.metadata.containers.parts import DamagedError, Parts
from image_describer.text import one_line, visible

FORMATS = (
    alt_text_parts.JPEG,
    alt_text_parts.PNG,
    alt_text_parts.WEBP,
    alt_text_parts.TIFF,
)
BACKUP = "_original"  # as exiftool calls it: photo.jpg_original
_BIG_TIFF = (b"II+\0", b"MM\0+")


class Result(Enum):
    """What became of a file: the text was ``WRITTEN``, perhaps over an earlier one of this
    program's; the ``SAME`` stood there already; another one stood there, its ``AUTHOR``'s, and was
    left."""

    WRITTEN = "written"
    SAME = "same"
    AUTHOR = "author"


def read(file: str | os.PathLike[str], language: str = xmp.LANGUAGE) -> str | None:
    """The alt text in a picture's file as one clean line, whoever wrote it, as other programs read
    it out; None for none. What its author says is `author.said`.

    Raises AltTextError for what can't be read.
    """
    path = Path(file)
    content = _content(path)
    format_ = formats.recognise(content[: formats.HEAD_BYTES])
    if format_ is not None and format_.name in FORMATS and not content.startswith(_BIG_TIFF):
        return xmp.stands(_parts(path, content, format_.name).packet, language)
    if format_ is None:
        return None
    try:
        return xmp.stands(formats.start(format_, io.BytesIO(content)).info.get("xmp"), language)
    except Exception:  # Pillow raises nearly every kind of error for damaged files
        return None


def write(
    source: str | os.PathLike[str],
    goal: str | os.PathLike[str],
    text: str,
    *,
    language: str = xmp.LANGUAGE,
    replace: bool = False,
    key: str = "",
) -> Result:
    """Make ``goal`` a copy of ``source`` with ``text`` as its alt text; ``source`` stays.

    The copy has the permissions and the time of ``source``. What already has its author's alt text
    is copied as it is unless ``replace``; an earlier one of this program's is replaced. A ``goal``
    that is there is only touched if it shows the same picture; an author's alt text in either then
    counts. ``key``: the SHA-256 that ``source`` had when it was described, or "". Behind a link
    lies what is copied.
    Raises AltTextError, and then nothing has changed.
    """
    source, goal = Path(source), Path(goal)
    content = _content(source)
    before = _parts(source, content, _format_name(source, content))
    if key and hashlib.sha256(content).hexdigest() != key:
        raise _changed(source)
    base = _there_already(goal, source, before)
    if base is not None and xmp.told(before.packet) and not replace:
        return Result.AUTHOR
    new, result = _with_text(goal, base or content, text, language, replace)
    if base is not None and result is not Result.WRITTEN:
        return result
    try:
        goal.parent.mkdir(parents=True, exist_ok=True)
        with _beside(goal, new, source) as temporary:
            temporary.replace(goal)
    except OSError as error:
        raise _unwritten(goal, error) from error
    return result


def write_in_place(
    file: str | os.PathLike[str],
    text: str,
    *,
    language: str = xmp.LANGUAGE,
    replace: bool = False,
    key: str = "",
) -> tuple[Result, Path | None]:
    """Put ``text`` into ``file`` itself; what it was stays beside it, as "..._original".

    Returns that backup, None where nothing changed; an earlier one is never replaced: the next
    is called "..._original-2". The file gets a new time, so that programs that save files notice.
    A symbolic link is refused, for it may lead out of the folder that was meant; other hard links
    keep the old content. Else as `write`.
    """
    path = Path(file)
    if path.is_symlink():
        raise AltTextError(f"{_named(path)} is a link.", "Name the file that it leads to.")
    content = _content(path)
    _parts(path, content, _format_name(path, content))
    new, result = _with_text(path, content, text, language, replace)
    if result is not Result.WRITTEN:
        return result, None
    if key and hashlib.sha256(content).hexdigest() != key:
        raise _changed(path)
    if not path.stat().st_mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH):
        raise AltTextError(
            f"{_named(path)} is write-protected.", "Take that off it, or write into copies."
        )
    try:
        with _beside(path, new, path) as temporary:
            os.utime(temporary)
            backup, made = _backup(path, content)
            try:
                temporary.replace(path)
            except OSError:
                if made:
                    backup.unlink()
                raise
    except OSError as error:
        raise _unwritten(path, error) from error
    return result, backup


def _with_text(
    path: Path, content: bytes, text: str, language: str, replace: bool
) -> tuple[bytes, Result]:
    """``content`` with the text in it, proved to be else the same. Raises AltTextError."""
    wanted = one_line(text)
    if not wanted:
        raise AltTextError(f"There is nothing to write into {_named(path)}: the text is empty.")
    name = _format_name(path, content)
    before = _parts(path, content, name)
    texts = xmp.told(before.packet)
    if _holds(xmp.alternatives(before.packet), wanted, language):
        return content, Result.SAME
    if texts and not replace:
        return content, Result.AUTHOR
    try:
        packet = xmp_packet.with_text(before.packet, wanted, language)
        new = splice.with_packet(content, name, packet)
        after = alt_text_parts.parts_of(new, name)
    except xmp_packet.OddPacketError as error:
        raise AltTextError(
            f"{_named(path)} was left as it is: its metadata (XMP) is damaged or oddly written."
        ) from error
    except splice.NoRoomError as error:
        raise AltTextError(
            f"{_named(path)} was left as it is: there is no room in its metadata (XMP)."
        ) from error
    except DamagedError as error:
        raise _damaged(path) from error
    found = xmp.alternatives(after.packet)
    others = {
        key: found.get(key) for key in texts if key.lower() not in (xmp.DEFAULT, language.lower())
    }
    kept = all(texts[key] == other for key, other in others.items())
    part = alt_text_parts.differ(before, after)
    marked = wanted not in xmp.told(after.packet).values()
    holds = marked and _holds(found, wanted, language)
    if part or not kept or not holds or not _looks_alike(content, new):
        raise AltTextError(
            f"{_named(path)} was left as it is: the text could not be put into it without "
            f"changing more ({part or 'its metadata'})."
        )
    return new, Result.WRITTEN


def _holds(texts: dict[str, str], wanted: str, language: str) -> bool:
    return texts.get(xmp.DEFAULT) == wanted == texts.get(language)


def _looks_alike(content: bytes, new: bytes) -> bool:
    """Whether both say the same of themselves in their headers, as far as Pillow reads them."""
    return _header(content) == _header(new)


def _header(content: bytes) -> object:
    format_ = formats.recognise(content[: formats.HEAD_BYTES])
    if format_ is None:
        return None
    try:
        image = formats.start(format_, io.BytesIO(content))
        return image.size, image.mode, image.info.get("icc_profile")
    except Exception:  # Pillow raises nearly every kind of error for damaged files
        return None


def _there_already(goal: Path, source: Path, before: Parts) -> bytes | None:
    """The content of ``goal`` if it shows the same picture as ``source``; None if there is none.

    Raises AltTextError where something else has that name.
    """
    if not os.path.lexists(goal):
        return None
    if goal.is_symlink() or not goal.is_file() or os.path.samefile(goal, source):
        raise AltTextError(f"Something else is called {_named(goal)}.", "Choose another folder.")
    content = _content(goal)
    try:
        found = alt_text_parts.parts_of(content, _format_name(goal, content))
    except (AltTextError, DamagedError):
        found = None
    # Whoever writes to the copy may write its other metadata, too: exact is only what is shown.
    if found is None or not _shown(before) <= _shown(found):
        raise AltTextError(
            f"Another picture is called {_named(goal)}; it was left.", "Choose another folder."
        )
    return content


def _shown(parts: Parts) -> set[tuple[str, str]]:
    names = ("pixels", "IDAT", "fdAT", "VP8 ", "VP8L", "ANMF")
    return {part for part in parts.rest if part[0] in names or part[0].endswith(", pixels")}


@contextlib.contextmanager
def _beside(goal: Path, content: bytes, source: Path) -> Iterator[Path]:
    """A file beside ``goal`` with ``content``, safe on the disk and read back; then it is gone.

    Its name is always the same for a ``goal``: what a killed run leaves, the next one clears away.
    """
    digest = hashlib.sha256(os.fsencode(goal.name)).hexdigest()[:16]
    temporary = goal.with_name(f".image-describer-{digest}.new")
    try:
        temporary.unlink(missing_ok=True)
        with temporary.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(OSError):  # a file system without permissions or times
            shutil.copystat(source, temporary)
        if temporary.read_bytes() != content:
            raise OSError(0, "it does not read back as it was written")
        yield temporary
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def _backup(path: Path, content: bytes) -> tuple[Path, bool]:
    """A second name for what is at ``path`` now, and whether it is new. Raises OSError."""
    number = 1
    while True:
        name = f"{path.name}{BACKUP}" + (f"-{number}" if number > 1 else "")
        backup = path.with_name(name)
        try:
            os.link(path, backup)
            return backup, True
        except FileExistsError:
            if backup.is_file() and not backup.is_symlink() and backup.read_bytes() == content:
                return backup, False
            number += 1
        except OSError:  # a file system without hard links
            with _beside(backup, content, path) as temporary:
                if os.path.lexists(backup):
                    number += 1
                    continue
                temporary.rename(backup)
            return backup, True


def _content(path: Path) -> bytes:
    """All of a file. Raises AltTextError; a pipe is not opened, for that would hang."""
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise AltTextError(f"{_named(path)} is no file.")
        if status.st_size > FILE_LIMIT_BYTES:
            raise AltTextError(f"{_named(path)} is too large for me.")
        return path.read_bytes()
    except (OSError, ValueError) as error:
        why = reason(error) if isinstance(error, OSError) else "that is no valid name"
        raise AltTextError(f"{_named(path)} can't be read: {why}.") from error


def _format_name(path: Path, content: bytes) -> str:
    """ "JPEG" and so on, by the content, whatever the name says. Raises AltTextError."""
    head = content[: formats.HEAD_BYTES]
    format_ = formats.recognise(head)
    if format_ is not None and format_.name in FORMATS and not head.startswith(_BIG_TIFF):
        return format_.name
    what = "BigTIFF" if head.startswith(_BIG_TIFF) else format_.name if format_ else ""
    what = what or formats.familiar(head) or "a file that is no picture I know"
    raise AltTextError(
        f"{_named(path)} was left as it is: I can't put alt text into {what}, only into JPEG, PNG, "
        "WebP and TIFF.",
        "Save it as one of these.",
    )


def _parts(path: Path, content: bytes, name: str) -> Parts:
    try:
        return alt_text_parts.parts_of(content, name)
    except DamagedError as error:
        raise _damaged(path) from error


def _damaged(path: Path) -> AltTextError:
    return AltTextError(f"{_named(path)} was left as it is: it is damaged, or ends too early.")


def _changed(path: Path) -> AltTextError:
    return AltTextError(
        f"{_named(path)} was left as it is: it has changed since it was described.",
        "Describe it again.",
    )


def _unwritten(path: Path, error: OSError) -> AltTextError:
    return AltTextError(f"{_named(path)} was not written: {reason(error)}.")


def _named(path: Path) -> str:
    return f'"{visible(str(path))}"'
