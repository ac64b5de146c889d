"""The commands that only answer: they say, show or copy what is known, and change no picture."""

import tkinter as tk

from image_describer.app import help as help_text
from image_describer.app import keymap
from image_describer.app import messages as say
from image_describer.app.context import Desk
from image_describer.app.current import Current
from image_describer.app.dialogs.reading import ReadingWindow
from image_describer.app.voice.self_voicing import focused
from image_describer.app.widgets.read_only_text import ReadOnlyText
from image_describer.app.window import Window
from image_describer.wording import details


class Answers:
    """``current`` is the program's own, which it keeps up to date."""

    def __init__(self, desk: Desk, window: Window, current: Current) -> None:
        self._desk = desk
        self._window = window
        self._current = current
        self._reading = ReadingWindow(desk)

    def repeat(self, working: bool) -> None:
        """Say the question of the open dialog, the description, or the last message again."""
        current = self._current
        question = self._desk.dialogs[-1].question if self._desk.dialogs else ""
        if question:
            self._answer(question)
        elif working:
            self._answer(say.WORKING)
        elif current.described is not None:
            self._desk.voice.describe(*current.described.parts, asked=True)
        else:
            self._answer(current.message or say.with_keys(say.NOTHING_YET, keymap.spoken))

    def copy(self, working: bool) -> None:
        """Put the selected text, or else the bare caption, on the clipboard."""
        selected = self._selected()
        if selected:
            self._to_clipboard(selected)
            self._answer(say.COPIED_SELECTION)
        elif self._current.described is not None:
            caption = self._current.described.description.caption
            self._to_clipboard(caption)
            self._answer(say.COPIED.format(caption=caption))
        else:
            self.nothing_yet(working)

    def more(self, working: bool) -> None:
        """Show and say the details of the description."""
        described = self._current.described
        if described is None:
            self.nothing_yet(working)
            return
        lines = [*details.sentences(described.description), *described.facts]
        self._reading.show(say.MORE_TITLE, "\n".join(lines))

    def help(self) -> None:
        """Show and say the keys."""
        self._reading.show(help_text.TITLE, help_text.shown(), help_text.spoken())

    def where(self, working: bool, part: str = "") -> None:
        """Say which file this is, which ``part`` is explored, what is open and being done."""
        current = self._current
        if current.file is None:
            here = f" {self._desk.dialogs[-1].heading} is open." if self._desk.dialogs else ""
            self._answer(say.with_keys(say.NO_PICTURE, keymap.spoken) + here)
            return
        parts = [say.name_of(current.file)]
        if current.described is not None:
            description = current.described.description
            parts.append(f"{description.width} by {description.height} pixels")
        if part:
            parts.append(f"Exploring, {part}")
        if self._desk.dialogs:
            parts.append(f"{self._desk.dialogs[-1].heading} is open")
        doing = say.WORKING if working else self._window.status.rstrip(".")
        if current.place and not working:
            doing = doing.removeprefix(say.PLACE.format(place=current.place)).lstrip(". ")
            parts.append(say.PLACE.format(place=current.place))
        if doing:
            parts.append(doing)
        self._answer(". ".join(parts) + ".")

    def forget_details(self) -> None:
        """Close what was shown about another picture."""
        if self._reading.title == say.MORE_TITLE:
            self._reading.close()

    def nothing_yet(self, working: bool) -> None:
        """Say why there is nothing to work with."""
        waiting = say.WORKING if working else say.with_keys(say.NOTHING_YET, keymap.spoken)
        self._answer(waiting)

    def _answer(self, text: str) -> None:
        self._desk.voice.answer(text)

    def _selected(self) -> str:
        widget = focused(self._desk.root)
        if isinstance(widget, ReadOnlyText) and widget.selected():
            return widget.selected()
        if isinstance(widget, tk.Entry) and widget.selection_present():
            return widget.selection_get()
        return self._window.sentence.selected()

    def _to_clipboard(self, text: str) -> None:
        self._desk.root.clipboard_clear()
        self._desk.root.clipboard_append(text)
