"""``image-describer read``: prints what is written in pictures and documents."""

import argparse
from typing import TYPE_CHECKING

from image_describer.cli.console import print_error, print_picture_error
from image_describer.cli.options import Subparsers, add_json
from image_describer.errors import PictureError
from image_describer.i18n import N_, _
from image_describer.stdio import DONE, REFUSED
from image_describer.text import number, visible

if TYPE_CHECKING:
    from image_describer.reading.documents import Document
    from image_describer.reading.reader import TextReader
    from image_describer.reading.text import PictureText

DESCRIPTION = N_("""\
Print what is written in each picture, in the order in which a person reads it, and then what its
QR codes and bar codes hold. PDF and TIFF are read page by page. The picture never leaves this
computer. Some letters may be wrong.
""")
EXAMPLES = N_("""\
examples:
  image-describer read letter.jpg
      Dear Ann,
      thank you for the photographs.
  image-describer read scan-1.png scan-2.png > text.txt
  image-describer read --json receipt.jpg | jq '.lines[] | select(.confidence < 0.8).text'
      print the lines that may be wrong
  image-describer read contract.pdf
      print the pages, each after its number

json:
  One object for each page: file, page, pages, text, lines and codes. Each line has its text, its
  box (left, top, right and bottom, from 0 to 1), its confidence, the number of its block, and
  whether it looks like a heading. Each code has its format, its content and its box.

exit status:
  0  every page was read. Of those without text, stderr says so.
  2  a picture or a page can't be opened (stderr says why; the others are read), or a file of
     the program is damaged
""")


def add_parser(subparsers: Subparsers) -> None:
    """Add the command and its options."""
    parser = subparsers.add_parser(
        "read",
        help=_("print what is written in pictures"),
        description=_(DESCRIPTION),
        epilog=_(EXAMPLES),
    )
    parser.add_argument(
        "pictures", nargs="+", metavar=_("PICTURE"), help=_("a picture, a PDF or a TIFF")
    )
    add_json(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Read ``options.pictures`` in order and return the exit status. Raises BundleError."""
    from image_describer.reading.documents import open_document
    from image_describer.reading.reader import TextReader
    from image_describer.stdio import stderr_silenced

    with stderr_silenced():
        reader = TextReader()
    command = _ReadCommand(reader, as_json=options.json, with_names=len(options.pictures) > 1)
    for picture in options.pictures:
        try:
            with open_document(picture) as document:
                for index in range(len(document)):
                    command.read(picture, document, index)
        except PictureError as error:
            command.report_error(picture, error)
    return command.status


class _ReadCommand:
    """One run of the command: how it prints, and the exit status."""

    def __init__(self, reader: "TextReader", *, as_json: bool, with_names: bool) -> None:
        self.status = DONE
        self._reader = reader
        self._as_json = as_json
        self._with_names = with_names

    def read(self, file: str, document: "Document", index: int) -> None:
        """Print what is written on a page, or why it can't be opened."""
        try:
            page = document.page(index)
        except PictureError as error:
            self.report_error(file, error)
            return
        text = page.own_text() or self._reader.read(page.picture.pixels)
        if self._as_json:
            _print_json(file, index, len(document), text)
            return
        name = visible(file)
        if len(document) > 1:
            name = _("{name}, page {number} of {count}").format(
                name=name, number=number(index + 1), count=number(len(document))
            )
        if self._with_names or len(document) > 1:
            print(f"{name}:")
        _print_text(name, text)

    def report_error(self, file: str, error: PictureError) -> None:
        """Say on stderr why a file or a page can't be read."""
        self.status = REFUSED
        print_picture_error(error, file)


def _print_json(file: str, index: int, count: int, text: "PictureText") -> None:
    from image_describer.cli.output import print_json
    from image_describer.text import encodable
    from image_describer.wording.record import text_record

    place = {"file": encodable(file), "page": index + 1, "pages": count}
    print_json({**place, **text_record(text)})


def _print_text(name: str, text: "PictureText") -> None:
    from image_describer.wording.sentence import NO_TEXT, UNKNOWN_SCRIPT, all_text

    if shown := all_text(text):
        print(shown, flush=True)
    elif not text.unknown_script:
        print_error(f"{name}: {_(NO_TEXT)}")
    if text.unknown_script:
        print_error(f"{name}: {_(UNKNOWN_SCRIPT)}")
