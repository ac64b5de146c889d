"""Sentences as sound files: the choice of format and voice, and the synthesis."""

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from image_describer.captioner.bundle import unknown_language
from image_describer.captioner.languages import default_language
from image_describer.server.accept import ranges

JSON = "application/json"
FORMATS = {"audio/mpeg": "mp3", "audio/wav": "wav", "audio/x-wav": "wav"}
OFFERED = (JSON, "audio/mpeg", "audio/wav", "audio/x-wav")


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


class ChosenLanguage(NamedTuple):
    """The language to describe in, and the key of the voice that speaks it, with its accent."""

    code: str
    voice: str


def available_languages(model_languages: Sequence[str]) -> dict[str, ChosenLanguage]:
    """Return what a client can ask for: the languages of the model, and accents of English."""
    from image_describer.speech import languages

    chosen = {code: ChosenLanguage(code, code) for code in model_languages}
    accents = {entry.key: ChosenLanguage(entry.language, entry.key) for entry in languages.ENGLISH}
    return {**chosen, **accents}


def choose_language(key: str | None, model_languages: Sequence[str]) -> ChosenLanguage:
    """Return the language that ``key`` stands for, by default the client's or the service's.

    Raises DescriptionLanguageError.
    """
    available = available_languages(model_languages)
    name = default_language(model_languages) if key is None else key
    found = {other.casefold(): chosen for other, chosen in available.items()}
    if name.casefold() not in found:
        raise unknown_language(name, available)
    return found[name.casefold()]


def spoken_offline(text: str, kind: str, language: str = "") -> bytes:
    """Return a sound file's content, ``kind`` "mp3" or "wav", by the voice on this computer.

    ``language`` is that of the text, as in `Speaker.save`. Raises SpeechError.
    """
    return _synthesize(text, kind, offline=True, voice_language=None, language=language)


def spoken_online(sentence: str, kind: str, language: ChosenLanguage) -> bytes:
    """The same by Google's voice, or offline if that fails. Raises SpeechError."""
    return _synthesize(
        sentence, kind, offline=False, voice_language=language.voice, language=language.code
    )


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
