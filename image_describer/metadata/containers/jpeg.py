"""JPEG files: their segments, the cost of decoding them, and their XMP."""

import contextlib
import io
import re
import struct
import sys
from collections.abc import Iterator
from typing import IO, NamedTuple

from image_describer.i18n import N_, _
from image_describer.metadata.containers.base import (
    XMP,
    DamagedFileError,
    FilePart,
    NoRoomError,
    find_xmp,
)

SEGMENTS_LIMIT = 10_000  # before the first scan; a file has about ten
FILL_LIMIT_BYTES = 100_000  # between segments; Pillow skips them slowly
SEGMENT_LIMIT_BYTES = 65_533  # of a segment's body

_XMP_PREFIX = b"http://ns.adobe.com/xap/1.0/\0"
_EXTENSION_PREFIX = b"http://ns.adobe.com/xmp/extension/\0"
_EXTENSION_ID_BYTES = 32  # which the packet that it extends contains
_EXIF_PREFIX = b"Exif\0"
_PROFILE_PREFIX = b"ICC_PROFILE\0"
_MULTI_PICTURE_PREFIX = b"MPF\0"
_START_OF_SCAN = 0xDA
_START_OF_IMAGE, _END_OF_IMAGE = 0xD8, 0xD9
_APP0, _APP1, _APP2, _APP14 = 0xE0, 0xE1, 0xE2, 0xEE
_METADATA = frozenset((*range(0xE0, 0xF0), 0xFE))
_WITHOUT_BODY = frozenset((0x01, *range(0xD0, 0xDA)))
_MARKER = re.compile(rb"\xff[\x01\xc0-\xfe]")
_MARKER_AFTER_SCAN = re.compile(rb"\xff[\x01\xc0-\xcf\xd8-\xfe]")  # not those in the data
_FILLING = bytes(16)
_FIRST_COEFFICIENTS = 6  # which libjpeg stores before the others
_LARGE_PX = 1_000
_RESYNC_BYTES = 70_000  # how far the next segment is searched for: a little more than one
_RESYNC_SEGMENTS = 50
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_UNUSUAL_FRAMES = {
    0xC3: N_("a lossless JPEG picture"),
    **dict.fromkeys((0xC5, 0xC6, 0xC7, 0xCD, 0xCE, 0xCF, 0xDE), N_("a hierarchical JPEG picture")),
    0xCB: N_("a lossless JPEG picture"),
    0xF7: N_("a JPEG-LS picture"),
}
_SEQUENTIAL_FRAMES = (0xC0, 0xC1, 0xC9)


class JpegSegment(NamedTuple):
    """A marker, and the body after its length; the segment lies at [start, end)."""

    marker: int
    body: bytes
    start: int
    end: int


def segments(file: IO[bytes]) -> Iterator[JpegSegment]:
    """Yield the segments up to and including the header of the first scan.

    Raises DamagedFileError when it comes to a segment that is damaged.
    """
    file.seek(2)
    position, fill_left = 2, FILL_LIMIT_BYTES
    for _unused in range(SEGMENTS_LIMIT):
        head = file.read(4)
        while head[:2] == b"\xff\xff" and fill_left:
            head = head[1:] + file.read(1)
            position += 1
            fill_left -= 1
        length = int.from_bytes(head[2:], "big") - 2
        if len(head) < 4 or head[0] != 0xFF or length < 0:
            raise DamagedFileError
        body = file.read(length)
        if len(body) < length:
            raise DamagedFileError
        segment = JpegSegment(head[1], body, position, position + 4 + length)
        yield segment
        if segment.marker == _START_OF_SCAN:
            return
        position = segment.end
    raise DamagedFileError


def xmp_packets(file: IO[bytes]) -> Iterator[bytes]:
    """Yield the packets, then their extensions, which have several segments of their own."""
    packets: list[bytes] = []
    extensions: dict[bytes, list[tuple[int, bytes]]] = {}
    with contextlib.suppress(DamagedFileError):
        for segment in segments(file):
            body = segment.body
            if segment.marker == _APP1 and body.startswith(_XMP_PREFIX):
                packets.append(body[len(_XMP_PREFIX) :])
                yield packets[-1]
            elif segment.marker == _APP1 and body.startswith(_EXTENSION_PREFIX):
                start = len(_EXTENSION_PREFIX) + _EXTENSION_ID_BYTES
                pieces = extensions.setdefault(body[len(_EXTENSION_PREFIX) : start], [])
                offset = int.from_bytes(body[start + 4 : start + 8], "big")
                pieces.append((offset, body[start + 8 :]))
    for name, pieces in extensions.items():
        if any(name in packet for packet in packets):
            yield b"".join(piece for _, piece in sorted(pieces))


