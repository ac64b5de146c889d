"""Options and argument types that several commands share, and the parser they use."""

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn, TypeAlias

from image_describer.cli.console import print_status
from image_describer.i18n import N_, _, gettext, ngettext
from image_describer.stdio import REFUSED
from image_describer.text import number, visible

HELP_COLUMN = 28
RESULTS_LIMIT = 100_000

# argparse's own words. It translates them by these functions when it uses them.
ARGPARSE_WORDS = (
    N_("usage: "),
    N_("positional arguments"),
    N_("options"),
    N_("show this help message and exit"),
    N_("argument %(argument_name)s: %(message)s"),
    N_("the following arguments are required: %s"),
    N_("one of the arguments %s is required"),
    N_("not allowed with argument %s"),
    N_("expected one argument"),
    N_("expected at least one argument"),
    N_("ignored explicit argument %r"),
    N_("invalid choice: %(value)r (choose from %(choices)s)"),
)
vars(argparse).update(_=gettext, ngettext=ngettext)

Subparsers: TypeAlias = "argparse._SubParsersAction[CommandParser]"


class HelpFormatter(argparse.RawDescriptionHelpFormatter):
    """Keeps line breaks, and leaves room for long options before their help."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=HELP_COLUMN)


class CommandParser(argparse.ArgumentParser):
    """An ArgumentParser without abbreviated options, which break scripts with the next option."""

    def __init__(self, **arguments: Any) -> None:
        arguments.setdefault("formatter_class", HelpFormatter)
        super().__init__(allow_abbrev=False, **arguments)

    def error(self, message: str) -> NoReturn:
        self.exit(
            REFUSED,
            _("{prog}: {message}. Try: {prog} --help\n").format(
                prog=self.prog, message=visible(message)
            ),
        )


def add_bundle(parser: argparse.ArgumentParser) -> None:
    """``--bundle``: the model to use."""
    parser.add_argument(
        "--bundle",
        metavar=_("FOLDER"),
        type=Path,
        help=_("use the model in FOLDER (default: the shipped one)"),
    )


def add_language(parser: argparse.ArgumentParser, text: str = "") -> None:
    """``--language``: that of descriptions, or what ``text`` says; see `description_language`."""
    parser.add_argument(
        "--language",
        metavar=_("CODE"),
        type=_language,
        help=text or _("describe in this language, such as de (default: the one in the settings)"),
    )


def description_language(options: argparse.Namespace, languages: Sequence[str]) -> str:
    """Return the language to describe in: the given one, or the program's, or English.

    ``languages`` are those of the model; if the program's is not among them, that is said on
    stderr. Raises DescriptionLanguageError if the given one is not.
    """
    from image_describer.captioner.bundle import check_language
    from image_describer.captioner.languages import default_language, excuse

    if options.language is not None:
        check_language(options.language, languages)
        return str(options.language)
    if sentence := excuse(languages):
        print_status(sentence)
    return default_language(languages)


def add_json(parser: argparse.ArgumentParser) -> None:
    """``--json``: output for programs."""
    parser.add_argument("--json", action="store_true", help=_("print one JSON object per line"))


def add_search_options(parser: argparse.ArgumentParser) -> None:
    """The options that ``search`` and ``similar`` share."""
    parser.add_argument(
        "--in",
        dest="within",
        metavar=_("FOLDER"),
        action="append",
        type=Path,
        help=_("find only pictures below FOLDER; can be given several times"),
    )
    parser.add_argument(
        "--limit",
        metavar="N",
        type=whole_number(1, RESULTS_LIMIT),
        default=10,
        help=_("print at most N pictures (default: 10)"),
    )
    add_json(parser)
    add_bundle(parser)


def _language(text: str) -> str:
    """A code as models have it, "de", from codes such as "de-AT" or "DE"."""
    code = text.replace("_", "-").split("-")[0].lower()
    if not (code.isascii() and code.isalpha() and 2 <= len(code) <= 3):
        raise argparse.ArgumentTypeError(
            _("{text!r} is not the code of a language, such as en or de").format(text=text)
        )
    return code


def whole_number(low: int, high: int) -> Callable[[str], int]:
    """Return an argument type for whole numbers from ``low`` to ``high``."""

    def parse(text: str) -> int:
        if not text.isdecimal() or not low <= int(text[:9]) <= high:
            raise argparse.ArgumentTypeError(
                _("{text!r} is not a whole number from {low} to {high}").format(
                    text=text, low=low, high=number(high)
                )
            )
        return int(text)

    return parse
