"""The window: opens a picture, shows it, says what it shows. Only this package uses Tkinter."""

import signal
import threading

from image_describer.app import startup
from image_describer.app.talk import Talk

# Tcl aborts the process when its interpreter is freed on another thread, as the garbage collection
# of a job that is still under way would do after the window is gone.
_KEPT: list[object] = []


def main(argv: list[str] | None = None) -> int:
    """Open the window and stay until it is closed. Exit status 2 when it can't be opened."""
    options = startup.parse(argv)
    startup.start_log()

    def talk() -> Talk:
        return startup.make_talk(options.voice, options.offline)

    try:
        startup.import_tkinter()
        return _run(options.files, options.voice, options.offline)
    except startup.StartError as error:
        return startup.fail(error, talk)


def _run(files: list[str], voice: str, offline: bool) -> int:
    import tkinter as tk

    from image_describer.app.describing import LateDescriber
    from image_describer.app.program import Program

    try:
        root = tk.Tk(className="image-describer")
    except tk.TclError as error:
        raise startup.no_display(error) from error
    _KEPT.append(root)
    if threading.current_thread() is threading.main_thread():
        # Tk's loop would see Ctrl+C in the terminal only at its next event, and as a traceback.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    talk = startup.make_talk(voice, offline)
    program = Program(root, LateDescriber(), talk)
    note = startup.note_of_first_start(voice, offline)
    # Drawn first: whoever waits should see a window, not a program that is loading.
    root.update_idletasks()
    root.after(1, program.start, startup.first_file(files), note)
    if note:
        startup.remember_note()
    root.mainloop()
    talk.close()
    return 0
