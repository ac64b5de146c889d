"""The Application in this process, on the virtual screen, with a fake describer and speaker."""

import contextlib
import threading
import time
import tkinter as tk
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from image_describer.app.commands import Application
from image_describer.app.context import AppContext
from image_describer.app.tasks.lazy_describer import LazyDescriber
from image_describer.captioner.description import Description
from image_describer.errors import BundleError
from image_describer.library import local_pool
from image_describer.library.history import History
from image_describer.library.local_pool import LocalPool
from image_describer.reading.text import PictureText
from image_describer.settings import SettingsFile
from image_describer.speech import Utterance
from tests.support.screen import LIMIT_S, Screen

TURN_S = 0.003
TURN_LIMIT_S = 0.02  # in a longer turn, other programs had the processor
SETTLE_S = 0.05
# Tcl aborts the process when another thread's garbage collection frees its interpreter.
KEPT: list[tk.Tk] = []
CAPTION = "two dogs play in the snow"


class FakeDescriber:
    """Waits while ``proceed`` is not set; then describes the picture, or raises ``error``.

    ``text`` is what it reads in every picture.
    """

    def __init__(self, error: Exception | None = None, text: PictureText | None = None) -> None:
        self.error = error
        self.text = text
        self.files: list[str | None] = []
        self.threads: list[threading.Thread] = []
        self.proceed = threading.Event()
        self.proceed.set()

    languages: tuple[str, ...] = ("en",)

    def describe(self, source: Any, *, language: str = "en") -> Description:
        self.files.append(source.file)
        self.threads.append(threading.current_thread())
        assert self.proceed.wait(2 * LIMIT_S)
        if self.error is not None:
            raise self.error
        return Description(
            CAPTION,
            0.8,
            file=source.file,
            width=source.width,
            height=source.height,
            text=self.text,
        )

    def read(self, source: Any) -> PictureText:
        assert self.proceed.wait(2 * LIMIT_S)
        return self.text or PictureText()

    @property
    def digests(self) -> dict[str, str]:
        return {"decoder.tflite": "of a fake"}

    @property
    def joint_space(self) -> Any:
        raise BundleError("This bundle has no joint space.")


class FakeSpeaker:
    """Records what was said, with its kind and whether it interrupts."""

    def __init__(self) -> None:
        self.said: list[tuple[str, str, bool]] = []
        self.stops = 0
        self.speaking = False
        self.last_error = ""
        self.fetching = False
        self.earcons: list[str] = []
        self.languages: list[str] = []  # of what was said
        self.settings: dict[str, Any] = {}
        self.reader = ""  # that speaks
        self.running_reader = ""

    def say(
        self,
        text: str,
        *,
        kind: str = "description",
        interrupt: bool = True,
        language: str = "",
        **_: bool,
    ) -> Utterance:
        self.said.append((text, kind, interrupt))
        self.languages.append(language)
        utterance = Utterance(text, kind)
        utterance.finish()
        return utterance

    def stop(self) -> None:
        self.stops += 1
        self.speaking = False

    def earcon(self, name: str) -> None:
        self.earcons.append(name)

    def said_last(self, start: str) -> bool:
        """Whether the last text begins with ``start``."""
        return bool(self.said) and self.said[-1][0].startswith(start)

    def configure(self, **settings: Any) -> None:
        self.settings.update(settings)

    def find_reader(self) -> str:
        return self.running_reader

    @property
    def texts(self) -> list[str]:
        return [text for text, _kind, _interrupt in self.said]


