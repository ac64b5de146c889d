"""speech-dispatcher's real server, with the output module that is always there."""

import os
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from image_describer.errors import SpeechError
from image_describer.speech import Speaker
from image_describer.speech.voices.screen_reader import ScreenReaderVoice
from image_describer.speech.voices.session_bus import SessionBus
from image_describer.speech.voices.silent import SilentVoice
from image_describer.speech.voices.speech_dispatcher import (
    SpeechDispatcher,
    SsipConnection,
    connect,
)
from tests.support.screen import LIMIT_S, wait_for
from tests.support.sound import NullSink

CONFIG = """
AddModule "{name}" "sd_{name}" "{name}.conf"
DefaultModule {name}
DefaultLanguage "de"
AudioOutputMethod "pulse"
"""
DUMMY = "dummy"  # says a sentence of its own, whatever it is asked to say
ESPEAK_FILES = [
    f"/usr/{folder}/speech-dispatcher-modules/sd_espeak-ng"
    for folder in ("lib", "lib64", "libexec")
]
ESPEAK = "espeak-ng"  # the dummy says nothing more after two texts that were cancelled at once


@pytest.fixture
def server(
    null_sink: NullSink,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> Iterator["subprocess.Popen[bytes]"]:
    if shutil.which("speech-dispatcher") is None:
        if os.environ.get("CI"):
            pytest.fail("speech-dispatcher is not installed")
        pytest.skip("speech-dispatcher is not installed (apt-get install speech-dispatcher)")
    module = getattr(request, "param", DUMMY)
    if module == ESPEAK and not os.environ.get("CI") and not any(map(os.path.exists, ESPEAK_FILES)):
        pytest.skip("the module is missing (apt-get install speech-dispatcher-espeak-ng)")
    (tmp_path / "speechd.conf").write_text(CONFIG.format(name=module))
    socket = tmp_path / "speechd.sock"
    monkeypatch.setenv("SPEECHD_ADDRESS", f"unix_socket:{socket}")
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS", raising=False)
    command = ["speech-dispatcher", "-s", "-l", "5", "-L", tmp_path, "-c", "unix_socket"]
    command += ["-S", socket, "-P", tmp_path / "pid", "-C", tmp_path]
    with (tmp_path / "log.txt").open("wb") as log:
        program = subprocess.Popen(command, stdout=log, stderr=log)
    wait_for(socket.exists, LIMIT_S, "speech-dispatcher's socket")
    yield program
    program.kill()
    program.wait()


@pytest.mark.sound
def test_it_speaks_and_is_silenced(server: "subprocess.Popen[bytes]", null_sink: NullSink) -> None:
    dispatcher = SpeechDispatcher(SessionBus())
    assert dispatcher.available()
    assert not dispatcher.running()  # no screen reader
    null_sink.record()
    playback = dispatcher.speak(".. ein Hund", "de")
    null_sink.wait_for_sound()
    assert playback.first_sample_at is not None
    assert playback.wait(0) is False
    playback.stop()
    assert playback.wait(0)
    wait_for(lambda: null_sink.silent_for(0.5), LIMIT_S, "silence")
    null_sink.stop_recording()


@pytest.mark.sound
def test_it_speaks_in_the_language_of_the_text(server: "subprocess.Popen[bytes]") -> None:
    connection = SsipConnection(connect())
    for text, language, used in (
        ("Ein Hund", "de-AT", "de"),
        ("a dog", "en", "en"),
        ("Hunde", "de", "de"),
    ):
        connection.speak(text, language)
        assert connection.ask("GET LANGUAGE")[0] == used


@pytest.mark.sound
@pytest.mark.parametrize("server", [ESPEAK], indirect=True)
@pytest.mark.parametrize("gap_s", [0.0, 0.05])
def test_texts_interrupt_each_other_as_fast_as_keys(
    server: "subprocess.Popen[bytes]", gap_s: float
) -> None:
    own = SilentVoice(name="espeak")
    voice = ScreenReaderVoice([SpeechDispatcher(SessionBus())])
    with Speaker([voice, own], voice="screen_reader") as speaker:
        for number in range(6):
            last = speaker.say(f"text {number}", kind="phrase")
            time.sleep(gap_s)
        assert last.wait(LIMIT_S)
    assert (last.voice, last.interrupted) == ("screen_reader", False)
    assert own.spoken == []


@pytest.mark.sound
def test_the_end_of_the_server_is_noticed(server: "subprocess.Popen[bytes]") -> None:
    playback = SpeechDispatcher(SessionBus()).speak("a dog", "de")
    wait_for(lambda: playback.first_sample_at, LIMIT_S, "the beginning")
    threading.Timer(0.1, server.kill).start()
    with pytest.raises(SpeechError, match="can't be reached"):
        playback.wait(LIMIT_S)


@pytest.mark.sound
def test_the_user_may_prefer_it_without_a_screen_reader(
    server: "subprocess.Popen[bytes]", null_sink: NullSink
) -> None:
    own = SilentVoice(name="espeak")
    voice = ScreenReaderVoice([SpeechDispatcher(SessionBus())])
    with Speaker([voice, own], voice="auto") as speaker:
        assert speaker.say("one", kind="phrase").wait(LIMIT_S)
        speaker.voice = "screen_reader"
        assert (speaker.reader, speaker.find_reader()) == ("speech-dispatcher", "")
        two = speaker.say("two", kind="phrase")
        null_sink.record()
        null_sink.wait_for_sound()
        begun = time.monotonic()
        speaker.stop()
        assert two.wait(LIMIT_S)
        assert time.monotonic() - begun < 1
    assert (two.voice, two.interrupted) == ("screen_reader", True)
    assert [text for text, _rate in own.spoken] == ["one"]
