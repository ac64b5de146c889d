"""Describes one picture at a time in the background, and shows and says the result."""

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from image_describer import i18n
from image_describer.app import messages
from image_describer.app.context import AppContext, CurrentPicture, DescribedPicture
from image_describer.app.messages import log_error
from image_describer.app.pages import OpenedPage, PageNumber, open_page
from image_describer.app.tasks.lazy_describer import LazyDescriber
from image_describer.app.tasks.progress import JobTask
from image_describer.app.window import MainWindow
from image_describer.errors import ImageDescriberError
from image_describer.i18n import _
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
        self._excused = False  # that descriptions are not in the program's language
        self.current = CurrentPicture()

    def open(self, file: str) -> None:
        """Describe ``file`` instead of the current picture."""
        if self.running and file == self.current.file:
            self._context.voice.announce(_(messages.WORKING))
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
        position: str = "",
    ) -> None:
        """Describe ``source``, which is a file or is shown under ``name``.

        ``kept``: its description may go into the history. ``page``: that of a document, by default
        the first. ``said``: the description is spoken. ``position``: "7 of 8" in a list.
        """
        self.replace(CurrentPicture(name, kept=kept, page=page, position=position))
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

    def show_described(
        self,
        name: str,
        described: DescribedPicture,
        position: str,
        status: str,
        *,
        asked: bool = True,
    ) -> None:
        """Show and say a picture that has been described before; its file is read meanwhile.

        ``asked`` is as in `Announcer.say_description`, the rest as in `describe` and `show`.
        """
        self.replace(CurrentPicture(name, described=described, position=position))
        self.show(described.sentence, status, described.confidence, described.spoken.language)
        self._say(described, asked=asked)
        file, page = described.description.file, described.description.page or 1
        if file is not None:
            self._context.jobs.start(
                lambda _job: _reopen(file, page - 1, described.description.language),
                lambda result: self._reopened(file, *result),
                log_error,  # the description stays, without its picture
            )

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
        self.current.message = _(messages.CANCELLED)
        self._window.show_sentence(_(messages.CANCELLED))
        self._show_status(_(messages.NOT_DESCRIBED))

    def opened(self, page: OpenedPage) -> None:
        """Show the picture, which has been read."""
        self.current.picture, self.current.page = page.picture, page.number
        self._window.view.show(page.picture)

    def failed(self, error: Exception) -> None:
        """Show and say why there is no description."""
        messages.log_error(error)
        self.current.message = messages.user_message(error)
        self.current.details = error.details if isinstance(error, ImageDescriberError) else ""
        self._window.view.show(None)
        self.show(self.current.message, _(messages.NOT_DESCRIBED))
        self._context.voice.error(self.current.message)

    def show(self, text: str, status: str, confidence: str = "", language: str = "") -> None:
        """Show ``text`` in large type and in the title, ``status`` in the status line, and how sure
        the text is beside it; ``language`` is as in `MainWindow.show_sentence`."""
        self._window.show_sentence(text, confidence, language)
        self._show_status(status)
        file = self.current.file
        self._window.show_title(file_name(file) if file else None, text)

    def translate(self) -> None:
        """Show the status in the program's language, which has changed, where it is only that."""
        if self.current.described is not None and not self.current.position:
            self._show_status(_(messages.READY))

    def _show_status(self, status: str) -> None:
        self.current.status, self.current.notice = status, ""
        self._window.show_status(status)

    def _show_working(self) -> None:
        self._window.show_sentence(_(messages.WORKING_ON))
        self._show_status(_(messages.WORKING_ON))

    def _done(self, described: DescribedPicture, said: bool) -> None:
        self.current.described = described
        log.info("Described a picture in %.3f s", described.description.seconds.total)
        position = self.current.position
        status = messages.LIST_POSITION if position else messages.READY
        self.show(
            described.sentence,
            _(status).format(position=position),
            described.confidence,
            described.spoken.language,
        )
        if said:
            self._say(described)
            self._excuse_language(described.description.language)
        self._described(described)

    def _say(self, described: DescribedPicture, *, asked: bool = False) -> None:
        """Say the description, then which picture it is, if there are several."""
        self._context.voice.say_description(described.spoken, asked=asked)
        current = self.current
        if current.position:
            # File names are private, so the offline voice says them.
            name = file_name(current.file or "")
            self._context.voice.say_next(f"{name}, {current.position}.")

    def _excuse_language(self, language: str) -> None:
        """Say, once, why descriptions are not in the program's language."""
        if self._excused or language == i18n.language():
            return
        from image_describer.captioner.languages import excuse

        self._excused = True
        self._context.voice.say_next(excuse([language]), "notice")

    def _reopened(self, file: str, page: OpenedPage, facts: tuple[str, ...]) -> None:
        current = self.current
        if current.file == file and current.described is not None:
            current.described = replace(current.described, facts=facts)
            self.opened(page)


def _reopen(file: str, index: int, language: str) -> tuple[OpenedPage, tuple[str, ...]]:
    """The picture or the page in ``file`` and, in a language, the facts about the file.

    Raises PictureError.
    """
    from image_describer.imaging.file_info import file_facts

    with i18n.using(language):
        return open_page(file, index), tuple(file_facts(file))
