"""Alt+Up and Alt+Down: earlier and later descriptions, from the history on disk."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from image_describer.app import messages as say
from image_describer.app.current import Current
from image_describer.app.describing import Described
from image_describer.app.desk import Desk
from image_describer.app.picturing import Picturing
from image_describer.history import History

if TYPE_CHECKING:
    from image_describer.history import Entry
    from image_describer.picture import Picture


class Paging:
    """Steps through ``history``, whose file is read and written off the window's thread.

    ``trouble(error)`` is called when a description can't be kept.
    """

    def __init__(
        self,
        desk: Desk,
        picturing: Picturing,
        history: History | None,
        trouble: Callable[[Exception], None],
    ) -> None:
        self._desk = desk
        self._picturing = picturing
        self._history = history
        self._trouble = trouble
        self._entries: list[Entry] | None = None
        self._at: int | None = None  # None: at what no entry shows, behind the newest
        self._reading = False

    def keep(self, described: Described) -> None:
        """Write a new description down."""
        history = self._history
        self._at = None
        if history is None or not self._desk.settings.keep_history:
            return
        name = say.name_of(self._picturing.current.file or "")
        self._desk.jobs.start(
            lambda _job: history.add(described.description, described.sentence, name),
            self._kept,
            self._trouble,
        )

    def step(self, by: int) -> None:
        """Show and say the description that is ``by`` steps later (earlier, if negative)."""
        history = self._history
        if history is None or not self._desk.settings.keep_history:
            self._desk.voice.answer(say.HISTORY_OFF)
        elif self._entries is not None:
            self._go(self._entries, by, self._desk.voice.answer)
        elif not self._reading:
            self._reading = True
            self._desk.jobs.start(
                lambda _job: history.entries(), lambda entries: self._read(entries, by), self._lost
            )

    def clear(self) -> None:
        """Forget all past descriptions. Raises HistoryError."""
        if self._history is not None:
            self._history.clear()
        self._entries, self._at = [], None

    def _kept(self, entry: "Entry | None") -> None:
        if entry is not None and self._entries is not None:
            self._entries.append(entry)
        if entry is not None and self._entries is not None and self._at is None:
            self._at = len(self._entries) - 1

    def _read(self, entries: "list[Entry]", by: int) -> None:
        self._reading = False
        self._entries = entries
        described = self._picturing.current.described
        shown = described.description.caption if described is not None else None
        if self._at is None and entries and entries[-1].caption == shown:
            self._at = len(entries) - 1  # the newest is what the window shows
        trouble = self._history.trouble if self._history is not None else ""
        if trouble:
            self._desk.voice.error(trouble)
        self._go(entries, by, self._desk.voice.tell if trouble else self._desk.voice.answer)

    def _lost(self, error: Exception) -> None:
        self._reading = False
        self._trouble(error)

    def _go(self, entries: "list[Entry]", by: int, tell: Callable[[str], None]) -> None:
        here = len(entries) if self._at is None else self._at
        there = here + by
        if not 0 <= there < len(entries):
            tell(say.NO_EARLIER if by < 0 else say.NO_LATER)
            self._desk.voice.earcon("edge")
            return
        self._at = there
        self._show(entries[there], f"{there + 1} of {len(entries)}", tell)

    def _show(self, entry: "Entry", place: str, tell: Callable[[str], None]) -> None:
        picturing = self._picturing
        described = Described(entry.description, entry.sentence)
        picturing.replace(Current(entry.file or entry.name, described=described, place=place))
        picturing.show(entry.sentence, say.PLACE.format(place=place))
        # The name of a file is nobody's business but the user's: the offline voice says it.
        tell(f"{place}. {entry.name}.")
        self._desk.voice.then(entry.sentence, "description")
        self._desk.jobs.start(
            lambda _job: look_again(entry.file), self._seen_again, lambda _gone: None
        )

    def _seen_again(self, found: "tuple[str, Picture, tuple[str, ...]]") -> None:
        file, picture, facts = found
        current = self._picturing.current
        if current.file == file and current.described is not None:
            current.described = Described(
                current.described.description, current.described.sentence, facts
            )
            self._picturing.seen(picture)


def look_again(file: str | None) -> "tuple[str, Picture, tuple[str, ...]]":
    """The picture of an old description, if its file is still there. Raises PictureError."""
    from image_describer.errors import PictureError
    from image_describer.file_facts import facts
    from image_describer.picture import open_picture

    if file is None:
        raise PictureError("This picture was never a file.")
    return file, open_picture(file), tuple(facts(file))
