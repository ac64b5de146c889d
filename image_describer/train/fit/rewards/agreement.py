"""How often words of a German caption don't agree in gender, case or number, as far as counts tell.

Nobody wrote "vor einem Kamera" although "einem" is frequent and "Kamera" is, too. A pair of words
that belong together is odd if it occurs far more rarely in the captions of people than it would by
chance. A caption must not end where people don't, either, or it would leave out the noun. Grammar
isn't known, so that some pairs are merely unusual ("einem Wasser").
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np

from image_describer.captioner.agreement import ADJECTIVES, ENDINGS, PREPOSITIONS
from image_describer.train.data.german import DETERMINERS
from image_describer.train.data.vocabulary import END, SPECIAL_WORDS, Vocabulary

ODD = 0.15  # of what chance alone would make of a pair's count
EXPECTED = 1.0  # least count by chance of a pair that can be odd
OFTEN, LAST = 20, 0.01  # a word that occurs so often, and ends less of its captions, is no end
SURE = 3  # times that a noun was seen in the singular
DATIVE = frozenset(["mit", "aus", "von", "bei", "in"])
SINGULAR = ("einem", "einer", "im")  # determiners of the dative
SEVERAL = frozenset(["zwei", "drei", "vier", "mehrere", "viele", "einige", "beide"])
NO_VERBS = frozenset(["mit", "einen", "seinen", "ihren", "neben", "gegen"])
JOINING = frozenset(["und", "während", "der", "die", "das", "um", "zu", "beim", "wie", "dabei"])

Pair = tuple[str, str, str]
"""The kind of the pair, then both words, or an ending of adjectives."""


class Agreement:
    """Counts the odd pairs of captions. ``captions`` are those of people, as words."""

    def __init__(self, captions: Iterable[Sequence[str]], words: Sequence[str]) -> None:
        self._words, captions = words, list(captions)
        self._pairs = Counter(pair for caption in captions for pair in pairs(caption))
        seen = Counter(word for caption in captions for word in caption)
        ends = Counter(caption[-1] for caption in captions if caption)
        self._no_ends = {
            word
            for word, times in seen.items()
            if word[0].islower() and times >= OFTEN and ends[word] < LAST * times
        }
        after = Counter(caption[place + 1] for caption in captions for place in _subject(caption))
        self._verbs = {
            word
            for word, times in after.items()
            if times >= OFTEN and word.endswith(("t", "en")) and word not in NO_VERBS
        }
        self._first, self._second = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
        self._of_kind = Counter[str]()
        for (kind, first, second), count in self._pairs.items():
            self._first[kind, first] += count
            self._second[kind, second] += count
            self._of_kind[kind] += count

    @classmethod
    def of(
        cls, captions: Mapping[str, Sequence[str]], names: Sequence[str], vocabulary: Vocabulary
    ) -> "Agreement":
        """Learned from the captions of ``names``; `score` takes the ids of the vocabulary."""
        written = (one.split() for name in names for one in captions[name])
        return cls(written, vocabulary.words)

    def odd(self, caption: Sequence[str]) -> list[Pair]:
        """The odd pairs of a caption, and its last word if it is no end."""
        found = [pair for pair in pairs(caption) if self._is_odd(pair)]
        if caption and caption[-1] in self._no_ends:
            found.append(("end", caption[-1], ""))
        found += self._weak_adjectives(caption)
        found += self._wrong_verbs(caption)
        return found

    def score(self, captions: np.ndarray, pictures: np.ndarray) -> np.ndarray:
        """captions: (M, T) ids, END and then padding after the words -> (M,) float64, how many odd
        pairs each has. ``pictures`` make no difference."""
        found = np.zeros(len(captions))
        for row, ids in enumerate(np.asarray(captions).tolist()):
            ids = ids[: ids.index(END)] if END in ids else ids
            caption = [self._words[i] for i in ids if i >= len(SPECIAL_WORDS)]
            found[row] = len(self.odd(caption))
        return found

    def _weak_adjectives(self, caption: Sequence[str]) -> Iterator[Pair]:
        """ "mit roten Shirt" without an article, where the noun is in the singular."""
        for before, adjective, noun in zip(caption, caption[1:], caption[2:], strict=False):
            if before in DATIVE and noun[0].isupper() and _ending(adjective) == "en":
                singular = sum(self._pairs["determiner", word, noun] for word in SINGULAR)
                plural = sum(self._pairs["determiner", word, noun] for word in SEVERAL)
                if singular >= SURE and plural < singular:
                    yield "weak", adjective, noun

    def _wrong_verbs(self, caption: Sequence[str]) -> Iterator[Pair]:
        """A verb in the singular after several, and a second one that nothing joins."""
        verbs = [word for word in caption if word in self._verbs]
        if len(verbs) > 1 and not JOINING.intersection(caption):
            yield "verbs", verbs[0], verbs[1]
        several = bool(caption) and caption[0] in SEVERAL
        for place in _subject(caption):
            several = several or "und" in caption[:place]
            if several and caption[place + 1] in self._verbs and caption[place + 1].endswith("t"):
                yield "number", caption[place], caption[place + 1]

    def _is_odd(self, pair: Pair) -> bool:
        kind, first, second = pair
        by_chance = (
            self._first[kind, first] * self._second[kind, second] / max(1, self._of_kind[kind])
        )
        return by_chance >= EXPECTED and self._pairs[pair] < ODD * by_chance


def pairs(caption: Sequence[str]) -> Iterator[Pair]:
    """The pairs of a caption that agree: determiner and noun, determiner and adjective, adjective
    and noun, preposition and determiner, preposition and noun."""
    for place, word in enumerate(caption):
        before = caption[place - 1] if place else ""
        if word in DETERMINERS and before and before[0].islower():
            yield "preposition", before, word
        if before in DETERMINERS and (ending := _ending(word)):
            yield "adjective", before, ending
        if not word[:1].isupper():
            continue
        if ending := _ending(before):
            yield "ending", ending, word
        elif before[:1].islower() and before not in DETERMINERS:
            yield "bare", before, word
        yield from _place(caption, place)
        for number in range(1, ADJECTIVES + 2):
            at = place - number
            if at >= 0 and caption[at] in DETERMINERS:
                yield "determiner", caption[at], word
            if at < 0 or not _ending(caption[at]) or caption[at] in DETERMINERS:
                break


def _place(caption: Sequence[str], place: int) -> Iterator[Pair]:
    """The preposition before the article of a noun, and the noun."""
    for number in range(1, ADJECTIVES + 2):
        at = place - number
        if at >= 1 and caption[at] in DETERMINERS:
            if caption[at - 1] in PREPOSITIONS:
                yield "place", caption[at - 1], caption[place]
            return
        if at < 0 or not _ending(caption[at]):
            return


def _subject(caption: Sequence[str]) -> list[int]:
    """The place of the last noun before the first verb, which follows it; none if there is none."""
    for place, word in enumerate(caption[:-1]):
        following = caption[place + 1]
        if word[0].isupper() and following[0].islower() and following != "und":
            return [] if following in PREPOSITIONS else [place]
    return []


def _ending(word: str) -> str:
    """The ending of an adjective, or of any word like one; "" if it has none."""
    if not word[:1].islower() or word in DETERMINERS:
        return ""
    return next((ending for ending in ENDINGS if word.endswith(ending)), "")
