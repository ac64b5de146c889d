"""A virtual screen (Xvfb) with real keys, and the real program on it.

The fixture ``screen`` starts a server on a free display and sets DISPLAY; ``app`` starts the
program in a process of its own, with folders of its own.
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

# Far more than is usually needed; a busy machine is slow to start a program.
LIMIT_S = 60.0
MANY_LIMIT_S = 120.0  # until dozens of pictures are described
RETRY_S = 2.0  # before a key is pressed again
POLL_S = 0.03
CLIPBOARD = "import sys, tkinter; root = tkinter.Tk(); root.withdraw(); "
SIZE_PX = (1280, 900)


class Screen:
    """A running Xvfb, without a window manager."""

    def __init__(self, size: tuple[int, int] = SIZE_PX) -> None:
        readable, writable = os.pipe()
        geometry = f"{size[0]}x{size[1]}x24"
        command = ["Xvfb", "-displayfd", str(writable), "-screen", "0", geometry]
        self._server = subprocess.Popen(
            [*command, "-dpi", "96", "-nolisten", "tcp"],  # as on a screen that is not scaled
            pass_fds=(writable,),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(writable)
        with os.fdopen(readable) as answer:
            number = answer.readline().strip()  # empty if the server can't start
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
        """A screenshot; also saved to ``file``."""
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
        """Press and release the keys one after the other: "ctrl+o", "F1", "Control_L"."""
        self.xdotool("key", "--delay", "20", *keys)

    def press_until(self, key: str, done: Callable[[], object], name: str) -> None:
        """Press ``key`` every RETRY_S until ``done()``.

        Only for keys that may be pressed twice, such as the Escape that closes a dialog: the first
        one may cancel something else that is running.
        """
        limit = time.monotonic() + LIMIT_S
        while True:
            self.press(key)
            if wait_until(done, RETRY_S):
                return
            if time.monotonic() > limit:
                raise AssertionError(
                    f"timed out after pressing {key} for {LIMIT_S} s, waiting for {name}"
                )

    def type(self, text: str) -> None:
        self.xdotool("type", "--delay", "8", text)

    def windows(self, name: str) -> list[str]:
        """The ids of the visible windows whose title matches ``name`` (a regular expression)."""
        return self.xdotool("search", "--onlyvisible", "--name", name).split()

    def focus(self, window: str) -> None:
        self.xdotool("windowfocus", "--sync", window)

    def focused(self) -> str:
        """The title of the window that has the focus."""
        return self.xdotool("getwindowfocus", "getwindowname")

    def _clipboard(self, script: str) -> str:
        # In another process, because Tk would return what this process has once put there.
        done = subprocess.run(
            [sys.executable, "-c", CLIPBOARD + script],
            env={**os.environ, "DISPLAY": self.display},
            capture_output=True,
            encoding="utf-8",
            timeout=LIMIT_S,
        )
        return done.stdout

    def clipboard(self) -> str:
        """The text on the clipboard; may be empty."""
        return self._clipboard("sys.stdout.buffer.write(root.clipboard_get().encode())")

    def clear_clipboard(self) -> None:
        """Take over the clipboard and exit."""
        self._clipboard("root.clipboard_clear(); root.clipboard_append('-'); root.update()")


def wait_until(condition: Callable[[], object], limit_s: float) -> object:
    """The first true result of ``condition``; its last, false one after ``limit_s``."""
    limit = time.monotonic() + limit_s
    while True:
        late = time.monotonic() > limit  # before the call, so that there are at least two
        result = condition()
        if result or late:
            return result
        time.sleep(POLL_S)


def wait_for(condition: Callable[[], object], limit_s: float, name: str) -> object:
    """The first true result of ``condition``; fails after ``limit_s``."""
    result = wait_until(condition, limit_s)
    if not result:
        raise AssertionError(f"timed out after {limit_s} s waiting for {name}")
    return result


def assert_near(seconds: float, expected_s: float, by_s: float) -> None:
    """That the sound lasted about ``expected_s``; a busy sound server makes gaps in it."""
    if not abs(seconds - expected_s) <= by_s:
        raise AssertionError(f"the sound lasted {seconds:.2f} s instead of {expected_s:.2f} s")


class RunningApp:
    """The real program in a process of its own."""

    def __init__(
        self,
        screen: Screen,
        folder: Path,
        arguments: list[str],
        variables: dict[str, str],
        program: Sequence[str] = ("-m", "image_describer"),
    ) -> None:
        self.screen = screen
        self.folder = folder
        runtime = folder / "runtime"
        runtime.mkdir(mode=0o700, exist_ok=True)
        environment = {
            **os.environ,
            **app_folders(folder),
            "XDG_RUNTIME_DIR": str(runtime),
            "DISPLAY": screen.display,
            **variables,
        }
        self._errors = (folder / "stderr.txt").open("wb")
        self.process = subprocess.Popen(
            [sys.executable, *program, *arguments],
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
        """The title of the main window; empty while there is none."""
        for window in self.screen.windows("Image Describer"):
            name = self.screen.xdotool("getwindowname", window)
            if not name.startswith("Help"):
                return name
        return ""

    def wait_title(self, part: str, limit_s: float = LIMIT_S) -> str:
        """Wait until the title contains ``part``."""

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
        """Focus its main window."""
        for window in self.screen.windows("Image Describer"):
            if not self.screen.xdotool("getwindowname", window).startswith("Help"):
                self.screen.focus(window)

    def copied(self, keys: tuple[str, ...] = ("ctrl+c",)) -> str:
        """The text that ``keys`` put on the clipboard."""
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
    """The environment that keeps the program's own files in ``folder``."""
    return {f"XDG_{name.upper()}_HOME": str(folder / name) for name in FOLDERS}


def why_no_screen() -> str | None:
    """What this machine lacks for a screen, or None."""
    if sys.platform != "linux":
        return "Xvfb is used on Linux only"
    missing = [name for name in ("Xvfb", "xdotool") if shutil.which(name) is None]
    return (
        f"not installed: {', '.join(missing)} (apt-get install xvfb xdotool)" if missing else None
    )


@pytest.fixture(scope="session")
def screen() -> Iterator[Screen]:
    """A Screen for this process and its children."""
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
    """Kept for the whole session, because Xlib ends a process whose server ends."""
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

    def start(*arguments: str, **variables: str) -> RunningApp:
        folder = tmp_path / "app"
        folder.mkdir(exist_ok=True)
        running.append(RunningApp(screen, folder, list(arguments), variables))
        return running[-1]

    yield start
    for program in running:
        program.end()
