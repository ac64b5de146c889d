"""Ctrl+S: saves the description as text, or its speech as MP3 or WAV."""

import contextlib
import errno
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from image_describer import files, i18n
from image_describer.app import messages, theme
from image_describer.app.dialogs.base import Dialog
from image_describer.app.jobs import BackgroundJob
from image_describer.app.tasks.progress import JobProgress
from image_describer.app.widgets.choice import Choice
from image_describer.app.widgets.entry_box import EntryBox
from image_describer.app.widgets.label import Label, WrappedLabel
from image_describer.errors import FileExistsAlreadyError, SaveError
from image_describer.i18n import N_, _
from image_describer.imaging.notes import in_words
from image_describer.text import file_name, one_line, percent, visible

if TYPE_CHECKING:
    from image_describer.app.context import AppContext, DescribedPicture

TITLE = N_("Save")
KINDS = (
    (".txt", N_("Description as text")),
    (".mp3", N_("Speech as MP3")),
    (".wav", N_("Speech as WAV")),
)
SUFFIXES = tuple(suffix for suffix, _label in KINDS)
Kinds = tuple[tuple[str, str], ...]  # (suffix, label)
Writer = Callable[[Path, bool], Path]  # (path, replace) -> path
SAVED = N_("Saved {name} in {folder}.")
ALREADY_EXISTS = N_("{name} already exists. Press Save again to replace it.")
NO_NAME = N_("The file has no name. Type one.")
BOX_CHARACTERS = 44
MESSAGE_LINES = 3

# The sentence and the way out for each errno.
ERRORS = {
    errno.EACCES: (N_("You are not allowed to write in {folder}."), N_("Choose another folder.")),
    errno.EPERM: (N_("You are not allowed to write in {folder}."), N_("Choose another folder.")),
    errno.EROFS: (N_("{folder} can't be written to."), N_("Choose another folder.")),
    errno.ENOSPC: (N_("The disk is full."), N_("Free some space, or choose another disk.")),
    errno.EDQUOT: (
        N_("Your disk quota is used up."),
        N_("Free some space, or choose another disk."),
    ),
    errno.ENAMETOOLONG: (N_("The name of the file is too long."), N_("Shorten it.")),
}
OTHER_ERROR = (N_("{name} can't be saved: {reason}."), N_("Choose another folder or name."))


@dataclass(frozen=True)
class SaveRequest:
    """What to save where; ``replace``: whether an existing file may be replaced."""

    path: Path
    text: str
    speech: str
    replace: bool


class SaveDialog:
    """Opens one form at a time; opening it again for the same thing raises the open form."""

    def __init__(self, context: "AppContext") -> None:
        self._context = context
        self._form: SaveForm | None = None
        self._subject: object = None

    def open(self, described: "DescribedPicture", file: str) -> None:
        """Ask what to save of ``described``, and where. ``file`` is the picture's path or name."""
        picture = described.description.file

        def save_speech(speech: str, path: Path) -> str:
            # Who is quoted may name people, so the whole sound file is made by an offline voice.
            return self._context.speaker.save(speech, path, private=described.spoken.is_private)

        def write(path: Path, replace: bool) -> Path:
            text = saved_text(described, file_name(file), datetime.now())
            request = SaveRequest(path, text, described.sentence, replace)
            return save_description(request, picture, save_speech)

        self.open_for(described, KINDS, default_location(picture, file), write)

    def open_for(
        self,
        subject: object,
        kinds: Kinds,
        location: tuple[Path, str],
        write: Writer,
        title: str = "",
    ) -> None:
        """Ask for one of ``kinds`` and a path, then call ``write(path, replace)`` in a job.

        ``location`` is the suggestion: a folder and a name without suffix. A form that is open for
        another ``subject`` is replaced.
        """
        if self._form is not None and self._form.winfo_exists():
            if subject is self._subject:
                self._form.bring_to_front()
                return
            self._form.close()
        self._subject = subject
        self._form = SaveForm(self._context, kinds, location, write, title or _(TITLE))


