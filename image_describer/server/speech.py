"""Sentences as sound files: the choice of format and voice, and the synthesis."""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from image_describer.errors import NoLanguageError
from image_describer.i18n import _
from image_describer.server.accept import ranges
from image_describer.text import visible

JSON = "application/json"
FORMATS = {"audio/mpeg": "mp3", "audio/wav": "wav", "audio/x-wav": "wav"}
OFFERED = (JSON, "audio/mpeg", "audio/wav", "audio/x-wav")
ENGLISH = "en"


def best_media_type(accept: str | None) -> str | None:
    """Return which of ``OFFERED`` an Accept header prefers, JSON if equal, None if it accepts none.

    RFC 9110, 12.5.1: the most specific range counts, in any order.
    """
    if not accept or not accept.strip():
        return JSON
    accepted = ranges(accept)
    best = max(OFFERED, key=lambda offer: (_quality(offer, accepted), offer == JSON))
    return best if _quality(best, accepted) > 0 else None


def _quality(offer: str, accepted: list[tuple[str, float]]) -> float:
    for kind in (offer, f"{offer.partition('/')[0]}/*", "*/*"):
        for named, quality in accepted:
            if named == kind:
                return quality
    return 0.0


def available_languages(online: bool) -> list[str]:
    """Return the keys of the languages that the voice speaks."""
    from image_describer.speech import languages

    return [
        ENGLISH,
        *(
            language.key
            for language in (languages.all_languages() if online else languages.ENGLISH)
        ),
    ]


def check_language(key: str | None, online: bool) -> str:
    """Return the key of a language, the default for None. Raises NoLanguageError.

    The offline voice speaks English only, in any accent; Google's (``online``) speaks them all.
    """
    from image_describer.speech import languages

    if key is None:
        return languages.DEFAULT_LANGUAGE.key
    known = {ENGLISH: languages.DEFAULT_LANGUAGE.key}
    known |= {entry.key.casefold(): entry.key for entry in languages.all_languages()}
    name = visible(key[:40])
    if key.casefold() not in known:
        raise NoLanguageError(
            _('There is no voice for "{name}".').format(name=name), _("Try en-US or en-GB.")
        )
    found = known[key.casefold()]
    if not online and found not in {entry.key for entry in languages.ENGLISH}:
        raise NoLanguageError(
            _('The voice on this computer speaks English only, not "{name}".').format(name=name),
            _("Start the service with --online-voice for Google's voice, which may speak it."),
        )
    return found


def spoken_offline(text: str, kind: str, language: str = "") -> bytes:
    """Return a sound file's content, ``kind`` "mp3" or "wav", by the voice on this computer.

    ``language`` is that of the text, as in `Speaker.save`. Raises SpeechError.
    """
    return _synthesize(text, kind, offline=True, voice_language=None, language=language)


def spoken_online(sentence: str, kind: str, language: str) -> bytes:
    """The same by Google's voice, or offline if that fails. Raises SpeechError."""
    return _synthesize(sentence, kind, offline=False, voice_language=language)


def is_private(record: Mapping[str, Any]) -> bool:
    """Whether a description quotes the picture's author, or what is written in the picture.

    Both may name people, so such a sentence is never sent to an online voice. ``record`` is the
    description's.
    """
    return bool(record["alt_text"] or record["text"] or record["codes"])


def _synthesize(
    text: str, kind: str, *, offline: bool, voice_language: str | None, language: str = ""
) -> bytes:
    from image_describer.speech import make_speaker

    with (
        tempfile.TemporaryDirectory(prefix="image-describer-") as folder,
        make_speaker(offline=offline, language=voice_language) as speaker,
    ):
        path = Path(folder) / f"speech.{kind}"
        speaker.save(text, path, language=language)
        return path.read_bytes()
