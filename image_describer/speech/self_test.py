"""Checks of voices and players for ``image-describer doctor``.

Everything is tried rather than looked up: the voice makes a sound, the output is opened. No text of
the user is used, and nothing is audible.
"""

import time
from dataclasses import dataclass

from image_describer.errors import SpeechError
from image_describer.i18n import N_, _
from image_describer.speech.audio.output import check_output
from image_describer.speech.audio.players import Playsound3Player
from image_describer.speech.voices import espeak_ng, google_client
from image_describer.speech.voices.base import DEFAULT_RATE_WPM
from image_describer.speech.voices.espeak import EspeakVoice
from image_describer.speech.voices.screen_reader import ScreenReaderVoice
from image_describer.text import number

TEST_TEXT = N_("Ready.")
NETWORK_LIMIT_S = 3.0
OFFLINE_VOICE_SUFFICES = N_(
    "Nothing to do: the offline voice speaks. Google's voice needs a network."
)


@dataclass(frozen=True)
class CheckResult:
    """``sentence`` states the result, ``way_out`` what to do if it does not work.

    ``works`` is None if it was not tried. ``needed`` is False for optional parts.
    """

    name: str  # in English: translated where it is said
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


def check_screen_reader(voice: ScreenReaderVoice | None = None) -> CheckResult:
    """Name the screen reader that runs; none is needed."""
    name = N_("screen reader")
    reader = (voice or ScreenReaderVoice()).look()
    if reader is None:
        return CheckResult(name, None, _("None runs."), needed=False)
    return CheckResult(name, True, _("{name} runs.").format(name=reader.name), needed=False)


def _check_espeak() -> CheckResult:
    name = N_("voice espeak")
    try:
        clip = EspeakVoice().record(_(TEST_TEXT), DEFAULT_RATE_WPM)
        version = espeak_ng.version()
    except SpeechError as error:
        return CheckResult(name, False, error.sentence, error.way_out)
    if not any(clip.pcm):
        return CheckResult(
            name, False, _("espeak-ng produces only silence."), _(espeak_ng.REINSTALL)
        )
    return CheckResult(
        name, True, _("espeak-ng {version} speaks, offline.").format(version=version)
    )


def check_network(
    address: str | None = None, limit_s: float = NETWORK_LIMIT_S, offline: bool = False
) -> CheckResult:
    """Check whether Google's voice can be reached, without sending a text."""
    name = N_("voice gtts")
    if offline:
        return CheckResult(name, None, _("You chose to stay offline."), needed=False)
    try:
        seconds = google_client.measure_response_time(
            address or google_client.service_address(), limit_s
        )
    except SpeechError as error:
        return CheckResult(name, False, error.sentence, _(OFFLINE_VOICE_SUFFICES), needed=False)
    sentence = _("Google's voice can be reached ({seconds} s).").format(seconds=number(seconds, 1))
    return CheckResult(name, True, sentence, needed=False)


def _check_output() -> CheckResult:
    start = time.monotonic()
    try:
        backend = check_output()
    except SpeechError as error:
        return CheckResult(N_("sound output"), False, error.sentence, error.way_out)
    ms = (time.monotonic() - start) * 1000
    return CheckResult(
        N_("sound output"),
        True,
        _("miniaudio opens {backend} in {ms} ms.").format(backend=backend, ms=number(ms, 0)),
    )


def _check_playsound3() -> CheckResult:
    player = Playsound3Player().available()
    return CheckResult("playsound3", player.works, player.reason, player.way_out, needed=False)
