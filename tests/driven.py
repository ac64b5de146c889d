"""A Program in this process, on the virtual screen; describer and voice are doubles."""

import contextlib
import threading
import time
import tkinter as tk
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from image_describer.app.describing import LateDescriber
from image_describer.app.program import Program
from image_describer.description import Description
from image_describer.history import History
from image_describer.settings import SettingsFile
from tests.screen import Screen

LIMIT_S = 10.0
# Tcl aborts the process when its interpreter is freed by another thread's garbage collection.
KEPT: list[tk.Tk] = []
CAPTION = "two dogs play in the snow"


class SlowDescriber:
    """Takes ``seconds`` for a picture, or raises ``error``."""

    def __init__(self, seconds: float = 0.0, error: Exception | None = None) -> None:
        self.seconds = seconds
        self.error = error
        self.files: list[str | None] = []
        self.threads: list[threading.Thread] = []

    def describe(self, source: Any) -> Description:
        self.files.append(source.file)
        self.threads.append(threading.current_thread())
        time.sleep(self.seconds)
        if self.error is not None:
            raise self.error
        return Description(CAPTION, 0.8, file=source.file, width=source.width, height=source.height)


class Heard:
    """Stands for Talk: keeps what was said."""

    def __init__(self) -> None:
        self.said: list[tuple[str, str, bool]] = []
        self.stops = 0
        self.speaking = False
        self.trouble = ""
        self.fetching = False
        self.earcons: list[str] = []
        self.settings: dict[str, Any] = {}

    def say(
        self, text: str, *, kind: str = "phrase", interrupt: bool = True, again: bool = False
    ) -> None:
        self.said.append((text, kind, interrupt))

    def stop(self) -> None:
        self.stops += 1
        self.speaking = False

    def earcon(self, name: str) -> None:
        self.earcons.append(name)

    def said_last(self, start: str) -> bool:
        """Whether the last thing said begins with ``start``."""
        return bool(self.said) and self.said[-1][0].startswith(start)

    def configure(self, **settings: Any) -> None:
        self.settings.update(settings)

    @property
    def texts(self) -> list[str]:
        return [text for text, _kind, _interrupt in self.said]


class Loop:
    """Runs Tk's loop for a test that drives ``root`` on ``screen``."""

    root: tk.Tk
    screen: Screen

    @property
    def heard_so_far(self) -> list[str]:
        """What a failure should tell besides."""
        return []

    def until(self, what: Callable[[], object], name: str, limit_s: float = LIMIT_S) -> None:
        limit = time.monotonic() + limit_s
        while not what():
            assert time.monotonic() < limit, f"waited in vain for {name}; {self.heard_so_far}"
            self.root.update()
            time.sleep(0.003)

    def for_s(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.root.update()
            time.sleep(0.003)

    def press(self, *keys: str) -> None:
        """Real keys, and time for them to arrive."""
        self.screen.press(*keys)
        self.for_s(0.15)


class Driven(Loop):
    """A Program in this process, on the screen."""

    def __init__(
        self,
        screen: Screen,
        describer: SlowDescriber,
        settings: SettingsFile | None = None,
        history: History | None = None,
    ) -> None:
        self.screen = screen
        self.describer = describer
        self.heard = Heard()
        self.root = tk.Tk()
        KEPT.append(self.root)
        self.builds: list[float] = []
        talk: Any = self.heard
        self.program = Program(self.root, LateDescriber(self._build), talk, settings, history)
        self.build_error: Exception | None = None
        self.root.update()
        self.focus()

    def _build(self) -> SlowDescriber:
        self.builds.append(time.monotonic())
        if self.build_error is not None:
            raise self.build_error
        return self.describer

    def focus(self) -> None:
        self.root.focus_force()
        self.program.window.sentence.focus_set()
        self.until(lambda: self.root.focus_get() is self.program.window.sentence, "the focus")

    @property
    def heard_so_far(self) -> list[str]:
        return self.heard.texts

    @property
    def shown(self) -> str:
        return self.program.window.sentence.shown()

    def until_described(self) -> None:
        self.until(lambda: CAPTION in self.shown, "the description")


@pytest.fixture
def drive(screen: Screen) -> Iterator[Callable[..., Driven]]:
    opened: list[Driven] = []

    def start(seconds: float = 0.0, error: Exception | None = None, **kept: Any) -> Driven:
        opened.append(Driven(screen, SlowDescriber(seconds, error), **kept))
        return opened[-1]

    yield start
    for one in opened:
        with contextlib.suppress(tk.TclError):  # the test may have ended it
            one.root.destroy()


@pytest.fixture
def photo(tmp_path: Path) -> str:
    file = tmp_path / "photo.png"
    Image.radial_gradient("L").convert("RGB").resize((300, 200)).save(file)
    return str(file)
