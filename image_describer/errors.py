"""The one family of errors: each is a sentence for the user and the way out of the trouble."""


class ImageDescriberError(Exception):
    """Something a user can be told.

    ``sentence`` says what is wrong, ``way_out`` what to do next (it may be empty). ``str()`` gives
    both, ready to be printed, shown or spoken.
    """

    def __init__(self, sentence: str, way_out: str = "") -> None:
        super().__init__(sentence, way_out)
        self.sentence = sentence
        self.way_out = way_out

    def __str__(self) -> str:
        return f"{self.sentence} {self.way_out}".strip()


class PictureError(ImageDescriberError):
    """A file, a clipboard or bytes that can't be opened as a picture."""


class BundleError(ImageDescriberError):
    """A model bundle that is missing, damaged, tampered with or made for another version."""


class SpeechError(ImageDescriberError):
    """A voice or a player that can't do what it was asked."""


class SettingsError(ImageDescriberError):
    """A setting with a value that is not allowed."""


class AltTextError(ImageDescriberError):
    """An alt text that can't be read from a picture's file, or not be put into it."""


class TrainingError(ImageDescriberError):
    """Data, a recipe or a run that training can't go on with."""
