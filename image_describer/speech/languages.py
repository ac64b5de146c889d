"""The languages and accents of Google's voice, as choices for a menu; cheap to import."""

import functools
from dataclasses import dataclass

from image_describer.i18n import N_


@dataclass(frozen=True)
class SpokenLanguage:
    """``key`` is the value in the settings, ``label`` is what the user hears.

    ``language`` and ``tld`` are gTTS's: a language code and the Google domain with that accent.
    """

    key: str
    label: str
    language: str
    tld: str = "com"


# In gTTS the accent depends on the domain of the request; these are documented for English.
ENGLISH = (
    SpokenLanguage("en-US", N_("English, American"), "en", "com"),
    SpokenLanguage("en-GB", N_("English, British"), "en", "co.uk"),
    SpokenLanguage("en-AU", N_("English, Australian"), "en", "com.au"),
    SpokenLanguage("en-IN", N_("English, Indian"), "en", "co.in"),
    SpokenLanguage("en-CA", N_("English, Canadian"), "en", "ca"),
    SpokenLanguage("en-IE", N_("English, Irish"), "en", "ie"),
    SpokenLanguage("en-ZA", N_("English, South African"), "en", "co.za"),
)
DEFAULT_LANGUAGE = ENGLISH[0]


@functools.cache
def all_languages() -> tuple[SpokenLanguage, ...]:
    """English with its accents, then gTTS's other languages by name.

    The first call imports gTTS, which takes about 0.1 s; without gTTS there is only English.
    """
    try:
        from gtts.lang import tts_langs
    except ImportError:
        return ENGLISH
    others = (SpokenLanguage(code, label, code) for code, label in tts_langs().items())
    named = sorted((other for other in others if other.language != "en"), key=lambda o: o.label)
    return (*ENGLISH, *named)


def choices() -> list[tuple[str, str]]:
    """Return (key, label) of each language, in the order of a menu."""
    return [(entry.key, entry.label) for entry in all_languages()]


def look_up(key: str | None) -> SpokenLanguage:
    """Find a language by its key, ignoring case; the default for "en", None and unknown keys.

    English is found without importing gTTS.
    """
    folded = (key or "en").casefold()
    if folded == "en":
        return DEFAULT_LANGUAGE
    for entry in ENGLISH:
        if entry.key.casefold() == folded:
            return entry
    return next(
        (entry for entry in all_languages() if entry.key.casefold() == folded), DEFAULT_LANGUAGE
    )
