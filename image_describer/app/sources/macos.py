"""Answers macOS's requests to a program: open these files, open the settings, quit."""

import tkinter as tk
from collections.abc import Callable

OPEN_FILES = "::tk::mac::OpenDocument"
SETTINGS = "::tk::mac::ShowPreferences"
QUIT = "::tk::mac::Quit"


def answer_macos(
    root: tk.Tk,
    on_files: Callable[[list[str]], None],
    settings: Callable[[], None],
    quit_app: Callable[[], None],
    windowing_system: str | None = None,
) -> bool:
    """Let Finder open files with ``on_files``, and the Apple menu run the two commands.

    Returns False on other systems. ``windowing_system`` is Tk's name of the system ("aqua" on a
    Mac), by default that of ``root``.
    """
    if (windowing_system or root.tk.call("tk", "windowingsystem")) != "aqua":
        return False

    # Through Tk's loop, because an error inside a Tcl command would end the program.
    def open_files(*files: object) -> None:
        root.after_idle(on_files, [str(file) for file in files])  # Tk passes one argument per file

    root.createcommand(OPEN_FILES, open_files)
    root.createcommand(SETTINGS, lambda: root.after_idle(settings))
    # Without it, Command+Q, the Dock and logging out would kill the process.
    root.createcommand(QUIT, lambda: root.after_idle(quit_app))
    return True
