"""Applies every change of the settings at once, and saves it a moment later."""

import threading
import time
import tkinter as tk
from collections.abc import Callable
from dataclasses import replace
from typing import cast

from image_describer import i18n
from image_describer.app import system_look, theme
from image_describer.app.context import AppContext
from image_describer.app.error_throttle import ErrorThrottle
from image_describer.app.jobs import BackgroundJob
from image_describer.app.messages import log_error
from image_describer.app.voice import native
from image_describer.settings import Settings, SettingsFile
from image_describer.speech.audio.mixer import set_lead_in

SYSTEM_WAIT_S = 0.05  # for the system's colours, since they were asked for
SYSTEM_AGAIN_S = 10.0  # between two questions for them
SAVE_AFTER_MS = 400  # a slider sends many values; only the last is saved


class SettingsController:
    """``offline`` and ``mute`` come from the command line and override the settings.

    Settings that can't be saved are applied all the same, and the error is reported. ``resized``
    is called with the new text size, in percent, ``translate`` if the program's language is another
    now, ``changed`` with all settings, once they apply.
    """

    def __init__(
        self,
        context: AppContext,
        file: SettingsFile | None,
        *,
        offline: bool | None = None,
        mute: bool = False,
    ) -> None:
        self._context = context
        self._file = file
        self._offline = offline
        self._mute = mute
        self.resized: Callable[[int], None] | None = None
        self.translate: Callable[[], None] | None = None
        self.changed: Callable[[Settings], None] | None = None
        self._save_timer: str | None = None
        self._save_job: BackgroundJob | None = None
        self._text_size = 0
        self._drawn: tuple[theme.Look, int] | None = None
        self._system_look: theme.Look = "light"
        self._system_asked = -SYSTEM_AGAIN_S
        self._not_saved = ErrorThrottle(lambda error: context.report_error(error))
        if file is not None:
            context.settings = file.load()
        self._system_answered = threading.Event()
        if context.settings.look == "system":
            self._ask_system()
        self.apply()
        # The system's colours may have changed while another program had the focus.
        context.root.bind("<FocusIn>", self._on_focus, add="+")

    @property
    def online(self) -> bool:
        """Whether descriptions may be sent to Google to be spoken."""
        if self._offline is not None:
            return not self._offline
        return self._context.settings.online is True

    def change(self, settings: Settings) -> None:
        """Use ``settings`` from now on, and save them."""
        if settings == self._context.settings:
            return
        if settings.look == "system" != self._context.settings.look:
            self._ask_system()
        self._context.settings = settings
        self.apply()
        if self._file is not None and self._save_timer is None:
            self._schedule_save()

    def set(self, **values: object) -> None:
        """Change some of the settings."""
        self.change(replace(self._context.settings, **values))  # type: ignore[arg-type]

    def apply(self) -> None:
        """Make the window and the voice follow the settings."""
        settings = self._context.settings
        language = i18n.language()
        i18n.set_language(settings.program_language)
        self._draw()
        if self.resized is not None and settings.text_size != self._text_size:
            self.resized(settings.text_size)
        self._text_size = settings.text_size
        self._context.speaker.configure(
            rate=settings.rate,
            volume=settings.volume,
            language=settings.language,
            offline=not self.online,
            # Google's voice was asked for this time.
            voice="own" if self._offline is False else settings.voice,
        )
        set_lead_in(settings.lead_in / 1000)
        self._context.voice.level = "off" if self._mute else self._level()
        if self.translate is not None and i18n.language() != language:
            self.translate()
        if self.changed is not None:
            self.changed(settings)

    def _level(self) -> str:
        """What is spoken; where Tk serves the screen reader, that says the widgets itself."""
        speech = self._context.settings.speech
        served = bool(self._context.reader) and native.available(self._context.root)
        return "results" if speech == "all" and served else speech

    def _draw(self) -> None:
        settings = self._context.settings
        look = self._system_look if settings.look == "system" else cast(theme.Look, settings.look)
        drawn = look, settings.text_size
        if drawn != self._drawn:  # repainting everything delays speech noticeably
            self._drawn = drawn
            theme.theme_of(self._context.root).change(look=look, text_size=settings.text_size)

    def draw_again(self) -> None:
        """Draw everything again, since the screen has another scaling."""
        self._drawn = None
        self._draw()
        if self.resized is not None:
            self.resized(self._context.settings.text_size)

    def await_system_look(self) -> None:
        """Use the system's colours before the window is drawn, unless the answer takes long."""
        waited = time.monotonic() - self._system_asked
        if self._context.settings.look == "system":
            self._system_answered.wait(max(0.0, SYSTEM_WAIT_S - waited))
            self._draw()

    def _ask_system(self) -> None:
        """Ask for the system's colours; they are applied whenever the answer comes."""
        self._system_asked = time.monotonic()

        def ask(_job: BackgroundJob) -> None:
            self._system_look = system_look.ask()
            self._system_answered.set()

        self._context.jobs.start(ask, lambda _done: self._draw(), log_error)

    def _on_focus(self, event: "tk.Event[tk.Misc]") -> None:
        due = time.monotonic() - self._system_asked >= SYSTEM_AGAIN_S
        if due and event.widget is self._context.root and self._context.settings.look == "system":
            self._ask_system()

    def flush(self) -> None:
        """Save what is still waiting to be saved, before the program ends."""
        if self._save_timer is None or self._file is None:
            return
        self._context.root.after_cancel(self._save_timer)
        self._save_timer = None
        try:
            self._file.save(self._context.settings)
        except Exception as error:
            self._context.report_error(error)

    def _schedule_save(self) -> None:
        self._save_timer = self._context.root.after(SAVE_AFTER_MS, self._save)

    def _save(self) -> None:
        self._save_timer = None
        if self._save_job is not None and self._save_job.running:
            self._schedule_save()  # one after the other, so that the latest is saved last
            return
        file, settings = self._file, self._context.settings
        if file is not None:
            self._save_job = self._context.jobs.start(
                lambda _job: file.save(settings),
                lambda _done: self._not_saved.reset(),
                self._not_saved,
            )
