"""The user's own pictures, kept and found in the index and the history together."""

import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from image_describer.app import keymap, messages
from image_describer.app.context import DescribedPicture
from image_describer.app.tasks.lazy_describer import LazyDescriber
from image_describer.i18n import N_, _
from image_describer.text import file_name, visible

if TYPE_CHECKING:
    from image_describer.captioner.describer import Describer
    from image_describer.captioner.description import Description
    from image_describer.library.history import History
    from image_describer.library.history_entry import HistoryEntry
    from image_describer.library.index import Index
    from image_describer.library.record import Record
    from image_describer.library.search import SearchHit
    from image_describer.settings import Settings

RESULTS_LIMIT = 50  # a longer list is not listened to
FILL_AGAIN = N_("{folder} fills it again.")
CHANGED = N_("The file has changed since.")


@dataclass(frozen=True)
class ListedPicture:
    """A picture in a list of results.

    ``file`` is None for one that was never a file; ``text`` is its line in the list; ``sentence``
    is its whole description.
    """

    file: str | None
    text: str
    sentence: str


@dataclass(frozen=True)
class SearchOutcome:
    """Pictures, best first. ``weak``: none of them fits well. ``warning``: what else the user
    should know, in sentences; mostly empty.
    """

    pictures: tuple[ListedPicture, ...]
    weak: bool = False
    warning: str = ""


class OwnPictures:
    """All methods but `searchable` block, and may be called on several threads at once.

    Without ``indexed``, only ``history`` is used, which may be None as well.
    """

    def __init__(
        self, describer: LazyDescriber, history: "History | None", *, indexed: bool
    ) -> None:
        self._describer = describer
        self._history = history
        self._indexed = indexed
        self._lock = threading.Lock()
        self._index: Index | None = None
        self._reported_warning = ""

    def searchable(self, settings: "Settings") -> bool:
        """Whether there is anything to search. Returns at once."""
        return self._indexed or (self._history is not None and settings.keep_history)

    def indexes(self, settings: "Settings") -> bool:
        """Whether new descriptions go into the index. Returns at once."""
        return self._indexed and settings.keep_history

    def keep(self, described: DescribedPicture) -> None:
        """Put the description of a file into the index. Raises LibraryError and BundleError."""
        description = described.description
        # The index knows files by their content, so that the pages of one would replace each other.
        if not self._indexed or description.file is None or description.page is not None:
            return
        from image_describer.library.describe_files import content_key
        from image_describer.library.record import Record

        file = os.path.abspath(description.file)
        try:
            key = content_key(file)
        except OSError:
            return  # the file was deleted meanwhile
        self._open_index().add([Record(file, key, description)])

    def known(self, file: str) -> "Description | None":
        """The description of ``file`` in the language that it would be described in now, unless
        the file has changed since.

        Raises LibraryError and BundleError.
        """
        if not self._indexed:
            return None
        from image_describer.captioner.languages import default_language

        language = default_language(self._describer.load().languages)
        record = self._open_index().lookup(file, language)
        return record.description if record is not None and record.has_text else None

    def known_below(self, folder: str) -> "Iterator[Record]":
        """Yield the pictures below ``folder`` that were described and have not changed since.

        Raises LibraryError and BundleError.
        """
        if not self._indexed:
            return
        from image_describer.library.record import Record
        from image_describer.library.tables import is_below

        index = self._open_index()
        for picture_id in index.ids_below([folder]):
            picture = index.picture(int(picture_id))
            if picture is None or picture.stale:
                continue
            for file in picture.files:
                record = Record(file, picture.key, replace(picture.description, file=file))
                if record.has_text and is_below(file, [folder]) and not index.is_changed(file):
                    yield record

    def find(self, query: str, settings: "Settings") -> SearchOutcome:
        """The pictures that match ``query``.

        Those that only the history knows come after good matches and before weak ones. Raises
        BundleError, and ImageDescriberError if the query has no word to search for.
        """
        from image_describer.errors import LibraryError

        hits: list[SearchHit] = []
        warnings: list[str] = []
        if self._indexed:
            from image_describer.library.search import search

            try:
                hits = search(self._open_index(), self._load(), query, limit=RESULTS_LIMIT)
            except LibraryError as error:
                warnings.append(str(error))
            warnings.append(self.new_index_warning())
        entries: list[HistoryEntry] = []
        if self._history is not None and settings.keep_history:
            entries = self._only_in_history(query, {hit.file for hit in hits})
            warnings.append(self._history.warning)
        strong = [listed_hit(hit, settings) for hit in hits if not hit.is_weak]
        strong += [listed_entry(entry, settings) for entry in entries]
        weak = [listed_hit(hit, settings) for hit in hits if hit.is_weak]
        return SearchOutcome(
            tuple((strong + weak)[:RESULTS_LIMIT]),
            weak=bool(weak and not strong),
            warning=" ".join(filter(None, warnings)),
        )

    def similar(self, file: str, settings: "Settings") -> SearchOutcome:
        """The pictures most similar to the one in ``file``. Raises ImageDescriberError."""
        if not self._indexed:
            return SearchOutcome(())
        from image_describer.library.search import similar

        hits = similar(self._open_index(), self._load(), file, limit=RESULTS_LIMIT).pictures
        strong = [hit for hit in hits if not hit.is_weak]
        pictures = tuple(listed_hit(hit, settings) for hit in strong or hits)
        return SearchOutcome(
            pictures, weak=bool(pictures and not strong), warning=self.new_index_warning()
        )

    def clear(self) -> None:
        """Forget all descriptions, also those of folders. Raises HistoryError and LibraryError."""
        if self._history is not None:
            self._history.clear()
        if self._indexed:
            from image_describer.library.index import Index

            with self._lock:
                if self._index is not None:
                    self._index.close()
                self._index = None
            with Index.open() as index:  # without a model, because the bundle may be missing
                index.clear()

    def _only_in_history(self, query: str, files: set[str]) -> "list[HistoryEntry]":
        """The history's matches that are neither in the index nor in ``files``."""
        from image_describer.errors import LibraryError

        entries = self._history.find(query) if self._history is not None else []
        if not self._indexed:
            return entries
        try:
            index = self._open_index()
            return [
                entry
                for entry in entries
                if entry.file is None
                or (entry.file not in files and index.lookup(entry.file) is None)
            ]
        except LibraryError:  # reported by the search
            return entries

    def _load(self) -> "Describer":
        return self._describer.load()  # type: ignore[return-value]

    def _open_index(self) -> "Index":
        from image_describer.library.index import Index, model_id

        with self._lock:
            if self._index is None:
                self._index = Index.open(model=model_id(self._load()))
                threading.Thread(
                    target=_forget_missing,
                    args=(self._index,),
                    daemon=True,
                    name="forget-missing",
                ).start()
            return self._index

    def new_index_warning(self) -> str:
        """What happened to the index, unless that has been reported already."""
        warning = self._index.warning if self._index is not None else ""
        with self._lock:
            reported, self._reported_warning = self._reported_warning, warning
        return "" if warning == reported else index_notice(warning)