class SaveForm(Dialog):
    """Kind, file name and folder; Save and Cancel."""

    own_command = "save"
    keys_help = N_(
        "The arrow keys choose what to save. Tab goes to the file name, the folder and the "
        "buttons. Enter saves. Escape closes."
    )

    def __init__(
        self,
        context: "AppContext",
        kinds: Kinds,
        location: tuple[Path, str],
        write: Writer,
        title: str,
    ) -> None:
        super().__init__(context, title)
        self._write = write
        self._suffixes = tuple(suffix for suffix, _label in kinds)
        self._job: BackgroundJob | None = None
        self._progress = JobProgress(context, lambda: self._show_message(_(messages.WORKING_ON)))
        self._confirmed: Path | None = None  # pressing Save again replaces this file
        folder, stem = location
        self.body.columnconfigure(0, weight=1)
        first = self._suffixes[0]
        choices = [(suffix, _(label)) for suffix, label in kinds]
        self.kind = Choice(self.body, choices, first, self._on_kind, name=_("What to save"))
        self.name = EntryBox(self.body, stem + first, name=_("File name"), width=BOX_CHARACTERS)
        self.folder = EntryBox(
            self.body, visible(str(folder)), name=_("Folder"), width=BOX_CHARACTERS
        )
        self._folder = folder
        for row, (label, widget) in enumerate(
            ((_("What"), self.kind), (_("File name"), self.name), (_("Folder"), self.folder))
        ):
            Label(self.body, label).grid(row=2 * row, column=0, sticky="w")
            widget.grid(row=2 * row + 1, column=0, sticky="ew")
        self._message = WrappedLabel(self.body, anchor="nw")
        self.body.rowconfigure(6, minsize=MESSAGE_LINES * theme.line_height(self, "button"))
        self._message.grid(row=6, column=0, sticky="new")
        self.add_buttons((_("Save"), self._save), (_("Cancel"), self.close))
        self.name.bind("<KeyRelease>", self._on_name)
        self.open(self.kind)

    def _on_kind(self, suffix: str) -> None:
        """Adapt the file name to the kind."""
        self.name.show(with_suffix(self.name.get().strip(), suffix, self._suffixes))

    def _on_name(self, _event: object) -> None:
        """Adapt the kind to the file name silently; it is spoken when it gets the focus."""
        suffix = Path(self.name.get().strip()).suffix.lower()
        if suffix in self._suffixes and suffix != self.kind.value:
            self.kind.set(suffix)

    def _save(self) -> None:
        if self._job is not None and self._job.running:
            self.context.voice.announce(_(messages.WORKING))
            return
        path = self._path()
        if path is None:
            self._on_error(SaveError(_(NO_NAME)), None)
            return
        write, replace = self._write, path == self._confirmed
        self._job = self.context.jobs.start(
            lambda _job: write(path, replace),
            self._on_saved,
            lambda error: self._on_error(error, path),
        )
        self._progress.watch(self._job)

    def _path(self) -> Path | None:
        """Return the path to save to; None without a name. Both boxes understand "~"."""
        typed = self.name.get().strip()
        if not typed or typed in (*self._suffixes, ".", ".."):
            return None
        # A folder whose name is not text can't be recognised by what is shown of it.
        unchanged = self.folder.get() == visible(str(self._folder))
        folder = self._folder if unchanged else _expand_user(self.folder.get().strip())
        name = with_suffix(typed, str(self.kind.value), self._suffixes, keep_known=True)
        return self._folder / folder / _expand_user(name)

    def _on_saved(self, path: Path) -> None:
        if self.winfo_exists():
            self.close()
        self.context.voice.notify(
            _(SAVED).format(name=file_name(str(path)), folder=file_name(str(path.parent)))
        )

    def _on_error(self, error: Exception, path: Path | None) -> None:
        messages.log_error(error)
        if isinstance(error, FileExistsAlreadyError):
            self._confirmed = path
            self.context.voice.answer(str(error))
        else:
            self.context.voice.error(messages.user_message(error))
        if self.winfo_exists():
            self._show_message(messages.user_message(error))

    def _show_message(self, text: str) -> None:
        if self.winfo_exists():
            self._message.configure(text=text)


def default_location(path: str | None, name: str) -> tuple[Path, str]:
    """Return the folder and the file name without suffix: beside the picture, else in Documents.

    ``path`` is the picture's, None for one from the clipboard; ``name`` is used without ``path``.
    """
    if path is not None:
        picture = Path(path).absolute()
        if picture.parent.is_dir() and os.access(picture.parent, os.W_OK):
            return picture.parent, clean_name(picture.stem)
    import platformdirs

    documents = Path(platformdirs.user_documents_dir())
    folder = documents if documents.is_dir() else Path.home()
    return folder, clean_name(Path(name).stem)


