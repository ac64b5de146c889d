"""Who may interrupt whom: what a key asked for is said at once, the rest may have to wait."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from image_describer.app.voice.talk import Kind, Talk

if TYPE_CHECKING:
    import tkinter as tk

TICK_AFTER_MS, TICK_MS = 500, 1000  # while the online voice is asked: silence feels broken
LOOK_FOR_SILENCE_AFTER_MS = 1500  # by then a voice or a player that can't speak has given up
# A key that says something and moves the focus as well: the focus is said after it, not over it.
FRESH_S = 0.3


class Telling:
    """Says things through ``talk``; ``show_trouble(why)`` is called when nothing was heard,
    and with nothing once something is heard again.

    ``level`` is "all", "results" (a screen reader says the focus itself) or "off".
    """

    def __init__(self, root: "tk.Misc", talk: Talk, show_trouble: Callable[[str], None]) -> None:
        self._root = root
        self._talk = talk
        self._show_trouble = show_trouble
        self._watching: str | None = None
        self._ticking: str | None = None
        self._said_at = -FRESH_S
        self._troubled = False
        self.level = "all"

    @property
    def speaking(self) -> bool:
        return self._talk.speaking

    def tell(self, text: str, kind: Kind = "notice") -> None:
        """Say what nobody asked for: a result, a greeting. It waits for an error's end."""
        self._say(text, kind)

    def answer(self, text: str, kind: Kind = "phrase") -> None:
        """Say what a key asked for: at once."""
        if kind == "description":
            self._talk.stop()  # else it would wait for an error's end
        self._say(text, kind)

    def describe(self, author: str, own: str, *, asked: bool = False) -> None:
        """Say what a picture shows: first what its ``author`` says, then the ``own`` words.

        The author may have named people: only the own words are for a voice of the network.
        ``asked``: as `answer`, else as `tell`.
        """
        say = self.answer if asked else self.tell
        if not author:
            say(own, "description")
            return
        say(author, "phrase" if asked else "notice")
        self.then(own, "description")

    def then(self, text: str, kind: Kind = "phrase") -> None:
        """Say it after what is being said."""
        if text and self.level != "off":
            self._talk.say(text, kind=kind, interrupt=False)

    def error(self, text: str) -> None:
        """Say what went wrong; results wait until it was heard."""
        self._say(text, "error")

    def focus(self, text: str) -> None:
        """Say where the focus or the caret is: at once, but after what the same key made heard."""
        if self.level == "all":
            self._talk.say(text, interrupt=not self.answered(), again=True)
            self._watch_voice()

    def answered(self) -> bool:
        """Whether something else was said just now, by the same key it seems."""
        return time.monotonic() - self._said_at < FRESH_S

    def earcon(self, name: str) -> None:
        """Play a short sound beside the speech."""
        if self.level != "off":
            self._talk.earcon(name)

    def stop(self) -> None:
        """Be silent."""
        self._talk.stop()

    def _say(self, text: str, kind: Kind) -> None:
        if self.level == "off":
            return
        self._said_at = time.monotonic()
        self._talk.say(text, kind=kind)
        self._watch_voice()
        if kind == "description":
            self._tick_after(TICK_AFTER_MS)

    def _tick_after(self, ms: int) -> None:
        if self._ticking is not None:
            self._root.after_cancel(self._ticking)
        self._ticking = self._root.after(ms, self._tick)

    def _tick(self) -> None:
        self._ticking = None
        if self._talk.fetching:
            self.earcon("tick")
            self._tick_after(TICK_MS)

    def _watch_voice(self) -> None:
        if self._watching is not None:
            self._root.after_cancel(self._watching)
        self._watching = self._root.after(LOOK_FOR_SILENCE_AFTER_MS, self._look_for_silence)

    def _look_for_silence(self) -> None:
        self._watching = None
        trouble = self._talk.trouble
        if trouble or self._troubled:
            self._troubled = bool(trouble)
            self._show_trouble(trouble)
