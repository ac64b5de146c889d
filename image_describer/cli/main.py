"""The command line: what may be typed, and how a command ends.

Only argparse is imported here, so that ``--help`` answers at once; each command imports what it
needs.
"""

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import NoReturn

from image_describer import __version__
from image_describer.cli import console
from image_describer.cli.options import add_bundle
from image_describer.errors import ImageDescriberError

# Each has run(options) -> exit status; some have add_parser(commands), too.
COMMANDS = {
    "describe": "image_describer.cli.describe",
    "match": "image_describer.cli.match",
    "batch": "image_describer.cli.batch",
    "search": "image_describer.cli.search",
    "similar": "image_describer.cli.similar",
    "serve": "image_describer.cli.serve",
    "doctor": "image_describer.cli.doctor",
    "install-launcher": "image_describer.cli.install_launcher",
}
OF_THEIR_OWN = ("batch", "search", "similar", "serve")

EXAMPLES = """\
examples:
  image-describer describe holiday.jpg
  image-describer describe --speak *.jpg
  image-describer describe --json holiday.jpg
  image-describer match holiday.jpg "a dog in the snow" "children at a beach"
  image-describer search a dog in the snow
  image-describer similar holiday.jpg
  image-describer batch ~/Pictures --output pictures.html
  image-describer serve
  image-describer doctor
  image-describer install-launcher
"""

DESCRIBE_HELP = """\
Say what each picture shows: one line a picture, in the order given. The sentence says how sure it
is; it can be wrong all the same. The picture never leaves this computer.
"""

DESCRIBE_EXAMPLES = """\
examples:
  image-describer describe holiday.jpg
      Probably: a brown dog runs through the grass.
  image-describer describe --speak --offline holiday.jpg
      prints it and says it with the voice on this computer
  image-describer describe --save-speech album.mp3 a.jpg b.jpg
      prints two lines and writes both, spoken, into one sound file
  image-describer describe --json *.jpg > descriptions.jsonl
      one JSON object a line: file, caption, sentence, confidence, alternatives, words, notes, ...

privacy:
  With --speak or --save-speech, Google's voice (gTTS) is used when there is a network: the
  sentence is sent to Google, never the picture. --offline keeps the sentence here, too.

exit status:
  0  every picture was described. Speech that could not be heard does not change this: the line
     was printed, and stderr says why nothing was heard.
  2  a picture could not be read (stderr has a sentence for each; the others were described all
     the same), the model is damaged, or the sound file could not be written.
"""

MATCH_HELP = """\
Say which of some English sentences fits a picture best: one line a sentence, the best first, with
its score from -1 to 1. The score is made to compare sentences; it is no probability.
"""

MATCH_EXAMPLES = """\
examples:
  image-describer match holiday.jpg "a dog in the snow" "children at a beach"
      prints two lines, each a score and its sentence
  image-describer match --json holiday.jpg "a dog in the snow"

exit status:
  0  every sentence was compared
  2  the picture could not be read, a sentence holds no word, or the model is damaged or can't match
"""

DOCTOR_HELP = """\
Say what works on this computer and how to mend what does not: the model, the voices, the player,
the display and the network.
"""

DOCTOR_EXAMPLES = """\
privacy:
  Whether Google's voice answers is found out by asking it, without a sentence of yours. With
  --offline nothing is asked.

exit status:
  0  a picture can be described and heard
  1  a picture can be described, but not heard
  2  no picture can be described
"""

LAUNCHER_HELP = """\
Put Image Describer with its icon on your desktop, in your menu of applications and into 'Open with'
for pictures. Only you get it, nobody else on this computer. Again does no harm.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit status. Never raises and never prints a traceback."""
    console.escape_what_cannot_be_shown()
    try:
        status = _run(sys.argv[1:] if argv is None else argv)
        if sys.stdout is not None:
            sys.stdout.flush()
    except ImageDescriberError as error:
        console.complain(str(error))
        return console.REFUSED
    except KeyboardInterrupt:
        return console.INTERRUPTED
    except BrokenPipeError:
        console.drop_output()
        return console.NO_READER
    except Exception as fault:
        console.drop_output()  # a full disk would be complained of again while Python shuts down
        console.complain(console.own_up(fault))
        return console.FAULT
    return status


