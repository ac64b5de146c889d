"""How near what was read is to what is written.

Both are normalised first: NFC, straight quotation marks and apostrophes for curly ones, bullets
left out, white space and breaks of lines as one space. Case, accents and punctuation count.
"""

import re
import unicodedata
from collections import Counter

import numpy as np

BULLETS = re.compile("[•·●▪]")
STRAIGHT = str.maketrans("‘’“”„", '\'\'"""')
EDGES = ".,;:!?\"'()[]„“”«»|"


def normalise(text: str) -> str:
    """The form in which texts are compared."""
    straight = unicodedata.normalize("NFC", text).translate(STRAIGHT)
    return " ".join(BULLETS.sub(" ", straight).split())


def edits(read: str, truth: str) -> int:
    """The least number of letters to put in, take out or replace (Levenshtein 1966)."""
    if not read or not truth:
        return max(len(read), len(truth))
    letters = np.array([ord(letter) for letter in truth])
    steps = np.arange(len(letters) + 1)
    row = steps.copy()
    for number, letter in enumerate(read, start=1):
        above = row
        row = np.empty_like(above)
        row[0] = number
        row[1:] = np.minimum(above[1:] + 1, above[:-1] + (letters != ord(letter)))
        # Letters left out, from any place before.
        row = np.minimum.accumulate(row - steps) + steps
    return int(row[-1])


def words(text: str) -> Counter[str]:
    """How often each word occurs, without the punctuation at its ends."""
    return Counter(word for word in (part.strip(EDGES) for part in normalise(text).split()) if word)


def words_found(read: str, truth: str) -> tuple[int, int]:
    """How many words of ``truth`` are among those read, wherever they stand; how many it has."""
    wanted = words(truth)
    return (wanted & words(read)).total(), wanted.total()
