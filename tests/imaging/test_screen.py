"""Capturing the screen: on a real X server, through a portal on a bus of the test's own."""

import ctypes
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image, ImageGrab

from image_describer.errors import PictureError, ScreenError
from image_describer.imaging.screen import capture, is_black, macos, portal, windows, x11
from tests.support.screen import LIMIT_S, Screen, wait_for
from tests.support.system_library import FakeLibrary

RED, BLUE = (200, 30, 40), (20, 60, 220)
# A coloured window that takes the focus, in a process of its own; its geometry is its title.
WINDOW = """
import sys, tkinter
root = tkinter.Tk()
root.geometry(sys.argv[1])
root.configure(background=sys.argv[2])
root.title(sys.argv[1])
root.after(50, root.focus_force)
root.mainloop()
"""
PORTAL = Path(__file__).parents[1] / "support" / "screenshot_portal.py"

Show = Callable[..., "subprocess.Popen[str]"]
Serve = Callable[..., None]


@pytest.fixture(scope="module")
def held_screen(screen: Screen) -> Iterator[Screen]:
    """A screen with a client of its own: when the last one goes, Xvfb resets and refuses others."""
    from Xlib.display import Display

    server = Display(screen.display)
    yield screen
    server.close()


@pytest.fixture
def x11_only(held_screen: Screen, monkeypatch: pytest.MonkeyPatch) -> Screen:
    """The screen, as a session without Wayland."""
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.delenv("XDG_SESSION_TYPE", raising=False)
    return held_screen


@pytest.fixture
def show(x11_only: Screen) -> Iterator[Show]:
    """``show("300x200+40+50", "red")`` shows a window, and returns once it has the focus."""
    shown: list[subprocess.Popen[str]] = []

    def start(geometry: str, colour: str) -> "subprocess.Popen[str]":
        program = subprocess.Popen([sys.executable, "-c", WINDOW, geometry, colour], text=True)
        shown.append(program)
        # Not at Tk's FocusIn, which it also sends when the pointer enters a window.
        wait_for(lambda: x11_only.focused() == geometry, LIMIT_S, "the focus")
        return program

    yield start
    for program in shown:
        program.kill()
        program.wait()


def rgb(colour: tuple[int, int, int]) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)


@pytest.mark.gui
def test_the_whole_screen(show: Show, x11_only: Screen) -> None:
    show("300x200+40+50", rgb(RED))
    image = capture()
    assert image.size == x11_only.shot().size
    assert image.tobytes() == x11_only.shot().tobytes()
    assert image.getpixel((190, 150)) == RED


@pytest.mark.gui
def test_the_active_window_alone(show: Show) -> None:
    show("300x200+40+50", rgb(RED))
    show("240x160+500+300", rgb(BLUE))
    image = capture(window=True)
    assert image.size == (240, 160)
    assert image.getcolors() == [(240 * 160, BLUE)]


@pytest.mark.gui
def test_a_window_that_extends_beyond_the_screen(show: Show, x11_only: Screen) -> None:
    width, _height = x11_only.shot().size
    show(f"300x200+{width - 100}+50", rgb(RED))
    assert capture(window=True).size == (100, 200)


@pytest.mark.gui
def test_the_window_manager_names_the_active_window(show: Show) -> None:
    from Xlib import X, Xatom
    from Xlib.display import Display

    show("240x160+500+300", rgb(BLUE))
    server = Display()
    root = server.screen().root
    # As window managers do: a frame with the program's window, and its shadow, inside.
    frame = root.create_window(
        30, 40, 320, 230, 2, X.CopyFromParent, background_pixel=0xC81E28, override_redirect=True
    )
    inner = frame.create_window(10, 20, 300, 200, 0, X.CopyFromParent, background_pixel=0x00FF00)
    active = server.intern_atom("_NET_ACTIVE_WINDOW")
    try:
        inner.map()
        frame.map()
        root.change_property(active, Xatom.WINDOW, 32, [inner.id])
        server.sync()
        assert x11.active_window() == (30, 40, 354, 274)
        shadow = server.intern_atom("_GTK_FRAME_EXTENTS")
        inner.change_property(shadow, Xatom.CARDINAL, 32, [10, 11, 12, 13])
        server.sync()
        assert x11.active_window() == (40, 52, 343, 261)
        assert capture(window=True).size == (303, 209)
        root.change_property(active, Xatom.WINDOW, 32, [0])
        server.sync()
        with pytest.raises(ScreenError, match="no active window"):
            capture(window=True)
        root.change_property(active, Xatom.WINDOW, 32, [inner.id])
        frame.destroy()
        server.sync()
        with pytest.raises(ScreenError, match="no active window"):
            capture(window=True)
    finally:
        root.delete_property(active)
        server.sync()  # the server may not read what was sent just before a connection is closed
        server.close()