def is_multi_scan(file: IO[bytes]) -> bool:
    """Return whether a JPEG has several scans, so that libjpeg holds all coefficients at once.

    True for a damaged header, too, as the worst case.
    """
    components = 0
    try:
        for segment in segments(file):
            if segment.marker in _FRAMES:
                if segment.marker not in _SEQUENTIAL_FRAMES or len(segment.body) < 6:
                    return True
                components = segment.body[5]
            elif segment.marker == _START_OF_SCAN:
                return not segment.body or segment.body[0] < components
    except DamagedFileError:
        pass
    return True


def count_scans(file: IO[bytes]) -> int:
    """Count the scans of a JPEG, without those of a thumbnail or of what follows the picture.

    `SEGMENTS_LIMIT` markers count as so many scans: no picture has them. Raises DamagedFileError
    if there is no scan.
    """
    file.seek(0)
    markers = [marker for marker, _ in _markers(file.read())]
    if _START_OF_SCAN not in markers and len(markers) < SEGMENTS_LIMIT:
        raise DamagedFileError
    return len(markers) if len(markers) >= SEGMENTS_LIMIT else markers.count(_START_OF_SCAN)


class CutScan(NamedTuple):
    """The last scan of a JPEG without an end.

    ``content``: the JPEG without bytes that only fill up the file. ``is_detail``: without this scan
    everything can be seen, less sharply. ``is_coarse``: finer scans would follow.
    """

    content: bytes
    is_detail: bool
    is_coarse: bool


def cut_scan(content: bytes) -> CutScan | None:
    """Return the scan in which a JPEG ends too early.

    None if its end is there, or if what comes before and in that scan gives no picture: one needs
    the averages of all components, and the other coefficients of the first one; of a large
    picture, which is reduced anyway, only the first of them.
    """
    if content.endswith(_FILLING):
        content = content.rstrip(b"\0")
    content = content.removesuffix(b"\xff")
    precision: dict[int, list[int | None]] = {}  # of the 64 coefficients of each component
    is_detail, needed = False, 64
    for marker, position in _markers(content):
        if marker == _END_OF_IMAGE:
            return None
        length = int.from_bytes(content[position + 2 : position + 4], "big")
        body = content[position + 4 : position + 2 + length]
        if marker in _FRAMES:
            precision = {component: [None] * 64 for component in body[6::3]}
            longer_side = max(struct.unpack_from(">HH", body.ljust(5), 1))
            needed = 64 if longer_side < _LARGE_PX else _FIRST_COEFFICIENTS
        elif marker == _START_OF_SCAN:
            if len(body) < 6 or len(body) != 4 + 2 * body[0]:
                return None
            first, last, bits = body[-3:]
            if last > 63:
                return None
            is_detail = _gives_picture(precision, needed) and (first > 0 or bits > 15)
            for component in body[1:-3:2]:
                if component in precision:
                    precision[component][first : last + 1] = [bits & 15] * (last + 1 - first)
    if not _gives_picture(precision, needed):
        return None
    return CutScan(content, is_detail, any(bits != [0] * 64 for bits in precision.values()))


def _gives_picture(precision: dict[int, list[int | None]], needed: int) -> bool:
    components = list(precision.values())
    if not components or None in components[0][:needed]:
        return False
    return all(bits[0] is not None for bits in components)


def is_truncated(file: IO[bytes]) -> bool:
    """Return whether the end of a JPEG is missing."""
    file.seek(0)
    return all(marker != _END_OF_IMAGE for marker, _ in _markers(file.read()))


def is_filled_up(file: IO[bytes]) -> bool:
    """Return whether zeros stand for the end of a JPEG, as where a download was broken off."""
    file.seek(max(0, file.seek(0, io.SEEK_END) - len(_FILLING)))
    return file.read() == _FILLING and is_truncated(file)


def _markers(content: bytes, start: int = 0, limit: int = sys.maxsize) -> Iterator[tuple[int, int]]:
    """Yield the markers of the JPEG that begins at ``start``, up to its end, and their positions.

    What lies between segments is skipped, as libjpeg does: before the first scan, at most
    `FILL_LIMIT_BYTES`. At most `SEGMENTS_LIMIT` markers.
    """
    pattern, position, fill_left = _MARKER, start + 2, FILL_LIMIT_BYTES
    for _unused in range(SEGMENTS_LIMIT):
        found = pattern.search(content, position, limit)
        if not found or fill_left < 0:
            return
        fill_left -= found.start() - position if pattern is _MARKER else 0
        marker = content[found.start() + 1]
        yield marker, found.start()
        if marker == _END_OF_IMAGE:
            return
        position = found.end()
        if marker not in _WITHOUT_BODY:
            position += int.from_bytes(content[position : position + 2], "big")
        if marker == _START_OF_SCAN:
            pattern = _MARKER_AFTER_SCAN


