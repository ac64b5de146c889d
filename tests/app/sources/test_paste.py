"""Ctrl+V in the whole program, with real owners of the clipboard."""

import io
import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from image_describer import Describer
from image_describer.app import messages
from image_describer.errors import NoSuchFileError, PictureError
from image_describer.imaging import clipboard
from image_describer.wording import sentence as wording
from tests.support.screen import LIMIT_S, RunningApp, Screen, wait_for

pytestmark = pytest.mark.gui

Start = Callable[..., RunningApp]
Own = Callable[..., "subprocess.Popen[bytes]"]
PNG = "image/png"


@pytest.fixture
def own(screen: Screen) -> Iterator[Own]:
    """``own(content, target)`` puts ``content`` on the clipboard, like another program."""
    if shutil.which("xclip") is None:
        if os.environ.get("CI"):
            pytest.fail("xclip is not installed")
        pytest.skip("xclip is not installed (apt-get install xclip)")
    owners: list[subprocess.Popen[bytes]] = []

    def start(content: bytes, target: str = "UTF8_STRING") -> "subprocess.Popen[bytes]":
        # -quiet keeps xclip in the foreground, as a child that can be ended by its id.
        owner = subprocess.Popen(
            ["xclip", "-quiet", "-selection", "clipboard", "-target", target, "-in"],
            env={**os.environ, "DISPLAY": screen.display},
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        assert owner.stdin is not None
        owner.stdin.write(content)
        owner.stdin.close()
        owners.append(owner)
        wait_for(lambda: target in offered(screen), LIMIT_S, f"{target} on the clipboard")
        return owner

    yield start
    for owner in owners:
        owner.kill()
        owner.wait()


def offered(screen: Screen) -> list[str]:
    done = subprocess.run(
        ["xclip", "-selection", "clipboard", "-target", "TARGETS", "-out"],
        env={**os.environ, "DISPLAY": screen.display},
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
    )
    return done.stdout.split()


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """Its name has a space and an accent, which URLs escape."""
    file = tmp_path / "phôto 1.png"
    Image.radial_gradient("L").convert("RGB").resize((300, 200)).save(file)
    return file


@pytest.fixture
def running(app: Start, tiny_bundle: Path) -> RunningApp:
    running = app("--voice", "off", IMAGE_DESCRIBER_BUNDLE=str(tiny_bundle))
    running.wait_title("Image Describer")
    running.focus()
    return running


def expected(bundle: Path, photo: Path) -> str:
    return wording.sentence(Describer(bundle).describe(photo))


def shown(running: RunningApp) -> str:
    """The text in the window that has the focus."""
    return running.copied(("ctrl+slash", "ctrl+c"))


def noise(side: int) -> bytes:
    pixels = np.random.default_rng(0).integers(0, 255, (side, side, 3), dtype=np.uint8)
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG", compress_level=1)
    return out.getvalue()


@pytest.mark.parametrize("large", [False, True], ids=["small", "more than Tk can take"])
def test_a_picture(
    running: RunningApp, screen: Screen, own: Own, tiny_bundle: Path, photo: Path, large: bool
) -> None:
    if large:
        photo.write_bytes(noise(1400))
    own(photo.read_bytes(), PNG)
    screen.press("ctrl+v")
    running.wait_title(f" - {messages.FROM_CLIPBOARD} - ")
    assert shown(running) == expected(tiny_bundle, photo)
    assert "Traceback" not in running.log + running.stderr


def test_without_a_tool_only_small_pictures_are_read(
    app: Start, screen: Screen, own: Own, tiny_bundle: Path, photo: Path, tmp_path: Path
) -> None:
    running = app("--voice", "off", IMAGE_DESCRIBER_BUNDLE=str(tiny_bundle), PATH=str(tmp_path))
    running.wait_title("Image Describer")
    running.focus()
    large = own(noise(1400), PNG)
    screen.press("ctrl+v")
    running.wait_title(clipboard.TOO_LARGE)
    large.kill()  # it waits forever for Tk to read the rest
    own(photo.read_bytes(), PNG)
    screen.press("ctrl+v")
    running.wait_title(f" - {messages.FROM_CLIPBOARD} - ")
    assert shown(running) == expected(tiny_bundle, photo)


@pytest.mark.parametrize(
    ("target", "write"),
    [
        ("UTF8_STRING", "{path}\n"),
        ("text/uri-list", "# from somewhere\r\n{uri}\r\n"),
        ("x-special/gnome-copied-files", "copy\n{uri}"),
    ],
)
def test_a_file(
    running: RunningApp,
    screen: Screen,
    own: Own,
    tiny_bundle: Path,
    photo: Path,
    target: str,
    write: str,
) -> None:
    own(write.format(path=photo, uri=photo.as_uri()).encode(), target)
    screen.press("ctrl+v")
    running.wait_title(f" - {photo.name} - ")
    assert shown(running) == expected(tiny_bundle, photo)


@pytest.mark.parametrize(
    ("content", "target", "sentence"),
    [
        (b"no path at all", "UTF8_STRING", "No such file."),
        (b"\x89PNG\r\n\x1a\n and then nothing", PNG, "The file is incomplete"),
        (b"<p>", "text/html", clipboard.EMPTY),
    ],
    ids=["text", "damaged", "other"],
)
def test_other_content_is_reported(
    running: RunningApp,
    screen: Screen,
    own: Own,
    tiny_bundle: Path,
    photo: Path,
    content: bytes,
    target: str,
    sentence: str,
) -> None:
    own(content, target)
    screen.press("ctrl+v")
    running.wait_title(sentence)
    own(photo.read_bytes(), PNG)
    screen.press("ctrl+v")
    running.wait_title(expected(tiny_bundle, photo)[:100])
    assert "Traceback" not in running.log + running.stderr


def test_the_current_picture_stays_if_nothing_can_be_pasted(
    running: RunningApp, screen: Screen, own: Own, tiny_bundle: Path, photo: Path
) -> None:
    own(photo.read_bytes(), PNG)
    screen.press("ctrl+v")
    running.wait_title(f" - {messages.FROM_CLIPBOARD} - ")
    own(b"no path")
    screen.press("ctrl+v")
    wait_for(lambda: "No such file." in running.log, LIMIT_S, "the sentence in the log")
    assert shown(running) == expected(tiny_bundle, photo)


def test_the_window_answers_while_an_owner_hangs(
    running: RunningApp, screen: Screen, own: Own
) -> None:
    owner = own(b"never given", PNG)
    owner.send_signal(signal.SIGSTOP)
    try:
        screen.press("ctrl+v")
        screen.press("F1")  # the window answers meanwhile
        wait_for(lambda: screen.windows("^Help"), LIMIT_S, "the help")
        screen.press_until("Escape", lambda: not screen.windows("^Help"), "the help to go")
    finally:
        owner.send_signal(signal.SIGCONT)
    assert running.process.poll() is None


@pytest.fixture
def wl_paste(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A stand-in for wl-paste that offers wayland.png, and logs how it is called."""
    log = tmp_path / "calls.txt"
    tool = tmp_path / "bin" / "wl-paste"
    tool.parent.mkdir()
    tool.write_text(
        f'#!/bin/sh\necho "$@" >>{log}\n'
        f'if [ "$1" = --list-types ]; then echo {PNG}; else cat {tmp_path}/wayland.png; fi\n'
    )
    tool.chmod(0o755)
    log.touch()
    (tmp_path / "wayland.png").write_bytes(noise(8))
    monkeypatch.setenv("PATH", f"{tool.parent}:{os.environ['PATH']}")
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-0")
    return log


def test_wl_paste_is_only_asked_when_x11_has_nothing(
    screen: Screen, own: Own, wl_paste: Path, photo: Path
) -> None:
    owner = own(photo.read_bytes(), PNG)
    assert clipboard.read() == photo.read_bytes()
    owner.kill()
    owner = own(b"no path")
    with pytest.raises(NoSuchFileError):
        clipboard.read()
    assert wl_paste.read_text() == "", "on GNOME, it would have taken the focus"
    owner.kill()
    wait_for(lambda: not offered(screen), LIMIT_S, "an empty clipboard")
    assert clipboard.read() == noise(8)
    assert wl_paste.read_text().splitlines() == ["--list-types", f"--no-newline --type {PNG}"]


def test_wl_paste_reads_the_clipboard_of_wayland_alone(
    wl_paste: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DISPLAY")
    assert clipboard.read() == noise(8)
    monkeypatch.delenv("WAYLAND_DISPLAY")
    with pytest.raises(PictureError, match="can't be read"):
        clipboard.read()
