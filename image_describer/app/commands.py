"""The commands: joins the window, the describer, the voice, the history and the dialogs."""

import logging
import tkinter as tk
from collections.abc import Callable
from types import TracebackType

from image_describer.app import key_bindings, keymap
from image_describer.app import messages as say
from image_describer.app.context import Desk
from image_describer.app.dialogs import first_start
from image_describer.app.dialogs.base import raised, take_focus
from image_describer.app.error_throttle import Once
from image_describer.app.key_describer import KeyDescriber
from image_describer.app.settings_controller import Settling
from image_describer.app.sources.external import Doors
from image_describer.app.sources.picture_sources import WaysIn
from image_describer.app.status_commands import Answers
from image_describer.app.tasks.describe import Picturing
from image_describer.app.tasks.explore import Explorer
from image_describer.app.tasks.history import Paging
from image_describer.app.tasks.jobs import Jobs
from image_describer.app.tasks.lazy_describer import Described, LateDescriber
from image_describer.app.tasks.own_pictures import OwnPictures
from image_describer.app.voice import self_voicing
from image_describer.app.voice.announcer import Telling
from image_describer.app.voice.talk import Talk
from image_describer.app.window import Window
from image_describer.library.history import History
from image_describer.settings import SETTINGS, SettingsFile

RATE_STEP = 20  # words a minute; a difference one hears

log = logging.getLogger(__name__)


