"""How often captions name groups of people and things, compared with human captions."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from image_describer.captioner.nouns import NOT_OBJECTS

GROUPS = {
    "man": ("man", "men", "guy", "guys", "gentleman", "gentlemen"),
    "woman": ("woman", "women", "lady", "ladies"),
    "boy": ("boy", "boys"),
    "girl": ("girl", "girls"),
    "person": ("person", "persons", "people"),
    "child": ("child", "children", "kid", "kids", "toddler", "toddlers", "baby", "babies"),
}
"""Words for people. A caption with one of them counts once for its group."""
MALE, FEMALE = ("man", "boy"), ("woman", "girl")
ADULT, YOUNG = ("man", "woman"), ("boy", "girl", "child")
UNUSED = 30  # words listed that people often use and the captions never do

References = Mapping[str, Sequence[str]]


def compare(
    captions: Mapping[str, str],
    references: References,
    sets: Mapping[str, Sequence[str]] | None = None,
) -> dict[str, Any]:
    """Compare captions with the references of the same pictures; both are tokenized.

    With ``sets``, keys of pictures by set, ``sets`` of the result has the same of each set.
    ``rates`` has the share of captions that name each group: "said" by the model, "written" by
    people. ``confused`` has what the model says of pictures on which people agree: at least two
    references name men or boys, for example, and none names women or girls. ``words`` has the
    number of different words of each, and common words that the model never uses.
    """
    generated = {key: groups_of(caption) for key, caption in captions.items()}
    human = {key: [groups_of(one) for one in references[key]] for key in captions}
    every = [groups for several in human.values() for groups in several]
    rates = {
        group: {
            "said": _share(sum(group in one for one in generated.values()), len(generated)),
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
        label: _confused(generated, human, own, other) for label, (own, other) in sides.items()
    }
    found = {"rates": rates, "confused": confused, "words": _words(captions, references)}
    if sets:
        found["sets"] = {
            name: compare({key: captions[key] for key in keys}, references)
            for name, keys in sets.items()
        }
    return found


def groups_of(caption: str) -> set[str]:
    """The groups of people that a caption names."""
    words = set(caption.split())
    return {group for group, names in GROUPS.items() if words.intersection(names)}


def _confused(
    generated: Mapping[str, set[str]],
    human: Mapping[str, list[set[str]]],
    own: Sequence[str],
    other: Sequence[str],
) -> dict[str, int]:
    """Count what the model says of pictures that, people agree, show ``own`` and not ``other``."""
    counts = Counter(pictures=0, right=0, wrong=0, both=0, neither=0)
    for key, several in human.items():
        naming = sum(bool(groups.intersection(own)) for groups in several)
        if naming < 2 or any(groups.intersection(other) for groups in several):
            continue
        says_own, says_other = (bool(generated[key].intersection(side)) for side in (own, other))
        outcome = {
            (True, False): "right", (False, True): "wrong", (True, True): "both"
        }.get((says_own, says_other), "neither")  # fmt: skip
        counts.update(("pictures", outcome))
    return dict(counts)


def _words(captions: Mapping[str, str], references: References) -> dict[str, Any]:
    used = {word for caption in captions.values() for word in caption.split()}
    pictures: Counter[str] = Counter()
    for key in captions:
        pictures.update({word for one in references[key] for word in one.split()})
    known = {stem(word) for word in used}
    unused: dict[str, str] = {}  # by stem, so that "bike" and "bikes" are listed once
    for word, _ in sorted(pictures.items(), key=lambda item: (-item[1], item[0])):
        thing = word.isalpha() and word not in NOT_OBJECTS and not word.endswith(("ing", "ed"))
        if thing and stem(word) not in known:
            unused.setdefault(stem(word), word)
    return {
        "said": len(used),
        "written": len(pictures),
        "never said": list(unused.values())[:UNUSED],
    }


def stem(word: str) -> str:
    """A noun without its plural ending, as far as spelling shows."""
    return word.removesuffix("s").removesuffix("e")


def _share(part: int, whole: int) -> float:
    return round(part / max(1, whole), 4)
