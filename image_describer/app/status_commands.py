"""The commands that only answer: they say, show or copy what is known about the picture."""

import tkinter as tk

from image_describer.app import help as help_text
from image_describer.app import keymap, messages
from image_describer.app.context import AppContext, CurrentPicture
from image_describer.app.dialogs.reading import ReadingWindow
from image_describer.app.voice.self_voicing import focused
from image_describer.app.widgets.read_only_text import ReadOnlyText
from image_describer.app.window import MainWindow
from image_describer.i18n import _
from image_describer.text import file_name


class StatusCommands:
    """``current`` is kept up to date by the DescribeTask.

    ``working``, where a method takes it, is whether a picture is being described or pasted.
    """

    def __init__(self, context: AppContext, window: MainWindow, current: CurrentPicture) -> None:
        self._context = context
        self._window = window
        self._current = current
        self._details = ReadingWindow(context, help_text.OF_A_TEXT)
        self._help = ReadingWindow(context)

    def repeat(self, working: bool) -> None:
        """Repeat the question of the open dialog, the description, or the last message."""
        current, dialogs = self._current, self._context.dialogs
        question = dialogs[-1].question if dialogs else ""
        if question:
            self._answer(question)
        elif working:
            self._context.voice.announce(_(messages.WORKING))
        elif current.described is not None:
            self._context.voice.say_description(current.described.spoken, asked=True)
        else:
            self._answer(
                current.message or keymap.with_keys(_(messages.NOTHING_YET), keymap.spoken)
            )

    def copy(self, working: bool, part_caption: str | None = None) -> None:
        """Copy the selected text, or else the bare caption or the text of a page.

        ``part_caption``: that of the part being explored, "" until it is described; else None.
        """
        selected = self._selected()
        if selected:
            self._copy_text(selected)
            self._answer(_(messages.COPIED_SELECTION))
        elif part_caption:
            self._copy_caption(part_caption)
        elif self._current.described is not None and part_caption is None:
            described = self._current.described
            description = described.description
            if description.text is not None and description.is_page:
                self._copy_text(description.text.text)
                self._answer(_(messages.COPIED_TEXT))
            else:
                # The caption of a drawing is invented.
                scene = description.has_scene
                self._copy_caption(description.caption if scene else described.sentence)
        else:
            self.nothing_yet(working or part_caption is not None)

    def more(self, working: bool) -> None:
        """Show and say the details of the description, or of why there is none."""
        from image_describer.wording import details

        current, described = self._current, self._current.described
        if described is None:
            if working or not current.details:
                self.nothing_yet(working)
            else:
                self._details.show(_(messages.MORE_TITLE), f"{current.message}\n{current.details}")
            return
        lines = [*details.sentences(described.description), *described.facts]
        language = described.description.language
        self._details.show(_(messages.MORE_TITLE), "\n".join(lines), language=language)

    def help(self) -> None:
        """Show and say the keys, first those of the open dialog."""
        dialogs = self._context.dialogs
        keys = dialogs[-1].keys_help if dialogs else ""
        self._help.show(_(help_text.TITLE), help_text.shown(keys), help_text.spoken(keys))

    def where(self, working: bool, explored_part: str = "", folder: str = "") -> None:
        """Say how far the ``folder`` is described, which file is open, which part of it is
        explored, which dialog is open, the state.
        """
        current, dialogs = self._current, self._context.dialogs
        open_dialog = _("{dialog} is open.").format(dialog=dialogs[-1].heading) if dialogs else ""
        if current.file is None:
            no_picture = keymap.with_keys(_(messages.NO_PICTURE), keymap.spoken)
            self._answer(f"{folder or no_picture} {open_dialog}".strip())
            return
        parts = [folder, file_name(current.file)]
        if current.described is not None:
            description = current.described.description
            parts.append(
                _("{width} by {height} pixels").format(
                    width=description.width, height=description.height
                )
            )
        if current.page is not None:
            parts.append(str(current.page))
        if explored_part:
            parts.append(_("Exploring, {part}").format(part=explored_part))
        parts.append(open_dialog)
        if working:
            parts.append(_(messages.WORKING))
        else:
            parts += [current.status, current.notice, self._window.voice_problem]
        self._answer(". ".join(part.rstrip(".") for part in parts if part) + ".")

    def close_details(self) -> None:
        """Close the details of the previous picture."""
        self._details.close()

    def nothing_yet(self, working: bool) -> None:
        """Say why there is nothing to copy, save or show."""
        if working:
            self._context.voice.announce(_(messages.WORKING))
        else:
            self._answer(keymap.with_keys(_(messages.NOTHING_YET), keymap.spoken))

    def _answer(self, text: str) -> None:
        self._context.voice.answer(text)

    def _copy_caption(self, caption: str) -> None:
        self._copy_text(caption)
        self._answer(_(messages.COPIED).format(caption=caption))

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
