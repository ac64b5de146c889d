"""``image-describer match``: sentences, ranked by how well they fit a picture."""

import argparse
import json

from image_describer.cli.console import DONE, without_chatter
from image_describer.text import visible


def run(options: argparse.Namespace) -> int:
    """Print ``options.sentences``, the best first; returns the exit status.

    Raises BundleError when there is no model, or none that can match, and PictureError.
    """
    from image_describer.captioner.describer import Describer

    with without_chatter():
        describer = Describer(bundle=options.bundle)
        scores = describer.matches(options.picture, options.sentences)
    ranked = sorted(zip(scores, options.sentences, strict=True), key=lambda pair: -pair[0])
    for score, sentence in ranked:
        if options.json:
            print(json.dumps({"sentence": sentence, "score": round(score, 4)}))
        else:
            print(f"{score:6.3f}  {visible(sentence)}")
    return DONE
