"""``image-describer search``: one's own pictures, by what is said of them."""

import argparse
from pathlib import Path

from image_describer.cli.options import add_bundle
from image_describer.text import shorten

HELP = """\
Find your pictures by words. They are found by what they show, by the words in their descriptions,
by the alt text that people wrote into them, and by the names of their files: the best first, each
with its description and below it the place where it lies. Only pictures that
'image-describer batch' has described are found. Nothing leaves this computer.
"""
EXAMPLES = """\
examples:
  image-describer batch ~/Pictures --output descriptions.jsonl
      describes them: this comes first
  image-describer search a dog in the snow
      Probably: a brown dog is playing in the snow.
          /home/ann/Pictures/2019/IMG_0412.jpg
  image-describer search --in ~/Pictures/2019 --limit 3 children at a beach
  image-describer search --json snow | jq -r .file
      one JSON object a line: file, caption, sentence, confidence, author, score, meaning, words,
      weak, changed

how it ranks:
  A picture's meaning is compared with that of all words together; from 0.5 on, about every second
  picture is what was meant, below 0.4 one in ten ("weak"), below 0.3 it is not shown. Words that
  stand in its caption, alt text or name add to that. Words the model has never learned, such as
  names of people, are found in alt texts and names of files. It learned English only.

exit status:
  0  pictures were found
  2  none was found, none has been described yet, or the index or the model can't be used
"""


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Tell the command line what may be typed after ``search``."""
    search = commands.add_parser(
        "search", help="find your pictures by words", description=HELP, epilog=EXAMPLES
    )
    search.add_argument("words", nargs="+", metavar="WORDS", help="English, quotes are not needed")
    add_choices(search)


def add_choices(parser: argparse.ArgumentParser) -> None:
    """What ``search`` and ``similar`` have in common."""
    parser.add_argument(
        "--in",
        dest="within",
        metavar="FOLDER",
        action="append",
        type=Path,
        help="only pictures below FOLDER; may be given several times",
    )
    parser.add_argument(
        "--limit", metavar="N", type=_count, default=10, help="at most N of them (10)"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object a line")
    add_bundle(parser)


def run(options: argparse.Namespace) -> int:
    """Print what ``options.words`` find; returns the exit status. Raises ImageDescriberError."""
    from image_describer.cli import search_output
    from image_describer.cli.console import DONE, REFUSED, complain
    from image_describer.library import search
    from image_describer.text import visible

    with search_output.opened(options) as (index, describer):
        words = " ".join(options.words)
        pictures = search.search(index, describer, words, options.within, options.limit)
        search_output.tell_stale(index)
    if not pictures:
        where = " in that folder" if options.within else ""
        shown = visible(shorten(words, search_output.SHOWN_CHARACTERS))
        complain(
            f'Nothing{where} fits "{shown}". Try other words, or '
            "describe more pictures: image-describer batch FOLDER."
        )
        return REFUSED
    if all(one.is_weak for one in pictures):
        complain("Nothing fits these words well. These come nearest; most are something else.")
    for one in pictures:
        search_output.tell(one, options.json)
    return DONE


def _count(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text[:9]) <= 100_000:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 to 100,000")
    return int(text)
