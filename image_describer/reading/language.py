"""Tells the language of a text by its letters and its most frequent words."""

import re
import unicodedata
from collections import Counter, defaultdict

LEAST_WORDS = 3  # frequent words of a language from which on a text is in it
LEAST_SHARE = 0.15  # of all words; programs and tables have such words by chance
LEAST_LEAD = 1.5  # times as many as the next language, which shares some words, has
SCRIPT_SHARE = 0.3  # of the letters: scripts write names and numbers of others in Latin letters

# The most frequent words of two letters or more; single letters are also numbering and variables.
WORDS = {  # untranslated
    "da": "og ikke det er jeg af til som med på den der har de vi han hun men kan eller efter fra "
    "hvad også skal blev",
    "de": "der die das und ist nicht ein eine einen zu den von mit sich auf für im dem des auch "
    "wir sie ich es wird oder bei nach aus zum zur bitte sind haben",
    "en": "the and of to is in that it you for with this are was be not have from they or at your "
    "will by we please which has all",
    "es": "el la los las que en un una es por con no para del se al lo como su más pero sus "
    "muy todo está son",
    "fr": "le la les des et est un une du que pour dans qui pas ne ce il sur vous nous au avec "
    "plus par je sont aux être ou cette votre",
    "it": "il di che la un una per non con del della in sono gli le si da al dei nel come più "
    "anche questo alla delle",
    "nl": "de het een en van is dat niet in op te zijn met voor die er aan ook als maar om bij "
    "naar wij uw deze door worden",
    "pl": "nie się na to jest że do jak co od po za przez dla są oraz lub może tylko przy "
    "jego być ich pod oni gdy będzie proszę ma swoje",
    "pt": "que não do da em um uma para com os as no na por mais dos das se ao como foi são "
    "ou seu sua pelo",
    "sv": "och att det som en på är av för med den till inte har de ett jag om vi kan från så "
    "eller men ska hos vid",
}
_WORD = re.compile(r"[^\W\d_]{2,}")
_LANGUAGES: dict[str, list[str]] = {}
for _language, _words in WORDS.items():
    for _word in _words.split():
        _LANGUAGES.setdefault(_word, []).append(_language)


def language_of(text: str) -> str:
    """The ISO 639-1 code of the language that ``text`` is in, or "" where that can't be told."""
    script = _language_of_script(text)
    if script:
        return script
    # A word says the less about a language, the more languages have it.
    counts: Counter[str] = Counter()
    weights: defaultdict[str, float] = defaultdict(float)
    words = _WORD.findall(text.lower())
    for word in words:
        languages = _LANGUAGES.get(word, ())
        for language in languages:
            counts[language] += 1
            weights[language] += 1 / len(languages)
    ranked = sorted(weights.items(), key=lambda item: -item[1])
    if not ranked or counts[ranked[0][0]] < max(LEAST_WORDS, LEAST_SHARE * len(words)):
        return ""
    (best, most), (_next, fewer) = [*ranked, ("", 0.0)][:2]
    return best if most >= LEAST_LEAD * fewer else ""


def _language_of_script(text: str) -> str:
    """The language of Chinese, Japanese or Greek letters; "" for Latin ones."""
    scripts = Counter(
        unicodedata.name(char, "").split(" ")[0].split("-")[0] for char in text if char.isalpha()
    )
    least = SCRIPT_SHARE * sum(scripts.values())
    kana = scripts["HIRAGANA"] + scripts["KATAKANA"]
    if scripts["CJK"] + kana > least:
        return "ja" if kana > SCRIPT_SHARE * scripts["CJK"] else "zh"
    return "el" if scripts["GREEK"] > least else ""
