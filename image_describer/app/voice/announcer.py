"""Decides what interrupts what: answers to keys are spoken at once, other texts may wait."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from image_describer import i18n

if TYPE_CHECKING:
    import tkinter as tk

    from image_describer.speech import Speaker, Utterance, UtteranceKind
    from image_describer.wording.sentence import SpokenDescription

TICK_AFTER_MS, TICK_MS = 500, 1000  # while the online voice is fetched: silence seems broken
CHECK_VOICE_AFTER_MS = 1500  # by then, a voice or player that can't speak has failed
# A key may cause an answer and move the focus. The focus is then said after the answer.
RECENT_S = 0.3
# While a key is held down, the newest text waits for the end of what is being said, but not longer.
HELD_WAIT_S = 0.35
HELD_POLL_MS = 20


class Announcer:
    """Speaks through ``speaker``.

    ``show_problem(reason)`` is called when something could not be spoken, and with an empty text
    once speech works again. ``level`` is "all", "results" (a screen reader announces the focus
    itself) or "off".
    """

    def __init__(
        self, root: "tk.Misc", speaker: "Speaker", show_problem: Callable[[str], None]
    ) -> None:
        self._root = root
        self._speaker = speaker
        self._show_problem = show_problem
        self._check_timer: str | None = None
        self._tick_timer: str | None = None
        self._answered_at = -RECENT_S
        self._has_problem = False
        self._key_held = False
        # What to say next, while a key is held down.
        self._waiting: Callable[[], object] | None = None
        self._waiting_since = 0.0
        self._announcement: Utterance | None = None
        self.level = "all"

    @property
    def speaking(self) -> bool:
        return self._speaker.speaking

    def notify(self, text: str, kind: "UtteranceKind" = "notice", *, language: str = "") -> None:
        """Say something unasked, such as a result or a greeting. It does not interrupt errors.

        ``language`` is as in `Speaker.say`.
        """
        self._say(text, kind, language)

    def announce(self, text: str) -> None:
        """Say that a job has begun. Its result doesn't cut this short, a key does."""
        self._announcement = self._say(text, "notice")

    def announce_next(self, text: str) -> None:
        """Like `announce`, but after what is being said."""
        if self.level != "off":
            self._announcement = self._speaker.say(
                text, kind="notice", private=True, interrupt=False
            )

    def answer(self, text: str, kind: "UtteranceKind" = "phrase", *, language: str = "") -> None:
        """Say what a key asked for, at once; ``language`` as in `Speaker.say`."""
        if kind == "description":
            self._speaker.stop()  # otherwise it would wait for an error to end
            self._say(text, kind, language)
        else:
            self._say_or_wait(lambda: self._say(text, kind, language))

    def answer_and_quote(self, text: str, quoted: str, language: str) -> None:
        """Say ``text``, in the program's language, then ``quoted``, which is in ``language``."""
        if language in ("", i18n.language()):
            self.answer(f"{text} {quoted}")
        else:
            self.answer(text)
            self.say_next(quoted, language=language)

    def say_description(self, spoken: "SpokenDescription", *, asked: bool = False) -> None:
        """Say what a picture shows: the author's words, the program's own, what is written in it.

        Only the program's own may go to an online voice: the others may name people.
        ``asked``: interrupt like `answer`, otherwise like `notify`.
        """
        say = self.answer if asked else self.notify
        quoted: UtteranceKind = "phrase" if asked else "notice"
        parts: list[tuple[str, UtteranceKind]] = [
            (spoken.author, quoted),
            (spoken.own, "description"),
            (spoken.written, quoted),
        ]
        for text, kind in parts:
            if text:
                say(text, kind, language=spoken.language)
                say = self.say_next

    def say_next(self, text: str, kind: "UtteranceKind" = "phrase", *, language: str = "") -> None:
        """Say ``text`` after what is being said; ``language`` as in `Speaker.say`."""
        if not text or self.level == "off":
            return
        private = kind != "description"

        def say() -> None:
            self._speaker.say(text, kind=kind, private=private, interrupt=False, language=language)

        waiting = self._waiting
        if waiting is None:
            say()
        else:
            self._waiting = lambda: _one_after_the_other(waiting, say)

    def error(self, text: str) -> None:
        """Say what went wrong; notices and descriptions wait for its end."""
        self._say(text, "error")

    def say_focus(self, text: str, language: str = "") -> None:
        """Say where the focus or the caret is: at once, or after what the same key has answered.

        ``language`` is as in `Speaker.say`.
        """
        if self.level != "all":
            return
        self._say_or_wait(lambda: self._say_focus(text, language))

    def _say_or_wait(self, say: Callable[[], object]) -> None:
        """Call ``say``; while a key is held down, only for the newest text, after the present one.

        Interrupting at each repetition would leave nothing that can be understood.
        """
        if not (self._key_held and self._speaker.speaking):
            say()
            return
        if self._waiting is None:
            self._root.after(HELD_POLL_MS, self._say_waiting)
        self._waiting, self._waiting_since = say, time.monotonic()

    def _say_focus(self, text: str, language: str) -> None:
        self._speaker.say(
            text,
            kind="phrase",
            interrupt=not self.recently_answered(),
            allow_duplicate=True,
            language=language,
        )
        self._schedule_check()

    def _say_waiting(self) -> None:
        """Say the newest text of a key that is held down, once it is its turn."""
        if self._waiting is None:
            return
        if self._speaker.speaking and time.monotonic() - self._waiting_since < HELD_WAIT_S:
            self._root.after(HELD_POLL_MS, self._say_waiting)
            return
        say, self._waiting = self._waiting, None
        say()

    def key_pressed(self, repeated: bool) -> None:
        """Any key silences what is being said; not the repetitions of one that is held down."""
        self._key_held = repeated
        if not repeated:
            self._waiting = self._announcement = None
            self._speaker.stop()

    def recently_answered(self) -> bool:
        """Whether something else has just been said, presumably because of the same key."""
        return time.monotonic() - self._answered_at < RECENT_S

    def earcon(self, name: str) -> None:
        """Play a short sound beside the speech."""
        if self.level != "off":
            self._speaker.earcon(name)

    def stop(self) -> None:
        """Stop speaking."""
        self._speaker.stop()

    def _say(self, text: str, kind: "UtteranceKind", language: str = "") -> "Utterance | None":
        if self.level == "off":
            return None
        self._answered_at = time.monotonic()
        interrupt = self._announcement is None or self._announcement.wait(0)
        said = self._speaker.say(
            text,
            kind=kind,
            private=kind != "description",
            interrupt=interrupt,
            language=language,
        )
        self._schedule_check()
        if kind == "description":
            self._schedule_tick(TICK_AFTER_MS)
        return said

    def _schedule_tick(self, ms: int) -> None:
        if self._tick_timer is not None:
            self._root.after_cancel(self._tick_timer)
        self._tick_timer = self._root.after(ms, self._tick)

    def _tick(self) -> None:
        self._tick_timer = None
        if self._speaker.fetching:
            self.earcon("tick")
            self._schedule_tick(TICK_MS)

    def _schedule_check(self) -> None:
        if self._check_timer is not None:
            self._root.after_cancel(self._check_timer)
        self._check_timer = self._root.after(CHECK_VOICE_AFTER_MS, self._check_voice)

    def _check_voice(self) -> None:
        self._check_timer = None
        problem = self._speaker.last_error
        if problem or self._has_problem:
            self._has_problem = bool(problem)
            self._show_problem(problem)


def _one_after_the_other(*functions: Callable[[], object]) -> None:
    for function in functions:
        function()
