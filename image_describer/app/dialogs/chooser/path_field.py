"""The field for typed paths: Tab completes, Down and Up go through what fits, Return goes there."""

import os
import tkinter as tk
from collections.abc import Callable

from image_describer.app.dialogs.chooser.typed_path import (
    Candidate,
    Completion,
    completed,
    expanded,
)
from image_describer.app.jobs import BackgroundJob, JobRunner
from image_describer.app.widgets.button import RETURN_KEYS
from image_describer.app.widgets.entry_box import EntryBox

NOTHING_TYPED = "Type a path first."
BACK = "{text}, as typed."


class PathField(EntryBox):
    """``here()`` is the folder that relative paths begin in, ``all_files()`` whether all files may
    be completed; ``go(path)`` is called by Return, ``say(text)`` with what Tab and Down did.

    Tab leaves the field where it has nothing to add: an empty or untouched path, or one that it has
    just tried to complete. Shift+Tab always leaves it.
    """

    def __init__(
        self,
        master: tk.Misc,
        jobs: JobRunner,
        here: Callable[[], str],
        all_files: Callable[[], bool],
        go: Callable[[str], None],
        say: Callable[[str], None],
    ) -> None:
        super().__init__(master, name="Path")
        self._jobs = jobs
        self._here = here
        self._all_files = all_files
        self._go = go
        self._say = say
        self._job: BackgroundJob | None = None
        self._untouched = ""
        self._found: Completion | None = None
        self._at = -1  # which candidate is shown; -1: what was typed
        self._known: dict[str, str] = {}
        self.bind("<FocusIn>", self._came)
        self.bind("<FocusOut>", lambda _event: self.selection_clear())
        self.bind("<Tab>", self._complete)
        self.bind("<Down>", lambda _event: self._browse(1))
        self.bind("<Up>", lambda _event: self._browse(-1))
        for key in RETURN_KEYS:
            self.bind(key, self._entered)

    def show_folder(self, path: str) -> None:
        """Show where one is; typing replaces it."""
        self._untouched = path if path.endswith(os.sep) else path + os.sep
        self._known[self._untouched] = path
        self._put(self._untouched)

    def begin(self, sign: str) -> None:
        """Take the focus, with ``sign`` as the first letter of a path."""
        self._put(sign)
        self.focus_set()

    def close(self) -> None:
        """Complete nothing more."""
        if self._job is not None:
            self._job.cancel()

    def _put(self, text: str) -> None:
        self.show(text)
        self.xview_moveto(1.0)
        if self.focus_displayof() is self:
            # The layer that voices what is typed notes the text when the focus comes: else it
            # would take for typed, at the next key, what was put here.
            self.event_generate("<FocusIn>")

    def _came(self, _event: object) -> None:
        if self.get() == self._untouched:
            self.selection_range(0, "end")  # so that typing replaces it

    def _is_fresh(self) -> bool:
        """Whether the candidates still belong to the text."""
        if self._found is None:
            return False
        shown = self._found.candidates[self._at].text if self._at >= 0 else self._found.text
        return self.get() == shown

    def _complete(self, _event: object) -> str | None:
        text = self.get()
        if not text.strip() or text == self._untouched or self._is_fresh():
            return None
        self._look(text, self._completed)
        return "break"

    def _browse(self, step: int) -> str:
        if self._is_fresh():
            self._step(step)
        else:
            self._look(self.get(), lambda found: self._browsed(found, step))
        return "break"

    def _look(self, text: str, done: Callable[[Completion], None]) -> None:
        self.close()
        here, all_files, known = self._here(), self._all_files(), dict(self._known)

        def arrived(found: Completion) -> None:
            if self.get() == text:  # nobody has typed on meanwhile
                done(found)

        self._job = self._jobs.start(
            lambda _job: completed(text, here, all_files, known), arrived, self._failed
        )

    def _failed(self, error: Exception) -> None:
        raise error  # Jobs logs it; what can be read is completed, the rest is for Return to tell

    def _completed(self, found: Completion) -> None:
        self._keep(found)
        if found.text != self.get():
            self._put(found.text)
        if len(found.candidates) == 1 and found.candidates[0].kind == "folder":
            self._found = None  # so that the next Tab goes on inside it
        self._say(found.spoken())

    def _browsed(self, found: Completion, step: int) -> None:
        self._keep(Completion(self.get(), "", found.candidates, found.known))
        if found.candidates:
            self._step(step)
        else:
            self._say(found.spoken())

    def _keep(self, found: Completion) -> None:
        self._found, self._at = found, -1
        self._known.update(found.known)

    def _step(self, step: int) -> None:
        found = self._found
        if found is None or not found.candidates:
            return
        count = len(found.candidates)
        # What was typed is one stop on the way round.
        self._at = (self._at + 1 + step) % (count + 1) - 1
        if self._at < 0:
            self._put(found.text)
            self._say(BACK.format(text=found.text))
            return
        candidate: Candidate = found.candidates[self._at]
        self._put(candidate.text)
        self._say(f"{candidate.spoken}, {self._at + 1:,} of {count:,}")

    def _entered(self, _event: object) -> str:
        path = expanded(self.get(), self._here(), self._known)
        if path:
            self._go(path)
        else:
            self._say(NOTHING_TYPED)
        return "break"
