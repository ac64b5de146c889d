"""An author's alt text is told wherever it stands in a file, and never written over."""

import base64
import contextlib
import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from image_describer.errors import AltTextError
from image_describer.imaging.open import open_picture
from image_describer.metadata import alt_text
from image_describer.metadata.alt_text import WriteResult
from image_describer.metadata.xmp_packets import find_packets
from tests.metadata.test_xmp import packet, packet_of_languages
from tests.support import isobmff
from tests.support.exiftool import edit, read_tag
from tests.support.pictures import HAS_AVIF, encoded, heic, png_chunk, quarters

TEXT = "A brown dog runs through the grass."
AUTHORS = packet_of_languages(en="Rex")
OTHER = packet("", 'xmlns:c="c:" c:d="e"')
GUID = b"0123456789ABCDEF0123456789ABCDEF"
XMP_UUID = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
XMP_KEYWORD = b"XML:com.adobe.xmp\0"


def app1(body: bytes) -> bytes:
    return b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body


def jpeg(*segments: bytes) -> bytes:
    content = encoded(quarters(), "JPEG")
    return content[:20] + b"".join(segments) + content[20:]


def xmp_segment(content: bytes) -> bytes:
    return app1(b"http://ns.adobe.com/xap/1.0/\0" + content)


def extended(content: bytes, piece: int, guid: bytes = GUID) -> list[bytes]:
    """Return the segments of extended XMP, the last one first, as a reader must expect."""
    head = b"http://ns.adobe.com/xmp/extension/\0" + guid + struct.pack(">I", len(content))
    return [
        app1(head + struct.pack(">I", start) + content[start : start + piece])
        for start in reversed(range(0, len(content), piece))
    ]


def extensible(guid: bytes = GUID) -> bytes:
    note = 'xmlns:xmpNote="http://ns.adobe.com/xmp/note/"'
    return packet("", f'{note} xmpNote:HasExtendedXMP="{guid.decode()}"')


def png(kind: bytes, body: bytes, *, after_pixels: bool = False) -> bytes:
    content, chunk = encoded(quarters(), "PNG"), png_chunk(kind, body)
    position = len(content) - 12 if after_pixels else 33
    return content[:position] + chunk + content[position:]


def raw_profile(content: bytes, name: str = "xmp") -> bytes:
    """Return a packet as ImageMagick writes it into a text chunk."""
    digits = content.hex()
    lines = "\n".join(digits[start : start + 72] for start in range(0, len(digits), 72))
    return f"\n{name}\n{len(content):8}\n{lines}\n".encode()


def gif(content: bytes, *, at_end: bool = False, in_blocks: bool = False) -> bytes:
    picture = encoded(quarters().quantize(8), "GIF")
    if in_blocks:
        pieces = [content[start : start + 255] for start in range(0, len(content), 255)]
        data = b"".join(bytes([len(piece)]) + piece for piece in pieces) + b"\0"
    else:
        data = content + b"\1" + bytes(range(255, -1, -1)) + b"\0"
    extension = b"\x21\xff\x0bXMP DataXMP" + data
    if at_end:
        return picture[:-1] + extension + picture[-1:]
    start = 13 + 3 * 2 ** ((picture[10] & 7) + 1)  # after the palette
    return b"GIF89a" + picture[6:start] + extension + picture[start:]


def webp(*chunks: tuple[bytes, bytes]) -> bytes:
    content = encoded(quarters(), "WEBP", xmp=OTHER)
    content = content[: content.index(b"XMP ")]
    for kind, body in chunks:
        content += kind + struct.pack("<I", len(body)) + body + bytes(len(body) % 2)
    return content[:4] + struct.pack("<I", len(content) - 8) + content[8:]


def exiftool_wrote(format_name: str, tmp_path: Path) -> bytes:
    path = tmp_path / "picture"
    path.write_bytes(encoded(quarters(), format_name))
    edit(path, "-XMP-iptcCore:AltTextAccessibility-en=Rex")
    return path.read_bytes()


