"""The notes on a picture: sentences that are said before, or instead of, its caption."""

from collections.abc import Sequence

BLANK = "The picture is blank."
DARK = "The picture is very dark."
BLURRED = "The picture is blurred."
NOT_A_PHOTOGRAPH = "This looks like a drawing, a screenshot or a document, not a photograph."


def shows_photograph(notes: Sequence[str]) -> bool:
    """Return whether there is something to caption, judging by the notes on a picture.

    For a chart, a page or an empty picture the decoder invents a scene, however confident it is.
    """
    return BLANK not in notes and NOT_A_PHOTOGRAPH not in notes
