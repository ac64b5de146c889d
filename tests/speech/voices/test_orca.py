"""Orca's service, on a bus of the test's own."""

import time
from pathlib import Path

import pytest

from image_describer.errors import SpeechError
from image_describer.speech import Speaker
from image_describer.speech.self_test import check_screen_reader
from image_describer.speech.voices import orca
from image_describer.speech.voices.orca import Orca
from image_describer.speech.voices.screen_reader import ScreenReaderVoice
from image_describer.speech.voices.session_bus import SessionBus
from image_describer.speech.voices.silent import SilentVoice
from tests.support import orca_service
from tests.support.orca_service import INTERRUPT, lines
from tests.support.screen import wait_for
from tests.support.session_bus import StartService

SERVICE = Path(orca_service.__file__)
LONG = "A brown dog runs through the grass. " * 20


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "orca.txt"


@pytest.fixture
def reader() -> Orca:
    return Orca(SessionBus())


def texts(log: Path) -> list[str]:
    return [text for _at, text in lines(log)]


@pytest.mark.parametrize("version", ["49", "50"])
def test_orca_speaks_and_is_silenced(
    session_bus: StartService, log: Path, reader: Orca, version: str
) -> None:
    assert not reader.running()
    session_bus(SERVICE, log, version)
    assert reader.running()
    begun = time.monotonic()
    playback = reader.speak("Ein Hund: „Wuff“.", "de")
    assert playback.wait(0) is False
    assert playback.wait()
    assert 0.2 < time.monotonic() - begun < 0.8  # at its fastest rate
    long = reader.speak(LONG, "en")
    long.stop()
    assert long.wait(0)
    wait_for(lambda: INTERRUPT in texts(log), 5, "the interruption")
    assert texts(log) == ["Ein Hund: „Wuff“.", LONG.strip() + " ", INTERRUPT]


def test_what_ended_long_ago_is_not_silenced(
    session_bus: StartService, log: Path, reader: Orca, monkeypatch: pytest.MonkeyPatch
) -> None:
    session_bus(SERVICE, log, "50")
    monkeypatch.setattr("image_describer.speech.voices.reader.TAIL_S", 0.0)
    playback = reader.speak("a", "en")
    time.sleep(0.6)
    playback.stop()
    reader.speak("b", "en")
    assert texts(log) == ["a", "b"]


def test_orca_that_hangs_does_not_speak_twice(
    session_bus: StartService, log: Path, reader: Orca, monkeypatch: pytest.MonkeyPatch
) -> None:
    session_bus(SERVICE, log, "49-hangs")
    monkeypatch.setattr(orca, "ANSWER_LIMIT_S", 0.2)
    with pytest.raises(SpeechError, match="Orca can't be reached"):
        reader.speak("a dog", "en")
    wait_for(lambda: texts(log) == ["a dog", INTERRUPT], 5, "the interruption")


def test_orca_that_refuses(session_bus: StartService, log: Path, reader: Orca) -> None:
    session_bus(SERVICE, log, "49-refuses")
    with pytest.raises(SpeechError, match="can't be reached"):
        reader.speak("a dog", "en")


def test_without_a_bus(reader: Orca, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS", raising=False)
    assert not reader.running()
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", f"unix:path={tmp_path}/nobody")
    assert not reader.running()
    with pytest.raises(SpeechError, match="can't be reached"):
        reader.speak("a dog", "en")


def test_each_text_has_one_voice(session_bus: StartService, log: Path, reader: Orca) -> None:
    service = session_bus(SERVICE, log, "50")
    own = SilentVoice(name="espeak")
    with Speaker([ScreenReaderVoice([reader]), own], voice="auto") as speaker:
        assert speaker.say("one", kind="phrase").wait(5)
        assert (speaker.reader, speaker.find_reader()) == ("Orca", "Orca")
        speaker.voice = "own"
        assert speaker.say("two", kind="phrase").wait(5)
        assert (speaker.reader, speaker.find_reader()) == ("", "Orca")
        speaker.voice = "screen_reader"
        service.kill()
        service.wait()
        # Orca was still there a moment ago: the text is not lost.
        lost = speaker.say("three", kind="phrase")
        assert lost.wait(5)
        assert (lost.voice, lost.error) == ("espeak", None)
        assert (speaker.reader, speaker.find_reader()) == ("", "")
    assert [text for text in texts(log) if text != INTERRUPT] == ["one"]
    assert [text for text, _rate in own.spoken] == ["two", "three"]


def test_a_key_silences_orca_after_the_estimated_end(
    session_bus: StartService, log: Path, reader: Orca
) -> None:
    session_bus(SERVICE, log, "50")
    with Speaker([ScreenReaderVoice([reader])], voice="auto") as speaker:
        assert speaker.say("one", kind="phrase").wait(5)
        speaker.stop()
        assert speaker.say("two", kind="phrase").wait(5)
    assert texts(log)[:3] == ["one", INTERRUPT, "two"]


def test_the_self_test_names_the_reader_that_runs(session_bus: StartService, log: Path) -> None:
    assert check_screen_reader().works is None
    session_bus(SERVICE, log, "50")
    result = check_screen_reader()
    assert (result.works, result.sentence, result.needed) == (True, "Orca runs.", False)
