"""The first start: which voice shall read the descriptions, with what it sends where."""

from collections.abc import Callable

from image_describer.app.context import AppContext
from image_describer.app.dialogs.question import Question
from image_describer.app.messages import VOICE_QUESTION

TITLE = "Choose a voice"
ONLINE = "Natural voice, online"
OFFLINE = "Offline voice"


def ask(context: AppContext, chosen: Callable[[bool | None], None]) -> None:
    """Ask once; ``chosen(True)`` for the online voice, ``False`` for the offline one.

    Enter takes the natural voice; Tab goes to the other button. Escape puts the question off:
    ``None``, and nothing goes online until it is answered.
    """
    Question(
        context,
        TITLE,
        VOICE_QUESTION,
        (ONLINE, lambda: chosen(True)),
        (OFFLINE, lambda: chosen(False)),
        put_off=lambda: chosen(None),
    )
    context.voice.notify(f"Image Describer. {VOICE_QUESTION}")
