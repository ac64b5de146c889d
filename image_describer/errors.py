"""Every error class of the program, as one tree.

    ImageDescriberError
        PictureError            a file, bytes or a clipboard that can't be opened as a picture
            NoSuchFileError     a path to nothing
            IsFolderError       a folder in place of a picture
            DocumentError       a document, or a page of it, that can't be opened
                PasswordError   a document that needs a password, or another one
            ScreenError         a screen that can't be captured, or is black
        BundleError             a model bundle that is missing, damaged or of another version
        DescriptionLanguageError  a language that the model can't describe pictures in
        SpeechError             a voice or player that can't do what it was asked
            NoOutputError       no sound output
                OutputLostError the sound output went away during playback
            GoogleError         Google's voice can't be reached or answers something else
                GoogleBlockedError  Google blocks this address for a while (HTTP 429)
        SettingsError           a setting with a value that is not allowed
        AltTextError            an alt text that can't be read from or written into a file
        LibraryError            an index or history that can't be used
            HistoryError        a history that can't be written or cleared
        OutputError             the results of a batch can't be written there
        ScanError               a folder or picture that was named and doesn't exist
        CheckpointError         a checkpoint that can't be kept: disk full, or in use
        ClusterError            a Dask cluster that can't be reached or went away
        WorkerError             describing processes that can't be started or keep dying
        ServiceError            the service can't be started as asked
            TokenError          a token file that can't be used
        UnavailableError        the service can't do it now (HTTP 503)
            TookTooLongError    it took longer than the service allows
        UrlError                a picture that can't be fetched from its URL (HTTP 502)
            UrlRefusedError     a URL that is not allowed (HTTP 403)
            UrlSlowError        the server took too long (HTTP 504)
            UrlTooLargeError    more bytes than allowed (HTTP 413)
            UrlNoPictureError   what was fetched is not a picture (HTTP 415)
        LauncherError           a launcher that can't be installed or removed
        StartError              the window can't be opened
        SaveError               a description that can't be saved as asked
            FileExistsAlreadyError  the file exists, and replacing it was not confirmed
        FolderError             a folder that can't be read
        TrainingError           data, a recipe or a run that training can't continue with

Every error holds a sentence for the user and a way out. Tracebacks never reach a user, and nothing
branches on the wording of a sentence.
"""

import sys

from image_describer.i18n import N_, _


class ImageDescriberError(Exception):
    """An error that can be told to a user.

    ``sentence`` says what is wrong, ``way_out`` what to do next (it may be empty). ``str()`` gives
    both, ready to be printed, shown or spoken. ``details`` is for users who ask for more. A
    sentence that ends with two full stops, because it quotes the message of a library, gets one.
    """

    def __init__(self, sentence: str, way_out: str = "", *, details: str = "") -> None:
        super().__init__(sentence, way_out)
        self.sentence = _with_one_full_stop(sentence)
        self.way_out = _with_one_full_stop(way_out)
        self.details = details

    def __str__(self) -> str:
        return f"{self.sentence} {self.way_out}".strip()


def _with_one_full_stop(text: str) -> str:
    stripped = text.rstrip(".")
    return f"{stripped}." if len(text) - len(stripped) == 2 else text


class PictureError(ImageDescriberError):
    """A file, a clipboard or bytes that can't be opened as a picture.

    The sentence doesn't name the file: whoever reports the error knows it.
    """


class NoSuchFileError(PictureError):
    """A path to nothing."""

    def __init__(self, sentence: str = "", way_out: str = "") -> None:
        super().__init__(sentence or _("No such file."), way_out)


class IsFolderError(PictureError):
    """A folder in place of a picture."""

    def __init__(self, sentence: str = "", way_out: str = "") -> None:
        super().__init__(sentence or _("That's a folder."), way_out or _("Choose a file in it."))


class ScreenError(PictureError):
    """A screen or window that can't be captured, or that is black."""


