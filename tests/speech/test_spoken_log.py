"""The spoken log: a line for each utterance, only if a file is named, and never in the way."""

import json
import os
import sys
import time
from pathlib import Path

import pytest

from image_describer.errors import SpeechError
from image_describer.speech import Speaker, make_speaker, spoken_log
from image_describer.speech.spoken_log import SpokenLog
from image_describer.speech.voices.silent import SilentVoice
from tests.support.screen import LIMIT_S, wait_for
from tests.support.sound import NullSink

FIELDS = ["text", "kind", "voice", "asked", "began", "ended", "interrupted", "error"]


def lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_each_utterance_is_a_line(tmp_path: Path) -> None:
    file = tmp_path / "spoken.jsonl"
    before = time.monotonic()
    with Speaker([SilentVoice(seconds=60, name="espeak")], log=SpokenLog(file)) as speaker:
        speaker.say("ein Hund 犬\nläuft", kind="phrase")
        speaker.say("waits", kind="error", interrupt=False)
        speaker.stop()
        assert speaker.wait(LIMIT_S)
        speaker.earcon("done")
        speaker.say("Ready.", kind="phrase")
        wait_for(lambda: file.exists() and len(lines(file)) == 3, LIMIT_S, "the earcon")
    entries = lines(file)
    assert all(list(entry) == FIELDS for entry in entries)
    assert {(entry["text"], entry["kind"]) for entry in entries} == {
        ("ein Hund 犬\nläuft", "phrase"),
        ("waits", "error"),
        ("done", "earcon"),
        ("Ready.", "phrase"),
    }
    assert all(before <= entry["asked"] <= entry["ended"] for entry in entries)
    assert [entry["interrupted"] for entry in entries if entry["kind"] != "earcon"] == [True] * 3


def test_an_error_is_logged(tmp_path: Path) -> None:
    class Failing(SilentVoice):
        def speak(self, *_: object):
            raise SpeechError("No sound.", "Do this.")

    file = tmp_path / "spoken.jsonl"
    with Speaker([Failing(name="espeak"), SilentVoice()], log=SpokenLog(file)) as speaker:
        assert speaker.say("a dog", kind="phrase").wait(LIMIT_S)
    (entry,) = lines(file)
    assert (entry["voice"], entry["began"]) == ("silent", None)
    assert entry["error"] == "No sound. Do this."


@pytest.mark.sound
def test_audible_utterances_have_times(null_sink: NullSink, tmp_path: Path) -> None:
    file = tmp_path / "spoken.jsonl"
    with make_speaker(offline=True, cache_folder=tmp_path, log_file=file) as speaker:
        assert speaker.say("A brown dog.", kind="phrase").wait(LIMIT_S)
        speaker.earcon("done")
        wait_for(lambda: file.exists() and len(lines(file)) == 2, LIMIT_S, "both lines")
    spoken, earcon = lines(file)
    assert spoken["asked"] < spoken["began"] < spoken["ended"]
    assert earcon["kind"] == "earcon"
    assert earcon["asked"] <= earcon["began"]


def test_nothing_is_written_unless_a_file_is_named(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    with Speaker([SilentVoice()]) as speaker:
        assert speaker.say("a secret").wait(LIMIT_S)
    assert list(tmp_path.iterdir()) == []


def test_an_unwritable_log_does_not_stop_speech(tmp_path: Path, caplog) -> None:
    voice = SilentVoice()
    with Speaker([voice], log=SpokenLog(tmp_path / "gone" / "spoken.jsonl")) as speaker:
        for text in "abc":
            assert speaker.say(text).wait(LIMIT_S)
    assert len(voice.spoken) == 3
    warnings = [record for record in caplog.records if "spoken log" in record.message]
    assert len(warnings) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pipes in its file system")
def test_a_hanging_log_does_not_stop_speech(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(spoken_log, "CLOSE_LIMIT_S", 0.05)
    pipe = tmp_path / "pipe"  # opening it without a reader blocks forever
    os.mkfifo(pipe)
    with Speaker([SilentVoice()], log=SpokenLog(pipe)) as speaker:
        assert speaker.say("a dog").wait(LIMIT_S)
