"""The real program on the virtual screen and the null sink, judged by what it said.

The fixture ``spoken`` starts it with folders of its own, a fast offline voice and a spoken log.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.screen import RunningApp, Screen, wait_for
from tests.support.sound import NullSink

SAID_LIMIT_S = 90.0  # a long sentence, and a busy machine
# The fastest voice: the tests wait until sentences have been said to their end.
SETTINGS = b"online = false\nrate = 450\n"


class Spoken:
    """A running program; ``said`` is what was said to its end, or cut, so far."""

    def __init__(self, running: RunningApp, log: Path) -> None:
        self.running = running
        self.screen = running.screen
        self._log = log

    @property
    def said(self) -> list[dict[str, Any]]:
        lines = self._log.read_text("utf-8").splitlines() if self._log.exists() else []
        return [one for one in map(json.loads, lines) if one["kind"] != "earcon"]

    @property
    def errors(self) -> list[str]:
        """The errors that were heard to their end, and which voice said them."""
        heard = [one for one in self.said if one["kind"] == "error" and not one["interrupted"]]
        assert all(one["voice"] == "espeak" for one in heard)
        return [one["text"] for one in heard]

    def hears(self, part: str, *keys: str) -> str:
        """Press ``keys``; the first sentence after that with ``part`` in it, heard to its end."""
        before = len(self.said)
        if keys:
            self.screen.press(*keys)

        def found() -> str:
            fresh = self.said[before:]
            whole = (one["text"] for one in fresh if not one["interrupted"])
            return next((text for text in whole if part in text), "")

        try:
            return str(wait_for(found, SAID_LIMIT_S, f"{part!r} to be said"))
        except AssertionError as error:
            raise AssertionError(f"{error}; said: {self.said[before:]}") from None

    def goes_on(self) -> None:
        """It obeys, says where one is, and nothing has failed unforeseen."""
        self.hears(". ", "F2")
        assert self.running.process.poll() is None
        for written in (self.running.log, self.running.stderr):
            assert "Traceback" not in written
            assert " ERROR " not in written

    def type_path(self, path: Path) -> None:
        """Type a path where one is asked for, and press Return."""
        self.screen.type(str(path))
        self.screen.press("Return")


Start = Callable[..., Spoken]


@pytest.fixture
def spoken(
    app: Callable[..., RunningApp],
    screen: Screen,
    null_sink: NullSink,
    tiny_bundle: Path,
    tmp_path: Path,
) -> Start:
    def start(*words: str, settings: bytes | None = SETTINGS, **more: str) -> Spoken:
        config = tmp_path / "app" / "config" / "image-describer"
        if settings is not None:
            config.mkdir(parents=True, exist_ok=True)
            (config / "settings.toml").write_bytes(settings)
        log = tmp_path / "said.jsonl"
        running = app(
            "--speech-log",
            str(log),
            *words,
            **{
                "IMAGE_DESCRIBER_BUNDLE": str(tiny_bundle),
                "XDG_DATA_HOME": str(tmp_path / "app" / "data"),
                **null_sink.environment,
                **more,
            },
        )
        running.wait_title("Image Describer")
        running.focus()
        return Spoken(running, log)

    return start
