"""One's own pictures, as the window keeps and finds them: the index and the history together."""

import logging
import os
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from image_describer.app import keymap
from image_describer.app import messages as say
from image_describer.app.context import DescribedPicture
from image_describer.app.tasks.lazy_describer import LazyDescriber
from image_describer.library.history import History
from image_describer.text import file_name

if TYPE_CHECKING:
    from image_describer.captioner.describer import Describer
    from image_describer.captioner.description import Description
    from image_describer.library.history_entry import HistoryEntry as Past
    from image_describer.library.index import Index
    from image_describer.library.search import SearchHit
    from image_describer.settings import Settings

LIMIT = 50  # nobody listens to more
FILLS_IT = "{folder} fills it again."
CHANGED = "The file was changed since."

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ListedPicture:
    """A picture that was found: ``file`` is None for one that was never a file; ``text`` is its
    line in a list, ``sentence`` what was said of it.
    """

    file: str | None
    text: str
    sentence: str


@dataclass(frozen=True)
class SearchOutcome:
    """Pictures, best first. ``weak``: none of them fits well. ``trouble``: what the user should
    know besides, in sentences; mostly empty.
    """

    hits: tuple[ListedPicture, ...]
    weak: bool = False
    trouble: str = ""


class OwnPictures:
    """Every method blocks, and is called on the threads of jobs, of several at once too.

    Without ``indexed`` nothing is written or read but ``history``, which may be None as well.
    """

    def __init__(self, describer: LazyDescriber, history: History | None, *, indexed: bool) -> None:
        self._describer = describer
        self._history = history
        self._indexed = indexed
        self._lock = threading.Lock()
        self._index: Index | None = None
        self._told = ""  # the trouble that was told already

    def searchable(self, settings: "Settings") -> bool:
        """Whether there is anything to be searched; this one answers at once."""
        return self._indexed or (self._history is not None and settings.keep_history)

    def keep(self, described: DescribedPicture) -> None:
        """Put the description of a file into the index. Raises LibraryError and BundleError."""
        description = described.description
        if not self._indexed or description.file is None:
            return
        from image_describer.library.describe_files import content_key
        from image_describer.library.record import Record

        file = os.path.abspath(description.file)
        try:
            key = content_key(file)
        except OSError:
            return  # it has gone meanwhile: nothing to be found
        self._opened().add([Record(file, key, description)])

    def find(self, words: str, settings: "Settings") -> SearchOutcome:
        """The pictures that ``words`` fit; those that only the history knows stand between what
        fits well and what hardly fits.

        Raises ImageDescriberError where there is no word to search for, and BundleError.
        """
        from image_describer.errors import LibraryError

        found: list[SearchHit] = []
        troubles: list[str] = []
        if self._indexed:
            from image_describer.library.search import search

            try:
                index = self._opened()
                found = search(index, self._loaded(), words, limit=LIMIT)
            except LibraryError as error:
                troubles.append(str(error))
            troubles.append(self._trouble())
        past = []
        if self._history is not None and settings.keep_history:
            past = self._past(words, {one.file for one in found})
            troubles.append(self._history.trouble)
        strong = [of_index(one, settings) for one in found if not one.is_weak]
        strong += [of_history(one, settings) for one in past]
        weak = [of_index(one, settings) for one in found if one.is_weak]
        return SearchOutcome(
            tuple((strong + weak)[:LIMIT]),
            bool(weak and not strong),
            " ".join(filter(None, troubles)),
        )

    def like(self, file: str, settings: "Settings") -> SearchOutcome:
        """The pictures most like the one in ``file``. Raises ImageDescriberError."""
        if not self._indexed:
            return SearchOutcome(())
        from image_describer.library.search import similar

        found = similar(self._opened(), self._loaded(), file, limit=LIMIT).pictures
        strong = [one for one in found if not one.is_weak]
        hits = tuple(of_index(one, settings) for one in strong or found)
        return SearchOutcome(hits, bool(hits and not strong), self._trouble())

    def clear(self) -> None:
        """Forget all descriptions, those of folders too. Raises HistoryError and LibraryError."""
        if self._history is not None:
            self._history.clear()
        if self._indexed:
            from image_describer.library.index import Index

            with self._lock:
                if self._index is not None:
                    self._index.close()
                self._index = None
            with Index.open() as index:  # needs no model, which may be what is wrong
                index.clear()

    def _past(self, words: str, found: set[str]) -> "list[Past]":
        """What the history finds and the index does not hold."""
        from image_describer.errors import LibraryError

        hits = self._history.find(words) if self._history is not None else []
        if not self._indexed:
            return hits
        try:
            index = self._opened()
            return [
                one
                for one in hits
                if one.file is None or (one.file not in found and index.known(one.file) is None)
            ]
        except LibraryError:  # told by the search
            return hits

    def _loaded(self) -> "Describer":
        return self._describer.load()  # type: ignore[return-value]

    def _opened(self) -> "Index":
        from image_describer.library.index import Index, model_id

        with self._lock:
            if self._index is None:
                self._index = Index.open(model=model_id(self._loaded()))
                threading.Thread(
                    target=_forget_missing, args=(self._index,), daemon=True, name="forget missing"
                ).start()
            return self._index

    def _trouble(self) -> str:
        """What happened to the index, once."""
        trouble = self._index.trouble if self._index is not None else ""
        with self._lock:
            told, self._told = self._told, trouble
        return "" if trouble == told else index_notice(trouble)


def index_notice(trouble: str) -> str:
    """Add to a sentence about a damaged index how to fill the new one from the window."""
    return f"{trouble} {say.with_keys(FILLS_IT, keymap.spoken)}" if trouble else ""


def _forget_missing(index: "Index") -> None:
    """Forget pictures whose files were deleted: it stats all of them, which may take seconds."""
    from image_describer.errors import LibraryError

    try:
        index.forget_missing()
    except LibraryError as error:
        log.warning("Deleted pictures can't be forgotten: %s", error)


def of_index(found: "SearchHit", settings: "Settings") -> ListedPicture:
    """What the index has found, as it is listed."""
    description = found.entry.description
    text = line(description, settings, found.file)
    return ListedPicture(
        found.file, f"{text}. {CHANGED}" if found.is_changed else text, said(description)
    )


def of_history(past: "Past", settings: "Settings") -> ListedPicture:
    """What the history has found, as it is listed."""
    return ListedPicture(
        past.file, line(past.description, settings, past.file or past.name), past.spoken.text
    )


def line(description: "Description", settings: "Settings", file: str) -> str:
    """What a picture shows, as short as it can be told with its hedge; its name, its folder."""
    from image_describer.wording.sentence import sentence

    words = sentence(description, hedged=settings.hedging, brief=True)
    folder = file_name(os.path.dirname(file))
    return f"{words} {file_name(file)}" + (f", in {folder}" if folder else "")


def said(description: "Description") -> str:
    """What is said of a picture whose file can't be opened."""
    from image_describer.wording.sentence import sentence

    return sentence(description)