class Program:
    """The running app. Everything here happens on the window's thread and returns at once.

    It has a method for each command of the table of keys, by the command's name. ``offline`` and
    ``mute`` are what the command line asked for; None leaves it to the settings. Without
    ``settings`` and ``history`` nothing is kept, and without ``indexed`` nothing is put into the
    index of one's own pictures.
    """

    def __init__(
        self,
        root: tk.Tk,
        describer: LateDescriber,
        talk: Talk,
        settings: SettingsFile | None = None,
        history: History | None = None,
        *,
        offline: bool | None = None,
        mute: bool = False,
        indexed: bool = False,
    ) -> None:
        self._root = root
        self._describer = describer
        self._indexed = indexed
        self._own = OwnPictures(describer, history, indexed=indexed)
        self._unkept = Once(self._tell_trouble)
        voice = Telling(root, talk, self._show_silence)
        run = {command.name: getattr(self, command.name) for command in keymap.COMMANDS}
        self.desk = desk = Desk(root, Jobs(root.after), talk, voice, run=run)
        desk.trouble = self._tell_trouble
        self.settling = Settling(desk, settings, offline=offline, mute=mute)
        self._settings_trouble = settings.trouble if settings is not None else ""
        self.window = Window(root, desk.jobs, run)
        self.settling.resized = self.window.fit
        self.window.fit(desk.settings.text_size)
        self.picturing = Picturing(desk, self.window, describer, self._changing, self._described)
        self.ways_in = WaysIn(desk, self.picturing, self.settling)
        current = self.picturing.current
        self._doors = Doors(desk, self.ways_in)
        self._answers = Answers(desk, self.window, current)
        self._paging = Paging(desk, self.picturing, history, desk.trouble)
        self._explorer = Explorer(
            desk, self.window.view, describer.load, current, self._show_explored
        )
        self_voicing.Voicing(root, voice.focus, lambda: voice.answered() or self.picturing.running)
        self._key_describer = KeyDescriber(root, voice.answer)
        key_bindings.bind_commands(root, run, pressed=desk.key_pressed)
        root.protocol("WM_DELETE_WINDOW", self.quit)
        root.report_callback_exception = self._fault
        root.bind("<FocusIn>", self._keep_to_dialog, add="+")
        self._ended = False
        self._silence = ""  # why nothing is heard, as it stands in the status line
        self_voicing.is_known(self.window.sentence)  # the greeting stands in it, and is said
        self.window.sentence.focus_set()

    def start(self, files: list[str], may_ask: bool = False) -> None:
        """Greet, or go straight to the file; on the first start ask for the voice before that."""
        self.window.sentence.show(say.with_keys(say.WELCOME, keymap.written))
        self.window.show_status(say.LOADING)
        if self._settings_trouble:
            self.desk.voice.error(self._settings_trouble)
        if may_ask and self.desk.settings.online is None:
            first_start.ask(self.desk, lambda online: self._voice_chosen(online, files))
        else:
            self._begin(files)
        self.desk.jobs.start(lambda _job: self._describer.load(), self._loaded, self._load_failed)

    def open_doors(self, receive: bool) -> None:
        """Take dropped files, what macOS asks, and, with ``receive``, what later starts bring."""
        self._doors.open(receive)

    def open_file(self, file: str) -> None:
        """Describe ``file``; what was being described before is dropped."""
        self.picturing.open(file)

    def open(self) -> None:
        """Ask for a picture."""
        self.ways_in.choose()

    def folder(self) -> None:
        """Describe the pictures of a folder."""
        from image_describer.app.dialogs.folder import FolderWindow

        if not raised(self.desk, FolderWindow):
            indexed = self._indexed and self.desk.settings.keep_history
            FolderWindow(self.desk, indexed, self.ways_in.folder, self.open_file)

    def search(self) -> None:
        """Find one's own pictures by what they show."""
        if not self._own.searchable(self.desk.settings):
            self.desk.voice.answer(say.HISTORY_OFF)
            return
        from image_describer.app.dialogs.search import SearchWindow

        if not raised(self.desk, SearchWindow):
            shown = self.picturing.current.described
            picture = shown.description.file if shown is not None else None
            SearchWindow(self.desk, self._own, self.open_file, picture)

    def paste(self) -> None:
        """Describe the picture, or the path, on the clipboard."""
        self.ways_in.paste()

    def repeat(self) -> None:
        """Say the open question, the part that is explored, the description or the last message."""
        if self.desk.dialogs or not self._explorer.repeat():
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
            if self.picturing.running:
                self.picturing.cancel()
            self.ways_in.pasting.cancel()
            self.desk.voice.answer(say.CANCELLED)
        elif self.desk.dialogs:
            self.desk.dialogs[-1].close()
        elif self._explorer.active:
            self._explorer.leave()

    def copy(self) -> None:
        """Put the selected text, or else the bare caption, on the clipboard."""
        self._answers.copy(self._working)

    def more(self) -> None:
        """Show and say the details of the description."""
        self._answers.more(self._working)

    def save(self) -> None:
        """Save the description as a text, or its speech as a sound file."""
        current = self.picturing.current
        if current.described is None or current.file is None:
            self._answers.nothing_yet(self._working)
            return
        from image_describer.app.dialogs.save import SaveDialog

        SaveDialog(self.desk).open(current.described, current.file)

    def explore(self) -> None:
        """Go over the picture's parts with the arrow keys, or end that."""
        self._explorer.toggle()

    def earlier(self) -> None:
        """The description before this one."""
        self._paging.step(-1)

    def later(self) -> None:
        """The description after this one."""
        self._paging.step(1)

    def faster(self) -> None:
        """Speak faster."""
        self._change_rate(1)

    def slower(self) -> None:
        """Speak slower."""
        self._change_rate(-1)

    def settings(self) -> None:
        """Change the settings."""
        from image_describer.app.dialogs.settings import SettingsWindow

        if not raised(self.desk, SettingsWindow):
            SettingsWindow(self.desk, self.settling.change, self._clear_history)

    def help(self) -> None:
        """Show and say the keys."""
        self._answers.help()

    def describe_keys(self) -> None:
        """Describe keys instead of obeying them, until Escape."""
        self._key_describer.toggle()

    def where(self) -> None:
        """Say which file this is, and what is being done with it."""
        self._answers.where(self._working, self._explorer.place)

    def quit(self) -> None:
        """End the program."""
        self._ended = True
        self._doors.close()
        self.picturing.drop()
        self.ways_in.pasting.cancel()
        self.settling.flush()
        self.desk.voice.stop()
        self._root.destroy()

    @property
    def _working(self) -> bool:
        return self.picturing.running or self.ways_in.pasting.running

    @property
    def _announced(self) -> bool:
        return self.picturing.announced or self.ways_in.pasting.announced

    def _voice_chosen(self, online: bool | None, files: list[str]) -> None:
        self.settling.set(online=online)
        self._begin(files, say.NOT_YET if online is None else "")

    def _begin(self, files: list[str], note: str = "") -> None:
        if files:
            self.ways_in.take_files(files)
            return
        welcome = say.with_keys(say.WELCOME, keymap.spoken)
        self.desk.voice.tell(f"{note} {welcome}".strip())

    def _loaded(self, _describer: object) -> None:
        if self.picturing.current.file is None:
            self.window.show_status(say.READY)

    def _load_failed(self, error: Exception) -> None:
        if self.picturing.current.file is None:
            self.picturing.failed(error)

    def _change_rate(self, steps: int) -> None:
        limits = SETTINGS["rate"]
        before = self.desk.settings.rate
        rate = max(limits.low, min(limits.high, before + steps * RATE_STEP))
        self.settling.set(rate=rate)
        said = say.RATE.format(rate=rate)
        if rate == before:
            said = f"{say.FASTEST if steps > 0 else say.SLOWEST}, {said}"
        self.desk.voice.answer(said)

    def _changing(self) -> None:
        """Another picture comes: what is open about the one before closes."""
        self.ways_in.pasting.cancel()
        self._answers.forget_details()
        self._explorer.forget()

    def _described(self, described: Described) -> None:
        self._paging.keep(described)
        if self.desk.settings.keep_history:
            own, unkept = self._own, self._unkept
            self.desk.jobs.start(
                lambda _job: own.keep(described), lambda _kept: unkept.over(), unkept
            )

    def _clear_history(self, done: Callable[[], None], failed: Callable[[Exception], None]) -> None:
        own = self._own

        def cleared(_nothing: object) -> None:
            self._paging.forget()
            done()

        self.desk.jobs.start(lambda _job: own.clear(), cleared, failed)

    def _keep_to_dialog(self, _event: object) -> None:
        """A question that is open is answered first, whichever window the system brought up."""
        if self.desk.dialogs and not self.desk.dialogs[-1].all_keys:
            self._root.after_idle(take_focus, self.desk)

    def _show_explored(self, words: str) -> None:
        described = self.picturing.current.described
        whole = described.sentence if described is not None else ""
        if words or whole:
            self.window.sentence.show(words or whole)

    def _tell_trouble(self, error: Exception) -> None:
        """Say and show what went wrong; the picture stays, and what is being said of it."""
        if self._ended:
            return
        say.log_it(error)
        self.window.show_status(say.as_told(error))
        self.desk.voice.then(say.as_told(error), "error")

    def _fault(
        self, kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        """A key, a button or a timer failed: Tk would print a traceback that no user looks for."""
        if isinstance(error, Exception) and not self._ended:
            log.error("The window failed", exc_info=(kind, error, trace))
            message = self.picturing.current.message = say.as_told(error)
            self.picturing.show(message, say.FAILED)
            self.desk.voice.error(message)

    def _show_silence(self, trouble: str) -> None:
        """Whoever can see should learn why nothing is heard, as long as nothing is."""
        status = self.window.status.removesuffix(self._silence)
        self._silence = f". {trouble}" if trouble else ""
        self.window.show_status(status + self._silence)