def index_notice(warning: str) -> str:
    """Add to a sentence about a damaged index how to fill the new one from the window."""
    fill_again = keymap.with_keys(_(FILL_AGAIN), keymap.spoken)
    return f"{warning} {fill_again}" if warning else ""


def listed_hit(hit: "SearchHit", settings: "Settings") -> ListedPicture:
    """A picture that the index has found."""
    from image_describer.wording.sentence import sentence

    description = hit.picture.description
    text = list_line(description, settings, hit.file)
    if hit.is_changed:
        text = f"{text}. {_(CHANGED)}"
    return ListedPicture(hit.file, text, sentence(description))


def listed_entry(entry: "HistoryEntry", settings: "Settings") -> ListedPicture:
    """A picture that the history has found."""
    text = list_line(entry.description, settings, entry.file or entry.name)
    return ListedPicture(entry.file, text, entry.spoken.text)


def list_line(
    description: "Description", settings: "Settings", file: str, root: str | None = None
) -> str:
    """The shortest description with a hedge, then the place of the file, as in `named_in`."""
    from image_describer.wording.sentence import sentence

    return named_in(sentence(description, hedged=settings.hedging, brief=True), file, root)


def named_in(text: str, file: str, root: str | None = None) -> str:
    """``text``, then the file's name and its folder, or where that is below the folder ``root``."""
    parent = os.path.dirname(file)
    if root is None:
        folder = file_name(parent)
    else:
        folder = "" if parent == root else visible(os.path.relpath(parent, root))
    text = f"{text} {file_name(file)}"
    return _("{picture}, in {folder}").format(picture=text, folder=folder) if folder else text


def _forget_missing(index: "Index") -> None:
    """Remove pictures whose files were deleted; checking all of them may take seconds."""
    try:
        index.forget_missing()
    except Exception as error:
        messages.log_error(error)
