"""A question with two answers or more, in a dialog of its own that says it when asked again."""

from collections.abc import Callable

from image_describer.app import theme
from image_describer.app.context import AppContext
from image_describer.app.dialogs.base import Dialog
from image_describer.app.voice import self_voicing
from image_describer.app.widgets.read_only_text import ReadOnlyText

WIDTH = 44  # characters


def nothing() -> None:
    """Leave everything as it is."""


class Question(Dialog):
    """Asks once. ``answers`` are (label, what is done once the dialog is closed) each.

    The first has the focus, which is not said: whoever asks says the question, and with it what
    Return will do. Escape does ``put_off()``.
    """

    def __init__(
        self,
        context: AppContext,
        title: str,
        question: str,
        *answers: tuple[str, Callable[[], None]],
        put_off: Callable[[], None] = nothing,
    ) -> None:
        super().__init__(context, title)
        self.question = question
        self._put_off = put_off
        self.body.columnconfigure(0, weight=1)
        self.body.rowconfigure(0, weight=1)
        lines = 3 + len(question) // WIDTH  # words are not broken, so it may take a few more
        words = ReadOnlyText(self.body, font=theme.font("help"), width=WIDTH, height=lines)
        words.grid(row=0, column=0, sticky="nsew")
        words.show(question)
        self_voicing.set_name(words, "Question", role="text")
        made = self.add_buttons(
            *((label, lambda then=then: self._answer(then)) for label, then in answers)
        )
        self.first = made[0]
        self_voicing.skip_next_focus(self.first)
        self.open(self.first)

    def close(self) -> None:
        """Escape: not now."""
        self._answer(self._put_off)

    def _answer(self, then: Callable[[], None]) -> None:
        super().close()
        then()
