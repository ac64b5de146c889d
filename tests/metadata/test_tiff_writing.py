"""Alt text is written into TIFFs whose pages share their metadata or their pixels."""

import struct
from collections.abc import Sequence
from pathlib import Path

import pytest
from PIL import Image

from image_describer.errors import AltTextError
from image_describer.imaging.open import open_picture
from image_describer.metadata import alt_text
from image_describer.metadata.alt_text import WriteResult
from image_describer.metadata.xmp_packets import find_packets
from tests.support.exiftool import read_tag

# Pillow counts what pages share for each of them, and takes an EXIF at 0 for one.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:PIL")

TEXT = "A brown dog runs through the grass."
ASCII, SHORT, LONG = 2, 3, 4
WIDTH, HEIGHT, STRIP, STRIP_SIZE = 256, 257, 273, 279
SUBDIRECTORIES, XMP, EXIF, GPS, PROFILE = 330, 700, 34665, 34853, 34675
Entry = tuple[int, int, int, int]
"""Tag, type, count, value."""


def tiff(pages: Sequence[Sequence[Entry]], order: str = "<", **others: bytes) -> bytes:
    """Return a TIFF of grey pages of 16 x 8 pixels.

    ``others`` are data, to which an entry refers whose value is negative: -1 is the first one.
    """
    size = 16 * 8
    content = (b"II*\0" if order == "<" else b"MM\0*") + bytes(4)
    starts = []
    for data in (bytes(range(size)), *others.values()):
        starts.append(len(content))
        content += data + bytes(len(data) % 2)
    link = 4
    for entries in pages:
        common = [(WIDTH, LONG, 1, 16), (HEIGHT, LONG, 1, 8), (258, SHORT, 1, 8)]
        common += [(259, SHORT, 1, 1), (262, SHORT, 1, 1), (STRIP, LONG, 1, starts[0])]
        common += [(277, SHORT, 1, 1), (278, LONG, 1, 8), (STRIP_SIZE, LONG, 1, size)]
        table = b""
        for tag, kind, count, value in sorted([*common, *entries]):
            number = starts[-value] if value < 0 else value
            field = struct.pack(f"{order}HH", number, 0) if kind == SHORT else b""
            table += struct.pack(f"{order}HHI", tag, kind, count)
            table += field or struct.pack(f"{order}I", number)
        position = struct.pack(f"{order}I", len(content))
        content = content[:link] + position + content[link + 4 :]
        count = struct.pack(f"{order}H", len(table) // 12)
        link = len(content) + len(count) + len(table)
        content += count + table + bytes(4)
    return content


def directory(*entries: Entry, order: str = "<") -> bytes:
    table = b"".join(struct.pack(f"{order}HHII", *entry) for entry in entries)
    return struct.pack(f"{order}H", len(entries)) + table + bytes(4)


def shared(tag: int, data: bytes, kind: int = LONG, pages: int = 3, order: str = "<") -> bytes:
    count = len(data) if kind == ASCII else 1
    return tiff([[(tag, kind, count, -1)]] * pages, order, data=data)


COMMENT = (0x9286, LONG, 1, 7)
TIFFS = {
    "EXIF": shared(EXIF, directory(COMMENT)),
    "EXIF, big-endian": shared(EXIF, directory(COMMENT, order=">"), order=">"),
    "GPS": shared(GPS, directory((0, LONG, 1, 2))),
    "subdirectory": shared(SUBDIRECTORIES, directory(COMMENT)),
    "EXIF of two pages": tiff([[(EXIF, LONG, 1, -1)], [], [(EXIF, LONG, 1, -1)]], data=directory()),
    "profile": shared(PROFILE, bytes(3_000), ASCII, pages=8),
    "pixels": tiff([[]] * 12),
    "no EXIF": tiff([[(EXIF, LONG, 1, 0)]]),
}


@pytest.mark.parametrize("name", TIFFS)
def test_alt_text_is_written_and_nothing_else_changes(name: str, tmp_path: Path) -> None:
    path = tmp_path / "scan.tif"
    path.write_bytes(TIFFS[name])
    before = open_picture(path)
    assert alt_text.write_in_place(path, TEXT)[0] is WriteResult.WRITTEN
    assert alt_text.read(path) == read_tag(path) == TEXT
    assert path.read_bytes()[8 : len(TIFFS[name])] == TIFFS[name][8:]
    assert (open_picture(path).pixels == before.pixels).all()
    with Image.open(path) as image, Image.open(tmp_path / "scan.tif_original") as original:
        assert image.n_frames == original.n_frames
        for frame in range(image.n_frames):
            image.seek(frame)
            original.seek(frame)
            assert dict(image.getexif().get_ifd(EXIF)) == dict(original.getexif().get_ifd(EXIF))
    newer = "Two men sit at a table."
    assert alt_text.write_in_place(path, newer)[0] is WriteResult.WRITTEN
    assert alt_text.read(path) == newer


def test_the_xmp_that_pages_share_is_only_changed_for_the_first(tmp_path: Path) -> None:
    path = tmp_path / "scan.tif"
    path.write_bytes(tiff([[]]))
    alt_text.write_in_place(path, TEXT)
    with path.open("rb") as file:
        (packet,) = find_packets("TIFF", file)
    path.write_bytes(shared(XMP, packet, ASCII))
    newer = TEXT.replace("brown", "white")
    assert alt_text.write_in_place(path, newer)[0] is WriteResult.WRITTEN
    assert alt_text.read(path) == newer
    with path.open("rb") as file:
        assert find_packets("TIFF", file, frame=2) == [packet]


@pytest.mark.parametrize(
    "content",
    [
        tiff([[(SUBDIRECTORIES, LONG, 1, 136)]]),  # itself
        tiff([[(EXIF, LONG, 1, 999_999)]]),
        tiff([[]] * 2)[:-4] + struct.pack("<I", 136),  # after the last page the first
    ],
    ids=["circle", "beyond the end", "endless pages"],
)
def test_broken_directories_are_left_alone(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "scan.tif"
    path.write_bytes(content)
    with pytest.raises(AltTextError, match="was left unchanged"):
        alt_text.write_in_place(path, TEXT)
    assert path.read_bytes() == content


def test_a_million_references_to_one_value_are_survived(tmp_path: Path) -> None:
    count = 200_000
    table = struct.pack("<I", 8) * count
    content = tiff([[(SUBDIRECTORIES, LONG, count, -1)]], data=table)
    path = tmp_path / "scan.tif"
    path.write_bytes(content)
    with pytest.raises(AltTextError, match="was left unchanged"):
        alt_text.write_in_place(path, TEXT)
