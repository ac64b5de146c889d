"""Describes one picture at a time in the background, and shows and says the result."""

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from image_describer.app import messages
from image_describer.app.context import AppContext, CurrentPicture, DescribedPicture
from image_describer.app.pages import OpenedPage, PageNumber
from image_describer.app.tasks.lazy_describer import LazyDescriber
from image_describer.app.tasks.progress import JobTask
from image_describer.app.window import MainWindow
from image_describer.text import file_name

if TYPE_CHECKING:
    from image_describer.imaging.open import Source

log = logging.getLogger(__name__)


class DescribeTask(JobTask):
    """Keeps ``current`` up to date, which the other parts of the program only read.

    ``before_change()`` is called before another picture replaces it, ``described()`` once it has
    its description.
    """

    def __init__(
        self,
        context: AppContext,
        window: MainWindow,
        describer: LazyDescriber,
        before_change: Callable[[], None],
        described: Callable[[DescribedPicture], None],
    ) -> None:
        super().__init__(context, self._show_working)
        self._window = window
        self._describer = describer
        self._before_change = before_change
        self._described = described
        self.current = CurrentPicture()

    def open(self, file: str) -> None:
        """Describe ``file`` instead of the current picture."""
        if self.running and file == self.current.file:
            self._context.voice.answer(messages.WORKING)
        else:
            self.describe(file, file)

    def describe(
        self,
        source: "Source",
        name: str,
        *,
        kept: bool = True,
        page: PageNumber | None = None,
        said: bool = True,
    ) -> None:
        """Describe ``source``, which is a file or is shown under ``name``.

        ``kept``: its description may go into the history. ``page``: that of a document, by default
        the first. ``said``: the description is spoken.
        """
        self.replace(CurrentPicture(name, kept=kept, page=page))
        self._window.show_title(file_name(name))
        settings = self._context.settings
        self._job = self._context.jobs.start(
            lambda job: self._describer.describe(
                source,
                lambda opened: job.post(self.opened, opened),
                settings,
                page.index if page is not None else 0,
            ),
            lambda described: self._done(described, said),
            self.failed,
        )
        self._progress.watch(self._job)

    def replace(self, current: CurrentPicture) -> None:
        """Make ``current`` the current picture."""
        self.drop()
        self._before_change()
        if current.described is not None:
            self._window.view.show(None)  # until its file has been read again
        # The other parts of the program hold the same object, so it is updated, not replaced.
        self.current.__dict__.update(current.__dict__)

    def cancel(self) -> None:
        """Ignore it, and show that."""
        self.drop()
        self.current.message = messages.CANCELLED
        self._window.show_sentence(messages.CANCELLED)
        self._show_status(messages.NOT_DESCRIBED)

    def opened(self, page: OpenedPage) -> None:
        """Show the picture, which has been read."""
        self.current.picture, self.current.page = page.picture, page.number
        self._window.view.show(page.picture)

    def failed(self, error: Exception) -> None:
        """Show and say why there is no description."""
        messages.log_error(error)
        self.current.message = messages.user_message(error)
        self._window.view.show(None)
        self.show(self.current.message, messages.NOT_DESCRIBED)
        self._context.voice.error(self.current.message)

    def show(self, text: str, status: str, confidence: str = "") -> None:
        """Show ``text`` in large type and in the title, ``status`` in the status line, and how sure
        the text is beside it."""
        self._window.show_sentence(text, confidence)
        self._show_status(status)
        file = self.current.file
        self._window.show_title(file_name(file) if file else None, text)

    def _show_status(self, status: str) -> None:
        self.current.status, self.current.notice = status, ""
        self._window.show_status(status)

    def _show_working(self) -> None:
        self._window.show_sentence(f"{messages.WORKING}…")
        self._show_status(f"{messages.WORKING}…")

    def _done(self, described: DescribedPicture, said: bool) -> None:
        self.current.described = described
        log.info("Described a picture in %.3f s", described.description.seconds.total)
        self.show(described.sentence, messages.READY, described.confidence)
        if said:
            self._context.voice.say_description(described.spoken)
        self._described(described)