def _run(argv: Sequence[str]) -> int:
    parser = _parser()
    try:
        options = parser.parse_args(argv)
    except SystemExit as end:  # argparse ends the process after --help, --version and mistakes
        return end.code if isinstance(end.code, int) else console.REFUSED
    if options.command in COMMANDS:
        return int(import_module(COMMANDS[options.command]).run(options))
    parser.print_help(sys.stderr)
    return console.REFUSED


class _Parser(argparse.ArgumentParser):
    """argparse, with help that keeps its lines and no abbreviated options (they break scripts)."""

    def __init__(self, **settings: object) -> None:
        settings.setdefault("formatter_class", argparse.RawDescriptionHelpFormatter)
        super().__init__(allow_abbrev=False, **settings)  # type: ignore[arg-type]

    def error(self, message: str) -> NoReturn:
        from image_describer.text import visible

        self.exit(console.REFUSED, f"{self.prog}: {visible(message)}. Try: {self.prog} --help\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog=console.PROGRAM,
        description="Says what a photograph shows, offline, and how sure it is.",
        epilog=EXAMPLES,
    )
    parser.add_argument("--version", action="version", version=f"{console.PROGRAM} {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    _add_describe(commands)
    _add_match(commands)
    for name in OF_THEIR_OWN:
        import_module(COMMANDS[name]).add_parser(commands)
    _add_doctor(commands)
    _add_launcher(commands)
    return parser


def _add_describe(commands: "argparse._SubParsersAction[_Parser]") -> None:
    describe = commands.add_parser(
        "describe",
        help="say what pictures show",
        description=DESCRIBE_HELP,
        epilog=DESCRIBE_EXAMPLES,
    )
    describe.add_argument("pictures", nargs="+", metavar="PICTURE", help="a file, in any format")
    describe.add_argument("--json", action="store_true", help="print one JSON object a line")
    describe.add_argument("--speak", action="store_true", help="say it, too, and wait until heard")
    describe.add_argument(
        "--save-speech",
        metavar="FILE",
        type=_sound_file,
        help="write what would be said to FILE, which ends in .wav or .mp3",
    )
    describe.add_argument("--offline", action="store_true", help="never touch the network")
    add_bundle(describe)


def _add_match(commands: "argparse._SubParsersAction[_Parser]") -> None:
    match = commands.add_parser(
        "match",
        help="say which sentence fits a picture best",
        description=MATCH_HELP,
        epilog=MATCH_EXAMPLES,
    )
    match.add_argument("picture", metavar="PICTURE", help="a file, in any format")
    match.add_argument("sentences", nargs="+", metavar="SENTENCE", help="English, each in quotes")
    match.add_argument("--json", action="store_true", help="print one JSON object a line")
    add_bundle(match)


def _add_doctor(commands: "argparse._SubParsersAction[_Parser]") -> None:
    doctor = commands.add_parser(
        "doctor",
        help="say what works here, and how to mend what does not",
        description=DOCTOR_HELP,
        epilog=DOCTOR_EXAMPLES,
    )
    doctor.add_argument("--offline", action="store_true", help="never touch the network")
    add_bundle(doctor)


def _add_launcher(commands: "argparse._SubParsersAction[_Parser]") -> None:
    launcher = commands.add_parser(
        "install-launcher",
        help="put Image Describer on the desktop and in the menu",
        description=LAUNCHER_HELP,
    )
    launcher.add_argument("--remove", action="store_true", help="take all of it away again")


def _sound_file(name: str) -> Path:
    """A path that speech can be written to, checked before any work is done for it."""
    path = Path(name)
    if path.suffix.lower() not in (".wav", ".mp3"):
        raise argparse.ArgumentTypeError(f"{name!r} ends in neither .wav nor .mp3")
    if path.is_dir() or not path.parent.is_dir():
        raise argparse.ArgumentTypeError(f"{name!r} is a folder or lies in none that exists")
    return path
