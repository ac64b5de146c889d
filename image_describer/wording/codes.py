"""What the codes in a picture say, as sentences.

A stranger wrote what a code holds, perhaps to deceive: it is shortened, cleaned, and of a web
address only the host is told, which is what decides where it leads. Passwords are never part of a
sentence. Nothing here opens an address.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from urllib.parse import quote, unquote

from image_describer import web_hosts
from image_describer.i18n import N_, _
from image_describer.imaging.file_info import date_in_words
from image_describer.reading.barcodes import BAR_FORMATS, FORMAT_NAMES, PRODUCT_FORMATS
from image_describer.reading.text import Code
from image_describer.text import clean, finish, number, one_line, plural

MAX_TOLD = 3  # codes; of more, only their number is told
TEXT_LIMIT = 250  # characters that are spoken, 15 s
NAME_LIMIT = 80  # of a person, a network, an event, a host
ADDRESS_LIMIT = 4_000  # characters of an address that may be opened

_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*):", re.IGNORECASE)
_WEB = re.compile(r"(https?)://([^/?#]*)(.*)", re.IGNORECASE | re.DOTALL)
_BARE_WEB = re.compile(r"www\.[^\s@/?#]+\.[^\s@]+", re.IGNORECASE)
_PORT = re.compile(r"(.*?)(?::([0-9]{0,5}))?")
_MAIL = re.compile(r"[^\s@<>\"',;:]+@[^\s@<>\"',;:/]+\.[^\s@<>\"',;:/]+")
_TELEPHONE = re.compile(r"[+0-9][0-9 ()./-]*")
_GEO = re.compile(r"(-?[0-9]{1,3}(?:\.[0-9]+)?),(-?[0-9]{1,3}(?:\.[0-9]+)?)(?:[,;?].*)?", re.DOTALL)
_FIELD = re.compile(r"([A-Za-z]+):((?:\\.|[^;\\])*)", re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_FOLDED = re.compile(r"\r?\n[ \t]")
_NOT_TEXT = re.compile(r"[\x00-\x08\x0e-\x1c\x7f-\x84\x86-\x9f]")
SENTENCES = {
    FORMAT_NAMES["QRCode"]: N_("A QR code: {content}"),
    FORMAT_NAMES["MicroQRCode"]: N_("A Micro QR code: {content}"),
    FORMAT_NAMES["DataMatrix"]: N_("A Data Matrix code: {content}"),
    FORMAT_NAMES["Aztec"]: N_("An Aztec code: {content}"),
    FORMAT_NAMES["PDF417"]: N_("A PDF417 code: {content}"),
}
# Links that other programs follow. What they hold may be a secret or a script, and isn't told.
_OTHER_SCHEMES = frozenset(
    {"bitcoin", "data", "ethereum", "file", "intent", "javascript", "magnet"}
)


class CodeKind(Enum):
    """What a code holds."""

    WEB_ADDRESS = auto()
    WIFI = auto()
    TELEPHONE = auto()
    MESSAGE = auto()
    EMAIL = auto()
    CONTACT = auto()
    EVENT = auto()
    POSITION = auto()
    PRODUCT = auto()
    OTHER_LINK = auto()
    TEXT = auto()
    DATA = auto()


@dataclass(frozen=True)
class CodeMeaning:
    """What a code holds.

    said: a phrase without the kind of code: "a web address, example.org".
    address: what may be opened, after asking: with "https:", "http:", "tel:" or "mailto:"; or None.
    is_disguised: the address is written so that it looks like another one.
    secret: a password, only for those who ask for it.
    """

    kind: CodeKind
    said: str
    address: str | None = None
    is_disguised: bool = False
    secret: str = ""


def codes_sentence(codes: Sequence[Code]) -> str:
    """Return a sentence for each code, or their number if there are many; "" without codes."""
    different = list({(code.format, code.content): code for code in codes}.values())
    if len(different) > MAX_TOLD:
        return plural(
            "There is {count} code in it.", "There are {count} codes in it.", len(different)
        )
    return " ".join(code_sentence(code) for code in different)


def code_sentence(code: Code) -> str:
    """Return, for example, "A QR code: a web address, example.org."."""
    said = meaning(code).said
    if code.format in BAR_FORMATS:
        return finish(_("A bar code: {content}").format(content=said))
    if code.format in SENTENCES:
        return finish(_(SENTENCES[code.format]).format(content=said))
    return finish(
        _("A code, {format}: {content}").format(format=one_line(code.format), content=said)
    )


def meaning(code: Code) -> CodeMeaning:
    """Tell what a code holds by its structure. Never raises an error."""
    content = code.content.strip()
    if code.format in PRODUCT_FORMATS:
        digits = " ".join(one_line(content))  # read one by one, not as trillions
        is_book = code.format == "EAN-13" and content.startswith(("978", "979"))
        return CodeMeaning(
            CodeKind.PRODUCT,
            (_("the book number {digits}") if is_book else _("the product number {digits}")).format(
                digits=digits
            ),
        )
    if not content:
        return CodeMeaning(CodeKind.TEXT, _("it is empty"))
    if _NOT_TEXT.search(content):
        return CodeMeaning(CodeKind.DATA, _("data that is not text"))
    found = _SCHEME.match(content)
    scheme = found[1].lower() if found else ""
    rest = content[len(scheme) + 1 :] if found else ""
    reader = _READERS.get(scheme)
    result = reader(rest) if reader else None
    if result is None and (_WEB.match(content) or _BARE_WEB.fullmatch(content)):
        result = _web_address(content)
    if result is None and _MAIL.fullmatch(content):
        result = _mail(content)
    if result is None and (scheme in _OTHER_SCHEMES or rest.startswith("//")):
        said = _("a link for another program, {kind}").format(kind=clean(scheme, NAME_LIMIT))
        result = CodeMeaning(CodeKind.OTHER_LINK, said)
    return result or _text(content)


def _text(content: str) -> CodeMeaning:
    text = clean(content, TEXT_LIMIT)
    return CodeMeaning(CodeKind.TEXT, text or _("text that can't be shown"))


def _web_address(content: str) -> CodeMeaning:
    found = _WEB.fullmatch(content) or _WEB.fullmatch(f"http://{content}")
    assert found is not None
    scheme, authority, rest = found.groups()
    user, at, host_and_port = authority.rpartition("@")
    split = _PORT.fullmatch(host_and_port)
    written, port = (split[1], split[2] or "") if split else ("", "")
    host = web_hosts.canonical(written)
    ambiguous = web_hosts.AMBIGUOUS.search(content) or len(content) > ADDRESS_LIMIT
    if not host or ambiguous or int(port or 1) > 65_535:
        return CodeMeaning(CodeKind.WEB_ADDRESS, _("a web address that is not valid"))
    path = "".join(char if char.isascii() else quote(char) for char in rest)
    address = f"{scheme.lower()}://{host}{':' if port else ''}{port}{path}"
    foreign = "xn--" in host
    if at:
        said = _('a web address, {host}, written to look like "{disguise}"')
    elif foreign:
        said = _("a web address, {host}, with letters other than A to Z")
    else:
        said = _("a web address, {host}")
    said = said.format(host=_shown_host(host), disguise=clean(unquote(user), NAME_LIMIT))
    return CodeMeaning(CodeKind.WEB_ADDRESS, said, address, is_disguised=bool(at) or foreign)


def _shown_host(host: str) -> str:
    """A host in which Latin letters with accents are readable. Those of other alphabets, which may
    look like Latin ones, stay in Punycode. Of a long name, the end counts.
    """
    if "xn--" in host:
        import idna

        try:
            readable = idna.decode(host)
        except (idna.IDNAError, UnicodeError):
            readable = host
        if all(char.isascii() or "\xdf" <= char <= "\xff" for char in readable):
            host = readable
    host = host.removeprefix("www.")
    if len(host) <= NAME_LIMIT:
        return host
    return _("a long name that ends in {end}").format(
        end=host[-NAME_LIMIT // 2 :].partition(".")[2] or host[-20:]
    )


def _mail(content: str) -> CodeMeaning | None:
    address = unquote(content.partition("?")[0])
    if not _MAIL.fullmatch(address):
        return None
    shown = clean(address, NAME_LIMIT)
    return CodeMeaning(
        CodeKind.EMAIL,
        _("an e-mail address, {address}").format(address=shown),
        f"mailto:{quote(address, '@+')}",
    )


def _matmsg(content: str) -> CodeMeaning | None:
    return _mail(_fields(content).get("TO", ""))


def _telephone(content: str) -> CodeMeaning | None:
    number = content.strip()
    if not _TELEPHONE.fullmatch(number):
        return None  # such as *#06#, which a telephone obeys
    address = "tel:" + re.sub(r"[^+0-9]", "", number)
    said = _("a telephone number, {number}").format(number=clean(number, NAME_LIMIT))
    return CodeMeaning(CodeKind.TELEPHONE, said, address)


def _message(content: str) -> CodeMeaning:
    receiver = re.split(r"[:?]", content, maxsplit=1)[0]
    return CodeMeaning(
        CodeKind.MESSAGE, _("a text message to {number}").format(number=clean(receiver, NAME_LIMIT))
    )


def _wifi(content: str) -> CodeMeaning | None:
    fields = _fields(content)
    name = clean(fields.get("S", ""), NAME_LIMIT)
    if not name:
        return None
    password = fields.get("P", "")
    said = (
        _("a Wi-Fi network, {name}, with its password")
        if password
        else _("a Wi-Fi network, {name}, without a password")
    )
    return CodeMeaning(CodeKind.WIFI, said.format(name=name), secret=password)


def _mecard(content: str) -> CodeMeaning:
    family, _unused, given = _fields(content).get("N", "").partition(",")
    return _contact(f"{given} {family}")


def _contact(name: str) -> CodeMeaning:
    name = clean(name, NAME_LIMIT)
    return CodeMeaning(
        CodeKind.CONTACT,
        _("a contact, {name}").format(name=name) if name else _("a contact without a name"),
    )


def _begin(content: str) -> CodeMeaning | None:
    """A vCard (RFC 6350) or an event of iCalendar (RFC 5545)."""
    kind = content[:9].strip().upper()
    lines = _properties(content)
    if kind.startswith("VCARD"):
        family, _unused, others = lines.get("N", "").partition(";")
        return _contact(lines.get("FN") or f"{others.partition(';')[0]} {family}")
    if kind.startswith(("VEVENT", "VCALENDAR")):
        parts = [
            _("an event"),
            clean(lines.get("SUMMARY", ""), NAME_LIMIT),
            _date(lines.get("DTSTART")),
        ]
        return CodeMeaning(CodeKind.EVENT, ", ".join(part for part in parts if part))
    return None


def _date(text: str | None) -> str:
    """ "24 December 2026 at 20:00", from "20261224T200000"; "" if it isn't a date."""
    value = (text or "").strip()
    try:
        day = datetime.strptime(value[:8], "%Y%m%d")
        time = datetime.strptime(value[9:15], "%H%M%S") if value[8:9] == "T" else None
    except ValueError:
        return ""
    if time is None:
        return date_in_words(day)
    said = _("{date} at {time:%H:%M}").format(date=date_in_words(day), time=time)
    return said + (" UTC" if value.endswith("Z") else "")


