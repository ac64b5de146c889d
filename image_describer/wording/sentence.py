"""The hedged sentence that says what a picture shows.

Sighted people check a caption against the picture; blind people can't, and tend to trust it too
much. Wording that stresses the chance of error protects them better than wording that stresses
success (MacLeod et al. 2017), so the hedge is only left out for users who asked for that and were
warned.

What the author of a picture wrote, and what is written in it, may name people, so neither goes to
an online voice. They are kept apart from our own words from here on: nothing may parse them out of
a sentence.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import wraps
from typing import Concatenate, NamedTuple, ParamSpec, TypeVar

from image_describer import i18n
from image_describer.captioner.description import Description, DoubtfulWord
from image_describer.i18n import N_, _
from image_describer.imaging.notes import BLANK, DARK, in_words
from image_describer.reading.text import FEW_WORDS, PictureText, TextLine
from image_describer.text import finish, number, one_line, shorten, visible
from image_describer.wording.codes import code_sentence, codes_sentence

P = ParamSpec("P")
T = TypeVar("T")

# Confidence is fitted on dev pictures to what people would accept. On other pictures, "Probably"
# from 0.7 up was right in 80 % of cases, and the guess below 0.4 was wrong in two of three. The
# model card has the figures of the bundle that ships.
HIGH = 0.7
MIDDLE = 0.4

AUTHOR_LIMIT = 250  # characters of the author's text that are spoken, 15 s; the details have more
AUTHOR_PREFIX = N_("Its author says: ")
NO_CAPTION = N_("I can't tell what this is.")

PAGE_LIMIT = 250  # characters of a page that are said, 15 s
SURE_TEXT = 0.8  # confidence of a line from which on its words are not hedged
WRITTEN_PREFIX = N_("It says: ")
UNSURE_WRITTEN_PREFIX = N_("It might say: ")
WORD_COUNT = N_("There are about {count} words in it.")
NO_TEXT = N_("There is no text in it.")
UNKNOWN_SCRIPT = N_("There is text in letters I can't read.")


class Hedge(NamedTuple):
    """A sentence that says how confident it is, and the same in a word or two."""

    full: str
    brief: str


# From which confidence up; NaN gets the last one.
HEDGES = (
    (HIGH, Hedge(N_("Probably: {caption}."), N_("Probably: {caption}."))),
    (MIDDLE, Hedge(N_("It might be: {caption}. This could be wrong."), N_("Perhaps: {caption}."))),
    (-math.inf, Hedge(N_("Unsure. My guess: {caption}."), N_("My guess: {caption}."))),
)


@dataclass(frozen=True)
class SpokenDescription:
    """What is said about a picture, in this order; any of the three may be empty.

    author: the words of its author.
    own: the program's own words.
    written: what is written in the picture.
    language: the code of the language that this is said in.
    Only ``own`` may be sent to an online voice.
    """

    author: str
    own: str
    written: str = ""
    language: str = "en"

    @property
    def text(self) -> str:
        """All of it, as one line."""
        return " ".join(part for part in (self.author, self.own, self.written) if part)

    @property
    def is_private(self) -> bool:
        """Whether it quotes others: the author, or what is written in the picture."""
        return bool(self.author or self.written)


def in_own_language(
    function: Callable[Concatenate[Description, P], T],
) -> Callable[Concatenate[Description, P], T]:
    """Let a function say things in the language of the description that it gets."""

    @wraps(function)
    def translated(description: Description, /, *args: P.args, **kwargs: P.kwargs) -> T:
        with i18n.using(description.language):
            return function(description, *args, **kwargs)

    return translated


@in_own_language
def spoken(
    description: Description, *, hedged: bool = True, brief: bool = False, read_on: str = ""
) -> SpokenDescription:
    """Return what is spoken and shown: the author's words, the notes, the caption with its hedge,
    and the text in the picture. Of a page or a screenshot, the text is all; of a drawing, the note
    that it is one.

    ``brief`` shortens the hedge to a word or two; without ``hedged`` there is none, but the notes
    stay. ``read_on`` is a sentence that says how to get the rest of a long text.
    """
    author = author_text(description)
    # Earlier versions of this program wrote the bare caption into files; that is not an author's.
    if author.rstrip(".").lower() == one_line(description.caption).lower():
        author = ""
    return SpokenDescription(
        f"{_(AUTHOR_PREFIX)}{author}" if author else "",
        _own_sentence(description, hedged=hedged, brief=brief),
        written(description.text, hedged=hedged, read_on=read_on) if description.text else "",
        description.language,
    )


def sentence(description: Description, *, hedged: bool = True, brief: bool = False) -> str:
    """Return `spoken` as one line of text."""
    return spoken(description, hedged=hedged, brief=brief).text


@in_own_language
def part_sentence(description: Description, *, hedged: bool = True) -> str:
    """Return the sentence for a part of a picture, as short as possible: there are nine.

    More than a few words are said too.
    """
    said = spoken(replace(description, notes=()), hedged=hedged, brief=True)
    if description.text is not None:
        whole = replace(description.text, is_page=True)
        said = replace(said, written=written(whole, hedged=hedged))
    if BLANK in description.notes:
        said = replace(said, own="" if said.written else _("Plain, nothing stands out."))
    elif DARK in description.notes:
        said = replace(said, own=_("Very dark. {own}").format(own=said.own).strip())
    return said.text


def written(text: PictureText, *, hedged: bool = True, read_on: str = "") -> str:
    """Return what is said of a text: all of a few words, the beginning of a page, or how many words
    there are; then what the codes hold. "" without text and codes. ``hedged`` and ``read_on`` are
    as in `spoken`.
    """
    parts = []
    has_more = text.word_count > FEW_WORDS
    if text.lines and (text.is_page or not has_more):
        whole = _flowing(text.lines)
        quoted = shorten(whole, PAGE_LIMIT)
        has_more = quoted != whole
        sure = not hedged or min(line.confidence for line in text.lines) >= SURE_TEXT
        prefix = _(WRITTEN_PREFIX) if sure or text.is_page else _(UNSURE_WRITTEN_PREFIX)
        parts.append(f"{prefix}{quoted}")
    if has_more:
        parts += [_(WORD_COUNT).format(count=_about(text.word_count)), read_on]
    parts.append(codes_sentence(text.codes))
    return " ".join(part for part in parts if part)


def author_text(description: Description, limit: int = AUTHOR_LIMIT) -> str:
    """Return the author's alt text as a sentence of about ``limit`` characters at most, or ""."""
    text = shorten(one_line(description.alt_text or ""), limit)
    return finish(text) if text else ""


