"""What the codes in a picture say, as sentences.

A stranger wrote what a code holds, perhaps to deceive: it is shortened, cleaned, and of a web
address only the host is told, which is what decides where it leads. Passwords are never part of a
sentence. Nothing here opens an address.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from urllib.parse import quote, unquote

from image_describer import web_hosts
from image_describer.i18n import N_, _
from image_describer.imaging.file_info import date_in_words
from image_describer.reading.barcodes import BAR_FORMATS, PRODUCT_FORMATS
from image_describer.reading.text import Code
from image_describer.text import clean, finish, one_line, plural

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
# Links that other programs follow. What they hold may be a secret or a script, and isn't told.
_OTHER_SCHEMES = frozenset(
    {"bitcoin", "data", "ethereum", "file", "intent", "javascript", "magnet"}
)


class CodeKind(Enum):
    """What a code holds."""

    WEB_ADDRESS = N_("web address")
    WIFI = N_("Wi-Fi network")
    TELEPHONE = N_("telephone number")
    MESSAGE = N_("text message")
    EMAIL = N_("e-mail address")
    CONTACT = "contact"
    EVENT = "event"
    POSITION = "position"
    PRODUCT = N_("product number")
    OTHER_LINK = N_("link for another program")
    TEXT = "text"
    DATA = N_("data that is not text")


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
    name = _("bar code") if code.format in BAR_FORMATS else one_line(code.format)
    article = "An" if name.startswith("A") else "A"
    return finish(f"{article} {name}: {meaning(code).said}")


def meaning(code: Code) -> CodeMeaning:
    """Tell what a code holds by its structure. Never raises an error."""
    content = code.content.strip()
    if code.format in PRODUCT_FORMATS:
        digits = " ".join(one_line(content))  # read one by one, not as trillions
        is_book = code.format == "EAN-13" and content.startswith(("978", "979"))
        return CodeMeaning(
            CodeKind.PRODUCT,
            _("the {value} number {digits}").format(
                value="book" if is_book else "product", digits=digits
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
        said = _("a link for another program, {clean}").format(clean=clean(scheme, NAME_LIMIT))
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
    said = _("a web address, {shown_host}").format(shown_host=_shown_host(host))
    foreign = "xn--" in host
    if at:
        said += _(', written to look like "{clean}"').format(clean=clean(unquote(user), NAME_LIMIT))
    elif foreign:
        said += _(", with letters other than A to Z")
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
    return _("a long name that ends in {value}").format(
        value=host[-NAME_LIMIT // 2 :].partition(".")[2] or host[-20:]
    )


def _mail(content: str) -> CodeMeaning | None:
    address = unquote(content.partition("?")[0])
    if not _MAIL.fullmatch(address):
        return None
    shown = clean(address, NAME_LIMIT)
    return CodeMeaning(
        CodeKind.EMAIL,
        _("an e-mail address, {shown}").format(shown=shown),
        f"mailto:{quote(address, '@+')}",
    )


def _matmsg(content: str) -> CodeMeaning | None:
    return _mail(_fields(content).get("TO", ""))


def _telephone(content: str) -> CodeMeaning | None:
    number = content.strip()
    if not _TELEPHONE.fullmatch(number):
        return None  # such as *#06#, which a telephone obeys
    address = "tel:" + re.sub(r"[^+0-9]", "", number)
    said = _("a telephone number, {clean}").format(clean=clean(number, NAME_LIMIT))
    return CodeMeaning(CodeKind.TELEPHONE, said, address)


def _message(content: str) -> CodeMeaning:
    number = re.split(r"[:?]", content, maxsplit=1)[0]
    return CodeMeaning(
        CodeKind.MESSAGE, _("a text message to {clean}").format(clean=clean(number, NAME_LIMIT))
    )


def _wifi(content: str) -> CodeMeaning | None:
    fields = _fields(content)
    name = clean(fields.get("S", ""), NAME_LIMIT)
    if not name:
        return None
    password = fields.get("P", "")
    protection = _("with its password") if password else _("without a password")
    return CodeMeaning(
        CodeKind.WIFI,
        _("a Wi-Fi network, {name}, {protection}").format(name=name, protection=protection),
        secret=password,
    )


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
    said = date_in_words(day)
    if time is not None:
        said += _(" at {time:%H:%M}").format(time=time) + (" UTC" if value.endswith("Z") else "")
    return said


def _position(content: str) -> CodeMeaning | None:
    found = _GEO.fullmatch(content)
    latitude, longitude = (float(found[1]), float(found[2])) if found else (999.0, 999.0)
    if abs(latitude) > 90 or abs(longitude) > 180:
        return None
    north = f"{abs(latitude):.5g} {'north' if latitude >= 0 else 'south'}"
    east = f"{abs(longitude):.5g} {'east' if longitude >= 0 else 'west'}"
    return CodeMeaning(
        CodeKind.POSITION, _("a position, {north}, {east}").format(north=north, east=east)
    )


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
