"""An utterance, one text on its way to the ear; and which ones an interruption leaves alone."""

import threading
import time
from collections.abc import Iterable
from typing import Any, Literal

Kind = Literal["description", "phrase", "notice", "error"]

TWICE_S = 0.3  # the same text asked for again within this is the same wish, told twice


class Utterance:
    """One text on its way. All but ``asked`` and ``began`` is final once ``wait`` is True.

    ``voice`` names the voice that spoke it, None where it was dropped before any did; ``error``
    is a sentence for the user where it was not heard, else None; ``failures`` says for each voice
    that was tried in vain what was wrong; ``interrupted`` is True where it was stopped or dropped.
    ``asked``, ``began`` (its first sample was handed to the output) and ``ended`` are seconds by
    time.monotonic(), None for what did not happen.
    """

    def __init__(self, text: str, kind: str = "phrase") -> None:
        self.text = text
        self.kind = kind
        self.voice: str | None = None
        self.error: str | None = None
        self.failures: dict[str, str] = {}
        self.interrupted = False
        self.asked = time.monotonic()
        self.began: float | None = None
        self.ended: float | None = None
        self._over = threading.Event()

    def wait(self, timeout: float | None = None) -> bool:
        """True when it has been spoken, stopped or given up; False after ``timeout`` seconds."""
        return self._over.wait(timeout)

    def _finish(self, voice: str | None = None, error: str | None = None) -> None:
        self.voice, self.error, self.ended = voice, error, time.monotonic()
        self._over.set()

    def entry(self) -> dict[str, Any]:
        """What the spoken log keeps of it."""
        names = ("text", "kind", "voice", "asked", "began", "ended", "interrupted", "error")
        return {name: getattr(self, name) for name in names}

    def _is(self, text: str, kind: str) -> bool:
        return (self.text, self.kind) == (text, kind)


def twin_of(text: str, kind: str, there: Iterable[Utterance]) -> Utterance | None:
    """The one of ``there`` that says just this and was asked for within TWICE_S, or None."""
    now = time.monotonic()
    for utterance in there:
        fresh = now - utterance.asked < TWICE_S
        if utterance._is(text, kind) and fresh and not utterance.interrupted:
            return utterance
    return None


def survives(utterance: Utterance, text: str, kind: str) -> bool:
    """Whether ``utterance`` is still to be heard when ``text`` comes and interrupts.

    A phrase answers a key: it cuts everything. Descriptions, notices and errors come by themselves:
    they queue behind errors, which nobody asked for and which are said only once. The same error
    again begins anew, else one that is caused five times would be said for half a minute.
    """
    if kind == "phrase" or utterance.kind != "error":
        return False
    return not utterance._is(text, kind)
