"""Details about a picture, sentence by sentence, for users who ask for more.

The author's alt text, the notes, the confidence, other captions, what is where, the text, the size.
"""

import math
from dataclasses import replace

from image_describer.captioner.description import Description
from image_describer.captioner.nouns import names_object
from image_describer.i18n import N_, _
from image_describer.imaging.notes import BLANK, in_words
from image_describer.imaging.region import Region
from image_describer.metadata.xmp import TEXT_LIMIT
from image_describer.text import percent
from image_describer.wording.sentence import (
    SpokenDescription,
    author_text,
    hedge_for,
    in_own_language,
    spoken,
    written,
)

MAX_ALTERNATIVES = 4  # nobody remembers more
# Words without which a caption says the same, by language.
FILLERS: dict[str, frozenset[str]] = {
    "en": frozenset({"a", "an", "the", "is", "are", "was", "were", "be", "being"}),
    "de": frozenset({
        *("ein", "eine", "einen", "einem", "einer", "eines", "der", "die", "das", "dem", "den"),
        *("des", "ist", "sind", "war", "waren", "wird", "werden"),
    }),
}  # fmt: skip
EVERYWHERE = 0.85  # sides, in fractions of the picture, from which a region has no position
AUTHOR_PREFIX = N_("Alt text by its author: ")
POSITIONS = (  # row by row
    (N_("top left"), N_("top"), N_("top right")),
    (N_("left"), N_("centre"), N_("right")),
    (N_("bottom left"), N_("bottom"), N_("bottom right")),
)


@in_own_language
def spoken_with_details(
    description: Description, *, hedged: bool = True, read_on: str = ""
) -> SpokenDescription:
    """Return `spoken`, followed by the details that it doesn't contain."""
    short = spoken(description, hedged=hedged, read_on=read_on)
    details = sentences(description, include_notes=False)
    return replace(short, own=" ".join([short.own, *details]).strip())


@in_own_language
def sentences(description: Description, *, include_notes: bool = True) -> list[str]:
    """Return the details, each with a full stop; at least one.

    Without ``include_notes`` the list has neither the author's words nor the notes nor the text in
    the picture, which the spoken sentence has.
    """
    author = author_text(description, limit=TEXT_LIMIT)
    notes = [f"{in_words(note).strip().rstrip('.')}." for note in description.notes if note.strip()]
    result = [f"{_(AUTHOR_PREFIX)}{author}"] if author and include_notes else []
    result += notes if include_notes else []
    if description.has_scene:
        result += [_confidence(description.confidence), *_alternatives(description)]
        positions = what_is_where(description)
        if positions:
            listed = "; ".join(f"{word}: {position}" for word, position in positions)
            result.append(_("What is where: {listed}.").format(listed=listed))
    elif (
        BLANK not in description.notes and not description.is_page
    ):  # a drawing: the guess is told here only
        guess = _(hedge_for(0.0).full).format(caption=description.caption.strip().rstrip("."))
        result += [guess, _confidence(description.confidence)]
    if description.text and include_notes and (text := written(description.text)):
        result.append(text)
    if description.width > 0 and description.height > 0:
        result.append(
            _("The picture has {width} by {height} pixels.").format(
                width=description.width, height=description.height
            )
        )
    return result or [_("There is nothing more to say about this picture.")]


@in_own_language
def what_is_where(description: Description) -> list[tuple[str, str]]:
    """Return (word, position) for each word that names an object, in order, without duplicates."""
    positions: dict[tuple[str, str], None] = {}
    language = description.language
    names = [word.word.strip() for word in description.words]
    if language == "en":  # the capital is what makes a German noun
        names = [name.lower() for name in names]
    for index, (word, name) in enumerate(zip(description.words, names, strict=True)):
        if names_object(name, "".join(names[index + 1 : index + 2]), language):
            positions[(name, position_of(word.region))] = None
    return list(positions)


def position_of(region: Region) -> str:
    """Name the ninth of the picture that contains the centre of a region: "centre", "top left".

    A region that fills the picture is "everywhere".
    """
    x0, y0, x1, y1 = region
    if not all(math.isfinite(edge) for edge in region):
        return _("somewhere")
    if x1 - x0 >= EVERYWHERE and y1 - y0 >= EVERYWHERE:
        return _("everywhere")
    row, column = _third((y0 + y1) / 2), _third((x0 + x1) / 2)
    return _(POSITIONS[row][column])


def _third(middle: float) -> int:
    return int(3 * min(0.99, max(0.0, middle)))


@in_own_language
def confidence_label(description: Description) -> str:
    """Return "76 percent sure"; "" if no scene is described, or none that can be rated."""
    rated = description.has_scene and math.isfinite(description.confidence)
    if not rated:
        return ""
    return _("{percent} sure").format(percent=percent(description.confidence))


def _confidence(value: float) -> str:
    if not math.isfinite(value):
        return _("I can't say how sure I am.")
    return _("I am {percent} sure of this.").format(percent=percent(value))


def _alternatives(description: Description) -> list[str]:
    told = {_content(description.caption, description.language)}
    others: list[str] = []
    for other in description.alternatives:
        content = _content(other.caption, description.language)
        if content and content not in told and len(others) < MAX_ALTERNATIVES:
            told.add(content)
            others.append(f"{other.caption.strip().rstrip('.')}, {percent(other.confidence)}")
    return (
        [_("It could also be: {others}.").format(others=_("; or ").join(others))] if others else []
    )


def _content(caption: str, language: str) -> tuple[str, ...]:
    """The words of a caption without those that change nothing: "man", "running"."""
    words = caption.strip().rstrip(".").lower().split()
    return tuple(word for word in words if word not in FILLERS.get(language, frozenset()))
