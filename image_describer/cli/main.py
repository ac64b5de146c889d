"""The entry point of the command line: reads the arguments, runs one command, reports errors.

Importing the commands is cheap, so that ``--help`` answers at once; each imports what it needs when
it runs.
"""

import argparse
import sys
from collections.abc import Sequence

from image_describer import __version__
from image_describer.cli import (
    batch,
    console,
    describe,
    doctor,
    install_launcher,
    match,
    read,
    search,
    serve,
    similar,
    watch,
)
from image_describer.cli.options import CommandParser
from image_describer.errors import ImageDescriberError, PictureError
from image_describer.i18n import N_, _, set_language
from image_describer.settings import SettingsFile
from image_describer.stdio import FAULT, INTERRUPTED, NO_READER, REFUSED, discard_stdout

COMMANDS = (describe, read, match, watch, batch, search, similar, serve, doctor, install_launcher)

DESCRIPTION = N_("""\
Describe photographs offline, and say how sure each description is.
To open the window instead, run: image-describer-app
""")
EXAMPLES = N_("""\
examples:
  image-describer describe --speak holiday.jpg
  image-describer read letter.jpg
  image-describer match holiday.jpg "a dog in the snow" "children at a beach"
  image-describer watch --speak ~/Pictures/Screenshots
  image-describer batch ~/Pictures --output pictures.html
  image-describer search a dog in the snow
  image-describer doctor
""")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status. Never raises, never prints a traceback."""
    console.escape_unencodable()
    set_language(SettingsFile().program_language())
    try:
        status = _run(sys.argv[1:] if argv is None else argv)
        if sys.stdout is not None:
            sys.stdout.flush()
    except ImageDescriberError as error:
        console.print_error(str(error))
        return REFUSED
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        discard_stdout()
        return NO_READER
    except Exception as fault:
        from image_describer.fault_log import record_fault

        discard_stdout()
        console.print_error(record_fault(fault))
        return FAULT
    return status


def _run(argv: Sequence[str]) -> int:
    parser = CommandParser(prog=console.PROGRAM, description=_(DESCRIPTION), epilog=_(EXAMPLES))
    parser.add_argument(
        "--version",
        action="version",
        version=f"{console.PROGRAM} {__version__}",
        help=_("print the version and exit"),
    )
    subparsers = parser.add_subparsers(title=N_("commands"), dest="command", metavar=_("COMMAND"))
    for command in COMMANDS:
        command.add_parser(subparsers)
    try:
        options = _parse(parser, subparsers.choices, argv)
    except SystemExit as end:  # argparse exits after --help, --version and usage errors
        return end.code if isinstance(end.code, int) else REFUSED
    if options.command is None:
        parser.print_help(sys.stderr)
        return REFUSED
    try:
        return int(options.run(options))
    except PictureError as error:  # of the only picture of the command
        console.print_picture_error(error, options.picture)
        return REFUSED


def _parse(
    parser: CommandParser, commands: dict[str, CommandParser], argv: Sequence[str]
) -> argparse.Namespace:
    """Like parse_args, but unknown arguments name the help of the command they were given to."""
    options, unknown = parser.parse_known_args(argv)
    if unknown:
        given_to = commands.get(options.command, parser)
        given_to.error(_("unrecognized arguments: {unknown}").format(unknown=" ".join(unknown)))
    return options
