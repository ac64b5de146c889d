"""The voice espeak: espeak-ng in this process. It is offline and starts within milliseconds."""

import re
from array import array
from collections.abc import Iterator

from image_describer.errors import SpeechError
from image_describer.speech.audio.clip import AudioClip
from image_describer.speech.audio.playback import Playback
from image_describer.speech.audio.players import MiniaudioPlayer
from image_describer.speech.availability import Availability
from image_describer.speech.languages import DEFAULT_LANGUAGE, SpokenLanguage
from image_describer.speech.voices import espeak_ng
from image_describer.speech.voices.base import (
    DEFAULT_VOLUME,
    clamp_rate,
    clamp_volume,
    speakable,
)

SILENCE_PEAK = 10  # of 32767; espeak-ng's silence is digital
CHUNK_CHARS = 400  # takes about 20 ms; other threads can speak between two chunks of a long text


class EspeakVoice:
    """espeak-ng, played by miniaudio."""

    name = "espeak"
    online = False

    def __init__(self, player: MiniaudioPlayer | None = None) -> None:
        self.player = player or MiniaudioPlayer()

    def available(self) -> Availability:
        try:
            espeak_ng.version()
        except SpeechError as error:
            return Availability(False, error.sentence, error.way_out)
        return Availability(True)

    def speak(
        self,
        text: str,
        rate: int,
        volume: int = DEFAULT_VOLUME,
        language: SpokenLanguage = DEFAULT_LANGUAGE,
    ) -> Playback:
        rate, volume = clamp_rate(rate), clamp_volume(volume)
        chunks = split_text(speakable(text))
        first, rate_hz = espeak_ng.synthesize(chunks[0], rate, volume, language.language)

        def samples() -> Iterator[bytes]:
            yield trim_leading_silence(first)
            for chunk in chunks[1:]:
                yield espeak_ng.synthesize(chunk, rate, volume, language.language)[0]

        return self.player.play_chunks(samples(), rate_hz)

    def record(
        self,
        text: str,
        rate: int,
        volume: int = DEFAULT_VOLUME,
        language: SpokenLanguage = DEFAULT_LANGUAGE,
    ) -> AudioClip:
        rate, volume = clamp_rate(rate), clamp_volume(volume)
        spoken = [
            espeak_ng.synthesize(chunk, rate, volume, language.language)
            for chunk in split_text(speakable(text))
        ]
        return AudioClip(b"".join(pcm for pcm, _ in spoken), spoken[0][1])


def trim_leading_silence(pcm: bytes) -> bytes:
    """Remove leading silence: espeak-ng puts up to 50 ms of it before a "c"."""
    samples = array("h", pcm)
    start = next((i for i, sample in enumerate(samples) if abs(sample) > SILENCE_PEAK), 0)
    return pcm[2 * start :]


def split_text(text: str) -> list[str]:
    """Split ``text`` after sentences, else at spaces, else anywhere, into at most CHUNK_CHARS each.

    Returns at least one chunk; an empty text gives [""].
    """
    chunks: list[str] = [""]
    for sentence in re.split(r"(?<=[.!?;:])\s+", text):
        for part in _split_sentence(sentence):
            joined = f"{chunks[-1]} {part}".strip()
            if len(joined) <= CHUNK_CHARS:
                chunks[-1] = joined
            else:
                chunks.append(part)
    return chunks


def _split_sentence(sentence: str) -> Iterator[str]:
    while len(sentence) > CHUNK_CHARS:
        space = sentence.rfind(" ", 1, CHUNK_CHARS)
        end = space if space > 0 else CHUNK_CHARS
        yield sentence[:end]
        sentence = sentence[end:].lstrip()
    yield sentence
