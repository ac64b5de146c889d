"""The window's widgets: picture, sentence, buttons, status line, menus; program.py moves them."""

import tkinter as tk
from collections.abc import Callable, Mapping
from tkinter import font as tkfont

from image_describer.app import keymap, theme
from image_describer.app.messages import printable
from image_describer.app.tasks.jobs import Jobs
from image_describer.app.voice import self_voicing
from image_describer.app.widgets.basic import Button, Label
from image_describer.app.widgets.button_row import ButtonRow
from image_describer.app.widgets.page import Fitting
from image_describer.app.widgets.picture_view import PictureView
from image_describer.app.widgets.read_only_text import ReadOnlyText
from image_describer.paths import assets_folder

TITLE = "Image Describer"
TITLE_CHARACTERS = 250  # twice a long sentence; some window managers choke on endless titles
STATUS_MARGIN_PX = 12
SMALLEST_PX = (640, 480)  # or what is left of the screen
MENU_EDGE_PX = 16
PREFERRED_PX = (1000, 760)
SENTENCE_LINES = (2, 6)  # six leave room for the picture in the smallest window


class Window:
    """Builds the widgets and shows what it is told. ``run`` has a function for each command."""

    def __init__(self, root: tk.Tk, jobs: Jobs, run: Mapping[str, Callable[[], None]]) -> None:
        self.root = root
        theme.dress(root, "window")
        self_voicing.title(root, TITLE)
        self._all = Fitting(root)
        self._all.grid(row=0, column=0, sticky="nsew")
        self.view = PictureView(self._all.inside, jobs)
        self.sentence = ReadOnlyText(
            self._all.inside,
            lines=SENTENCE_LINES,
            font=theme.font("sentence"),
            height=SENTENCE_LINES[0],
            width=1,
        )
        self_voicing.name(self.sentence, "Description", role="text")
        self.buttons = self._make_buttons(run)
        self._status = Label(
            self._all.inside, font=theme.font("status"), padx=STATUS_MARGIN_PX, pady=4
        )
        theme.dress(self._status, "status")
        self._status.bind("<Configure>", self._wrap_status)
        self._lay_out()
        self._all.watch()
        self._make_menus(run)
        self._sized = False
        self.fit(100)
        self._set_icon()
        self.show_title(None)

    def show_title(self, file: str | None, state: str = "") -> None:
        """Name the window after what it says and the file.

        Tk tells screen readers and braille displays nothing else about a window.
        """
        parts = [part for part in (state[:TITLE_CHARACTERS], file, TITLE) if part]
        self.root.title(printable(" - ".join(parts)))

    def show_status(self, status: str) -> None:
        """One line under the buttons."""
        self._status.configure(text=printable(status))

    @property
    def status(self) -> str:
        return str(self._status.cget("text"))

    def _wrap_status(self, event: "tk.Event[tk.Label]") -> None:
        self._status.configure(wraplength=event.width - 2 * STATUS_MARGIN_PX)

    def _make_buttons(self, run: Mapping[str, Callable[[], None]]) -> dict[str, Button]:
        self._bar = ButtonRow(self._all.inside)
        return {
            command.name: self._bar.add(button_text(command), run[command.name])
            for command in keymap.buttons()
        }

    def _lay_out(self) -> None:
        self.root.columnconfigure(0, weight=1)
        self.root.rowconfigure(0, weight=1)
        self.view.grid(row=0, column=0, sticky="nsew", padx=8, pady=8)
        self.sentence.grid(row=1, column=0, sticky="ew", padx=8)
        self._bar.grid(row=2, column=0, sticky="ew", padx=8, pady=4)
        self._status.grid(row=3, column=0, sticky="ew")

    def _make_menus(self, run: Mapping[str, Callable[[], None]]) -> None:
        bar = tk.Menu(self.root, tearoff=False, borderwidth=0)
        for menu in keymap.MENUS:
            entries = tk.Menu(bar, tearoff=False)
            for command in keymap.in_menu(menu.name):
                entries.add_command(
                    label=command.label,
                    underline=command.label.lower().index(command.letter.lower()),
                    accelerator=" ".join(keymap.written(key) for key in command.keys[:1]),
                    command=run[command.name],
                )
            bar.add_cascade(label=menu.name, underline=menu.name.index(menu.letter), menu=entries)
        self.root.configure(menu=bar)

    def fit(self, text_size: int) -> None:
        """Make room for type of this size (in percent), as far as the screen goes."""
        # What is asked for is the room under the menus, which have the screen's first line.
        menus = (
            tkfont.Font(self.root, font=theme.font("status")).metrics("linespace") + MENU_EDGE_PX
        )
        screen = self.root.winfo_screenwidth(), self.root.winfo_screenheight() - menus
        smallest = [min(least, there) for least, there in zip(SMALLEST_PX, screen, strict=True)]
        self.root.minsize(*smallest)
        now = (self.root.winfo_width(), self.root.winfo_height()) if self._sized else (0, 0)
        wanted = (size * max(100, text_size) // 100 for size in PREFERRED_PX)
        width, height = (
            min(there, max(least, is_now, min(size, there * 9 // 10)))
            for least, is_now, size, there in zip(smallest, now, wanted, screen, strict=True)
        )
        if (width, height) != now:
            self.root.geometry(f"{width}x{height}")
        self._sized = True
        self.root.after_idle(self._bar.arrange)

    def _set_icon(self) -> None:
        file = assets_folder() / "icon.png"
        if file.is_file():
            self._icon = tk.PhotoImage(master=self.root, file=str(file))
            self.root.iconphoto(True, self._icon)


def button_text(command: keymap.Command) -> str:
    """The label, and under it the key that does the same."""
    key = keymap.written(command.keys[0])
    return f"{command.label}\n{key.removesuffix(' alone')}"
