"""The notes on a picture: sentences that are said before, or instead of, its caption."""

from collections.abc import Sequence

from image_describer.text import percent

ANIMATION = "This is an animation."
DETAIL_MISSING = "The file is incomplete: fine detail is missing."
BLANK = "The picture is blank."
DARK = "The picture is very dark."
BLURRED = "The picture is blurred."
NOT_A_PHOTOGRAPH = "This looks like a drawing or a document."  # before its text was looked for
DRAWING = "This looks like a drawing."
DOCUMENT = "This looks like a document."
# In records of earlier versions, in place of the three above.
EARLIER_NOT_A_PHOTOGRAPH = (
    "This looks like a drawing, a screenshot or a document, not a photograph."
)
_WITHOUT_SCENE = frozenset({BLANK, NOT_A_PHOTOGRAPH, DRAWING, DOCUMENT})


def shows_photograph(notes: Sequence[str]) -> bool:
    """Return whether there is something to caption, judging by the notes on a picture.

    For a chart, a page or an empty picture the decoder invents a scene, however confident it is.
    """
    return _WITHOUT_SCENE.isdisjoint(notes)


def missing_part(share: float) -> str:
    """Return the note on a picture of which this share, from 0 to 1, is missing."""
    part = f"about {percent(share)}" if share >= 0.01 else "less than 1 percent"
    return f"The file is incomplete: {part} of the picture is missing."
