"""The program's first second: options, log, voice, and failing in words."""

import argparse
import logging
import logging.handlers
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import image_describer
from image_describer.app import keymap, messages
from image_describer.app.voice.talk import Talk
from image_describer.errors import ImageDescriberError, StartError
from image_describer.paths import log_folder

if TYPE_CHECKING:
    from image_describer.speech import Speaker

LOG_BYTES = 200_000  # what one would still send with a report
LAST_WORDS_S = 20.0  # nobody waits longer for a failed program to finish its sentence

INSTALL_TK = {
    "linux": "Install it with: sudo apt-get install python3-tk",
    "darwin": "Install it with: brew install python-tk",
    "win32": 'Run Python\'s installer again, choose "Modify", and tick "tcl/tk and IDLE".',
}
INSTALL_TK_ELSEWHERE = "Install Tk for Python from your system's packages."
WITHOUT_WINDOW = "Without a window, use: image-describer describe PICTURE --speak"

log = logging.getLogger(__name__)


def parse(argv: list[str] | None) -> argparse.Namespace:
    """The options. Exits with 2 on a wrong one, with 0 after --help and --version."""
    parser = argparse.ArgumentParser(
        prog="image-describer-app",
        description="Opens a picture, shows it, and says what it shows.",
        epilog="Keys:\n  " + "\n  ".join(keymap.help_lines()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("files", nargs="*", metavar="FILE", help="a picture; the first is opened")
    network = parser.add_mutually_exclusive_group()
    network.add_argument(
        "--online",
        dest="offline",
        action="store_false",
        help="let Google's voice read descriptions this time, whatever the settings say: the "
        "sentence, never the picture, goes to Google",
    )
    network.add_argument(
        "--offline", action="store_true", help="never touch the network; speak with espeak-ng"
    )
    parser.set_defaults(offline=None)
    parser.add_argument("--voice", choices=("on", "off"), default="on", help="off: show, don't say")
    parser.add_argument(
        "--new-window", action="store_true", help="open a window of its own beside an open one"
    )
    parser.add_argument(
        "--speech-log",
        type=Path,
        metavar="FILE",
        help="write down everything that is said, with its times, one JSON object a line",
    )
    parser.add_argument(
        "--version", action="version", version=f"Image Describer {image_describer.__version__}"
    )
    return parser.parse_args(argv)


def start_log() -> None:
    """Write what the package logs to a file; a program without a log still has to start."""
    logger = logging.getLogger("image_describer")
    logger.setLevel(logging.INFO)
    logger.propagate = False
    try:
        handler: logging.Handler = logging.handlers.RotatingFileHandler(
            log_folder() / messages.LOG_NAME, maxBytes=LOG_BYTES, backupCount=1, encoding="utf-8"
        )
    except OSError:
        handler = logging.NullHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logger.addHandler(handler)


def make_talk(options: argparse.Namespace) -> Talk:
    """The voice that the options ask for; the settings follow, by Talk.configure."""

    def build() -> "Speaker":
        from image_describer.speech import make_speaker

        return make_speaker(offline=options.offline is not False, log_file=options.speech_log)

    return Talk(build if options.voice == "on" else None)


def may_ask(options: argparse.Namespace) -> bool:
    """Whether the voice may be asked for: somebody hears the question, and nothing is chosen."""
    return options.voice == "on" and options.offline is None


def import_tkinter() -> None:
    """Raises StartError where Python comes without Tk, as it does on Debian."""
    try:
        import tkinter  # noqa: F401

        from PIL import ImageTk  # noqa: F401
    except ImportError as error:
        log.error("tkinter can't be imported: %s", error)
        way_out = INSTALL_TK.get(sys.platform, INSTALL_TK_ELSEWHERE)
        raise StartError(
            "Image Describer can't open its window: Python's tkinter is missing.",
            f"{way_out}\n{WITHOUT_WINDOW}",
        ) from error


def no_display(error: Exception) -> StartError:
    """The error for a machine with no screen to draw on."""
    display = os.environ.get("DISPLAY")
    where = f"the display {display!r} does not answer" if display else "there is no display"
    if sys.platform in ("win32", "darwin"):
        where = f"the screen can't be used ({error})"
    return StartError(f"Image Describer can't open its window: {where}.", WITHOUT_WINDOW)


def fail(error: ImageDescriberError, say: Callable[[], Talk]) -> int:
    """Tell the terminal and the ears why there is no window; the exit status."""
    log.error("%s", error)
    if sys.stderr is not None:  # a GUI script on Windows has none
        print(error, file=sys.stderr, flush=True)
    talk = say()
    talk.say(error.sentence)
    talk.finish(LAST_WORDS_S)
    talk.close()
    return 2


def absolute(files: list[str]) -> list[str]:
    """The files, by paths that mean the same in every folder."""
    return [str(Path(file).absolute()) for file in files]


def handed_over(options: argparse.Namespace) -> bool:
    """Whether a window that is open already has taken the files."""
    if options.new_window:
        return False
    from image_describer.app.sources.single_instance import hand_over

    return hand_over(options.files, options.offline is True)
