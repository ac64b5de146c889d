"""Alt+Up and Alt+Down: earlier and later descriptions, from the history on disk."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from image_describer.app import messages
from image_describer.app.context import AppContext, CurrentPicture, DescribedPicture
from image_describer.app.error_throttle import ErrorThrottle
from image_describer.app.messages import log_error
from image_describer.app.pages import OpenedPage, open_page
from image_describer.app.tasks.describe import DescribeTask
from image_describer.text import file_name

if TYPE_CHECKING:
    from image_describer.library.history import History, Stamp
    from image_describer.library.history_entry import HistoryEntry


class HistoryBrowser:
    """Steps through ``history``, which is read and written on other threads than the window's."""

    def __init__(
        self, context: AppContext, describe_task: DescribeTask, history: "History | None"
    ) -> None:
        self._context = context
        self._describe_task = describe_task
        self._history = history
        self._entries: list[HistoryEntry] = []
        self._stamp: Stamp | None = None  # of the history when it was read
        self._current_key: str | None = None  # of the entry that is shown
        self._reading = False
        self._pending_steps = 0  # requested while it was being read
        self._not_kept = ErrorThrottle(context.report_error)

    def keep(self, described: DescribedPicture) -> None:
        """Add a new description to the history."""
        history, current = self._history, self._describe_task.current
        self._current_key = None
        if history is None or not (self._context.settings.keep_history and current.kept):
            return
        name = file_name(current.file or "")
        self._context.jobs.start(
            lambda _job: history.add(described.description, described.spoken, name),
            self._kept,
            self._not_kept,
        )

    def keep_unshown(self, described: DescribedPicture) -> None:
        """Add the description of a file that isn't shown: Alt+Down or Alt+Up leads to it."""
        history, name = self._history, file_name(described.description.file or "")
        if history is not None and self._context.settings.keep_history:
            self._context.jobs.start(
                lambda _job: history.add(described.description, described.spoken, name),
                lambda _entry: self._not_kept.reset(),
                self._not_kept,
            )

    def step(self, steps: int) -> None:
        """Show and say the description that is ``steps`` later (earlier, if negative)."""
        history = self._history
        if history is None or not self._context.settings.keep_history:
            self._context.voice.answer(messages.HISTORY_OFF)
            return
        self._pending_steps += steps
        if not self._reading:
            self._reading = True
            known = self._stamp
            # Another window may have added to it or cleared it meanwhile.
            self._context.jobs.start(
                lambda _job: read_if_changed(history, known), self._read, self._not_read
            )

    def forget(self) -> None:
        """Drop the entries that were read, because the history has been cleared."""
        self._entries, self._stamp, self._current_key = [], None, None

    def _kept(self, entry: "HistoryEntry") -> None:
        self._not_kept.reset()
        if self._current_key is None:
            self._current_key = entry.key

    def _read(self, result: "tuple[Stamp, list[HistoryEntry] | None]") -> None:
        self._reading = False
        steps, self._pending_steps = self._pending_steps, 0
        warning = ""
        self._stamp, entries = result
        if entries is not None:
            self._entries = entries
            warning = self._history.warning if self._history is not None else ""
        voice = self._context.voice
        if warning:
            voice.error(warning)
        say = voice.notify if warning else voice.answer  # an answer would interrupt the error
        for _ in range(abs(steps)):
            if not self._show_neighbour(1 if steps > 0 else -1, say):
                break

    def _not_read(self, error: Exception) -> None:
        self._reading, self._pending_steps = False, 0
        self._context.report_error(error)

    def _current_index(self) -> int:
        """The index of the entry that is shown; the number of entries if none of them is."""
        entries = self._entries
        for index, entry in enumerate(entries):
            if entry.key == self._current_key:
                return index
        described = self._describe_task.current.described
        caption = described.description.caption if described is not None else None
        # The newest entry may be shown although its key is not known yet.
        return len(entries) - bool(entries and entries[-1].caption == caption)

    def _show_neighbour(self, step: int, say: Callable[[str], None]) -> bool:
        """Go one step; False at either end."""
        entries = self._entries
        index = self._current_index() + step
        if not 0 <= index < len(entries):
            say(messages.NO_EARLIER if step < 0 else messages.NO_LATER)
            self._context.voice.earcon("edge")
            return False
        self._current_key = entries[index].key
        self._show(entries[index], f"{index + 1} of {len(entries)}", say)
        return True

    def _show(self, entry: "HistoryEntry", position: str, say: Callable[[str], None]) -> None:
        described = DescribedPicture(entry.description, entry.spoken)
        self._describe_task.replace(CurrentPicture(entry.file or entry.name, described=described))
        self._describe_task.show(
            described.sentence,
            messages.HISTORY_POSITION.format(position=position),
            described.confidence,
        )
        # File names are private, so the offline voice says them.
        say(f"{position}. {entry.name}.")
        self._context.voice.say_next(entry.spoken.author)
        self._context.voice.say_next(entry.spoken.own, "description")
        self._context.voice.say_next(entry.spoken.written)
        file, page = entry.file, entry.description.page or 1
        if file is not None:
            self._context.jobs.start(
                lambda _job: reopen(file, page - 1),
                lambda result: self._reopened(file, *result),
                log_error,  # the description stays, without its picture
            )

    def _reopened(self, file: str, page: OpenedPage, facts: tuple[str, ...]) -> None:
        current = self._describe_task.current
        if current.file == file and current.described is not None:
            current.described = DescribedPicture(
                current.described.description, current.described.spoken, facts
            )
            self._describe_task.opened(page)


def read_if_changed(
    history: "History", known: "Stamp | None"
) -> "tuple[Stamp, list[HistoryEntry] | None]":
    """The history's stamp, and its entries if that is not the ``known`` one."""
    stamp = history.stamp()
    return stamp, None if stamp == known else history.entries()


def reopen(file: str, index: int) -> tuple[OpenedPage, tuple[str, ...]]:
    """The picture or the page in ``file`` and the facts about the file. Raises PictureError."""
    from image_describer.imaging.file_info import file_facts

    return open_page(file, index), tuple(file_facts(file))