CARRIERS: dict[str, bytes] = {
    "jpeg": jpeg(xmp_segment(AUTHORS)),
    "jpeg, second packet": jpeg(xmp_segment(OTHER), xmp_segment(AUTHORS)),
    "jpeg, extended": jpeg(xmp_segment(extensible()), *extended(AUTHORS, 100)),
    "jpeg, extended before": jpeg(*extended(AUTHORS, 1000), xmp_segment(extensible())),
    "png": png(b"iTXt", XMP_KEYWORD + b"\0\0\0\0" + AUTHORS),
    "png, compressed": png(b"iTXt", XMP_KEYWORD + b"\1\0\0\0" + zlib.compress(AUTHORS)),
    "png, after the pixels": png(b"iTXt", XMP_KEYWORD + b"\0\0\0\0" + AUTHORS, after_pixels=True),
    "png, tEXt": png(b"tEXt", XMP_KEYWORD + AUTHORS),
    "png, zTXt": png(b"zTXt", XMP_KEYWORD + b"\0" + zlib.compress(AUTHORS)),
    "png, raw profile": png(b"tEXt", b"Raw profile type xmp\0" + raw_profile(AUTHORS)),
    "png, raw compressed profile": png(
        b"zTXt",
        b"Raw profile type APP1\0\0"
        + zlib.compress(raw_profile(b"http://ns.adobe.com/xap/1.0/\0" + AUTHORS, "app1")),
    ),
    "png, raw iTXt profile": png(b"iTXt", b"Raw profile type xmp\0\0\0\0\0" + raw_profile(AUTHORS)),
    "gif": gif(AUTHORS),
    "gif, at the end": gif(AUTHORS, at_end=True),
    "gif, in blocks": gif(AUTHORS, in_blocks=True),
    "webp": webp((b"XMP ", AUTHORS)),
    "webp, misnamed": webp((b"XMP\0", AUTHORS)),
    "webp, second": webp((b"XMP ", OTHER), (b"XMP ", AUTHORS)),
    "tiff": encoded(quarters(), "TIFF", tiffinfo={700: AUTHORS}),
    "bigtiff": encoded(quarters(), "TIFF", tiffinfo={700: AUTHORS}, big_tiff=True),
    "heic": heic(quarters(), xmp=AUTHORS),
    "heic, in a box": heic(quarters()) + isobmff.box(b"uuid", XMP_UUID + AUTHORS),
    "jpeg 2000": encoded(quarters(), "JPEG2000") + isobmff.box(b"uuid", XMP_UUID + AUTHORS),
}
if HAS_AVIF:
    CARRIERS["avif"] = encoded(quarters(), "AVIF", xmp=AUTHORS)
    CARRIERS["avif, broken"] = isobmff.with_two_tables(
        encoded(quarters().convert("RGBA"), "AVIF", xmp=AUTHORS)
    )
ELSEWHERE = ("extended", "before", "tEXt", "zTXt", "profile")  # where no text is written
WRITABLE = [
    name
    for name in CARRIERS
    if name.startswith(("jpeg", "png", "webp", "tiff")) and name != "jpeg 2000"
]


@pytest.mark.parametrize("name", CARRIERS)
def test_the_authors_text_is_told(name: str, tmp_path: Path) -> None:
    path = tmp_path / "picture"
    path.write_bytes(CARRIERS[name])
    assert open_picture(path).alt_text == "Rex"
    assert alt_text.read(path) == "Rex"


