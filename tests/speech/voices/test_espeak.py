"""The offline voice: it accepts any text, from any thread, and prints nothing."""

import math
import os
import shutil
import subprocess
import sys
import threading
from array import array
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from image_describer.errors import SpeechError
from image_describer.speech.languages import SpokenLanguage
from image_describer.speech.voices import espeak_ng
from image_describer.speech.voices.base import speakable
from image_describer.speech.voices.espeak import (
    CHUNK_CHARS,
    EspeakVoice,
    split_text,
    trim_leading_silence,
)

CAPTION = "Probably: a brown dog runs through the grass."


def level(pcm: bytes) -> float:
    samples = array("h", pcm)
    return math.sqrt(sum(s * s for s in samples) / max(1, len(samples)))


def test_a_caption_lasts_two_to_four_seconds() -> None:
    audio = EspeakVoice().record(CAPTION, 175)
    assert audio.rate_hz == 22050
    assert 2.0 < audio.seconds < 4.0
    assert level(audio.pcm) > 500


def test_a_higher_rate_is_faster() -> None:
    seconds = [EspeakVoice().record(CAPTION, rate).seconds for rate in (80, 175, 300, 450, 600)]
    assert seconds == sorted(seconds, reverse=True)
    assert seconds[0] > 3 * seconds[-1]


def test_leading_silence_is_removed() -> None:
    pcm = array("h", [0, 3, -5, 900, 0, 7]).tobytes()
    assert list(array("h", trim_leading_silence(pcm))) == [900, 0, 7]
    assert trim_leading_silence(b"\0\0" * 4) == b"\0\0" * 4


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=200), st.integers(-10, 1000))
def test_random_texts_never_fail(text: str, rate: int) -> None:
    audio = EspeakVoice().record(text, rate)
    assert len(audio.pcm) % 2 == 0


@pytest.mark.parametrize(
    "text", ["", "\0", "😀🐕‍🦺", "\ud800", "<speak>&lt;", "[[h@l'oU]]", "\u202e abc"]
)
def test_unusual_texts_never_fail(text: str) -> None:
    EspeakVoice().record(text, 175)


def test_text_after_a_nul_is_spoken() -> None:
    voice = EspeakVoice()
    complete = voice.record("a dog runs", 175).seconds
    # The samples differ slightly between calls.
    assert voice.record("a dog\0 runs", 175).seconds == pytest.approx(complete, abs=0.02)
    assert voice.record("a dog", 175).seconds < complete - 0.2


def test_a_very_long_text_is_spoken_completely() -> None:
    voice = EspeakVoice()
    short = voice.record("word " * 100, 450).seconds
    assert voice.record("word " * 1000, 450).seconds == pytest.approx(10 * short, rel=0.1)


@given(st.text(max_size=3000))
def test_chunks_lose_only_spaces(text: str) -> None:
    text = speakable(text)
    chunks = split_text(text)
    assert all(len(chunk) <= CHUNK_CHARS for chunk in chunks)
    assert "".join(chunks).replace(" ", "") == text.replace(" ", "")


@settings(max_examples=50, deadline=None)
@given(st.text(alphabet=st.sampled_from("ab. "), min_size=500, max_size=2000))
def test_chunks_end_at_word_boundaries(text: str) -> None:
    text = speakable(text)
    words = {word for word in text.split() if len(word) < CHUNK_CHARS}
    spoken = {word for chunk in split_text(text) for word in chunk.split()}
    assert words <= spoken


def test_threads_do_not_mix_their_samples() -> None:
    voice = EspeakVoice()
    texts = [f"number {i}" for i in range(8)]
    alone = [voice.record(text, 200).pcm for text in texts]
    together: dict[int, bytes] = {}

    def work(index: int) -> None:
        for _ in range(5):
            together[index] = voice.record(texts[index], 200).pcm

    threads = [threading.Thread(target=work, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [len(together[i]) for i in range(8)] == pytest.approx(
        [len(pcm) for pcm in alone], rel=0.05
    )


def run_python(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )


RECORD_WITH_MOCKED_PATH = """
import espeakng_loader, sys
espeakng_loader.get_{what}_path = lambda: sys.argv[1] if len(sys.argv) > 1 else {path!r}
from image_describer.errors import SpeechError
from image_describer.speech.languages import SpokenLanguage
from image_describer.speech.voices.espeak import EspeakVoice
voice = EspeakVoice()
available = voice.available()
try:
    voice.record("a dog", 175)
except SpeechError as error:
    print(available.works, error)
else:
    print("spoken")
"""


@pytest.mark.parametrize("what", ["library", "data"])
def test_missing_files_are_reported_by_us_only(what: str, tmp_path) -> None:
    run = run_python(RECORD_WITH_MOCKED_PATH.format(what=what, path=str(tmp_path / "gone")))
    assert run.stderr == ""
    assert run.stdout.startswith("False A file of the offline voice is missing")
    assert "pip install" in run.stdout


def test_an_invalid_library_is_reported(tmp_path: Path) -> None:
    fake = tmp_path / "libespeak-ng.so"
    fake.write_bytes(b"not a library")
    run = run_python(RECORD_WITH_MOCKED_PATH.format(what="library", path=str(fake)))
    assert run.stderr == ""
    assert "can't be loaded" in run.stdout


@pytest.mark.skipif(sys.platform == "win32", reason="needs privileges on Windows")
@pytest.mark.parametrize("name", ["x" * 180, "é ü 犬"])
def test_data_with_a_long_or_non_ascii_path(tmp_path: Path, name: str) -> None:
    import espeakng_loader

    folder = tmp_path / name
    folder.mkdir()
    data = folder / "espeak-ng-data"
    shutil.copytree(espeakng_loader.get_data_path(), data, copy_function=os.link)
    run = run_python(RECORD_WITH_MOCKED_PATH.format(what="data", path=str(data)))
    assert (run.stdout, run.stderr) == ("spoken\n", "")


def test_version() -> None:
    assert espeak_ng.version().startswith("1.")


def test_a_missing_loader_is_reported(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "espeakng_loader", None)
    with pytest.raises(SpeechError, match="not installed"):
        espeak_ng._find()


def test_each_language_has_its_voice_and_an_unknown_one_is_read_in_english() -> None:
    text = "Ich bin nicht zu Hause."

    def record(language: str) -> bytes:
        return EspeakVoice().record(text, 175, 100, SpokenLanguage(language, "", language)).pcm

    english, german = len(record("en")), len(record("de"))
    assert german != pytest.approx(english, rel=0.02)
    assert len(record("xx")) == pytest.approx(english, rel=0.02)
    assert len(record("en")) == pytest.approx(english, rel=0.02)
    assert record("zh")
