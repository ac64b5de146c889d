"""Checks of voices and players for ``image-describer doctor``.

Everything is tried rather than looked up: the voice makes a sound, the output is opened. No text of
the user is used, and nothing is audible.
"""

import time
from dataclasses import dataclass

from image_describer.errors import SpeechError
from image_describer.speech.audio.output import check_output
from image_describer.speech.audio.players import Playsound3Player
from image_describer.speech.voices import espeak_ng, google_client
from image_describer.speech.voices.base import DEFAULT_RATE_WPM
from image_describer.speech.voices.espeak import EspeakVoice

TEST_TEXT = "Ready."
NETWORK_LIMIT_S = 3.0
OFFLINE_VOICE_SUFFICES = "Nothing to do: the offline voice speaks. Google's voice needs a network."


@dataclass(frozen=True)
class CheckResult:
    """``sentence`` states the result, ``way_out`` what to do if it does not work.

    ``works`` is None if it was not tried. ``needed`` is False for optional parts.
    """

    name: str
    works: bool | None
    sentence: str
    way_out: str = ""
    needed: bool = True


def check_voices(offline: bool = False) -> list[CheckResult]:
    """Check the offline voice, then Google's, which is not tried if ``offline``."""
    return [_check_espeak(), check_network(offline=offline)]


def check_players() -> list[CheckResult]:
    """Check the sound output, which is needed, and playsound3, which is optional."""
    return [_check_output(), _check_playsound3()]


def _check_espeak() -> CheckResult:
    name = "voice espeak"
    try:
        clip = EspeakVoice().record(TEST_TEXT, DEFAULT_RATE_WPM)
        version = espeak_ng.version()
    except SpeechError as error:
        return CheckResult(name, False, error.sentence, error.way_out)
    if not any(clip.pcm):
        return CheckResult(name, False, "espeak-ng produces only silence.", espeak_ng.REINSTALL)
    return CheckResult(name, True, f"espeak-ng {version} speaks, offline.")


def check_network(
    address: str | None = None, limit_s: float = NETWORK_LIMIT_S, offline: bool = False
) -> CheckResult:
    """Check whether Google's voice can be reached, without sending a text."""
    name = "voice gtts"
    if offline:
        return CheckResult(name, None, "You chose to stay offline.", needed=False)
    try:
        seconds = google_client.measure_response_time(
            address or google_client.service_address(), limit_s
        )
    except SpeechError as error:
        return CheckResult(name, False, error.sentence, OFFLINE_VOICE_SUFFICES, needed=False)
    sentence = f"Google's voice can be reached ({seconds:.1f} s)."
    return CheckResult(name, True, sentence, needed=False)


def _check_output() -> CheckResult:
    start = time.monotonic()
    try:
        backend = check_output()
    except SpeechError as error:
        return CheckResult("sound output", False, error.sentence, error.way_out)
    ms = (time.monotonic() - start) * 1000
    return CheckResult("sound output", True, f"miniaudio opens {backend} in {ms:.0f} ms.")


def _check_playsound3() -> CheckResult:
    player = Playsound3Player().available()
    return CheckResult("playsound3", player.works, player.reason, player.way_out, needed=False)
