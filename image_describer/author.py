"""What a picture's author says of it: the alt text in its XMP, `Iptc4xmpCore:AltTextAccessibility`.

Only that property counts. `ExtDescrAccessibility` is meant for whoever has read the alt text and
wants more, often several paragraphs, so it would keep a listener waiting; `dc:description`, EXIF's
ImageDescription and IPTC's caption tell who, when and why, as below a newspaper's picture, and
seldom what is to be seen. IPTC Photo Metadata Standard 2021.1.
"""

import html
import re
import unicodedata

NAMESPACE = "http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/"
PROPERTY = f"{{{NAMESPACE}}}AltTextAccessibility"
DEFAULT = "x-default"
LANGUAGE = "en"  # of all that the program says, and so of the voice that will read the author's

PACKET_LIMIT_BYTES = 300_000  # most have ten thousand; the worst of this size takes 0.1 s
TEXT_LIMIT = 2_000  # characters; IPTC advises 250

_RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
# As UTF-8 and as UTF-16: most pictures are done with after this look.
_SIGNS = (b"AltTextAccessibility", "AltTextAccessibility".encode("utf-16-le"))
_MARKUP = re.compile(r"</?[A-Za-z!][^<>]*>")
_JOINERS = "\u200c\u200d"  # within letters of Persian and within emoji


def said(packet: object, language: str = LANGUAGE) -> str | None:
    """The alt text in an XMP packet, as one clean line fit to be spoken; None where there is none.

    Of several languages ``language``, then what the author calls the default, then the first.
    At most ``TEXT_LIMIT`` characters. Never raises: a damaged packet holds no alt text.
    """
    texts = {key: text for key, raw in alternatives(packet).items() if (text := clean(raw))}
    return texts[_chosen(texts, language)] if texts else None


def alternatives(packet: object) -> dict[str, str]:
    """Language -> alt text as it stands in an XMP packet, in the packet's order; {} for none.

    ``packet`` is what Pillow gives as an image's "xmp": bytes, as a rule.
    """
    if isinstance(packet, str):
        packet = packet.encode("utf-8", "replace")
    if not isinstance(packet, bytes) or not any(sign in packet for sign in _SIGNS):
        return {}
    if len(packet) > PACKET_LIMIT_BYTES:
        return {}
    from defusedxml import ElementTree

    try:
        # XMP has no DTD: with it go entities, and all bombs made of them.
        tree = ElementTree.fromstring(_bare(packet), forbid_dtd=True)
    except (ValueError, SyntaxError, LookupError, RecursionError):  # all that XML can be wrong in
        return {}
    texts: dict[str, str] = {}
    for element in tree.iter():
        if PROPERTY in element.attrib:  # RDF's short form
            texts[DEFAULT] = element.attrib[PROPERTY]
        elif element.tag == PROPERTY:
            for line in element.findall(f"*/{_RDF}li") or [element]:
                texts.setdefault(line.get(_LANG, DEFAULT), "".join(line.itertext()))
        else:
            continue
        break  # a property stands in a packet once
    return {key: text for key, text in texts.items() if text.strip()}


def one_line(text: str) -> str:
    """``text`` on one line, without what can't be seen: controls, marks that turn it around."""
    seen = "".join(_shown(sign) for sign in text)
    return " ".join(seen.split())


def clean(text: str) -> str:
    """What strangers wrote, fit to be spoken and shown: one line, no markup, not without end."""
    head = text[: 8 * TEXT_LIMIT]
    return shortened(one_line(_MARKUP.sub(" ", html.unescape(head))), TEXT_LIMIT)


def shortened(text: str, limit: int) -> str:
    """At most ``limit`` characters of ``text``, cut between two words where there are any."""
    if len(text) <= limit:
        return text
    head = text[: limit - 3]
    words = head.rsplit(" ", 1)[0] if text[limit - 3] != " " else head
    return f"{(words if 2 * len(words) > limit else head).rstrip(' .,;:')}..."


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


def _shown(sign: str) -> str:
    kind = unicodedata.category(sign)
    if kind in ("Cc", "Zl", "Zp", "Zs"):
        return " "
    hidden = kind in ("Cf", "Cs", "Cn", "Co") and sign not in _JOINERS
    return "" if hidden else sign
