"""Speech: ``make_speaker().say("a brown dog runs through the grass")``, and it never raises.

Importing this loads no sound library, no network code and no gTTS.
"""

import logging

from image_describer.speech.languages import choices as language_choices
from image_describer.speech.speaker import VOICE_ORDER, Speaker, make_speaker
from image_describer.speech.utterance import Kind, Utterance
from image_describer.speech.voices.base import (
    FASTEST_WPM,
    SLOWEST_WPM,
    USUAL_VOLUME,
    USUAL_WPM,
    Playback,
    Voice,
)

# Without a handler Python prints warnings on stderr; whoever wants them adds a handler.
logging.getLogger(__name__).addHandler(logging.NullHandler())

__all__ = [
    "FASTEST_WPM",
    "SLOWEST_WPM",
    "USUAL_VOLUME",
    "USUAL_WPM",
    "VOICE_ORDER",
    "Kind",
    "Playback",
    "Speaker",
    "Utterance",
    "Voice",
    "language_choices",
    "make_speaker",
]
