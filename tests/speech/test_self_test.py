"""The checks of voices and players for ``image-describer doctor``."""

import sys

import pytest

from image_describer.errors import SpeechError
from image_describer.speech import self_test
from image_describer.speech.voices import espeak_ng, google_client
from tests.support.gtts_service import black_hole, closed_port, service


def test_the_offline_voice_is_checked_by_its_sound() -> None:
    result = self_test.check_voices(offline=True)[0]
    assert result.name == "voice espeak"
    assert result.works
    assert result.needed
    assert result.sentence.startswith("espeak-ng 1.")


def test_a_broken_offline_voice_has_a_way_out(monkeypatch) -> None:
    def broken(*_: object) -> None:
        raise SpeechError("The voice has no data.", "Install it again.")

    monkeypatch.setattr(espeak_ng, "synthesize", broken)
    result = self_test.check_voices(offline=True)[0]
    assert (result.works, result.sentence) == (False, "The voice has no data.")
    assert result.way_out == "Install it again."


def test_a_silent_offline_voice_fails(monkeypatch) -> None:
    monkeypatch.setattr(espeak_ng, "synthesize", lambda *_: (bytes(2000), 22050))
    assert not self_test.check_voices(offline=True)[0].works


def test_the_network_check_sends_no_text(monkeypatch) -> None:
    with service() as server:
        monkeypatch.setenv(google_client.ADDRESS_VARIABLE, server.address)
        result = self_test.check_voices()[1]
        assert (server.heads, server.bodies) == (1, [])
    assert (result.name, result.works, result.needed) == ("voice gtts", True, False)


@pytest.mark.parametrize("unreachable", [closed_port, black_hole])
def test_an_unreachable_service_is_reported(unreachable) -> None:
    with unreachable() as address:
        result = self_test.check_network(address, limit_s=0.3)
    assert result.works is False
    assert address in result.sentence
    assert "offline voice" in result.way_out


def test_offline_makes_no_request() -> None:
    with service() as server:
        result = self_test.check_network(server.address, offline=True)
        assert server.heads == 0
    assert not result.works


@pytest.mark.sound
def test_a_sound_output_is_opened(null_sink) -> None:
    result = self_test.check_players()[0]
    assert (result.name, result.works) == ("sound output", True)
    assert "PulseAudio" in result.sentence


@pytest.mark.skipif(sys.platform != "linux", reason="hides the sound card as on Linux")
def test_a_missing_sound_card_has_a_way_out(no_sound_card) -> None:
    result = self_test.check_players()[0]
    assert not result.works
    assert result.needed
    assert result.way_out


def test_playsound3_without_a_program_is_optional(monkeypatch) -> None:
    import playsound3

    monkeypatch.setattr(playsound3, "DEFAULT_BACKEND", None)
    result = self_test.check_players()[1]
    assert (result.name, result.works, result.needed) == ("playsound3", False, False)
    assert "miniaudio plays instead" in result.way_out
