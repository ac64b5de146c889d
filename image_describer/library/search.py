"""Find pictures in the index by words, or by another picture."""

import os
import re
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from image_describer.captioner.bundle import check_language
from image_describer.captioner.languages import default_language
from image_describer.errors import BundleError, ImageDescriberError
from image_describer.i18n import _
from image_describer.library.describe_files import content_key
from image_describer.library.index import Index, IndexedPicture
from image_describer.library.tables import Folders, is_below
from image_describer.library.vectors import VectorSet

if TYPE_CHECKING:
    from image_describer.captioner.describer import Describer

LIMIT = 10
DEPTH = 200  # of each ranking: what is deeper in all of them is never among the first ten
# What the best match of words adds to the cosine similarity. Captions are the model's own words and
# say little more than its embedding: with this weight, human sentences find their pictures among
# the first five of 1,091 dev pictures as often as by embedding alone (0.555), human keywords
# slightly more often (0.659, was 0.647); reciprocal rank fusion is worse at both (0.43, 0.59). File
# names and alt texts are by humans, and only words find what the joint space has no word for.
MODEL_WEIGHT, HUMAN_WEIGHT, UNKNOWN_WORD_WEIGHT = 0.05, 0.3, 1.0
# By human captions, 1 in 30 hits is right below the first value, 1 in 10 below the second.
MIN_SIMILARITY, WEAK_SIMILARITY = 0.3, 0.4
# The captions of this many similar pictures are tried, in a tenth of a second. They contain 96 % of
# the ten best among 3,932 captions.
NEIGHBOURS = 200
BROAD_SHARE = 0.25  # of all pictures
WORDS_LIMIT = 64  # of a query
WORD_LIMIT_CHARACTERS = 100
MODEL_COLUMNS = "caption alternatives"  # untranslated: of the index
HUMAN_COLUMNS = "author names"  # untranslated
STOP_WORDS = {  # untranslated
    "en": "a an and are at be by for from has have in is it its of on or that the their there "
    "these this to was were with",
    "de": "am an auf aus bei dem den der des die das durch ein eine einem einen einer eines es für "
    "hat im in ist mit neben oder sein seine sich sie sind über um und unter vom von vor war wird "
    "zu zum zur zwischen",
}
_WORD = re.compile(r"\w+(?:[-'’]\w+)*")
_POSSESSIVE = re.compile(r"['’]s$")


@dataclass(frozen=True)
class SearchHit:
    """A picture that was found. ``file`` is the absolute path of an existing file.

    ``score`` ranks hits; higher is better. ``similarity`` is the cosine in the joint space, in
    [-1, 1], or None if it was not used. ``matches_words``: the query's words occur in its texts.
    ``is_weak``: probably not what was meant. ``is_changed``: the file has changed since it was
    described.
    """

    file: str
    picture: IndexedPicture
    score: float
    similarity: float | None
    matches_words: bool
    is_weak: bool
    is_changed: bool


@dataclass(frozen=True)
class SimilarPictures:
    """``pictures`` like another one, and ``captions`` with their scores in [-1, 1], best first."""

    pictures: tuple[SearchHit, ...]
    captions: tuple[tuple[str, float], ...]


def search(
    index: Index,
    describer: "Describer",
    text: str,
    folders: Folders = None,
    limit: int = LIMIT,
    *,
    language: str | None = None,
) -> list[SearchHit]:
    """Return the pictures that fit ``text`` best, best first; only those below ``folders``.

    The score is the cosine similarity of text and picture in the joint space, plus a share for
    words that occur in the captions, alt text or file names. What matches neither way is left out,
    and so are pictures whose files are missing. ``language`` is that of ``text``, by default the
    one that knows most of its words. Raises ImageDescriberError if there are no words,
    DescriptionLanguageError, and LibraryError.
    """
    language = language or query_language(describer, text)
    check_language(language, describer.languages)
    words = significant_words(text, language)
    query = _embed(describer, text, language)
    if not words and query is None:
        raise ImageDescriberError(
            _("There is no word to search for."),
            _("Say what the picture may show: a dog in the snow."),
        )
    unknown = [word for word in words if _embed(describer, word, language) is None]
    word_queries = (
        (words, MODEL_COLUMNS, MODEL_WEIGHT),
        (words, HUMAN_COLUMNS, HUMAN_WEIGHT),
        (unknown, "", UNKNOWN_WORD_WEIGHT),
    )
    vectors = index.vectors() if query is not None else VectorSet(())
    # If most pictures are in the folders, filtering the hits is cheaper than filtering the search.
    narrow = folders if folders is None or index.share_below(folders) < BROAD_SHARE else None
    only = index.ids_below(narrow) if narrow is not None else None
    depth = max(DEPTH, 2 * limit)
    while True:
        with ThreadPoolExecutor(1) as executor:  # NumPy and SQLite release the GIL
            nearest = executor.submit(vectors.nearest, query, depth, only)
            rankings = [
                (_rank_by_words(index, some_words, columns, narrow, depth), weight)
                for some_words, columns, weight in word_queries
            ]
            similarities = dict(nearest.result())
        matching = {picture_id for ranking, _ in rankings for picture_id in ranking}
        rest = np.array(sorted(matching - similarities.keys()), np.int64)
        similarities.update(vectors.nearest(query, len(rest), rest))
        candidates = {
            picture_id: similarity
            for picture_id, similarity in similarities.items()
            if similarity >= MIN_SIMILARITY or picture_id in matching
        }
        hits: list[SearchHit] = []
        for picture_id, score in fuse(candidates, rankings):
            similarity = similarities.get(picture_id)
            matches = picture_id in matching
            weak = not matches and (similarity is None or similarity < WEAK_SIMILARITY)
            hit = _make_hit(index, picture_id, score, folders, similarity, matches, weak)
            hits += [hit] if hit else []
            if len(hits) == limit:
                return hits
        if max([len(similarities), *(len(ranking) for ranking, _ in rankings)]) < depth:
            return hits
        depth *= 4  # many files are missing: look deeper


