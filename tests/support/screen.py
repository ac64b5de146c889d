"""A screen that is not there: Xvfb, with the keys, the clipboard and the sight of a user.

The fixture ``screen`` starts a server on a free display and points this process to it; ``app``
starts the real program on it, in a process and with folders of its own.
"""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from PIL import Image, ImageGrab

# Where all is well nobody waits that long; a machine with other work is slow to start a program.
LIMIT_S = 60.0
MANY_LIMIT_S = 120.0  # until dozens of pictures are described
AGAIN_S = 2.0  # how long a key is given before it is pressed once more
POLL_S = 0.03
ROUNDS = 10
CLIPBOARD = "import sys, tkinter; root = tkinter.Tk(); root.withdraw(); "
SIZE_PX = (1280, 900)


class Screen:
    """A running Xvfb, without a window manager."""

    def __init__(self, size: tuple[int, int] = SIZE_PX) -> None:
        readable, writable = os.pipe()
        geometry = f"{size[0]}x{size[1]}x24"
        command = [
            "Xvfb",
            "-displayfd",
            str(writable),
            "-screen",
            "0",
            geometry,
            "-nolisten",
            "tcp",
        ]
        self._server = subprocess.Popen(
            command, pass_fds=(writable,), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        os.close(writable)
        with os.fdopen(readable) as answer:
            number = answer.readline().strip()  # ends with the server, if that can't start
        if not number:
            raise RuntimeError(f"Xvfb did not start: status {self._server.wait(timeout=5)}")
        self.display = f":{number}"

    def close(self) -> None:
        self._server.terminate()
        try:
            self._server.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self._server.kill()
            self._server.wait()

    def shot(self, file: Path | None = None) -> Image.Image:
        """What is to be seen now; also written to ``file``."""
        image = ImageGrab.grab(xdisplay=self.display).convert("RGB")
        if file is not None:
            image.save(file)
        return image

    def xdotool(self, *words: str) -> str:
        done = subprocess.run(
            ["xdotool", *words],
            env={**os.environ, "DISPLAY": self.display},
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
        )
        return done.stdout.strip()

    def press(self, *keys: str) -> None:
        """Press and release, one after the other: "ctrl+o", "F1", "Control_L"."""
        self.xdotool("key", "--delay", "20", *keys)

    def press_until(self, key: str, done: Callable[[], object], name: str) -> None:
        """Press ``key``, and press it again every AGAIN_S, until ``done()``.

        Only for keys that harm nothing when they come twice, such as an Escape that closes a
        dialog: the first one may find the program busy with something that it ends instead.
        """
        limit = time.monotonic() + LIMIT_S
        while True:
            self.press(key)
            if holds_within(done, AGAIN_S):
                return
            if time.monotonic() > limit:
                raise AssertionError(f"pressed {key} for {LIMIT_S} s in vain for {name}")

    def type(self, text: str) -> None:
        self.xdotool("type", "--delay", "8", text)

    def windows(self, name: str) -> list[str]:
        """The ids of the visible windows whose title holds ``name`` (a regular expression)."""
        return self.xdotool("search", "--onlyvisible", "--name", name).split()

    def focus(self, window: str) -> None:
        self.xdotool("windowfocus", "--sync", window)

    def focused(self) -> str:
        """The title of the window that gets the keys."""
        return self.xdotool("getwindowfocus", "getwindowname")

    def _clipboard(self, script: str) -> str:
        # A process of its own: Tk would answer from what this process once put there itself.
        done = subprocess.run(
            [sys.executable, "-c", CLIPBOARD + script],
            env={**os.environ, "DISPLAY": self.display},
            capture_output=True,
            encoding="utf-8",
            timeout=LIMIT_S,
        )
        return done.stdout

    def clipboard(self) -> str:
        """The text on the clipboard, or nothing."""
        return self._clipboard("sys.stdout.buffer.write(root.clipboard_get().encode())")

    def clear_clipboard(self) -> None:
        """Take the clipboard over, and be gone."""
        self._clipboard("root.clipboard_clear(); root.clipboard_append('-'); root.update()")


def holds_within(what: Callable[[], object], limit_s: float) -> object:
    """The first true answer of ``what``; its last, false one after ``limit_s``."""
    limit = time.monotonic() + limit_s
    while True:
        late = time.monotonic() > limit  # seen first: however slow the machine, it is asked twice
        answer = what()
        if answer or late:
            return answer
        time.sleep(POLL_S)


def wait_for(what: Callable[[], object], limit_s: float, name: str) -> object:
    """The first true answer of ``what``; fails after ``limit_s``."""
    answer = holds_within(what, limit_s)
    if not answer:
        raise AssertionError(f"waited {limit_s} s in vain for {name}")
    return answer


def own_time() -> float:
    """Seconds by a clock that stands still while this thread could run, but others had the cores.

    On Linux; elsewhere it is time.monotonic().
    """
    try:
        queued_ns = int(Path("/proc/thread-self/schedstat").read_bytes().split()[1])
    except (OSError, ValueError, IndexError):
        queued_ns = 0
    return time.monotonic() - queued_ns / 1e9


def assert_once_below(measure: Callable[[], float], limit: float, name: str) -> None:
    """That ``measure()`` stays below ``limit`` once in ROUNDS times.

    Another program may well hold up one of them, or most, but hardly each.
    """
    found: list[float] = []
    while len(found) < ROUNDS:
        found.append(measure())
        if found[-1] < limit:
            return
    raise AssertionError(f"tried in vain to see {name} below {limit}: {found}")


def assert_below(seconds: float, limit_s: float) -> None:
    """That something took less than ``limit_s``; failing so, a test of sound is run again."""
    if not seconds < limit_s:
        raise AssertionError(f"hoped in vain for less than {limit_s} s: it took {seconds:.2f} s")


def assert_near(seconds: float, wanted_s: float, by_s: float) -> None:
    """That what was heard lasted ``wanted_s``; gaps of a sound server that is held up count too."""
    if not abs(seconds - wanted_s) <= by_s:
        raise AssertionError(f"hoped in vain for {wanted_s:.2f} s of sound: {seconds:.2f} s")


class RunningApp:
    """The real program in a process of its own."""

    def __init__(
        self,
        screen: Screen,
        folder: Path,
        words: list[str],
        more: dict[str, str],
        program: Sequence[str] = ("-m", "image_describer"),
    ) -> None:
        self.screen = screen
        self.folder = folder
        self.words = words
        runtime = folder / "runtime"
        runtime.mkdir(mode=0o700, exist_ok=True)
        environment = {
            **os.environ,
            **app_folders(folder),
            "XDG_RUNTIME_DIR": str(runtime),
            "DISPLAY": screen.display,
            **more,
        }
        self._errors = (folder / "stderr.txt").open("wb")
        self.process = subprocess.Popen(
            [sys.executable, *program, *words],
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=self._errors,
        )

    @property
    def stderr(self) -> str:
        return (self.folder / "stderr.txt").read_text(errors="replace")

    @property
    def log(self) -> str:
        file = self.folder / "state" / "image-describer" / "log" / "app.log"
        return file.read_text(encoding="utf-8") if file.exists() else ""

    def title(self) -> str:
        """The title of the program's main window; empty while there is none."""
        for window in self.screen.windows("Image Describer"):
            name = self.screen.xdotool("getwindowname", window)
            if not name.startswith("Help"):
                return name
        return ""

    def wait_title(self, part: str, limit_s: float = LIMIT_S) -> str:
        """Wait until the title holds ``part``."""

        def there() -> str:
            if self.process.poll() is not None:
                raise AssertionError(f"it ended with {self.process.returncode}: {self.stderr}")
            name = self.title()
            return name if part in name else ""

        try:
            return str(wait_for(there, limit_s, f"a title with {part!r}"))
        except AssertionError as error:
            raise AssertionError(f"{error}; it was {self.title()!r}; log:\n{self.log}") from None

    def focus(self) -> None:
        """Give its main window the keys."""
        for window in self.screen.windows("Image Describer"):
            if not self.screen.xdotool("getwindowname", window).startswith("Help"):
                self.screen.focus(window)

    def copied(self, keys: tuple[str, ...] = ("ctrl+c",)) -> str:
        """What ``keys`` put on the clipboard."""
        self.screen.clear_clipboard()
        self.screen.press(*keys)
        return str(wait_for(self.screen.clipboard, LIMIT_S, "something on the clipboard"))

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(timeout=5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self._errors.close()


FOLDERS = ("config", "cache", "state", "data")


def app_folders(folder: Path) -> dict[str, str]:
    """Environment that keeps the program's own files in ``folder``."""
    return {f"XDG_{name.upper()}_HOME": str(folder / name) for name in FOLDERS}


def why_no_screen() -> str | None:
    """What is missing for a screen on this machine, or None."""
    if sys.platform != "linux":
        return "Xvfb is used on Linux only"
    missing = [name for name in ("Xvfb", "xdotool") if shutil.which(name) is None]
    return (
        f"not installed: {', '.join(missing)} (apt-get install xvfb xdotool)" if missing else None
    )


@pytest.fixture(scope="session")
def screen() -> Iterator[Screen]:
    """A Screen that this process and its children draw on."""
    reason = why_no_screen()
    if reason is not None:
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    server = Screen()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DISPLAY", server.display)
        yield server
    server.close()


@pytest.fixture(scope="session")
def small_server(screen: Screen) -> Iterator[Screen]:
    """Until the very end: a program whose server goes is ended by Xlib."""
    small = Screen((640, 480))
    yield small
    small.close()


@pytest.fixture
def small_screen(small_server: Screen, monkeypatch: pytest.MonkeyPatch) -> Screen:
    """The smallest screen that the program promises to fit."""
    monkeypatch.setenv("DISPLAY", small_server.display)
    return small_server


@pytest.fixture
def app(screen: Screen, tmp_path: Path) -> Iterator[Callable[..., RunningApp]]:
    """``app("picture.jpg", SOME_VARIABLE="value")`` starts the program; it ends with the test."""
    running: list[RunningApp] = []

    def start(*words: str, **more: str) -> RunningApp:
        folder = tmp_path / "app"
        folder.mkdir(exist_ok=True)
        running.append(RunningApp(screen, folder, list(words), more))
        return running[-1]

    yield start
    for one in running:
        one.end()
