"""What a picture's author says: found in any packet, said in one clean line before all else."""

import dataclasses
import json
import time
import unicodedata
from datetime import datetime, timezone
from unittest.mock import Mock, call

import pytest
from hypothesis import given
from hypothesis import strategies as st

from image_describer.app.tasks.lazy_describer import Described, in_words
from image_describer.app.voice.announcer import Telling
from image_describer.captioner.description import Description
from image_describer.metadata import xmp
from image_describer.settings import Settings
from image_describer.text import one_line, shorten
from image_describer.wording import details
from image_describer.wording.record import Entry, entry_of, line_of
from image_describer.wording.sentence import (
    AUTHOR_AGAIN,
    AUTHOR_LIMIT,
    as_record,
    authors_part,
    sentence,
)

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
DOG = Description("a brown dog runs", 0.8)
REX = dataclasses.replace(DOG, alt_text="a dog named Rex")


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
    assert xmp.said(texts(**given)) == said


def test_languages_may_be_asked_for() -> None:
    assert xmp.said(texts(en="dog", de="Hund"), "de-AT") == "Hund"


def test_other_ways_to_write_the_same() -> None:
    assert xmp.said(packet("", 'a:AltTextAccessibility="a dog"')) == "a dog"
    assert xmp.said(packet("<a:AltTextAccessibility>a dog</a:AltTextAccessibility>")) == "a dog"
    assert xmp.said(texts(en="a dog") + b"\0\0\0") == "a dog"
    assert xmp.said(texts(en="a dog").decode().encode("utf-16")) == "a dog"
    assert xmp.said(texts(en="a dog").decode()) == "a dog"


def test_other_properties_are_no_alt_text() -> None:
    assert xmp.said(packet("<a:ExtDescrAccessibility>x</a:ExtDescrAccessibility>")) is None
    other = packet("<a:AltTextAccessibility>x</a:AltTextAccessibility>")
    assert xmp.said(other.replace(b"xmlns/", b"other/")) is None


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
    assert xmp.said(texts(en=written)) == said


@given(st.text(max_size=300))
def test_any_text_becomes_a_clean_line_and_stays_one(text: str) -> None:
    line = one_line(text)
    assert line.splitlines() in ([], [line])
    assert not {unicodedata.category(sign) for sign in line} & {"Cc", "Cs", "Zl", "Zp"}
    assert one_line(line) == line


def marked(text: str, mark: str, *, short: bool = False) -> bytes:
    inner = f"<a:AltTextAccessibility>{text}</a:AltTextAccessibility>"
    namespace = f'xmlns:m="{xmp.MARK_NAMESPACE}"'
    if short:
        return packet(inner, f'{namespace} m:AltTextMade="{mark}"')
    return packet(f"<m:AltTextMade {namespace}>\n {mark} </m:AltTextMade>{inner}")


@pytest.mark.parametrize("short", [False, True])
def test_what_this_program_wrote_is_no_authors(short: bool) -> None:
    ours = marked("a  dog &amp; a cat", xmp.mark_of("a dog & a cat"), short=short)
    assert xmp.said(ours) is None
    assert xmp.stands(ours) == "a dog & a cat"
    edited = marked("a dog and a cat", xmp.mark_of("a dog & a cat"), short=short)
    assert xmp.said(edited) == "a dog and a cat"
    assert xmp.said(marked("a dog", "", short=short)) == "a dog"
    assert xmp.said(ours.replace(xmp.MARK_NAMESPACE.encode(), b"other:")) is not None


def test_hostile_packets_hold_nothing() -> None:
    laughs = '<!DOCTYPE r [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]>'
    property_ = "<a:AltTextAccessibility>{}</a:AltTextAccessibility>"
    assert xmp.said(packet(property_.format("&b;"), before=laughs)) is None
    outside = '<!DOCTYPE r [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
    assert xmp.said(packet(property_.format("&a;"), before=outside)) is None
    assert xmp.said(b"AltTextAccessibility") is None
    assert xmp.said(texts(en="dog")[:-9]) is None
    assert xmp.said(b'<?xml version="1.0" encoding="dog"?>' + texts(en="dog")) is None
    assert xmp.said(None) is None
    assert xmp.said(("a", 1)) is None


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
    said = xmp.said(packet(inner))
    assert time.process_time() - began < 2
    assert said is None or len(said) <= xmp.TEXT_LIMIT


