"""Failures around the whole program: each is reported by a spoken sentence."""

import errno
import os
import sqlite3
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from image_describer.library.history import History
from image_describer.settings import SettingsFile
from tests.support.gtts_service import service
from tests.support.screen import LIMIT_S, wait_for
from tests.support.sound import NullSink
from tests.support.spoken import SETTINGS, SPEECH_LIMIT_S, StartApp
from tests.support.window import CAPTION, AppDriver

pytestmark = [pytest.mark.gui, pytest.mark.sound]

GREETING = "Control O opens a picture"


@pytest.mark.slow
def test_the_network_is_lost_in_the_middle_of_a_sentence(spoken: StartApp, photo: str) -> None:
    with service("half_and_hang") as google:
        program = spoken(
            "--online",
            photo,
            settings=SETTINGS + b'verbosity = "full"\n',
            IMAGE_DESCRIBER_GTTS_ADDRESS=google.address,
        )
        wait_for(
            lambda: [s for s in program.said if s["kind"] == "description" and s["ended"]],
            SPEECH_LIMIT_S,
            "the description",
        )
        (described,) = [s for s in program.said if s["kind"] == "description"]
        assert described["voice"] == "espeak"
        assert described["error"] is None
        program.assert_working()
        assert all(Path(photo).name not in text for text in google.texts)
        assert " ".join(google.texts).split()[:3] == described["text"].split()[:3]


@pytest.mark.slow
def test_the_sound_server_is_killed_and_returns(
    spoken: StartApp, null_sink: NullSink, tmp_path: Path
) -> None:
    program = spoken(settings=b"online = false\n")
    program.wait_to_hear(GREETING)
    null_sink.record()
    program.screen.press("F1")
    wait_for(lambda: program.screen.windows("^Help"), LIMIT_S, "the help")
    null_sink.wait_for_sound()
    null_sink.kill()
    lost = wait_for(
        lambda: [s for s in program.said if s["text"].startswith("Help") and s["error"]],
        SPEECH_LIMIT_S,
        "the help to fail",
    )
    assert isinstance(lost, list)
    assert lost[0]["error"].startswith("The sound output stopped accepting sound. Connect")
    assert "Image Describer says" in program.running.copied(("ctrl+slash", "ctrl+c"))
    null_sink.socket.unlink(missing_ok=True)
    home = tmp_path / "again"
    home.mkdir()
    again = subprocess.Popen(
        [
            *("pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no"),
            *("-L", f"module-native-protocol-unix auth-anonymous=1 socket={null_sink.socket}"),
            *("-L", "module-null-sink sink_name=heard rate=44100 channels=1 norewinds=1"),
        ],
        env={**os.environ, "HOME": str(home), "XDG_RUNTIME_DIR": str(home)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for(
            lambda: "heard" in null_sink._pactl("list", "short", "sinks"),
            LIMIT_S,
            "the sound server",
        )
        program.wait_to_hear("No picture is open", "F2")
        program.assert_working()
        assert program.said[-1]["voice"] == "espeak"
    finally:
        again.terminate()
        again.wait()


@pytest.mark.slow
def test_damaged_settings(spoken: StartApp) -> None:
    program = spoken("--offline", settings=b"rate = = 450 [[[\n\0\xff\nonline = false\n")
    program.wait_to_hear(GREETING)  # it does not interrupt the error
    assert len(program.errors) == 1
    assert program.errors[0].startswith("The settings file is damaged. ")
    program.assert_working()


@pytest.mark.slow
def test_folders_in_place_of_settings_and_history(
    spoken: StartApp, photo: str, tmp_path: Path
) -> None:
    (tmp_path / "app" / "config" / "image-describer" / "settings.toml").mkdir(parents=True)
    (tmp_path / "app" / "data" / "image-describer" / "library" / "index.sqlite3").mkdir(
        parents=True
    )
    program = spoken("--offline", photo, settings=None)
    program.wait_to_hear("New descriptions are not kept.")
    texts = [s["text"] for s in program.said if not s["interrupted"] and s["kind"] != "notice"]
    assert texts[0] == "The settings can't be read (it is not a file), so the defaults are used."
    assert texts[2] == (
        "The history can't be read: it is not a file. New descriptions are not kept."
    )
    assert [s["kind"] for s in program.said if s["text"] == texts[1]] == ["description"]
    program.wait_to_hear("The settings can't be saved: it is not a file.", "ctrl+Up")
    program.assert_working()


def test_the_disk_is_full(
    drive: Callable[..., AppDriver], photo: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def database_full(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr("image_describer.settings.write_private", full)
    monkeypatch.setattr("image_describer.library.history._add", database_full)
    settings = SettingsFile(tmp_path / "settings.toml")
    driver = drive(settings=settings, history=History(tmp_path / "library" / "index.sqlite3"))
    driver.app.open_file(photo)
    driver.until(lambda: any(kind == "error" for _, kind, _ in driver.heard.said), "the error")
    kinds = [kind for _, kind, _ in driver.heard.said]
    assert driver.heard.said[-1] == (
        "The history can't be written: the disk is full. New descriptions are not kept.",
        "error",
        False,  # it waits for the description
    )
    assert kinds.index("description") < kinds.index("error")
    driver.press("ctrl+Up")
    driver.until(
        lambda: driver.heard.said_last("The settings can't be saved: No space"), "the error"
    )
    driver.press("F5")
    assert CAPTION in driver.heard.texts[-1]


def test_two_windows_share_settings_and_history(
    drive: Callable[..., AppDriver], photo: str, tmp_path: Path
) -> None:
    file, past = tmp_path / "settings.toml", tmp_path / "library" / "index.sqlite3"
    SettingsFile(file).save(SettingsFile(file).load())
    first = drive(settings=SettingsFile(file), history=History(past))
    second = drive(settings=SettingsFile(file), history=History(past))
    first.app.faster()
    first.until(lambda: "rate = 180" in file.read_text(), "the rate")
    second.app.settings_controller.set(text_size=125)
    second.until(lambda: "text_size = 125" in file.read_text(), "the text size")
    assert "rate = 180" in file.read_text()
    for window in (first, second):
        window.describe(photo)
    first.until(lambda: len(History(past).entries()) == 2, "both descriptions")
    for window in (first, second):
        assert not [text for text, kind, _ in window.heard.said if kind == "error"]
