"""Changes the boxes of AVIF and HEIC files, as encoders do that break the rules."""

import struct
from collections.abc import Callable, Iterator

Box = tuple[bytes, bytes]
"""Kind and body."""
Associations = list[tuple[int, list[int]]]
"""(item, indices of its properties from 1), of a file with few of both."""


def box(kind: bytes, body: bytes) -> bytes:
    """Return a box."""
    return struct.pack(">I", len(body) + 8) + kind + body


def children(body: bytes) -> Iterator[Box]:
    """Yield the kinds and bodies of boxes."""
    position = 0
    while position + 8 <= len(body):
        length = int.from_bytes(body[position : position + 4], "big")
        yield body[position + 4 : position + 8], body[position + 8 : position + length]
        position += length


def with_meta(content: bytes, change: Callable[[list[Box]], list[Box]]) -> bytes:
    """Replace the boxes in "meta"; no pixel moves."""
    boxes = list(children(content))
    meta = next(body for kind, body in boxes if kind == b"meta")
    new = b"".join(box(*changed) for changed in change(list(children(meta[4:]))))
    others = [box(b"free" if kind == b"meta" else kind, body) for kind, body in boxes]
    return b"".join([*others, box(b"meta", meta[:4] + new)])


def with_properties(
    content: bytes, change: Callable[[list[bytes], Associations], list[Associations]], *new: bytes
) -> bytes:
    """Add ``new`` properties; ``change`` gets all kinds and owners, and returns new tables."""

    def change_box(kind: bytes, body: bytes) -> bytes:
        if kind != b"iprp":
            return body
        inner = dict(children(body))
        properties = inner[b"ipco"] + b"".join(new)
        kinds = [kind for kind, _ in children(properties)]
        tables = change(kinds, _associations(inner[b"ipma"]))
        return box(b"ipco", properties) + b"".join(_table(table) for table in tables)

    return with_meta(
        content, lambda boxes: [(kind, change_box(kind, body)) for kind, body in boxes]
    )


def with_item_type(content: bytes, old: bytes, new: bytes) -> bytes:
    """Replace a type, or another string, in the list of items."""
    return with_meta(
        content,
        lambda boxes: [
            (kind, body.replace(old, new) if kind == b"iinf" else body) for kind, body in boxes
        ],
    )


def without_box(content: bytes, left_out: bytes) -> bytes:
    """Leave a box out of "meta"."""
    return with_meta(content, lambda boxes: [box for box in boxes if box[0] != left_out])


def with_box_twice(content: bytes, twice: bytes) -> bytes:
    """Repeat a box of "meta" at its end."""
    return with_meta(content, lambda boxes: [*boxes, next(box for box in boxes if box[0] == twice)])


def with_colour(content: bytes, body: bytes) -> bytes:
    """Add a colour space to each item."""

    def change(kinds: list[bytes], table: Associations) -> list[Associations]:
        return [[(item, [*fields, len(kinds)]) for item, fields in table]]

    return with_properties(content, change, box(b"colr", body))


def without_property(content: bytes, kind: bytes, item: int) -> bytes:
    """Take the properties of a kind from an item: 1 is the picture, 2 its alpha channel."""

    def change(kinds: list[bytes], table: Associations) -> list[Associations]:
        return [
            [
                (other, [field for field in fields if other != item or kinds[field - 1] != kind])
                for other, fields in table
            ]
        ]

    return with_properties(content, change)


def with_two_tables(content: bytes) -> bytes:
    """List the properties of each item in a table of its own, as an early encoder did."""
    return with_properties(content, lambda _, table: [[entry] for entry in table])


def cropped(content: bytes, *numbers: int, essential: bool = True) -> bytes:
    """Crop the picture by the numbers of "clap": width, height, x, y, each with its denominator."""
    clap = box(b"clap", struct.pack(">IIIIiIiI", *numbers))

    def change(kinds: list[bytes], table: Associations) -> list[Associations]:
        (item, fields), *others = table
        return [[(item, [*fields, len(kinds) | (0x80 if essential else 0)]), *others]]

    return with_properties(content, change, clap)


def _associations(body: bytes) -> Associations:
    position, table = 8, []
    for _ in range(int.from_bytes(body[4:8], "big")):
        item, count = struct.unpack_from(">HB", body, position)
        position += 3 + count
        table.append((item, [field & 0x7F for field in body[position - count : position]]))
    return table


def _table(table: Associations) -> bytes:
    entries = [struct.pack(">HB", item, len(fields)) + bytes(fields) for item, fields in table]
    return box(b"ipma", struct.pack(">II", 0, len(table)) + b"".join(entries))