@given(st.binary(max_size=300))
def test_any_bytes_are_survived(noise: bytes) -> None:
    assert xmp.said(b"AltTextAccessibility" + noise) is None
    xmp.said(texts(en="dog").replace(b"dog", noise))


def test_the_author_comes_first() -> None:
    assert sentence(REX) == "Its author says: a dog named Rex. Probably: a brown dog runs."
    noted = dataclasses.replace(REX, notes=("The picture is blank.",), alt_text="Fog!")
    assert sentence(noted) == "Its author says: Fog! The picture is blank."
    assert sentence(REX, hedged=False) == "Its author says: a dog named Rex. A brown dog runs."
    assert sentence(dataclasses.replace(DOG, alt_text=" \n")) == sentence(DOG)
    assert sentence(dataclasses.replace(DOG, alt_text="A brown dog runs.")) == sentence(DOG)


def test_a_long_text_is_cut_between_words_and_whole_in_the_details() -> None:
    long = " ".join(["word"] * 300)
    description = dataclasses.replace(DOG, alt_text=long)
    said = sentence(description)
    assert len(said) < AUTHOR_LIMIT + 60
    assert "word word... Probably: a brown dog runs." in said
    assert details.sentences(description)[0] == f"Alt text by its author: {long}."
    assert shorten("x" * 500, 100) == "x" * 97 + "..."


@given(st.text(max_size=400), st.integers(10, 300))
def test_what_is_cut_is_short_and_begins_the_same(text: str, limit: int) -> None:
    cut = shorten(text, limit)
    assert len(cut) <= limit
    assert cut == text or text.startswith(cut.removesuffix("..."))


def test_the_record_and_the_history_keep_it() -> None:
    assert as_record(REX)["alt_text"] == "a dog named Rex"
    assert as_record(DOG)["alt_text"] is None
    entry = Entry("k", datetime(2026, 1, 2, tzinfo=timezone.utc), "a", "b", REX)
    line = line_of(entry)
    assert entry_of(line).description.alt_text == "a dog named Rex"
    old = json.loads(line)
    del old["alt_text"]  # a line of an earlier version
    assert entry_of(json.dumps(old).encode()).description.alt_text is None
    old["alt_text"] = 7
    with pytest.raises(ValueError, match="no text"):
        entry_of(json.dumps(old).encode())


REX_SAID = "Its author says: a dog named Rex."
OWN = "Probably: a brown dog runs."


@given(st.text(max_size=300), st.sampled_from(["brief", "normal", "full"]))
def test_the_authors_words_are_told_apart_from_our_own(text: str, verbosity: str) -> None:
    described = dataclasses.replace(DOG, alt_text=text)
    said = in_words(described, dataclasses.replace(Settings(), verbosity=verbosity))
    author_part, own = authors_part(described, said)
    assert f"{author_part} {own}".strip() == said
    assert own == in_words(DOG, dataclasses.replace(Settings(), verbosity=verbosity))


def test_old_sentences_that_tell_the_author_twice_are_the_authors() -> None:
    twice = f"{REX_SAID} {OWN} {AUTHOR_AGAIN}a dog named Rex."
    assert authors_part(REX, twice) == (twice, "")
    other = REX_SAID.replace("Rex", "Ann")  # not the words that the description holds
    assert authors_part(REX, f"{other} {OWN}") == (f"{other} {OWN}", "")
    assert authors_part(REX, OWN) == ("", OWN)


@pytest.mark.parametrize(("asked", "kind"), [(True, "phrase"), (False, "notice")])
def test_the_window_sends_no_authors_words_to_google(asked: bool, kind: str) -> None:
    talk = Mock()
    voice = Telling(Mock(), talk, lambda _why: None)
    voice.describe(*Described(REX, sentence(REX)).parts, asked=asked)
    assert talk.say.mock_calls == [
        call(REX_SAID, kind=kind),
        call(OWN, kind="description", interrupt=False),
    ]
    talk.say.reset_mock()
    voice.describe(*Described(DOG, OWN).parts, asked=asked)
    assert talk.say.mock_calls == [call(OWN, kind="description")]
