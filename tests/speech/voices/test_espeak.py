"""The offline voice: it speaks whatever it is given, fast, from any thread, and prints nothing."""

import math
import os
import shutil
import subprocess
import sys
import threading
import time
from array import array
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from image_describer.errors import SpeechError
from image_describer.speech.voices import espeak_ng
from image_describer.speech.voices.base import speakable
from image_describer.speech.voices.espeak import PIECE_CHARS, EspeakVoice, pieces

CAPTION = "Probably: a brown dog runs through the grass."


def level(pcm: bytes) -> float:
    samples = array("h", pcm)
    return math.sqrt(sum(s * s for s in samples) / max(1, len(samples)))


def test_a_caption_becomes_two_to_four_seconds_of_sound() -> None:
    audio = EspeakVoice().record(CAPTION, 175)
    assert audio.rate_hz == 22050
    assert 2.0 < audio.seconds < 4.0
    assert level(audio.pcm) > 500


def test_a_higher_rate_is_faster() -> None:
    seconds = [EspeakVoice().record(CAPTION, rate).seconds for rate in (80, 175, 300, 450)]
    assert seconds == sorted(seconds, reverse=True)
    assert seconds[0] > 3 * seconds[-1]


def test_more_words_take_longer() -> None:
    short, longer = (EspeakVoice().record(t, 175).seconds for t in ("a dog", "a dog and a cat"))
    assert longer > short + 0.3


def test_a_phrase_is_made_in_little_time() -> None:
    voice = EspeakVoice()
    voice.record("Ready.", 175)
    took = []
    for number in range(5):
        began = time.perf_counter()
        voice.record(f"Repeat, button, {number} of 6", 175)
        took.append(time.perf_counter() - began)
    assert min(took) < 0.1


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=200), st.integers(-10, 1000))
def test_wild_texts_are_spoken_or_silent_but_never_fail(text: str, rate: int) -> None:
    audio = EspeakVoice().record(text, rate)
    assert len(audio.pcm) % 2 == 0


@pytest.mark.parametrize(
    "text", ["", "\0", "a\0b", "😀🐕‍🦺", "\ud800", "<speak>&lt;", "[[h@l'oU]]", "...", "\u202e abc"]
)
def test_awkward_texts(text: str) -> None:
    EspeakVoice().record(text, 175)


def test_what_follows_a_nul_is_spoken_too() -> None:
    voice = EspeakVoice()
    whole = voice.record("a dog runs", 175).seconds
    # The samples themselves differ a little from one call to the next.
    assert voice.record("a dog\0 runs", 175).seconds == pytest.approx(whole, abs=0.02)
    assert voice.record("a dog", 175).seconds < whole - 0.2


def test_a_very_long_text_is_cut_into_pieces_and_spoken_whole() -> None:
    voice = EspeakVoice()
    short = voice.record("word " * 100, 450).seconds
    assert voice.record("word " * 1000, 450).seconds == pytest.approx(10 * short, rel=0.1)


@given(st.text(max_size=3000))
def test_pieces_lose_nothing_but_spaces(text: str) -> None:
    text = speakable(text)
    cut = pieces(text)
    assert all(len(piece) <= PIECE_CHARS for piece in cut)
    assert "".join(cut).replace(" ", "") == text.replace(" ", "")


@given(st.text(alphabet=st.sampled_from("ab. "), min_size=500, max_size=2000))
def test_pieces_end_where_words_end(text: str) -> None:
    text = speakable(text)
    words = {word for word in text.split() if len(word) < PIECE_CHARS}
    spoken = {word for piece in pieces(text) for word in piece.split()}
    assert words <= spoken


def test_threads_get_their_own_words() -> None:
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


def in_a_new_process(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )


DAMAGED = """
import espeakng_loader, sys
espeakng_loader.get_{what}_path = lambda: sys.argv[1] if len(sys.argv) > 1 else {path!r}
from image_describer.errors import SpeechError
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
def test_missing_parts_are_named_without_a_word_from_the_library(what: str, tmp_path) -> None:
    done = in_a_new_process(DAMAGED.format(what=what, path=str(tmp_path / "gone")))
    assert done.stderr == ""
    assert done.stdout.startswith("False The offline voice lacks its file")
    assert "pip install" in done.stdout


def test_a_library_that_is_none_is_refused(tmp_path: Path) -> None:
    fake = tmp_path / "libespeak-ng.so"
    fake.write_bytes(b"this is no library")
    done = in_a_new_process(DAMAGED.format(what="library", path=str(fake)))
    assert done.stderr == ""
    assert "does not load" in done.stdout


@pytest.mark.skipif(sys.platform == "win32", reason="Windows makes no links for every user")
@pytest.mark.parametrize("name", ["x" * 180, "é ü 犬"])
def test_data_in_a_folder_with_an_awkward_path(tmp_path: Path, name: str) -> None:
    import espeakng_loader

    folder = tmp_path / name
    folder.mkdir()
    data = folder / "espeak-ng-data"
    shutil.copytree(espeakng_loader.get_data_path(), data, copy_function=os.link)
    done = in_a_new_process(DAMAGED.format(what="data", path=str(data)))
    assert (done.stdout, done.stderr) == ("spoken\n", "")


def test_the_version_is_a_version() -> None:
    assert espeak_ng.version().startswith("1.")


def test_speaking_without_a_loader_is_a_speech_error(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "espeakng_loader", None)
    with pytest.raises(SpeechError, match="not installed"):
        espeak_ng._find()
