"""``python -m image_describer.train``: retrain the describer, or judge a bundle."""

import argparse
import json
import logging
import os
import sys
from pathlib import Path

from image_describer import paths
from image_describer.console import without_chatter
from image_describer.errors import ImageDescriberError, TrainingError

ABOUT = """\
Retrain Image Describer, or judge a bundle.

  python -m image_describer.train --data FLICKR8K --weights imagenet
      trains the recipe 'best' and writes the bundle to models/
  python -m image_describer.train --data FLICKR8K --weights imagenet --resume
      goes on after Ctrl+C, a crash or a power cut
  python -m image_describer.train evaluate --data FLICKR8K --bundle models
      prints a bundle's figures on the dev split as JSON

FLICKR8K is a folder with Flicker8k_Dataset/ (photographs) and Flickr8k_text/
(Flickr8k.token.txt, Flickr_8k.trainImages.txt, Flickr_8k.devImages.txt), as the data set is
published; IMAGE_DESCRIBER_DATA may name it instead of --data. Judging uses Java, where there is
one, for METEOR and the PTB tokenizer. On two cores with AVX-512 the whole of 'best' takes about an
hour and a half.
"""
FAILED, INTERRUPTED = 2, 130


def main(argv: list[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    parser = _parser()
    words = sys.argv[1:] if argv is None else argv
    if not words:
        print(parser.format_help())
        return FAILED
    options = parser.parse_args(words)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # TensorFlow greets on stderr otherwise
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    logging.getLogger("absl").setLevel(logging.ERROR)
    try:
        return _evaluate(options) if options.stage == "evaluate" else _train(options)
    except ImageDescriberError as error:
        print(error, file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return INTERRUPTED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m image_describer.train",
        description=ABOUT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "stage", nargs="?", choices=("all", "evaluate"), default="all",
        help="all: train, export and judge (the default); evaluate: judge --bundle",
    )  # fmt: skip
    parser.add_argument("--recipe", default="best", help="name or TOML file (default: best)")
    parser.add_argument("--data", type=Path, help="Flickr8k's folder")
    parser.add_argument(
        "--weights",
        help="where Xception starts: an .npz keyed layer/variable, 'imagenet' (fetched by Keras), "
        "'bundled' (the shipped model, the default), or 'random'",
    )
    parser.add_argument(
        "--runs", type=Path, default=Path("train/runs"),
        help="folder for checkpoints and caches, 3 GB (default: train/runs)",
    )  # fmt: skip
    parser.add_argument(
        "--output", type=Path, default=Path("models"), help="where the bundle goes (models)"
    )
    parser.add_argument("--resume", action="store_true", help="go on from the last checkpoint")
    parser.add_argument("--bundle", type=Path, help="bundle to judge (default: the shipped one)")
    return parser


def _data_folder(options: argparse.Namespace) -> Path:
    from image_describer.train.data import WHERE_TO_GET_IT

    named = options.data or os.environ.get("IMAGE_DESCRIBER_DATA")
    if not named:
        raise TrainingError("Training needs data.", WHERE_TO_GET_IT)
    folder = Path(named)
    return folder / "flickr8k" if (folder / "flickr8k").is_dir() else folder


def _train(options: argparse.Namespace) -> int:
    from image_describer.train import recipe
    from image_describer.train.data import read_flickr8k

    chosen = recipe.load(options.recipe)
    data = read_flickr8k(_data_folder(options))
    try:
        with without_chatter():
            from image_describer.train import fit, pipeline
    except ImportError as error:
        raise TrainingError(
            f"Training needs a package that is missing: {error.name}.",
            "Install it with: python -m pip install 'image-describer[train]'",
        ) from error
    try:
        run = pipeline.prepare(
            chosen, data, options.weights or "bundled", options.runs, options.resume
        )
        model = pipeline.fit_whole(run, pipeline.fit_head(run))
    except fit.RunStoppedError as stopped:
        print(f"{stopped} Go on with the same command and --resume.", file=sys.stderr)
        return INTERRUPTED
    manifest = pipeline.export(run, model, options.output)
    print(json.dumps(manifest["metrics"]))
    return 0


def _evaluate(options: argparse.Namespace) -> int:
    from image_describer.train.data import read_flickr8k
    from image_describer.train.evaluate import evaluate

    data = read_flickr8k(_data_folder(options))
    print(json.dumps(evaluate(options.bundle or paths.bundle_folder(), data)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
