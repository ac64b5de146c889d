"""Speech: ``make_speaker().say("a brown dog runs through the grass")``, which never raises.

Importing this package and making a speaker load no sound library, no network code and no gTTS.
"""

import logging

from image_describer.speech.speaker import Speaker, make_speaker
from image_describer.speech.utterance import Utterance, UtteranceKind
from image_describer.speech.voices.base import (
    DEFAULT_RATE_WPM,
    DEFAULT_VOLUME,
    MAX_RATE_WPM,
    MIN_RATE_WPM,
    Voice,
)

# Without a handler Python prints warnings on stderr; applications add their own.
logging.getLogger(__name__).addHandler(logging.NullHandler())

__all__ = [
    "DEFAULT_RATE_WPM",
    "DEFAULT_VOLUME",
    "MAX_RATE_WPM",
    "MIN_RATE_WPM",
    "Speaker",
    "Utterance",
    "UtteranceKind",
    "Voice",
    "make_speaker",
]
