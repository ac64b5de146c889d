"""``image-describer match``: ranks sentences by how well they fit a picture."""

import argparse

from image_describer.cli.options import (
    Subparsers,
    add_bundle,
    add_json,
    add_language,
)
from image_describer.i18n import N_, _

DESCRIPTION = N_("""\
Rank sentences by how well they fit a picture: one line per sentence, the best first, with
its score from -1 to 1. Scores are for comparing sentences; they are not probabilities.
""")
EXAMPLES = N_("""\
examples:
  image-describer match holiday.jpg "a dog in the snow" "children at a beach"
      print two lines, each with a score and its sentence

exit status:
  0  every sentence was compared
  2  the picture can't be read, a sentence has no words, or the model is damaged or can't match
""")


def add_parser(subparsers: Subparsers) -> None:
    """Add the command and its options."""
    parser = subparsers.add_parser(
        "match",
        help=_("rank sentences by how well they fit a picture"),
        description=_(DESCRIPTION),
        epilog=_(EXAMPLES),
    )
    parser.add_argument("picture", metavar=_("PICTURE"), help=_("a file in any picture format"))
    parser.add_argument("sentences", nargs="+", metavar=_("SENTENCE"), help=_("in quotes"))
    add_json(parser)
    add_language(parser, _("the language of the sentences (default: the one they are in)"))
    add_bundle(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print ``options.sentences``, the best first, and return the exit status.

    Raises PictureError, and BundleError for a model that is missing, damaged or can't match.
    """
    from image_describer.captioner.describer import Describer
    from image_describer.cli import output
    from image_describer.library.search import query_language
    from image_describer.stdio import DONE, stderr_silenced

    with stderr_silenced():
        describer = Describer(bundle=options.bundle)
    language = options.language or query_language(describer, " ".join(options.sentences))
    scores = describer.matches(options.picture, options.sentences, language=language)
    ranked = sorted(zip(scores, options.sentences, strict=True), key=lambda pair: -pair[0])
    for score, sentence in ranked:
        record = {"sentence": sentence, "score": round(score, 4)}
        output.print_scored(sentence, score, record if options.json else None)
    return DONE
