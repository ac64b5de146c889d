"""The notes on a picture: sentences that are said before, or instead of, its caption.

They are kept in English, in records too; `in_words` translates them.
"""

from collections.abc import Sequence
from functools import cache

from image_describer.i18n import N_, _
from image_describer.text import number

ANIMATION = N_("This is an animation.")
DETAIL_MISSING = N_("The file is incomplete: fine detail is missing.")
BLANK = N_("The picture is blank.")
DARK = N_("The picture is very dark.")
BLURRED = N_("The picture is blurred.")
NOT_A_PHOTOGRAPH = N_("This looks like a drawing or a document.")  # before its text was looked for
DRAWING = N_("This looks like a drawing.")
DOCUMENT = N_("This looks like a document.")
# In records of earlier versions, in place of the three above.
EARLIER_NOT_A_PHOTOGRAPH = N_(
    "This looks like a drawing, a screenshot or a document, not a photograph."
)
_PART_MISSING = N_("The file is incomplete: about {percent} percent of the picture is missing.")
_LITTLE_MISSING = N_("The file is incomplete: less than 1 percent of the picture is missing.")
_WITHOUT_SCENE = frozenset({BLANK, NOT_A_PHOTOGRAPH, DRAWING, DOCUMENT})


def shows_photograph(notes: Sequence[str]) -> bool:
    """Return whether there is something to caption, judging by the notes on a picture.

    For a chart, a page or an empty picture the decoder invents a scene, however confident it is.
    """
    return _WITHOUT_SCENE.isdisjoint(notes)


def missing_part(share: float) -> str:
    """Return the note on a picture of which this share, from 0 to 1, is missing."""
    percent = round(100 * min(1.0, max(0.0, share)))
    return _PART_MISSING.format(percent=percent) if share >= 0.01 else _LITTLE_MISSING


def in_words(note: str) -> str:
    """Translate a note, which is kept in English."""
    percent = _missing_percents().get(note)
    return _(note) if percent is None else _(_PART_MISSING).format(percent=number(percent))


@cache
def _missing_percents() -> dict[str, int]:
    return {_PART_MISSING.format(percent=percent): percent for percent in range(1, 101)}
