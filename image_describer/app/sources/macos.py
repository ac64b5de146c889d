"""What macOS asks of a program by other ways than keys: open these files, settings, quit."""

import tkinter as tk
from collections.abc import Callable

OPEN_FILES = "::tk::mac::OpenDocument"
SETTINGS = "::tk::mac::ShowPreferences"
QUIT = "::tk::mac::Quit"


def answer_macos(
    root: tk.Tk,
    on_files: Callable[[list[str]], None],
    settings: Callable[[], None],
    quit_it: Callable[[], None],
    windowing_system: str | None = None,
) -> bool:
    """Let Finder open files with ``on_files``, and the Apple menu run the two commands.

    Does nothing but on a Mac. ``windowing_system`` is Tk's own name for it ("aqua" on a Mac), asked
    of Tk where it is not given. Returns whether there is anything to answer.
    """
    if (windowing_system or root.tk.call("tk", "windowingsystem")) != "aqua":
        return False

    # Each by way of Tk's loop: an error inside a bare Tcl command would end the program.
    def open_files(*files: object) -> None:
        root.after_idle(on_files, [str(file) for file in files])  # one word for each file

    root.createcommand(OPEN_FILES, open_files)
    root.createcommand(SETTINGS, lambda: root.after_idle(settings))
    # Without it Command+Q, the Dock and logging out would end the process in mid-work.
    root.createcommand(QUIT, lambda: root.after_idle(quit_it))
    return True
