"""One's own pictures, found: by what is said of them, or by another picture."""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from image_describer.errors import BundleError, ImageDescriberError
from image_describer.library.index import Entry, Index
from image_describer.library.one import content_key
from image_describer.library.rows import Folders, lies_below

if TYPE_CHECKING:
    from image_describer.describer import Describer

LIMIT = 10
DEPTH = 200  # of each ranking that is fused; deeper changes nothing among the first ten
RANK_OFFSET = 60  # of reciprocal rank fusion (Cormack et al. 2009)
WORDS_LIMIT = 64  # of a query; more than that is a text, not a query
WORD_LIMIT_CHARACTERS = 100
COMMON = frozenset(
    {"a", "an", "and", "are", "at", "be", "by", "for", "from", "has", "have", "in", "is", "it"}
    | {"its", "of", "on", "or", "that", "the", "their", "there", "these", "this", "to", "was"}
    | {"were", "with"}
)
_WORD = re.compile(r"\w+(?:[-'’]\w+)*")


@dataclass(frozen=True)
class Found:
    """A picture that was found. ``file``: the absolute path of a file that is there.

    ``score`` is made to rank, the higher the better. ``meaning``: the cosine in the joint space,
    in [-1, 1], or None where it had no say. ``by_words``: whether words of the query stand in what
    is known of it. ``is_changed``: whether the file was changed since it was described.
    """

    file: str
    entry: Entry
    score: float
    meaning: float | None
    by_words: bool
    is_changed: bool


@dataclass(frozen=True)
class Similar:
    """``pictures`` like another one, and ``captions`` with their scores in [-1, 1], best first."""

    pictures: tuple[Found, ...]
    captions: tuple[tuple[str, float], ...]


def search(
    index: Index, describer: "Describer", words: str, within: Folders = None, limit: int = LIMIT
) -> list[Found]:
    """The pictures that ``words`` fit best, best first; ``within`` folders, or anywhere.

    By their meaning, in the joint space, and by the words themselves: those that the space does
    not know, such as names, may stand in captions, alt texts and file names. Both rankings are
    fused by their ranks. Pictures whose files are gone are left out. Raises ImageDescriberError
    where there are no words, and LibraryError.
    """
    asked = query(words)
    place = _meaning(describer, words)
    if not asked and place is None:
        raise ImageDescriberError(
            "There is no word to search for.", "Say what the picture may show: a dog in the snow."
        )
    vectors = index.vectors() if place is not None else None
    only = index.within(within) if within is not None and vectors is not None else None
    depth = max(DEPTH, 2 * limit)
    while True:
        by_words = dict(_by_words(index, asked, within, depth))
        by_meaning: dict[int, float] = {}
        if vectors is not None and place is not None:
            by_meaning = dict(vectors.nearest(place, depth, only))
        ranked = fuse([list(by_meaning), list(by_words)])
        found: list[Found] = []
        for number, score in ranked:
            entry = index.entry(number)
            file = _file_of(entry, within) if entry else None
            if entry and file:
                found.append(
                    Found(
                        file,
                        entry,
                        score,
                        by_meaning.get(number),
                        number in by_words,
                        index.is_changed(file),
                    )
                )
            if len(found) == limit:
                return found
        if max(len(by_words), len(by_meaning)) < depth:
            return found
        depth *= 4  # so many files are gone that there must be more


def similar(
    index: Index,
    describer: "Describer",
    picture: "str | os.PathLike[str]",
    within: Folders = None,
    limit: int = LIMIT,
) -> Similar:
    """The pictures most like the one in the file ``picture``, itself left out, and the captions
    that fit it best, among those of the pictures around it.

    The nearest captions and pictures of a joint space are what the original system of that name
    shows. Raises PictureError, BundleError where the bundle has no joint space, and LibraryError.
    """
    space = describer.joint
    _, place = describer.describe_and_place(picture)
    assert place is not None, "a bundle with a joint space places every picture"
    try:
        own = content_key(picture)
    except OSError:
        own = ""
    vectors = index.vectors()
    only = index.within(within) if within is not None else None
    near = vectors.nearest(place, max(DEPTH, 2 * limit), only)
    found: list[Found] = []
    captions: list[str] = []
    for number, score in near:
        entry = index.entry(number)
        file = _file_of(entry, within) if entry and entry.key != own else None
        if not entry or not file:
            continue
        described = entry.description
        captions += [described.caption, *(other.caption for other in described.alternatives)]
        if len(found) < limit:
            found.append(Found(file, entry, score, score, False, index.is_changed(file)))
    scores = {
        caption: float(np.clip(place @ space.sentence(caption), -1.0, 1.0))
        for caption in dict.fromkeys(captions)
        if query(caption)
    }
    best = sorted(scores.items(), key=lambda one: (-one[1], one[0]))
    return Similar(tuple(found), tuple(best[:limit]))


def query(words: str, *, beginnings: bool = False) -> str:
    """``words`` as a query of FTS5: each in quotes, any of them will do; "" where there are none.

    Words so common that they say nothing are left out where there are others. ``beginnings``
    also finds longer words that begin so.
    """
    found = list(dict.fromkeys(_WORD.findall(words.casefold())))
    telling = [word for word in found if word not in COMMON] or found
    star = " *" if beginnings else ""
    quoted = [f'"{word[:WORD_LIMIT_CHARACTERS]}"{star}' for word in telling[:WORDS_LIMIT]]
    return " OR ".join(quoted)


def fuse(rankings: Sequence[Sequence[int]]) -> list[tuple[int, float]]:
    """Rankings of ids, each best first -> one, with scores: the sum of 1 / (60 + rank)."""
    scores: dict[int, float] = {}
    for ranking in rankings:
        for rank, number in enumerate(ranking, start=1):
            scores[number] = scores.get(number, 0.0) + 1.0 / (RANK_OFFSET + rank)
    return sorted(scores.items(), key=lambda one: (-one[1], one[0]))


def _meaning(describer: "Describer", words: str) -> np.ndarray | None:
    """Where the words lie in the joint space; None where it knows none, or the bundle has none."""
    try:
        place = describer.joint.sentence(words)
    except BundleError:
        return None
    except ImageDescriberError:  # no word that it could read: another script, or none at all
        return None
    return place if np.any(place) else None


def _by_words(index: Index, asked: str, within: Folders, depth: int) -> list[tuple[int, float]]:
    return index.words(asked, within, depth) if asked else []


def _file_of(entry: Entry, within: Folders) -> str | None:
    """A file of the entry that is there and lies within the folders."""
    return next((f for f in entry.files if Path(f).is_file() and lies_below(f, within)), None)
