"""Text helpers shared by the whole program: cleaning, shortening, counting and sorting names."""

import html
import math
import os
import re
import unicodedata

from image_describer.i18n import N_, _, ngettext, pgettext

# Characters that would reverse or hide what follows them when a name is shown.
_BIDI_CONTROLS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_CONTROL_CATEGORIES = frozenset({"Cc", "Cs", "Zl", "Zp"})
_SPACE_CATEGORIES = frozenset({"Cc", "Zl", "Zp", "Zs"})
_HIDDEN_CATEGORIES = frozenset({"Cf", "Cs", "Cn", "Co"})
_JOINERS = "\u200c\u200d"  # inside Persian words and emoji
_MARKUP = re.compile(r"</?[A-Za-z!][^<>]*>")
_DIGITS = re.compile(r"(\d+)")
_UNITS = (
    (1e12, N_("{number} terabyte"), N_("{number} terabytes"), N_("{number} TB")),
    (1e9, N_("{number} gigabyte"), N_("{number} gigabytes"), N_("{number} GB")),
    (1e6, N_("{number} megabyte"), N_("{number} megabytes"), N_("{number} MB")),
    (1e3, N_("{number} kilobyte"), N_("{number} kilobytes"), N_("{number} kB")),
)


def visible(text: str) -> str:
    """Escape line breaks, control characters, bidi controls and undecodable bytes in ``text``."""
    return "".join(_escape(char) if _is_control(char) else char for char in text)


def file_name(path: str) -> str:
    """Return the last part of ``path`` (of a root, all of it), made visible."""
    return visible(os.path.basename(path.rstrip(os.sep)) or path)


def encodable(text: str) -> str:
    """Escape the undecodable bytes of a file name, so that ``text`` can be encoded as UTF-8."""
    return "".join(_escape(char) if unicodedata.category(char) == "Cs" else char for char in text)


def one_line(text: str) -> str:
    """Return ``text`` on one line, without control characters and other invisible ones."""
    return " ".join("".join(_displayed(char) for char in text).split())


def clean(text: str, limit: int) -> str:
    """Make text written by strangers fit to be spoken: one line, no markup, at most ``limit``
    characters.
    """
    head = text[: 8 * limit]  # markup and entities shrink
    return shorten(one_line(_MARKUP.sub(" ", html.unescape(head))), limit)


def shorten(text: str, limit: int) -> str:
    """Cut ``text`` to at most ``limit`` characters, between words where possible."""
    if len(text) <= limit:
        return text
    head = text[: limit - 3]
    words = head.rsplit(" ", 1)[0] if text[limit - 3] != " " else head
    return f"{(words if 2 * len(words) > limit else head).rstrip(' .,;:')}..."


def finish(sentence: str) -> str:
    """Add a full stop to ``sentence`` unless it already ends with a punctuation mark."""
    return sentence if sentence.endswith((".", "!", "?")) else f"{sentence}."


def number(value: float, digits: int = 0) -> str:
    """Return a number as the program's language writes it: "12,000", or with ``digits``: "1.2"."""
    signs = {",": pgettext("thousands separator", ","), ".": pgettext("decimal separator", ".")}
    return "".join(signs.get(char, char) for char in f"{value:,.{digits}f}")


def plural(singular: str, plural: str, count: int) -> str:
    """Return a message with its "{count}": "1 folder", "12,000 folders".

    Babel extracts both forms from the calls, as it does from those of `ngettext`.
    """
    return ngettext(singular, plural, count).format(count=number(count))


def percent(fraction: float) -> str:
    """Return a fraction as people say it: "76 percent"; what is no number is 0."""
    finite = fraction if math.isfinite(fraction) else 0.0
    return _("{number} percent").format(number=round(100 * min(1.0, max(0.0, finite))))


def file_size(size: int, *, brief: bool = False) -> str:
    """Return a size in bytes as people say it: "1.2 megabytes", or ``brief``: "1.2 MB"."""
    for unit, one, many, symbol in _UNITS:
        if size >= unit:
            tenths = round(size / unit, 1)
            value = number(tenths, 0 if tenths.is_integer() else 1)
            return _(symbol if brief else one if tenths == 1 else many).format(number=value)
    return plural("{count} byte", "{count} bytes", size)


def fold(text: str) -> str:
    """Remove case and accents, so that "e" matches "Été" however the disk spells it."""
    if text.isascii():
        return text.lower()
    apart = unicodedata.normalize("NFKD", text)
    return "".join(char for char in apart if not unicodedata.combining(char)).casefold()


def natural_key(name: str) -> tuple[str, str]:
    """Sort key for natural order: img2 before img10, 07 with 7, ignoring case.

    Different names have different keys.
    """
    # Numbers compare by length, then by digits: a name may hold more digits than int() accepts.
    parts = _DIGITS.split(fold(name))
    folded = "\0".join(_number_key(part) if at % 2 else part for at, part in enumerate(parts))
    return folded, name


def _number_key(digits: str) -> str:
    """Decimal digits of any script, without leading zeros, after a character for their count."""
    plain = digits if digits.isascii() else "".join(str(unicodedata.decimal(d)) for d in digits)
    plain = plain.lstrip("0")
    return chr(len(plain)) + plain


def _is_control(char: str) -> bool:
    return unicodedata.category(char) in _CONTROL_CATEGORIES or char in _BIDI_CONTROLS


def _escape(char: str) -> str:
    code = ord(char)
    if 0xDC80 <= code <= 0xDCFF:  # surrogateescape: a byte of a file name that is not UTF-8
        return f"\\x{code - 0xDC00:02x}"
    return char.encode("unicode_escape").decode("ascii")


def _displayed(char: str) -> str:
    category = unicodedata.category(char)
    if category in _SPACE_CATEGORIES:
        return " "
    return "" if category in _HIDDEN_CATEGORIES and char not in _JOINERS else char


def common_prefix(first: str, second: str) -> str:
    """Return the characters that both strings begin with."""
    pairs = enumerate(zip(first, second, strict=False))
    end = next((index for index, (a, b) in pairs if a != b), min(len(first), len(second)))
    return first[:end]
