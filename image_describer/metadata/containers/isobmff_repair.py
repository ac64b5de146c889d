"""AVIF and HEIC that break the rules are written anew, so that strict decoders open them."""

import struct
from collections.abc import Iterable, Iterator
from typing import IO

from image_describer.metadata.containers.isobmff import (
    ESSENTIAL,
    ItemProperties,
    boxes,
    make_box,
    read_meta,
    with_text_types,
)

_ESSENTIAL_KINDS = (b"clap", b"irot", b"imir")
_LEAST_BYTES = {b"colr": 11, b"ispe": 12, b"clap": 32, b"irot": 1, b"imir": 1}
_COLOUR_TYPES = (b"nclx", b"prof", b"rICC")
_PICTURE_HANDLER = bytes(8) + b"pict" + bytes(13)
_LEFT_OUT = (b"free", b"")


def repaired(file: IO[bytes]) -> Iterator[bytes]:
    """Yield contents that a strict decoder opens rather than ``file``, the best first.

    In the first, there is one box of each kind, in the usual order; properties are essential where
    they must be, or left out where they are optional and broken; each picture has a size; and a
    sequence is a single picture. The second has no alpha channel either. Raises DamagedFileError.
    """
    properties = ItemProperties(read_meta(file))
    items = properties.associations
    _drop_broken(properties)
    if properties.primary not in items:
        properties.primary = next((item for item in items if item not in properties.parts), 0)
    sizes = (properties.find(item, b"ispe") for item in (properties.primary, *items))
    any_size = next((found[0] for found in sizes if found), None)
    for item, fields in items.items():
        size = properties.find(properties.auxiliary.get(item, item), b"ispe")
        if properties.find(item, b"ispe") is None and any_size is not None:
            fields.insert(0, size[0] if size else any_size)
        for kind in _ESSENTIAL_KINDS:
            found = properties.find(item, kind)
            if found is not None and found[0] in fields:
                fields[fields.index(found[0])] |= ESSENTIAL
    _drop_impossible_crops(properties)
    content = _without_meta(file)
    yield content + _usual_meta(properties)
    if properties.auxiliary:
        for item in properties.auxiliary:  # so that it isn't taken for the picture
            size = properties.find(item, b"ispe")
            items[item] = [size[0]] if size else []
        properties.references = [box for box in properties.references if box[0] != b"auxl"]
        yield content + _usual_meta(properties)


def _drop_broken(items: ItemProperties) -> None:
    """Leave out the properties that no decoder accepts, and "pixi", which none needs."""
    for index, (kind, body) in enumerate(items.properties):
        is_odd = kind == b"colr" and body[:4] not in _COLOUR_TYPES
        if is_odd or kind == b"pixi" or len(body) < _LEAST_BYTES.get(kind, 0):
            items.properties[index] = _LEFT_OUT
    _drop_left_out(items)


def _drop_impossible_crops(items: ItemProperties) -> None:
    for item in items.associations:
        clap = items.find(item, b"clap")
        if clap is not None and items.has_impossible_crop(item):
            items.properties[clap[0] - 1] = _LEFT_OUT
    _drop_left_out(items)


def _drop_left_out(items: ItemProperties) -> None:
    kept = {index for index, box in enumerate(items.properties, start=1) if box != _LEFT_OUT}
    for item, fields in items.associations.items():
        items.associations[item] = [field for field in fields if field & ~ESSENTIAL in kept]


def _without_meta(file: IO[bytes]) -> bytes:
    """Return a file whose "meta" is called "free": nothing moves, and another can follow."""
    outermost = list(boxes(file))
    file.seek(0)
    content = bytearray(file.read())
    for kind, start, _, end in outermost:
        if kind == b"meta":
            content[start + 4 : start + 8] = b"free"
        elif kind == b"ftyp" and content[start + 8 : start + 12] == b"avis":
            content[start + 8 : start + 12] = b"avif"
        if not any(content[start : start + 4]):  # as long as the rest, to which more is added
            content[start : start + 4] = struct.pack(">I", min(end - start, 0xFFFFFFFF))
    return bytes(content)


def _usual_meta(properties: ItemProperties) -> bytes:
    """Return a box "meta" as encoders write it."""
    items = properties.associations
    table = b"".join(
        struct.pack(f">IB{len(fields)}H", item, len(fields), *fields)
        for item, fields in sorted(items.items())
    )
    association = b"\1\0\0\1" + struct.pack(">I", len(items)) + table
    parts = {
        b"hdlr": _PICTURE_HANDLER,
        b"pitm": b"\1\0\0\0" + struct.pack(">I", properties.primary),
        b"iloc": properties.boxes.get(b"iloc", b""),
        b"iinf": with_text_types(properties.boxes.get(b"iinf", b"")),
        b"iref": properties.boxes.get(b"iref", bytes(4))[:4] + _join(properties.references),
        b"iprp": _join([(b"ipco", _join(properties.properties)), (b"ipma", association)]),
        b"idat": properties.boxes.get(b"idat", b""),
    }
    return make_box(b"meta", bytes(4) + _join([box for box in parts.items() if len(box[1]) > 4]))


def _join(boxes: Iterable[tuple[bytes, bytes]]) -> bytes:
    return b"".join(make_box(kind, body) for kind, body in boxes)
