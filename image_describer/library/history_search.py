"""Finds past descriptions by words: what holds all of them first, then what holds some."""

import re
from collections.abc import Sequence

from image_describer.wording.record import Entry

LIMIT = 100  # nobody listens to more
_WORD = re.compile(r"\w+")


def find(entries: Sequence[Entry], words: str) -> list[Entry]:
    """The entries that hold ``words`` (each may be a word's beginning), best first, newest first
    among equals, each file once. Nothing is found by no words.

    Looked at are the caption, the other candidate captions and the file's name.
    """
    wanted = _words(words)
    if not wanted:
        return []
    found: dict[str, tuple[int, Entry]] = {}
    for entry in reversed(entries):
        hits = _hits(entry, wanted)
        key = entry.file or entry.key
        if hits and key not in found:
            found[key] = hits, entry
    ranked = sorted(found.values(), key=lambda one: -one[0])  # stable: the newest stay first
    return [entry for _hits, entry in ranked][:LIMIT]


def _hits(entry: Entry, wanted: list[str]) -> int:
    """How much of ``wanted`` is there; a word of the caption itself counts most."""
    caption = _words(entry.caption)
    others = _words(" ".join(other.caption for other in entry.description.alternatives))
    elsewhere = [*others, *_words(entry.name)]
    return sum(
        4 if _begins(caption, word) else 3 if _begins(elsewhere, word) else 0 for word in wanted
    )


def _begins(words: list[str], start: str) -> bool:
    return any(word.startswith(start) for word in words)


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())
