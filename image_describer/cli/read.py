"""``image-describer read``: prints what is written in pictures."""

import argparse
from typing import TYPE_CHECKING

from image_describer.cli.console import print_error
from image_describer.cli.options import Subparsers, add_json
from image_describer.errors import PictureError
from image_describer.stdio import DONE, REFUSED
from image_describer.text import visible

if TYPE_CHECKING:
    from image_describer.reading.text import PictureText

DESCRIPTION = """\
Print what is written in each picture, in the order in which a person reads it, and then what its
QR codes and bar codes hold. The picture never leaves this computer. Some letters may be wrong.
"""
EXAMPLES = """\
examples:
  image-describer read letter.jpg
      Dear Ann,
      thank you for the photographs.
  image-describer read scan-1.png scan-2.png > text.txt
  image-describer read --json receipt.jpg | jq '.lines[] | select(.confidence < 0.8).text'
      print the lines that may be wrong

json:
  file, text, lines and codes. Each line has its text, its box (left, top, right and bottom, from
  0 to 1), its confidence, the number of its block, and whether it looks like a heading. Each code
  has its format, its content and its box.

exit status:
  0  every picture was read. Of those without text, stderr says so.
  2  a picture can't be opened (stderr says why; the others are read), or a file of the program is
     damaged
"""


def add_parser(subparsers: Subparsers) -> None:
    """Add the command and its options."""
    parser = subparsers.add_parser(
        "read", help="print what is written in pictures", description=DESCRIPTION, epilog=EXAMPLES
    )
    parser.add_argument(
        "pictures", nargs="+", metavar="PICTURE", help="a file in any picture format"
    )
    add_json(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Read ``options.pictures`` in order and return the exit status. Raises BundleError."""
    from image_describer.imaging.open import open_picture
    from image_describer.reading.reader import TextReader
    from image_describer.stdio import stderr_silenced

    with stderr_silenced():
        reader = TextReader()
    status = DONE
    for picture in options.pictures:
        try:
            text = reader.read(open_picture(picture).pixels)
        except PictureError as error:
            status = REFUSED
            print_error(str(error) if error.file is not None else f"{visible(picture)}: {error}")
            continue
        if options.json:
            _print_json(picture, text)
        else:
            _print_text(picture, text, with_name=len(options.pictures) > 1)
    return status


def _print_json(picture: str, text: "PictureText") -> None:
    from image_describer.cli.output import print_json
    from image_describer.text import encodable
    from image_describer.wording.record import text_record

    print_json({"file": encodable(picture), **text_record(text)})


def _print_text(picture: str, text: "PictureText", *, with_name: bool) -> None:
    from image_describer.wording.sentence import NO_TEXT, UNKNOWN_SCRIPT, all_text

    if with_name:
        print(f"{visible(picture)}:")
    if shown := all_text(text):
        print(shown, flush=True)
    elif not text.unknown_script:
        print_error(f"{visible(picture)}: {NO_TEXT}")
    if text.unknown_script:
        print_error(f"{visible(picture)}: {UNKNOWN_SCRIPT}")
