"""What the doctor is told about voices and players."""

import sys
import time

import pytest

from image_describer.errors import SpeechError
from image_describer.speech import self_test
from image_describer.speech.voices import espeak_ng, google_client
from tests.support.gtts_service import black_hole, closed_port, service


def test_the_offline_voice_is_tried_by_its_sound() -> None:
    report = self_test.check_voices(offline=True)[0]
    assert report.name == "voice espeak"
    assert report.works
    assert report.needed
    assert report.sentence.startswith("espeak-ng 1.")


def test_a_broken_offline_voice_is_reported_with_its_way_out(monkeypatch) -> None:
    def broken(*_: object) -> None:
        raise SpeechError("The voice has no data.", "Install it again.")

    monkeypatch.setattr(espeak_ng, "synthesize", broken)
    report = self_test.check_voices(offline=True)[0]
    assert (report.works, report.sentence) == (False, "The voice has no data.")
    assert report.way_out == "Install it again."


def test_a_mute_offline_voice_does_not_pass(monkeypatch) -> None:
    monkeypatch.setattr(espeak_ng, "synthesize", lambda *_: (bytes(2000), 22050))
    assert not self_test.check_voices(offline=True)[0].works


def test_the_network_is_reached_without_a_text(monkeypatch) -> None:
    with service() as stand_in:
        monkeypatch.setenv(google_client.ADDRESS_VARIABLE, stand_in.address)
        report = self_test.check_voices()[1]
        assert (stand_in.heads, stand_in.bodies) == (1, [])
    assert (report.name, report.works, report.needed) == ("voice gtts", True, False)


@pytest.mark.parametrize("nobody", [closed_port, black_hole])
def test_no_network_is_noticed_in_time(nobody) -> None:
    with nobody() as address:
        began = time.monotonic()
        report = self_test.check_network(address, limit_s=0.5)
        assert time.monotonic() - began < 10  # what hangs takes minutes
    assert not report.works
    assert address in report.sentence
    assert "offline voice" in report.way_out


def test_offline_asks_nobody() -> None:
    with service() as stand_in:
        report = self_test.check_network(stand_in.address, offline=True)
        assert stand_in.heads == 0
    assert not report.works


@pytest.mark.sound
def test_a_sound_output_is_opened(null_sink) -> None:
    report = self_test.check_players()[0]
    assert (report.name, report.works) == ("sound output", True)
    assert "PulseAudio" in report.sentence


@pytest.mark.skipif(sys.platform != "linux", reason="takes the card away as on Linux")
def test_a_missing_sound_card_has_a_way_out(no_sound_card) -> None:
    report = self_test.check_players()[0]
    assert not report.works
    assert report.needed
    assert report.way_out


def test_playsound3_without_a_program_is_no_fault(monkeypatch) -> None:
    import playsound3

    monkeypatch.setattr(playsound3, "DEFAULT_BACKEND", None)
    report = self_test.check_players()[1]
    assert (report.name, report.works, report.needed) == ("playsound3", False, False)
    assert "miniaudio plays instead" in report.way_out
