"""``image-describer search``: finds the user's own pictures by words."""

import argparse
import contextlib
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

from image_describer.cli.console import print_error
from image_describer.cli.options import Subparsers, add_language, add_search_options
from image_describer.i18n import N_, _
from image_describer.text import plural

if TYPE_CHECKING:
    from image_describer.captioner.describer import Describer
    from image_describer.library.index import Index

QUERY_CHARACTERS = 80  # of the query, in a message
DESCRIBE_MORE = N_(
    "Try other words, or describe more pictures: "
    "image-describer batch FOLDER --output pictures.html"
)
DESCRIBE_AGAIN = N_("To describe them again: image-describer batch FOLDER --output pictures.html")

DESCRIPTION = N_("""\
Find your pictures by what they show, by the words of their descriptions, by what is written in
them, by alt text that people wrote into them and by their file names. Print the best first: the
description, and the path below it. Only pictures that 'image-describer batch' has described are
found. Nothing leaves this computer.
""")
EXAMPLES = N_("""\
examples:
  image-describer batch ~/Pictures --output pictures.html
      describe the pictures first
  image-describer search a dog in the snow
      Probably: a brown dog is playing in the snow.
          /home/ann/Pictures/2019/IMG_0412.jpg
  image-describer search --in ~/Pictures/2019 --limit 3 children at a beach
  image-describer search --json snow | jq -r .file

ranking:
  The meaning of a picture is compared with that of all words together. From 0.5 on, about every
  second picture is what was meant; below 0.4 one in ten ("weak"); below 0.3 it is not shown. Words
  that occur in its caption, its alt text, the text in it or its name add to that. Names of people
  and other words that the model has not learned are found in texts and file names.

exit status:
  0  pictures were found
  2  none was found, none has been described yet, or the index or the model can't be used
""")


def add_parser(subparsers: Subparsers) -> None:
    """Add the command and its options."""
    parser = subparsers.add_parser(
        "search",
        help=_("find your pictures by words"),
        description=_(DESCRIPTION),
        epilog=_(EXAMPLES),
    )
    parser.add_argument("words", nargs="+", metavar=_("WORD"), help=_("no quotes needed"))
    add_language(parser, _("the language of the words (default: the one they are in)"))
    add_search_options(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print the pictures that fit ``options.words`` and return the exit status.

    Raises ImageDescriberError.
    """
    from image_describer.cli import output
    from image_describer.library import search
    from image_describer.stdio import DONE, REFUSED
    from image_describer.text import shorten, visible

    words = " ".join(options.words)
    with opened_index(options) as (index, describer):
        pictures = search.search(
            index, describer, words, options.within, options.limit, language=options.language
        )
        report_stale(index)
    if not pictures:
        nothing = (
            _('Nothing in that folder matches "{query}".')
            if options.within
            else _('Nothing matches "{query}".')
        ).format(query=visible(shorten(words, QUERY_CHARACTERS)))
        print_error(f"{nothing} {_(DESCRIBE_MORE)}")
        return REFUSED
    if all(found.is_weak for found in pictures):
        print_error(
            _("Nothing matches these words well. Most of these pictures show something else.")
        )
    for found in pictures:
        output.print_found(found, as_json=options.json)
    return DONE


@contextlib.contextmanager
def opened_index(options: argparse.Namespace) -> "Iterator[tuple[Index, Describer]]":
    """Open the index and load the model, after checking that there is something to search.

    Raises LibraryError for an empty index or a folder that doesn't exist, and BundleError.
    """
    from image_describer.errors import BundleError, LibraryError
    from image_describer.library.index import Index, model_id
    from image_describer.library.search_record import DESCRIBE_FIRST, NOTHING_DESCRIBED
    from image_describer.stdio import stderr_silenced
    from image_describer.text import visible

    for folder in options.within or ():
        if not os.path.isdir(folder):
            raise LibraryError(
                _('There is no folder "{folder}".').format(folder=visible(str(folder))),
                _("Check the spelling of its name."),
            )
    with Index.open() as index:
        if index.warning:
            print_error(index.warning)
        if not len(index):
            raise LibraryError(_(NOTHING_DESCRIBED), _(DESCRIBE_FIRST))
        if options.within and not len(index.ids_below(options.within)):
            raise LibraryError(
                _("No picture in that folder has been described yet."), _(DESCRIBE_FIRST)
            )
    from image_describer.captioner.describer import Describer

    with stderr_silenced():
        describer = Describer(bundle=options.bundle)
        with contextlib.suppress(BundleError):  # without a joint space, only words are searched
            _unused = describer.joint_space
    with Index.open(model=model_id(describer)) as index:
        yield index, describer


def report_stale(index: "Index") -> None:
    """Say on stderr how many pictures were described by another model."""
    count = index.count_stale()
    if count:
        stale = plural(
            "{count} picture was described by another model and may not be found.",
            "{count} pictures were described by another model and may not be found.",
            count,
        )
        print_error(f"{stale} {_(DESCRIBE_AGAIN)}")