def similar(
    index: Index,
    describer: "Describer",
    file: "str | os.PathLike[str]",
    folders: Folders = None,
    limit: int = LIMIT,
) -> SimilarPictures:
    """Return the pictures most like the one in ``file``, without itself, and the captions of the
    pictures around it that fit it best.

    Raises PictureError, BundleError if the bundle has no joint space, and LibraryError.
    """
    space = describer.joint_space
    embedding = describer.describe(file).embedding
    assert embedding is not None  # a bundle with a joint space embeds every picture
    try:
        own_key = content_key(file)
    except OSError:
        own_key = ""
    only = index.ids_below(folders) if folders is not None else None
    nearest = index.vectors().nearest(embedding, max(NEIGHBOURS, 2 * limit), only)
    hits: list[SearchHit] = []
    captions: dict[str, str] = {}  # with their languages
    for picture_id, similarity in nearest:
        weak = similarity < MIN_SIMILARITY
        hit = _make_hit(index, picture_id, similarity, folders, similarity, False, weak)
        if hit is None or hit.picture.key == own_key:
            continue
        description = hit.picture.description
        alternatives = (other.caption for other in description.alternatives)
        captions |= dict.fromkeys((description.caption, *alternatives), description.language)
        if len(hits) < limit:
            hits.append(hit)
    scores = {
        caption: float(np.clip(embedding @ space.embed_sentence(caption, language), -1.0, 1.0))
        for caption, language in captions.items()
        if significant_words(caption) and space.has_language(language)
    }
    ranked = sorted(scores.items(), key=lambda item: (-item[1], item[0]))
    return SimilarPictures(tuple(hits), tuple(ranked[:limit]))


def query_language(describer: "Describer", text: str) -> str:
    """Return the language of the describer's that knows most words of ``text``.

    Of several, the program's, then English.
    """
    default = default_language(describer.languages)
    try:
        space = describer.joint_space
    except BundleError:  # only words are searched
        return default
    words = _WORD.findall(text)
    known = {
        language: sum(space.knows(word, language) for word in words)
        for language in describer.languages
        if space.has_language(language)
    }
    return max(known, key=lambda language: (known[language], language == default))


def significant_words(text: str, language: str = "en") -> list[str]:
    """Return the words of a text, each once, without stop words; with them if it has no others."""
    words = (_POSSESSIVE.sub("", word) for word in _WORD.findall(text.casefold()))
    unique = list(dict.fromkeys(words))
    stop_words = STOP_WORDS.get(language, "").split()
    significant = [word for word in unique if word not in stop_words] or unique
    return [word[:WORD_LIMIT_CHARACTERS] for word in significant[:WORDS_LIMIT]]


def fts_query(words: Sequence[str], columns: str = "", *, require_all: bool = False) -> str:
    """Return an FTS5 query for any of ``words``, or for all of them; "" without words."""
    quoted = (" AND " if require_all else " OR ").join(f'"{word}"' for word in words)
    return f"{{{columns}}} : ({quoted})" if quoted and columns else quoted


def _rank_by_words(
    index: Index, words: Sequence[str], columns: str, folders: Folders, depth: int
) -> dict[int, float]:
    """Return ids of the pictures that contain some of ``words``, best first, with scores.

    Those with all words are tried first: if they are enough, it takes half of the time.
    """
    if not words:
        return {}
    ranking = index.match_words(fts_query(words, columns, require_all=True), folders, depth)
    if len(ranking) < depth and len(words) > 1:
        ranking = index.match_words(fts_query(words, columns), folders, depth)
    return dict(ranking)


def fuse(
    similarities: Mapping[int, float], rankings: Sequence[tuple[Mapping[int, float], float]]
) -> list[tuple[int, float]]:
    """Combine similarities with word rankings; returns ids with scores, best first.

    A ranking adds its weight times the score relative to the ranking's best.
    """
    lowest = min(similarities.values(), default=0.0)  # for pictures without an embedding
    scores = dict(similarities)
    for ranking, weight in rankings:
        best = max(ranking.values(), default=0.0)
        for picture_id, score in ranking.items():
            share = score / best if best > 0.0 else 1.0
            scores[picture_id] = scores.get(picture_id, lowest) + weight * share
    return sorted(scores.items(), key=lambda item: (-item[1], item[0]))


def _make_hit(
    index: Index,
    picture_id: int,
    score: float,
    folders: Folders,
    similarity: float | None,
    matches_words: bool,
    is_weak: bool,
) -> SearchHit | None:
    """Return the hit for a picture; None if no file of it exists below ``folders``."""
    picture = index.picture(picture_id)
    if picture is None:
        return None
    files = (f for f in picture.files if Path(f).is_file() and is_below(f, folders))
    file = next(files, None)
    if file is None:
        return None
    is_changed = index.is_changed(file)
    return SearchHit(file, picture, score, similarity, matches_words, is_weak, is_changed)


def _embed(describer: "Describer", text: str, language: str) -> np.ndarray | None:
    """Return the embedding of ``text``; None if the joint space or the bundle can't embed it."""
    try:
        embedding = describer.joint_space.embed_sentence(text, language)
    except BundleError:
        return None
    except ImageDescriberError:  # no words, or none in its alphabet
        return None
    return embedding if np.any(embedding) else None