def unusual_process(file: IO[bytes]) -> str:
    """Return what a JPEG is if it is of a kind that hardly any program opens; "" if it isn't."""
    for segment in segments(file):
        if segment.marker in _UNUSUAL_FRAMES:
            return _UNUSUAL_FRAMES[segment.marker]
        if segment.marker in _FRAMES:
            precision, components = segment.body[0], segment.body[5]
            if precision != 8:
                return _("a JPEG picture of {precision} bits").format(precision=precision)
            return (
                _("a JPEG picture of {components} channels").format(components=components)
                if components not in (1, 3, 4)
                else ""
            )
    return ""


def without_metadata(content: bytes) -> bytes:
    """Return a JPEG that has only its pixels, and its EXIF, XMP, profile and colour transform.

    Of these, those that are too short are left out, too. Segments whose length is wrong are skipped
    up to the next one.
    """
    view = memoryview(content)
    kept = [view[:2]]
    position: int | None = 2
    for _unused in range(SEGMENTS_LIMIT):
        found = None if position is None else _MARKER.search(content, position)
        if not found:
            break
        start, marker = found.start(), content[found.start() + 1]
        if marker == _START_OF_SCAN:
            kept.append(view[start:])
            break
        position = found.end()
        if marker in _WITHOUT_BODY:
            continue
        end = position + int.from_bytes(content[position : position + 2], "big")
        if marker in _METADATA and not _MARKER.match(content, end):
            position = _next_segments(content, position)
            continue
        if marker not in _METADATA or _is_worth_keeping(marker, content[start + 4 : end]):
            kept.append(view[start:end])
        position = end
    return b"".join(kept)


def _is_worth_keeping(marker: int, body: bytes) -> bool:
    """Return whether metadata changes how the pixels are shown, and Pillow can read it."""
    if marker == _APP1:
        return body.startswith((_EXIF_PREFIX, _XMP_PREFIX))
    if marker == _APP2:
        return body.startswith(_PROFILE_PREFIX) and len(body) >= len(_PROFILE_PREFIX) + 2
    # Shorter ones don't count for libjpeg either.
    return (marker == _APP0 and len(body) >= 14) or (marker == _APP14 and len(body) >= 12)


def _next_segments(content: bytes, position: int) -> int | None:
    """Return where the segments go on that lead to a scan; None if they don't.

    Thumbnails in what lies between are passed over.
    """
    limit = position + _RESYNC_BYTES
    start = position  # of the search
    while found := _MARKER.search(content, start, limit):
        start = found.end()
        if content[found.start() + 1] == _START_OF_IMAGE:
            for _unused, inside in _markers(content, found.start(), limit):
                start = inside + 2
        elif _leads_to_scan(content, found.start()):
            return found.start()
    return None


def _leads_to_scan(content: bytes, position: int) -> bool:
    """Return whether whole segments follow one another from ``position``, up to a scan."""
    has_frame = False
    for _unused in range(_RESYNC_SEGMENTS):
        if not _MARKER.match(content, position):
            return False
        marker = content[position + 1]
        if marker == _START_OF_SCAN:
            return has_frame
        if marker in _WITHOUT_BODY:
            return False
        has_frame = has_frame or marker in _FRAMES
        position += 2 + int.from_bytes(content[position + 2 : position + 4], "big")
    return False


def split(content: bytes) -> Iterator[FilePart]:
    """Yield the parts of a JPEG. Raises DamagedFileError, perhaps after some parts."""
    for segment in segments(io.BytesIO(content)):
        marker, body, start, end = segment
        if marker == _START_OF_SCAN:  # pixels, and the films that some phones append
            yield FilePart("pixels", content[start:], start, len(content))
        elif marker == _APP1 and body.startswith(_XMP_PREFIX):
            yield FilePart(XMP, body[len(_XMP_PREFIX) :], start, end)
        else:
            yield FilePart(f"segment {marker:02x}", body, start, end)
        if body.startswith(_MULTI_PICTURE_PREFIX):  # refers to what follows relative to itself
            distance = len(content) - end + len(body)
            yield FilePart("distance to the other pictures", str(distance).encode())


def replace_xmp(content: bytes, packet: bytes) -> bytes:
    """Return ``content`` with ``packet`` as its XMP. Raises DamagedFileError and NoRoomError."""
    body = _XMP_PREFIX + packet
    if len(body) > SEGMENT_LIMIT_BYTES:
        raise NoRoomError
    segment = bytes([0xFF, _APP1]) + struct.pack(">H", len(body) + 2) + body
    position = 2
    leading = True
    parts = list(split(content))
    old = find_xmp(parts)
    if old:
        return content[: old.start] + segment + content[old.end :]
    for part in parts:
        # JFIF and EXIF must come first.
        is_jfif = part.name == f"segment {_APP0:02x}"  # untranslated
        leading = leading and (is_jfif or part.body.startswith(_EXIF_PREFIX))
        if leading:
            position = part.end
    return content[:position] + segment + content[position:]
