"""Put an alt text into an XMP packet; what else stands in the packet stays byte by byte.

The packet is never written anew: expat says where a property begins and ends, and there it is cut.
So prefixes, order, padding and what nobody here has heard of come through as they were.
"""

import html
import re
from xml.parsers import expat

from image_describer.metadata import xmp

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
PADDING_BYTES = 2_048  # that others may write into without moving the rest, as XMP advises
_TAG = re.compile(rb"</[^<>]*>|<[^<>\"']*(?:\"[^<>\"]*\"[^<>\"']*)*/>")  # that closes an element
_NAME = re.compile(rb"<[^\s<>/=]+")
_ATTRIBUTE = re.compile(rb"\s+([^\s=<>]+)\s*=\s*(\"[^\"]*\"|'[^']*')")
_GAP = "\x1f"  # between a namespace and a name; XML holds no such character

_EMPTY = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
    '<x:xmpmeta xmlns:x="adobe:ns:meta/">\n'
    f' <rdf:RDF xmlns:rdf="{RDF}">\n'
    " </rdf:RDF>\n"
    f"</x:xmpmeta>\n{' ' * PADDING_BYTES}\n"
    '<?xpacket end="w"?>'
).encode()


class OddPacketError(ValueError):
    """A packet that is damaged, or written in a way that can't be cut safely."""


def with_text(packet: bytes | None, text: str, language: str) -> bytes:
    """``packet``, or a new one, with ``text`` as alt text in ``language`` and as the default.

    ``text`` is one line as `author.one_line` gives it; beside it stands its mark, in the place of
    an earlier one. Authors' alt texts in other languages stay. What the packet grows by is taken
    from its padding while there is some. Raises OddPacketError.
    """
    packet = _EMPTY if packet is None or not packet.strip(b"\0 \t\r\n") else packet
    found = _Places(packet)
    others = {
        key: other
        for key, other in xmp.told(packet).items()
        if key.lower() not in (xmp.DEFAULT, language.lower())
    }
    element = _element({xmp.DEFAULT: text, language: text, **others}) + _mark(text)
    if found.property is None:
        start = end = found.end
        element = _block(element, found.about)
    else:
        start, end = found.property
    pieces, place = [], 0
    for begin, stop, new in sorted(
        [(start, end, element), *((*mark, b"") for mark in found.marks)]
    ):
        if begin < place:  # one within the other
            raise OddPacketError
        pieces += [packet[place:begin], new]
        place = stop
    return _padded(b"".join(pieces) + packet[place:], len(packet))


class _Places:
    """Where in a packet's bytes the RDF ends, the alt text and its marks lie: one pass of expat."""

    def __init__(self, packet: bytes) -> None:
        self.property: tuple[int, int] | None = None
        self.marks: list[tuple[int, int]] = []
        self.end = -1  # where the RDF's end tag begins
        self.about = ""
        self._start = self._mark = -1
        self._packet = packet
        self._parser = parser = expat.ParserCreate(namespace_separator=_GAP)
        parser.StartDoctypeDeclHandler = self._refuse  # no DTD, no entities, no bombs
        parser.StartElementHandler = self._open
        parser.EndElementHandler = self._close
        head = packet.lstrip(b"\xef\xbb\xbf \t\r\n")
        if head[1:2] == b"\0" or not head.startswith(b"<"):
            raise OddPacketError  # UTF-16, which no file of these formats should hold
        try:
            parser.Parse(packet.rstrip(b"\0"), True)
        except (expat.ExpatError, ValueError, LookupError) as error:
            raise OddPacketError from error
        if self.end < 0:
            raise OddPacketError

    def _refuse(self, *_doctype: object) -> None:
        raise OddPacketError

    def _open(self, name: str, attributes: dict[str, str]) -> None:
        if name == _name(RDF, "Description"):
            self.about = self.about or attributes.get(_name(RDF, "about"), "")
        if _name(xmp.NAMESPACE, "AltTextAccessibility") in attributes:
            raise OddPacketError
        if _name(xmp.MARK_NAMESPACE, xmp.MARK_NAME) in attributes:
            self.marks.append(self._attribute(self._parser.CurrentByteIndex))
        if name == _name(xmp.MARK_NAMESPACE, xmp.MARK_NAME):
            if self._mark >= 0:
                raise OddPacketError
            self._mark = self._parser.CurrentByteIndex
        if name == _name(xmp.NAMESPACE, "AltTextAccessibility"):
            if self._start >= 0:
                raise OddPacketError
            self._start = self._parser.CurrentByteIndex

    def _close(self, name: str) -> None:
        place = self._parser.CurrentByteIndex
        if name == _name(RDF, "RDF"):
            if self.end >= 0 or not self._packet.startswith(b"</", place):
                raise OddPacketError
            self.end = place
        elif name == _name(xmp.NAMESPACE, "AltTextAccessibility"):
            self.property = (self._start, self._end_of(place))
        elif name == _name(xmp.MARK_NAMESPACE, xmp.MARK_NAME):
            self.marks.append((self._mark, self._end_of(place)))
            self._mark = -1

    def _end_of(self, place: int) -> int:
        """Where the tag ends that closes an element at ``place``."""
        tag = _TAG.match(self._packet, place)
        if tag is None:
            raise OddPacketError
        return tag.end()

    def _attribute(self, place: int) -> tuple[int, int]:
        """Where the mark lies within the tag at ``place``: RDF's short form, as Adobe writes it."""
        tag = _NAME.match(self._packet, place)
        found = []
        while tag is not None:
            tag = _ATTRIBUTE.match(self._packet, tag.end())
            if tag is not None and tag[1].endswith(f":{xmp.MARK_NAME}".encode()):
                found.append(tag.span())
        if len(found) != 1:
            raise OddPacketError
        return found[0]


def _name(namespace: str, name: str) -> str:
    return f"{namespace}{_GAP}{name}"


def _element(texts: dict[str, str]) -> bytes:
    lines = "".join(
        f'<rdf:li xml:lang="{html.escape(key)}">{html.escape(text, quote=False)}</rdf:li>'
        for key, text in texts.items()
    )
    return (
        f'<Iptc4xmpCore:AltTextAccessibility xmlns:Iptc4xmpCore="{xmp.NAMESPACE}"'
        f' xmlns:rdf="{RDF}"><rdf:Alt>{lines}</rdf:Alt></Iptc4xmpCore:AltTextAccessibility>'
    ).encode()


def _mark(text: str) -> bytes:
    prefix = "imagedescriber"
    return (
        f'<{prefix}:{xmp.MARK_NAME} xmlns:{prefix}="{xmp.MARK_NAMESPACE}">'
        f"{xmp.mark_of(text)}</{prefix}:{xmp.MARK_NAME}>"
    ).encode()


def _block(element: bytes, about: str) -> bytes:
    """The element where the packet has none yet: what is said "about" the same as all the rest."""
    opening = f' <rdf:Description xmlns:rdf="{RDF}" rdf:about="{html.escape(about)}">'
    return opening.encode() + element + b"</rdf:Description>\n"


def _padded(packet: bytes, length: int) -> bytes:
    """``packet`` brought back to ``length`` by its padding, as far as that reaches."""
    end = packet.rfind(b"<?xpacket end")
    if end < 0:
        return packet
    body = packet[:end].rstrip(b" \t\r\n")
    room = length - len(body) - (len(packet) - end)
    if room < 1:
        return body + b"\n" + packet[end:]
    return body + b" " * (room - 1) + b"\n" + packet[end:]
