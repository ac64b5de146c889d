"""Machines on which nothing can be heard: each answer is quick, a sentence, and all of it."""

import subprocess
import sys
import threading
import time

import pytest

from image_describer.errors import NoOutputError, SpeechError
from image_describer.speech import make_speaker
from image_describer.speech.audio import mixer, output, players
from image_describer.speech.audio.output import check_output, open_output
from image_describer.speech.audio.players import MiniaudioPlayer, Playsound3Player
from tests.support.screen import LIMIT_S, wait_for


@pytest.fixture(autouse=True)
def _no_open_output():
    yield
    mixer.close_outputs()


linux_only = pytest.mark.skipif(sys.platform != "linux", reason="takes the card away as on Linux")


@linux_only
def test_no_sound_card_is_said_at_once(no_sound_card, tmp_path) -> None:
    with make_speaker(offline=True, cache_folder=tmp_path) as speaker:
        began = time.monotonic()
        utterance = speaker.say("a dog")
        assert utterance.wait(60)
        assert time.monotonic() - began < 15  # nothing waits for a card
    assert utterance.voice == "silent"
    assert utterance.error is not None
    assert utterance.error.startswith("This machine has no sound output")
    assert "Connect loudspeakers" in utterance.error


@linux_only
def test_libraries_write_nothing_where_there_is_no_card(no_sound_card) -> None:
    code = (
        "from image_describer.speech import make_speaker\n"
        "speaker = make_speaker(offline=True)\n"
        "utterance = speaker.say('a dog', kind='phrase')\n"
        "assert utterance.wait(60); print(utterance.error); speaker.close()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stderr == ""
    # The second is what a machine hears that takes long to find out.
    assert done.stdout.startswith(
        ("This machine has no sound output", "The sound system of this machine does not answer")
    )


@linux_only
def test_a_player_without_a_card_says_so(no_sound_card) -> None:
    available = MiniaudioPlayer().available()
    assert not available
    assert available.way_out
    with pytest.raises(NoOutputError):
        check_output()


def test_a_sound_system_that_never_answers_is_given_up(monkeypatch) -> None:
    monkeypatch.setattr(output, "OPEN_TIME_LIMIT_S", 0.2)
    monkeypatch.setattr(output, "OutputDevice", SleepingDevice)
    for _ in range(2):  # the first attempt still hangs while the second one is made
        with pytest.raises(NoOutputError, match="does not answer"):
            open_output(22050)
    SleepingDevice.let.set()
    wait_for(lambda: SleepingDevice.closed, LIMIT_S, "the first one to be closed")
    time.sleep(0.2)
    assert SleepingDevice.closed == 1


class SleepingDevice:
    """One that answers only once both attempts have been given up."""

    closed = 0
    let = threading.Event()

    def __init__(self, rate_hz: int) -> None:
        self.let.wait()

    def close(self) -> None:
        SleepingDevice.closed += 1


def test_without_miniaudio_there_is_a_sentence(monkeypatch) -> None:
    output._miniaudio.cache_clear()
    monkeypatch.setitem(sys.modules, "miniaudio", None)
    with pytest.raises(NoOutputError, match="does not load"):
        check_output()


def test_without_playsound3_there_is_a_reason(monkeypatch) -> None:
    players._playsound3.cache_clear()
    monkeypatch.setitem(sys.modules, "playsound3", None)
    try:
        player = Playsound3Player()
        assert player.available().reason == "playsound3 does not load."
        with pytest.raises(SpeechError):
            player.play(players.Audio(b"", 22050))
    finally:
        players._playsound3.cache_clear()


def test_importing_speech_loads_no_sound_and_no_network() -> None:
    code = (
        "import sys, image_describer.speech\n"
        "heavy = {'miniaudio', 'playsound3', 'requests', 'gtts', 'lameenc', 'espeakng_loader',"
        " 'numpy'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
