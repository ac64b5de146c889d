"""``image-describer similar``: finds pictures like another one, and the captions nearest to it."""

import argparse

from image_describer.cli.console import print_error
from image_describer.cli.options import Subparsers, add_search_options
from image_describer.i18n import N_, _

DESCRIPTION = N_("""\
Find your pictures that are most like another one, and the captions that fit it best. Print the best
first, each with its score from -1 to 1. The captions are those of the pictures found. Only pictures
that 'image-describer batch' has described are found. Nothing leaves this computer.
""")
EXAMPLES = N_("""\
examples:
  image-describer batch ~/Pictures --output pictures.html
      describe the pictures first
  image-describer similar holiday.jpg
      0.812  Probably: a brown dog is playing in the snow.
                 /home/ann/Pictures/2019/IMG_0412.jpg
      captions that fit:
      0.655  a dog runs through the snow
  image-describer similar --json --limit 3 holiday.jpg
      one JSON object per line, with "is": "picture" or "caption"

exit status:
  0  pictures were found
  2  none was found, none has been described yet, the picture can't be read, or the index or the
     model can't be used
""")

DESCRIBE_MORE = N_("Describe more pictures: image-describer batch FOLDER --output pictures.html")


def add_parser(subparsers: Subparsers) -> None:
    """Add the command and its options."""
    parser = subparsers.add_parser(
        "similar",
        help=_("find your pictures that are like another one"),
        description=_(DESCRIPTION),
        epilog=_(EXAMPLES),
    )
    parser.add_argument("picture", metavar=_("PICTURE"), help=_("a file in any picture format"))
    add_search_options(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print what is like ``options.picture`` and return the exit status.

    Raises ImageDescriberError.
    """
    from image_describer.cli import output
    from image_describer.cli.search import opened_index, report_stale
    from image_describer.library import search
    from image_describer.stdio import DONE, REFUSED

    with opened_index(options) as (index, describer):
        similar = search.similar(index, describer, options.picture, options.within, options.limit)
        report_stale(index)
    if not similar.pictures:
        nothing = (
            _("There is no other picture in that folder to compare it with.")
            if options.within
            else _("There is no other picture to compare it with.")
        )
        print_error(f"{nothing} {_(DESCRIBE_MORE)}")
        return REFUSED
    if similar.pictures[0].is_weak:
        print_error(_("No picture is much like this one. These come nearest."))
    for found in similar.pictures:
        output.print_found(found, as_json=options.json, with_score=True)
    if similar.captions and not options.json:
        print(_("captions that fit:"))
    for caption, score in similar.captions:
        record = {"is": "caption", "caption": caption, "score": round(score, 4)}
        output.print_scored(caption, score, record if options.json else None)
    return DONE