def _position(content: str) -> CodeMeaning | None:
    found = _GEO.fullmatch(content)
    latitude, longitude = (float(found[1]), float(found[2])) if found else (999.0, 999.0)
    if abs(latitude) > 90 or abs(longitude) > 180:
        return None
    north = _("{degrees} north") if latitude >= 0 else _("{degrees} south")
    east = _("{degrees} east") if longitude >= 0 else _("{degrees} west")
    said = _("a position, {latitude}, {longitude}").format(
        latitude=north.format(degrees=_degrees(latitude)),
        longitude=east.format(degrees=_degrees(longitude)),
    )
    return CodeMeaning(CodeKind.POSITION, said)


def _degrees(angle: float) -> str:
    """Five digits, as they are enough for a street."""
    decimal = f"{abs(angle):.5g}".partition(".")[2]
    return number(abs(angle), len(decimal))


def _fields(content: str) -> dict[str, str]:
    """The fields of "S:name;P:pass\\;word;;"; the first of each name counts."""
    fields: dict[str, str] = {}
    for name, value in _FIELD.findall(content):
        fields.setdefault(name.upper(), _ESCAPED.sub(r"\1", value))
    return fields


def _properties(content: str) -> dict[str, str]:
    """The properties of a vCard or an event; the first of each name counts."""
    properties: dict[str, str] = {}
    for line in _FOLDED.sub("", content).splitlines():
        name, colon, value = line.partition(":")
        if colon:
            name = name.partition(";")[0].rpartition(".")[2].strip().upper()
            properties.setdefault(name, re.sub(r"\\[nN]", " ", value).replace("\\,", ","))
    return properties


_READERS = {
    "begin": _begin,
    "geo": _position,
    "mailto": _mail,
    "matmsg": _matmsg,
    "mecard": _mecard,
    "sms": _message,
    "smsto": _message,
    "tel": _telephone,
    "wifi": _wifi,
}
"""By what contents begin with."""
