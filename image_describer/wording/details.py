"""What more there is to say about a picture, for whoever asks: sentence by sentence.

The author's alt text, confidence, the other candidates, what is where, the notes, the size.
"""

import math

from image_describer.captioner.description import Description
from image_describer.imaging.notes import BLANK
from image_describer.imaging.region import Region
from image_describer.metadata.xmp import TEXT_LIMIT
from image_describer.wording.sentence import AUTHOR_AGAIN, authors_words

ALTERNATIVES = 4  # more than that nobody keeps in mind
# A region this long in both directions, in fractions of the picture, is in no particular place.
EVERYWHERE = 0.85
ROWS = ("top", "", "bottom")
COLUMNS = ("left", "", "right")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Words of captions that name nothing one could point at.
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
NAMELESS = FUNCTION_WORDS | QUALITIES | ACTIONS
# Nouns that only look like something that is done.
THINGS_IN_ING = _words("""
    building clothing railing ring string swing king wing ceiling painting crossing landing
    wedding evening morning sling spring thing things lightning marking opening
""")


def sentences(description: Description, *, notes: bool = True) -> list[str]:
    """Everything but the sentence itself; each ends in a full stop. Never empty.

    ``notes=False`` leaves out what the sentence begins with: the author's words, the notes.
    """
    author = authors_words(description, limit=TEXT_LIMIT)
    noted = [f"{note.strip().rstrip('.')}." for note in description.notes if note.strip()]
    said = [f"{AUTHOR_AGAIN}{author}"] if author and notes else []
    said += noted if notes else []
    if BLANK not in noted:  # whatever the decoder saw in an empty page is invented
        said += [_confidence(description.confidence), *_alternatives(description)]
        places = what_is_where(description)
        if places:
            listed = "; ".join(f"{word}: {place}" for word, place in places)
            said.append(f"What is where: {listed}.")
    if description.width > 0 and description.height > 0:
        said.append(f"The picture has {description.width} by {description.height} pixels.")
    return said or ["There is nothing more to say about this picture."]


def what_is_where(description: Description) -> list[tuple[str, str]]:
    """(word, place) for every word that names a thing, in the caption's order, none twice."""
    places: dict[tuple[str, str], None] = {}
    for word in description.words:
        name = word.word.strip().lower()
        if _names_a_thing(name):
            places[(name, place_of(word.region))] = None
    return list(places)


def place_of(region: Region) -> str:
    """ "centre", "top left", "bottom" ...: in which ninth of the picture the region's middle lies.

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


def _names_a_thing(name: str) -> bool:
    if not any(sign.isalpha() for sign in name):
        return False
    if name.endswith("ing") and name not in THINGS_IN_ING:
        return False
    return name not in NAMELESS


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
    ][:ALTERNATIVES]
    return [f"It could also be: {'; or '.join(others)}."] if others else []


def _percent(value: float) -> str:
    if not math.isfinite(value):
        value = 0.0
    return f"{round(100 * min(1.0, max(0.0, value)))} percent"
