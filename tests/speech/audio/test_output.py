"""The sound output on machines without one, and with a sound system that hangs."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from image_describer.errors import NoOutputError
from image_describer.speech import make_speaker
from image_describer.speech.audio import mixer, output
from image_describer.speech.audio.output import check_output, open_output
from image_describer.speech.audio.players import MiniaudioPlayer
from tests.support.screen import LIMIT_S, wait_for

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="hides the sound card as on Linux")


@pytest.fixture(autouse=True)
def _close_outputs():
    yield
    mixer.close_outputs()


@linux_only
def test_without_a_sound_card_the_utterance_says_so(no_sound_card, tmp_path: Path) -> None:
    with make_speaker(offline=True, cache_folder=tmp_path) as speaker:
        speaker.earcon("tick")
        utterance = speaker.say("a dog")
        assert utterance.wait(LIMIT_S)
    assert utterance.voice == "silent"
    assert utterance.error is not None
    assert utterance.error.startswith("This machine has no sound output")
    assert "Connect loudspeakers" in utterance.error


@linux_only
def test_libraries_print_nothing_without_a_sound_card(no_sound_card) -> None:
    code = (
        "from image_describer.speech import make_speaker\n"
        "speaker = make_speaker(offline=True)\n"
        "utterance = speaker.say('a dog', kind='phrase')\n"
        "assert utterance.wait(60); print(utterance.error); speaker.close()\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert run.stderr == ""
    # A busy machine may exceed the time limit.
    assert run.stdout.startswith(
        ("This machine has no sound output", "The sound system of this machine does not answer")
    )


@linux_only
def test_the_player_is_unavailable_without_a_sound_card(no_sound_card) -> None:
    available = MiniaudioPlayer().available()
    assert not available
    assert available.way_out
    with pytest.raises(NoOutputError):
        check_output()


def test_a_hanging_sound_system_is_given_up(monkeypatch) -> None:
    monkeypatch.setattr(output, "OPEN_TIME_LIMIT_S", 0.1)
    monkeypatch.setattr(output, "OutputDevice", HangingDevice)
    for _ in range(2):  # the first attempt still hangs during the second
        with pytest.raises(NoOutputError, match="does not answer"):
            open_output(22050)
    HangingDevice.release.set()
    wait_for(lambda: HangingDevice.closed, LIMIT_S, "the late device to be closed")
    assert HangingDevice.opened == 1


class HangingDevice:
    """Opens only after both attempts have been given up."""

    opened = closed = 0
    release = threading.Event()

    def __init__(self, rate_hz: int) -> None:
        HangingDevice.opened += 1
        self.release.wait()

    def close(self) -> None:
        HangingDevice.closed += 1


def test_without_miniaudio_there_is_a_sentence(monkeypatch) -> None:
    output._miniaudio.cache_clear()
    monkeypatch.setitem(sys.modules, "miniaudio", None)
    with pytest.raises(NoOutputError, match="can't be loaded"):
        check_output()


@pytest.mark.sound
def test_closed_outputs_release_their_connections(null_sink) -> None:
    for _ in range(70):  # PulseAudio accepts 64 connections
        assert check_output() == "PulseAudio"
