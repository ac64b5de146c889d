"""Ctrl+T: reads the text of the current picture, where its description has none."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from image_describer.app import messages
from image_describer.app.tasks.progress import JobTask
from image_describer.i18n import N_, _

if TYPE_CHECKING:
    from image_describer.app.context import AppContext, CurrentPicture, DescribedPicture
    from image_describer.app.tasks.lazy_describer import LazyDescriber
    from image_describer.imaging.open import Picture
    from image_describer.reading.text import PictureText

NO_TEXT = N_("I find no text in this picture.")
NO_PIXELS = N_("Open the picture again to read its text.")


class ReadTask(JobTask):
    """Calls ``show(text)`` with the text of the current picture, if there is any.

    Descriptions that an earlier version kept in the history have none: it is read then. ``current``
    is kept up to date by the DescribeTask.
    """

    def __init__(
        self,
        context: "AppContext",
        describer: "LazyDescriber",
        current: "CurrentPicture",
        show: "Callable[[PictureText], None]",
    ) -> None:
        super().__init__(context)
        self._describer = describer
        self._current = current
        self._show = show

    def start(self, described: "DescribedPicture") -> None:
        """Show the text of the current picture, whose description is ``described``."""
        picture, text = self._current.picture, described.description.text
        if text is not None:
            self._show_or_tell(text)
        elif self.running:
            self._context.voice.announce(_(messages.WORKING))
        elif picture is None:
            self._context.voice.answer(_(NO_PIXELS))
        else:
            self._job = self._context.jobs.start(
                lambda _job: self._read(picture),
                lambda read: self._done(described, read),
                self._context.report_error,
            )
            self._progress.watch(self._job)

    def _read(self, picture: "Picture") -> "PictureText":
        return self._describer.load().read(picture)

    def _done(self, described: "DescribedPicture", text: "PictureText") -> None:
        description = replace(described.description, text=text)
        self._current.described = replace(described, description=description)
        self._show_or_tell(text)

    def _show_or_tell(self, text: "PictureText") -> None:
        from image_describer.wording.sentence import UNKNOWN_SCRIPT

        if text.lines or text.codes:
            self._show(text)
        else:
            self._context.voice.answer(_(UNKNOWN_SCRIPT) if text.unknown_script else _(NO_TEXT))
