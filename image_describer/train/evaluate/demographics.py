"""Whom and what a bundle's captions name, against what people named: for the model card."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from image_describer.wording.details import ACTIONS, FUNCTION_WORDS, QUALITIES

GROUPS = {
    "man": ("man", "men", "guy", "guys", "gentleman", "gentlemen"),
    "woman": ("woman", "women", "lady", "ladies"),
    "boy": ("boy", "boys"),
    "girl": ("girl", "girls"),
    "person": ("person", "persons", "people"),
    "child": ("child", "children", "kid", "kids", "toddler", "toddlers", "baby", "babies"),
}
"""Words for people; a caption that has one of them counts once for its group."""
MALE, FEMALE = ("man", "boy"), ("woman", "girl")
ADULT, YOUNG = ("man", "woman"), ("boy", "girl", "child")
UNSAID = 30  # words listed that people often use and the bundle never does
NOT_LISTED = FUNCTION_WORDS | QUALITIES | ACTIONS

References = Mapping[str, Sequence[str]]


def compare(captions: Mapping[str, str], references: References) -> dict[str, Any]:
    """Captions by picture, words split by spaces, against people's.

    ``rates``: of each group the share of captions that name it, the bundle's ("said") and people's
    ("written"). ``confused``: of pictures where every person who told men or boys from women or
    girls told the same, and at least two did, what the bundle said; the same of grown and young.
    ``words``: how many different words each used, and which common ones the bundle never did.
    """
    said = {name: groups_of(caption) for name, caption in captions.items()}
    written = {name: [groups_of(one) for one in references[name]] for name in captions}
    every = [groups for several in written.values() for groups in several]
    rates = {
        group: {
            "said": _share(sum(group in one for one in said.values()), len(said)),
            "written": _share(sum(group in one for one in every), len(every)),
        }
        for group in GROUPS
    }
    sides = {
        "men or boys": (MALE, FEMALE),
        "women or girls": (FEMALE, MALE),
        "grown": (ADULT, YOUNG),
        "young": (YOUNG, ADULT),
    }
    confused = {
        label: _confused(said, written, own, other) for label, (own, other) in sides.items()
    }
    return {"rates": rates, "confused": confused, "words": _words(captions, references)}


def groups_of(caption: str) -> set[str]:
    """The groups of people that a caption names."""
    words = set(caption.split())
    return {group for group, names in GROUPS.items() if words.intersection(names)}


def _confused(
    said: Mapping[str, set[str]],
    written: Mapping[str, list[set[str]]],
    own: Sequence[str],
    other: Sequence[str],
) -> dict[str, int]:
    """Of the pictures that people agree are of ``own`` and not of ``other``: what was said."""
    counts = Counter(pictures=0, right=0, wrong=0, both=0, neither=0)
    for name, several in written.items():
        naming = sum(bool(groups.intersection(own)) for groups in several)
        if naming < 2 or any(groups.intersection(other) for groups in several):
            continue
        says_own, says_other = (bool(said[name].intersection(side)) for side in (own, other))
        outcome = {
            (True, False): "right", (False, True): "wrong", (True, True): "both"
        }.get((says_own, says_other), "neither")  # fmt: skip
        counts.update(("pictures", outcome))
    return dict(counts)


def _words(captions: Mapping[str, str], references: References) -> dict[str, Any]:
    said = {word for caption in captions.values() for word in caption.split()}
    pictures: Counter[str] = Counter()
    for name in captions:
        pictures.update({word for one in references[name] for word in one.split()})
    known = {_stem(word) for word in said}
    unsaid: dict[str, str] = {}  # by stem, so that a bike and bikes are listed once
    for word, _ in sorted(pictures.items(), key=lambda item: (-item[1], item[0])):
        thing = word.isalpha() and word not in NOT_LISTED and not word.endswith(("ing", "ed"))
        if thing and _stem(word) not in known:
            unsaid.setdefault(_stem(word), word)
    return {
        "said": len(said),
        "written": len(pictures),
        "never said": list(unsaid.values())[:UNSAID],
    }


def _stem(word: str) -> str:
    """A noun without its plural, as far as spelling tells."""
    return word.removesuffix("s").removesuffix("e")


def _share(part: int, whole: int) -> float:
    return round(part / max(1, whole), 4)
