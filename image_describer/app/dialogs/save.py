"""Ctrl+S: saves the description as a text, or its speech as MP3 or WAV, where the user wants it."""

import contextlib
import errno
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from image_describer import files
from image_describer.app import messages as say
from image_describer.app.dialogs.base import Dialog, raised
from image_describer.app.jobs import BackgroundJob
from image_describer.app.tasks.progress import JobProgress
from image_describer.app.widgets.button import RETURN_KEYS, Button
from image_describer.app.widgets.choice import Choice
from image_describer.app.widgets.entry_box import EntryBox
from image_describer.app.widgets.label import Label
from image_describer.errors import FileExistsAlreadyError, SaveError

if TYPE_CHECKING:
    import tkinter as tk

    from image_describer.app.context import AppContext, DescribedPicture

TITLE = "Save"
KINDS = (
    (".txt", "Description as text"),
    (".mp3", "Speech as MP3"),
    (".wav", "Speech as WAV"),
)
SUFFIXES = tuple(suffix for suffix, _label in KINDS)
Kinds = tuple[tuple[str, str], ...]
Writer = Callable[[Path, bool], Path]
SAVED = "Saved {name} in {folder}."
THERE_ALREADY = "{name} is there already. Press Save again to replace it."
NO_NAME = "There is no name for the file. Type one."
BOX_CHARACTERS = 44  # most paths are longer, and can be read by the caret
TOLD_LINES = 3  # under the boxes: what went wrong, and the way out

# What is wrong, by the system's number for it, and the way out.
TROUBLES = {
    errno.EACCES: ("You are not allowed to write in {folder}.", "Choose another folder."),
    errno.EPERM: ("You are not allowed to write in {folder}.", "Choose another folder."),
    errno.EROFS: ("{folder} can't be written to.", "Choose another folder."),
    errno.ENOSPC: ("The disk is full.", "Make room, or choose a folder on another disk."),
    errno.EDQUOT: ("There is no room left for you.", "Make room, or choose another disk."),
    errno.ENAMETOOLONG: ("The name of the file is too long.", "Shorten it."),
}
OTHER_TROUBLE = ("{name} can't be saved: {why}.", "Choose another folder or name.")


@dataclass(frozen=True)
class Wanted:
    """What is to be saved, and where; ``replace``: whether a file that is there may go."""

    path: Path
    text: str
    speech: str
    replace: bool


class SaveDialog:
    """One dialog after the other; an opening while one is open only brings that to the front."""

    def __init__(self, context: "AppContext") -> None:
        self._context = context
        self._form: SaveForm | None = None

    def open(self, described: "DescribedPicture", file: str) -> None:
        """Ask what to save of ``described``, and where. ``file`` is what the picture is called."""
        picture = described.description.file
        author, _own = described.parts

        def save_speech(speech: str, path: Path) -> str:
            # An author may have named people, and a sound file has one voice: an offline one.
            return self._context.speaker.save(speech, path, private=bool(author))

        def write_it(path: Path, replace: bool) -> Path:
            text = as_text(described, say.name_of(file), datetime.now())
            wanted = Wanted(path, text, described.sentence, replace)
            return write(wanted, picture, save_speech)

        self.open_for(KINDS, default_place(picture, file), write_it)

    def open_for(
        self, kinds: Kinds, place: tuple[Path, str], write: Writer, title: str = ""
    ) -> None:
        """Ask for one of ``kinds``, (suffix, label) each, and for a place, at first ``place``:
        folder and name without its suffix. Then ``write(path, replace)`` on a job's thread.
        """
        if not raised(self._context, SaveForm):
            self._form = SaveForm(self._context, kinds, place, write, title or TITLE)