class DocumentError(PictureError):
    """A document, or a page of it, that can't be opened."""


class PasswordError(DocumentError):
    """A document that needs a password, or another one than was given."""


class BundleError(ImageDescriberError):
    """A model bundle that is missing, damaged, tampered with or made for another version."""


class DescriptionLanguageError(ImageDescriberError):
    """A language that the model can't describe pictures in."""

    status = 422


class SpeechError(ImageDescriberError):
    """A voice or a player that can't do what it was asked."""


class NoOutputError(SpeechError):
    """No sound output can be opened."""

    WAYS_OUT = {  # noqa: RUF012 - never changed
        "linux": N_(
            "Connect loudspeakers or headphones, and check that PulseAudio or PipeWire runs."
        ),
        "darwin": N_("Choose an output in System Settings, Sound."),
        "win32": N_("Connect loudspeakers or headphones, or enable them in the sound settings."),
    }

    def __init__(self, sentence: str = "") -> None:
        super().__init__(
            sentence or _("This machine has no sound output that I can open."),
            _(self.WAYS_OUT.get(sys.platform, self.WAYS_OUT["linux"])),
        )


class OutputLostError(NoOutputError):
    """The sound output went away during playback."""


class GoogleError(SpeechError):
    """Google's voice can't be reached, or answers with something other than speech."""


class GoogleBlockedError(GoogleError):
    """Google blocks this address for a while (429)."""


class SettingsError(ImageDescriberError):
    """A setting with a value that is not allowed."""


class AltTextError(ImageDescriberError):
    """An alt text that can't be read from a picture file, or can't be written into it."""


class LibraryError(ImageDescriberError):
    """An index or a history that can't be used."""


class HistoryError(LibraryError):
    """A history that can't be written or cleared."""


class OutputError(ImageDescriberError):
    """A place where the results of a batch can't be written."""


class ScanError(ImageDescriberError):
    """A folder or a picture that was named and doesn't exist."""


class CheckpointError(ImageDescriberError):
    """A checkpoint that can't be kept: another batch uses it, or the disk is full."""


class ClusterError(ImageDescriberError):
    """A Dask cluster that can't be reached, can't do the work, or went away."""


class WorkerError(ImageDescriberError):
    """Describing processes that can't be started or don't stay alive."""


class ProcessDiedError(WorkerError):
    """The process that worked on an item died, and so did the one that tried again."""


class ItemTimeoutError(WorkerError):
    """A process took too long over an item and was killed."""


class ServiceError(ImageDescriberError):
    """The service can't be started as it was asked to."""


class TokenError(ServiceError):
    """A token file that can't be used."""


class UnavailableError(ImageDescriberError):
    """The service can't do it now."""

    status = 503


class TookTooLongError(UnavailableError):
    """It took longer than the service allows."""


class UrlError(ImageDescriberError):
    """A picture that can't be fetched from its URL; ``status`` is the HTTP status for it."""

    status = 502


class UrlRefusedError(UrlError):
    """A URL that is not allowed."""

    status = 403


class UrlSlowError(UrlError):
    """A server that takes longer than the time limit."""

    status = 504


class UrlTooLargeError(UrlError):
    """A picture with more bytes than may be fetched."""

    status = 413


class UrlNoPictureError(UrlError):
    """Something that was fetched and is not a picture."""

    status = 415


class LauncherError(ImageDescriberError):
    """A launcher that can't be installed or removed."""


class StartError(ImageDescriberError):
    """The window can't be opened at all."""


class SaveError(ImageDescriberError):
    """A description that can't be saved as asked."""


class FileExistsAlreadyError(SaveError):
    """The file exists already, and nobody has confirmed that it may be replaced."""


class FolderError(ImageDescriberError):
    """A folder that can't be read."""


class TrainingError(ImageDescriberError):
    """Data, a recipe or a run that training can't continue with."""
