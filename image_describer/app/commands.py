"""The commands of the window, which join picture sources, describing, speech and dialogs."""

import logging
import tkinter as tk
from collections.abc import Callable
from dataclasses import replace
from types import TracebackType
from typing import TYPE_CHECKING

from image_describer import i18n
from image_describer.app import key_bindings, keymap, messages
from image_describer.app.context import AppContext, DescribedPicture
from image_describer.app.dialogs import first_start
from image_describer.app.dialogs.base import raise_dialog, take_focus
from image_describer.app.error_throttle import ErrorThrottle
from image_describer.app.jobs import JobRunner
from image_describer.app.key_describer import KeyDescriber
from image_describer.app.scaling import ScalingWatch
from image_describer.app.settings_controller import SettingsController
from image_describer.app.sources.external import ExternalSources
from image_describer.app.sources.picture_sources import PictureSources
from image_describer.app.status_commands import StatusCommands
from image_describer.app.tasks.describe import DescribeTask
from image_describer.app.tasks.explore import Explorer
from image_describer.app.tasks.folder import FolderTask
from image_describer.app.tasks.history import HistoryBrowser
from image_describer.app.tasks.lazy_describer import LazyDescriber
from image_describer.app.tasks.list_browser import ListBrowser
from image_describer.app.tasks.own_pictures import OwnPictures
from image_describer.app.tasks.read import ReadTask
from image_describer.app.tasks.reader_watch import ReaderWatch
from image_describer.app.tasks.watch import WatchTask
from image_describer.app.voice import self_voicing
from image_describer.app.voice.announcer import Announcer
from image_describer.app.widgets.slider import stepped
from image_describer.app.window import MainWindow
from image_describer.i18n import _
from image_describer.settings import SETTINGS, SettingsFile

if TYPE_CHECKING:
    from image_describer.app.dialogs.save import SaveDialog
    from image_describer.app.dialogs.text.window import TextWindow
    from image_describer.library.history import History
    from image_describer.reading.text import PictureText
    from image_describer.speech import Speaker

RATE_STEP_WPM = 20  # the smallest difference that is easily heard

log = logging.getLogger(__name__)


