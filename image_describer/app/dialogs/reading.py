"""A window with a text that is said, can be read line by line, and closes with Escape."""

from image_describer.app import theme
from image_describer.app.context import AppContext
from image_describer.app.dialogs.base import Dialog, raised
from image_describer.app.voice import self_voicing
from image_describer.app.widgets.read_only_text import ReadOnlyText


class ReadingDialog(Dialog):
    """The window in which a text is read."""


class ReadingWindow:
    """Shows one text at a time, in one window: help, details."""

    def __init__(self, context: AppContext) -> None:
        self._context = context
        self._dialog: Dialog | None = None
        self._text: ReadOnlyText | None = None

    @property
    def title(self) -> str:
        """What the open window is called; empty while there is none."""
        return self._dialog.heading if self._dialog in self._context.dialogs else ""

    def show(self, title: str, text: str, spoken: str = "") -> None:
        """Open it with ``text`` under ``title``, or show that in the open one; all of it is said.

        ``spoken`` takes the place of ``text`` where it reads better aloud.
        """
        aloud = spoken or " ".join(text.split("\n"))
        if self._dialog is None or self._text is None or not self.title:
            self._build(title, text)
            self._context.voice.answer(f"{title}, dialog. {aloud}")
            return
        self._dialog.set_title(title)
        self._fill(self._text, title, text)
        if self_voicing.focused(self._context.root) is not self._text:
            self_voicing.skip_next_focus(self._text)  # all of it is said
        self._text.focus_set()
        raised(self._context, ReadingDialog)
        self._context.voice.answer(f"{title}. {aloud}")

    def close(self) -> None:
        """Close it, if it is open."""
        if self._dialog in self._context.dialogs and self._dialog is not None:
            self._dialog.close()

    def _build(self, title: str, text: str) -> None:
        dialog = self._dialog = ReadingDialog(self._context, title, all_keys=True)
        dialog.body.columnconfigure(0, weight=1)
        dialog.body.rowconfigure(0, weight=1)
        words = self._text = ReadOnlyText(dialog.body, font=theme.font("help"), width=48, height=16)
        words.grid(row=0, column=0, sticky="nsew")
        dialog.add_buttons(("Close\nEscape", dialog.close))
        self._fill(words, title, text)
        self_voicing.skip_next_focus(words)
        dialog.open(words)

    @staticmethod
    def _fill(words: ReadOnlyText, title: str, text: str) -> None:
        words.show(text)
        self_voicing.set_name(words, title, role="text, arrow keys read it")
