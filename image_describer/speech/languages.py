"""The languages and accents of Google's voice, as choices for a menu; cheap to import."""

import functools
from dataclasses import dataclass

from image_describer.i18n import N_, _
from image_describer.text import fold


@dataclass(frozen=True)
class SpokenLanguage:
    """``key`` is the value in the settings, ``label`` its name in English.

    ``language`` and ``tld`` are gTTS's: a language code and the Google domain with that accent.
    """

    key: str
    label: str
    language: str
    tld: str = "com"

    @property
    def name(self) -> str:
        """The label in the program's language."""
        return _(self.label)


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
# The names that gTTS has.
LABELS = (
    *(N_("Afrikaans"), N_("Albanian"), N_("Amharic"), N_("Arabic"), N_("Basque"), N_("Bengali")),
    *(N_("Bosnian"), N_("Bulgarian"), N_("Cantonese"), N_("Catalan"), N_("Chinese (Mandarin)")),
    *(N_("Chinese (Mandarin/Taiwan)"), N_("Chinese (Simplified)"), N_("Croatian"), N_("Czech")),
    *(N_("Danish"), N_("Dutch"), N_("Estonian"), N_("Filipino"), N_("Finnish"), N_("French")),
    *(N_("French (Canada)"), N_("Galician"), N_("German"), N_("Greek"), N_("Gujarati")),
    *(N_("Hausa"), N_("Hebrew"), N_("Hindi"), N_("Hungarian"), N_("Icelandic"), N_("Indonesian")),
    *(N_("Italian"), N_("Japanese"), N_("Javanese"), N_("Kannada"), N_("Khmer"), N_("Korean")),
    *(N_("Latin"), N_("Latvian"), N_("Lithuanian"), N_("Malay"), N_("Malayalam"), N_("Marathi")),
    *(N_("Myanmar (Burmese)"), N_("Nepali"), N_("Norwegian"), N_("Polish")),
    *(N_("Portuguese (Brazil)"), N_("Portuguese (Portugal)"), N_("Punjabi (Gurmukhi)")),
    *(N_("Romanian"), N_("Russian"), N_("Serbian"), N_("Sinhala"), N_("Slovak"), N_("Spanish")),
    *(N_("Sundanese"), N_("Swahili"), N_("Swedish"), N_("Tamil"), N_("Telugu"), N_("Thai")),
    *(N_("Turkish"), N_("Ukrainian"), N_("Urdu"), N_("Vietnamese"), N_("Welsh")),
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
    """Return (key, name) of each language, in the order of a menu."""
    entries = all_languages()
    others = sorted(entries[len(ENGLISH) :], key=lambda entry: fold(entry.name))
    return [(entry.key, entry.name) for entry in (*ENGLISH, *others)]


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
