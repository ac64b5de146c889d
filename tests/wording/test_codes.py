"""What codes hold is told in few words that nothing in a code can turn into something else."""

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from image_describer.reading.barcodes import FORMAT_NAMES
from image_describer.reading.text import Code
from image_describer.wording.codes import CodeKind, code_sentence, codes_sentence, meaning

BOX = (0.1, 0.1, 0.2, 0.2)
VCARD = "BEGIN:VCARD\r\nVERSION:3.0\r\nN:Doe;Jane;;;\r\nFN;CHARSET=UTF-8:Jane\r\n  Doe\r\nEND:VCARD"
EVENT = "BEGIN:VEVENT\nSUMMARY:Concert\\, open air\nDTSTART:20261224T200000Z\nEND:VEVENT"


def qr(content: str) -> Code:
    return Code("QR code", content, BOX)


@pytest.mark.parametrize(
    ("content", "kind", "said"),
    [
        ("https://example.org/a?b=c", CodeKind.WEB_ADDRESS, "a web address, example.org"),
        ("HTTP://WWW.EXAMPLE.ORG", CodeKind.WEB_ADDRESS, "a web address, example.org"),
        ("www.example.org/menu", CodeKind.WEB_ADDRESS, "a web address, example.org"),
        ("https://192.168.0.1:8080/", CodeKind.WEB_ADDRESS, "a web address, 192.168.0.1"),
        ("http://[::1]/", CodeKind.WEB_ADDRESS, "a web address, [::1]"),
        (
            r"WIFI:T:WPA;S:My\;Net;P:pass\:word;;",
            CodeKind.WIFI,
            "a Wi-Fi network, My;Net, with its password",
        ),
        ("WIFI:S:Café;;", CodeKind.WIFI, "a Wi-Fi network, Café, without a password"),
        ("tel:+49 30 1234", CodeKind.TELEPHONE, "a telephone number, +49 30 1234"),
        ("SMSTO:+4930:hello", CodeKind.MESSAGE, "a text message to +4930"),
        ("mailto:a@example.org?subject=x", CodeKind.EMAIL, "an e-mail address, a@example.org"),
        ("MATMSG:TO:a@example.org;SUB:x;;", CodeKind.EMAIL, "an e-mail address, a@example.org"),
        ("a@example.org", CodeKind.EMAIL, "an e-mail address, a@example.org"),
        (VCARD, CodeKind.CONTACT, "a contact, Jane Doe"),
        ("MECARD:N:Doe,Jane;TEL:1;;", CodeKind.CONTACT, "a contact, Jane Doe"),
        (EVENT, CodeKind.EVENT, "an event, Concert, open air, 24 December 2026 at 20:00 UTC"),
        ("geo:52.52,-13.405?z=1", CodeKind.POSITION, "a position, 52.52 north, 13.405 west"),
        (
            "otpauth://totp/x?secret=ABC",
            CodeKind.OTHER_LINK,
            "a link for another program, otpauth",
        ),
        ("javascript:alert(1)", CodeKind.OTHER_LINK, "a link for another program, javascript"),
        ("Table 12", CodeKind.TEXT, "Table 12"),
        ("Lot: 12\n<b>34</b>", CodeKind.TEXT, "Lot: 12 34"),
        ("tel:*%2306%23", CodeKind.TEXT, "tel:*%2306%23"),
        ("\x00\x01\xff", CodeKind.DATA, "data that is not text"),
        ("", CodeKind.TEXT, "it is empty"),
    ],
)
def test_contents_are_told_apart(content: str, kind: CodeKind, said: str) -> None:
    found = meaning(qr(content))
    assert (found.kind, found.said) == (kind, said)


