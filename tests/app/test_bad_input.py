"""Bad input for the whole program: each time one spoken sentence, and the app goes on."""

import ctypes
import errno
import io
import os
import shutil
import sqlite3
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from image_describer.app import lost_display
from image_describer.app.sources import clipboard
from image_describer.library.history import History
from image_describer.settings import SettingsFile
from tests.app.sources.test_clipboard import PNG, Own, own  # noqa: F401
from tests.support.gtts_service import service
from tests.support.screen import LIMIT_S, RunningApp, Screen, wait_for
from tests.support.sound import NullSink
from tests.support.spoken import SAID_LIMIT_S, SETTINGS, Start
from tests.support.window import CAPTION, AppDriver

pytestmark = [pytest.mark.gui, pytest.mark.sound]

MANY = 20_000
PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH = 24, 1, 2  # <linux/capability.h>
GREETING = "Control O opens a picture"


def as_no_root(start: Callable[[], Any]) -> Any:
    """``start()`` with children that must obey permissions, though root runs the tests."""
    started: list[Any] = []

    def work() -> None:
        libc = ctypes.CDLL(None)
        for capability in (CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH):
            libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)  # of this thread, and its children
        started.append(start())

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    return started[0]


def test_a_folder_that_may_not_be_read(spoken: Start, tmp_path: Path) -> None:
    locked = tmp_path / "locked"
    locked.mkdir(mode=0)
    one = as_no_root(spoken)
    one.hears(GREETING)
    one.hears("Open a picture, dialog.", "ctrl+o")
    one.screen.press("slash", "BackSpace")
    one.type_path(locked)
    one.hears("You are not allowed to open the folder locked.")
    assert one.errors == ["You are not allowed to open the folder locked."]
    one.goes_on()
    one.screen.press("Escape")
    one.hears("Describe a folder, dialog.", "Escape", "ctrl+shift+o")
    one.type_path(locked)
    one.hears("You are not allowed to open the folder locked.")
    one.goes_on()


def test_a_folder_of_very_many_files(spoken: Start, tmp_path: Path) -> None:
    big = tmp_path / "big"
    big.mkdir()
    for number in range(MANY):
        (big / f"IMG{number:05}.jpg").touch()
    one = spoken()
    one.hears(GREETING)
    one.hears("Open a picture, dialog.", "ctrl+o")
    one.screen.press("slash", "BackSpace")
    one.type_path(big)
    one.hears("big: 20,000 pictures. IMG00000.jpg, picture, 1 of 20,000")
    one.hears("IMG19999.jpg, picture, 20,000 of 20,000", "End")
    one.goes_on()


def test_a_broken_link(spoken: Start, tmp_path: Path) -> None:
    folder = tmp_path / "links"
    folder.mkdir()
    (folder / "link.jpg").symlink_to(tmp_path / "nowhere.jpg")
    one = spoken()
    one.hears(GREETING)
    one.hears("Open a picture, dialog.", "ctrl+o")
    one.screen.press("slash", "BackSpace")
    one.type_path(folder)
    one.hears("link.jpg, broken link, 1 of 1")
    sentence = "link.jpg is a link to something that is not there."
    assert one.hears(sentence, "F4") == sentence
    assert one.hears(sentence, "Return") == sentence
    one.goes_on()


def huge_png() -> bytes:
    out = io.BytesIO()
    Image.new("1", (40_000, 40_000)).save(out, "PNG")
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "kind", "told"),
    [
        (b"somebody's text, and no path", "UTF8_STRING", clipboard.NO_PATH),
        (None, "", clipboard.EMPTY),
        (huge_png(), PNG, "That picture is too large for me: it has 40,000 by 40,000 pixels."),
    ],
    ids=["text", "nothing", "huge"],
)
def test_the_clipboard(
    spoken: Start,
    own: Own,  # noqa: F811
    screen: Screen,
    content: bytes | None,
    kind: str,
    told: str,
) -> None:
    if content is None:
        screen.clear_clipboard()
    else:
        own(content, kind)
    one = spoken()
    one.hears(GREETING)
    one.hears(told, "ctrl+v")
    assert [error.startswith(told) for error in one.errors] == [True]
    one.goes_on()


def test_the_network_is_lost_in_mid_sentence(spoken: Start, photo: str) -> None:
    with service("half_and_hang") as google:
        one = spoken(
            "--online",
            photo,
            settings=SETTINGS + b'verbosity = "full"\n',
            IMAGE_DESCRIBER_GTTS_ADDRESS=google.address,
        )
        wait_for(
            lambda: [s for s in one.said if s["kind"] == "description" and s["ended"]],
            SAID_LIMIT_S,
            "the description",
        )
        (described,) = [s for s in one.said if s["kind"] == "description"]
        assert described["voice"] == "espeak"
        assert described["error"] is None
        one.goes_on()
        assert all(Path(photo).name not in text for text in google.texts)
        assert " ".join(google.texts).split()[:3] == described["text"].split()[:3]


def test_the_sound_server_is_killed_and_comes_back(
    spoken: Start, null_sink: NullSink, tmp_path: Path
) -> None:
    one = spoken(settings=b"online = false\n")
    one.hears(GREETING)
    null_sink.record()
    one.screen.press("F1")
    wait_for(lambda: one.screen.windows("^Help"), LIMIT_S, "the help")
    null_sink.wait_for_sound()
    null_sink._server.kill()
    null_sink._server.wait()
    lost = wait_for(
        lambda: [s for s in one.said if s["text"].startswith("Help") and s["error"]],
        SAID_LIMIT_S,
        "the help to be given up",
    )
    assert isinstance(lost, list)
    assert lost[0]["error"].startswith("The sound output stopped taking sound. Connect")
    assert "Image Describer says" in one.running.copied(("ctrl+slash", "ctrl+c"))
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
        one.hears("No picture is open", "F2")
        one.goes_on()
        assert one.said[-1]["voice"] == "espeak"
    finally:
        again.terminate()
        again.wait()


