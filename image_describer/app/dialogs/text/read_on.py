"""Says passages one after the other, as long as no key is pressed."""

from collections.abc import Callable, Sequence

from image_describer.app.context import AppContext
from image_describer.app.dialogs.text.content import Passage

POLL_MS = 20  # between two passages; a pause that nobody hears


class ReadOn:
    """``reached(passage)`` is called when a passage begins, ``ended()`` after the last one."""

    def __init__(
        self,
        context: AppContext,
        reached: Callable[[Passage], None],
        ended: Callable[[], None],
    ) -> None:
        self._context = context
        self._reached = reached
        self._ended = ended
        self._passages: list[Passage] = []
        self._timer: str | None = None

    @property
    def active(self) -> bool:
        return self._timer is not None

    def start(self, passages: Sequence[Passage]) -> None:
        """Say these after what is being said."""
        self.stop()
        if self._context.voice.level != "off":
            self._passages = list(passages)
            self._schedule()

    def stop(self) -> None:
        """Say no further passage; the one that is being said goes on."""
        if self._timer is not None:
            self._context.root.after_cancel(self._timer)
            self._timer = None

    def _schedule(self) -> None:
        self._timer = self._context.root.after(POLL_MS, self._poll)

    def _poll(self) -> None:
        voice = self._context.voice
        if voice.speaking:
            self._schedule()
        elif self._passages:
            passage = self._passages.pop(0)
            self._reached(passage)
            voice.say_next(passage.text, language=passage.language)
            self._schedule()
        else:
            self._timer = None
            self._ended()
