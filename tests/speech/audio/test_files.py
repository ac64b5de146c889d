"""Speech saved as WAV and MP3, atomically."""

import math
import os
import sys
import wave
from array import array
from pathlib import Path

import miniaudio
import pytest

from image_describer.errors import SpeechError
from image_describer.speech import Speaker, make_speaker
from image_describer.speech.voices import google
from tests.support.gtts_service import TONE_S, service, tone_mp3

CAPTION = "Probably: a brown dog runs through the grass."


@pytest.fixture
def speaker(tmp_path: Path):
    with make_speaker(offline=True, cache_folder=tmp_path / "cache") as made:
        yield made


@pytest.mark.parametrize("name", ["dog.WAV", "ein Hund läuft 犬.wav"])
def test_wav(speaker: Speaker, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    assert speaker.save(CAPTION, path) == "espeak"
    with wave.open(str(path)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, 22050)
        assert 2 < file.getnframes() / 22050 < 4
        assert any(file.readframes(22050))
    assert [p.name for p in tmp_path.iterdir()] == [name]


def test_mp3_offline(speaker: Speaker, tmp_path: Path, capfd) -> None:
    assert speaker.save(CAPTION, tmp_path / "dog.mp3") == "espeak"
    data = (tmp_path / "dog.mp3").read_bytes()
    info = miniaudio.mp3_get_info(data)
    assert 2 < info.duration < 4
    assert max(map(abs, miniaudio.mp3_read_s16(data).samples)) > 3000
    assert capfd.readouterr() == ("", "")


def test_google_s_mp3_is_saved_unchanged_or_decoded(tmp_path: Path) -> None:
    google._pauses.clear()
    with (
        service() as server,
        make_speaker(cache_folder=tmp_path / "c", gtts_address=server.address) as speaker,
    ):
        assert speaker.save(CAPTION, tmp_path / "dog.mp3") == "gtts"
        assert speaker.save(CAPTION, str(tmp_path / "dog.wav")) == "gtts"
    assert (tmp_path / "dog.mp3").read_bytes() == tone_mp3()
    with wave.open(str(tmp_path / "dog.wav")) as file:
        assert file.getnframes() / file.getframerate() == pytest.approx(0.8, abs=0.1)


def test_espeak_saves_if_the_service_fails(tmp_path: Path) -> None:
    with (
        service("blocked") as server,
        make_speaker(cache_folder=tmp_path / "c", gtts_address=server.address) as speaker,
    ):
        assert speaker.save(CAPTION, tmp_path / "dog.mp3") == "espeak"
    google._pauses.clear()


@pytest.mark.parametrize("name", ["dog.ogg", "dog", ".wav"])
def test_other_extensions_are_refused(speaker: Speaker, tmp_path: Path, name: str) -> None:
    with pytest.raises(SpeechError, match=r"saved as \.wav or \.mp3"):
        speaker.save(CAPTION, tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_a_refusal_changes_no_files(speaker: Speaker, tmp_path: Path) -> None:
    (tmp_path / "folder.wav").mkdir()
    with pytest.raises(SpeechError, match="is a folder"):
        speaker.save(CAPTION, tmp_path / "folder.wav")
    with pytest.raises(SpeechError, match="no folder"):
        speaker.save(CAPTION, tmp_path / "gone" / "dog.wav")
    with pytest.raises(SpeechError, match="nothing to say"):
        speaker.save("  ", tmp_path / "dog.wav")
    assert [p.name for p in tmp_path.iterdir()] == ["folder.wav"]


def test_a_full_disk_keeps_the_old_file(speaker: Speaker, tmp_path: Path, monkeypatch) -> None:
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
def test_the_file_mode_follows_the_umask(speaker: Speaker, tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        speaker.save("a dog", tmp_path / "dog.wav")
    finally:
        os.umask(before)
    assert (tmp_path / "dog.wav").stat().st_mode & 0o777 == 0o640


def test_without_lame_wav_is_suggested(speaker: Speaker, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "lameenc", None)
    with pytest.raises(SpeechError, match=r"Save as \.wav"):
        speaker.save(CAPTION, tmp_path / "dog.mp3")
    assert list(tmp_path.iterdir()) == []


def saved_length_and_level(
    speaker: Speaker, path: Path, rate: int, volume: int
) -> tuple[float, float]:
    """Save the caption as WAV; return its seconds and its level (RMS)."""
    speaker.rate, speaker.volume = rate, volume
    speaker.save(CAPTION, path)
    with wave.open(str(path)) as file:
        samples = array("h", file.readframes(file.getnframes()))
        level = math.sqrt(sum(sample * sample for sample in samples) / len(samples))
        return len(samples) / file.getframerate(), level


@pytest.mark.parametrize("voice", ["espeak", "gtts"])
def test_a_saved_file_has_the_rate_and_the_volume(voice: str, tmp_path: Path) -> None:
    google._pauses.clear()
    file = tmp_path / "dog.wav"
    with (
        service() as server,
        make_speaker(
            offline=voice == "espeak", cache_folder=tmp_path / "c", gtts_address=server.address
        ) as speaker,
    ):
        seconds, level = saved_length_and_level(speaker, file, 175, 100)
        assert saved_length_and_level(speaker, file, 175, 50)[1] == pytest.approx(
            level / 2, rel=0.1
        )
        assert saved_length_and_level(speaker, file, 175, 0)[1] < 1
        faster, same_level = saved_length_and_level(speaker, file, 300, 100)
    assert 0.5 < faster / seconds < 0.75
    assert same_level == pytest.approx(level, rel=0.3)  # espeak is slightly softer when fast


def test_google_s_mp3_is_encoded_again_for_another_rate(tmp_path: Path) -> None:
    google._pauses.clear()
    with (
        service() as server,
        make_speaker(rate=350, cache_folder=tmp_path / "c", gtts_address=server.address) as speaker,
    ):
        speaker.save(CAPTION, tmp_path / "fast.mp3")
    fast = miniaudio.mp3_read_s16((tmp_path / "fast.mp3").read_bytes())
    assert fast.duration == pytest.approx(TONE_S / 2, abs=0.15)
    assert max(map(abs, fast.samples)) > 8000
