"""What ``image-describer doctor`` asks: does each voice and each player work here, and if not, why.

Everything is tried, not looked up: the voice makes a sound, the output is opened. No text of the
user's is used, and nothing is heard.
"""

import time
from dataclasses import dataclass

from image_describer.errors import SpeechError
from image_describer.speech.audio.output import check_output
from image_describer.speech.audio.players import Playsound3Player
from image_describer.speech.voices import espeak_ng, google_client
from image_describer.speech.voices.espeak import EspeakVoice

PROBE_TEXT = "Ready."
NETWORK_LIMIT_S = 3.0
OFFLINE_REMARK = "Nothing to do: the offline voice speaks. Google's voice needs a network."


@dataclass(frozen=True)
class Report:
    """``sentence`` says how it is, ``way_out`` what to do where it does not work.

    ``needed`` is False for what the program can do without.
    """

    name: str
    works: bool
    sentence: str
    way_out: str = ""
    needed: bool = True


def voice_reports(offline: bool = False) -> list[Report]:
    """The offline voice, then Google's (left out of the network with ``offline``)."""
    return [_espeak_report(), network_report(offline=offline)]


def player_reports() -> list[Report]:
    """The sound output, which is needed, and playsound3, which is not."""
    return [_output_report(), _playsound3_report()]


def _espeak_report() -> Report:
    try:
        audio = EspeakVoice().record(PROBE_TEXT, 175)
        version = espeak_ng.version()
    except SpeechError as error:
        return Report("voice espeak", False, error.sentence, error.way_out)
    if not any(audio.pcm):
        return Report("voice espeak", False, "espeak-ng makes silence.", espeak_ng.WAY_OUT)
    return Report("voice espeak", True, f"espeak-ng {version} speaks, offline.")


def network_report(
    address: str | None = None, limit_s: float = NETWORK_LIMIT_S, offline: bool = False
) -> Report:
    """Whether Google's voice can be reached. Asks for nothing to be spoken."""
    name = "voice gtts"
    if offline:
        return Report(name, False, "Not tried: offline was chosen.", OFFLINE_REMARK, needed=False)
    try:
        took = google_client.reach(address or google_client.service_address(), limit_s)
    except SpeechError as error:
        return Report(name, False, error.sentence, OFFLINE_REMARK, needed=False)
    return Report(name, True, f"Google's voice can be reached ({took:.1f} s).", needed=False)


def _output_report() -> Report:
    began = time.monotonic()
    try:
        backend = check_output()
    except SpeechError as error:
        return Report("sound output", False, error.sentence, error.way_out)
    took_ms = (time.monotonic() - began) * 1000
    return Report("sound output", True, f"miniaudio opens {backend} in {took_ms:.0f} ms.")


def _playsound3_report() -> Report:
    available = Playsound3Player().available()
    return Report("playsound3", available.works, available.reason, available.way_out, needed=False)
