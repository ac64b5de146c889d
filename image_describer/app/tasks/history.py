"""Alt+Up and Alt+Down: earlier and later descriptions, from the history on disk."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from image_describer.app import messages as say
from image_describer.app.context import AppContext, CurrentPicture, DescribedPicture
from image_describer.app.error_throttle import ErrorThrottle
from image_describer.app.tasks.describe import DescribeTask
from image_describer.library.history import History, Stamp
from image_describer.text import file_name

if TYPE_CHECKING:
    from image_describer.imaging.open import Picture
    from image_describer.library.history_entry import HistoryEntry


class HistoryBrowser:
    """Steps through ``history``, whose file is read and written off the window's thread.

    ``trouble(error)`` is called when a description can't be kept.
    """

    def __init__(
        self,
        context: AppContext,
        describe_task: DescribeTask,
        history: History | None,
        trouble: Callable[[Exception], None],
    ) -> None:
        self._context = context
        self._describe_task = describe_task
        self._history = history
        self._trouble = trouble
        self._entries: list[HistoryEntry] = []
        self._stamp: Stamp | None = None  # of the file, as it was read
        self._at: str | None = None  # the key of the entry that is shown
        self._reading = False
        self._unkept = ErrorThrottle(trouble)
        self._steps = 0  # asked for while it was being read

    def keep(self, described: DescribedPicture) -> None:
        """Write a new description down."""
        history = self._history
        self._at = None
        if history is None or not self._context.settings.keep_history:
            return
        name = file_name(self._describe_task.current.file or "")
        self._context.jobs.start(
            lambda _job: history.add(described.description, described.spoken, name),
            self._kept,
            self._unkept,
        )

    def step(self, by: int) -> None:
        """Show and say the description that is ``by`` steps later (earlier, if negative)."""
        history = self._history
        if history is None or not self._context.settings.keep_history:
            self._context.voice.answer(say.HISTORY_OFF)
            return
        self._steps += by
        if not self._reading:
            self._reading = True
            known = self._stamp
            # Read again when it has changed: another window may have added to it, or cleared it.
            self._context.jobs.start(lambda _job: changed(history, known), self._read, self._lost)

    def forget(self) -> None:
        """The history has been cleared."""
        self._entries, self._stamp, self._at = [], None, None

    def _kept(self, entry: "HistoryEntry | None") -> None:
        self._unkept.over()
        if entry is not None and self._at is None:
            self._at = entry.key

    def _read(self, found: "tuple[Stamp, list[HistoryEntry] | None]") -> None:
        self._reading = False
        by, self._steps = self._steps, 0
        trouble = ""
        self._stamp, entries = found
        if entries is not None:
            self._entries = entries
            trouble = self._history.trouble if self._history is not None else ""
        if trouble:
            self._context.voice.error(trouble)
        tell = self._context.voice.notify if trouble else self._context.voice.answer
        for _ in range(abs(by)):
            if not self._go(1 if by > 0 else -1, tell):
                break

    def _lost(self, error: Exception) -> None:
        self._reading, self._steps = False, 0
        self._trouble(error)

    def _place(self) -> int:
        """Which entry is shown; behind the last one for none of them."""
        entries = self._entries
        for number, entry in enumerate(entries):
            if entry.key == self._at:
                return number
        described = self._describe_task.current.described
        shown = described.description.caption if described is not None else None
        # What the window shows may be the newest: written, but not yet known to be.
        return len(entries) - bool(entries and entries[-1].caption == shown)

    def _go(self, by: int, tell: Callable[[str], None]) -> bool:
        """One step; False at the end of the way."""
        entries = self._entries
        there = self._place() + by
        if not 0 <= there < len(entries):
            tell(say.NO_EARLIER if by < 0 else say.NO_LATER)
            self._context.voice.earcon("edge")
            return False
        self._at = entries[there].key
        self._show(entries[there], f"{there + 1} of {len(entries)}", tell)
        return True

    def _show(self, entry: "HistoryEntry", place: str, tell: Callable[[str], None]) -> None:
        describe_task = self._describe_task
        described = DescribedPicture(entry.description, entry.spoken)
        describe_task.replace(
            CurrentPicture(entry.file or entry.name, described=described, place=place)
        )
        describe_task.show(described.sentence, say.PLACE.format(place=place))
        # The name of a file is nobody's business but the user's: the offline voice says it.
        tell(f"{place}. {entry.name}.")
        self._context.voice.say_next(described.spoken.author)
        self._context.voice.say_next(described.spoken.own, "description")
        self._context.jobs.start(
            lambda _job: look_again(entry.file), self._seen_again, lambda _gone: None
        )

    def _seen_again(self, found: "tuple[str, Picture, tuple[str, ...]]") -> None:
        file, picture, file_facts = found
        current = self._describe_task.current
        if current.file == file and current.described is not None:
            current.described = DescribedPicture(
                current.described.description, current.described.spoken, file_facts
            )
            self._describe_task.seen(picture)


def changed(history: History, known: Stamp | None) -> "tuple[Stamp, list[HistoryEntry] | None]":
    """The stamp of the history's file, and its entries where it is not the ``known`` one."""
    stamp = history.stamp()
    return stamp, None if stamp == known else history.entries()


def look_again(file: str | None) -> "tuple[str, Picture, tuple[str, ...]]":
    """The picture of an old description, if its file is still there. Raises PictureError."""
    from image_describer.errors import PictureError
    from image_describer.imaging.file_info import file_facts
    from image_describer.imaging.open import open_picture

    if file is None:
        raise PictureError("This picture was never a file.")
    return file, open_picture(file), tuple(file_facts(file))
