"""What can't be opened is called by its name."""

import pytest

from image_describer.metadata import formats
from image_describer.metadata.formats import HEAD_BYTES, recognize
from image_describer.metadata.other_kinds import guess_kind


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"This is a letter to my aunt.\n", "text"),
        ("Gr\u00fc\u00dfe aus W\u00fcrzburg".encode() * 30, "text"),
        (b"%PDF-1.7\n%\xe2\xe3", "a PDF document"),
        (b"\0\0\0\x18ftypisom" + bytes(20), "a video"),
        (b"\0\0\0\x14ftypqt  " + bytes(20), "a video"),
        (b"\0\0\0\x14ftypM4A " + bytes(20), "a sound file"),
        (b"RIFF\x24\0\0\0WAVEfmt ", "a sound file"),
        (b"RIFF\x24\0\0\0AVI LIST", "a video"),
        (b"\0\0\0\x18ftypcrx \0\0\0\1crx isom", "a raw photograph of a Canon camera (CR3)"),
        (b"FUJIFILMCCD-RAW 0201", "a raw photograph of a Fujifilm camera (RAF)"),
        (b"IIRO\x08\0\0\0", "a raw photograph of an Olympus camera (ORF)"),
        (b"\xff\x0a\xfa\x1f\x41\x91", "a JPEG XL picture"),
        (b"\0\0\0\x0cJXL \r\n\x87\n", "a JPEG XL picture"),
        (bytes(128) + b"DICM" + bytes(200), "a medical picture (DICOM)"),
        (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "an SVG drawing"),
        (b'\xef\xbb\xbf<?xml version="1.0"?>\n<!-- A -->\n<svg width="9"/>', "an SVG drawing"),
        (b'<?xml version="1.0"?><gpx/>', "an XML or SVG file"),
        (b"\n<!DOCTYPE html><html><head>", "a web page"),
        (b"\0\5\x16\7\0\2\0\0Mac OS X        ", "what macOS stores beside a picture"),
        (b"version https://git-lfs.github.com/spec/v1\n", "a pointer to a file in Git LFS"),
    ],
)
def test_the_kind_of_other_files_is_guessed(content: bytes, name: str) -> None:
    head = content[:HEAD_BYTES]
    assert recognize(head) is None
    kind = guess_kind(head)
    assert kind is not None
    assert kind.name == name


@pytest.mark.parametrize("content", [b"", bytes(1_000), bytes(range(256)), b"\xfe" * 1_000])
def test_what_gives_no_clue_has_no_name(content: bytes) -> None:
    assert guess_kind(content[: formats.HEAD_BYTES]) is None
