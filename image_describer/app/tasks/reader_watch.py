"""Watches for a screen reader, tells the user that it speaks, and switches it on and off."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from image_describer.app import keymap, messages
from image_describer.i18n import _

if TYPE_CHECKING:
    from image_describer.app.context import AppContext
    from image_describer.app.jobs import BackgroundJob
    from image_describer.app.settings_controller import SettingsController

LOOK_MS = 2000  # readers are started by a key or at login, and take longer themselves


class ReaderWatch:
    """Keeps ``reader`` and ``speaks_through`` of the context up to date."""

    def __init__(self, context: "AppContext", settings: "SettingsController") -> None:
        self._context = context
        self._settings = settings

    def start(self, then: Callable[[], None] | None = None) -> None:
        """Look for a reader from now on; call ``then`` after the first look."""

        def looked() -> None:
            if then is not None:
                then()
            if self._context.speaks_through and not self._context.settings.reader_announced:
                self._tell()
            self._look_later()

        self._look(looked)

    def switch(self) -> None:
        """Let the reader speak, or, if it does, the program's own voice; say which."""
        before = self._context.settings.voice
        if self._context.speaks_through:
            self._settings.set(voice="own")
            self._context.speaks_through = ""
            self._context.voice.answer(_(messages.OWN_VOICE_SPEAKS))
            return
        self._settings.set(voice="screen_reader")

        def looked() -> None:
            if self._context.speaks_through:
                reader = self._context.speaks_through
                self._context.voice.answer(_(messages.READER_SPEAKS).format(reader=reader))
            else:
                self._settings.set(voice=before)
                self._context.voice.answer(_(messages.NO_READER))

        self._look(looked)

    def _look(self, then: Callable[[], None]) -> None:
        speaker = self._context.speaker

        def look(_job: "BackgroundJob") -> tuple[str, str]:
            return speaker.find_reader(), speaker.reader

        def found(names: tuple[str, str]) -> None:
            changed = names[0] != self._context.reader
            self._context.reader, self._context.speaks_through = names
            if changed:
                self._settings.apply()  # what the reader says itself is not said twice
            then()

        def failed(error: Exception) -> None:
            messages.log_error(error)
            then()

        self._context.jobs.start(look, found, failed)

    def _look_later(self) -> None:
        self._context.root.after(LOOK_MS, self._look_again)

    def _look_again(self) -> None:
        before = self._context.reader

        def looked() -> None:
            if self._context.reader not in ("", before) and self._context.speaks_through:
                self._tell()
            self._look_later()

        self._look(looked)

    def _tell(self) -> None:
        reader = self._context.speaks_through
        key = keymap.spoken(keymap.named(["switch_voice"])[0].keys[0])
        text = _(messages.READER_RUNS).format(reader=reader, switch_voice=key)
        self._context.voice.announce_next(text)
        self._settings.set(reader_announced=True)
