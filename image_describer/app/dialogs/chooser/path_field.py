"""The box for typed paths: Tab completes, Down and Up go through the candidates."""

import os
import tkinter as tk
from collections.abc import Callable

from image_describer.app.dialogs.chooser.typed_path import (
    PathCompletion,
    complete,
    expand,
)
from image_describer.app.jobs import BackgroundJob, JobRunner
from image_describer.app.messages import log_error
from image_describer.app.widgets.button import RETURN_KEYS
from image_describer.app.widgets.entry_box import EntryBox
from image_describer.i18n import N_, _
from image_describer.text import number

NOTHING_TYPED = N_("Type a path first.")
AS_TYPED = N_("{text}, as typed.")


class PathField(EntryBox):
    """A box for a path relative to ``current_folder()``.

    Tab completes folders and pictures, ``folders_only``, or all files while ``all_files()``.
    ``go(path)`` is called by Return, ``say(text)`` with what Tab and Down did.

    Tab leaves the box if there is nothing to add: when the path is empty or untouched, or was just
    completed. Shift+Tab always leaves it.
    """

    def __init__(
        self,
        master: tk.Misc,
        jobs: JobRunner,
        current_folder: Callable[[], str],
        all_files: Callable[[], bool],
        go: Callable[[str], None],
        say: Callable[[str], None],
        *,
        folders_only: bool = False,
    ) -> None:
        super().__init__(master, name=_("Path"))
        self._jobs = jobs
        self._current_folder = current_folder
        self._all_files = all_files
        self._folders_only = folders_only
        self._go = go
        self._say = say
        self._job: BackgroundJob | None = None
        self._untouched = ""
        self._completion: PathCompletion | None = None
        self._index = -1  # of the candidate that is shown; -1: what was typed
        self._known: dict[str, str] = {}
        self.bind("<FocusIn>", self._on_focus)
        self.bind("<FocusOut>", lambda _event: self.selection_clear())
        self.bind("<Tab>", self._on_tab)
        self.bind("<Down>", lambda _event: self._on_arrow(1))
        self.bind("<Up>", lambda _event: self._on_arrow(-1))
        for key in RETURN_KEYS:
            self.bind(key, self._on_return)

    def show_folder(self, path: str) -> None:
        """Show the current folder; typing replaces it."""
        self._untouched = path if path.endswith(os.sep) else path + os.sep
        self._known[self._untouched] = path
        self._replace(self._untouched)

    def begin(self, char: str) -> None:
        """Take the focus, with ``char`` as the beginning of a path."""
        self._replace(char)
        self.focus_set()

    def close(self) -> None:
        """Cancel the completion in progress."""
        if self._job is not None:
            self._job.cancel()

    def _replace(self, text: str) -> None:
        self.show(text)
        self.xview_moveto(1.0)
        if self.focus_displayof() is self:
            # Self-voicing notes the text on FocusIn; without it, it would speak this text as typed
            # at the next key.
            self.event_generate("<FocusIn>")

    def _on_focus(self, _event: object) -> None:
        if self.get() == self._untouched:
            self.selection_range(0, "end")  # so that typing replaces it

    def _is_current(self) -> bool:
        """Whether the candidates belong to the present text."""
        completion = self._completion
        if completion is None:
            return False
        index = self._index
        return self.get() == (completion.candidates[index].text if index >= 0 else completion.text)

    def _on_tab(self, _event: object) -> str | None:
        text = self.get()
        if not text.strip() or text == self._untouched or self._is_current():
            return None
        self._start(text, self._show_completion)
        return "break"

    def _on_arrow(self, step: int) -> str:
        if self._is_current():
            self._move(step)
        else:
            self._start(self.get(), lambda completion: self._show_candidate(completion, step))
        return "break"

    def _start(self, text: str, done: Callable[[PathCompletion], None]) -> None:
        self.close()
        folder, all_files, known = self._current_folder(), self._all_files(), dict(self._known)
        folders_only = self._folders_only

        def completed(completion: PathCompletion) -> None:
            if self.get() == text:  # otherwise something was typed meanwhile
                done(completion)

        self._job = self._jobs.start(
            lambda _job: complete(text, folder, all_files, known, folders_only),
            completed,
            log_error,  # Return reports what is wrong with a path
        )

    def _show_completion(self, completion: PathCompletion) -> None:
        self._keep(completion)
        if completion.text != self.get():
            self._replace(completion.text)
        if len(completion.candidates) == 1 and completion.candidates[0].kind == "folder":
            self._completion = None  # so that the next Tab completes inside it
        self._say(completion.spoken())

    def _show_candidate(self, completion: PathCompletion, step: int) -> None:
        self._keep(PathCompletion(self.get(), "", completion.candidates, completion.known))
        if completion.candidates:
            self._move(step)
        else:
            self._say(completion.spoken())

    def _keep(self, completion: PathCompletion) -> None:
        self._completion, self._index = completion, -1
        self._known.update(completion.known)

    def _move(self, step: int) -> None:
        """Show the next or previous candidate; between the last and the first, what was typed."""
        completion = self._completion
        if completion is None or not completion.candidates:
            return
        count = len(completion.candidates)
        self._index = (self._index + 1 + step) % (count + 1) - 1
        if self._index < 0:
            self._replace(completion.text)
            self._say(_(AS_TYPED).format(text=completion.text))
            return
        candidate = completion.candidates[self._index]
        self._replace(candidate.text)
        self._say(
            _("{item}, {number} of {count}").format(
                item=candidate.spoken, number=number(self._index + 1), count=number(count)
            )
        )

    def _on_return(self, _event: object) -> str:
        path = expand(self.get(), self._current_folder(), self._known)
        if path:
            self._go(path)
        else:
            self._say(_(NOTHING_TYPED))
        return "break"