@pytest.mark.parametrize("name", WRITABLE)
def test_the_authors_text_is_never_written_over(name: str, tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(CARRIERS[name])
    assert alt_text.write_in_place(source, TEXT) == (WriteResult.AUTHOR, None)
    assert source.read_bytes() == CARRIERS[name]
    assert alt_text.write(source, target, TEXT) is WriteResult.AUTHOR
    assert target.read_bytes() == CARRIERS[name]


@pytest.mark.parametrize("name", WRITABLE)
def test_it_is_replaced_on_request_or_left_where_it_cannot_be(name: str, tmp_path: Path) -> None:
    path = tmp_path / "picture"
    path.write_bytes(CARRIERS[name])
    if name.endswith(ELSEWHERE):
        with pytest.raises(AltTextError, match="author's alt text"):
            alt_text.write_in_place(path, TEXT, replace=True)
        assert path.read_bytes() == CARRIERS[name]
        return
    assert alt_text.write_in_place(path, TEXT, replace=True)[0] is WriteResult.WRITTEN
    assert alt_text.read(path) == read_tag(path) == TEXT
    assert open_picture(path).alt_text is None
    assert alt_text.write_in_place(path, TEXT, replace=True)[0] is WriteResult.SAME


def test_what_exiftool_writes_is_told(tmp_path: Path) -> None:
    for format_name in ("JPEG", "PNG", "WEBP", "GIF", "TIFF"):
        content = exiftool_wrote(format_name, tmp_path)
        assert open_picture(content).alt_text == "Rex", format_name


def test_our_text_beside_a_packet_without_one_is_ours(tmp_path: Path) -> None:
    path = tmp_path / "picture.jpg"
    path.write_bytes(jpeg(xmp_segment(OTHER), xmp_segment(OTHER)))
    assert alt_text.write_in_place(path, TEXT)[0] is WriteResult.WRITTEN
    assert open_picture(path).alt_text is None
    assert path.read_bytes().count(OTHER) == 1


def test_large_extended_packets_are_read() -> None:
    picture = base64.b64encode(bytes(3_000_000)).decode()
    content = AUTHORS.replace(b' xmlns:a="', f' xmlns:g="g:" g:Data="{picture}" xmlns:a="'.encode())
    assert len(content) > 4_000_000
    assert open_picture(jpeg(xmp_segment(extensible()), *extended(content, 60_000))).alt_text == (
        "Rex"
    )


@pytest.mark.parametrize(
    "content",
    [
        jpeg(*[xmp_segment(OTHER)] * 9, xmp_segment(AUTHORS)),
        encoded(quarters(), "TIFF", tiffinfo={700: AUTHORS + bytes(9_000_000)}),
    ],
    ids=["tenth packet", "large packet"],
)
def test_a_text_that_is_not_searched_for_is_not_written_over(
    content: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "picture"
    path.write_bytes(content)
    with contextlib.suppress(AltTextError):
        assert alt_text.write_in_place(path, TEXT)[0] is WriteResult.AUTHOR
    assert path.read_bytes() == content


def test_an_extension_of_another_packet_is_left_out() -> None:
    stale = extended(AUTHORS, 1000, guid=GUID[::-1])
    assert open_picture(jpeg(xmp_segment(extensible()), *stale)).alt_text is None


@pytest.mark.parametrize(
    "second",
    [AUTHORS[:-20], AUTHORS.replace(b"Rex", b"<b/>" * 130_000)],
    ids=["damaged", "too much markup"],
)
def test_a_packet_that_cannot_be_read_is_left_alone(second: bytes, tmp_path: Path) -> None:
    path = tmp_path / "picture.png"
    path.write_bytes(png(b"tEXt", XMP_KEYWORD + second))
    with pytest.raises(AltTextError, match="damaged or unusual"):
        alt_text.write_in_place(path, TEXT)
    assert open_picture(path).alt_text is None


def test_each_page_has_its_own_text() -> None:
    info = [{700: packet_of_languages(en=name)} for name in ("Rex", "Ann")]
    pages = [quarters(), quarters()]
    buffer = io.BytesIO()
    pages[1].encoderinfo = {"tiffinfo": info[1]}
    pages[0].save(buffer, "TIFF", save_all=True, append_images=pages[1:], tiffinfo=info[0])
    assert open_picture(buffer.getvalue()).alt_text == "Rex"
    assert open_picture(buffer.getvalue(), frame=1).alt_text == "Ann"


def test_two_packets_in_a_gif_are_found_across_the_blocks_in_which_it_is_read() -> None:
    content = bytes((1 << 20) - 5) + gif(OTHER, at_end=True) + bytes(2_000_000) + gif(AUTHORS)
    assert find_packets("GIF", io.BytesIO(content)) == [OTHER, AUTHORS]


@settings(deadline=None, max_examples=200)
@given(st.data())
def test_any_damage_is_survived(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(CARRIERS)))
    content = bytearray(CARRIERS[name])
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    cut = bytes(content[: data.draw(st.integers(0, len(content)))])
    for format_name in ("JPEG", "PNG", "WEBP", "GIF", "TIFF", "AVIF"):
        find_packets(format_name, io.BytesIO(cut))


@pytest.mark.parametrize(
    ("format_name", "make"),
    [
        ("PNG", lambda: b"\x89PNG\r\n\x1a\n" + png_chunk(b"zTXt", b"") * 200_000),
        ("PNG", lambda: png(b"zTXt", XMP_KEYWORD + b"\0" + zlib.compress(bytes(200_000_000), 1))),
        ("WEBP", lambda: b"RIFF\xff\xff\xff\xffWEBP" + b"XMP \0\0\0\0" * 200_000),
        ("GIF", lambda: b"\x21\xff\x0bXMP DataXMP<" * 100_000),
        ("JPEG", lambda: jpeg(*extended(AUTHORS, 1) * 20)),
        ("AVIF", lambda: isobmff.box(b"meta", bytes(4) + _endless_locations())),
    ],
)
def test_hostile_files_keep_no_reader_busy(format_name: str, make: Callable[[], bytes]) -> None:
    packets = find_packets(format_name, io.BytesIO(make()))
    assert sum(map(len, packets)) < 100_000_000


def _endless_locations() -> bytes:
    """Return a table of 60,000 items of 65,535 extents, none of which takes a byte."""
    entry = struct.pack(">HHH", 1, 0, 0xFFFF)
    return isobmff.box(b"iloc", b"\0\0\0\0\0\0" + struct.pack(">H", 60_000) + entry * 60_000)