@pytest.mark.gui
def test_a_black_screen_is_told_as_black(show: Show, x11_only: Screen) -> None:
    width, height = x11_only.shot().size
    show(f"{width}x{height}+0+0", "#050505")
    with pytest.raises(ScreenError, match="The screen is black: a screen curtain may be on"):
        capture()
    with pytest.raises(ScreenError, match="The window is black: a screen curtain may be on"):
        capture(window=True)


def test_a_line_of_text_on_black_is_not_black() -> None:
    image = Image.new("RGB", (1920, 1080))
    assert is_black(image)
    image.paste((255, 255, 255), (0, 0, 2, 9))  # a cursor
    assert is_black(image)
    image.paste((200, 200, 200), (0, 20, 30, 22))  # as much as a few letters
    assert not is_black(image)
    assert not is_black(Image.new("RGB", (64, 64), (40, 40, 40)))


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="there is always a screen")
def test_without_a_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("WAYLAND_DISPLAY", "XDG_SESSION_TYPE", "DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(PictureError, match="There is no screen"):
        capture()
    monkeypatch.setenv("DISPLAY", ":9876")
    for window in (False, True):
        with pytest.raises(ScreenError, match="The display ':9876' does not answer"):
            capture(window=window)


@pytest.fixture
def serve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Serve]:
    """``serve("accept", FILE)`` starts a portal on a bus of its own; see its module.

    ``serve()`` starts the bus alone.
    """
    if shutil.which("dbus-daemon") is None:
        if os.environ.get("CI"):
            pytest.fail("dbus-daemon is not installed")
        pytest.skip("dbus-daemon is not installed (apt-get install dbus-daemon)")
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-0")
    started: list[subprocess.Popen[str]] = []

    def start(*command: object) -> str:
        program = subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE, text=True)
        started.append(program)
        assert program.stdout is not None
        return program.stdout.readline().strip()

    def start_portal(*arguments: object) -> None:
        address = start("dbus-daemon", "--session", "--nofork", "--nopidfile", "--print-address")
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address)
        if arguments:
            assert start(sys.executable, PORTAL, *arguments) == "ready"

    yield start_portal
    for program in reversed(started):
        program.kill()
        program.wait()


@pytest.fixture
def screenshot(tmp_path: Path) -> Path:
    """The file that the portal gives; its name has a space and an accent."""
    file = tmp_path / "Capture d’écran 1.png"
    Image.new("RGB", (320, 200), BLUE).save(file)
    return file


def test_the_portal(serve: Serve, screenshot: Path) -> None:
    serve("accept", screenshot)
    assert capture().getcolors() == [(320 * 200, BLUE)]
    assert not screenshot.exists()


def test_the_active_window_through_a_portal_that_can(serve: Serve, screenshot: Path) -> None:
    serve("accept", screenshot, "15")
    assert capture(window=True).size == (320, 200)


@pytest.mark.parametrize("targets", [(), ("7",)], ids=["version 2", "version 3"])
def test_a_portal_that_cannot_capture_the_active_window(
    serve: Serve, screenshot: Path, targets: tuple[str, ...]
) -> None:
    serve("accept", screenshot, *targets)
    with pytest.raises(ScreenError, match=r"single windows.*Alt\+Print"):
        capture(window=True)
    assert screenshot.exists()


