"""Files of the ISO base media format: AVIF, HEIC and, in its simplest form, JPEG 2000."""

import io
import struct
from collections.abc import Iterator
from fractions import Fraction
from typing import IO, NamedTuple

from image_describer.metadata.containers.base import DamagedFileError
from image_describer.metadata.xmp import PACKET_LIMIT_BYTES

BOXES_LIMIT = 1_000  # at the outermost level; a file has about three
META_LIMIT_BYTES = 16_000_000  # of the box that describes the pictures; it has a few thousand
ITEMS_LIMIT = 100_000  # of them, their properties and extents; a thousand tiles have 4,000

ESSENTIAL = 0x8000  # beside the index of a property
_TO_ASCII = bytes(range(128)) + b"?" * 128
_XMP_UUID = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
_XMP_TYPE = b"application/rdf+xml"
_AV1_HIGH_BIT_DEPTH, _AV1_SUBSAMPLED, _AV1_SUBSAMPLED_IN_X = 0x40, 0x0C, 0x08
_FIELDS_LIMIT = 254  # properties of an item, to which one may be added; they are counted in a byte


class IsoBox(NamedTuple):
    """A box: its header lies at [start, body), its body at [body, end)."""

    kind: bytes
    start: int
    body: int
    end: int


class ItemProperties:
    """Which properties the pictures of a file have, from the body of its box "meta".

    ``associations``: item -> indices of ``properties``, from 1, each with a bit for "essential".
    ``auxiliary``: item of an alpha channel or a depth map -> the item it belongs to.
    ``parts``: these, and tiles and thumbnails. ``references``: the boxes in "iref". ``boxes``: the
    first of each kind in "meta". Raises DamagedFileError.
    """

    def __init__(self, meta: bytes) -> None:
        self.primary = 0
        self._associations_left = ITEMS_LIMIT
        self.properties: list[tuple[bytes, bytes]] = []
        self.associations: dict[int, list[int]] = {}
        self.auxiliary: dict[int, int] = {}
        self.parts: set[int] = set()
        self.references: list[tuple[bytes, bytes]] = []
        self.boxes: dict[bytes, bytes] = {}
        for kind, body in children(meta[4:]):
            self.boxes.setdefault(kind, body)
            if kind == b"pitm":
                reader = _Fields(body)
                self.primary = reader.number(4 if reader.version else 2)
            elif kind == b"iref":
                reader = _Fields(body)
                self._read_references(reader.rest(), 4 if reader.version else 2)
            elif kind == b"iprp":
                for inner_kind, inner in children(body):
                    if inner_kind == b"ipco" and not self.properties:
                        self.properties = list(children(inner))
                    elif inner_kind == b"ipma":
                        self._read_associations(_Fields(inner))

    def find(self, item: int, kind: bytes) -> tuple[int, bytes] | None:
        """Return the index and the body of the first property of this kind that an item has."""
        for field in self.associations.get(item, []):
            index = field & ~ESSENTIAL
            if 1 <= index <= len(self.properties) and self.properties[index - 1][0] == kind:
                return index, self.properties[index - 1][1]
        return None

    def crop_box(self, item: int) -> tuple[int, int, int, int] | None:
        """Return what "clap" leaves of a picture, as `crop_box` does for the main one."""
        size, clap = (self.find(item, kind) for kind in (b"ispe", b"clap"))
        if size is None or clap is None or len(size[1]) < 12 or len(clap[1]) < 32:
            return None
        whole = struct.unpack_from(">II", size[1], 4)
        numbers = struct.unpack_from(">iiiiiiii", clap[1])
        if min(numbers[1::2]) < 1:
            return None
        width, height, x, y = (Fraction(*numbers[start : start + 2]) for start in (0, 2, 4, 6))
        edges = []
        for length, kept, offset in zip(whole, (width, height), (x, y), strict=True):
            first = round((length - kept) / 2 + offset)  # the offset is that of the centre
            edges.append((first, first + round(kept)))
        (left, right), (top, bottom) = edges
        if not (0 <= left < right <= whole[0] and 0 <= top < bottom <= whole[1]):
            return None
        return left, top, right, bottom

    def has_impossible_crop(self, item: int) -> bool:
        """Return whether "clap" leaves nothing of a picture, or more than there is."""
        has_both = self.find(item, b"clap") and self.find(item, b"ispe")
        return bool(has_both) and self.crop_box(item) is None

    def _read_references(self, body: bytes, id_size: int) -> None:
        for kind, inner in children(body):
            self.references.append((kind, inner))
            reader = _Fields(inner, full=False)
            item, count = reader.number(id_size), reader.number(2)
            targets = [reader.number(id_size) for _ in range(count)]
            if kind == b"auxl" and targets:
                self.auxiliary[item] = targets[0]
            if kind == b"dimg":
                self.parts.update(targets)
            elif kind in (b"auxl", b"thmb"):
                self.parts.add(item)

    def _read_associations(self, reader: "_Fields") -> None:
        index_size = 2 if reader.flags & 1 else 1
        for _ in range(reader.number(4)):
            item = reader.number(4 if reader.version else 2)
            fields = self.associations.setdefault(item, [])
            count = reader.number(1)
            self._associations_left -= 1 + count
            if self._associations_left < 0 or len(fields) + count > _FIELDS_LIMIT:
                raise DamagedFileError
            for _ in range(count):
                field = reader.number(index_size)
                if index_size == 1:
                    field = (field & 0x7F) | (field & 0x80) << 8
                if field not in fields:
                    fields.append(field)


