"""What the commands do: joins the window, the describer, the jobs and the voice."""

import logging
import tkinter as tk
from types import TracebackType
from typing import TYPE_CHECKING

from image_describer.app import first_start, keymap, keys, voicing
from image_describer.app import messages as say
from image_describer.app.answers import Answers
from image_describer.app.current import Current
from image_describer.app.describing import Described, LateDescriber
from image_describer.app.desk import Desk
from image_describer.app.key_describer import KeyDescriber
from image_describer.app.pasting import Pasting
from image_describer.app.progress import SAY_WORKING_AFTER_MS, Progress
from image_describer.app.settling import Settling
from image_describer.app.talk import Talk
from image_describer.app.telling import Telling
from image_describer.app.window import Window
from image_describer.app.worker import Job, Jobs
from image_describer.settings import SETTINGS, SettingsFile

if TYPE_CHECKING:
    from image_describer.app.clipboard import Found
    from image_describer.picture import Picture, Source

RATE_STEP = 20  # words a minute; a difference one hears

log = logging.getLogger(__name__)


class Program:
    """The running app. Everything here happens on the window's thread and returns at once.

    It has a method for each command of the table of keys, by the command's name. ``offline`` and
    ``mute`` are what the command line asked for; None leaves it to the settings.
    """

    def __init__(
        self,
        root: tk.Tk,
        describer: LateDescriber,
        talk: Talk,
        settings: SettingsFile | None = None,
        *,
        offline: bool | None = None,
        mute: bool = False,
    ) -> None:
        self._root = root
        self._describer = describer
        voice = Telling(root, talk, self._show_silence)
        run = {command.name: getattr(self, command.name) for command in keymap.COMMANDS}
        self.desk = Desk(root, Jobs(root.after), talk, voice, run=run)
        self.settling = Settling(self.desk, settings, self._unsaved, offline=offline, mute=mute)
        self._settings_trouble = settings.trouble if settings is not None else ""
        self.window = Window(root, self.desk.jobs, run)
        self._current = Current()
        self._answers = Answers(self.desk, self.window, self._current)
        self._progress = Progress(self.desk, self._show_working)
        self._pasting = Pasting(root, self.desk.jobs, self._pasted, self._nothing_pasted)
        voicing.Voicing(root, voice.focus, voice.answered)
        self._describer_of_keys = KeyDescriber(root, voice.answer)
        keys.bind_commands(root, run)
        root.protocol("WM_DELETE_WINDOW", self.quit)
        root.report_callback_exception = self._trouble
        self._job: Job | None = None
        self._choosing = False
        self._ended = False
        voicing.is_known(self.window.sentence)  # the greeting stands in it, and is said
        self.window.sentence.focus_set()

    def start(self, file: str | None, may_ask: bool = False) -> None:
        """Greet, or go straight to ``file``; on the first start ask for the voice before that."""
        self.window.sentence.show(say.with_keys(say.WELCOME, keymap.written))
        self.window.show_status(say.LOADING)
        if self._settings_trouble:
            self.desk.voice.error(self._settings_trouble)
        if may_ask and self.desk.settings.online is None:
            first_start.ask(self.desk, lambda online: self._voice_chosen(online, file))
        else:
            self._begin(file)
        self.desk.jobs.start(lambda _job: self._describer.load(), self._loaded, self._load_failed)

    def _voice_chosen(self, online: bool | None, file: str | None) -> None:
        self.settling.set(online=online)
        self._begin(file, say.NOT_YET if online is None else "")

    def _begin(self, file: str | None, note: str = "") -> None:
        if file is not None:
            self.open_file(file)
            return
        welcome = say.with_keys(say.WELCOME, keymap.spoken)
        self.desk.voice.tell(f"{note} {welcome}".strip())

    def _loaded(self, _describer: object) -> None:
        if self._current.file is None:
            self.window.show_status(say.READY)

    def _load_failed(self, error: Exception) -> None:
        if self._current.file is None:
            self._failed(error)

    def open_file(self, file: str) -> None:
        """Describe ``file``; what was being described before is dropped."""
        if self._describing and file == self._current.file:
            self.desk.voice.answer(say.WORKING)
        else:
            self._describe(file, file)

    def _describe(self, source: "Source", file: str) -> None:
        """Describe ``source``, which is called ``file``."""
        self._drop_job()
        self._answers.forget_details()
        self._become(Current(file))
        self.window.show_title(say.name_of(file))
        settings = self.desk.settings
        self._job = self.desk.jobs.start(
            lambda job: self._describer.describe(
                source, lambda picture: job.post(self._seen, picture), settings
            ),
            self._done,
            self._failed,
        )
        self._progress.watch(self._job)

    def _become(self, current: Current) -> None:
        """The parts of the program hold the same Current, so it is refilled, not replaced."""
        self._current.__dict__.update(current.__dict__)

    def open(self) -> None:
        """Ask for a picture, in the platform's dialog; on Linux Tk draws it."""
        if self._choosing:
            return
        # Needs NumPy and Pillow, which the window is there without.
        from image_describer.app.dialog import ask_for_picture

        self._choosing = True
        self.desk.voice.stop()
        try:
            file = ask_for_picture(self._root, self._current.file)
        except tk.TclError:
            if self._ended:
                return  # the window was closed under the dialog
            raise
        finally:
            self._choosing = False
        if file:
            self.open_file(file)

    def paste(self) -> None:
        """Describe the picture, or the path, on the clipboard."""
        if self._pasting.running:
            self.desk.voice.answer(say.WORKING)
            return
        self._pasting.start(SAY_WORKING_AFTER_MS, self._still_pasting)

    def repeat(self) -> None:
        """Say the description, or else the last message, again."""
        self._answers.repeat(self._working)

    def stop(self) -> None:
        """Be silent."""
        self.desk.voice.stop()

    def escape(self) -> None:
        """Stop speaking; then cancel the job; then close the dialog; never quit.

        "Working" is no news to whoever cancels the work, so it does not cost a press of its own.
        """
        if self.desk.voice.speaking and not (self._working and self._announced):
            self.stop()
        elif self._working:
            if self._describing:
                self.window.sentence.show(say.CANCELLED)
                self.window.show_status(say.FAILED)
                self._current.message = say.CANCELLED
            self._drop_job()
            self.desk.voice.answer(say.CANCELLED)
        elif self.desk.dialogs:
            self.desk.dialogs[-1].close()

    def copy(self) -> None:
        """Put the selected text, or else the bare caption, on the clipboard."""
        self._answers.copy(self._working)

    def more(self) -> None:
        """Show and say the details of the description."""
        self._answers.more(self._working)

    def faster(self) -> None:
        """Speak faster."""
        self._change_rate(1)

    def slower(self) -> None:
        """Speak slower."""
        self._change_rate(-1)

    def _change_rate(self, steps: int) -> None:
        limits = SETTINGS["rate"]
        before = self.desk.settings.rate
        rate = max(limits.low, min(limits.high, before + steps * RATE_STEP))
        self.settling.set(rate=rate)
        said = say.RATE.format(rate=rate)
        if rate == before:
            said = f"{say.FASTEST if steps > 0 else say.SLOWEST}, {said}"
        self.desk.voice.answer(said)

    def help(self) -> None:
        """Show and say the keys."""
        self._answers.help()

    def describe_keys(self) -> None:
        """Describe keys instead of obeying them, until Escape."""
        self._describer_of_keys.toggle()

    def where(self) -> None:
        """Say which file this is, and what is being done with it."""
        self._answers.where(self._working)

    def quit(self) -> None:
        """End the program."""
        self._ended = True
        self._drop_job()
        self.settling.flush()
        self.desk.voice.stop()
        self._root.destroy()

    @property
    def _describing(self) -> bool:
        return self._job is not None and self._job.running

    @property
    def _working(self) -> bool:
        return self._describing or self._pasting.running

    @property
    def _announced(self) -> bool:
        return self._progress.announced or self._pasting.announced

    def _drop_job(self) -> None:
        self._pasting.cancel()
        if self._job is not None:
            self._job.cancel()
            self._job = None

    def _seen(self, picture: "Picture") -> None:
        self._current.picture = picture
        self.window.view.show(picture)

    def _show_working(self) -> None:
        self.window.sentence.show(f"{say.WORKING}…")
        self.window.show_status(f"{say.WORKING}…")

    def _still_pasting(self) -> None:
        self.desk.voice.tell(say.WORKING)

    def _pasted(self, found: "Found") -> None:
        if isinstance(found, str):
            self.open_file(found)
        else:
            self._describe(found, say.FROM_CLIPBOARD)

    def _nothing_pasted(self, error: Exception) -> None:
        if self._current.described is None and not self._describing:
            self._failed(error)
            return
        # The picture that is there stays: it has not become wrong.
        self.tell_trouble(error)

    def tell_trouble(self, error: Exception) -> None:
        """Say and show what went wrong; the picture and its description stay."""
        say.log_it(error)
        self.window.show_status(say.as_told(error))
        self.desk.voice.error(say.as_told(error))

    def _unsaved(self, error: Exception) -> None:
        if not self._ended:
            self.tell_trouble(error)

    def _done(self, described: Described) -> None:
        self._current.described = described
        log.info("Described a picture in %.3f s", described.description.seconds.total)
        self._show(described.sentence, say.READY)
        self.desk.voice.tell(described.sentence, "description")

    def _failed(self, error: Exception) -> None:
        say.log_it(error)
        self._current.message = say.as_told(error)
        self.window.view.show(None)
        self._show(self._current.message, say.FAILED)
        self.desk.voice.error(self._current.message)

    def _trouble(
        self, kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        """A key, a button or a timer failed: Tk would print a traceback that no user looks for."""
        if isinstance(error, Exception) and not self._ended:
            log.error("The window failed", exc_info=(kind, error, trace))
            self._current.message = say.as_told(error)
            self._show(self._current.message, say.FAILED)
            self.desk.voice.error(self._current.message)

    def _show(self, text: str, status: str) -> None:
        self.window.sentence.show(text)
        self.window.show_status(status)
        file = self._current.file
        self.window.show_title(say.name_of(file) if file else None, text)

    def _show_silence(self, trouble: str) -> None:
        """Whoever can see should learn why nothing is heard."""
        if trouble not in self.window.status:
            self.window.show_status(f"{self.window.status}. {trouble}")
