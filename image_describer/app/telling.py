"""Who may interrupt whom: what a key asked for is said at once, the rest may have to wait."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from image_describer.app.talk import Kind, Talk

if TYPE_CHECKING:
    import tkinter as tk

LOOK_FOR_SILENCE_AFTER_MS = 1500  # by then a voice or a player that can't speak has given up


class Telling:
    """Says things through ``talk``; ``show_trouble(why)`` is called when nothing was heard."""

    def __init__(self, root: "tk.Misc", talk: Talk, show_trouble: Callable[[str], None]) -> None:
        self._root = root
        self._talk = talk
        self._show_trouble = show_trouble
        self._noting = False  # whether the note of the first start has yet to be heard in full
        self._watching: str | None = None

    @property
    def noting(self) -> bool:
        """Whether the note of the first start is being said."""
        return self._noting and self._talk.speaking

    @property
    def speaking(self) -> bool:
        return self._talk.speaking

    def note(self, text: str) -> None:
        """Say the note of the first start, which only a key interrupts."""
        self._talk.say(text)
        self._noting = True

    def tell(self, text: str, kind: Kind = "phrase") -> None:
        """Say what nobody asked for: it waits for the note of the first start."""
        self._noting = self.noting
        self._talk.say(text, kind=kind, interrupt=not self._noting)
        self._watch_voice()

    def answer(self, text: str, kind: Kind = "phrase") -> None:
        """Say what a key asked for: at once."""
        self._noting = False
        self._talk.say(text, kind=kind)
        self._watch_voice()

    def stop(self) -> None:
        """Be silent."""
        self._noting = False
        self._talk.stop()

    def _watch_voice(self) -> None:
        if self._watching is not None:
            self._root.after_cancel(self._watching)
        self._watching = self._root.after(LOOK_FOR_SILENCE_AFTER_MS, self._look_for_silence)

    def _look_for_silence(self) -> None:
        self._watching = None
        if self._talk.trouble:
            self._show_trouble(self._talk.trouble)
