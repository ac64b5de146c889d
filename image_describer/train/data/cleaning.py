"""Captions as written -> words: each original system's rules, and the file of cleaned captions."""

import re
import string
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from image_describer.captioner import bundle_files
from image_describer.captioner.tokenizer import tokenize as words_of  # the rules called "plain"
from image_describer.errors import TrainingError

_NO_LETTER = re.compile(r"[^a-z]+")
_NO_PUNCTUATION = str.maketrans("", "", string.punctuation)
# Keras's Tokenizer as the attention tutorial set it: these part words, an apostrophe does not.
_PARTING = str.maketrans(dict.fromkeys('!"#$%&()*+.,-/:;=?@[\\]^_`{|}~', " "))


def letters_joined(caption: str) -> list[str]:
    """Punctuation is dropped ("t-shirt" becomes "tshirt"), then one-letter words and numbers."""
    words = caption.lower().translate(_NO_PUNCTUATION).split()
    return [word for word in words if len(word) > 1 and word.isalpha()]


def letters_parted(caption: str) -> list[str]:
    """Whatever is no letter from a to z parts words; one-letter words stay."""
    return _NO_LETTER.sub(" ", caption.lower()).split()


def keras_tokenizer(caption: str) -> list[str]:
    """As Keras's Tokenizer: punctuation parts words, numbers and apostrophes stay."""
    return caption.lower().translate(_PARTING).split()


def bare_words(caption: str) -> list[str]:
    """Lower-case words between blanks, without the punctuation at their ends."""
    words = (word.strip(string.punctuation) for word in caption.lower().split())
    return [word for word in words if word]


RULES: dict[str, Callable[[str], list[str]]] = {
    "plain": words_of,
    "image-describer": letters_joined,
    "keras-captioning": letters_parted,
    "audio-captions": letters_joined,
    "attend-and-tell": keras_tokenizer,
    "joint-embedding": bare_words,
}


def rule(name: str) -> Callable[[str], list[str]]:
    """The rules called ``name``. Raises TrainingError with those that there are."""
    if name not in RULES:
        raise TrainingError(f"No cleaning rules '{name}'.", f"There are: {', '.join(RULES)}.")
    return RULES[name]


def write_descriptions(path: Path, captions: Mapping[str, Iterable[str]], rules: str) -> int:
    """Write ``descriptions.txt``: a line ``name<TAB>cleaned caption`` each, in the order given.

    Captions of which nothing is left are not written; returns how many those are.
    """
    clean = rule(rules)
    lines, empty = [], 0
    for name, several in captions.items():
        for caption in several:
            words = clean(caption)
            if words:
                lines.append(f"{name}\t{' '.join(words)}\n")
            else:
                empty += 1
    try:
        bundle_files.write(path, "".join(lines).encode("utf-8", "replace"))
    except OSError as error:
        raise TrainingError(f"{path} can't be written: {error}.") from error
    return empty


def read_descriptions(path: Path) -> tuple[dict[str, list[str]], int]:
    """Read ``descriptions.txt``: captions by name, and how many lines hold none."""
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise TrainingError(f"{path} can't be read: {error}.") from error
    captions: dict[str, list[str]] = {}
    malformed = 0
    for line in text.split("\n"):
        name, _, caption = line.strip("\r").partition("\t")
        if name and caption.strip():
            captions.setdefault(name, []).append(caption.strip())
        elif line.strip():
            malformed += 1
    return captions, malformed
