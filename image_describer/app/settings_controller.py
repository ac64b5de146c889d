"""Keeps the settings: applies every change at once, and writes it to disk a moment later."""

from collections.abc import Callable
from dataclasses import replace

from image_describer.app import theme
from image_describer.app.context import Desk
from image_describer.app.tasks.jobs import Job
from image_describer.settings import Settings, SettingsFile

SAVE_AFTER_MS = 400  # a slider sends many values; only the one it ends at is written


class Settling:
    """``offline`` and ``mute`` come from the command line and outweigh the settings.

    When the settings can't be saved, that is told, and they hold all the same.
    """

    def __init__(
        self,
        desk: Desk,
        file: SettingsFile | None,
        *,
        offline: bool | None = None,
        mute: bool = False,
    ) -> None:
        self._desk = desk
        self._file = file
        self._offline = offline
        self._mute = mute
        self.resized: Callable[[int], None] | None = None  # told the text size, in percent
        self._waiting: str | None = None
        self._saving: Job | None = None
        self._text_size = 0
        self._drawn: tuple[bool, int] | None = None
        self._told = ""  # why they can't be saved, once that was told
        if file is not None:
            desk.settings = file.load()
        self.apply()

    @property
    def online(self) -> bool:
        """Whether descriptions may be sent to Google to be spoken."""
        if self._offline is not None:
            return not self._offline
        return self._desk.settings.online is True

    def change(self, settings: Settings) -> None:
        """Use ``settings`` from now on, and save them."""
        if settings == self._desk.settings:
            return
        self._desk.settings = settings
        self.apply()
        if self._file is not None and self._waiting is None:
            self._wait_to_save()

    def set(self, **values: object) -> None:
        """Change some of the settings."""
        self.change(replace(self._desk.settings, **values))  # type: ignore[arg-type]

    def apply(self) -> None:
        """Let the window and the voice follow the settings."""
        settings = self._desk.settings
        drawn = settings.high_contrast, settings.text_size
        if drawn != self._drawn:  # repainting everything takes long enough to be heard
            self._drawn = drawn
            theme.of(self._desk.root).change(
                high_contrast=settings.high_contrast, text_size=settings.text_size
            )
        if self.resized is not None and settings.text_size != self._text_size:
            self.resized(settings.text_size)
        self._text_size = settings.text_size
        self._desk.talk.configure(
            rate=settings.rate,
            volume=settings.volume,
            language=settings.language,
            offline=not self.online,
        )
        self._desk.voice.level = "off" if self._mute else settings.speech

    def flush(self) -> None:
        """Write what waits to be written, now: the program ends."""
        if self._waiting is not None:
            self._desk.root.after_cancel(self._waiting)
            self._waiting = None
            self._write(self._desk.settings)

    def _save(self) -> None:
        self._waiting = None
        if self._saving is not None and self._saving.running:
            self._wait_to_save()  # one after the other, so that the last one is the last
            return
        settings = self._desk.settings
        self._saving = self._desk.jobs.start(
            lambda _job: self._write_or_raise(settings), lambda _done: self._saved(), self._unsaved
        )

    def _saved(self) -> None:
        self._told = ""

    def _unsaved(self, error: Exception) -> None:
        # Once is enough: a key that changes the rate ten times need not tell it ten times.
        if str(error) != self._told:
            self._told = str(error)
            self._desk.trouble(error)

    def _wait_to_save(self) -> None:
        self._waiting = self._desk.root.after(SAVE_AFTER_MS, self._save)

    def _write_or_raise(self, settings: Settings) -> None:
        if self._file is not None:
            self._file.save(settings)

    def _write(self, settings: Settings) -> None:
        try:
            self._write_or_raise(settings)
        except Exception as error:
            self._desk.trouble(error)
