"""Speech saved as a file: whole or not at all, in the two formats."""

import os
import sys
import wave
from pathlib import Path

import miniaudio
import pytest

from image_describer.errors import SpeechError
from image_describer.speech import Speaker, make_speaker
from image_describer.speech.voices import google
from image_describer.speech.voices.silent import SilentVoice
from tests.support.gtts_service import service, tone_mp3

CAPTION = "Probably: a brown dog runs through the grass."


@pytest.fixture
def speaker(tmp_path: Path):
    with make_speaker(offline=True, cache_folder=tmp_path / "cache") as made:
        yield made


@pytest.mark.parametrize("name", ["dog.wav", "dog.WAV", "ein Hund läuft 犬.wav"])
def test_wav(speaker: Speaker, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    assert speaker.save(CAPTION, path) == "espeak"
    with wave.open(str(path)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, 22050)
        assert 2 < file.getnframes() / 22050 < 4
        assert any(file.readframes(22050))
    assert [p.name for p in tmp_path.iterdir()] == [name]


def test_mp3_without_a_network(speaker: Speaker, tmp_path: Path, capfd) -> None:
    assert speaker.save(CAPTION, tmp_path / "dog.mp3") == "espeak"
    data = (tmp_path / "dog.mp3").read_bytes()
    info = miniaudio.mp3_get_info(data)
    assert 2 < info.duration < 4
    assert max(map(abs, miniaudio.mp3_read_s16(data).samples)) > 3000
    assert capfd.readouterr() == ("", "")


def test_what_google_sends_is_saved_as_it_came_or_decoded(tmp_path: Path) -> None:
    google._pauses.clear()
    with (
        service() as stand_in,
        make_speaker(cache_folder=tmp_path / "c", gtts_address=stand_in.address) as speaker,
    ):
        assert speaker.save(CAPTION, tmp_path / "dog.mp3") == "gtts"
        assert speaker.save(CAPTION, str(tmp_path / "dog.wav")) == "gtts"
    assert (tmp_path / "dog.mp3").read_bytes() == tone_mp3()
    with wave.open(str(tmp_path / "dog.wav")) as file:
        assert file.getnframes() / file.getframerate() == pytest.approx(0.8, abs=0.1)


def test_a_failing_service_leaves_the_saving_to_espeak(tmp_path: Path) -> None:
    with (
        service("blocked") as stand_in,
        make_speaker(cache_folder=tmp_path / "c", gtts_address=stand_in.address) as speaker,
    ):
        assert speaker.save(CAPTION, tmp_path / "dog.mp3") == "espeak"
    google._pauses.clear()


@pytest.mark.parametrize("name", ["dog.ogg", "dog", "dog.wav.txt", ".wav", "mp3"])
def test_other_endings_are_refused(speaker: Speaker, tmp_path: Path, name: str) -> None:
    with pytest.raises(SpeechError, match=r"saved as \.wav or \.mp3"):
        speaker.save(CAPTION, tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_refusals_leave_what_was_there(speaker: Speaker, tmp_path: Path) -> None:
    (tmp_path / "folder.wav").mkdir()
    with pytest.raises(SpeechError, match="is a folder"):
        speaker.save(CAPTION, tmp_path / "folder.wav")
    with pytest.raises(SpeechError, match="no folder"):
        speaker.save(CAPTION, tmp_path / "gone" / "dog.wav")
    with pytest.raises(SpeechError, match="nothing to say"):
        speaker.save("  ", tmp_path / "dog.wav")
    assert [p.name for p in tmp_path.iterdir()] == ["folder.wav"]


def test_a_disk_that_fails_keeps_the_old_file(
    speaker: Speaker, tmp_path: Path, monkeypatch
) -> None:
    path = tmp_path / "dog.wav"
    path.write_bytes(b"old")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(SpeechError, match="No space left on device"):
        speaker.save(CAPTION, path)
    monkeypatch.undo()
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["dog.wav"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no umask")
def test_a_saved_file_may_be_read_as_the_umask_says(speaker: Speaker, tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        speaker.save("a dog", tmp_path / "dog.wav")
    finally:
        os.umask(before)
    assert (tmp_path / "dog.wav").stat().st_mode & 0o777 == 0o640


def test_without_lame_wav_is_the_way_out(speaker: Speaker, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "lameenc", None)
    with pytest.raises(SpeechError, match=r"Save as \.wav"):
        speaker.save(CAPTION, tmp_path / "dog.mp3")
    assert list(tmp_path.iterdir()) == []


def test_silence_is_not_saved(tmp_path: Path) -> None:
    with pytest.raises(SpeechError, match="no voice that could be saved"):
        Speaker([SilentVoice()]).save(CAPTION, tmp_path / "dog.wav")
