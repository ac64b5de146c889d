"""Details about a picture, sentence by sentence, for users who ask for more.

The author's alt text, the notes, the confidence, other captions, what is where, the size.
"""

import math

from image_describer.captioner.description import Description
from image_describer.imaging.notes import BLANK
from image_describer.imaging.region import Region
from image_describer.metadata.xmp import TEXT_LIMIT
from image_describer.wording.sentence import SpokenDescription, author_text, spoken

MAX_ALTERNATIVES = 4  # nobody remembers more
EVERYWHERE = 0.85  # sides, in fractions of the picture, from which a region has no position
AUTHOR_PREFIX = "Alt text by its author: "
ROWS = ("top", "", "bottom")
COLUMNS = ("left", "", "right")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Words in captions that name nothing that has a position.
FUNCTION_WORDS = _words("""
    a an the and or but of in on at by to with without from into onto over under up down out off
    through across along around near next behind beside between above below against toward
    towards outside inside front while as for after before past is are was be being been has
    have having that this these those it its he she they them his her their him who which there
    what some several many other another each one two three four five six seven eight nine ten
    something each both all very while not no it's
""")
QUALITIES = _words("""
    black white red blue green yellow orange pink purple brown tan gray grey blond blonde dark
    light bright colorful colored young old little small large big tall long short older elderly
    wet snowy sandy grassy rocky muddy dirty wooden empty crowded busy high low open other
    different same asian african american male female striped dressed shirtless bare
""")
ACTIONS = _words("""
    runs run stands stand sits sit jumps jump plays play walks walk rides ride holds hold looks
    look wears wear swims swim climbs climb catches catch does do performs perform leaps leap
    chases chase carries carry throws throw poses pose smiles smile watches watch races race
    skates kicks kick hits hit lies lay lays leans leading digs bites bite chews jumped makes
    make takes take goes go gets get pulls pull pushes push splashes slides fights fight covered
""")
NOT_OBJECTS = FUNCTION_WORDS | QUALITIES | ACTIONS
# Nouns that look like participles.
NOUNS_IN_ING = _words("""
    building clothing railing ring string swing king wing ceiling painting crossing landing
    wedding evening morning sling spring thing things lightning marking opening
""")


def spoken_with_details(description: Description, *, hedged: bool = True) -> SpokenDescription:
    """Return `spoken`, followed by the details that it doesn't contain."""
    short = spoken(description, hedged=hedged)
    details = sentences(description, include_notes=False)
    return SpokenDescription(short.author, " ".join([short.own, *details]))


def sentences(description: Description, *, include_notes: bool = True) -> list[str]:
    """Return the details, each with a full stop; at least one.

    Without ``include_notes`` the list has neither the author's words nor the notes, with which the
    spoken sentence begins.
    """
    author = author_text(description, limit=TEXT_LIMIT)
    notes = [f"{note.strip().rstrip('.')}." for note in description.notes if note.strip()]
    result = [f"{AUTHOR_PREFIX}{author}"] if author and include_notes else []
    result += notes if include_notes else []
    if BLANK not in notes:  # the decoder invents a scene for an empty picture
        result += [_confidence(description.confidence), *_alternatives(description)]
        positions = what_is_where(description)
        if positions:
            listed = "; ".join(f"{word}: {position}" for word, position in positions)
            result.append(f"What is where: {listed}.")
    if description.width > 0 and description.height > 0:
        result.append(f"The picture has {description.width} by {description.height} pixels.")
    return result or ["There is nothing more to say about this picture."]


def what_is_where(description: Description) -> list[tuple[str, str]]:
    """Return (word, position) for each word that names an object, in order, without duplicates."""
    positions: dict[tuple[str, str], None] = {}
    for word in description.words:
        name = word.word.strip().lower()
        if _names_object(name):
            positions[(name, position_of(word.region))] = None
    return list(positions)


def position_of(region: Region) -> str:
    """Name the ninth of the picture that contains the centre of a region: "centre", "top left".

    A region that fills the picture is "everywhere".
    """
    x0, y0, x1, y1 = region
    if not all(math.isfinite(edge) for edge in region):
        return "somewhere"
    if x1 - x0 >= EVERYWHERE and y1 - y0 >= EVERYWHERE:
        return "everywhere"
    row, column = _third((y0 + y1) / 2), _third((x0 + x1) / 2)
    return f"{ROWS[row]} {COLUMNS[column]}".strip() or "centre"


def _third(middle: float) -> int:
    return int(3 * min(0.99, max(0.0, middle)))


def _names_object(name: str) -> bool:
    if not any(char.isalpha() for char in name):
        return False
    if name.endswith("ing") and name not in NOUNS_IN_ING:
        return False
    return name not in NOT_OBJECTS


def _confidence(value: float) -> str:
    if not math.isfinite(value):
        return "I can't say how sure I am."
    return f"I am {_percent(value)} sure of this."


def _alternatives(description: Description) -> list[str]:
    own = description.caption.strip().rstrip(".")
    others = [
        f"{caption}, {_percent(other.confidence)}"
        for other in description.alternatives
        if (caption := other.caption.strip().rstrip(".")) and caption != own
    ][:MAX_ALTERNATIVES]
    return [f"It could also be: {'; or '.join(others)}."] if others else []


def _percent(value: float) -> str:
    if not math.isfinite(value):
        value = 0.0
    return f"{round(100 * min(1.0, max(0.0, value)))} percent"
