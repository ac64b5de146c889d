"""Sets the alt text in an XMP packet and keeps every other byte of the packet.

The packet is not serialized again: expat says where a property begins and ends, and only that span
is replaced. Prefixes, order, padding and unknown properties stay as they were.
"""

import html
import re
from xml.parsers import expat

from image_describer.metadata import xmp

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
PADDING_BYTES = 2_048  # for other programs to edit the packet in place, as XMP advises
_CLOSING_TAG = re.compile(rb"</[^<>]*>|<[^<>\"']*(?:\"[^<>\"]*\"[^<>\"']*)*/>")
_TAG_NAME = re.compile(rb"<[^\s<>/=]+")
_ATTRIBUTE = re.compile(rb"\s+([^\s=<>]+)\s*=\s*(\"[^\"]*\"|'[^']*')")
_SEPARATOR = "\x1f"  # between a namespace and a name; XML can't contain this character

_EMPTY_PACKET = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
    '<x:xmpmeta xmlns:x="adobe:ns:meta/">\n'
    f' <rdf:RDF xmlns:rdf="{RDF}">\n'
    " </rdf:RDF>\n"
    f"</x:xmpmeta>\n{' ' * PADDING_BYTES}\n"
    '<?xpacket end="w"?>'
).encode()


class UnsafePacketError(ValueError):
    """A packet that is damaged, or written in a way that can't be edited safely."""


def set_alt_text(packet: bytes | None, text: str, language: str) -> bytes:
    """Return ``packet``, or a new one, with ``text`` as the alt text and its digest.

    ``text``, one line, is set for ``language`` and as the default. Authors' alt texts in other
    languages stay. The packet keeps its size while its padding allows. Raises UnsafePacketError.
    """
    packet = _EMPTY_PACKET if packet is None or not packet.strip(b"\0 \t\r\n") else packet
    spans = _PacketSpans(packet)
    others = {
        key: other
        for key, other in xmp.author_alternatives(packet).items()
        if key.lower() not in (xmp.DEFAULT, language.lower())
    }
    element = _alt_text_element({xmp.DEFAULT: text, language: text, **others})
    element += _digest_element(text)
    if spans.alt_text is None:
        start = end = spans.rdf_end
        element = _description(element, spans.about)
    else:
        start, end = spans.alt_text
    replacements = [(start, end, element), *((*span, b"") for span in spans.digests)]
    pieces, position = [], 0
    for start, end, replacement in sorted(replacements):
        if start < position:  # one inside the other
            raise UnsafePacketError
        pieces += [packet[position:start], replacement]
        position = end
    return _use_padding(b"".join(pieces) + packet[position:], len(packet))


