"""``python -m image_describer.train``: retrain the describer, one stage or all of them."""

import argparse
import json
import logging
import os
import sys
from pathlib import Path
from typing import Any

from image_describer import paths
from image_describer.errors import ImageDescriberError, TrainingError
from image_describer.stdio import stderr_silenced

log = logging.getLogger(__name__)

ABOUT = """\
Retrain Image Describer, or train one of the five systems that it grew from.

It needs photographs with captions. Flickr8k, the data set that the program was trained on, has
8,000 photographs and 40,000 captions in 1.1 GB, and is free for research and teaching:

  python -m image_describer.train --download flickr8k --data FOLDER
      fetches it into FOLDER; what breaks off goes on with the same command

Other ways to the same data: Kaggle's copy ("Flickr 8k Dataset": captions.txt and Images/), COCO's
captions JSON with its photographs, or a text of lines 'name caption' beside an .npy of features.
Flickr8k as published is Flicker8k_Dataset/ (photographs) and Flickr8k_text/ (Flickr8k.token.txt,
Flickr_8k.trainImages.txt, Flickr_8k.devImages.txt). IMAGE_DESCRIBER_DATA may name it instead of
--data.

--read-features takes what an extractor saw of each picture out of a features.pkl, as the original
programs kept it, instead of computing it; --write-features leaves one for them. Such a file is a
pickle, which may hold a program: here only arrays of numbers are read from it, and nothing runs.
"""
EXAMPLES = """\
stages:
  all       every stage one after the other (what happens if no stage is named)
{stages}

examples:
  python -m image_describer.train --list
      the recipes, and how well each did
  python -m image_describer.train --data FLICKR8K --weights imagenet
      trains 'best' and writes the bundle to models/: a day and a half on two cores with AVX-512
  python -m image_describer.train --recipe kept-crops --data FLICKR8K --weights imagenet
      the same with what shipped before: some hours on two cores, and 40 GB of disk
  python -m image_describer.train --data FLICKR8K --weights imagenet --resume
      goes on after Ctrl+C, a crash or a power cut
  python -m image_describer.train --recipe keras-captioning --data FLICKR8K --vectors GLOVE.txt
      another recipe, every stage of it
  python -m image_describer.train fit --recipe attend-and-tell --extractor xception --data FLICKR8K
      one stage; Xception stands in for InceptionV3
  python -m image_describer.train features --recipe image-describer --data FLICKR8K \\
      --extractor xception --write-features features.pkl
      the original's features.pkl; a recipe trains on one with --read-features features.pkl
  python -m image_describer.train evaluate --data FLICKR8K --bundle models
      judges a bundle on dev; prints JSON, draws how far its confidence can be trusted into
      train/results/NAME/. With --update the bundle and its card take over what was found
  python -m image_describer.train --from bundled --data MY_PICTURES
      tunes the shipped model by your own pictures in minutes. MY_PICTURES holds pictures and
      captions.csv, headed 'file,caption'; several rows a picture are welcome. It prints how the
      old and the new one do on pictures kept back
  python -m image_describer.train --from bundled --data MY_PICTURES --install
      the same, and uses the new one from then on, unless it does worse on the pictures kept back;
      --restore brings the old one back

Judging uses Java, where there is one, for METEOR and the PTB tokenizer. Errors are one sentence on
stderr, and the exit status 2; after Ctrl+C it is 130 and a checkpoint is written.
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
        return _chosen(options)(options)
    except ImageDescriberError as error:
        print(error, file=sys.stderr)
        return FAILED
    except OSError as error:
        print(f"A file can't be written or read: {error}. Is the disk full?", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return INTERRUPTED


def _chosen(options: argparse.Namespace) -> Any:
    """What is to be done, by the options that say so."""
    if options.list:
        return _list
    if options.restore:
        return _restore
    if options.download:
        return _download
    if options.start == "bundled":
        return _tune
    if options.install:
        raise TrainingError("--install belongs to --from bundled.", "Leave it out, or add that.")
    of_a_bundle = options.stage == "evaluate" and (options.bundle or options.recipe == "best")
    return _evaluate if of_a_bundle else _train


def _parser() -> argparse.ArgumentParser:
    from image_describer.train.stages import STAGES

    stages = "\n".join(f"  {name:9} {does}" for name, does in STAGES.items())
    parser = argparse.ArgumentParser(
        prog="python -m image_describer.train",
        description=ABOUT,
        epilog=EXAMPLES.format(stages=stages),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("stage", nargs="?", choices=("all", *STAGES), default="all", help="see below")
    what = parser.add_argument_group("what is trained")
    add = what.add_argument
    add("--list", action="store_true", help="name the recipes with their figures")
    add("--recipe", default="best", help="name, or TOML file of your own (default: best)")
    add("--from", dest="start", choices=("bundled",), help="tune the shipped model by --data")
    add("--extractor", default="", metavar="NAME",
        help="stands in for the recipe's: xception, inception_v3 or resnet50")  # fmt: skip
    add("--weights", default="",
        help="the extractor's: 'imagenet' (fetched by Keras), 'bundled' (the shipped model, the "
        "default for 'best'), 'random', or a file")  # fmt: skip
    add("--vectors", type=Path, metavar="FILE",
        help="word vectors as text, GloVe's or word2vec's, for recipes that need some")  # fmt: skip
    add = parser.add_argument_group("from which data").add_argument
    add("--data", type=Path, help="folder, or file, of captioned pictures")
    add("--format", default="auto", help="flickr8k, kaggle, coco or matrix (default: found out)")
    add("--read-features", type=Path, metavar="FILE",
        help="train on the features of this features.pkl ({name: array}); for recipes that see a "
        "picture as one vector")  # fmt: skip
    add("--download", metavar="NAME",
        help="fetch a data set into --data: flickr8k, 1.1 GB. Only MD5 sums of it are published: "
        "they tell damage, not forgery")  # fmt: skip
    add = parser.add_argument_group("where it goes").add_argument
    add("--runs", type=Path, default=Path("train/runs"),
        help="folder for checkpoints and caches, 40 GB for best, 3 GB for others (default: "
        "train/runs)")  # fmt: skip
    add("--results", type=Path, default=Path("train/results"),
        help="folder for figures and pages (default: train/results)")  # fmt: skip
    add("--output", type=Path, default=Path("models"), help="folder for the bundle (models)")
    add("--write-features", type=Path, metavar="FILE",
        help="after the stage features, fit or all: write features.pkl as the original "
        "did")  # fmt: skip
    add("--resume", action="store_true", help="go on from the last checkpoint")
    add("--bundle", type=Path, help="for evaluate: the bundle to judge (default: the shipped one)")
    add("--update", action="store_true",
        help="for evaluate: give the bundle the confidence and the figures found, and its card "
        "anew")  # fmt: skip
    add("--install", action="store_true", help="with --from: use the tuned model from now on")
    add("--restore", action="store_true", help="bring back the model before the last --install")
    return parser


def _data(options: argparse.Namespace) -> Any:
    from image_describer.train.data import dataset

    named = options.data or os.environ.get("IMAGE_DESCRIBER_DATA")
    if not named:
        raise TrainingError(
            "Training needs data.",
            f"{dataset.WHERE_TO_GET_IT} To fetch it: --download flickr8k --data FOLDER.",
        )
    folder = Path(named)
    if (folder / "flickr8k").is_dir():
        folder = folder / "flickr8k"
    return (
        dataset.read(folder, options.format) if folder.exists() else dataset.read_flickr8k(folder)
    )


def _train(options: argparse.Namespace) -> int:
    from image_describer.train import recipe

    chosen = recipe.load(options.recipe)
    dataset = _data(options)
    try:
        with stderr_silenced():
            from image_describer.train import stages
            from image_describer.train.fit import loop
    except ImportError as error:
        raise TrainingError(
            f"Training needs a package that is missing: {error.name}.",
            "Install it with: python -m pip install 'image-describer[train]'",
        ) from error
    choices = stages.Choices(
        options.runs, options.results, options.output, options.bundle, options.extractor,
        options.weights, options.vectors, options.resume, options.read_features,
        options.write_features,
    )  # fmt: skip
    try:
        print(json.dumps(stages.run(options.stage, chosen, dataset, choices)), flush=True)
    except loop.RunStoppedError as stopped:
        print(f"{stopped} Go on with the same command and --resume.", file=sys.stderr)
        return INTERRUPTED
    return 0


def _evaluate(options: argparse.Namespace) -> int:
    from image_describer.train.evaluate import captions as judging

    bundle = options.bundle or paths.bundle_folder()
    found = judging.evaluate(bundle, _data(options))
    name = judging.keep_of(bundle, found, options.results, options.update)
    log.info("Drawings and tables are in %s.", name)
    print(json.dumps({**found, **judging.for_manifest(found), "metrics": found["metrics"]}))
    return 0


def _list(options: argparse.Namespace) -> int:
    from image_describer.train.report.leaderboard import listing

    print(listing(options.results))
    return 0


def _download(options: argparse.Namespace) -> int:
    from image_describer.train.data.download import download

    folder = download(options.download, options.data or Path(options.download))
    print(
        f"{options.download} is in {folder}. Next: python -m image_describer.train --data {folder}"
    )
    return 0


def _restore(options: argparse.Namespace) -> int:
    from image_describer.train.export.install import restore

    print(restore(paths.bundle_folder()))
    return 0


def _tune(options: argparse.Namespace) -> int:
    from image_describer.train.extend.own_pictures import tune

    if options.data is None:
        raise TrainingError(
            "Your own pictures are needed.", "Give their folder, with captions.csv, as --data."
        )
    with stderr_silenced():
        import tensorflow  # noqa: F401
    told, done = tune(options.data, options.runs, options.bundle, options.install)
    print(told)
    return 0 if done else FAILED


if __name__ == "__main__":
    sys.exit(main())