class TkLoop:
    """Runs Tk's loop for a test that sends keys to ``root`` on ``screen``."""

    root: tk.Tk
    screen: Screen
    context: AppContext

    @property
    def heard_so_far(self) -> list[str]:
        """What a failed wait reports."""
        return []

    def until(self, condition: Callable[[], object], name: str, limit_s: float = LIMIT_S) -> None:
        """Run the loop until ``condition()`` is true."""
        limit = time.monotonic() + limit_s
        while not condition():
            assert time.monotonic() < limit, f"timed out waiting for {name}; {self.heard_so_far}"
            self.root.update()
            time.sleep(TURN_S)

    def for_s(self, seconds: float) -> None:
        """Run the loop for that long, not counting time in which other programs ran."""
        left, last = seconds, time.monotonic()
        while left > 0:
            self.root.update()
            time.sleep(TURN_S)
            now = time.monotonic()
            left -= min(now - last, TURN_LIMIT_S)
            last = now

    def press(self, *keys: str) -> None:
        """Press real keys, and wait until their events are handled; jobs may still run."""
        self.screen.press(*keys)
        self.settle()

    def settle(self) -> None:
        """Handle all events that the server has sent so far, and what follows from them."""
        # Each question to the server waits for its answer, so that earlier events have arrived. A
        # key may move the focus, which causes further events.
        for _ in range(3):
            self.root.winfo_pointerxy()
            self.root.update()
        self.for_s(SETTLE_S)
        self.root.winfo_pointerxy()  # now the server has drawn everything

    def press_and_wait(self, *keys: str) -> None:
        """Press real keys, and wait until all jobs that they have started are done."""
        self.press(*keys)
        self.until_idle()

    def until_idle(self) -> None:
        """Wait until no job is running and the last result has been handled."""
        self.until(lambda: self.context.jobs.idle, "the end of all jobs")
        self.settle()


class AppDriver(TkLoop):
    """An Application in this process, on the screen."""

    def __init__(
        self,
        screen: Screen,
        describer: Any,
        settings: SettingsFile | None = None,
        history: History | None = None,
        indexed: bool = False,
    ) -> None:
        self.screen = screen
        self.describer = describer
        self.heard = FakeSpeaker()
        self.root = tk.Tk()
        KEPT.append(self.root)
        self.builds = 0
        speaker: Any = self.heard
        lazy = LazyDescriber(self._build)
        self.app = Application(self.root, lazy, speaker, settings, history, indexed=indexed)
        self.context = self.app.context
        self.build_error: Exception | None = None
        self.root.update()
        self.focus()

    def _build(self) -> Any:
        self.builds += 1
        if self.build_error is not None:
            raise self.build_error
        return self.describer

    def focus(self) -> None:
        self.root.focus_force()
        self.app.window.sentence.focus_set()
        self.until(lambda: self.root.focus_get() is self.app.window.sentence, "the focus")

    @property
    def heard_so_far(self) -> list[str]:
        return self.heard.texts

    @property
    def shown(self) -> str:
        return self.app.window.sentence.shown()

    def until_described(self) -> None:
        self.until(lambda: CAPTION in self.shown, "the description")

    @property
    def descriptions(self) -> int:
        """How many descriptions have been said."""
        return sum(kind == "description" for _text, kind, _interrupt in self.heard.said)

    def describe(self, file: str) -> None:
        """Open ``file``, and wait until its description is said, shown and kept."""
        self.app.open_file(file)
        self.until(lambda: self.app.describe_task.current.described, "the description")
        self.until_idle()


@pytest.fixture
def drive(screen: Screen) -> Iterator[Callable[..., AppDriver]]:
    opened: list[AppDriver] = []

    def start(error: Exception | None = None, describer: Any = None, **options: Any) -> AppDriver:
        opened.append(AppDriver(screen, describer or FakeDescriber(error), **options))
        return opened[-1]

    yield start
    for driver in opened:
        with contextlib.suppress(tk.TclError):  # the test may have closed it
            driver.root.destroy()


@pytest.fixture
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder is described as eagerly as other programs work: beside the other tests, processes
    that let all else come first hardly get a turn on a slow machine."""

    def normal_priority(*args: Any, low_priority: bool = False, **kwargs: Any) -> LocalPool:
        return LocalPool(*args, **kwargs)

    monkeypatch.setattr(local_pool, "LocalPool", normal_priority)


@pytest.fixture
def photo(tmp_path: Path) -> str:
    file = tmp_path / "photo.png"
    Image.radial_gradient("L").convert("RGB").resize((300, 200)).save(file)
    return str(file)
