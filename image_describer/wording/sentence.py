"""From a description to what people hear and programs read: the hedged sentence, the record.

Sighted people check a caption against the picture; blind people can't, and tend to trust it too
much. Wording that stresses the chance of error protects them better than wording that stresses
success (MacLeod et al. 2017), so a sentence is without its hedge only where the user has asked for
that, and was warned.
"""

import math
from typing import Any, NamedTuple

from image_describer.captioner.description import Description
from image_describer.imaging.notes import BLANK
from image_describer.text import encodable, finish, one_line, shorten

# In confidence, 0 to 1, which is fitted on dev pictures to what people would accept. On pictures
# that it was not fitted to, "Probably" from 0.7 on was right four times in five (80 %), and
# "likely wrong" below 0.4 was true two times in three. How often the bundle that ships says either,
# and how right it is then, stand in its card.
HIGH = 0.7
MIDDLE = 0.4

AUTHOR_LIMIT = 250  # characters of an author's alt text that are said, 15 s; Ctrl+D says the rest

AUTHOR_AGAIN = "Alt text by its author: "  # in the details
AUTHOR_SAYS = "Its author says: "
NOTHING = "I can't tell what this is."


class Hedge(NamedTuple):
    """A sentence that says how sure it is, and the same in a word or two."""

    whole: str
    brief: str


# From which confidence on; a confidence that is no number gets the last one.
HEDGES = (
    (HIGH, Hedge("Probably: {caption}.", "Probably: {caption}.")),
    (MIDDLE, Hedge("It might be: {caption}. This could be wrong.", "Perhaps: {caption}.")),
    (
        -math.inf,
        Hedge(
            "I can't tell what this is. My best guess, likely wrong: {caption}.",
            "Likely wrong: {caption}.",
        ),
    ),
)


# Characters that would reverse or hide what follows them when a name is shown.
def sentence(description: Description, *, hedged: bool = True, brief: bool = False) -> str:
    """What is spoken and shown: notes first, then the caption with its hedge; one line of text.

    What the picture's author says comes before all that. ``brief`` uses a word or two as the hedge;
    ``hedged=False`` none, but the notes stay.
    """
    said = _own(description, hedged=hedged, brief=brief)
    author = authors_words(description)
    # What was once written into the file by this program is no author's.
    if not author or author.rstrip(".").lower() == one_line(description.caption).lower():
        return said
    return f"{AUTHOR_SAYS}{author} {said}"


def authors_part(description: Description, said: str) -> tuple[str, str]:
    """``said``, a `sentence` of ``description`` with whatever follows it, in two: what the author
    says, and the program's own words. Either may be empty.

    An author may have named people, so the first is spoken offline; Google may read the second.
    """
    if not said.startswith(AUTHOR_SAYS):
        return "", said
    first = f"{AUTHOR_SAYS}{authors_words(description)}"
    # Histories of earlier versions hold sentences that told it twice.
    if not said.startswith(f"{first} ") or AUTHOR_AGAIN in said:
        return said, ""
    return first, said[len(first) + 1 :]


def authors_words(description: Description, limit: int = AUTHOR_LIMIT) -> str:
    """What the picture's author says of it, as a sentence of at most about ``limit`` characters;
    empty for nothing.
    """
    words = shorten(one_line(description.alt_text or ""), limit)
    return finish(words) if words else ""


def _own(description: Description, *, hedged: bool, brief: bool) -> str:
    notes = [finish(one_line(note)) for note in description.notes if one_line(note)]
    if BLANK in notes:
        # Whatever the decoder saw in an empty page is invented.
        return BLANK
    caption = one_line(description.caption).rstrip(".!? ")
    if not caption:
        said = NOTHING
    elif not hedged:
        said = f"{caption[0].upper()}{caption[1:]}."
    else:
        hedge = hedge_for(description.confidence)
        said = (hedge.brief if brief else hedge.whole).format(caption=caption)
    return " ".join([*notes, said])


def hedge_for(confidence: float) -> Hedge:
    """The hedge of a confidence."""
    return next((hedge for least, hedge in HEDGES if confidence >= least), HEDGES[-1][1])


def as_record(description: Description) -> dict[str, Any]:
    """The object that ``--json`` prints: only str, int, finite float, None, list and dict.

    Confidence and regions have three digits after the point, seconds four (0.1 ms).
    """
    seconds = description.seconds
    return {
        "file": None if description.file is None else encodable(description.file),
        "caption": one_line(description.caption),
        "sentence": sentence(description),
        "confidence": _fraction(description.confidence),
        "alternatives": [
            {"caption": one_line(other.caption), "confidence": _fraction(other.confidence)}
            for other in description.alternatives
        ],
        "words": [
            {"word": one_line(word.word), "region": [_fraction(edge) for edge in word.region]}
            for word in description.words
        ],
        "notes": [one_line(note) for note in description.notes],
        "alt_text": one_line(description.alt_text or "") or None,
        "seconds": {
            "read": _seconds(seconds.read),
            "extract": _seconds(seconds.extract),
            "decode": _seconds(seconds.decode),
        },
        "width": int(description.width),
        "height": int(description.height),
    }


def _fraction(value: float) -> float:
    value = float(value)
    return round(min(max(value, 0.0), 1.0), 3) if math.isfinite(value) else 0.0


def _seconds(value: float) -> float:
    value = float(value)
    return round(max(value, 0.0), 4) if math.isfinite(value) else 0.0
