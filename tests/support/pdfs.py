"""Small PDF files, written by hand."""

import hashlib
import zlib
from collections.abc import Sequence

PASSWORD_PADDING = bytes.fromhex("28BF4E5E4E758A4164004E56FFFA01082E2E00B6D0683E802F0CA9FE6453697A")
FONT = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica%s>>"


def text(x: float, y: float, words: str, size: float = 12) -> str:
    """Return the operators that write ``words`` at (x, y) points from the lower left corner."""
    escaped = words.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
    return f"BT /F1 {size} Tf {x} {y} Td ({escaped}) Tj ET\n"


def pdf(
    *contents: str,
    box: str = "0 0 612 792",
    page: str = "",
    catalog: str = "",
    unicode_map: str = "",
    extra: Sequence[bytes] = (),
    password: str = "",
) -> bytes:
    """Return a PDF with a page for each of ``contents``.

    ``page`` and ``catalog`` are added to these dictionaries. Object 3 is the font, with
    ``unicode_map`` for its letters; object 4 is that map, object 5 a gray image ("/Im1 Do"); the
    objects ``extra`` follow from 6 on.
    """
    first_page = 6 + len(extra)
    kids = " ".join(f"{first_page + 2 * index} 0 R" for index in range(len(contents)))
    objects = [
        f"<</Type/Catalog/Pages 2 0 R{catalog}>>".encode(),
        f"<</Type/Pages/Kids[{kids}]/Count {len(contents)}>>".encode(),
        FONT % (b"/ToUnicode 4 0 R" if unicode_map else b""),
        _stream(unicode_map.encode()),
        _stream(
            zlib.compress(bytes([200, 120, 120, 200])),
            "/Type/XObject/Subtype/Image/Width 2/Height 2/ColorSpace/DeviceGray"
            "/BitsPerComponent 8/Filter/FlateDecode",
        ),
        *extra,
    ]
    for content in contents:
        objects.append(
            f"<</Type/Page/Parent 2 0 R/MediaBox[{box}]/Contents {len(objects) + 2} 0 R"
            f"/Resources<</Font<</F1 3 0 R>>/XObject<</Im1 5 0 R>>>>{page}>>".encode()
        )
        objects.append(_stream(content.encode("latin-1")))
    return _file(objects, _encryption(password) if password else b"")


def _stream(content: bytes, entries: str = "") -> bytes:
    head = f"<</Length {len(content)}{entries}>>stream\n".encode()
    return head + content + b"\nendstream"


def _file(objects: Sequence[bytes], trailer: bytes) -> bytes:
    result = bytearray(b"%PDF-1.7\n")
    offsets = []
    for number, body in enumerate(objects, 1):
        offsets.append(len(result))
        result += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(result)
    result += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    result += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    result += b"trailer\n<</Size %d/Root 1 0 R%s>>\n" % (len(objects) + 1, trailer)
    return bytes(result + b"startxref\n%d\n%%%%EOF\n" % start)


def _encryption(password: str) -> bytes:
    """The standard security handler, revision 2 (PDF 1.7, 7.6.3); the contents aren't encrypted."""
    padded = (password.encode() + PASSWORD_PADDING)[:32]
    owner = _rc4(hashlib.md5(padded).digest()[:5], padded)
    identity = bytes(16)
    permissions = (-4).to_bytes(4, "little", signed=True)
    key = hashlib.md5(padded + owner + permissions + identity).digest()[:5]
    user = _rc4(key, PASSWORD_PADDING)
    return b"/Encrypt<</Filter/Standard/V 1/R 2/P -4/O<%s>/U<%s>>>/ID[<%s><%s>]" % (
        *(value.hex().encode() for value in (owner, user)),
        *(2 * [identity.hex().encode()]),
    )


def _rc4(key: bytes, content: bytes) -> bytes:
    state = list(range(256))
    j = 0
    for i in range(256):
        j = (j + state[i] + key[i % len(key)]) % 256
        state[i], state[j] = state[j], state[i]
    result = bytearray()
    i = j = 0
    for byte in content:
        i = (i + 1) % 256
        j = (j + state[i]) % 256
        state[i], state[j] = state[j], state[i]
        result.append(byte ^ state[(state[i] + state[j]) % 256])
    return bytes(result)
