"""The real program on the virtual screen and the null sink, checked by its spoken log.

The fixture ``spoken`` starts it with separate folders and a fast offline voice.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.screen import RunningApp, Screen, wait_for
from tests.support.sound import NullSink

SPEECH_LIMIT_S = 90.0  # a long sentence, and a busy machine
# The fastest rate, because the tests wait for the end of sentences.
SETTINGS = b"online = false\nrate = 450\n"


class SpokenApp:
    """A running program; ``said`` lists the finished and interrupted utterances so far."""

    def __init__(self, running: RunningApp, log: Path) -> None:
        self.running = running
        self.screen = running.screen
        self._log = log

    def _logged(self) -> list[dict[str, Any]]:
        lines = self._log.read_text("utf-8").splitlines() if self._log.exists() else []
        return list(map(json.loads, lines))

    @property
    def said(self) -> list[dict[str, Any]]:
        return [entry for entry in self._logged() if entry["kind"] != "earcon"]

    @property
    def sounds(self) -> list[dict[str, Any]]:
        """The short sounds beside the speech."""
        return [entry for entry in self._logged() if entry["kind"] == "earcon"]

    @property
    def errors(self) -> list[str]:
        """The errors that were spoken to the end."""
        errors = [u for u in self.said if u["kind"] == "error" and not u["interrupted"]]
        assert all(utterance["voice"] == "espeak" for utterance in errors)
        return [utterance["text"] for utterance in errors]

    def wait_to_hear(self, part: str, *keys: str) -> str:
        """Press ``keys``; return the next sentence with ``part`` that is spoken to the end."""
        before = len(self.said)
        if keys:
            self.screen.press(*keys)

        def find() -> str:
            texts = (u["text"] for u in self.said[before:] if not u["interrupted"])
            return next((text for text in texts if part in text), "")

        try:
            return str(wait_for(find, SPEECH_LIMIT_S, f"{part!r} to be said"))
        except AssertionError as error:
            raise AssertionError(f"{error}; said: {self.said[before:]}") from None

    def assert_working(self) -> None:
        """Check that the program answers a key and has logged no unexpected error."""
        self.wait_to_hear(". ", "F2")
        assert self.running.process.poll() is None
        for output in (self.running.log, self.running.stderr):
            assert "Traceback" not in output
            assert " ERROR " not in output


StartApp = Callable[..., SpokenApp]


@pytest.fixture
def spoken(
    app: Callable[..., RunningApp],
    screen: Screen,
    null_sink: NullSink,
    tiny_bundle: Path,
    tmp_path: Path,
) -> StartApp:
    def start(*words: str, settings: bytes | None = SETTINGS, **more: str) -> SpokenApp:
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
        return SpokenApp(running, log)

    return start
