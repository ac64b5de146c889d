"""One's own pictures, found: by what is said of them, or by another picture."""

import os
import re
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from image_describer.errors import BundleError, ImageDescriberError
from image_describer.library.describe_files import content_key
from image_describer.library.index import Index, IndexedPicture
from image_describer.library.tables import Folders, is_below
from image_describer.library.vectors import VectorSet

if TYPE_CHECKING:
    from image_describer.captioner.describer import Describer

LIMIT = 10
DEPTH = 200  # of each ranking; what lies deeper in all of them is never among the first ten
# What a picture's best words add to the cosine of its meaning. Captions are the model's own words,
# and tell hardly more than its vector: with this weight, people's sentences find their pictures
# among the first five of 1,091 dev pictures as often as by meaning alone (0.555), their keywords a
# little more often (0.659 for 0.647); reciprocal rank fusion loses both (0.43, 0.59). Names and alt
# texts are people's, and a word that the space does not know can be found by nothing else.
MODEL_WEIGHT, HUMAN_WEIGHT, UNKNOWN_WORD_WEIGHT = 0.05, 0.3, 1.0
# By human captions, one in thirty was right below the first cosine, one in ten below the second.
MIN_SIMILARITY, WEAK_SIMILARITY = 0.3, 0.4
# Whose captions are tried on a picture, in a tenth of a second: of the ten best of 3,932 captions
# these hold 96 in a hundred.
NEIGHBOURS = 200
BROAD = 0.25  # a share of all pictures
WORDS_LIMIT = 64  # of a query; more than that is a text, not a query
WORD_LIMIT_CHARACTERS = 100
MODEL_COLUMNS, HUMAN_COLUMNS = "caption alternatives", "author names"  # columns of the index
STOP_WORDS = frozenset(
    {"a", "an", "and", "are", "at", "be", "by", "for", "from", "has", "have", "in", "is", "it"}
    | {"its", "of", "on", "or", "that", "the", "their", "there", "these", "this", "to", "was"}
    | {"were", "with"}
)
_WORD = re.compile(r"\w+(?:[-'’]\w+)*")
_POSSESSIVE = re.compile(r"['’]s$")


@dataclass(frozen=True)
class SearchHit:
    """A picture that was found. ``file``: the absolute path of a file that is there.

    ``score`` is made to rank, the higher the better. ``meaning``: the cosine in the joint space,
    in [-1, 1], or None where it had no say. ``by_words``: whether words of the query stand in what
    is known of it. ``is_weak``: whether it most probably is not what was meant. ``is_changed``:
    whether the file was changed since it was described.
    """

    file: str
    entry: IndexedPicture
    score: float
    meaning: float | None
    by_words: bool
    is_weak: bool
    is_changed: bool


@dataclass(frozen=True)
class SimilarPictures:
    """``pictures`` like another one, and ``captions`` with their scores in [-1, 1], best first."""

    pictures: tuple[SearchHit, ...]
    captions: tuple[tuple[str, float], ...]


def search(
    index: Index, describer: "Describer", words: str, within: Folders = None, limit: int = LIMIT
) -> list[SearchHit]:
    """The pictures that ``words`` fit best, best first; ``within`` folders, or anywhere.

    By their meaning, in the joint space, and by the words themselves, which also stand in alt texts
    and file names; what words found is added to the cosine of the meaning. What fits neither way is
    left out, as are pictures whose files are gone. Raises ImageDescriberError where there are no
    words, and LibraryError.
    """
    telling = significant_words(words)
    place = _meaning(describer, words)
    if not telling and place is None:
        raise ImageDescriberError(
            "There is no word to search for.", "Say what the picture may show: a dog in the snow."
        )
    unknown = [word for word in telling if _meaning(describer, word) is None]
    asked = (
        (telling, MODEL_COLUMNS, MODEL_WEIGHT),
        (telling, HUMAN_COLUMNS, HUMAN_WEIGHT),
        (unknown, "", UNKNOWN_WORD_WEIGHT),
    )
    vectors = index.vectors() if place is not None else VectorSet(())
    # Where most lies in the folders, it costs less to leave out the rest at the end.
    narrow = within if within is None or index.share(within) < BROAD else None
    only = index.within(narrow) if narrow is not None else None
    depth = max(DEPTH, 2 * limit)
    while True:
        with ThreadPoolExecutor(1) as other_core:  # NumPy and SQLite both let go of Python's lock
            near = other_core.submit(vectors.nearest, place, depth, only)
            rankings = [
                (_by_words(index, some, columns, narrow, depth), weight)
                for some, columns, weight in asked
            ]
            meaning = dict(near.result())
        by_words = {number for ranking, _ in rankings for number in ranking}
        rest = np.array(sorted(by_words - meaning.keys()), np.int64)
        meaning.update(vectors.nearest(place, len(rest), rest))
        scores = fuse(
            {n: s for n, s in meaning.items() if s >= MIN_SIMILARITY or n in by_words}, rankings
        )
        found: list[SearchHit] = []
        for number, score in scores:
            cosine = meaning.get(number)
            weak = number not in by_words and (cosine is None or cosine < WEAK_SIMILARITY)
            one = _found(index, number, score, within, cosine, number in by_words, weak)
            found += [one] if one else []
            if len(found) == limit:
                return found
        if max([len(meaning), *(len(ranking) for ranking, _ in rankings)]) < depth:
            return found
        depth *= 4  # so many files are gone that there may be more