def clean_name(path: str) -> str:
    """Return the last part of ``path``, without characters that can't be typed, as a suggestion."""
    return one_line(os.path.basename(path)) or _("Description")


def with_suffix(
    name: str, suffix: str, known: Sequence[str] = SUFFIXES, *, keep_known: bool = False
) -> str:
    """Return ``name`` ending in ``suffix``, in place of another suffix of ``known``.

    ``keep_known``: a name that ends in any of ``known`` stays as it is.
    """
    stem, present = os.path.splitext(name)
    if present.lower() in known:
        return name if keep_known else stem + suffix
    return name + suffix


def saved_text(described: "DescribedPicture", file: str, when: datetime) -> str:
    """Return the text to save: the sentence that was spoken, then its sources line by line, all in
    the language of the description.

    Of a page, the text; its caption and that of a drawing are invented.
    """
    with i18n.using(described.description.language):
        return _saved_text(described, file, when)


def _saved_text(described: "DescribedPicture", file: str, when: datetime) -> str:
    description, made_of = described.description, []
    if description.text is not None and description.is_page:
        made_of = [description.text.text, ""]
    elif description.has_scene:
        made_of = [
            _("Caption: {caption}").format(caption=description.caption),
            _("Confidence: {confidence}").format(confidence=percent(description.confidence)),
        ]
    lines = [
        described.sentence,
        "",
        *made_of,
        *(_("Note: {note}").format(note=in_words(note)) for note in description.notes),
        _("Picture: {file}").format(file=file),
        _("Saved: {time:%Y-%m-%d %H:%M}").format(time=when),
        _("Made by Image Describer, which can be wrong."),
    ]
    return "\n".join(lines) + "\n"


def save_description(
    request: SaveRequest, picture: str | None, save_speech: Callable[[str, Path], str]
) -> Path:
    """Save a description as text or speech, whole or not at all. Blocks. Returns the path.

    ``picture``: the file that was described, which is never replaced. ``save_speech(text, path)``
    writes speech. Raises SaveError, FileExistsAlreadyError and SpeechError.
    """
    path = request.path
    with os_errors_as_save_error(path):
        check_target(path, picture, request.replace)
        if path.suffix.lower() == SUFFIXES[0]:
            files.write(path, request.text.encode("utf-8", "replace"))
        else:
            save_speech(request.speech, path)
    return path


@contextlib.contextmanager
def os_errors_as_save_error(path: Path) -> Iterator[None]:
    """Raise SaveError in place of OSError and ValueError."""
    try:
        yield
    except OSError as error:
        raise _save_error(error, path) from error
    except ValueError as error:  # a null in the name
        raise SaveError(_("That is not a valid file name."), _("Choose another one.")) from error


def check_target(path: Path, picture: str | None, replace: bool) -> None:
    """Raise SaveError, FileExistsAlreadyError or OSError if ``path`` must not be written."""
    if not path.parent.is_dir():
        folder = visible(str(path.parent))
        raise SaveError(
            _("There is no folder {folder}.").format(folder=folder), _("Choose another one.")
        )
    if not path.exists():
        return
    name = file_name(str(path))
    if path.is_dir():
        raise SaveError(_("{name} is a folder.").format(name=name), _("Type the name of a file."))
    if picture is not None and os.path.exists(picture) and path.samefile(picture):
        raise SaveError(
            _("{name} is the picture itself.").format(name=name), _("Choose another name.")
        )
    if not replace:
        raise FileExistsAlreadyError(_(ALREADY_EXISTS).format(name=name))


def _save_error(error: OSError, path: Path) -> SaveError:
    sentence, way_out = ERRORS.get(error.errno or 0, OTHER_ERROR)
    folder, name = file_name(str(path.parent)), file_name(str(path))
    sentence = _(sentence).format(folder=folder, name=name, reason=files.reason(error))
    return SaveError(sentence, _(way_out))


def _expand_user(name: str) -> Path:
    with contextlib.suppress(RuntimeError):  # an unknown user after the tilde
        return Path(name).expanduser()
    return Path(name)