class SaveForm(Dialog):
    """What, name, folder; Save and Cancel."""

    def __init__(
        self,
        context: "AppContext",
        kinds: Kinds,
        place: tuple[Path, str],
        write: Writer,
        title: str,
    ) -> None:
        super().__init__(context, title)
        self._write = write
        self._suffixes = tuple(suffix for suffix, _label in kinds)
        self._job: BackgroundJob | None = None
        self._progress = JobProgress(context, lambda: self._show(f"{say.WORKING}…"))
        self._asked: Path | None = None  # the file that one more press replaces
        folder, stem = place
        self.body.columnconfigure(1, weight=1)
        first = self._suffixes[0]
        self.kind = Choice(self.body, kinds, first, self._kind_chosen, name="What to save")
        self.name = EntryBox(self.body, stem + first, name="File name", width=BOX_CHARACTERS)
        self.folder = EntryBox(
            self.body, say.printable(str(folder)), name="Folder", width=BOX_CHARACTERS
        )
        self._folder = folder
        for row, (words, widget) in enumerate(
            (("What", self.kind), ("File name", self.name), ("Folder", self.folder))
        ):
            Label(self.body, words).grid(row=row, column=0, sticky="w", padx=(0, 12), pady=6)
            widget.grid(row=row, column=1, sticky="ew", pady=6)
        self._told = Label(self.body, height=TOLD_LINES, anchor="nw", padx=0)
        self._told.bind("<Configure>", self._wrap_told)
        self._told.grid(row=3, column=0, columnspan=2, sticky="ew", pady=(12, 0))
        self.save_button, self.cancel_button = self._make_buttons()
        for widget in (self.kind, self.name, self.folder):
            for key in RETURN_KEYS:
                widget.bind(key, lambda _event: self._save())
        self.name.bind("<KeyRelease>", self._name_typed)
        self.open(self.kind)

    def _make_buttons(self) -> list[Button]:
        return self.add_buttons(("Save", self._save), ("Cancel", self.close))

    def _wrap_told(self, event: "tk.Event[tk.Label]") -> None:
        self._told.configure(wraplength=event.width - 2 * int(str(self._told.cget("borderwidth"))))

    def _kind_chosen(self, suffix: str) -> None:
        """The name follows the choice."""
        self.name.show(with_suffix(self.name.get().strip(), suffix, self._suffixes))

    def _name_typed(self, _event: object) -> None:
        """The choice follows the name, without a word: it is said when one comes there."""
        suffix = Path(self.name.get().strip()).suffix.lower()
        if suffix in self._suffixes and suffix != self.kind.value:
            self.kind.set(suffix)

    def _save(self) -> None:
        if self._job is not None and self._job.running:
            self.context.voice.answer(say.WORKING)
            return
        path = self._path()
        if path is None:
            self._refused(SaveError(NO_NAME), None)
            return
        write, replace = self._write, path == self._asked
        self._job = self.context.jobs.start(
            lambda _job: write(path, replace),
            self._saved,
            lambda error: self._refused(error, path),
        )
        self._progress.watch(self._job)

    def _path(self) -> Path | None:
        """Where to save; None without a name. "~" is the user's folder in either box."""
        typed = self.name.get().strip()
        if not typed or typed in (*self._suffixes, ".", ".."):
            return None
        # What is shown of a folder whose name is no text would lead nowhere.
        unchanged = self.folder.get() == say.printable(str(self._folder))
        folder = self._folder if unchanged else _expanded(self.folder.get().strip())
        name = with_suffix(typed, str(self.kind.value), self._suffixes, keep_others=True)
        return self._folder / folder / _expanded(name)

    def _saved(self, path: Path) -> None:
        words = SAVED.format(
            name=say.name_of(str(path)), folder=say.name_of(str(path.parent)) or path.parent
        )
        if self.winfo_exists():
            self.close()
        self.context.voice.notify(words)

    def _refused(self, error: Exception, path: Path | None) -> None:
        say.log_error(error)
        if isinstance(error, FileExistsAlreadyError):
            self._asked = path
            self.context.voice.answer(str(error))
        else:
            self.context.voice.error(say.user_message(error))
        if self.winfo_exists():
            self._show(say.user_message(error))

    def _show(self, words: str) -> None:
        if self.winfo_exists():
            self._told.configure(text=words)


