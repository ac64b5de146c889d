"""A window with a text that is spoken and can be read line by line."""

from image_describer.app import theme
from image_describer.app.context import AppContext
from image_describer.app.dialogs.base import Dialog, spoken_title
from image_describer.app.voice import self_voicing
from image_describer.app.widgets.read_only_text import ReadOnlyText
from image_describer.i18n import N_, _


class ReadingWindow:
    """Shows one text at a time, such as help or details, in one window.

    ``keys_help`` is that of Dialog.
    """

    def __init__(self, context: AppContext, keys_help: str = "") -> None:
        self._context = context
        self._keys_help = keys_help
        self._dialog: Dialog | None = None
        self._text: ReadOnlyText | None = None

    def show(self, title: str, text: str, spoken: str = "", language: str = "") -> None:
        """Open the window, or reuse the open one, with ``text`` under ``title``, and say the text.

        ``spoken``: what to say instead of ``text``. ``language`` of both, if not the program's.
        """
        spoken = spoken or text.replace("\n", " ")
        dialog = self._dialog
        if dialog is None or self._text is None or dialog not in self._context.dialogs:
            self._build(title, text, language)
            heading = f"{spoken_title(title)}."
            self._context.voice.answer_and_quote(heading, spoken, language)
            return
        dialog.set_title(title)
        self._fill(self._text, title, text, language)
        if self_voicing.focused(self._context.root) is not self._text:
            self_voicing.skip_next_focus(self._text)  # the whole text is spoken
        self._text.focus_set()
        dialog.bring_to_front()
        self._context.voice.answer_and_quote(f"{title}.", spoken, language)

    def close(self) -> None:
        """Close it, if it is open."""
        if self._dialog in self._context.dialogs and self._dialog is not None:
            self._dialog.close()

    def _build(self, title: str, text: str, language: str) -> None:
        dialog = self._dialog = Dialog(self._context, title, all_keys=True)
        dialog.keys_help = self._keys_help
        dialog.body.columnconfigure(0, weight=1)
        dialog.body.rowconfigure(0, weight=1)
        view = self._text = ReadOnlyText(dialog.body, font=theme.font("help"), width=48, height=16)
        view.grid(row=0, column=0, sticky="nsew")
        dialog.add_buttons((_("Close"), dialog.close))
        self._fill(view, title, text, language)
        self_voicing.skip_next_focus(view)
        dialog.open(view)

    @staticmethod
    def _fill(view: ReadOnlyText, title: str, text: str, language: str) -> None:
        view.show(text)
        role = N_("text, arrow keys read it")
        self_voicing.set_name(view, title, role=role, language=language)