def bare_caption(description: Description) -> str:
    """Return the caption as one line without a full stop; "" if there are no words."""
    return one_line(description.caption).rstrip(".!? ")


def hedge_for(confidence: float) -> Hedge:
    """Return the hedge for a confidence, not translated yet."""
    return next((hedge for least, hedge in HEDGES if confidence >= least), HEDGES[-1][1])


def _own_sentence(description: Description, *, hedged: bool, brief: bool) -> str:
    notes = [finish(one_line(in_words(note))) for note in description.notes if one_line(note)]
    unknown = [_(UNKNOWN_SCRIPT)] if description.text and description.text.unknown_script else []
    if not description.has_scene:
        return " ".join([*notes, *unknown])
    caption = bare_caption(description)
    if hedged and description.language == i18n.ENGLISH:  # elsewhere, its article may not fit
        caption = _with_doubt(caption, description.doubt)
    if not caption:
        text = _(NO_CAPTION)
    elif not hedged:
        text = f"{caption[0].upper()}{caption[1:]}."
    else:
        hedge = hedge_for(description.confidence)
        text = _(hedge.brief if brief else hedge.full).format(caption=caption)
    return " ".join([*notes, text, *unknown])


def all_text(text: PictureText) -> str:
    """Return all lines, then a sentence for each code, with line breaks between them."""
    lines = [visible(line) if line else "" for line in text.text.split("\n")]
    codes = [code_sentence(code) for code in text.codes]
    return "\n".join([*lines, *codes]).strip()


def short_text(text: PictureText) -> str:
    """Return what is said of a text of a few sure words; "" of any other. Codes are left out."""
    sure = all(line.confidence >= SURE_TEXT for line in text.lines)
    return written(replace(text, codes=())) if sure and text.word_count <= FEW_WORDS else ""


def _flowing(lines: Sequence[TextLine]) -> str:
    """Join lines for listening: a stop after a heading and at the end of each block."""
    parts = []
    for index, line in enumerate(lines):
        last = index + 1 == len(lines) or lines[index + 1].block != line.block
        text = one_line(line.text)
        parts.append(finish(text) if line.heading or last else text)
    return " ".join(parts)


def _about(count: int) -> str:
    """Round a number to two digits."""
    return number(round(count, 2 - len(str(count))) if count >= 100 else count)


def _with_doubt(caption: str, doubt: DoubtfulWord | None) -> str:
    """Add the other word for what is in doubt: "a man holding a phone or remote"."""
    words = caption.split()
    if doubt is None or words[doubt.position : doubt.position + 1] != [one_line(doubt.word)]:
        return caption
    words[doubt.position] += f" or {one_line(doubt.other)}"  # untranslated
    return " ".join(words)
