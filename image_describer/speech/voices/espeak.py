"""The voice espeak: espeak-ng in this process. Offline, and a phrase starts within milliseconds."""

import re
from array import array
from collections.abc import Iterator

from image_describer.errors import SpeechError
from image_describer.speech.audio.players import MiniaudioPlayer
from image_describer.speech.languages import USUAL as USUAL_LANGUAGE
from image_describer.speech.languages import SpokenLanguage
from image_describer.speech.voices import espeak_ng
from image_describer.speech.voices.base import (
    USUAL_VOLUME,
    Audio,
    Availability,
    Playback,
    clamp_rate,
    clamp_volume,
    speakable,
)

SILENT = 10  # of 32767; espeak-ng's own silence is digital
PIECE_CHARS = 400  # some 20 ms of work; others can speak between two pieces of a long text


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
        volume: int = USUAL_VOLUME,
        language: SpokenLanguage = USUAL_LANGUAGE,
    ) -> Playback:
        rate, volume = clamp_rate(rate), clamp_volume(volume)
        parts = pieces(speakable(text))
        first, rate_hz = espeak_ng.synthesize(parts[0], rate, volume)

        def chunks() -> Iterator[bytes]:
            yield without_lead(first)
            for part in parts[1:]:
                yield espeak_ng.synthesize(part, rate, volume)[0]

        return self.player.play_chunks(chunks(), rate_hz)

    def record(
        self,
        text: str,
        rate: int,
        volume: int = USUAL_VOLUME,
        language: SpokenLanguage = USUAL_LANGUAGE,
    ) -> Audio:
        rate, volume = clamp_rate(rate), clamp_volume(volume)
        made = [espeak_ng.synthesize(part, rate, volume) for part in pieces(speakable(text))]
        return Audio(b"".join(pcm for pcm, _ in made), made[0][1])


def without_lead(pcm: bytes) -> bytes:
    """``pcm`` from its first sound on: espeak-ng puts up to 50 ms of silence before a "c"."""
    lead = next((i for i, sample in enumerate(array("h", pcm)) if abs(sample) > SILENT), 0)
    return pcm[2 * lead :]


def pieces(text: str) -> list[str]:
    """``text`` cut behind its sentences, else at spaces, else anywhere, into PIECE_CHARS at most.

    Always at least one piece; an empty text gives [""].
    """
    cut: list[str] = [""]
    for sentence in re.split(r"(?<=[.!?;:])\s+", text):
        for part in _short_parts(sentence):
            joined = f"{cut[-1]} {part}".strip()
            if len(joined) <= PIECE_CHARS:
                cut[-1] = joined
            else:
                cut.append(part)
    return cut


def _short_parts(sentence: str) -> Iterator[str]:
    while len(sentence) > PIECE_CHARS:
        space = sentence.rfind(" ", 1, PIECE_CHARS)
        end = space if space > 0 else PIECE_CHARS
        yield sentence[:end]
        sentence = sentence[end:].lstrip()
    yield sentence
