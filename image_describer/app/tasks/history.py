"""Alt+Up and Alt+Down: earlier and later descriptions, from the history on disk."""

from typing import TYPE_CHECKING

from image_describer.app import messages
from image_describer.app.context import AppContext, DescribedPicture
from image_describer.app.error_throttle import ErrorThrottle
from image_describer.app.tasks.describe import DescribeTask
from image_describer.i18n import _
from image_describer.text import file_name, number

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
            self._context.voice.answer(_(messages.HISTORY_OFF))
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
        for _unused in range(abs(steps)):
            if not self._show_neighbour(1 if steps > 0 else -1, asked=not warning):
                break

    def _not_read(self, error: Exception) -> None:
        self._reading, self._pending_steps = False, 0
        self._context.report_error(error)

    def _current_index(self) -> int:
        """The index of the entry that is shown; the number of entries if none of them is."""
        entries = self._entries
        described = self._describe_task.current.described
        if described is None:  # it was cancelled, or failed
            return len(entries)
        for index, entry in enumerate(entries):
            if entry.key == self._current_key:
                return index
        # The newest entry may be shown although its key is not known yet.
        return len(entries) - bool(entries and entries[-1].caption == described.description.caption)

    def _show_neighbour(self, step: int, *, asked: bool) -> bool:
        """Go one step; False at either end. Without ``asked``, errors are not interrupted."""
        entries = self._entries
        index = self._current_index() + step
        if not 0 <= index < len(entries):
            say = self._context.voice.answer if asked else self._context.voice.notify
            say(_(messages.NO_EARLIER) if step < 0 else _(messages.NO_LATER))
            self._context.voice.earcon("edge")
            return False
        entry, position = (
            entries[index],
            _("{number} of {count}").format(number=number(index + 1), count=number(len(entries))),
        )
        self._current_key = entry.key
        self._describe_task.show_described(
            entry.file or entry.name,
            DescribedPicture(entry.description, entry.spoken),
            position,
            _(messages.HISTORY_POSITION).format(position=position),
            asked=asked,
        )
        return True


def read_if_changed(
    history: "History", known: "Stamp | None"
) -> "tuple[Stamp, list[HistoryEntry] | None]":
    """The history's stamp, and its entries if that is not the ``known`` one."""
    stamp = history.stamp()
    return stamp, None if stamp == known else history.entries()
