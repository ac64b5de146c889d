"""Players: miniaudio, and playsound3 with programs that work, fail or hang."""

import dataclasses
import sys
from pathlib import Path

import pytest

from image_describer.errors import SpeechError
from image_describer.speech import make_speaker
from image_describer.speech.audio import files, mixer, players
from image_describer.speech.audio.clip import AudioClip
from image_describer.speech.audio.players import Playsound3Player
from image_describer.speech.voices import google
from image_describer.speech.voices.espeak import EspeakVoice
from tests.support.gtts_service import TONE_S, service
from tests.support.screen import LIMIT_S, assert_near
from tests.support.sound import NullSink

CAPTION = "A brown dog."


@pytest.fixture(autouse=True)
def _close_outputs():
    google._pauses.clear()
    yield
    mixer.close_outputs()


@pytest.fixture
def clip(tmp_path: Path) -> AudioClip:
    """A spoken caption, also in a file."""
    clip = EspeakVoice().record(CAPTION, 175)
    file = tmp_path / "caption.wav"
    files.write(clip, file)
    return AudioClip(clip.pcm, clip.rate_hz, file=file)


def use_program(monkeypatch, command: list[str]) -> list[str]:
    """Let playsound3 play with ``command``; returns the growing list of files it is given."""
    import playsound3
    from playsound3 import playsound3 as inner

    played: list[str] = []

    class Program(inner.SoundBackend):
        def check(self) -> bool:
            return True

        def play(self, sound: str):
            played.append(sound)
            return inner.run_as_subprocess([*command, sound])

    monkeypatch.setitem(inner._BACKEND_MAP, "program", Program())
    monkeypatch.setattr(inner, "DEFAULT_BACKEND", "program")
    monkeypatch.setattr(playsound3, "DEFAULT_BACKEND", "program")
    return played


def test_without_playsound3_there_is_a_reason(monkeypatch) -> None:
    players._playsound3.cache_clear()
    monkeypatch.setitem(sys.modules, "playsound3", None)
    try:
        player = Playsound3Player()
        assert player.available().reason == "playsound3 can't be loaded."
        with pytest.raises(SpeechError):
            player.play(AudioClip(b"", 22050))
    finally:
        players._playsound3.cache_clear()


def test_playsound3_plays_only_files(monkeypatch) -> None:
    use_program(monkeypatch, ["true"])
    with pytest.raises(SpeechError, match="only files"):
        Playsound3Player().play(AudioClip(b"", 22050))


@pytest.mark.skipif(sys.platform == "win32", reason="uses programs of Linux and macOS")
@pytest.mark.parametrize(
    ("program", "reason"),
    [
        (["false"], "ended after"),
        (["true"], "ended after"),
        (["/nonexistent/player"], "can't play"),
        (["sh", "-c", "sleep 60"], "did not finish"),
    ],
)
def test_a_failing_program_is_reported(monkeypatch, clip, program: list[str], reason: str) -> None:
    if reason == "ended after":  # before half of the clip, on a busy machine too
        clip = dataclasses.replace(clip, pcm=clip.pcm * 100)
    else:
        monkeypatch.setattr(players, "PROGRAM_START_LIMIT_S", 0.1)
    use_program(monkeypatch, program)
    with pytest.raises(SpeechError, match=reason):
        Playsound3Player().play(clip).wait(LIMIT_S)


@pytest.mark.skipif(sys.platform == "win32", reason="uses programs of Linux and macOS")
def test_a_stopped_program_ends(monkeypatch, clip) -> None:
    use_program(monkeypatch, ["sh", "-c", "sleep 60"])
    playback = Playsound3Player().play(clip)
    playback.stop()
    assert playback.wait(LIMIT_S)
    playback._thread.join(LIMIT_S)
    assert not playback._thread.is_alive()


@pytest.mark.sound
def test_a_program_is_heard(null_sink: NullSink, monkeypatch, clip) -> None:
    use_program(monkeypatch, ["paplay"])
    with null_sink.recording() as recordings:
        assert Playsound3Player().play(clip).wait(LIMIT_S)
    assert recordings[0].audible_s > clip.seconds / 2


@pytest.mark.sound
def test_miniaudio_replaces_a_failing_program(
    null_sink: NullSink, monkeypatch, tmp_path: Path
) -> None:
    played = use_program(monkeypatch, ["false"])
    with (
        service() as server,
        make_speaker(cache_folder=tmp_path, gtts_address=server.address) as speaker,
    ):
        for _ in range(2):
            with null_sink.recording() as recordings:
                utterance = speaker.say(CAPTION, allow_duplicate=True)
                assert utterance.wait(LIMIT_S)
            assert (utterance.voice, utterance.error) == ("gtts", None)
            assert_near(recordings[0].audible_s, TONE_S, 0.15)
    assert len(played) == 1, "the failing program is tried only once"
