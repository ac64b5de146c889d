"""A process of the service: it is handed tasks through a pipe, one at a time, and answers them.

It may die of a picture without harm to the others, and ends when the service does, however that
ends.
"""

import faulthandler
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Sequence
from multiprocessing import connection
from pathlib import Path
from typing import IO, Any, NamedTuple

from image_describer.stdio import silence_output

READY, FAILED, AT, DONE = "ready", "failed", "at", "done"
DESCRIBE, MATCH, SEARCH, SPEAK = "describe", "match", "search", "speak"
ALL = -1  # in place of a picture's number: all have been looked at, their captions are being sought

HANGS_S = 20.0  # more than the service waits; a decoder may hang so that nothing else gets a turn

Tell = Callable[[int], None]


class Refused(NamedTuple):
    """A picture that can't be described, as the two parts of a PictureError."""

    sentence: str
    way_out: str


class Wanted(NamedTuple):
    """What one's own pictures are searched for: see `image_describer.library.search.search`."""

    words: str
    within: tuple[str, ...]
    limit: int


class Spoken(NamedTuple):
    """A sentence and the format it is wanted in, "wav" or "mp3"."""

    sentence: str
    kind: str


def main(pipe: connection.Connection, bundle: Path | None, limit_s: float) -> None:
    """Answer what comes through ``pipe`` until it is closed.

    ``limit_s``: after this time with one picture the process ends by itself, should nobody end it.
    """
    for name in ("SIGINT", "SIGTERM"):  # they may reach every process; the service answers them
        signal.signal(getattr(signal, name), signal.SIG_IGN)
    threading.Thread(target=_end_with_the_service, daemon=True).start()
    silence_output()
    try:
        with open(os.devnull, "wb") as nothing:
            _work(pipe, bundle, limit_s, nothing)
    except (EOFError, OSError):  # nobody is there any more
        os._exit(0)


def _work(
    pipe: connection.Connection, bundle: Path | None, limit_s: float, nothing: IO[bytes]
) -> None:
    from image_describer.errors import ImageDescriberError

    try:
        desk = _Desk(bundle)
    except ImageDescriberError as error:
        pipe.send((FAILED, error))
        return
    pipe.send((READY, None))

    def at(number: int) -> None:
        faulthandler.dump_traceback_later(limit_s + HANGS_S, exit=True, file=nothing)
        pipe.send((AT, number))

    while True:
        kind, given = pipe.recv()
        at(0)
        answer: Any
        try:
            answer = desk.does[kind](given, at)
        except ImageDescriberError as error:
            answer = error
        faulthandler.cancel_dump_traceback_later()
        pipe.send((DONE, answer))


class _Desk:
    """The model and what is done with it. Raises BundleError."""

    def __init__(self, bundle: Path | None) -> None:
        from image_describer.captioner.describer import Describer

        self._describer = Describer(bundle, threads=1)
        if self._describer.has_joint_space:
            _ = self._describer.joint_space
        self._index: Any = None
        self.does: dict[str, Callable[[Any, Tell], Any]] = {
            DESCRIBE: self._describe,
            MATCH: self._match,
            SEARCH: self._search,
            SPEAK: self._speak,
        }

    def _describe(self, pictures: Sequence[bytes], at: Tell) -> "list[dict[str, Any] | Refused]":
        from image_describer.errors import PictureError
        from image_describer.wording.record import to_record

        answers: list[dict[str, Any] | Refused] = []
        for told in self._describer.describe_many(pictures, at):
            if isinstance(told, PictureError):
                answers.append(Refused(told.sentence, told.way_out))
            else:
                answers.append(to_record(told))
        return answers

    def _match(self, given: tuple[bytes, Sequence[str]], at: Tell) -> list[float]:
        return self._describer.matches(*given)

    def _search(self, wanted: Wanted, at: Tell) -> list[dict[str, object]]:
        from image_describer.errors import LibraryError
        from image_describer.library import search
        from image_describer.library.index import Index, model_id
        from image_describer.library.search_record import (
            DESCRIBE_FIRST,
            NOTHING_DESCRIBED,
            search_record,
        )

        if self._index is None:
            self._index = Index.open(model=model_id(self._describer))
        if not len(self._index):
            raise LibraryError(NOTHING_DESCRIBED, DESCRIBE_FIRST)
        within = [Path(folder) for folder in wanted.within] or None
        pictures = search.search(self._index, self._describer, wanted.words, within, wanted.limit)
        return [search_record(one) for one in pictures]

    def _speak(self, spoken: Spoken, at: Tell) -> bytes:
        from image_describer.server.speech import spoken_offline

        return spoken_offline(spoken.sentence, spoken.kind)


def _end_with_the_service() -> None:
    """Wait for the end of the process that started this one, and end at once.

    A pipe that is closed would say the same, but only to whoever reads from it.
    """
    parent = multiprocessing.parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(0)
