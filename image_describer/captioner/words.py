"""A sentence as people write it -> the words that the networks know it by."""

import re

_WORD = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*|'s\b")


def words_of(caption: str) -> list[str]:
    """Lower-case words without punctuation; hyphens stay, and a possessive 's is its own word."""
    return _WORD.findall(caption.lower())
