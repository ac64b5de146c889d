"""One picture at a time: describes it in the background, shows and says what comes of it."""

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from image_describer.app import messages as say
from image_describer.app.context import AppContext, CurrentPicture, DescribedPicture
from image_describer.app.jobs import BackgroundJob
from image_describer.app.tasks.lazy_describer import LazyDescriber
from image_describer.app.tasks.progress import JobProgress
from image_describer.app.window import MainWindow
from image_describer.text import file_name

if TYPE_CHECKING:
    from image_describer.imaging.open import Picture, Source

log = logging.getLogger(__name__)


class DescribeTask:
    """Keeps ``current`` up to date, which the other parts of the program only read.

    ``changing()`` is called before another picture takes its place, ``described()`` once it has
    its description.
    """

    def __init__(
        self,
        context: AppContext,
        window: MainWindow,
        describer: LazyDescriber,
        changing: Callable[[], None],
        described: Callable[[DescribedPicture], None],
    ) -> None:
        self._context = context
        self._window = window
        self._describer = describer
        self._changing = changing
        self._described = described
        self._progress = JobProgress(context, self._show_working)
        self._job: BackgroundJob | None = None
        self.current = CurrentPicture()

    @property
    def running(self) -> bool:
        """Whether a description is awaited."""
        return self._job is not None and self._job.running

    @property
    def announced(self) -> bool:
        """Whether "Working" has been said for it."""
        return self._progress.announced

    def open(self, file: str) -> None:
        """Describe ``file``; what was being described before is dropped."""
        if self.running and file == self.current.file:
            self._context.voice.answer(say.WORKING)
        else:
            self.describe(file, file)

    def describe(self, source: "Source", file: str) -> None:
        """Describe ``source``, which is called ``file``."""
        self.replace(CurrentPicture(file))
        self._window.show_title(file_name(file))
        settings = self._context.settings
        self._job = self._context.jobs.start(
            lambda job: self._describer.describe(
                source, lambda picture: job.post(self.seen, picture), settings
            ),
            self._done,
            self.failed,
        )
        self._progress.watch(self._job)

    def replace(self, current: CurrentPicture) -> None:
        """Be about ``current`` from now on."""
        self.drop()
        self._changing()
        if current.described is not None:
            self._window.view.show(None)  # until its file has been read again
        # The parts of the program hold the same Current, so it is refilled, not replaced.
        self.current.__dict__.update(current.__dict__)

    def drop(self) -> None:
        """Await no description any more."""
        if self._job is not None:
            self._job.cancel()
            self._job = None

    def cancel(self) -> None:
        """Drop it, and show that."""
        self.drop()
        self._window.sentence.show(say.CANCELLED)
        self._window.show_status(say.FAILED)
        self.current.message = say.CANCELLED

    def seen(self, picture: "Picture") -> None:
        """The picture has been read."""
        self.current.picture = picture
        self._window.view.show(picture)

    def failed(self, error: Exception) -> None:
        """There is no description, and this is why."""
        say.log_error(error)
        self.current.message = say.user_message(error)
        self._window.view.show(None)
        self.show(self.current.message, say.FAILED)
        self._context.voice.error(self.current.message)

    def show(self, text: str, status: str) -> None:
        """``text`` in large type and in the title, ``status`` in its line."""
        self._window.sentence.show(text)
        self._window.show_status(status)
        file = self.current.file
        self._window.show_title(file_name(file) if file else None, text)

    def _show_working(self) -> None:
        self._window.sentence.show(f"{say.WORKING}…")
        self._window.show_status(f"{say.WORKING}…")

    def _done(self, described: DescribedPicture) -> None:
        self.current.described = described
        log.info("Described a picture in %.3f s", described.description.seconds.total)
        self.show(described.sentence, say.READY)
        self._context.voice.say_description(described.spoken)
        self._described(described)
