"""Makes the articles and adjectives of German captions agree with their nouns.

The decoder sometimes writes "ein Katze" or "mit roten Shirt": it chooses the article before it
knows the noun. Which gender a noun has is known from the captions that people wrote; the case is
that of the article as the decoder wrote it. Words change their endings only, so that each keeps its
place, and only into words that the decoder knows.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

# The endings of "ein" (and "sein", "ihr") by case and gender, then those of the adjective behind.
_ARTICLES = {
    "nominative": {"m": "", "f": "e", "n": "", "mn": ""},
    "accusative": {"m": "en", "f": "e", "n": ""},
    "dative": {"m": "em", "f": "er", "n": "em", "mn": "em"},
}
_ADJECTIVES = {
    "nominative": {"m": "er", "f": "e", "n": "es"},
    "accusative": {"m": "en", "f": "e", "n": "es"},
    "dative": {"m": "en", "f": "en", "n": "en", "mn": "en"},
}
_BARE_DATIVE = {"m": "em", "f": "er", "n": "em", "mn": "em"}  # of an adjective without an article
_DEFINITE = {
    "nominative": {"m": "der", "f": "die", "n": "das"},
    "accusative": {"m": "den", "f": "die", "n": "das"},
    "dative": {"m": "dem", "f": "der", "n": "dem"},
}
_STEMS = ("ein", "sein", "ihr")
_CONTRACTIONS = ("im", "am", "zum", "beim", "vom", "zur")
_WITH_DATIVE = ("mit", "aus", "von", "bei", "in")
ENDINGS = ("en", "em", "er", "es", "e")  # of adjectives
PREPOSITIONS = frozenset(
    [
        *("in", "auf", "an", "mit", "aus", "bei", "von", "zu", "über", "unter", "vor", "hinter"),
        *("neben", "zwischen", "durch", "um", "für", "nach", "gegen", "ohne"),
    ]
)
_NOT_ADJECTIVES = PREPOSITIONS | frozenset(["oder", "aber", "wieder", "immer"])
ADJECTIVES = 2  # at most, between an article and its noun
SEEN, SURE = 3, 0.85  # times that a noun had an article, and the share of its gender among them

GENDERS = ("m", "f", "n", "mn")  # "mn": not feminine, as far as is known

Genders = Mapping[str, str]
"""{noun: one of `GENDERS`}"""


def agree(words: Sequence[str], genders: Genders, known: Collection[str]) -> list[str]:
    """Return a caption whose articles and adjectives have the endings that its nouns need.

    Nouns that aren't in ``genders`` stay as they are, and so does what would become a word that is
    not ``known``.
    """
    result = list(words)

    def change(place: int, word: str) -> None:
        if word in known:
            result[place] = word

    for start, place in _noun_groups(words, known):
        article, adjectives = words[start], range(start + 1, place)
        gender = genders.get(words[place], "")
        if article in _CONTRACTIONS:
            for at in adjectives:
                change(at, _with_ending(words[at], "en"))
        elif not gender:
            continue
        elif (found := _indefinite(article)) is not None:
            case = _case(*found, gender, is_subject=_is_subject(words, start))
            if gender in _ARTICLES.get(case, ()):
                change(start, found[0] + _ARTICLES[case][gender])
            if gender in _ADJECTIVES.get(case, ()):
                for at in adjectives:
                    change(at, _with_ending(words[at], _ADJECTIVES[case][gender]))
        elif article in ("das", "dem", "den") and gender != "mn":
            case = "dative" if article == "dem" else "accusative"
            if article == "das" and _is_subject(words, start):
                case = "nominative"
            change(start, _DEFINITE[case][gender])
            ending = "en" if case == "dative" or _DEFINITE[case][gender] == "den" else "e"
            for at in adjectives:
                change(at, _with_ending(words[at], ending))
        elif article in _WITH_DATIVE and not words[place].endswith("n"):  # that may be a plural
            for at in adjectives:
                change(at, _with_ending(words[at], _BARE_DATIVE[gender]))
    return result


def genders_of(captions: Iterable[Sequence[str]]) -> dict[str, str]:
    """Learn the genders of nouns from the articles and adjectives of captions, as words."""
    captions = list(captions)
    known = {word for caption in captions for word in caption}
    votes: dict[str, Counter[str]] = defaultdict(Counter)
    for words in captions:
        for start, place in _noun_groups(words, known):
            votes[words[place]].update(_evidence(words[start : place + 1]))
    genders = {}
    for noun, counts in votes.items():
        feminine, others = counts["f"], counts["m"] + counts["n"] + counts["mn"]
        likelier = max("mn", key=lambda gender: counts[gender])
        decided = counts["m"] + counts["n"]
        if feminine >= SEEN and feminine >= SURE * (feminine + others):
            genders[noun] = "f"
        elif others >= SEEN and others >= SURE * (feminine + others):
            sure = counts[likelier] >= SEEN and counts[likelier] >= SURE * decided
            genders[noun] = likelier if sure else "mn"
    return dict(sorted(genders.items()))


def _evidence(group: Sequence[str]) -> list[str]:
    """The gender that the article and the adjective of a group show, where only one fits."""
    article, adjectives = group[0], group[1:-1]
    if article in ("eine", "einer", "zur", "seiner"):
        return ["f"]
    if article in ("einen", "seinen"):
        return ["m"]
    if article in ("das", "ins"):
        return ["n"]
    if article in ("ein", "sein") and adjectives:
        if adjectives[-1].endswith("er"):
            return ["m"]
        if adjectives[-1].endswith("es"):
            return ["n"]
    if article in ("ein", "sein", "ihr", "einem", "seinem", "ihrem", "dem", *_CONTRACTIONS):
        return ["mn"]
    return []


def _noun_groups(words: Sequence[str], known: Collection[str]) -> Iterator[tuple[int, int]]:
    """Where each noun's article or preposition and the noun itself are, with only adjectives
    between them."""
    for place, word in enumerate(words):
        following = words[place + 1] if place + 1 < len(words) else ""
        if not word[:1].isupper() or following[:1].isupper():
            continue  # not a noun, or one that its writer parted: "Stein Mauer"
        for start in range(place - 1, max(-1, place - ADJECTIVES - 2), -1):
            if _is_article(words[start]) or words[start] in _WITH_DATIVE:
                if not start or not _is_article(words[start - 1]):  # not "der einen Seite"
                    yield start, place
                break
            if not _is_adjective(words[start], known):
                break


def _is_article(word: str) -> bool:
    is_definite = word in ("der", "die", "das", "dem", "den", "ins")
    return is_definite or word in _CONTRACTIONS or _indefinite(word) is not None


def _indefinite(word: str) -> tuple[str, str] | None:
    """The stem and the ending of "ein", "sein" or "ihr"; None of another word."""
    for stem in _STEMS:
        ending = word.removeprefix(stem)
        if word.startswith(stem) and ending in ("", "e", "en", "em", "er"):
            return stem, ending
    return None


def _is_adjective(word: str, known: Collection[str]) -> bool:
    """Whether a word in lower case occurs with several endings of adjectives."""
    if not word[:1].islower() or word in _NOT_ADJECTIVES or _is_article(word):
        return False
    ending = next((ending for ending in ENDINGS if word.endswith(ending)), "")
    forms = [word.removesuffix(ending) + other for other in ENDINGS]
    return bool(ending) and sum(form in known for form in forms) >= 2


def _with_ending(adjective: str, ending: str) -> str:
    old = next(ending for ending in ENDINGS if adjective.endswith(ending))
    return adjective.removesuffix(old) + ending


def _is_subject(words: Sequence[str], start: int) -> bool:
    """Whether an article begins the caption, or what is joined to its beginning by "und"."""
    before = words[:start]
    return not before or (before[-1] == "und" and not PREPOSITIONS.intersection(before))


def _case(stem: str, ending: str, gender: str, *, is_subject: bool) -> str:
    """The case that the ending of an article shows, whatever gender it was chosen for; "" if the
    article may be a plural: "ihre Drachen"."""
    if stem != "ein" and ending in ("e", "en", "er") and gender != "f":
        return ""
    if ending in ("em", "er"):
        return "dative"
    if ending == "en":
        return "accusative"
    if ending == "" and gender in ("m", "mn"):
        return "nominative"
    return "nominative" if is_subject else "accusative"
