"""What comes from outside the window: dropped files, a later start, what macOS asks for."""

from image_describer.app.context import Desk
from image_describer.app.sources.picture_sources import WaysIn
from image_describer.app.sources.single_instance import Receiver
from image_describer.app.tasks.event_queue import Inlet

# The window is slow to answer only while it is being started; the later start waits a second.
ANSWER_LIMIT_S = 0.8


class Doors:
    """Open from ``open`` to ``close``; a door that can't be opened is missed by nobody."""

    def __init__(self, desk: Desk, ways_in: WaysIn) -> None:
        self._desk = desk
        self._ways_in = ways_in
        self._inlet: Inlet | None = None
        self._receiver: Receiver | None = None

    def open(self, receive: bool) -> None:
        """Take files from now on; from later starts only with ``receive``."""
        from image_describer.app.sources.drop import accept_drops
        from image_describer.app.sources.macos import answer_macos

        desk = self._desk
        if receive:
            inlet = self._inlet = Inlet(desk.root, self._ways_in.take)
            self._receiver = Receiver(lambda handed: inlet.ask(handed, ANSWER_LIMIT_S))
            # Taking the place looks at files; the window need not wait for a slow disk.
            desk.jobs.start(lambda _job: self._receive(), lambda _done: None, desk.trouble)
        accept_drops(desk.root, lambda file: self._ways_in.take_files([file]), desk.voice.error)
        nothing = desk.run.get("settings", lambda: None)
        answer_macos(desk.root, self._ways_in.take_files, nothing, desk.run["quit"])

    def close(self) -> None:
        """Take nothing any more; before the window is destroyed."""
        if self._inlet is not None:
            self._inlet.close()
        if self._receiver is not None:
            self._receiver.close()

    def _receive(self) -> None:
        if self._receiver is not None:
            self._receiver.start()
