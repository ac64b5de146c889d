"""The first start: which voice shall read the descriptions, with what it sends where."""

from collections.abc import Callable

from image_describer.app import look, voicing
from image_describer.app.desk import Desk
from image_describer.app.dialogs import Dialog
from image_describer.app.messages import VOICE_QUESTION
from image_describer.app.text import ReadOnlyText

TITLE = "Choose a voice"
ONLINE = "Natural voice, online"
OFFLINE = "Offline voice"


def ask(desk: Desk, chosen: Callable[[bool | None], None]) -> None:
    """Ask once; ``chosen(True)`` for the online voice, ``False`` for the offline one.

    Escape puts the question off: ``None``, and nothing goes online until it is answered.
    """
    VoiceQuestion(desk, chosen)


class VoiceQuestion(Dialog):
    """Enter takes the natural voice; Tab goes to the other button."""

    question = VOICE_QUESTION

    def __init__(self, desk: Desk, chosen: Callable[[bool | None], None]) -> None:
        super().__init__(desk, TITLE)
        self._chosen = chosen
        self.body.columnconfigure(0, weight=1)
        self.body.rowconfigure(0, weight=1)
        words = ReadOnlyText(self.body, font=look.font("help"), width=44, height=8)
        words.grid(row=0, column=0, sticky="nsew")
        words.show(VOICE_QUESTION)
        voicing.name(words, "Question", role="text")
        online, _offline = self.add_buttons(
            (ONLINE, lambda: self._answer(True)), (OFFLINE, lambda: self._answer(False))
        )
        voicing.is_known(online)
        self.open(online)
        desk.voice.tell(f"Image Describer. {VOICE_QUESTION}")

    def close(self) -> None:
        """Escape: not now."""
        self._answer(None)

    def _answer(self, online: bool | None) -> None:
        super().close()
        self._chosen(online)