def av1_chroma_and_depth(file: IO[bytes]) -> tuple[int, int]:
    """Return the chroma format (420, 422 or 444) and the bits of the samples of an AVIF.

    The largest ones if the file does not say.
    """
    try:
        kinds = [
            body for kind, body in ItemProperties(read_meta(file)).properties if kind == b"av1C"
        ]
    except (OSError, ValueError):
        kinds = []
    flags = [body[2] for body in kinds if len(body) > 2] or [_AV1_HIGH_BIT_DEPTH]
    depth = 16 if any(flag & _AV1_HIGH_BIT_DEPTH for flag in flags) else 8
    subsampling = min(flag & _AV1_SUBSAMPLED for flag in flags)
    return {_AV1_SUBSAMPLED: 420, _AV1_SUBSAMPLED_IN_X: 422}.get(subsampling, 444), depth


def read_meta(file: IO[bytes]) -> bytes:
    """Return the body of the first box "meta". Raises DamagedFileError."""
    for box in boxes(file):
        if box.kind == b"meta" and 4 <= box.end - box.body <= META_LIMIT_BYTES:
            file.seek(box.body)
            body = file.read(box.end - box.body)
            if len(body) == box.end - box.body:
                return body
    raise DamagedFileError


def is_truncated(file: IO[bytes], size: int) -> bool:
    """Return whether a file of ``size`` bytes is shorter than its boxes say."""
    return any(box.end > size for box in boxes(file))


def crop_box(file: IO[bytes]) -> tuple[int, int, int, int] | None:
    """Return what "clap" leaves of the main picture, before it is turned, as for `Image.crop`.

    None if it isn't cropped, or in an impossible way. Raises DamagedFileError.
    """
    properties = ItemProperties(read_meta(file))
    return properties.crop_box(properties.primary)


def check_heif(file: IO[bytes]) -> None:
    """Raise DamagedFileError for what pi-heif 1.4 crashes on, or shows in a wrong size.

    These are items whose type isn't text, and impossible crops.
    """
    try:
        meta = read_meta(file)
    except DamagedFileError:  # a sequence without pictures, or cut off
        return
    for kind, body in children(meta[4:]):
        if kind == b"iinf" and body != with_text_types(body):
            raise DamagedFileError
    properties = ItemProperties(meta)
    if properties.has_impossible_crop(properties.primary):
        raise DamagedFileError


def xmp_packets(file: IO[bytes]) -> Iterator[bytes]:
    """Yield the boxes and items that hold XMP, of JPEG 2000 files, too.

    Raises DamagedFileError, perhaps after some of them.
    """
    for box in list(boxes(file)):
        if box.kind == b"uuid":
            file.seek(box.body)
            packet = file.read(min(box.end - box.body, PACKET_LIMIT_BYTES))
            if packet.startswith(_XMP_UUID):
                yield packet[len(_XMP_UUID) :]
    meta = dict(children(read_meta(file)[4:]))
    wanted = set(_xmp_items(meta.get(b"iinf", bytes(6))))
    for item, in_meta, extents in _locations(_Fields(meta.get(b"iloc", bytes(8)))):
        if item in wanted:
            source = io.BytesIO(meta.get(b"idat", b"")) if in_meta else file
            yield _read_extents(source, extents)


