"""What a picture's author says of it: the alt text in its XMP, `Iptc4xmpCore:AltTextAccessibility`.

Only that property counts. `ExtDescrAccessibility` is meant for whoever has read the alt text and
wants more, often several paragraphs, so it would keep a listener waiting; `dc:description`, EXIF's
ImageDescription and IPTC's caption tell who, when and why, as below a newspaper's picture, and
seldom what is to be seen. IPTC Photo Metadata Standard 2021.1.

What this program wrote is no author's. It is marked, by a property beside it that holds a digest
of the text; whoever edits the text makes it their own.
"""

import hashlib
from typing import TYPE_CHECKING

from image_describer.text import clean, one_line

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

NAMESPACE = "http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/"
PROPERTY = f"{{{NAMESPACE}}}AltTextAccessibility"
DEFAULT = "x-default"
MARK_NAMESPACE = "urn:image-describer:xmp/1.0/"
MARK_NAME = "AltTextMade"
MARK = f"{{{MARK_NAMESPACE}}}{MARK_NAME}"
LANGUAGE = "en"  # of all that the program says, and so of the voice that will read the author's

PACKET_LIMIT_BYTES = 300_000  # most have ten thousand; the worst of this size takes 0.1 s
TEXT_LIMIT = 2_000  # characters; IPTC advises 250

_RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
# As UTF-8 and as UTF-16: most pictures are done with after this look.
_SIGNS = (b"AltTextAccessibility", "AltTextAccessibility".encode("utf-16-le"))


def said(packet: object, language: str = LANGUAGE) -> str | None:
    """The author's alt text in an XMP packet, as one clean line fit to be spoken; None for none.

    What this program wrote is left out. Of several languages ``language``, then what the author
    calls the default, then the first. At most ``TEXT_LIMIT`` characters. Never raises: a damaged
    packet holds no alt text.
    """
    return _one_of(told(packet), language)


def stands(packet: object, language: str = LANGUAGE) -> str | None:
    """As `said`, but whoever wrote it: what other programs read out."""
    return _one_of(alternatives(packet), language)


def told(packet: object) -> dict[str, str]:
    """As `alternatives`, without what this program wrote and nobody has edited since."""
    texts, marks = _read(packet)
    return {key: text for key, text in texts.items() if mark_of(text) not in marks}


def alternatives(packet: object) -> dict[str, str]:
    """Language -> alt text as it stands in an XMP packet, in the packet's order; {} for none.

    ``packet`` is what Pillow gives as an image's "xmp": bytes, as a rule.
    """
    return _read(packet)[0]


def mark_of(text: str) -> str:
    """What marks ``text`` as this program's: the SHA-256 of its words, in 64 hex digits.

    Spaces and line ends don't count, for programs that save a picture may change those.
    """
    return hashlib.sha256(one_line(text).encode("utf-8", "replace")).hexdigest()


def _read(packet: object) -> tuple[dict[str, str], frozenset[str]]:
    """The alternatives, and the marks."""
    nothing: tuple[dict[str, str], frozenset[str]] = {}, frozenset()
    if isinstance(packet, str):
        packet = packet.encode("utf-8", "replace")
    if not isinstance(packet, bytes) or not any(sign in packet for sign in _SIGNS):
        return nothing
    if len(packet) > PACKET_LIMIT_BYTES:
        return nothing
    from defusedxml import ElementTree

    try:
        # XMP has no DTD: with it go entities, and all bombs made of them.
        tree = ElementTree.fromstring(_bare(packet), forbid_dtd=True)
    except (ValueError, SyntaxError, LookupError, RecursionError):  # all that XML can be wrong in
        return nothing
    texts: dict[str, str] = {}
    marks = set()
    for element in tree.iter():
        if MARK in element.attrib:
            marks.add(element.attrib[MARK].strip())
        if element.tag == MARK:
            marks.add((element.text or "").strip())
        elif not texts:  # a property stands in a packet once
            texts = _texts(element)
    return {key: text for key, text in texts.items() if text.strip()}, frozenset(marks)


def _texts(element: "Element") -> dict[str, str]:
    """Language -> text of an element that is the property, or has it; else {}."""
    if PROPERTY in element.attrib:  # RDF's short form
        return {DEFAULT: element.attrib[PROPERTY]}
    texts: dict[str, str] = {}
    if element.tag == PROPERTY:
        for line in element.findall(f"*/{_RDF}li") or [element]:
            texts.setdefault(line.get(_LANG, DEFAULT), "".join(line.itertext()))
    return texts


def _one_of(texts: dict[str, str], language: str) -> str | None:
    cleaned = {key: text for key, raw in texts.items() if (text := clean(raw, TEXT_LIMIT))}
    return cleaned[_chosen(cleaned, language)] if cleaned else None


def _chosen(texts: dict[str, str], language: str) -> str:
    wanted = language.lower()
    for fits in (
        lambda key: key == wanted,
        lambda key: key.split("-")[0] == wanted.split("-")[0],
        lambda key: key == DEFAULT,
    ):
        found = next((key for key in texts if fits(key.lower())), None)
        if found is not None:
            return found
    return next(iter(texts))


def _bare(packet: bytes) -> bytes:
    """The packet without the zeros that some programs leave after it."""
    return packet if b"\0" in packet[:4] else packet.rstrip(b"\0 \t\r\n")
