"""The question on first start: which voice reads the descriptions, and what it sends where."""

from collections.abc import Callable

from image_describer.app.context import AppContext
from image_describer.app.dialogs.question import QuestionDialog
from image_describer.i18n import N_, _

TITLE = N_("Choose a voice")
QUESTION = N_(
    "Choose a voice. Enter: natural; sends sentences to Google. Tab, Enter: offline; nothing "
    "leaves this computer."
)
ONLINE = N_("Natural voice, online")
OFFLINE = N_("Offline voice")


def ask(context: AppContext, chosen: Callable[[bool | None], None]) -> None:
    """Ask once; call ``chosen(online)``.

    Enter chooses the natural voice; Tab goes to the other button. Escape postpones the question:
    ``chosen(None)``, and nothing is sent online until it is answered.
    """
    QuestionDialog(
        context,
        _(TITLE),
        _(QUESTION),
        (_(ONLINE), lambda: chosen(True)),
        (_(OFFLINE), lambda: chosen(False)),
        on_escape=lambda: chosen(None),
    )
    context.voice.notify(_("Image Describer. {question}").format(question=_(QUESTION)))
