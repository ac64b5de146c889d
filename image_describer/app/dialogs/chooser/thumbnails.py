"""Small pictures for the eyes of a helper: made off the window's thread, only where one rests."""

import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from PIL import Image

from image_describer.app.jobs import BackgroundJob, JobRunner
from image_describer.errors import ImageDescriberError

SETTLE_MS = 150  # an arrow key held down passes a hundred pictures that nobody looks at
GIVE_UP_S = 5.0  # by then a picture is decoded, or its drive hangs
KEPT = 40  # thumbnails, 150 kB each, for going back and forth
Size = tuple[int, int]


class Thumbnails:
    """Makes one thumbnail at a time, of the picture that was asked for last.

    ``show(image)`` is called with it, or with None at once when another picture is asked for.
    """

    def __init__(
        self,
        jobs: JobRunner,
        after: Callable[[int, Callable[[], None]], Any],
        show: Callable[[Image.Image | None], None],
    ) -> None:
        self._jobs = jobs
        self._after = after
        self._show = show
        self._wanted: tuple[str, Size] | None = None
        self._job: BackgroundJob | None = None
        self._began = 0.0
        self._kept: OrderedDict[tuple[str, Size], Image.Image] = OrderedDict()

    def want(self, path: str | None, size: Size) -> None:
        """Show the picture at ``path``, at most ``size`` (width, height in pixels), or nothing."""
        wanted = None if path is None else (path, size)
        if wanted == self._wanted:
            return
        self._wanted = wanted
        kept = self._kept.get(wanted) if wanted is not None else None
        self._show(kept)
        if wanted is not None and kept is None:
            self._after(SETTLE_MS, lambda: self._settled(wanted))

    def close(self) -> None:
        """Show nothing more."""
        self._wanted = None
        if self._job is not None:
            self._job.cancel()

    def _settled(self, wanted: tuple[str, Size]) -> None:
        if wanted != self._wanted or wanted in self._kept:
            return
        if self._job is not None and self._job.running:
            if time.monotonic() - self._began < GIVE_UP_S:
                return  # two at once would only slow each other down; its end asks again
            self._job.cancel()
        self._began = time.monotonic()
        self._job = self._jobs.start(
            lambda _job: thumbnail(*wanted),
            lambda image: self._made(wanted, image),
            lambda error: self._failed(wanted, error),
        )

    def _made(self, made: tuple[str, Size], image: Image.Image) -> None:
        self._kept[made] = image
        if len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        if made == self._wanted:
            self._show(image)
        elif self._wanted is not None:
            self._settled(self._wanted)

    def _failed(self, tried: tuple[str, Size], error: Exception) -> None:
        if self._wanted is not None and self._wanted != tried:
            self._settled(self._wanted)
        if not isinstance(error, ImageDescriberError):
            raise error  # Jobs logs it; there is no thumbnail, and choosing goes on


def thumbnail(path: str, size: Size) -> Image.Image:
    """The picture at ``path``, upright, within ``size``. Raises PictureError."""
    from image_describer.imaging.open import open_picture

    image = Image.fromarray(open_picture(path).pixels)
    image.thumbnail(size)
    return image
