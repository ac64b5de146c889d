"""The main window's widgets: toolbar, picture, sentence, status line and menus."""

import tkinter as tk
from collections.abc import Callable, Mapping
from tkinter import font as tkfont
from tkinter import ttk

from image_describer.app import keymap, theme
from image_describer.app.jobs import JobRunner
from image_describer.app.voice import self_voicing
from image_describer.app.widgets.button import Button
from image_describer.app.widgets.fitting import FittingColumn
from image_describer.app.widgets.label import Label, WrappedLabel
from image_describer.app.widgets.picture_view import PictureView
from image_describer.app.widgets.read_only_text import ReadOnlyText
from image_describer.app.widgets.shortened import shortened
from image_describer.app.widgets.toolbar import Toolbar
from image_describer.i18n import N_, _
from image_describer.paths import assets_folder
from image_describer.text import finish, one_line

TITLE = N_("Image Describer")
TITLE_LIMIT = 250  # characters, twice a long sentence; some window managers fail on longer titles
INVITATION = N_("Open a picture")
INVITATION_HINT = N_("or drop one here, or paste it with {paste}")
NAME_MARGIN_PX = 24  # around a file's name beside the confidence
SMALLEST_PX = (640, 480)  # or the screen, if that is smaller
MENU_EDGE_PX = 16
PREFERRED_PX = (1000, 760)
SENTENCE_LINES = 3  # longer ones scroll, so that nothing moves when they come
EDGE_PX = 12  # between the cards and the window's edge
CAPTION_EDGE_PX = 18  # of the row between two cards
GAP_PX = 4  # between rows