def item_types(file: IO[bytes]) -> set[bytes]:
    """Return of which types the items are: codecs, "grid", metadata. Raises DamagedFileError."""
    meta = dict(children(read_meta(file)[4:]))
    return {item_type for _, item_type, _ in _item_entries(meta.get(b"iinf", bytes(6)))}


def boxes(file: IO[bytes], limit: int = BOXES_LIMIT) -> Iterator[IsoBox]:
    """Yield the outermost boxes, the last of which may end beyond the file."""
    size, start = file.seek(0, io.SEEK_END), 0
    for _ in range(limit):
        if start >= size:
            return
        file.seek(start)
        head = file.read(16)
        length, body = int.from_bytes(head[:4], "big"), start + 8
        if length == 1:  # the length follows in eight bytes
            length, body = int.from_bytes(head[8:16], "big"), start + 16
        if length == 0:  # to the end of the file
            length = size - start
        if length < body - start or len(head) < 8:
            return
        yield IsoBox(head[4:8], start, body, start + length)
        start += length


def children(body: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield the kinds and bodies of the boxes in a box. Raises DamagedFileError."""
    for kind, _, start, end in boxes(io.BytesIO(body), ITEMS_LIMIT):
        if end > len(body):
            raise DamagedFileError
        yield kind, body[start:end]


def with_text_types(items: bytes) -> bytes:
    """Return the body of "iinf" in which the types and names of items are ASCII."""
    head = 8 if items[:1] != b"\0" else 6  # with the number of items
    pieces = [items[:head]]
    for kind, body in children(items[head:]):
        start = 10 if body[:1] == b"\3" else 8
        pieces.append(make_box(kind, body[:start] + body[start:].translate(_TO_ASCII)))
    return b"".join(pieces)


def make_box(kind: bytes, body: bytes) -> bytes:
    """Return a box as it stands in a file."""
    return struct.pack(">I", len(body) + 8) + kind + body


def _xmp_items(items: bytes) -> Iterator[int]:
    """Yield the items that hold XMP, from the body of "iinf"."""
    for item, item_type, rest in _item_entries(items):
        content_type = rest.split(b"\0", 2)[1:2]  # after the name
        if item_type == b"mime" and content_type == [_XMP_TYPE]:
            yield item


def _item_entries(items: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """Yield the items, their types, and the rest of their entries, from the body of "iinf"."""
    reader = _Fields(items)
    reader.number(4 if reader.version else 2)
    for kind, body in children(reader.rest()):
        entry = _Fields(body)
        if kind == b"infe" and entry.version >= 2:
            item = entry.number(2 if entry.version == 2 else 4)
            entry.number(2)
            yield item, entry.number(4).to_bytes(4, "big"), entry.rest()


def _locations(reader: "_Fields") -> Iterator[tuple[int, bool, list[tuple[int, int]]]]:
    """Yield where items lie, from the body of "iloc": whether in "idat", and [(offset, length)]."""
    sizes, others = reader.number(1), reader.number(1)
    offset_size, length_size, base_size = sizes >> 4, sizes & 15, others >> 4
    index_size = others & 15 if reader.version else 0
    long_size = 4 if reader.version == 2 else 2
    items_left = ITEMS_LIMIT
    for _ in range(reader.number(long_size)):
        item = reader.number(long_size)
        in_meta = reader.version > 0 and reader.number(2) & 15 == 1
        reader.number(2)
        base, extents = reader.number(base_size), []
        for _ in range(reader.number(2)):
            reader.number(index_size)
            extents.append((base + reader.number(offset_size), reader.number(length_size)))
            items_left -= 1
            if items_left < 0:
                raise DamagedFileError
        yield item, in_meta, extents


def _read_extents(file: IO[bytes], extents: list[tuple[int, int]]) -> bytes:
    size, pieces, length_left = file.seek(0, io.SEEK_END), [], PACKET_LIMIT_BYTES
    for offset, length in extents:
        file.seek(min(offset, size))
        pieces.append(file.read(min(length or size, length_left)))
        length_left -= len(pieces[-1])
    return b"".join(pieces)


class _Fields:
    """Reads numbers one after the other, in a "full" box after its version and flags."""

    def __init__(self, body: bytes, *, full: bool = True) -> None:
        self._body, self._position = body, 0
        self.version, self.flags = (self.number(1), self.number(3)) if full else (0, 0)

    def number(self, size: int) -> int:
        field = self._body[self._position : self._position + size]
        if len(field) < size:
            raise DamagedFileError
        self._position += size
        return int.from_bytes(field, "big")

    def rest(self) -> bytes:
        return self._body[self._position :]
