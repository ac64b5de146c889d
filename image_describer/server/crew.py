"""The processes that describe: they are handed pictures in groups, watched, and replaced."""

from typing import Any

from image_describer.errors import ImageDescriberError
from image_describer.server.settings import Settings


class BusyError(ImageDescriberError):
    """So much waits that no more is taken. Answered by 429."""

    status = 429


class TooLongError(ImageDescriberError):
    """It took longer than the service allows. Answered by 503."""

    status = 503


class Crew:
    """Describes with several processes; all methods are for the event loop."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    async def describe(self, picture: bytes) -> dict[str, Any]:
        """The object of ``describe --json`` for the bytes of a picture's file.

        Raises PictureError, BusyError, TooLongError.
        """
        raise NotImplementedError