def test_settings_of_garbage(spoken: Start) -> None:
    one = spoken("--offline", settings=b"rate = = 450 [[[\n\0\xff\nonline = false\n")
    one.hears(GREETING)  # after the error, which it does not cut
    assert len(one.errors) == 1
    assert one.errors[0].startswith("The settings file is damaged. ")
    one.goes_on()


def test_folders_in_place_of_settings_and_history(
    spoken: Start, photo: str, tmp_path: Path
) -> None:
    (tmp_path / "app" / "config" / "image-describer" / "settings.toml").mkdir(parents=True)
    (tmp_path / "app" / "data" / "image-describer" / "library" / "index.sqlite3").mkdir(
        parents=True
    )
    one = spoken("--offline", photo, settings=None)
    one.hears("New descriptions are not kept.")
    texts = [s["text"] for s in one.said if not s["interrupted"] and s["kind"] != "notice"]
    assert texts[0] == "The settings can't be read (it is not a file), so the defaults are used."
    assert texts[2] == (
        "The history can't be read: it is not a file. New descriptions are not kept."
    )
    assert [s["kind"] for s in one.said if s["text"] == texts[1]] == ["description"]
    one.hears("The settings can't be saved: it is not a file.", "ctrl+Up")
    one.screen.press("ctrl+Up", "ctrl+Down")
    time.sleep(1.0)
    assert sum("can't be saved" in text for text in one.errors) == 1
    one.goes_on()


def test_a_history_of_garbage(spoken: Start, tmp_path: Path) -> None:
    folder = tmp_path / "app" / "data" / "image-describer"
    folder.mkdir(parents=True)
    (folder / "history.jsonl").write_bytes(b"\xff\0garbage\n" * 3)
    one = spoken()
    one.hears(GREETING)
    one.hears("There is no earlier description.", "alt+Up")
    assert one.errors == [
        "3 entries of the history were damaged and left out; the old file is kept as "
        "history.jsonl.damaged."
    ]
    one.goes_on()


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
    driven = drive(settings=settings, history=History(tmp_path / "library" / "index.sqlite3"))
    driven.app.open_file(photo)
    driven.until(lambda: any(kind == "error" for _, kind, _ in driven.heard.said), "the error")
    kinds = [kind for _, kind, _ in driven.heard.said]
    assert driven.heard.said[-1] == (
        "The history can't be written: the disk is full. New descriptions are not kept.",
        "error",
        False,  # the description is heard out before it
    )
    assert kinds.index("description") < kinds.index("error")
    driven.press("ctrl+Up")
    driven.until(lambda: driven.heard.said_last("The settings can't be saved: No space"), "it")
    driven.press("F5")
    assert CAPTION in driven.heard.texts[-1]


def test_a_picture_is_deleted_between_choosing_and_opening(
    spoken: Start, photo: str, tmp_path: Path
) -> None:
    folder = tmp_path / "holiday"
    folder.mkdir()
    shutil.copy(photo, folder / "beach.png")
    one = spoken()
    one.hears(GREETING)
    one.hears("Open a picture, dialog.", "ctrl+o")
    one.screen.press("slash", "BackSpace")
    one.type_path(folder)
    one.hears("beach.png, picture, 1 of 1")
    (folder / "beach.png").unlink()
    one.hears("There is no file or folder beach.png.", "Return")
    assert one.errors == ["There is no file or folder beach.png."]
    one.hears("holiday", "BackSpace")
    one.goes_on()


def test_a_file_that_is_gone_is_told_by_its_name(spoken: Start, tmp_path: Path) -> None:
    one = spoken(str(tmp_path / "gone.jpg"))
    one.hears('There is no file "gone.jpg". Check how its name is written.')
    assert len(one.errors) == 1
    one.goes_on()


def test_two_windows_at_once(drive: Callable[..., AppDriver], photo: str, tmp_path: Path) -> None:
    file, past = tmp_path / "settings.toml", tmp_path / "library" / "index.sqlite3"
    SettingsFile(file).save(SettingsFile(file).load())
    first = drive(settings=SettingsFile(file), history=History(past))
    second = drive(settings=SettingsFile(file), history=History(past))
    first.app.faster()
    first.until(lambda: "rate = 195" in file.read_text(), "the rate")
    second.app.settings_controller.set(text_size=125)
    second.until(lambda: "text_size = 125" in file.read_text(), "the text size")
    assert "rate = 195" in file.read_text()
    for one in (first, second):
        one.app.open_file(photo)
        one.until_described()
    first.until(lambda: len(History(past).entries()) == 2, "both descriptions")
    for one in (first, second):
        assert not [text for text, kind, _ in one.heard.said if kind == "error"]


def test_the_display_is_lost(null_sink: NullSink, tiny_bundle: Path, tmp_path: Path) -> None:
    server = Screen()
    folder = tmp_path / "app"
    folder.mkdir()
    more = {"IMAGE_DESCRIBER_BUNDLE": str(tiny_bundle), "XDG_DATA_HOME": str(folder / "data")}
    running = RunningApp(server, folder, ["--offline"], more)
    try:
        running.wait_title("Image Describer")
    finally:
        server.close()
    assert running.process.wait(timeout=LIMIT_S) == lost_display.STATUS == 2
    assert running.stderr == f"{lost_display.SENTENCE}\n"
    assert running.log.count(lost_display.SENTENCE) == 1
    assert "Traceback" not in running.log
    running.end()
