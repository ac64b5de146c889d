"""The voice of the commands that speak: their options, and a speaker set up as in the window."""

import argparse
from typing import TYPE_CHECKING

from image_describer.cli.console import print_error
from image_describer.i18n import _

if TYPE_CHECKING:
    from image_describer.speech import Speaker, Utterance


def add_voice(parser: argparse.ArgumentParser) -> None:
    """``--offline`` and ``--online``: which voice speaks."""
    voice = parser.add_mutually_exclusive_group()
    voice.add_argument(
        "--offline",
        action="store_true",
        help=_("speak with the voice on this computer, whatever the settings say"),
    )
    voice.add_argument(
        "--online",
        action="store_true",
        help=_("let Google's voice speak this time, whatever the settings say"),
    )


def make_speaker(options: argparse.Namespace) -> "Speaker":
    """Return a speaker set up as in the window."""
    from image_describer.settings import SettingsFile
    from image_describer.speech import make_speaker
    from image_describer.speech.audio.mixer import set_lead_in

    file = SettingsFile()
    settings = file.load()
    if file.warning:
        print_error(file.warning)
    # Nobody who has not been asked yet has agreed to send anything.
    online = options.online or (settings.online is True and not options.offline)
    set_lead_in(settings.lead_in / 1000)
    return make_speaker(
        offline=not online,
        rate=settings.rate,
        volume=settings.volume,
        language=settings.language,
        voice="own" if options.online else settings.voice,
    )


def say_next(
    speaker: "Speaker", text: str, *, private: bool = False, language: str = ""
) -> "Utterance":
    """Speak ``text`` after what is being spoken; ``private``: never with an online voice.

    ``language`` is as in `Speaker.say`.
    """
    return speaker.say(
        text,
        kind="phrase" if private else "description",
        private=private,
        interrupt=False,
        language=language,
        allow_duplicate=True,  # two pictures that look alike are two pictures
    )
