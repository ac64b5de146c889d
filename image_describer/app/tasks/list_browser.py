"""Alt+Page Down and Alt+Page Up: the next and the previous picture of a list or a folder."""

import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from image_describer.app import keymap, messages
from image_describer.app.context import AppContext, DescribedPicture
from image_describer.app.jobs import BackgroundJob
from image_describer.app.tasks.describe import DescribeTask
from image_describer.app.tasks.lazy_describer import spoken_sentence
from image_describer.app.tasks.progress import JobTask
from image_describer.errors import ImageDescriberError
from image_describer.i18n import _
from image_describer.text import natural_key, number

if TYPE_CHECKING:
    from image_describer.captioner.description import Description


class _ListedFile(NamedTuple):
    file: str
    position: str  # "7 of 8"
    description: "Description | None"  # if it is known already


class ListBrowser(JobTask):
    """Goes through the list that a picture was opened from, or else through its folder.

    ``known(file)`` is the description of a file that was described before, or None; it is called on
    a job's thread. ``keep(described)`` puts such a description into the history again.
    """

    def __init__(
        self,
        context: AppContext,
        describe_task: DescribeTask,
        known: "Callable[[str], Description | None]",
        keep: Callable[[DescribedPicture], None],
    ) -> None:
        super().__init__(context)
        self._describe_task = describe_task
        self._known = known
        self._keep = keep
        self._files: Sequence[str] = ()  # of the list; empty: those of the folder
        self._shown = ""
        self._pending_steps = 0  # requested while the folder was being read

    def open(self, file: str, files: Sequence[str]) -> None:
        """Show and say ``file``, one of the list ``files``."""
        self._files = files
        index = files.index(file)
        self._start(lambda _job: self._look_up(files, index), 0)

    def step(self, steps: int) -> None:
        """Show and say the picture that is ``steps`` later (earlier, if negative)."""
        file = self._describe_task.current.file
        if file is None:
            self._context.voice.answer(keymap.with_keys(_(messages.NO_PICTURE), keymap.spoken))
        elif not os.path.isabs(file):
            self._context.voice.answer(_(messages.NOT_IN_FOLDER))
        elif self.running:
            self._pending_steps += steps
        else:
            file = os.path.normpath(file)
            if file != self._shown:  # it was opened in another way since
                self._files = ()
            files = self._files
            self._start(lambda job: self._find(file, files, steps, job), steps)

    def drop(self) -> None:
        """Ignore what the job is doing, and further steps that were requested."""
        super().drop()
        self._pending_steps = 0

    def _start(self, work: Callable[[BackgroundJob], _ListedFile | None], steps: int) -> None:
        self.drop()
        self._job = self._context.jobs.start(
            work, lambda found: self._show(found, steps), self._failed
        )
        self._progress.watch(self._job)

    def _find(
        self, file: str, files: Sequence[str], steps: int, job: BackgroundJob
    ) -> _ListedFile | None:
        """The file ``steps`` from ``file``, at most the first or last; None if that is ``file``."""
        files = files or files_beside(file, lambda: not job.cancelled)
        before = files.index(file)
        index = max(0, min(len(files) - 1, before + steps))
        return None if index == before else self._look_up(files, index)

    def _look_up(self, files: Sequence[str], index: int) -> _ListedFile:
        description = None
        try:
            description = self._known(files[index])
        except ImageDescriberError as error:  # it is described anew
            messages.log_error(error)
        return _ListedFile(
            files[index],
            _("{number} of {count}").format(number=number(index + 1), count=number(len(files))),
            description,
        )

    def _show(self, found: _ListedFile | None, steps: int) -> None:
        pending_steps = self._pending_steps
        if found is None:
            self._context.voice.earcon("edge")
            self._context.voice.answer(
                _(messages.LAST_PICTURE) if steps > 0 else _(messages.FIRST_PICTURE)
            )
            return
        file, position, description = found
        self._shown = file
        if description is None:
            self._describe_task.describe(file, file, position=position)
        else:
            spoken = spoken_sentence(description, self._context.settings)
            described = DescribedPicture(description, spoken)
            status = _(messages.LIST_POSITION).format(position=position)
            self._describe_task.show_described(file, described, position, status)
            self._keep(described)
        if pending_steps:
            self.step(pending_steps)

    def _failed(self, error: Exception) -> None:
        # It answers a key, so it interrupts.
        self._context.voice.stop()
        self._context.report_error(error)


def files_beside(file: str, keep_reading: Callable[[], bool] = lambda: True) -> list[str]:
    """Return the pictures and documents in the folder of ``file``, as the chooser sorts them.

    ``file`` itself is always among them. Raises FolderError.
    """
    # Imported here because few sessions need it.
    from image_describer.app.listing import read_folder

    entries = read_folder(os.path.dirname(file), keep_reading=keep_reading).entries
    files = [entry.path for entry in entries if entry.kind in ("picture", "document")]
    if file not in files:  # it is hidden, or has been deleted
        files = sorted([*files, file], key=lambda path: natural_key(os.path.basename(path)))
    return files
