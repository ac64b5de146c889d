"""Files from outside the window: drag and drop, later starts of the program, macOS's requests."""

from collections.abc import Callable

from image_describer.app.context import AppContext
from image_describer.app.sources.picture_sources import PictureSources
from image_describer.app.sources.single_instance import StartReceiver
from image_describer.app.tasks.event_queue import EventQueue

# The window is slow to answer only while it is starting. A later start waits for a second.
ANSWER_LIMIT_S = 0.8


class ExternalSources:
    """Accepts files between `open` and `close`. Unavailable sources are skipped.

    ``folder_dropped(path)`` is called with a folder that was dropped on the window.
    """

    def __init__(
        self, context: AppContext, sources: PictureSources, folder_dropped: Callable[[str], None]
    ) -> None:
        self._context = context
        self._sources = sources
        self._folder_dropped = folder_dropped
        self._event_queue: EventQueue | None = None
        self._receiver: StartReceiver | None = None

    def open(self, receive: bool) -> None:
        """Accept files from now on; those of later starts only if ``receive``."""
        from image_describer.app.sources.drop import accept_drops
        from image_describer.app.sources.macos import answer_macos

        context, sources = self._context, self._sources
        if receive:
            event_queue = self._event_queue = EventQueue(context.root, sources.take_start)
            receiver = self._receiver = StartReceiver(
                lambda request: event_queue.ask(request, ANSWER_LIMIT_S)
            )
            # As a job, because it reads and writes files, and the disk may be slow.
            context.jobs.start(
                lambda _job: receiver.start(), lambda _started: None, context.report_error
            )
        accept_drops(
            context.root,
            lambda file: sources.take_files([file]),
            self._folder_dropped,
            context.voice.error,
        )
        answer_macos(context.root, sources.take_files, context.run["settings"], context.run["quit"])

    def close(self) -> None:
        """Accept nothing more. Call it before the window is destroyed."""
        if self._event_queue is not None:
            self._event_queue.close()
        if self._receiver is not None:
            self._receiver.close()
