"""The commands that only answer: they say, show or copy what is known about the picture."""

import tkinter as tk

from image_describer.app import help as help_text
from image_describer.app import keymap, messages
from image_describer.app.context import AppContext, CurrentPicture
from image_describer.app.dialogs.reading import ReadingWindow
from image_describer.app.voice.self_voicing import focused
from image_describer.app.widgets.read_only_text import ReadOnlyText
from image_describer.app.window import MainWindow
from image_describer.text import file_name


class StatusCommands:
    """``current`` is kept up to date by the DescribeTask.

    ``working``, where a method takes it, is whether a picture is being described or pasted.
    """

    def __init__(self, context: AppContext, window: MainWindow, current: CurrentPicture) -> None:
        self._context = context
        self._window = window
        self._current = current
        self._reading = ReadingWindow(context)
        self._details_shown = False  # else the help was shown last

    def repeat(self, working: bool) -> None:
        """Repeat the question of the open dialog, the description, or the last message."""
        current, dialogs = self._current, self._context.dialogs
        question = dialogs[-1].question if dialogs else ""
        if question:
            self._answer(question)
        elif working:
            self._answer(messages.WORKING)
        elif current.described is not None:
            self._context.voice.say_description(current.described.spoken, asked=True)
        else:
            self._answer(current.message or messages.with_keys(messages.NOTHING_YET, keymap.spoken))

    def copy(self, working: bool) -> None:
        """Copy the selected text, or else the bare caption or the text of a page."""
        selected = self._selected()
        if selected:
            self._copy_text(selected)
            self._answer(messages.COPIED_SELECTION)
        elif self._current.described is not None:
            description = self._current.described.description
            if description.text is not None and description.is_page:
                self._copy_text(description.text.text)
                self._answer(messages.COPIED_TEXT)
            else:
                self._copy_text(description.caption)
                self._answer(messages.COPIED.format(caption=description.caption))
        else:
            self.nothing_yet(working)

    def more(self, working: bool) -> None:
        """Show and say the details of the description."""
        from image_describer.wording import details

        described = self._current.described
        if described is None:
            self.nothing_yet(working)
            return
        lines = [*details.sentences(described.description), *described.facts]
        self._details_shown = True
        self._reading.show(messages.MORE_TITLE, "\n".join(lines))

    def help(self) -> None:
        """Show and say the keys."""
        self._details_shown = False
        self._reading.show(help_text.TITLE, help_text.shown(), help_text.spoken())

    def where(self, working: bool, explored_part: str = "") -> None:
        """Say which file is open, which part of it is explored, which dialog is open, the state."""
        current, dialogs = self._current, self._context.dialogs
        if current.file is None:
            dialog = f" {dialogs[-1].heading} is open." if dialogs else ""
            self._answer(messages.with_keys(messages.NO_PICTURE, keymap.spoken) + dialog)
            return
        parts = [file_name(current.file)]
        if current.described is not None:
            description = current.described.description
            parts.append(f"{description.width} by {description.height} pixels")
        if current.page is not None:
            parts.append(str(current.page))
        if explored_part:
            parts.append(f"Exploring, {explored_part}")
        if dialogs:
            parts.append(f"{dialogs[-1].heading} is open")
        if working:
            parts.append(messages.WORKING)
        else:
            parts += [current.status, current.notice, self._window.voice_problem]
        self._answer(". ".join(part.rstrip(".") for part in parts if part) + ".")

    def close_details(self) -> None:
        """Close the details of the previous picture."""
        if self._details_shown:
            self._reading.close()

    def nothing_yet(self, working: bool) -> None:
        """Say why there is nothing to copy, save or show."""
        if working:
            self._answer(messages.WORKING)
        else:
            self._answer(messages.with_keys(messages.NOTHING_YET, keymap.spoken))

    def _answer(self, text: str) -> None:
        self._context.voice.answer(text)

    def _selected(self) -> str:
        widget = focused(self._context.root)
        if isinstance(widget, ReadOnlyText) and widget.selected():
            return widget.selected()
        if isinstance(widget, tk.Entry) and widget.selection_present():
            return widget.selection_get()
        return self._window.sentence.selected()

    def _copy_text(self, text: str) -> None:
        self._context.root.clipboard_clear()
        self._context.root.clipboard_append(text)
