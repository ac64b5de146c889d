"""The settings dialog. Changes apply at once; there is nothing to confirm."""

import os
import tkinter as tk
from collections.abc import Callable
from dataclasses import replace
from tkinter import ttk
from typing import Any, cast

from image_describer import i18n
from image_describer.app import messages, theme
from image_describer.app.context import AppContext
from image_describer.app.dialogs.base import Dialog, spoken_title
from image_describer.app.dialogs.chooser.path_field import PathField
from image_describer.app.dialogs.question import QuestionDialog, do_nothing
from image_describer.app.tasks.watch import watched_folder
from image_describer.app.voice import self_voicing
from image_describer.app.widgets.button import Button
from image_describer.app.widgets.check_box import CheckBox
from image_describer.app.widgets.choice import Choice
from image_describer.app.widgets.label import Label
from image_describer.app.widgets.language_choice import LanguageChoice
from image_describer.app.widgets.scrolled_column import ScrolledColumn
from image_describer.app.widgets.slider import Slider
from image_describer.i18n import N_, _
from image_describer.settings import SETTINGS, Setting, Settings
from image_describer.text import file_name, finish, one_line

TITLE = N_("Settings")
PREFERRED_PX = (560, 600)  # if the screen is large enough
SECTION_GAP_PX = 12
ROW_GAP_PX = 3
VOICES = [
    (True, N_("Google's natural voice, online")),
    (False, N_("offline voice")),
]
VOICE_LABEL = N_("Voice of the descriptions")
SECTIONS = {
    N_("Voice"): ("online", "language", "rate", "volume", "lead_in"),
    N_("Speech"): ("speech", "voice", "verbosity", "hedging", "key_sounds"),
    N_("Look"): ("program_language", "look", "text_size"),
    N_("Privacy"): ("keep_history",),
    N_("New pictures"): ("watch", "watched_folder"),
}
HINTS = {
    "speech": N_("Results and errors only, if a screen reader says the rest"),
    "voice": N_("A screen reader has its own rate and volume"),
    "online": N_("Online sends sentences to Google, never pictures"),
    "language": N_("How Google's voice speaks English"),
    "program_language": N_("Of the program and its descriptions"),
    "lead_in": N_("For wireless headphones that swallow the first syllable"),
    "watched_folder": N_("Type another one, then Enter"),
}
UNHEDGED = N_("Without hedges, wrong descriptions sound as sure as right ones.")
HISTORY_STAYS = N_("The existing history stays until you clear it.")
DEFAULTS_TITLE = N_("Defaults")
DEFAULTS_QUESTION = N_("Set everything but the voice back to its default?")
DEFAULTS_RESTORED = N_("All but the voice is back to its default.")
CLEAR_TITLE = N_("Clear the history")
CLEAR_QUESTION = N_("Delete all past descriptions, in the search too? This can't be undone.")
CLEARED = N_("The history is empty.")
SPOKEN_ON_CHANGE = frozenset({"rate", "volume"})  # spoken with the new value in effect
# Defaults does not change the decision about privacy, nor the list of recent folders.
KEPT_BY_DEFAULTS = ("online", "voice", "reader_announced", "recent_folders")


