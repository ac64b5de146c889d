"""Utterances (texts to be spoken), and which of them duplicates and interruptions drop."""

import threading
import time
from collections.abc import Iterable
from typing import Any, Literal

UtteranceKind = Literal["description", "phrase", "notice", "error"]

DUPLICATE_WINDOW_S = 0.3  # the same text requested again within this is spoken once


class Utterance:
    """One text to be spoken. Everything but ``began`` is final once ``wait`` returns True.

    ``private`` texts are never sent to an online voice. ``language`` is the code of the text's
    language ("de"), if it is not that of the program. ``voice`` is the name of the voice that
    spoke it, None if it was dropped before that; ``error`` is a sentence for the user if it was not
    heard, else None; ``failures`` maps the name of each voice that failed to the reason;
    ``interrupted`` is True if it was stopped or dropped. ``asked`` (the request), ``began`` (the
    output received the first sample) and ``ended`` are by time.monotonic(); None if it didn't
    happen.
    """

    def __init__(
        self, text: str, kind: str = "phrase", *, private: bool = False, language: str = ""
    ) -> None:
        self.text = text
        self.kind = kind
        self.private = private
        self.language = language
        self.voice: str | None = None
        self.error: str | None = None
        self.failures: dict[str, str] = {}
        self.interrupted = False
        self.asked = time.monotonic()
        self.began: float | None = None
        self.ended: float | None = None
        self._over = threading.Event()

    def wait(self, timeout: float | None = None) -> bool:
        """Return True once it was spoken, stopped or given up; False after ``timeout`` seconds."""
        return self._over.wait(timeout)

    def finish(self, voice: str | None = None, error: str | None = None) -> None:
        """Record the outcome and release those who wait. Called by the speaker only."""
        self.voice, self.error, self.ended = voice, error, time.monotonic()
        self._over.set()

    def log_entry(self) -> dict[str, Any]:
        """The fields for the spoken log."""
        names = ("text", "kind", "voice", "asked", "began", "ended", "interrupted", "error")
        return {name: getattr(self, name) for name in names}

    def same_as(self, other: "Utterance") -> bool:
        """Whether both would be spoken in the same way."""
        return all(
            getattr(self, name) == getattr(other, name)
            for name in ("text", "kind", "private", "language")
        )


def find_duplicate(new: Utterance, pending: Iterable[Utterance]) -> Utterance | None:
    """The pending utterance that ``new`` repeats within DUPLICATE_WINDOW_S, or None."""
    for utterance in pending:
        recent = new.asked - utterance.asked < DUPLICATE_WINDOW_S
        if recent and not utterance.interrupted and utterance.same_as(new):
            return utterance
    return None


def survives(pending: Utterance, new: Utterance) -> bool:
    """Whether ``pending`` is still spoken when ``new`` interrupts.

    A phrase answers a key press and interrupts everything. Descriptions, notices and errors were
    not requested at this moment: they queue behind errors, which are spoken only once. A repeated
    error starts again; otherwise an error that occurs five times would be spoken for half a minute.
    """
    if new.kind == "phrase" or pending.kind != "error":
        return False
    return not pending.same_as(new)
