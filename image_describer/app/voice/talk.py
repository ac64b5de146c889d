"""The window's mouth: speaks through a Speaker that is made in the background."""

import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from image_describer.errors import SpeechError

if TYPE_CHECKING:
    from image_describer.speech import Speaker, Utterance

log = logging.getLogger(__name__)

Kind = Literal["description", "phrase", "notice", "error"]


class Said(NamedTuple):
    """Something to be spoken, and how."""

    text: str
    kind: Kind
    interrupt: bool
    again: bool = False


class Talk:
    """Says things, from the first moment on.

    ``build`` makes the Speaker on a thread of its own, since that loads voices and players; what is
    said before it stands is spoken as soon as it does. ``build=None`` keeps silent (``--voice
    off``). Nothing here blocks or raises, but for ``save``: an app whose voice fails must still
    show its words.
    """

    def __init__(self, build: "Callable[[], Speaker] | None") -> None:
        self._lock = threading.Lock()
        self._speaker: Speaker | None = None
        self._utterance: Utterance | None = None
        self._waiting: list[Said] = []
        self._settings: dict[str, Any] = {}
        self._closed = False
        self._loading: threading.Thread | None = None
        if build is not None:
            self._loading = threading.Thread(target=self._load, args=(build,), daemon=True)
            self._loading.start()

    @property
    def speaking(self) -> bool:
        """Whether something is being said, or waits to be."""
        with self._lock:
            if self._waiting:
                return True
            utterance = self._utterance
        return utterance is not None and not utterance.wait(0)

    @property
    def trouble(self) -> str:
        """Why the last thing said was not heard; empty if it was, or is not over yet."""
        with self._lock:
            utterance = self._utterance
        if utterance is None or not utterance.wait(0):
            return ""
        return utterance.error or ""

    @property
    def fetching(self) -> bool:
        """Whether a voice is being asked over the network, and nothing is heard meanwhile."""
        with self._lock:
            speaker = self._speaker
        return speaker is not None and speaker.fetching

    def say(
        self, text: str, *, kind: Kind = "phrase", interrupt: bool = True, again: bool = False
    ) -> None:
        """Speak ``text``, at once or after what is being said.

        ``again``: even if the same was said in this very moment, as with a letter typed twice.
        """
        said = Said(text, kind, interrupt, again)
        with self._lock:
            if self._speaker is not None:
                self._utterance = self._say(self._speaker, said)
            elif self._loading is not None:
                # As the Speaker has it: an error is heard before what comes by itself.
                kept = [
                    one
                    for one in self._waiting
                    if not interrupt or (one.kind == "error" and kind != "phrase" and one != said)
                ]
                self._waiting = [*kept, said]

    def earcon(self, name: str) -> None:
        """Play a short sound beside the speech."""
        with self._lock:
            speaker = self._speaker
        if speaker is not None:
            speaker.earcon(name)

    def configure(self, **settings: Any) -> None:
        """Set attributes of the Speaker: ``rate``, ``volume``, ``language``, ``offline``.

        They hold from the next text on, and for the Speaker that is yet to be made.
        """
        with self._lock:
            self._settings.update(settings)
            if self._speaker is not None:
                self._apply(self._speaker, settings)

    def save(self, text: str, path: Path, kind: Kind = "description") -> str:
        """Write ``text``, spoken, to a sound file; the name of the voice. Blocks; any thread.

        Only a "description" goes to a voice of the network.

        Raises SpeechError.
        """
        loading = self._loading
        if loading is not None:
            loading.join()
        with self._lock:
            speaker = self._speaker
        if speaker is None:
            raise SpeechError(
                "There is no voice that could be saved.",
                "Start Image Describer without --voice off.",
            )
        return speaker.save(text, path, kind=kind)

    def stop(self) -> None:
        """Be silent, at once."""
        with self._lock:
            self._waiting.clear()
            if self._speaker is not None:
                self._speaker.stop()

    def finish(self, timeout: float) -> None:
        """Wait until all has been said, or ``timeout`` seconds have passed."""
        if self._loading is not None:
            self._loading.join(timeout)
        with self._lock:
            speaker = self._speaker
        if speaker is not None:
            speaker.wait(timeout)

    def close(self) -> None:
        """Be silent for good."""
        self.stop()
        with self._lock:
            self._closed = True
            speaker, self._speaker, self._loading = self._speaker, None, None
        if speaker is not None:
            speaker.close()

    @staticmethod
    def _say(speaker: "Speaker", said: Said) -> "Utterance":
        return speaker.say(said.text, kind=said.kind, interrupt=said.interrupt, again=said.again)

    @staticmethod
    def _apply(speaker: "Speaker", settings: dict[str, Any]) -> None:
        for name, value in settings.items():
            setattr(speaker, name, value)

    def _load(self, build: "Callable[[], Speaker]") -> None:
        try:
            speaker = build()
        except Exception:
            log.exception("No voice could be made")
            with self._lock:
                self._waiting.clear()
                self._loading = None
            return
        with self._lock:
            if self._closed:
                speaker.close()
                return
            self._apply(speaker, self._settings)
            self._speaker = speaker
            for said in self._waiting:
                self._utterance = self._say(speaker, said)
            self._waiting.clear()
