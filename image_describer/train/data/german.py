"""German captions in one spelling: nouns with capitals, ß and ss as most people write them.

People wrote the captions in a hurry: "Ein mädchen", "EIN HUND", "weiss", "2 Hunde". A describer
that learned from them as they are would write like that, too.
"""

import math
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from image_describer.captioner.joint_words import WORD

_FUNCTION_WORDS = """
ein eine einen einem einer eines der die das den dem des und oder in im ins an am ans auf aus
bei beim mit von vom zu zum zur über unter vor hinter neben zwischen durch um für nach während
ist sind wird sich er sie es ihr ihm ihn ihre ihren ihrem ihrer sein seine seinen seinem seiner
dass wie als
"""
FUNCTION_WORDS = frozenset(_FUNCTION_WORDS.split())
_DETERMINERS = """
ein eine einen einem einer eines der die das den dem des im ins am ans beim vom zum zur durchs übers
sein seine seinen seinem seiner ihr ihre ihren ihrem ihrer zwei drei vier
"""
DETERMINERS = frozenset(_DETERMINERS.split())
_NUMERALS = {
    "2": "zwei",
    "3": "drei",
    "4": "vier",
    "5": "fünf",
    "6": "sechs",
    "7": "sieben",
    "8": "acht",
    "9": "neun",
    "10": "zehn",
    "11": "elf",
    "12": "zwölf",
}
# The rarer of two casings counts if it has the first share, or the second and occurs often.
RARER, RARE_BUT_OFTEN, OFTEN = 0.03, 0.01, 15
SMOOTHING = 0.5  # of the counts of neighbours
EDGE = ""  # the neighbour of the first and the last word


def words_of(caption: str) -> list[str]:
    """Split into words as written, without punctuation; hyphenated words stay whole."""
    return WORD.findall(unicodedata.normalize("NFC", caption))


@dataclass
class Spelling:
    """How words are written, learned from captions.

    ``letters`` maps words in lower case to their usual spelling, ``casing`` these to the usual
    casing. ``ambiguous`` words have two, such as "Junge" (boy) and "junge" (young): for each casing
    how often it occurs, and how often beside each neighbour, {casing: (count, before, after)}.
    """

    letters: dict[str, str] = field(default_factory=dict)
    casing: dict[str, str] = field(default_factory=dict)
    ambiguous: dict[str, dict[str, tuple[int, Counter[str], Counter[str]]]] = field(
        default_factory=dict
    )

    @classmethod
    def learn(cls, captions: Iterable[str]) -> "Spelling":
        """Learn from captions, of which most are written with care."""
        spelling = cls()
        rows = [words_of(caption) for caption in captions]
        counts = Counter(word.lower() for row in rows for word in row)
        spelling.letters = _usual_letters(counts)
        rows = [[spelling._respelled(word) for word in row] for row in rows]
        written: dict[str, Counter[str]] = {}
        first: dict[str, Counter[str]] = {}
        for row in rows:
            if row:
                first.setdefault(row[0].lower(), Counter())[row[0]] += 1
            # A caption without any capital says nothing of casing, nor does one in capitals.
            if any(word != word.lower() for word in row[1:]) and not _shouted(row):
                for word in row[1:]:
                    written.setdefault(word.lower(), Counter())[word] += 1
        for word, forms in {**first, **written}.items():
            spelling.casing[word] = forms.most_common(1)[0][0]
        spelling._learn_neighbours(rows)
        return spelling

    def write(self, caption: str) -> str:
        """A caption in the usual spelling, without punctuation."""
        row = [self._respelled(word) for word in words_of(caption)]
        lower = [word.lower() for word in row]
        return " ".join(self._cased(lower, place) for place in range(len(row)))

    def _respelled(self, word: str) -> str:
        """The word in its usual letters; its casing stays if only ß and ss differ."""
        usual = self.letters.get(word.lower())
        if usual is None:
            return _NUMERALS.get(word, word)
        return usual.capitalize() if word[:1].isupper() and "-" not in word else usual

    def _cased(self, lower: Sequence[str], place: int) -> str:
        word = lower[place]
        if word not in self.ambiguous:
            return self.casing.get(word, word)
        before = lower[place - 1] if place else EDGE
        after = lower[place + 1] if place + 1 < len(lower) else EDGE
        forms = self.ambiguous[word]

        def score(form: str) -> float:
            count, left, right = forms[form]
            kinds = len({key for _, *sides in forms.values() for side in sides for key in side})
            total = math.log(count)
            for side, neighbour in ((left, before), (right, after)):
                total += math.log(
                    (side[neighbour] + SMOOTHING) / (count + SMOOTHING * max(1, kinds))
                )
            return total

        return max(forms, key=score)

    def _careful_places(self, row: Sequence[str]) -> list[int]:
        """The places of words after the first whose casing was written with care: that of all other
        nouns is the usual one."""
        places = range(1, len(row))
        nouns = [place for place in places if self.casing.get(row[place].lower(), "a")[0].isupper()]
        lost = [place for place in nouns if row[place][0].islower()]
        if len(nouns) == len(lost) or len(lost) > 1 or _shouted(row):
            return []
        return lost or list(places)

    def _learn_neighbours(self, rows: Sequence[Sequence[str]]) -> None:
        seen: dict[str, dict[str, tuple[Counter[str], Counter[str]]]] = {}
        for row in rows:
            for place in self._careful_places(row):
                word = row[place]
                sides = seen.setdefault(word.lower(), {}).setdefault(word, (Counter(), Counter()))
                sides[0][row[place - 1].lower()] += 1
                sides[1][row[place + 1].lower() if place + 1 < len(row) else EDGE] += 1
        for word, forms in seen.items():
            counts = {form: before.total() for form, (before, _) in forms.items()}
            two = sorted(counts, key=lambda form: (-counts[form], form))[:2]
            total = sum(counts.values())
            least = max(min(OFTEN, max(3, RARER * total)), RARE_BUT_OFTEN * total)
            if len(two) == 2 and counts[two[1]] >= least:
                self.ambiguous[word] = {form: (counts[form], *forms[form]) for form in two}


def _usual_letters(counts: Counter[str]) -> dict[str, str]:
    """Words in lower case -> the most frequent of those that differ in ß and ss alone."""
    groups: dict[str, list[str]] = {}
    for word in counts:
        groups.setdefault(word.replace("ß", "ss"), []).append(word)
    return {
        word: usual
        for group in groups.values()
        if len(group) > 1
        for usual in [max(group, key=lambda one: (counts[one], one))]
        for word in group
        if word != usual
    }


def _shouted(row: Sequence[str]) -> bool:
    return all(word == word.upper() for word in row)
