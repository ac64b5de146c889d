"""A dialog that asks a question with two or more answers."""

from collections.abc import Callable

from image_describer.app import keymap, theme
from image_describer.app.context import AppContext
from image_describer.app.dialogs.base import Dialog
from image_describer.app.voice import self_voicing
from image_describer.app.widgets.read_only_text import ReadOnlyText
from image_describer.i18n import N_, _

WIDTH = 44  # characters
ANSWER_FIRST = N_("Answer the question first. {repeat} repeats it.")
ARROWS = {"Left": -1, "Up": -1, "Right": 1, "Down": 1}


def do_nothing() -> None:
    """Do nothing."""


class QuestionDialog(Dialog):
    """Asks once; the arrow keys go through the answers.

    ``answers`` are (label, function) each; the function runs after closing. The first answer has
    the focus, which is not spoken: the caller says the question and what Enter does. Escape calls
    ``on_escape()``.
    """

    keys_help = N_(
        "Tab and the arrow keys go to the other answer, Enter gives the one that has the focus. "
        "Escape leaves everything as it is."
    )

    def __init__(
        self,
        context: AppContext,
        title: str,
        question: str,
        *answers: tuple[str, Callable[[], None]],
        on_escape: Callable[[], None] = do_nothing,
    ) -> None:
        super().__init__(context, title)
        self.question = question
        self._on_escape = on_escape
        self.body.columnconfigure(0, weight=1)
        self.body.rowconfigure(0, weight=1)
        lines = 2 + len(question) // WIDTH  # wrapping at words may need a few more lines
        text = ReadOnlyText(self.body, font=theme.font("help"), width=WIDTH, height=lines)
        text.grid(row=0, column=0, sticky="nsew")
        text.show(question)
        self_voicing.set_name(text, _("Question"), role=N_("text"))
        buttons = self.add_buttons(
            *(
                (label, lambda function=function: self._answer(function))
                for label, function in answers
            )
        )
        self.first_button = buttons[0]
        for index, button in enumerate(buttons):
            for key, step in ARROWS.items():
                to = buttons[(index + step) % len(buttons)]
                button.bind(f"<{key}>", lambda _event, to=to: to.focus_set())  # type: ignore[misc]
        self_voicing.skip_next_focus(self.first_button)
        self.open(self.first_button)

    def leave(self) -> bool:
        self.context.voice.answer(keymap.with_keys(_(ANSWER_FIRST), keymap.spoken))
        return False

    def close(self) -> None:
        """Close it without an answer."""
        self._answer(self._on_escape)

    def _answer(self, function: Callable[[], None]) -> None:
        super().close()
        function()