def default_place(path: str | None, name: str) -> tuple[Path, str]:
    """The folder and the name without its ending: beside the picture, else in Documents.

    ``path`` is the picture's, None for one from the clipboard; ``name`` what it is called.
    """
    if path is not None:
        picture = Path(path).absolute()
        if picture.parent.is_dir() and os.access(picture.parent, os.W_OK):
            return picture.parent, say.printable(picture.stem)
    import platformdirs

    documents = Path(platformdirs.user_documents_dir())
    folder = documents if documents.is_dir() else Path.home()
    return folder, say.printable(Path(name).stem or "Description")


def with_suffix(
    name: str, suffix: str, ours: Sequence[str] = SUFFIXES, *, keep_others: bool = False
) -> str:
    """``name`` with the ending ``suffix`` instead of another of ``ours``; other dots belong to it.

    ``keep_others``: an ending of ours stays as it is.
    """
    stem, ending = os.path.splitext(name)
    if ending.lower() in ours:
        return name if keep_others else stem + suffix
    return name + suffix


def as_text(described: "DescribedPicture", file: str, when: datetime) -> str:
    """The text that is saved: what was said, then line by line what it rests on."""
    description = described.description
    lines = [
        described.sentence,
        "",
        f"Caption: {description.caption}",
        f"Confidence: {round(100 * description.confidence)} percent",
        *(f"Note: {note}" for note in description.notes),
        f"Picture: {file}",
        f"Saved: {when:%Y-%m-%d %H:%M}",
        "Made by Image Describer, which can be wrong.",
    ]
    return "\n".join(lines) + "\n"


def write(wanted: Wanted, picture: str | None, save_speech: Callable[[str, Path], str]) -> Path:
    """Save what is wanted, whole or not at all; blocks. Gives back the path.

    ``picture``: the file described, which is never replaced. ``save_speech(text, path)`` writes
    speech and may raise SpeechError. Raises SaveError, FileExistsAlreadyError and SpeechError.
    """
    path = wanted.path
    with telling(path):
        check(path, picture, wanted.replace)
        if path.suffix.lower() == SUFFIXES[0]:
            files.write(path, wanted.text.encode("utf-8", "replace"))
        else:
            save_speech(wanted.speech, path)
    return path


@contextlib.contextmanager
def telling(path: Path) -> Iterator[None]:
    """What the system says against ``path`` as a SaveError."""
    try:
        yield
    except OSError as error:
        raise _told(error, path) from error
    except ValueError as error:  # a null in the name
        raise SaveError("That is no valid name for a file.", "Choose another one.") from error


def check(path: Path, picture: str | None, replace: bool) -> None:
    """See that ``path`` may be written. Raises SaveError, FileExistsAlreadyError, OSError."""
    if not path.parent.is_dir():
        folder = say.printable(str(path.parent))
        raise SaveError(f"There is no folder {folder}.", "Choose another one.")
    if not path.exists():
        return
    name = say.name_of(str(path))
    if path.is_dir():
        raise SaveError(f"{name} is a folder.", "Type the name of a file.")
    if picture is not None and os.path.exists(picture) and path.samefile(picture):
        raise SaveError(f"{name} is the picture itself.", "Choose another name.")
    if not replace:
        raise FileExistsAlreadyError(THERE_ALREADY.format(name=name))


def _told(error: OSError, path: Path) -> SaveError:
    sentence, way_out = TROUBLES.get(error.errno or 0, OTHER_TROUBLE)
    folder, name = say.name_of(str(path.parent)), say.name_of(str(path))
    why = error.strerror or type(error).__name__
    return SaveError(sentence.format(folder=folder, name=name, why=why), way_out)


def _expanded(name: str) -> Path:
    with contextlib.suppress(RuntimeError):  # "~somebody" who is not there
        return Path(name).expanduser()
    return Path(name)