class Application:
    """The running app. Everything here runs on the window's thread and returns at once.

    Each command of `keymap.COMMANDS` is a method of the same name. ``offline`` and ``mute`` come
    from the command line; None leaves the choice to the settings. Without ``settings`` and
    ``history`` nothing is stored; without ``indexed`` nothing is added to the index of the user's
    pictures.
    """

    def __init__(
        self,
        root: tk.Tk,
        describer: LazyDescriber,
        speaker: "Speaker",
        settings: SettingsFile | None = None,
        history: "History | None" = None,
        *,
        offline: bool | None = None,
        mute: bool = False,
        indexed: bool = False,
    ) -> None:
        self._root = root
        self._describer = describer
        self._indexed = indexed
        self._own_pictures = OwnPictures(describer, history, indexed=indexed)
        self._not_indexed = ErrorThrottle(self._report_error)
        voice = Announcer(root, speaker, lambda problem: self.window.show_voice_problem(problem))
        run = {command.name: getattr(self, command.name) for command in keymap.COMMANDS}
        self.context = context = AppContext(root, JobRunner(root.after), speaker, voice, run=run)
        context.report_error = self._report_error
        self.settings_controller = SettingsController(context, settings, offline=offline, mute=mute)
        self._settings_warning = settings.warning if settings is not None else ""
        self.window = MainWindow(root, context.jobs, run)
        self.settings_controller.await_system_look()
        self.settings_controller.resized = self.window.fit
        self.window.fit(context.settings.text_size)
        ScalingWatch(root, self.settings_controller.draw_again)
        self.describe_task = DescribeTask(
            context, self.window, describer, self._before_change, self._described
        )
        self.sources = PictureSources(context, self.describe_task, self.settings_controller)
        current = self.describe_task.current
        self._external_sources = ExternalSources(context, self.sources, self._folder_dropped)
        self._status_commands = StatusCommands(context, self.window, current)
        self._history_browser = HistoryBrowser(context, self.describe_task, history)
        self._list_browser = ListBrowser(
            context, self.describe_task, self._own_pictures.known, self._history_browser.keep
        )
        self._folder_task = FolderTask(context)
        self._explorer = Explorer(
            context, self.window.view, describer.describe_picture, current, self._show_explored
        )
        self._read_task = ReadTask(context, describer, current, self._show_text)
        self._watch_task = WatchTask(context, describer, self._watched, self._show_notice)
        self._reader_watch = ReaderWatch(context, self.settings_controller)
        self.settings_controller.changed = self._watch_task.follow
        self.settings_controller.translate = self._translate
        self_voicing.SelfVoicing(
            root,
            voice.say_focus,
            lambda: (
                voice.recently_answered()
                or self.describe_task.running
                or self._list_browser.running
            ),
        )
        self._key_describer = KeyDescriber(root, voice.answer)
        key_bindings.bind_commands(root, run, pressed=context.key_pressed)
        key_bindings.watch_menus(root, context.key_pressed)
        root.protocol("WM_DELETE_WINDOW", self.quit)
        root.report_callback_exception = self._report_callback_exception
        root.bind("<FocusIn>", self._keep_focus_in_dialog, add="+")
        root.bind("<Map>", self._on_map, add="+")
        self._save_dialog: SaveDialog | None = None
        self._text_window: TextWindow | None = None
        self._text_follows = False  # whether it opens again once the page is described
        self._ended = False
        # It shows the greeting, which is spoken separately.
        self_voicing.skip_next_focus(self.window.sentence)
        self.window.sentence.focus_set()

    def start(self, files: list[str], may_ask: bool = False) -> None:
        """Greet, or open the first file; on the first start, ask for the voice before that."""
        self._show_welcome(messages.LOADING)
        if self._settings_warning:
            self.context.voice.error(self._settings_warning)
        if may_ask and self.context.settings.online is None:
            self._reader_watch.start(lambda: self._ask_for_voice(files))
        else:
            self._begin(files)
            self._reader_watch.start()
        self.context.jobs.start(
            lambda _job: self._describer.load(), self._loaded, self._load_failed
        )
        self._watch_task.follow(self.context.settings, quiet=True)

    def open_sources(self, receive: bool) -> None:
        """Accept dropped files, macOS's requests and, if ``receive``, files of later starts."""
        self._external_sources.open(receive)

    def open_file(self, file: str) -> None:
        """Describe ``file`` instead of the current picture."""
        self.describe_task.open(file)

    def open(self) -> None:
        """Ask for a picture."""
        self.sources.choose()

    def folder(self) -> None:
        """Describe the pictures of a folder."""
        from image_describer.app.dialogs.folder import FolderWindow

        if not raise_dialog(self.context, FolderWindow):
            self._open_folder_window("" if self._folder_task.folder else self.sources.folder)

    def next_picture(self) -> None:
        """Show the next picture of the list or the folder."""
        self._list_browser.step(1)

    def previous_picture(self) -> None:
        """Show the previous picture of the list or the folder."""
        self._list_browser.step(-1)

    def search(self) -> None:
        """Find the user's pictures by what they show."""
        if not self._own_pictures.searchable(self.context.settings):
            self.context.voice.answer(_(messages.HISTORY_OFF))
            return
        from image_describer.app.dialogs.search import SearchWindow

        if not raise_dialog(self.context, SearchWindow):
            shown = self.describe_task.current.described
            picture = shown.description.file if shown is not None else None
            SearchWindow(self.context, self._own_pictures, self._list_browser.open, picture)

    def paste(self) -> None:
        """Describe the picture, or the file, on the clipboard."""
        self.sources.paste()

    def screen(self) -> None:
        """Describe the screen."""
        self.sources.capture_screen()

    def repeat(self) -> None:
        """Repeat the open question, the explored part, the description or the last message."""
        if self.context.dialogs or not self._explorer.repeat():
            self._status_commands.repeat(self._working)

    def stop(self) -> None:
        """Stop speaking."""
        self.context.voice.stop()

    def escape(self) -> None:
        """Close the dialog, else cancel the job, else end exploring; never quit."""
        self.stop()
        if self.context.dialogs:
            self.context.dialogs[-1].close()
        elif self._working:
            if self.describe_task.running:
                self.describe_task.cancel()
            self.sources.cancel()
            self._read_task.cancel()
            self._list_browser.cancel()
            self.context.voice.answer(_(messages.CANCELLED))
        elif self._explorer.active:
            self._explorer.leave()

    def copy(self) -> None:
        """Copy the selected text, the caption of the explored part, or else the bare caption."""
        self._status_commands.copy(self._working, self._explorer.part_caption)

    def more(self) -> None:
        """Show and say the details of the description."""
        self._status_commands.more(self._working)

    def text(self) -> None:
        """Show and read aloud what is written in the picture."""
        from image_describer.app.dialogs.text.window import TextWindow

        described = self.describe_task.current.described
        if described is None:
            self._status_commands.nothing_yet(self._working)
        elif not raise_dialog(self.context, TextWindow):
            self._read_task.start(described)

    def next_page(self) -> None:
        """Describe the next page of the document, and show its text if the text is shown."""
        self._turn_page(1)

    def previous_page(self) -> None:
        """Describe the previous page of the document, and show its text if the text is shown."""
        self._turn_page(-1)

    def save(self) -> None:
        """Save the description as a text, or its speech as a sound file."""
        current = self.describe_task.current
        if current.described is None or current.file is None:
            self._status_commands.nothing_yet(self._working)
            return
        from image_describer.app.dialogs.save import SaveDialog

        if self._save_dialog is None:
            self._save_dialog = SaveDialog(self.context)
        self._save_dialog.open(current.described, current.file)

    def explore(self) -> None:
        """Explore the parts of the picture with the arrow keys, or end that."""
        self._explorer.toggle()

    def earlier(self) -> None:
        """Show the description before this one."""
        self._history_browser.step(-1)

    def later(self) -> None:
        """Show the description after this one."""
        self._history_browser.step(1)

    def faster(self) -> None:
        """Speak faster."""
        self._change_rate(1)

    def slower(self) -> None:
        """Speak slower."""
        self._change_rate(-1)

    def settings(self) -> None:
        """Change the settings."""
        from image_describer.app.dialogs.settings import SettingsWindow

        if not raise_dialog(self.context, SettingsWindow):
            SettingsWindow(self.context, self.settings_controller.change, self._clear_history)

    def switch_voice(self) -> None:
        """Speak through the screen reader, or no longer."""
        self._reader_watch.switch()

    def help(self) -> None:
        """Show and say the keys."""
        self._status_commands.help()

    def describe_keys(self) -> None:
        """Describe keys instead of obeying them, until Escape."""
        self._key_describer.toggle()

    def where(self) -> None:
        """Say which file is open, and what is being done with it."""
        self._status_commands.where(
            self._working, self._explorer.part_name, self._folder_task.progress
        )

    def quit(self) -> None:
        """End the program."""
        self._ended = True
        self._external_sources.close()
        self._watch_task.close()
        self._folder_task.close()
        self.describe_task.drop()
        self.sources.cancel()
        self.settings_controller.flush()
        self.context.voice.stop()
        self._root.destroy()

    @property
    def _working(self) -> bool:
        tasks = (self.describe_task, self.sources, self._read_task, self._list_browser)
        return any(task.running for task in tasks)

    def _ask_for_voice(self, files: list[str]) -> None:
        """Ask for the voice on the first start, unless the user's own screen reader speaks."""
        if self.context.speaks_through:
            self._begin(files)
        else:
            first_start.ask(self.context, lambda online: self._voice_chosen(online, files))

    def _voice_chosen(self, online: bool | None, files: list[str]) -> None:
        self.settings_controller.set(online=online)
        self._begin(files, _(messages.NOT_YET) if online is None else "")

    def _begin(self, files: list[str], note: str = "") -> None:
        if files:
            self.sources.take_files(files)
            return
        welcome = keymap.with_keys(_(messages.WELCOME), keymap.spoken)
        self.context.voice.notify(f"{note} {welcome}".strip())

    def _show_welcome(self, status: str) -> None:
        self.window.show_sentence(keymap.with_keys(_(messages.WELCOME), keymap.written))
        self.window.show_status(_(status))

    def _translate(self) -> None:
        """Show everything in the program's language, which has changed; the description stays."""
        self.window.translate()
        self._explorer.translate()
        if self.describe_task.current.file is None:
            self._show_welcome(messages.READY)
        else:
            self.describe_task.translate()
        # A dialog may be handling the key that has changed the language.
        self._root.after_idle(self._translate_dialogs)

    def _translate_dialogs(self) -> None:
        """Close the dialogs, and open the settings again where the language was chosen."""
        from image_describer.app.dialogs.settings import SettingsWindow

        dialogs = list(self.context.dialogs)
        for dialog in reversed(dialogs):
            dialog.close()
        language = i18n.NAMES[i18n.language()]
        self.context.voice.answer(_(messages.LANGUAGE_CHANGED).format(language=language))
        if any(isinstance(dialog, SettingsWindow) for dialog in dialogs):
            change = self.settings_controller.change
            SettingsWindow(self.context, change, self._clear_history, first="program_language")

    def _loaded(self, _describer: object) -> None:
        if self.describe_task.current.file is None:
            self.window.show_status(_(messages.READY))

    def _load_failed(self, error: Exception) -> None:
        if self.describe_task.current.file is None:
            self.describe_task.failed(error)

    def _change_rate(self, steps: int) -> None:
        limits = SETTINGS["rate"]
        before = self.context.settings.rate
        rate = stepped(before, steps, limits.low, limits.high, RATE_STEP_WPM)
        self.settings_controller.set(rate=rate)
        answer = messages.RATE
        if rate == before:
            answer = messages.FASTEST if steps > 0 else messages.SLOWEST
        self.context.voice.answer(_(answer).format(rate=rate))

    def _before_change(self) -> None:
        """Close what belongs to the current picture, before another one replaces it."""
        self.sources.cancel()
        self._status_commands.close_details()
        self._read_task.cancel()
        self._list_browser.drop()
        self._text_follows = False
        if self._text_window is not None and self._text_window in self.context.dialogs:
            self._text_window.close()
        self._explorer.forget()

    def _folder_dropped(self, folder: str) -> None:
        """Offer to describe ``folder``."""
        from image_describer.app.dialogs.folder import FolderWindow

        for dialog in self.context.dialogs:
            if isinstance(dialog, FolderWindow):
                dialog.leave()
                break
        self._open_folder_window(folder)

    def _open_folder_window(self, folder: str) -> None:
        from image_describer.app.dialogs.folder import FolderWindow

        FolderWindow(
            self.context,
            self._folder_task,
            self._own_pictures,
            self._list_browser.open,
            folder,
            self.describe_task.current.file,
        )

    def _turn_page(self, step: int) -> None:
        current = self.describe_task.current
        file, page = current.file, current.page
        if file is None or page is None:
            self.context.voice.answer(_(messages.NO_PAGES))
        elif not 0 <= page.index + step < page.count:
            self.context.voice.earcon("edge")
            self.context.voice.answer(_(messages.LAST_PAGE) if step > 0 else _(messages.FIRST_PAGE))
        else:
            follows = self._text_follows or self._text_window in self.context.dialogs
            turned = replace(page, index=page.index + step)
            # Its text is read aloud instead.
            self.describe_task.describe(file, file, page=turned, said=not follows)
            self._text_follows = follows

    def _described(self, described: DescribedPicture) -> None:
        self._history_browser.keep(described)
        self._index(described)
        if self._text_follows:
            self._text_follows = False
            self.text()

    def _watched(self, described: DescribedPicture) -> None:
        """Keep the description of a picture that was announced, and isn't shown."""
        self._history_browser.keep_unshown(described)
        self._index(described)

    def _index(self, described: DescribedPicture) -> None:
        if self.context.settings.keep_history:
            own_pictures, not_indexed = self._own_pictures, self._not_indexed
            self.context.jobs.start(
                lambda _job: own_pictures.keep(described),
                lambda _done: not_indexed.reset(),
                not_indexed,
            )

    def _clear_history(self, done: Callable[[], None], failed: Callable[[Exception], None]) -> None:
        own_pictures = self._own_pictures

        def cleared(_nothing: object) -> None:
            self._history_browser.forget()
            done()

        self.context.jobs.start(lambda _job: own_pictures.clear(), cleared, failed)

    def _on_map(self, event: "tk.Event[tk.Misc]") -> None:
        """Let the dialogs come back with the window, and the focus to the topmost one."""
        if event.widget is self._root and self.context.dialogs:
            self._root.after_idle(take_focus, self.context)

    def _keep_focus_in_dialog(self, _event: object) -> None:
        """Return the focus to an open question when the user switches to another window."""
        if self.context.dialogs and not self.context.dialogs[-1].all_keys:
            self._root.after_idle(take_focus, self.context)

    def _show_text(self, text: "PictureText") -> None:
        from image_describer.app.dialogs.text.window import TextWindow

        current = self.describe_task.current
        saved_beside = current.picture.file if current.picture is not None else None
        self._text_window = TextWindow(
            self.context, text, current.file or "", saved_beside, current.page
        )

    def _show_explored(self, text: str) -> None:
        described = self.describe_task.current.described
        if text:
            self.window.show_sentence(text)
        elif described is not None:
            self.window.show_sentence(
                described.sentence, described.confidence, described.spoken.language
            )

    def _report_error(self, error: Exception) -> None:
        """Say and show an error; the picture and its description stay."""
        messages.log_error(error)
        if self._ended:
            return
        message = messages.user_message(error)
        self._show_notice(message)
        self.context.voice.say_next(message, "error")

    def _show_notice(self, notice: str) -> None:
        """Show something that leaves the picture in place; F2 says it."""
        self.describe_task.current.notice = notice
        self.window.show_status(notice)

    def _report_callback_exception(
        self, kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        """A key, a button or a timer failed: Tk would only print a traceback."""
        log.error("The window failed", exc_info=(kind, error, trace))
        if isinstance(error, Exception) and not self._ended:
            message = self.describe_task.current.message = messages.user_message(error)
            self.describe_task.show(message, _(messages.NOT_DESCRIBED))
            self.context.voice.error(message)
