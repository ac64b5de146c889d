"""The languages and accents of Google's voice, as choices for a menu; nothing heavy to list."""

import functools
from dataclasses import dataclass


@dataclass(frozen=True)
class SpokenLanguage:
    """``key`` is what settings keep, ``label`` what a user is told.

    ``language`` and ``tld`` are gTTS's: a language code, and the Google domain whose accent it is.
    """

    key: str
    label: str
    language: str
    tld: str = "com"


# gTTS has accents by the domain that is asked; these are the ones it documents for English.
ENGLISH = (
    SpokenLanguage("en-US", "English, American", "en", "com"),
    SpokenLanguage("en-GB", "English, British", "en", "co.uk"),
    SpokenLanguage("en-AU", "English, Australian", "en", "com.au"),
    SpokenLanguage("en-IN", "English, Indian", "en", "co.in"),
    SpokenLanguage("en-CA", "English, Canadian", "en", "ca"),
    SpokenLanguage("en-IE", "English, Irish", "en", "ie"),
    SpokenLanguage("en-ZA", "English, South African", "en", "co.za"),
)
USUAL = ENGLISH[0]


@functools.cache
def table() -> tuple[SpokenLanguage, ...]:
    """English in its accents, then gTTS's other languages by their names.

    The first call imports gTTS, some 0.1 s; where that is missing, English is all there is.
    """
    try:
        from gtts.lang import tts_langs
    except ImportError:
        return ENGLISH
    others = (SpokenLanguage(code, label, code) for code, label in tts_langs().items())
    named = sorted((other for other in others if other.language != "en"), key=lambda o: o.label)
    return (*ENGLISH, *named)


def choices() -> list[tuple[str, str]]:
    """(key, label) for each, in the order of a menu."""
    return [(entry.key, entry.label) for entry in table()]


def look_up(key: str | None) -> SpokenLanguage:
    """The language of ``key``, whatever its case; the usual one for "en", None and the unknown.

    English is found without importing gTTS.
    """
    wanted = (key or "en").casefold()
    if wanted == "en":
        return USUAL
    for entry in ENGLISH:
        if entry.key.casefold() == wanted:
            return entry
    return next((entry for entry in table() if entry.key.casefold() == wanted), USUAL)
