"""Starts the window: options, log, voice, and errors that keep it from opening."""

import argparse
import logging
import logging.handlers
import os
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import image_describer
from image_describer import i18n
from image_describer.app import keymap, messages
from image_describer.errors import ImageDescriberError, StartError
from image_describer.i18n import N_, _
from image_describer.paths import log_folder
from image_describer.settings import SettingsFile

if TYPE_CHECKING:
    from image_describer.speech import Speaker

LOG_LIMIT_BYTES = 200_000  # small enough to be sent with a report
ERROR_SPEECH_LIMIT_S = 20.0
SOURCES_AFTER_MS = 50  # drag and drop and later starts can wait for the greeting

INSTALL_TK = {
    "linux": N_("Install it with: sudo apt-get install python3-tk"),
    "darwin": N_("Install it with: brew install python-tk"),
    "win32": N_('Run Python\'s installer again, choose "Modify", and tick "tcl/tk and IDLE".'),
}
INSTALL_TK_ELSEWHERE = N_("Install Tk for Python from your system's packages.")
WITHOUT_WINDOW = N_(
    "To describe a picture without a window, run: image-describer describe PICTURE."
)

# Tcl aborts the process when another thread frees its interpreter, as the garbage collection of a
# job that outlives the window would do.
_KEPT: list[object] = []

log = logging.getLogger(__name__)


def main(argv: list[str] | None = None) -> int:
    """Open the window and return once it is closed; the exit status.

    2 if it can't be opened. If another window is already open, it takes the files, and this
    process ends.
    """
    i18n.set_language(SettingsFile().program_language())
    options = parse(argv)
    start_log()
    if hand_over_files(options):
        return 0
    try:
        import_tkinter()
        return run(options)
    except StartError as error:
        return report_failure(error, make_speaker_for(options))


def parse(argv: list[str] | None) -> argparse.Namespace:
    """The options. Exits with 2 on a wrong one, with 0 after --help and --version."""
    vars(argparse).update(_=i18n.gettext, ngettext=i18n.ngettext)  # as on the command line
    parser = argparse.ArgumentParser(
        prog="image-describer-app",
        description=_("Open a picture in a window, and say what it shows."),
        epilog=_("Keys:") + "\n  " + "\n  ".join(keymap.help_lines()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "files",
        nargs="*",
        metavar=_("FILE"),
        help=_("open this picture (only the first is opened)"),
    )
    network = parser.add_mutually_exclusive_group()
    network.add_argument(
        "--online",
        dest="offline",
        action="store_false",
        help=_(
            "let Google's voice read descriptions this time, whatever the settings say; only the "
            "sentence is sent to Google, never the picture"
        ),
    )
    network.add_argument(
        "--offline", action="store_true", help=_("never use the network; speak with espeak-ng")
    )
    parser.set_defaults(offline=None)
    parser.add_argument(
        "--voice",
        choices=("on", "off"),
        default="on",
        help=_("off: show descriptions without speaking (default: on)"),
    )
    parser.add_argument(
        "--new-window", action="store_true", help=_("open another window beside one that is open")
    )
    parser.add_argument(
        "--speech-log",
        type=Path,
        metavar=_("FILE"),
        help=_("write everything that is said to FILE, one JSON object per line, with times"),
    )
    parser.add_argument(
        "--version",
        action="version",
        version=f"Image Describer {image_describer.__version__}",  # untranslated
        help=_("print the version and exit"),
    )
    return parser.parse_args(argv)


def start_log() -> None:
    """Write the package's log to a file, if it can be written."""
    logger = logging.getLogger("image_describer")
    logger.setLevel(logging.INFO)
    logger.propagate = False
    try:
        handler: logging.Handler = logging.handlers.RotatingFileHandler(
            log_folder() / messages.LOG_NAME,
            maxBytes=LOG_LIMIT_BYTES,
            backupCount=1,
            encoding="utf-8",
        )
    except OSError:
        handler = logging.NullHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logger.addHandler(handler)


def hand_over_files(options: argparse.Namespace) -> bool:
    """Whether a window that is already open has taken the files."""
    if options.new_window:
        return False
    from image_describer.app.sources.single_instance import hand_over

    return hand_over(options.files, options.offline is True)


def import_tkinter() -> None:
    """Raises StartError where Python comes without Tk, as on Debian."""
    try:
        import tkinter  # noqa: F401

        from PIL import ImageTk  # noqa: F401
    except ImportError as error:
        log.error("tkinter can't be imported: %s", error)
        way_out = _(INSTALL_TK.get(sys.platform, INSTALL_TK_ELSEWHERE))
        raise StartError(
            _("Image Describer can't open its window: Python's tkinter is missing."),
            f"{way_out}\n{_(WITHOUT_WINDOW)}",
        ) from error


def run(options: argparse.Namespace) -> int:
    """Open the window and run its loop. Raises StartError where there is no display."""
    import tkinter as tk

    from image_describer.app import scaling
    from image_describer.app.commands import Application
    from image_describer.app.tasks.lazy_describer import LazyDescriber
    from image_describer.library.history import History

    scaling.be_dpi_aware()
    try:
        root = tk.Tk(className="image-describer")
    except tk.TclError as error:
        raise no_display_error(error) from error
    _KEPT.append(root)
    if threading.current_thread() is threading.main_thread():
        # Tk's loop would notice Ctrl+C in the terminal only at its next event.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    speaker = make_speaker_for(options)
    app = Application(
        root,
        LazyDescriber(),
        speaker,
        SettingsFile(),
        History(),
        offline=options.offline,
        mute=options.voice == "off",
        indexed=True,
    )
    root.update_idletasks()  # show the window before anything else is loaded
    root.after(1, app.start, absolute_paths(options.files), asks_for_voice(options))
    root.after(SOURCES_AFTER_MS, app.open_sources, not options.new_window)
    root.mainloop()
    speaker.close()
    return 0


def make_speaker_for(options: argparse.Namespace) -> "Speaker":
    """The speaker that the options ask for; the settings are applied later."""
    from image_describer.speech import make_speaker

    return make_speaker(
        offline=options.offline is not False,
        voice="auto",
        muted=options.voice == "off",
        log_file=options.speech_log,
    )


def asks_for_voice(options: argparse.Namespace) -> bool:
    """Whether to ask for the voice on the first start: not if an option already answers it."""
    return options.voice == "on" and options.offline is None


def no_display_error(error: Exception) -> StartError:
    """The error for a machine without a screen to draw on."""
    display = os.environ.get("DISPLAY")
    reason = (
        _("the display {display} does not answer").format(display=repr(display))
        if display
        else _("there is no display")
    )
    if sys.platform in ("win32", "darwin"):
        reason = _("the screen can't be used ({error})").format(error=error)
    return StartError(
        _("Image Describer can't open its window: {reason}.").format(reason=reason),
        _(WITHOUT_WINDOW),
    )


def report_failure(error: ImageDescriberError, speaker: "Speaker") -> int:
    """Print and speak why there is no window; the exit status."""
    log.error("%s", error)
    if sys.stderr is not None:  # a GUI script on Windows has none
        print(error, file=sys.stderr, flush=True)
    speaker.say(error.sentence, kind="error")
    speaker.wait(ERROR_SPEECH_LIMIT_S)
    speaker.close()
    return 2


def absolute_paths(files: list[str]) -> list[str]:
    """The files by paths that don't depend on the current folder."""
    return [str(Path(file).absolute()) for file in files]