class SettingsWindow(Dialog):
    """``apply(settings)`` uses and saves the settings, and puts them into the context.

    ``clear_history(done, failed)`` deletes past descriptions and then calls one of the two.
    ``first``: the setting that gets the focus.
    """

    own_command = "settings"
    keys_help = N_(
        "Tab goes to the next setting. The arrow keys change a value or a list, Space a check box. "
        "Changes apply at once. Enter or Escape closes."
    )

    def __init__(
        self,
        context: AppContext,
        apply: Callable[[Settings], None],
        clear_history: Callable[[Callable[[], None], Callable[[Exception], None]], None],
        first: str = "online",
    ) -> None:
        super().__init__(context, _(TITLE))
        self._apply = apply
        self._clear_history = clear_history
        self._report_error = context.report_error
        context.report_error = self._on_error
        self.controls: dict[str, Choice | CheckBox | Slider | PathField] = {}
        self._build()
        # Keys that work everywhere, such as the ones for the rate, change settings as well.
        self.bind("<KeyRelease>", lambda _event: self.refresh())
        self.open(self.controls[first])

    def refresh(self) -> None:
        """Show the present settings silently."""
        for name, control in self.controls.items():
            value = getattr(self.context.settings, name)
            if isinstance(control, PathField):
                self._show_watched_folder()
            elif isinstance(control, Slider):
                if control.value != value:
                    control.set_silently(value)
            else:
                control.set(bool(value) if name == "online" else value)

    def show_note(self, note: str) -> None:
        """Show a warning or an error under the focused control; "" removes it."""
        if not self.winfo_exists():
            return
        self._note.configure(text=one_line(note))
        if not note:
            self._note.pack_forget()
            return
        focus = self_voicing.focused(self)
        inside = focus is not None and str(focus).startswith(f"{self._column.inside}.")
        control = focus if focus is not None and inside else self.controls["online"]
        self._note.pack(in_=cast(tk.Misc, control.master), side="bottom", fill="x")
        self._note.lift()
        self._column.see(control)

    def close(self) -> None:
        """Close it; all changes have been applied."""
        self._folder_field.close()
        self.context.report_error = self._report_error
        super().close()

    def _on_error(self, error: Exception) -> None:
        """Say an error, such as settings that can't be saved, and show it in the dialog as well."""
        self._report_error(error)
        self.show_note(messages.user_message(error))

    def _build(self) -> None:
        self.body.columnconfigure(0, weight=1)
        self.body.rowconfigure(0, weight=1)
        self._column = ScrolledColumn(self.body)
        self._column.grid(row=0, column=0, sticky="nsew")
        percent = self._size_percent()
        self._column.request_size(*(theme.px(self, size * percent / 100) for size in PREFERRED_PX))
        for section, names in SECTIONS.items():
            for name in names:
                self._add_setting(name, SETTINGS[name], _(section) if name == names[0] else "")
            if "keep_history" in names:
                self.clear_button = self._add_button(
                    self._column.inside, _(CLEAR_TITLE), self._ask_to_clear
                )
        self._note = Label(self._column.inside, style="Quiet.TLabel")
        self._column.watch()
        footer = ttk.Frame(self.body)
        footer.grid(row=1, column=0, sticky="ew")
        self.defaults_button = self._add_button(footer, _(DEFAULTS_TITLE), self._ask_for_defaults)
        self.default_button = self._add_button(footer, _("Close"), self.close)

    def _size_percent(self) -> int:
        """The size of the dialog in percent; the dialog itself keeps within the screen."""
        return max(100, self.context.settings.text_size)

    def _add_setting(self, name: str, setting: Setting, heading: str) -> None:
        # Each has a row of its own; otherwise a choice would have two positions, one among its
        # values and one among the other choices.
        row = ttk.Frame(self._column.inside)
        row.pack(fill="x", pady=theme.px(self, ROW_GAP_PX))
        if heading:  # in the row, so that the focus scrolls it into view
            label = Label(row, heading, style="Heading.TLabel")
            label.pack(fill="x", pady=(theme.px(self, SECTION_GAP_PX), 0))
        control = self._control(row, name, setting)
        if isinstance(control, Slider):
            control.label.pack(fill="x")
        elif not isinstance(control, CheckBox):
            Label(row, _(VOICE_LABEL if name == "online" else setting.label)).pack(fill="x")
        control.pack(fill="x")
        self.controls[name] = control
        if name in HINTS:
            hint = _(HINTS[name])
            Label(row, finish(hint), style="Quiet.TLabel").pack(fill="x")
            known = self_voicing.widget_info(control)
            if known is not None:
                self_voicing.set_name(
                    control, known.name, role=known.role, state=known.state, hint=hint
                )

    def _control(
        self, row: tk.Misc, name: str, setting: Setting
    ) -> Choice | CheckBox | Slider | PathField:
        value, label = getattr(self.context.settings, name), _(setting.label)

        def on_change(new: Any) -> None:
            self._change(name, new)

        if name == "online":
            voices = [(online, _(voice)) for online, voice in VOICES]
            return Choice(row, voices, bool(value), on_change, name=_(VOICE_LABEL))
        if setting.kind == "switch":
            return CheckBox(row, label, value, on_change)
        if setting.kind == "language":
            return LanguageChoice(row, value, on_change, self.context.jobs, name=label)
        if setting.kind == "folder":
            return self._make_folder_field(row, setting)
        if setting.kind == "choice":
            # The names of languages are in these languages.
            choices = [
                (key, i18n.NAMES.get(key) or _(text)) for key, text in setting.choices.items()
            ]
            return Choice(row, choices, value, on_change, name=label)
        return Slider(
            row,
            setting.low,
            setting.high,
            setting.step,
            value,
            on_change,
            name=label,
            unit=_(setting.unit),
        )

    def _make_folder_field(self, row: tk.Misc, setting: Setting) -> PathField:
        self._folder_field = PathField(
            row,
            self.context.jobs,
            current_folder=lambda: os.path.expanduser("~"),
            all_files=lambda: False,
            go=self._watch,
            say=self.context.voice.answer,
        )
        self._folder_field.configure(width=1)  # as wide as the dialog, in any text size
        self_voicing.set_name(self._folder_field, _(setting.label))
        self._shown_folder = ""
        self._show_watched_folder()
        return self._folder_field

    def _show_watched_folder(self) -> None:
        """Show the folder, unless it is shown: another one may just be typed."""
        folder = watched_folder(self.context.settings)
        if folder != self._shown_folder:
            self._shown_folder = folder
            self._folder_field.show_folder(folder)

    def _watch(self, folder: str) -> None:
        """Watch the folder that was typed."""
        self.show_note("")
        self.context.voice.answer(file_name(folder))
        self._apply(replace(self.context.settings, watch=True, watched_folder=folder))
        self._shown_folder = ""  # it may have been typed in a shorter way
        self.refresh()

    def _add_button(self, master: tk.Misc, label: str, command: Callable[[], None]) -> Button:
        # In a frame of its own: its position among the others is not worth saying.
        frame = ttk.Frame(master)
        footer = master is not self._column.inside
        frame.pack(fill="x", side="left" if footer else "top")
        button = Button(frame, label, command)
        button.pack(fill="x")
        return button

    def _change(self, name: str, value: Any) -> None:
        before = self.context.settings
        self._apply(replace(before, **{name: value}))
        self.show_note("")
        if name in SPOKEN_ON_CHANGE:
            self_voicing.value_changed(self.controls[name])
        elif name == "speech" and before.speech != "all" and value != "off":
            # The old choice suppressed speaking the change.
            self.context.voice.answer(self_voicing.state_of(self.controls[name]))
        elif name == "hedging" and not value:
            self._warn(name, _(UNHEDGED))
        elif name == "keep_history" and not value:
            self._warn(name, _(HISTORY_STAYS))

    def _warn(self, name: str, warning: str) -> None:
        self.show_note(warning)
        self.context.voice.answer(f"{self_voicing.state_of(self.controls[name])}. {warning}")

    def _ask_for_defaults(self) -> None:
        self._ask(_(DEFAULTS_TITLE), _(DEFAULTS_QUESTION), _("Reset"), self._restore_defaults)

    def _restore_defaults(self) -> None:
        unchanged = {name: getattr(self.context.settings, name) for name in KEPT_BY_DEFAULTS}
        self._apply(replace(Settings(), **unchanged))
        self.refresh()
        self.show_note(_(DEFAULTS_RESTORED))
        self.context.voice.answer(_(DEFAULTS_RESTORED))

    def _ask_to_clear(self) -> None:
        self._ask(_(CLEAR_TITLE), _(CLEAR_QUESTION), _("Delete"), self._clear)

    def _ask(self, title: str, question: str, yes: str, agreed: Callable[[], None]) -> None:
        keep = (_("Keep"), do_nothing)
        dialog = QuestionDialog(self.context, title, question, keep, (yes, agreed))
        first = self_voicing.spoken_text(dialog.first_button)
        self.context.voice.answer(f"{spoken_title(title)}. {question} {first}")

    def _clear(self) -> None:
        self._clear_history(self._on_cleared, self._on_error)

    def _on_cleared(self) -> None:
        self.show_note(_(CLEARED))
        self.context.voice.answer(_(CLEARED))