class _PacketSpans:
    """The byte spans [start, end) of the alt text and its digests, and where the RDF's end tag is.

    Found in one pass of expat.
    """

    def __init__(self, packet: bytes) -> None:
        self.alt_text: tuple[int, int] | None = None
        self.digests: list[tuple[int, int]] = []
        self.rdf_end = -1
        self.about = ""
        self._alt_text_start = self._digest_start = -1
        self._packet = packet
        self._parser = parser = expat.ParserCreate(namespace_separator=_SEPARATOR)
        parser.StartDoctypeDeclHandler = self._refuse_doctype  # rules out entity bombs
        parser.StartElementHandler = self._start_element
        parser.EndElementHandler = self._end_element
        head = packet.lstrip(b"\xef\xbb\xbf \t\r\n")
        if head[1:2] == b"\0" or not head.startswith(b"<"):
            raise UnsafePacketError  # UTF-16, which these formats don't allow
        try:
            parser.Parse(packet.rstrip(b"\0"), True)
        except (expat.ExpatError, ValueError, LookupError) as error:
            raise UnsafePacketError from error
        if self.rdf_end < 0:
            raise UnsafePacketError

    def _refuse_doctype(self, *_doctype: object) -> None:
        raise UnsafePacketError

    def _start_element(self, name: str, attributes: dict[str, str]) -> None:
        position = self._parser.CurrentByteIndex
        if name == _qualified(RDF, "Description"):
            self.about = self.about or attributes.get(_qualified(RDF, "about"), "")
        if _ALT_TEXT in attributes:
            raise UnsafePacketError
        if _DIGEST in attributes:
            self.digests.append(self._digest_attribute(position))
        if name == _DIGEST:
            if self._digest_start >= 0:
                raise UnsafePacketError
            self._digest_start = position
        if name == _ALT_TEXT:
            if self._alt_text_start >= 0:
                raise UnsafePacketError
            self._alt_text_start = position

    def _end_element(self, name: str) -> None:
        position = self._parser.CurrentByteIndex
        if name == _qualified(RDF, "RDF"):
            if self.rdf_end >= 0 or not self._packet.startswith(b"</", position):
                raise UnsafePacketError
            self.rdf_end = position
        elif name == _ALT_TEXT:
            self.alt_text = (self._alt_text_start, self._tag_end(position))
        elif name == _DIGEST:
            self.digests.append((self._digest_start, self._tag_end(position)))
            self._digest_start = -1

    def _tag_end(self, position: int) -> int:
        """Return where the tag at ``position`` ends, which closes an element."""
        tag = _CLOSING_TAG.match(self._packet, position)
        if tag is None:
            raise UnsafePacketError
        return tag.end()

    def _digest_attribute(self, position: int) -> tuple[int, int]:
        """Return the span of the digest in the tag at ``position``: Adobe uses this short form."""
        match = _TAG_NAME.match(self._packet, position)
        spans = []
        while match is not None:
            match = _ATTRIBUTE.match(self._packet, match.end())
            if match is not None and match[1].endswith(f":{xmp.DIGEST_NAME}".encode()):
                spans.append(match.span())
        if len(spans) != 1:
            raise UnsafePacketError
        return spans[0]


def _qualified(namespace: str, name: str) -> str:
    return f"{namespace}{_SEPARATOR}{name}"


_ALT_TEXT = _qualified(xmp.NAMESPACE, xmp.NAME)
_DIGEST = _qualified(xmp.DIGEST_NAMESPACE, xmp.DIGEST_NAME)


def _alt_text_element(texts: dict[str, str]) -> bytes:
    items = "".join(
        f'<rdf:li xml:lang="{html.escape(language)}">{html.escape(text, quote=False)}</rdf:li>'
        for language, text in texts.items()
    )
    return (
        f'<Iptc4xmpCore:{xmp.NAME} xmlns:Iptc4xmpCore="{xmp.NAMESPACE}"'
        f' xmlns:rdf="{RDF}"><rdf:Alt>{items}</rdf:Alt></Iptc4xmpCore:{xmp.NAME}>'
    ).encode()


def _digest_element(text: str) -> bytes:
    tag = f"imagedescriber:{xmp.DIGEST_NAME}"
    opening = f'<{tag} xmlns:imagedescriber="{xmp.DIGEST_NAMESPACE}">'
    return f"{opening}{xmp.text_digest(text)}</{tag}>".encode()


def _description(element: bytes, about: str) -> bytes:
    """Wrap the element for a packet without alt text, "about" the same resource as the rest."""
    opening = f' <rdf:Description xmlns:rdf="{RDF}" rdf:about="{html.escape(about)}">'
    return opening.encode() + element + b"</rdf:Description>\n"


def _use_padding(packet: bytes, length: int) -> bytes:
    """Bring ``packet`` back to ``length`` by its padding, as far as possible."""
    end = packet.rfind(b"<?xpacket end")
    if end < 0:
        return packet
    body = packet[:end].rstrip(b" \t\r\n")
    padding = length - len(body) - (len(packet) - end)
    if padding < 1:
        return body + b"\n" + packet[end:]
    return body + b" " * (padding - 1) + b"\n" + packet[end:]
