"""The question on first start: which voice reads the descriptions, and what it sends where."""

from collections.abc import Callable

from image_describer.app.context import AppContext
from image_describer.app.dialogs.question import QuestionDialog

TITLE = "Choose a voice"
QUESTION = (
    "Choose a voice. Enter: natural; sends sentences to Google. Tab, Enter: offline; nothing "
    "leaves this computer."
)
ONLINE = "Natural voice, online"
OFFLINE = "Offline voice"


def ask(context: AppContext, chosen: Callable[[bool | None], None]) -> None:
    """Ask once; call ``chosen(online)``.

    Enter chooses the natural voice; Tab goes to the other button. Escape postpones the question:
    ``chosen(None)``, and nothing is sent online until it is answered.
    """
    QuestionDialog(
        context,
        TITLE,
        QUESTION,
        (ONLINE, lambda: chosen(True)),
        (OFFLINE, lambda: chosen(False)),
        on_escape=lambda: chosen(None),
    )
    context.voice.notify(f"Image Describer. {QUESTION}")