@pytest.mark.parametrize(
    ("content", "said", "address"),
    [
        (
            "https://bank.com@evil.org/login",
            'evil.org, written to look like "bank.com"',
            "https://evil.org/login",
        ),
        ("https://bank.com%2F@evil.org", "evil.org, written to look", "https://evil.org"),
        ("https://bücher.example/ä", "bücher.example, with letters other than A to Z", None),
        ("https://аррӏе.com", "xn--80ak6aa92e.com, with letters other than A to Z", None),
        (
            f"https://bank.com.{'a.' * 60}evil.org",
            "a long name that ends in a.a.",
            f"https://bank.com.{'a.' * 60}evil.org",
        ),
    ],
)
def test_a_disguised_address_is_told_by_where_it_leads(
    content: str, said: str, address: str | None
) -> None:
    found = meaning(qr(content))
    assert said in found.said
    assert address is None or found.address == address
    assert found.is_disguised == ("long" not in said)
    assert found.address is not None
    assert found.address.isascii()


@pytest.mark.parametrize(
    "content",
    [
        "https://evil.org\\@bank.com",
        "https://bank.com\u202egro.live",
        "https://a b.org/",
        "https://",
        "https://0x7f.1/",
        "https://example.org:99999/",
        "https://example.org/" + 5_000 * "a",
        "file:///etc/passwd",
        "javascript:alert(1)//@example.org",
    ],
)
def test_what_is_not_a_clear_web_address_cannot_be_opened(content: str) -> None:
    assert meaning(qr(content)).address is None


def test_only_numbers_and_addresses_are_handed_to_other_programs() -> None:
    assert meaning(qr("tel:+49 (30) 12-34")).address == "tel:+49301234"
    assert meaning(qr("mailto:a@b.org?attach=/etc/passwd")).address == "mailto:a@b.org"


def test_a_password_is_kept_out_of_the_sentence() -> None:
    code = qr(r"WIFI:T:WPA;S:Home;P:secret\;1;;")
    assert "secret" not in code_sentence(code)
    assert meaning(code).secret == "secret;1"


def test_sentences() -> None:
    assert code_sentence(qr("https://example.org")) == "A QR code: a web address, example.org."
    product = Code("EAN-13", "4006381333931", BOX)
    number = "4 0 0 6 3 8 1 3 3 3 9 3 1"
    assert code_sentence(product) == f"A bar code: the product number {number}."
    book = Code("EAN-13", "9783161484100", BOX)
    assert code_sentence(book).startswith("A bar code: the book number 9 7 8")
    assert code_sentence(Code("Aztec code", "Ready?", BOX)) == "An Aztec code: Ready?"


def test_many_codes_are_told_as_a_number() -> None:
    codes = [qr(f"Table {number}") for number in range(4)]
    assert codes_sentence([]) == ""
    assert codes_sentence([codes[0], codes[0]]) == "A QR code: Table 0."
    assert codes_sentence(codes[:3]).count("A QR code") == 3
    assert codes_sentence(codes) == "There are 4 codes in it."


PREFIXES = [
    "",
    "https://",
    "WIFI:S:",
    "tel:",
    "mailto:",
    "BEGIN:VCARD\nFN:",
    "geo:",
    "www.",
    "http:",
]


@given(
    st.sampled_from(PREFIXES),
    st.text(max_size=300),
    st.sampled_from(sorted(FORMAT_NAMES.values())),
)
@example("https://", "[", "QR code")
@example("", "\ud800", "EAN-13")
def test_any_content_becomes_a_short_sentence(prefix: str, content: str, name: str) -> None:
    code = Code(name, prefix + content, BOX)
    sentence = code_sentence(code)
    assert sentence.splitlines() == [sentence]
    assert len(sentence) < 700
    hidden = {unicodedata.category(char) for char in sentence if char not in "\u200c\u200d"}
    assert not hidden & {"Cc", "Cf", "Cs", "Zl", "Zp"}
    address = meaning(code).address
    assert address is None or address.startswith(("http://", "https://", "tel:", "mailto:"))
    assert address is None or address.isascii()
