"""Ctrl+Shift+O: describes the pictures of a folder one after the other, into a list."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from image_describer.app import messages as say
from image_describer.app import voicing
from image_describer.app.desk import Desk
from image_describer.app.dialogs import Dialog
from image_describer.app.progress import Progress
from image_describer.app.widgets import RETURN_KEYS, Check, ItemList, Label
from image_describer.app.worker import Job
from image_describer.errors import PictureError

if TYPE_CHECKING:
    from image_describer.app.describing import LateDescriber
    from image_describer.settings import Settings

TITLE = "Describe a folder"
NO_PICTURES = "There are no pictures in {folder}."
PROGRESS = "{percent} percent, {done:,} of {count:,}, {left} left."
DONE = "{count:,} described."
FAILED_TOO = "{count:,} could not be opened; the list says why."
STOPPED = "Stopped after {done:,} of {count:,}."
PROGRESS_EVERY_S = 10.0  # at most; more often it keeps people from reading what is there already
ROWS = 12


class Line(NamedTuple):
    """What became of one picture: what is shown of it, and whether it was described."""

    file: str
    text: str
    fine: bool


class FolderWindow(Dialog):
    """Asks for the folder, then fills a list while it works; Enter on a line opens its picture."""

    def __init__(
        self,
        desk: Desk,
        describer: "LateDescriber",
        folder: str,
        open_picture: Callable[[str], None],
    ) -> None:
        from image_describer.app.chooser.path_field import PathField

        super().__init__(desk, TITLE)
        self._describer = describer
        self._open_picture = open_picture
        self._folder = self._working_in = folder
        self._lines: list[Line] = []
        self._job: Job | None = None
        self._ticking = Progress(desk)
        self._count = self._told = 0
        self._began = self._told_at = 0.0
        self.body.columnconfigure(0, weight=1)
        self.body.rowconfigure(3, weight=1)
        Label(self.body, "Folder").grid(row=0, column=0, sticky="w")
        self.path = PathField(
            self.body, desk.jobs, lambda: self._folder, lambda: False, self._start, self._answer
        )
        voicing.name(self.path, "Folder", hint="Enter begins")
        self.path.show_folder(folder)
        self.path.grid(row=1, column=0, sticky="ew")
        self.inside = Check(self.body, "With the folders inside it", True)
        self.inside.grid(row=2, column=0, sticky="w", pady=4)
        self.list = ItemList(self.body, name="Descriptions", width=64, height=ROWS)
        self.list.grid(row=3, column=0, sticky="nsew", pady=4)
        for key in RETURN_KEYS:
            self.list.bind(key, lambda _event: self._open_chosen())
        self.list.bind("<Double-Button-1>", lambda _event: self._open_chosen())
        self.add_buttons(
            ("Begin", lambda: self._start(self.path.get())),
            ("Open", self._open_chosen),
            ("Close", self.close),
        )
        self.open(self.path)

    @property
    def running(self) -> bool:
        """Whether it is describing."""
        return self._job is not None and self._job.running

    def close(self) -> None:
        """While it works: stop that. Else: go."""
        if self.running and self._job is not None:
            self._job.cancel()
            self._answer(STOPPED.format(done=len(self._lines), count=self._count))
            return
        self.path.close()
        super().close()

    def _start(self, path: str) -> None:
        from image_describer.app.chooser.typed import expanded

        if self.running:
            self._answer(say.WORKING)
            return
        folder = expanded(path, self._folder) or self._folder
        inside, settings = self.inside.on, self.desk.settings
        self._lines, self._count, self._told = [], 0, 0
        self.list.set_items([])
        self._began = self._told_at = time.monotonic()
        self._working_in = folder
        self._job = self.desk.jobs.start(
            lambda job: self._work(job, folder, inside, settings), self._done, self._failed
        )
        self._answer(say.WORKING)
        self._ticking.watch(self._job, announced=True)

    def _work(self, job: Job, folder: str, inside: bool, settings: "Settings") -> int:
        """On the job's thread: describe one picture after the other; how many there were."""
        files = pictures_in(folder, inside)
        job.post(self._counted, len(files))
        for file in files:
            if job.cancelled:
                break
            job.post(self._one_more, self._line(file, folder, settings))
        return len(files)

    def _line(self, file: str, folder: str, settings: "Settings") -> Line:
        name = say.printable(os.path.relpath(file, folder))
        try:
            described = self._describer.describe(file, lambda _picture: None, settings)
        except PictureError as error:  # without a bundle there is no going on
            return Line(file, f"{name}: {error}", False)
        return Line(file, f"{name}: {described.sentence}", True)

    def _counted(self, count: int) -> None:
        self._count = count

    def _one_more(self, line: Line) -> None:
        if not self.winfo_exists():
            return
        self._lines.append(line)
        self.list.append(line.text)
        tenth = 10 * len(self._lines) // max(1, self._count)
        now = time.monotonic()
        late = now - self._told_at >= PROGRESS_EVERY_S
        if self._told < tenth < 10 and self._count >= 10 and late:
            self._told, self._told_at = tenth, now
            self.desk.voice.then(self._progress(tenth), "notice")

    def _progress(self, tenth: int) -> str:
        from image_describer.app.chooser.listing import amount

        done = len(self._lines)
        left_s = (time.monotonic() - self._began) / done * (self._count - done)
        left = (
            amount(round(left_s / 60), "minute")
            if left_s >= 90
            else amount(round(left_s), "second")
        )
        return PROGRESS.format(percent=10 * tenth, done=done, count=self._count, left=left)

    def _done(self, count: int) -> None:
        if not self.winfo_exists():
            return
        if not count:
            name = say.name_of(self._working_in)
            self.desk.voice.error(NO_PICTURES.format(folder=name))
            return
        fine = sum(line.fine for line in self._lines)
        words = DONE.format(count=fine)
        if fine < count:
            words = f"{words} {FAILED_TOO.format(count=count - fine)}"
        self.desk.voice.tell(words)
        self.list.focus_set()

    def _failed(self, error: Exception) -> None:
        say.log_it(error)
        self.desk.voice.error(say.as_told(error))

    def _open_chosen(self) -> None:
        if not self._lines:
            self._start(self.path.get())
            return
        line = self._lines[max(0, self.list.cursor)]
        if self.running and self._job is not None:
            self._job.cancel()
        self.close()
        self._open_picture(line.file)

    def _answer(self, text: str) -> None:
        self.desk.voice.answer(text)


def pictures_in(folder: str, inside: bool) -> list[str]:
    """The pictures of ``folder``, and with ``inside`` of those in it, in their natural order.

    Folders that can't be read are left out, but for the first. Raises FolderError.
    """
    from image_describer.app.chooser.listing import FolderError, read

    waiting, seen, found = [folder], set(), []
    while waiting:
        here = waiting.pop(0)
        real = os.path.realpath(here)
        if real in seen:
            continue  # a link in a circle
        seen.add(real)
        try:
            listing = read(here)
        except FolderError:
            if here == folder:
                raise
            continue
        found += [str(Path(entry.path)) for entry in listing.entries if entry.kind == "picture"]
        if inside:
            waiting += [entry.path for entry in listing.entries if entry.kind == "folder"]
    return found
