"""The rules for splitting captions into words, most of them those of the original systems, and
files of cleaned captions."""

import re
import string
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from image_describer import files
from image_describer.captioner.tokenizer import tokenize
from image_describer.errors import TrainingError
from image_describer.train.data import german

_NOT_LETTERS = re.compile(r"[^a-z]+")
_WITHOUT_PUNCTUATION = str.maketrans("", "", string.punctuation)
# The filters of Keras's Tokenizer in the attention tutorial; the apostrophe is not one of them.
_KERAS_FILTERS = str.maketrans(dict.fromkeys('!"#$%&()*+.,-/:;=?@[\\]^_`{|}~', " "))


def without_punctuation(caption: str) -> list[str]:
    """Remove punctuation ("t-shirt" becomes "tshirt"), one-letter words and words with digits."""
    words = caption.lower().translate(_WITHOUT_PUNCTUATION).split()
    return [word for word in words if len(word) > 1 and word.isalpha()]


def letters_only(caption: str) -> list[str]:
    """Split at everything but the letters a to z; one-letter words stay."""
    return _NOT_LETTERS.sub(" ", caption.lower()).split()


def keras_tokenizer(caption: str) -> list[str]:
    """Split like Keras's Tokenizer: at punctuation; numbers and apostrophes stay."""
    return caption.lower().translate(_KERAS_FILTERS).split()


def stripped_words(caption: str) -> list[str]:
    """Lower-case words between blanks, without punctuation at their ends."""
    words = (word.strip(string.punctuation) for word in caption.lower().split())
    return [word for word in words if word]


RULES: dict[str, Callable[[str], list[str]]] = {
    "plain": tokenize,
    "image-describer": without_punctuation,
    "keras-captioning": letters_only,
    "audio-captions": without_punctuation,
    "attend-and-tell": keras_tokenizer,
    "joint-embedding": stripped_words,
    "german": german.words_of,
}


def rule(name: str) -> Callable[[str], list[str]]:
    """Return the function of the rules ``name``. Raises TrainingError for unknown ones."""
    if name not in RULES:
        raise TrainingError(f"There are no rules '{name}'.", f"There are: {', '.join(RULES)}.")
    return RULES[name]


def write_descriptions(path: Path, captions: Mapping[str, Iterable[str]], rules: str) -> None:
    """Write ``descriptions.txt``: lines of ``name<TAB>cleaned caption``, of captions with words.

    Raises OSError.
    """
    clean = rule(rules)
    cleaned = ((name, " ".join(clean(c))) for name, several in captions.items() for c in several)
    lines = (f"{name}\t{caption}\n" for name, caption in cleaned if caption)
    files.write(path, "".join(lines).encode("utf-8", "replace"))
