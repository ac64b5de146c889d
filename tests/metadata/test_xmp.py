"""The alt text is found in any XMP packet and cleaned to one line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from image_describer.metadata.xmp import (
    DIGEST_NAMESPACE,
    NAMESPACE,
    TEXT_LIMIT,
    alt_text,
    author_alt_text,
    text_digest,
)

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"


def packet(inner: str, attributes: str = "", before: str = "") -> bytes:
    return (
        f'{before}<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="{RDF}">'
        f'<rdf:Description rdf:about="" xmlns:a="{NAMESPACE}" {attributes}>{inner}'
        "</rdf:Description></rdf:RDF></x:xmpmeta>"
    ).encode()


def simple_packet(text: str, before: str = "") -> bytes:
    return packet(f"<a:AltTextAccessibility>{text}</a:AltTextAccessibility>", before=before)


def packet_of_languages(**texts: str) -> bytes:
    items = "".join(
        f'<rdf:li xml:lang="{language.replace("_", "-")}">{text}</rdf:li>'
        for language, text in texts.items()
    )
    return simple_packet(f"<rdf:Alt>{items}</rdf:Alt>")


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        ({"x_default": "Hund", "en": "dog", "de": "Hund"}, "dog"),
        ({"x_default": "Hund", "en_GB": "dog"}, "dog"),
        ({"de": "Hund", "x_default": "perro"}, "perro"),
        ({"de": "Hund", "fr": "chien"}, "Hund"),
        ({"x_default": " ", "de": "Hund"}, "Hund"),
        ({"x_default": " \n "}, None),
    ],
)
def test_english_is_preferred_then_the_default_then_the_first(
    texts: dict[str, str], expected: str | None
) -> None:
    assert author_alt_text(packet_of_languages(**texts)) == expected


def test_another_language_can_be_preferred(monkeypatch: pytest.MonkeyPatch) -> None:
    both = packet_of_languages(en="dog", de="Hund")
    assert alt_text(both, language="de-AT") == "Hund"
    assert author_alt_text(both) == "dog"
    monkeypatch.setattr("image_describer.i18n.language", lambda: "de")
    assert author_alt_text(both) == "Hund"


def test_every_spelling_of_a_packet_is_read() -> None:
    for spelling in (
        packet("", 'a:AltTextAccessibility="a dog"'),
        simple_packet("a dog"),
        packet_of_languages(en="a dog") + b"\0\0\0",
        packet_of_languages(en="a dog").decode().encode("utf-16"),
        packet_of_languages(en="a dog").decode(),
    ):
        assert author_alt_text(spelling) == "a dog"


def test_other_properties_are_not_alt_text() -> None:
    description = packet("<a:ExtDescrAccessibility>x</a:ExtDescrAccessibility>")
    assert author_alt_text(description) is None
    other_namespace = simple_packet("x").replace(b"xmlns/", b"other/")
    assert author_alt_text(other_namespace) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a&lt;b&gt;dog&lt;/b&gt;  here", "a dog here"),
        ("A &amp;amp; B &amp;lt;script&amp;gt;", "A & B"),
        ("one\n\ttwo\u2028three", "one two three"),
        ("\u202egpj.exe\u202c", "gpj.exe"),
        ("Grüße aus 東京", "Grüße aus 東京"),
        ("&lt;b&gt;&lt;/b&gt;", None),
    ],
)
def test_the_text_is_cleaned(text: str, expected: str | None) -> None:
    assert author_alt_text(packet_of_languages(en=text)) == expected


def packet_with_digest(text: str, digest: str, *, short_form: bool) -> bytes:
    element = f"<a:AltTextAccessibility>{text}</a:AltTextAccessibility>"
    namespace = f'xmlns:m="{DIGEST_NAMESPACE}"'
    if short_form:
        return packet(element, f'{namespace} m:AltTextMade="{digest}"')
    return packet(f"<m:AltTextMade {namespace}>\n {digest} </m:AltTextMade>{element}")


@pytest.mark.parametrize("short_form", [False, True])
def test_text_with_its_digest_is_ours_until_it_is_edited(short_form: bool) -> None:
    digest = text_digest("a dog & a cat")
    ours = packet_with_digest("a  dog &amp; a cat", digest, short_form=short_form)
    assert author_alt_text(ours) is None
    assert alt_text(ours) == "a dog & a cat"
    edited = packet_with_digest("a dog and a cat", digest, short_form=short_form)
    assert author_alt_text(edited) == "a dog and a cat"
    without_digest = packet_with_digest("a dog", "", short_form=short_form)
    assert author_alt_text(without_digest) == "a dog"
    other_namespace = ours.replace(DIGEST_NAMESPACE.encode(), b"other:")
    assert author_alt_text(other_namespace) == "a dog & a cat"


ENTITIES = '<!DOCTYPE r [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]>'
EXTERNAL_ENTITY = '<!DOCTYPE r [<!ENTITY a SYSTEM "file:///etc/passwd">]>'


@pytest.mark.parametrize(
    "hostile",
    [
        simple_packet("&b;", before=ENTITIES),
        simple_packet("&a;", before=EXTERNAL_ENTITY),
        b"AltTextAccessibility",
        simple_packet("dog")[:-9],
        b'<?xml version="1.0" encoding="dog"?>' + simple_packet("dog"),
        None,
        ("a", 1),
    ],
    ids=["entities", "external entity", "text", "truncated", "encoding", "none", "tuple"],
)
def test_hostile_and_damaged_packets_have_no_alt_text(hostile: object) -> None:
    assert author_alt_text(hostile) is None


# Each took minutes or much memory in a naive reader; pytest's timeout stops such a one.
@pytest.mark.parametrize(
    "inner",
    [
        "<b>" * 40_000 + "AltTextAccessibility" + "</b>" * 40_000,
        "<b/>" * 70_000 + "<a:AltTextAccessibility>dog</a:AltTextAccessibility>",
        "<a:AltTextAccessibility>" * 5_500 + "dog" + "</a:AltTextAccessibility>" * 5_500,
        "<a:AltTextAccessibility>" + "&lt;a" * 50_000 + "</a:AltTextAccessibility>",
        "<a:AltTextAccessibility>" + "dog" * 1_000_000 + "</a:AltTextAccessibility>",
    ],
    ids=["deep", "many elements", "nested properties", "markup", "long"],
)
def test_the_largest_packets_are_survived(inner: str) -> None:
    text = author_alt_text(packet(inner))
    assert text is None or len(text) <= TEXT_LIMIT


@given(st.binary(max_size=300))
def test_any_bytes_are_survived(noise: bytes) -> None:
    assert author_alt_text(b"AltTextAccessibility" + noise) is None
    author_alt_text(packet_of_languages(en="dog").replace(b"dog", noise))