def similar(
    index: Index,
    describer: "Describer",
    picture: "str | os.PathLike[str]",
    within: Folders = None,
    limit: int = LIMIT,
) -> SimilarPictures:
    """The pictures most like the one in the file ``picture``, itself left out, and the captions
    that fit it best, among those of the pictures around it.

    The nearest captions and pictures of a joint space are what the original system of that name
    shows. Raises PictureError, BundleError where the bundle has no joint space, and LibraryError.
    """
    space = describer.joint_space
    place = describer.describe(picture).embedding
    assert place is not None, "a bundle with a joint space places every picture"
    try:
        own = content_key(picture)
    except OSError:
        own = ""
    vectors = index.vectors()
    only = index.within(within) if within is not None else None
    near = vectors.nearest(place, max(NEIGHBOURS, 2 * limit), only)
    found: list[SearchHit] = []
    captions: list[str] = []
    for number, score in near:
        one = _found(index, number, score, within, score, False, score < MIN_SIMILARITY)
        if one is None or one.entry.key == own:
            continue
        described = one.entry.description
        captions += [described.caption, *(other.caption for other in described.alternatives)]
        if len(found) < limit:
            found.append(one)
    scores = {
        caption: float(np.clip(place @ space.embed_sentence(caption), -1.0, 1.0))
        for caption in dict.fromkeys(captions)
        if significant_words(caption)
    }
    best = sorted(scores.items(), key=lambda one: (-one[1], one[0]))
    return SimilarPictures(tuple(found), tuple(best[:limit]))


def significant_words(text: str) -> list[str]:
    """The words of a text, each once, without those so common that they tell nothing; all of them
    where there are no others.
    """
    words = (_POSSESSIVE.sub("", word) for word in _WORD.findall(text.casefold()))
    found = list(dict.fromkeys(words))
    telling = [word for word in found if word not in STOP_WORDS] or found
    return [word[:WORD_LIMIT_CHARACTERS] for word in telling[:WORDS_LIMIT]]


def fts_query(words: Sequence[str], columns: str = "", *, together: bool = False) -> str:
    """Words as a query of FTS5, each in quotes; "" where there are none. Any of them will do, or,
    ``together``, all must be there.
    """
    quoted = (" AND " if together else " OR ").join(f'"{word}"' for word in words)
    return f"{{{columns}}} : ({quoted})" if quoted and columns else quoted


def _by_words(
    index: Index, words: Sequence[str], columns: str, within: Folders, depth: int
) -> dict[int, float]:
    """Ids of the pictures that hold some of ``words``, best first, with scores. Those that hold all
    are asked for first: where they are enough, half of the time is saved.
    """
    if not words:
        return {}
    found = index.words(fts_query(words, columns, together=True), within, depth)
    if len(found) < depth and len(words) > 1:
        found = index.words(fts_query(words, columns), within, depth)
    return dict(found)


def fuse(
    meaning: Mapping[int, float], rankings: Sequence[tuple[Mapping[int, float], float]]
) -> list[tuple[int, float]]:
    """The cosine of each id, and to it the weight of each ranking that holds it times its score
    there, in shares of the best. Returns ids with scores, best first.
    """
    least = min(meaning.values(), default=0.0)  # of what no vector is known
    scores = dict(meaning)
    for ranking, weight in rankings:
        best = max(ranking.values(), default=0.0)
        for number, score in ranking.items():
            share = score / best if best > 0.0 else 1.0
            scores[number] = scores.get(number, least) + weight * share
    return sorted(scores.items(), key=lambda one: (-one[1], one[0]))


def _found(
    index: Index,
    number: int,
    score: float,
    within: Folders,
    meaning: float | None,
    by_words: bool,
    is_weak: bool,
) -> SearchHit | None:
    """The picture with an id, if a file of it is there."""
    entry = index.entry(number)
    file = _file_of(entry, within) if entry else None
    if entry is None or file is None:
        return None
    return SearchHit(file, entry, score, meaning, by_words, is_weak, index.is_changed(file))


def _meaning(describer: "Describer", words: str) -> np.ndarray | None:
    """Where the words lie in the joint space; None where it knows none, or the bundle has none."""
    try:
        place = describer.joint_space.embed_sentence(words)
    except BundleError:
        return None
    except ImageDescriberError:  # no word that it could read: another script, or none at all
        return None
    return place if np.any(place) else None


def _file_of(entry: IndexedPicture, within: Folders) -> str | None:
    """A file of the entry that is there and lies within the folders."""
    return next((f for f in entry.files if Path(f).is_file() and is_below(f, within)), None)
