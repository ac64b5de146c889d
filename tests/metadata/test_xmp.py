"""What a picture's author says: found in any packet, said in one clean line before all else."""

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from image_describer.metadata import xmp
from image_describer.text import one_line

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"


def packet(inner: str, attributes: str = "", before: str = "") -> bytes:
    return (
        f'{before}<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="{RDF}">'
        f'<rdf:Description rdf:about="" xmlns:a="{xmp.NAMESPACE}" {attributes}>{inner}'
        "</rdf:Description></rdf:RDF></x:xmpmeta>"
    ).encode()


def texts(**languages: str) -> bytes:
    lines = "".join(
        f'<rdf:li xml:lang="{key.replace("_", "-")}">{text}</rdf:li>'
        for key, text in languages.items()
    )
    return packet(f"<a:AltTextAccessibility><rdf:Alt>{lines}</rdf:Alt></a:AltTextAccessibility>")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"x_default": "Hund", "en": "dog", "de": "Hund"}, "dog"),
        ({"x_default": "Hund", "en_GB": "dog"}, "dog"),
        ({"de": "Hund", "x_default": "perro"}, "perro"),
        ({"de": "Hund", "fr": "chien"}, "Hund"),
        ({"x_default": " ", "de": "Hund"}, "Hund"),
        ({"x_default": " \n "}, None),
    ],
)
def test_which_language_is_said(given: dict[str, str], said: str | None) -> None:
    assert xmp.author_alt_text(texts(**given)) == said


def test_languages_may_be_asked_for() -> None:
    assert xmp.author_alt_text(texts(en="dog", de="Hund"), "de-AT") == "Hund"


def test_other_ways_to_write_the_same() -> None:
    assert xmp.author_alt_text(packet("", 'a:AltTextAccessibility="a dog"')) == "a dog"
    assert (
        xmp.author_alt_text(packet("<a:AltTextAccessibility>a dog</a:AltTextAccessibility>"))
        == "a dog"
    )
    assert xmp.author_alt_text(texts(en="a dog") + b"\0\0\0") == "a dog"
    assert xmp.author_alt_text(texts(en="a dog").decode().encode("utf-16")) == "a dog"
    assert xmp.author_alt_text(texts(en="a dog").decode()) == "a dog"


def test_other_properties_are_no_alt_text() -> None:
    assert (
        xmp.author_alt_text(packet("<a:ExtDescrAccessibility>x</a:ExtDescrAccessibility>")) is None
    )
    other = packet("<a:AltTextAccessibility>x</a:AltTextAccessibility>")
    assert xmp.author_alt_text(other.replace(b"xmlns/", b"other/")) is None


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("a&lt;b&gt;dog&lt;/b&gt;  here", "a dog here"),
        ("A &amp;amp; B &amp;lt;script&amp;gt;", "A & B"),
        ("5 &lt; 6 and 7 &gt; 3", "5 < 6 and 7 > 3"),
        ("one\n\ttwo\u2028three\u2029four", "one two three four"),
        ("\u202egpj.exe\u202c \u200fRex\u200e\u2066x\u2069", "gpj.exe Rexx"),
        ("\ufefftag\U000e0041s\u200b", "tags"),
        ("\U0001f468\u200d\U0001f33e farms", "\U0001f468\u200d\U0001f33e farms"),
        ("Grüße aus 東京", "Grüße aus 東京"),
        ("&lt;b&gt;&lt;/b&gt;", None),
    ],
)
def test_what_strangers_write_is_made_one_clean_line(written: str, said: str | None) -> None:
    assert xmp.author_alt_text(texts(en=written)) == said


@given(st.text(max_size=300))
def test_any_text_becomes_a_clean_line_and_stays_one(text: str) -> None:
    line = one_line(text)
    assert line.splitlines() in ([], [line])
    assert not {unicodedata.category(sign) for sign in line} & {"Cc", "Cs", "Zl", "Zp"}
    assert one_line(line) == line


def marked(text: str, mark: str, *, short: bool = False) -> bytes:
    inner = f"<a:AltTextAccessibility>{text}</a:AltTextAccessibility>"
    namespace = f'xmlns:m="{xmp.DIGEST_NAMESPACE}"'
    if short:
        return packet(inner, f'{namespace} m:AltTextMade="{mark}"')
    return packet(f"<m:AltTextMade {namespace}>\n {mark} </m:AltTextMade>{inner}")


@pytest.mark.parametrize("short", [False, True])
def test_what_this_program_wrote_is_no_authors(short: bool) -> None:
    ours = marked("a  dog &amp; a cat", xmp.text_digest("a dog & a cat"), short=short)
    assert xmp.author_alt_text(ours) is None
    assert xmp.alt_text(ours) == "a dog & a cat"
    edited = marked("a dog and a cat", xmp.text_digest("a dog & a cat"), short=short)
    assert xmp.author_alt_text(edited) == "a dog and a cat"
    assert xmp.author_alt_text(marked("a dog", "", short=short)) == "a dog"
    assert xmp.author_alt_text(ours.replace(xmp.DIGEST_NAMESPACE.encode(), b"other:")) is not None


def test_hostile_packets_hold_nothing() -> None:
    laughs = '<!DOCTYPE r [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]>'
    property_ = "<a:AltTextAccessibility>{}</a:AltTextAccessibility>"
    assert xmp.author_alt_text(packet(property_.format("&b;"), before=laughs)) is None
    outside = '<!DOCTYPE r [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
    assert xmp.author_alt_text(packet(property_.format("&a;"), before=outside)) is None
    assert xmp.author_alt_text(b"AltTextAccessibility") is None
    assert xmp.author_alt_text(texts(en="dog")[:-9]) is None
    assert xmp.author_alt_text(b'<?xml version="1.0" encoding="dog"?>' + texts(en="dog")) is None
    assert xmp.author_alt_text(None) is None
    assert xmp.author_alt_text(("a", 1)) is None


@pytest.mark.parametrize(
    "inner",
    [
        "<b>" * 40_000 + "AltTextAccessibility" + "</b>" * 40_000,
        "<b/>" * 70_000 + "<a:AltTextAccessibility>dog</a:AltTextAccessibility>",
        "<a:AltTextAccessibility>" * 5_500 + "dog" + "</a:AltTextAccessibility>" * 5_500,
        "<a:AltTextAccessibility>" + "&lt;a" * 50_000 + "</a:AltTextAccessibility>",
        "<a:AltTextAccessibility>" + "dog" * 1_000_000 + "</a:AltTextAccessibility>",
    ],
)
def test_no_packet_takes_long(inner: str) -> None:
    began = time.process_time()
    said = xmp.author_alt_text(packet(inner))
    assert time.process_time() - began < 2
    assert said is None or len(said) <= xmp.TEXT_LIMIT


@given(st.binary(max_size=300))
def test_any_bytes_are_survived(noise: bytes) -> None:
    assert xmp.author_alt_text(b"AltTextAccessibility" + noise) is None
    xmp.author_alt_text(texts(en="dog").replace(b"dog", noise))
