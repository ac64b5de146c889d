"""Watches a folder while the settings ask for it, and announces new pictures without the focus."""

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from image_describer.app.context import AppContext, DescribedPicture
from image_describer.app.tasks.event_queue import EventQueue
from image_describer.app.tasks.lazy_describer import LazyDescriber, spoken_sentence
from image_describer.i18n import N_, _
from image_describer.paths import screenshots_folder
from image_describer.text import file_name

if TYPE_CHECKING:
    from image_describer.library.record import Record
    from image_describer.library.watch import FolderWatcher, WatchEvent
    from image_describer.settings import Settings

NEW_PICTURE = N_("New picture.")
NEW_FILE = N_("New picture: {file}")
ANSWER_LIMIT_S = 10.0  # the window may be busy; what it doesn't take by then is dropped


def watched_folder(settings: "Settings") -> str:
    """The folder that is watched, or would be: by default the one for screenshots."""
    return settings.watched_folder or str(screenshots_folder())


class WatchTask:
    """``keep(described)`` is called with each description, ``show(text)`` with what is announced.

    All methods are for the window's thread. What is announced never interrupts.
    """

    def __init__(
        self,
        context: AppContext,
        describer: LazyDescriber,
        keep: Callable[[DescribedPicture], None],
        show: Callable[[str], None],
    ) -> None:
        self._context = context
        self._describer = describer
        self._keep = keep
        self._show = show
        self._folder: str | None = None
        self._thread: _WatchThread | None = None
        self._quiet = False

    def follow(self, settings: "Settings", *, quiet: bool = False) -> None:
        """Watch the folder that ``settings`` name, or none. ``quiet``: don't say that it begins."""
        folder = watched_folder(settings) if settings.watch else None
        if folder != self._folder:
            self.close()
            self._folder = folder
            if folder is not None:
                queue = EventQueue(self._context.root, self._receive)
                self._thread = _WatchThread(folder, self._describer, queue)
                self._thread.start()
                self._quiet = quiet

    def close(self) -> None:
        """Watch nothing more."""
        if self._thread is not None:
            self._thread.stop()
        self._folder = self._thread = None

    def _receive(self, event: "WatchEvent | Exception") -> bool:
        from image_describer.library.record import Record
        from image_describer.library.watch import FolderFound, FolderLost

        voice = self._context.voice
        if isinstance(event, Record):
            self._announce(event)
        elif isinstance(event, FolderLost):
            self._context.report_error(event.error)
        elif isinstance(event, Exception):
            self._context.report_error(event)
        else:
            self._show(event.sentence)
            if not (isinstance(event, FolderFound) and self._quiet and not event.is_back):
                voice.say_next(event.sentence, "notice")
        return True

    def _announce(self, record: "Record") -> None:
        voice, name = self._context.voice, file_name(record.file)
        self._show(_(NEW_FILE).format(file=name))
        if record.description is None:
            voice.say_next(f"{_(NEW_PICTURE)} {name}. {record.error}", "notice")
            return
        spoken = spoken_sentence(record.description, self._context.settings, is_open=False)
        voice.say_next(f"{_(NEW_PICTURE)} {spoken.author}".strip(), "notice")
        voice.say_next(spoken.own, "description", language=spoken.language)
        voice.say_next(spoken.written, "notice", language=spoken.language)
        opened = spoken_sentence(record.description, self._context.settings)
        self._keep(DescribedPicture(record.description, opened))


class _WatchThread(threading.Thread):
    """Passes what happens in ``folder`` to ``queue``, until `stop`."""

    def __init__(self, folder: str, describer: LazyDescriber, queue: EventQueue) -> None:
        super().__init__(name="folder-watcher", daemon=True)
        self._folder = folder
        self._describer = describer
        self._queue = queue
        self._lock = threading.Lock()
        self._stopped = False
        self._watcher: FolderWatcher | None = None

    def stop(self) -> None:
        """End soon, and pass nothing more. Called on the window's thread."""
        self._queue.close()
        with self._lock:
            self._stopped = True
            if self._watcher is not None:
                self._watcher.stop()

    def run(self) -> None:
        try:
            # Imported here because it needs NumPy and Pillow, which keep the window waiting.
            from image_describer.library.watch import FolderWatcher

            watcher = FolderWatcher(self._folder, self._describer.describe_picture)
            with self._lock:
                if self._stopped:
                    return
                self._watcher = watcher
            for event in watcher.events():
                self._queue.ask(event, ANSWER_LIMIT_S)
        except Exception as error:  # such as a damaged bundle
            self._queue.ask(error, ANSWER_LIMIT_S)
