"""The spoken log: a line for whatever was said, only where it was asked for, never in the way."""

import json
import os
import sys
import time
from pathlib import Path

import pytest

from image_describer.errors import SpeechError
from image_describer.speech import Speaker, make_speaker
from image_describer.speech.spoken_log import SpokenLog
from image_describer.speech.voices.silent import SilentVoice
from tests.support.screen import LIMIT_S, assert_below, wait_for
from tests.support.sound import NullSink

SOON_S = 60.0
FIELDS = ["text", "kind", "voice", "asked", "began", "ended", "interrupted", "error"]


def lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_each_utterance_is_a_line_when_it_is_over(tmp_path: Path) -> None:
    file = tmp_path / "spoken.jsonl"
    before = time.monotonic()
    with Speaker([SilentVoice(seconds=60, name="espeak")], log=SpokenLog(file)) as speaker:
        speaker.say("ein Hund 犬\nläuft", kind="phrase")
        speaker.say("waits", kind="error", interrupt=False)
        speaker.stop()
        assert speaker.wait(SOON_S)
        speaker.earcon("done")
        speaker.say("Ready.", kind="phrase")
        time.sleep(0.05)
    said = lines(file)
    assert all(list(entry) == FIELDS for entry in said)
    assert {(entry["text"], entry["kind"]) for entry in said} == {
        ("ein Hund 犬\nläuft", "phrase"),
        ("waits", "error"),
        ("done", "earcon"),
        ("Ready.", "phrase"),
    }
    assert all(before <= entry["asked"] <= entry["ended"] for entry in said)
    assert [entry["interrupted"] for entry in said if entry["kind"] != "earcon"] == [True] * 3


def test_an_error_is_logged(tmp_path: Path) -> None:
    class Mute(SilentVoice):
        def speak(self, *_: object):
            raise SpeechError("No tongue.", "Grow one.")

    file = tmp_path / "spoken.jsonl"
    with Speaker([Mute(name="espeak"), SilentVoice()], log=SpokenLog(file)) as speaker:
        assert speaker.say("a dog", kind="phrase").wait(SOON_S)
    (entry,) = lines(file)
    assert (entry["voice"], entry["began"]) == ("silent", None)
    assert entry["error"] == "No tongue. Grow one."


@pytest.mark.sound
def test_what_is_heard_has_its_times(null_sink: NullSink, tmp_path: Path) -> None:
    file = tmp_path / "spoken.jsonl"
    with make_speaker(True, cache_folder=tmp_path, log_file=file) as speaker:
        assert speaker.say("A brown dog.", kind="phrase").wait(SOON_S)
        speaker.earcon("done")
        wait_for(lambda: file.exists() and len(lines(file)) == 2, LIMIT_S, "both lines")
    spoken, earcon = lines(file)
    assert spoken["asked"] < spoken["began"] < spoken["ended"] - 0.5
    assert earcon["kind"] == "earcon"
    assert_below(earcon["began"] - earcon["asked"], 1)


def test_without_a_file_nothing_is_written(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    with Speaker([SilentVoice()]) as speaker:
        assert speaker.say("a secret").wait(SOON_S)
    assert list(tmp_path.iterdir()) == []


def test_a_log_that_cannot_be_written_stops_nothing(tmp_path: Path, caplog) -> None:
    voice = SilentVoice()
    with Speaker([voice], log=SpokenLog(tmp_path / "gone" / "spoken.jsonl")) as speaker:
        for text in "abc":
            assert speaker.say(text).wait(SOON_S)
    assert len(voice.spoken) == 3
    warnings = [record for record in caplog.records if "spoken log" in record.message]
    assert len(warnings) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pipes in its file system")
def test_a_log_that_hangs_stops_nothing(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"  # opening one that nobody reads waits for ever
    os.mkfifo(pipe)
    began = time.monotonic()
    with Speaker([SilentVoice()], log=SpokenLog(pipe)) as speaker:
        assert speaker.say("a dog").wait(SOON_S)
        assert time.monotonic() - began < SOON_S
    assert time.monotonic() - began < SOON_S
