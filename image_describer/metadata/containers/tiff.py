"""TIFF files: their directories, the cost of decoding them, and their XMP."""

import io
import struct
from collections.abc import Iterator
from itertools import islice
from typing import IO, Literal, NamedTuple

from image_describer.metadata.containers.base import (
    XMP,
    DamagedFileError,
    FilePart,
    NoRoomError,
    find_xmp,
)
from image_describer.metadata.xmp import PACKET_LIMIT_BYTES

DIRECTORIES_LIMIT = 5_000  # each page has one or two
DEPTH_LIMIT = 10  # of directories in directories; EXIF's interoperability is at 2
VALUES_LIMIT = 500_000  # of one tag; an offset for each row of a picture is normal
OVERLAP_LIMIT = 4  # times the size of a file: all its values and pixels together

_BIG_TIFF = 43
_TYPE_SIZES = {
    **{1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4},
    **{16: 8, 17: 8, 18: 8},  # BigTIFF
}
_TYPE_BYTE = 1
_XMP_TAG = 700
_KIND_TAG = 254
_NOT_A_PAGE = 1 | 4  # a picture of lower resolution; a mask
_DIRECTORY_TAGS = (330, 34665, 34853, 40965)  # subdirectories, EXIF, GPS, interoperability
_DATA_TAGS = {273: 279, 324: 325, 513: 514}  # offsets of strips, tiles and a thumbnail: their sizes
_PIECE_TAGS = (273, 279, 324, 325)  # offsets and sizes of strips and tiles
_TILE_SIDE_TAGS = (322, 323)
_SIZE_TAGS = (256, 257)  # width and height
_PIECE_PAIRS = ((273, 279), (324, 325))
_PROFILE_TAG = 34675
_CAMERA_TAG, _SUBDIRECTORIES_TAG, _EXIF_TAG, _DNG_TAG = 271, 330, 34665, 50706
# What the pixels are, how they are stored and which way up, and nothing about them.
_PIXEL_TAGS = frozenset(
    (
        *(
            _KIND_TAG,
            *range(255, 260),
            262,
            266,
            273,
            274,
            *range(277, 280),
            284,
            292,
            293,
            317,
            320,
        ),
        *(*range(322, 326), 332, 333, 338, 339, 347, *range(512, 522), *range(529, 533)),
    )
)


class TiffEntry(NamedTuple):
    """An entry of a directory; ``field`` holds the value itself, or where it lies."""

    tag: int
    value_type: int
    value_count: int
    field: bytes
    start: int

    @property
    def size(self) -> int:
        """The size of the value in bytes."""
        return self.value_count * _TYPE_SIZES.get(self.value_type, 1)


class TiffDirectory(NamedTuple):
    """The entries of a directory as far as the file has them, and where it should end."""

    entries: list[TiffEntry]
    end: int