@pytest.mark.parametrize("answer", ["1", "2"])
def test_a_portal_that_refuses(serve: Serve, screenshot: Path, answer: str) -> None:
    serve(answer, screenshot)
    with pytest.raises(ScreenError, match=r"does not allow.*and allow it") as refused:
        capture()
    assert refused.value.details.startswith("The setting is Screenshots")


def test_a_portal_that_is_silent(
    serve: Serve, screenshot: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(portal, "ANSWER_LIMIT_S", 0.3)
    serve("silent", screenshot)
    with pytest.raises(ScreenError, match="did not answer"):
        capture()


def test_a_portal_that_gives_no_picture(serve: Serve, screenshot: Path) -> None:
    screenshot.write_bytes(b"no picture")
    serve("accept", screenshot)
    with pytest.raises(ScreenError, match="can't be read"):
        capture()
    assert not screenshot.exists()


def test_a_black_screen_from_the_portal(serve: Serve, screenshot: Path) -> None:
    Image.new("RGB", (320, 200)).save(screenshot)
    serve("accept", screenshot)
    with pytest.raises(ScreenError, match="The screen is black"):
        capture()
    assert not screenshot.exists()


def test_without_a_portal(serve: Serve, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    serve()
    with pytest.raises(ScreenError, match=r"lacks the portal.*Install xdg-desktop-portal"):
        capture()
    for address in (f"unix:path={tmp_path}/nothing", "tcp:host=localhost,port=9", ""):
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address)
        with pytest.raises(ScreenError, match="lacks the portal"):
            capture()
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS")
    with pytest.raises(ScreenError, match="lacks the portal"):
        capture()


def test_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    grabbed: list[dict[str, object]] = []

    def grab(**options: object) -> Image.Image:
        grabbed.append(options)
        return Image.new("RGB", (8, 8), RED)

    def bounds(_handle: object, attribute: int, box: object, _size: int) -> int:
        assert attribute == windows.EXTENDED_FRAME_BOUNDS
        rectangle = box._obj  # type: ignore[attr-defined]
        rectangle.left, rectangle.top, rectangle.right, rectangle.bottom = -1900, 10, -900, 700
        return 0

    window = [1234]
    libraries = {
        "user32": FakeLibrary(GetForegroundWindow=lambda: window[0]),
        "dwmapi": FakeLibrary(DwmGetWindowAttribute=bounds),
    }
    monkeypatch.setattr(ctypes, "CDLL", libraries.__getitem__)
    monkeypatch.setattr(ImageGrab, "grab", grab)
    monkeypatch.setattr(sys, "platform", "win32")
    capture()
    capture(window=True)
    assert grabbed == [
        {"bbox": None, "all_screens": True},
        {"bbox": (-1900, 10, -900, 700), "all_screens": True},
    ]
    window[0] = 0
    with pytest.raises(ScreenError, match="no active window"):
        capture(window=True)


@pytest.mark.skipif(os.name == "nt", reason="the stand-in for osascript needs a shell")
def test_macos(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    grabbed: list[object] = []

    def grab(bbox: object = None) -> Image.Image:
        grabbed.append(bbox)
        return Image.new("RGB", (8, 8), RED)

    def script(output: str) -> None:
        tool = tmp_path / "osascript"
        tool.write_text(f"#!/bin/sh\necho '{output}'\n")
        tool.chmod(0o755)

    allowed = [True]

    def request() -> bool:
        return allowed[0]

    monkeypatch.setattr(ctypes, "CDLL", lambda _: FakeLibrary(CGRequestScreenCaptureAccess=request))
    monkeypatch.setattr(ImageGrab, "grab", grab)
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    script("[10, 20.5, 310.2, 220]")
    capture()
    capture(window=True)
    assert grabbed == [None, (10, 20, 310, 220)]
    script("null")
    with pytest.raises(ScreenError, match="no active window"):
        capture(window=True)
    allowed[0] = False
    with pytest.raises(ScreenError, match=r"Privacy & Security, Screen & System Audio Recording"):
        capture()
    assert macos.ALLOW_IT.endswith("start this program again.")