class MainWindow:
    """Builds the widgets and fills them. ``run`` maps a command's name to its function."""

    def __init__(self, root: tk.Tk, jobs: JobRunner, run: Mapping[str, Callable[[], None]]) -> None:
        self.root = root
        self._run = run
        theme.apply_style(root, "window")
        self_voicing.set_title(root, _(TITLE))
        self._all = FittingColumn(root)
        self._all.grid(row=0, column=0, sticky="nsew")
        self.buttons = self._make_toolbar()
        self.view = PictureView(self._all.inside, jobs)
        self._invites = True  # to open a picture
        self._invitation = ttk.Frame(self.view.master, style="Card.Plain.TFrame")
        self._invitation_button = Button(self._invitation, "", run["open"], style="Primary.TButton")
        self._invitation_hint = Label(self._invitation, style="Card.Quiet.TLabel")
        self.view.bind("<Configure>", self._place_invitation, add="+")
        self._caption_row = ttk.Frame(self._all.inside)
        self._confidence = Label(self._caption_row, style="Chip.TLabel")
        self._file = Label(self._caption_row, style="Quiet.TLabel")
        self._file_name = ""
        self._caption_row.bind("<Configure>", self._show_file_name)
        self.sentence = ReadOnlyText(
            self._all.inside,
            max_lines=SENTENCE_LINES,
            font=theme.font("sentence"),
            height=SENTENCE_LINES,
            width=1,
        )
        self._status_label = WrappedLabel(self._all.inside, style="Quiet.TLabel")
        self._sentence_language = ""
        self._menu_bar: tk.Menu | None = None
        self._lay_out()
        self._all.watch()
        self._sized = False
        self.translate()
        self.fit(100)
        self._set_icon()
        self._status = ""
        self.voice_problem = ""  # why nothing is heard, shown after the status
        self.show_title(None)

    def translate(self) -> None:
        """Show all labels in the program's language, which may have changed."""
        for command in keymap.named(self.buttons):
            self.buttons[command.name].configure(text=command.label)
        self._invitation_button.configure(text=_(INVITATION))
        (paste,) = keymap.named(["paste"])
        hint = _(INVITATION_HINT).format(paste=keymap.written(paste.keys[0]))
        self._invitation_hint.configure(text=hint)
        self.root.after_idle(self._place_invitation)
        self._name_sentence()
        self._make_menus()
        if self._sized:
            self.fit(self._text_size)  # longer menus may take another line

    def _name_sentence(self) -> None:
        self_voicing.set_name(
            self.sentence, _("Description"), role="text", language=self._sentence_language
        )

    def show_title(self, file: str | None, state: str = "") -> None:
        """Put ``state`` and the file's name into the title.

        Before 9.1, the title is all that Tk gives to screen readers and braille displays.
        """
        parts = [part for part in (state[:TITLE_LIMIT], file, _(TITLE)) if part]
        self.root.title(one_line(" - ".join(parts)))
        self._file_name = one_line(file or "")
        self._show_file_name()
        self._invites = not file
        self._place_invitation()

    def _show_file_name(self, _event: object = None) -> None:
        """Show as much of it as there is room for beside the confidence."""
        confidence = self._confidence.winfo_reqwidth() if self._confidence.cget("text") else 0
        room = self._caption_row.winfo_width() - confidence - theme.px(self.root, NAME_MARGIN_PX)
        self._file.configure(text=shortened(self._file, self._file_name, room))

    def _place_invitation(self, _event: object = None) -> None:
        """Show it in an empty view that is large enough for it."""
        frame, view = self._invitation, self.view
        fits = frame.winfo_reqheight() <= view.winfo_height()
        if self._invites and fits and frame.winfo_reqwidth() <= view.winfo_width():
            frame.place(relx=0.5, rely=0.5, anchor="center")
        else:
            frame.place_forget()

    def show_status(self, status: str) -> None:
        """Show ``status`` in the line under the buttons."""
        self._status = status
        self._fill_status_line()

    def show_voice_problem(self, problem: str) -> None:
        """Show why nothing is heard, or nothing once speech is heard again."""
        self.voice_problem = problem
        self._fill_status_line()

    def _fill_status_line(self) -> None:
        status, problem = self._status, self.voice_problem
        line = f"{finish(status)} {problem}" if status and problem else status or problem
        self._status_label.configure(text=one_line(line))

    def show_sentence(self, sentence: str, confidence: str = "", language: str = "") -> None:
        """Show a sentence, and in a few words how sure it is.

        ``language``: its code, if it may be another than the program's.
        """
        self.sentence.show(sentence)
        self._sentence_language = language
        self._name_sentence()
        self._confidence.configure(text=confidence)
        # The row is as high without it.
        self._caption_row.rowconfigure(0, minsize=self._confidence.winfo_reqheight())
        if confidence:
            self._confidence.grid()
        else:
            self._confidence.grid_remove()
        self._show_file_name()

    def _make_toolbar(self) -> dict[str, Button]:
        self._toolbar = Toolbar(self._all.inside)
        left, right = keymap.TOOLBAR
        return {
            command.name: self._toolbar.add(
                command.label, self._run[command.name], right=command.name in right
            )
            for command in keymap.named(left + right)
        }

    def _lay_out(self) -> None:
        self.root.columnconfigure(0, weight=1)
        self.root.rowconfigure(0, weight=1)
        inside = self._all.inside
        inside.rowconfigure(0, weight=0)
        inside.rowconfigure(1, weight=1)
        edge, gap = theme.px(self.root, EDGE_PX), theme.px(self.root, GAP_PX)
        caption_edge = theme.px(self.root, CAPTION_EDGE_PX)
        self._toolbar.grid(row=0, column=0, sticky="ew", padx=edge, pady=gap)
        self.view.grid(row=1, column=0, sticky="nsew", padx=edge)
        self._caption_row.grid(row=2, column=0, sticky="ew", padx=caption_edge, pady=(gap, 0))
        self._confidence.grid(row=0, column=0)
        self._invitation.columnconfigure(0, weight=1)
        self._invitation_button.grid()
        self._invitation_hint.grid()
        self._file.grid(row=0, column=1)
        self.sentence.grid(row=3, column=0, sticky="ew", padx=edge)
        self._status_label.grid(row=4, column=0, sticky="ew", padx=edge)

    def _make_menus(self) -> None:
        old = self._menu_bar
        self._menu_bar = bar = tk.Menu(self.root, tearoff=False, borderwidth=0)
        for menu in keymap.MENUS:
            entries = tk.Menu(bar, tearoff=False)
            for command in keymap.in_menu(menu.name):
                entries.add_command(
                    label=command.label,
                    underline=command.underline,
                    accelerator=" ".join(keymap.written(key) for key in command.keys[:1]),
                    command=self._run[command.name],
                )
            bar.add_cascade(label=menu.label, underline=menu.underline, menu=entries)
        self.root.configure(menu=bar)
        if old is not None:
            old.destroy()

    def fit(self, text_size: int) -> None:
        """Make room for text of this size (in percent), as far as the screen allows."""
        self._text_size = text_size
        root = self.root
        least_width, width = self._fit_side(0, root.winfo_screenwidth())
        # The geometry excludes the menu bar.
        line = theme.line_height(root, "status") + theme.px(root, MENU_EDGE_PX)
        menus = self._menu_lines(width) * line
        least_height, height = self._fit_side(1, root.winfo_screenheight() - menus)
        root.minsize(least_width, least_height)
        if not self._sized or (width, height) != (root.winfo_width(), root.winfo_height()):
            root.geometry(f"{width}x{height}")
        self._sized = True
        root.after_idle(self._toolbar.arrange)

    def _fit_side(self, side: int, most: int) -> tuple[int, int]:
        """The least and the best width (``side`` 0) or height (1) where the screen has ``most``."""
        root = self.root
        least = min(theme.px(root, SMALLEST_PX[side]), most)
        now = (root.winfo_width(), root.winfo_height())[side] if self._sized else 0
        preferred = theme.px(root, PREFERRED_PX[side] * max(100, self._text_size) / 100)
        return least, min(most, max(least, now, min(preferred, most * 9 // 10)))

    def _menu_lines(self, width: int) -> int:
        """In how many lines Tk breaks the menu bar of a window of this width."""
        font = tkfont.Font(self.root, name=theme.font("status"), exists=True)
        lines, room = 1, width
        for menu in keymap.MENUS:
            needed = font.measure(f"{menu.label} ")
            if needed > room:
                lines, room = lines + 1, width
            room -= needed
        return lines

    def _set_icon(self) -> None:
        file = assets_folder() / "icon.png"
        if file.is_file():
            self._icon = tk.PhotoImage(master=self.root, file=str(file))
            self.root.iconphoto(True, self._icon)
