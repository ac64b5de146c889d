"""``image-describer similar``: pictures like one, and the captions nearest to it."""

import argparse

from image_describer.cli.search import add_choices

HELP = """\
Find your pictures that are most like another one, the best first, and the captions that fit that
one best, each with its score from -1 to 1. Captions are those of the pictures found around it. Only
pictures that 'image-describer batch' has described are found. Nothing leaves this computer.
"""
EXAMPLES = """\
examples:
  image-describer batch ~/Pictures --output descriptions.jsonl
      describes them: this comes first
  image-describer similar holiday.jpg
      0.812  Probably: a brown dog is playing in the snow.
                 /home/ann/Pictures/2019/IMG_0412.jpg
      captions that fit:
      0.655  a dog runs through the snow
  image-describer similar --json --limit 3 holiday.jpg
      one JSON object a line, with "is": "picture" or "caption"

exit status:
  0  pictures were found
  2  none was found, none has been described yet, the picture could not be read, or the index or
     the model can't be used
"""


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Tell the command line what may be typed after ``similar``."""
    similar = commands.add_parser(
        "similar",
        help="find your pictures that are like one",
        description=HELP,
        epilog=EXAMPLES,
    )
    similar.add_argument("picture", metavar="PICTURE", help="a file, in any format")
    add_choices(similar)


def run(options: argparse.Namespace) -> int:
    """Print what is like ``options.picture``; returns the exit status.

    Raises ImageDescriberError.
    """
    from image_describer.cli import search_output
    from image_describer.cli.console import DONE, REFUSED, complain
    from image_describer.library import search

    with search_output.opened(options) as (index, describer):
        like = search.similar(index, describer, options.picture, options.within, options.limit)
        search_output.tell_stale(index)
    if not like.pictures:
        where = " in that folder" if options.within else ""
        complain(
            f"There is no other picture{where} to compare it with. Describe more: "
            "image-describer batch FOLDER."
        )
        return REFUSED
    if like.pictures[0].is_weak:
        complain("Nothing is much like this picture. These come nearest.")
    for one in like.pictures:
        search_output.tell(one, options.json, scored=True)
    if like.captions and not options.json:
        print("captions that fit:")
    for caption, score in like.captions:
        search_output.tell_caption(caption, score, options.json)
    return DONE
