"""Loads thumbnails off the window's thread, only for the entry that the cursor rests on.

Nothing is downloaded for them: only opening a picture does that.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from PIL import Image

from image_describer import local_files
from image_describer.app.jobs import BackgroundJob, JobRunner
from image_describer.app.messages import log_error
from image_describer.errors import ImageDescriberError, PictureError
from image_describer.i18n import N_, _

REST_MS = 150  # while an arrow key is held down, no thumbnails are loaded
NOT_LOCAL = N_("The picture is not on this computer.")
GIVE_UP_S = 5.0  # loading takes longer only when a drive hangs
CACHE_SIZE = 40  # thumbnails of about 150 kB each
Size = tuple[int, int]


class ThumbnailLoader:
    """Loads one thumbnail at a time, of the picture that was requested last.

    ``show(image)`` is called with it, and with None as soon as another picture is requested.
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
        self._requested: tuple[str, Size] | None = None
        self._job: BackgroundJob | None = None
        self._started = 0.0
        self._cache: OrderedDict[tuple[str, Size], Image.Image] = OrderedDict()

    def request(self, path: str | None, size: Size) -> None:
        """Show the picture at ``path``, if any, within ``size`` (width, height in pixels)."""
        key = None if path is None else (path, size)
        if key == self._requested:
            return
        self._requested = key
        cached = self._cache.get(key) if key is not None else None
        self._show(cached)
        if key is not None and cached is None:
            self._after(REST_MS, lambda: self._load(key))

    def close(self) -> None:
        """Stop showing thumbnails."""
        self._requested = None
        if self._job is not None:
            self._job.cancel()

    def _load(self, key: tuple[str, Size]) -> None:
        if key != self._requested or key in self._cache:
            return
        if self._job is not None and self._job.running:
            if time.monotonic() - self._started < GIVE_UP_S:
                return  # one at a time; the end of that job loads this one
            self._job.cancel()
        self._started = time.monotonic()
        self._job = self._jobs.start(
            lambda _job: load_thumbnail(*key),
            lambda image: self._on_loaded(key, image),
            lambda error: self._on_error(key, error),
        )

    def _on_loaded(self, key: tuple[str, Size], image: Image.Image) -> None:
        self._cache[key] = image
        if len(self._cache) > CACHE_SIZE:
            self._cache.popitem(last=False)
        if key == self._requested:
            self._show(image)
        elif self._requested is not None:
            self._load(self._requested)

    def _on_error(self, key: tuple[str, Size], error: Exception) -> None:
        if self._requested is not None and self._requested != key:
            self._load(self._requested)
        if not isinstance(error, ImageDescriberError):
            log_error(error)


def load_thumbnail(path: str, size: Size) -> Image.Image:
    """Return the picture at ``path``, upright, scaled to fit ``size``.

    Raises PictureError, also if it would have to be downloaded.
    """
    from image_describer.imaging.open import open_picture, unreadable

    try:
        is_local = local_files.is_local(path)
    except (OSError, ValueError) as error:
        raise unreadable(error) from error
    if not is_local:
        raise PictureError(_(NOT_LOCAL))
    image = Image.fromarray(open_picture(path).pixels)
    image.thumbnail(size)
    return image
