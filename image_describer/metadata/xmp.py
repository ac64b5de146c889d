"""The alt text in an XMP packet: `Iptc4xmpCore:AltTextAccessibility`.

Only that property is read. `ExtDescrAccessibility` is meant for people who have read the alt text
and want more, often several paragraphs; `dc:description`, EXIF's ImageDescription and IPTC's
caption say who, when and why, as in a newspaper, and seldom what can be seen. See the IPTC Photo
Metadata Standard 2021.1.

An alt text that this program wrote is not its author's. A property beside it holds a digest of the
text; if someone edits the text, the digest no longer fits, and the text counts as theirs.
"""

import hashlib
from typing import TYPE_CHECKING, NamedTuple

from image_describer import i18n
from image_describer.text import clean, one_line

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

NAMESPACE = "http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/"
NAME = "AltTextAccessibility"
DEFAULT = "x-default"
DIGEST_NAMESPACE = "urn:image-describer:xmp/1.0/"
DIGEST_NAME = "AltTextMade"
LANGUAGE = "en"  # of alt text, unless another is given

PACKET_LIMIT_BYTES = 8_000_000  # most have ten thousand; some hold whole pictures as text
MARKUP_LIMIT = 120_000  # characters of it in a packet; the worst takes 0.1 s
TEXT_LIMIT = 2_000  # characters; IPTC advises 250

_PROPERTY = f"{{{NAMESPACE}}}{NAME}"
_DIGEST = f"{{{DIGEST_NAMESPACE}}}{DIGEST_NAME}"
_RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
# In UTF-8 and UTF-16. Most packets contain neither and need no parsing.
_ENCODED_NAMES = (NAME.encode(), NAME.encode("utf-16-le"))


def author_alt_text(*packets: object) -> str | None:
    """Return the author's alt text in the XMP packets of a picture, as one clean line, or None.

    Text that this program wrote is left out. Of several languages, the program's is preferred, then
    the author's default, then the first. At most ``TEXT_LIMIT`` characters. Never raises: a damaged
    packet has no alt text.
    """
    return _choose(author_alternatives(*packets), i18n.language())


def alt_text(*packets: object, language: str = LANGUAGE) -> str | None:
    """Like `author_alt_text`, but no matter who wrote it: what other programs read out.

    ``language`` is preferred.
    """
    return _choose(alternatives(*packets), language)


def author_alternatives(*packets: object) -> dict[str, str]:
    """Like `alternatives`, without text that this program wrote and nobody has edited since."""
    contents = [_read(packet) for packet in packets]
    digests = frozenset[str]().union(*(content.digests for content in contents))
    texts: dict[str, str] = {}
    for content in contents:
        for language, text in content.texts.items():
            if not digests or text_digest(text) not in digests:
                texts.setdefault(language, text)
    return texts


def alternatives(*packets: object) -> dict[str, str]:
    """Return language -> alt text, unchanged and in the packets' order; {} if there is none.

    Packets are bytes; anything else is one without alt text. Of several texts in a language, the
    first counts.
    """
    texts: dict[str, str] = {}
    for packet in packets:
        for language, text in _read(packet).texts.items():
            texts.setdefault(language, text)
    return texts


def hides_alt_text(packet: bytes) -> bool:
    """Return whether a packet seems to have an alt text but can't be read."""
    return _mentions_alt_text(packet) and not _read(packet).is_readable


def text_digest(text: str) -> str:
    """Return the SHA-256 of ``text``, in hex, which marks it as written by this program.

    Spaces and line ends don't count, because programs that save a picture may change them.
    """
    return hashlib.sha256(one_line(text).encode("utf-8", "replace")).hexdigest()


class _PacketContent(NamedTuple):
    """The alternatives and the digests in a packet."""

    texts: dict[str, str]
    digests: frozenset[str]
    is_readable: bool


def _mentions_alt_text(packet: bytes) -> bool:
    return any(name in packet for name in _ENCODED_NAMES)


def _read(packet: object) -> _PacketContent:
    unreadable = _PacketContent({}, frozenset(), is_readable=False)
    if isinstance(packet, str):
        packet = packet.encode("utf-8", "replace")
    if not isinstance(packet, bytes) or not _mentions_alt_text(packet):
        return unreadable
    if (
        len(packet) > PACKET_LIMIT_BYTES
        or sum(map(packet.count, (b"<", b"&", b"="))) > MARKUP_LIMIT
    ):
        return unreadable
    from defusedxml import ElementTree

    try:
        # XMP has no DTD; forbidding it rules out entity bombs.
        tree = ElementTree.fromstring(_strip_padding(packet), forbid_dtd=True)
    except (ValueError, SyntaxError, LookupError, RecursionError):  # damaged XML raises all of them
        return unreadable
    texts: dict[str, str] = {}
    digests = set()
    for element in tree.iter():
        if _DIGEST in element.attrib:
            digests.add(element.attrib[_DIGEST].strip())
        if element.tag == _DIGEST:
            digests.add((element.text or "").strip())
        elif not texts:  # a packet has a property only once
            texts = _texts(element)
    texts = {key: text for key, text in texts.items() if text.strip()}
    return _PacketContent(texts, frozenset(digests), is_readable=True)


def _texts(element: "Element") -> dict[str, str]:
    """Return language -> text of an element that is the property or has it as an attribute."""
    if _PROPERTY in element.attrib:  # RDF's short form
        return {DEFAULT: element.attrib[_PROPERTY]}
    texts: dict[str, str] = {}
    if element.tag == _PROPERTY:
        for item in element.findall(f"*/{_RDF}li") or [element]:
            texts.setdefault(item.get(_LANG, DEFAULT), "".join(item.itertext()))
    return texts


def _choose(texts: dict[str, str], language: str) -> str | None:
    cleaned = {key: text for key, raw in texts.items() if (text := clean(raw, TEXT_LIMIT))}
    if not cleaned:
        return None
    language = language.lower()
    for matches in (
        lambda key: key == language,
        lambda key: key.split("-")[0] == language.split("-")[0],
        lambda key: key == DEFAULT,
    ):
        for key, text in cleaned.items():
            if matches(key.lower()):
                return text
    return next(iter(cleaned.values()))


def _strip_padding(packet: bytes) -> bytes:
    """Remove the zeros that some programs leave after a packet, unless it is UTF-16."""
    return packet if b"\0" in packet[:4] else packet.rstrip(b"\0 \t\r\n")
