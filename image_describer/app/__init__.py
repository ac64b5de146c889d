"""The window: opens a picture, shows it, says what it shows. Only this package uses Tkinter."""

import argparse
import signal
import threading

from image_describer.app import startup
from image_describer.errors import StartError

# Tcl aborts the process when its interpreter is freed on another thread, as the garbage collection
# of a job that is still under way would do after the window is gone.
_KEPT: list[object] = []
DOORS_AFTER_MS = 50  # the greeting comes first; nobody drops a file sooner


def main(argv: list[str] | None = None) -> int:
    """Open the window and stay until it is closed.

    Exit status 2 when it can't be opened, or when its display goes away. Where a window is open
    already, it is given the files, and this one ends.
    """
    options = startup.parse(argv)
    startup.start_log()
    if startup.handed_over(options):
        return 0
    try:
        startup.import_tkinter()
        return _run(options)
    except StartError as error:
        return startup.fail(error, lambda: startup.make_talk(options))


def _run(options: argparse.Namespace) -> int:
    import tkinter as tk

    from image_describer.app import loop_watch, lost_display
    from image_describer.app.commands import Program
    from image_describer.app.tasks.lazy_describer import LateDescriber
    from image_describer.library.history import History
    from image_describer.settings import SettingsFile

    try:
        root = tk.Tk(className="image-describer")
    except tk.TclError as error:
        raise startup.no_display(error) from error
    _KEPT.append(root)
    if threading.current_thread() is threading.main_thread():
        # Tk's loop would see Ctrl+C in the terminal only at its next event, and as a traceback.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    if root.tk.call("tk", "windowingsystem") == "x11":
        lost_display.watch()
    loop_watch.watch(root)
    talk = startup.make_talk(options)
    program = Program(
        root,
        LateDescriber(),
        talk,
        SettingsFile(),
        History(),
        offline=options.offline,
        mute=options.voice == "off",
        indexed=True,
    )
    # Drawn first: whoever waits should see a window, not a program that is loading.
    root.update_idletasks()
    files = startup.absolute(options.files)
    root.after(1, program.start, files, startup.may_ask(options))
    root.after(DOORS_AFTER_MS, program.open_doors, not options.new_window)
    root.mainloop()
    talk.close()
    return 0