class TiffReader:
    """Reads the directories of a TIFF or BigTIFF of ``size`` bytes."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.size = file.seek(0, io.SEEK_END)
        file.seek(0)
        head = file.read(16).ljust(16, b"\0")
        self.byte_order: Literal["little", "big"] = "little" if head[:2] == b"II" else "big"
        self.format_prefix = "<" if self.byte_order == "little" else ">"
        if self.number(head[2:4]) == _BIG_TIFF:
            self.first_directory = self.number(head[8:16])
            self.count_size, self._entry_format = 8, self.format_prefix + "HHQ8s"
            self.pointer_size = 8
        else:
            self.first_directory = self.number(head[4:8])
            self.count_size, self._entry_format = 2, self.format_prefix + "HHI4s"
            self.pointer_size = 4

    def number(self, field: bytes) -> int:
        """Decode an unsigned number."""
        return int.from_bytes(field, self.byte_order)

    def numbers(self, entry: TiffEntry) -> list[int]:
        """Read a value as numbers. Raises DamagedFileError, also for more than any file needs."""
        if entry.value_count > VALUES_LIMIT:
            raise DamagedFileError
        value, width = self.value(entry), _TYPE_SIZES.get(entry.value_type, 1)
        starts = range(0, len(value) - width + 1, width)
        return [self.number(value[start : start + width]) for start in starts]

    def value(self, entry: TiffEntry) -> bytes:
        """Read the value of an entry. Raises DamagedFileError."""
        if entry.size <= len(entry.field):
            return entry.field[: entry.size]
        return self.read(self.number(entry.field), entry.size)

    def read(self, position: int, length: int) -> bytes:
        """Read ``length`` bytes. Raises DamagedFileError if the file has fewer."""
        if position + length > self.size:
            raise DamagedFileError
        self._file.seek(position)
        return self._file.read(length)

    def directory(self, position: int) -> TiffDirectory:
        """Read the directory at ``position``; what lies beyond the end of the file is missing."""
        entries_start = position + self.count_size
        if entries_start > self.size:
            return TiffDirectory([], entries_start)
        count = min(self.number(self.read(position, self.count_size)), 0xFFFF)
        entry_size = struct.calcsize(self._entry_format)
        table = self._file.read(entry_size * count)
        entries = []
        for start in range(0, len(table) - entry_size + 1, entry_size):
            fields = struct.unpack_from(self._entry_format, table, start)
            entries.append(TiffEntry._make((*fields, entries_start + start)))
        return TiffDirectory(entries, entries_start + entry_size * count)

    def packed(self, entry: TiffEntry) -> bytes:
        """Return an entry as it stands in a directory."""
        return struct.pack(self._entry_format, *entry[:-1])

    def frames(self) -> Iterator[TiffDirectory]:
        """Yield the directories that follow one another, of which there is at least one."""
        visited: set[int] = set()
        position = self.first_directory
        while position not in visited and len(visited) < DIRECTORIES_LIMIT:
            visited.add(position)
            directory = self.directory(position)
            yield directory
            if directory.end + self.pointer_size > self.size:
                return
            position = self.number(self.read(directory.end, self.pointer_size))
            if not position:
                return


def page_frames(file: IO[bytes]) -> list[int]:
    """Return the indices of the frames that are pages, not thumbnails or masks of others."""
    reader = TiffReader(file)
    pages = []
    for index, directory in enumerate(reader.frames()):
        kinds = [
            reader.number(entry.field) for entry in directory.entries if entry.tag == _KIND_TAG
        ]
        if directory.entries and not any(kind & _NOT_A_PAGE for kind in kinds):
            pages.append(index)
    return pages or [0]


def has_excessive_parts(file: IO[bytes], tile_limit_px: int, frame: int = 0) -> bool:
    """Return whether a frame has more strips or tiles, or larger tiles, than a picture needs."""
    reader = TiffReader(file)
    directory = next(islice(reader.frames(), frame, None), TiffDirectory([], 0))
    tile_px = 1
    for entry in directory.entries:
        if entry.tag in _PIECE_TAGS and entry.value_count > VALUES_LIMIT:
            return True
        if entry.tag in _TILE_SIDE_TAGS:
            side = reader.number(entry.field[: _TYPE_SIZES.get(entry.value_type, 4)])
            tile_px *= max(side, 1)
    return tile_px > tile_limit_px


def is_page(file: IO[bytes]) -> bool:
    """Return whether the first directory has all that a page needs, and the file all of its data.

    Raises DamagedFileError.
    """
    reader = TiffReader(file)
    entries = {entry.tag: entry for entry in reader.directory(reader.first_directory).entries}
    for offsets, sizes in _PIECE_PAIRS:
        if entries.keys() >= {*_SIZE_TAGS, offsets, sizes}:
            starts, lengths = reader.numbers(entries[offsets]), reader.numbers(entries[sizes])
            return all(sum(piece) <= reader.size for piece in zip(starts, lengths, strict=False))
    return False


def is_truncated(file: IO[bytes]) -> bool:
    """Return whether the first directory of a TIFF, or a value of it, lies beyond the end."""
    reader = TiffReader(file)
    directory = reader.directory(reader.first_directory)
    ends = [
        reader.number(entry.field) + entry.size
        for entry in directory.entries
        if entry.size > len(entry.field)
    ]
    return max([directory.end, *ends]) > reader.size


def xmp_packets(file: IO[bytes], frame: int = 0) -> Iterator[bytes]:
    """Yield the packet of a frame. Raises DamagedFileError."""
    reader = TiffReader(file)
    for directory in islice(reader.frames(), frame, frame + 1):
        for entry in directory.entries:
            if entry.tag == _XMP_TAG and entry.size <= PACKET_LIMIT_BYTES:
                yield reader.value(entry)


def is_raw(file: IO[bytes]) -> bool:
    """Return whether a TIFF is the raw photograph of a camera, as DNG, NEF, ARW and others are."""
    reader = TiffReader(file)
    tags = {entry.tag for entry in reader.directory(reader.first_directory).entries}
    return _DNG_TAG in tags or {_CAMERA_TAG, _SUBDIRECTORIES_TAG, _EXIF_TAG} <= tags


def without_metadata(content: bytes) -> bytes:
    """Return a TIFF whose directories have only what the pixels need, and intact XMP and profiles.

    Raises DamagedFileError.
    """
    reader = TiffReader(io.BytesIO(content))
    result = bytearray(content)
    for directory in reader.frames():
        if not directory.entries:
            continue
        entries = [entry for entry in directory.entries if _is_worth_keeping(reader, entry)]
        next_directory = content[directory.end : directory.end + reader.pointer_size]
        packed = b"".join(reader.packed(entry) for entry in sorted(entries))
        position = directory.entries[0].start - reader.count_size
        replacement = len(entries).to_bytes(reader.count_size, reader.byte_order) + packed
        replacement += next_directory.ljust(reader.pointer_size, b"\0")
        result[position : position + len(replacement)] = replacement
    return bytes(result)


def _is_worth_keeping(reader: TiffReader, entry: TiffEntry) -> bool:
    if entry.tag in (_XMP_TAG, _PROFILE_TAG):
        return len(entry.field) < entry.size <= reader.size - reader.number(entry.field)
    return entry.tag in _PIXEL_TAGS


def split(content: bytes) -> Iterator[FilePart]:
    """Yield the values and pixels of a classic TIFF (not BigTIFF), sorted by tag.

    A part only has a position if it is the XMP: that of the entry that refers to it. Raises
    DamagedFileError, perhaps after some parts.
    """
    bytes_left = OVERLAP_LIMIT * len(content)
    for part in _Splitter(TiffReader(io.BytesIO(content))).pages():
        bytes_left -= len(part.body)
        if bytes_left < 0:  # a small file whose values overlap could ask for gigabytes
            raise DamagedFileError
        yield part


class _Splitter:
    """Yields the parts of a TIFF.

    What several directories refer to, such as the EXIF or the pixels of all pages, is a part once;
    after that, there are only parts that say which one it is.
    """

    def __init__(self, reader: TiffReader) -> None:
        self._reader = reader
        self._directories: dict[int, int] = {}  # position -> number
        self._values: dict[tuple[int, int], int] = {}  # (position, size) -> number
        self._pixels: dict[tuple[int, int], int] = {}

    def pages(self) -> Iterator[FilePart]:
        visited: set[int] = set()
        position = self._reader.first_directory
        while position:
            if position in visited:
                raise DamagedFileError
            visited.add(position)
            page = f"page {len(visited) - 1}"  # untranslated
            yield from self._directory_parts(position, page, ())
            end = self._reader.directory(position).end
            position = self._reader.number(self._reader.read(end, 4))

    def _directory_parts(
        self, position: int, name: str, ancestors: tuple[int, ...]
    ) -> Iterator[FilePart]:
        if position in self._directories and position not in ancestors:
            yield _reference(name, self._directories[position])
            return
        is_excessive = len(self._directories) >= DIRECTORIES_LIMIT or len(ancestors) > DEPTH_LIMIT
        directory = self._reader.directory(position)
        if position in ancestors or is_excessive or directory.end > self._reader.size:
            raise DamagedFileError
        with_xmp = not self._directories  # only the first page's is the picture's
        self._directories[position] = len(self._directories)
        entries = {entry.tag: entry for entry in directory.entries}
        for tag, entry in sorted(entries.items()):
            if tag == _XMP_TAG and with_xmp:
                yield FilePart(XMP, self._reader.value(entry), entry.start, entry.start + 12)
            elif tag in _DIRECTORY_TAGS:
                for number, inner in enumerate(self._reader.numbers(entry)):
                    inner_name = f"{name}, {tag}.{number}"
                    if inner:  # some programs write 0 where there is none
                        yield from self._directory_parts(inner, inner_name, (*ancestors, position))
            elif tag in _DATA_TAGS and _DATA_TAGS[tag] in entries:
                sizes = self._reader.numbers(entries[_DATA_TAGS[tag]])
                for span in zip(self._reader.numbers(entry), sizes, strict=False):
                    yield self._span(f"{name}, pixels", *span, self._pixels)
            elif entry.size <= len(entry.field):
                yield FilePart(f"{name}, tag {tag}", self._reader.value(entry))
            else:
                of_tag = f"{name}, tag {tag}"  # untranslated
                start = self._reader.number(entry.field)
                yield self._span(of_tag, start, entry.size, self._values)

    def _span(
        self, name: str, position: int, size: int, known: dict[tuple[int, int], int]
    ) -> FilePart:
        if (position, size) in known:
            return _reference(name, known[position, size])
        known[position, size] = len(known)
        return FilePart(name, self._reader.read(position, size))


def _reference(name: str, number: int) -> FilePart:
    return FilePart(name, f"as {number}".encode())


def replace_xmp(content: bytes, packet: bytes) -> bytes:
    """Return ``content`` with ``packet`` as its XMP. Raises DamagedFileError and NoRoomError.

    A packet of another size goes to the end of the file, so that nothing moves: the offsets in
    maker notes stay valid.
    """
    reader = TiffReader(io.BytesIO(content))
    length = len(packet)
    parts = [part for part in split(content) if part.name == XMP or len(part.body) == length]
    old = find_xmp(parts)
    is_shared = old and any(part.body == old.body for part in parts if part is not old)
    if old and not is_shared and 4 < length == len(old.body):
        start = reader.number(content[old.start + 8 : old.end])
        return content[:start] + packet + content[start + len(packet) :]
    grown = bytearray(content + b"\0" * (len(content) % 2))
    if len(grown) + len(packet) >= 1 << 31:
        raise NoRoomError
    fields = (_XMP_TAG, _TYPE_BYTE, len(packet), len(grown))
    entry = struct.pack(f"{reader.format_prefix}HHII", *fields)
    grown += packet + b"\0" * (len(packet) % 2)
    if old:
        grown[old.start : old.end] = entry
        return bytes(grown)
    position = reader.first_directory
    directory = reader.directory(position)
    next_directory = reader.read(directory.end, 4)
    entries = [content[item.start : item.start + 12] for item in directory.entries]
    entries = sorted([*entries, entry], key=lambda packed: reader.number(packed[:2]))
    grown[4:8] = struct.pack(f"{reader.format_prefix}I", len(grown))
    grown += struct.pack(f"{reader.format_prefix}H", len(entries)) + b"".join(entries)
    grown += next_directory
    return bytes(grown)
