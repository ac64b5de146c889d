"""Recipes: a training run's choices, as TOML files in ``train/recipes/``.

A recipe may build on another: ``extends = "best"`` takes all of that one's choices, and what the
file writes itself goes before them.
"""

import dataclasses
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from image_describer import paths
from image_describer.errors import TrainingError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


Rules = Literal[
    "plain",
    "image-describer",
    "keras-captioning",
    "audio-captions",
    "attend-and-tell",
    "joint-embedding",
]
Kind = Literal["attention-lstm", "merge-lstm", "bahdanau-gru", "joint", "joint-space"]


BLOCKS = 14  # of Xception

# What a number may be, where it is less than "not negative": from, up to.
RANGES = {
    "batch": (1, 65_536),
    "units": (1, 65_536),
    "embedding": (1, 65_536),
    "heads": (1, 256),
    "attention": (1, 65_536),
    "size": (32, 4_096),
    "max_words": (0, 1_000),
    "min_count": (1, float("inf")),
    "beams": (1, 1_000),
    "dropout": (0.0, 0.95),
    "axes": (1, 65_536),
    "temperature": (1e-3, 100.0),
    "label_smoothing": (0.0, 0.95),
    "sampling": (0.0, 1.0),
    "samples": (1, 1_000),
    "crops": (0, 1_000),
    "sharpen": (0.1, 10.0),
    "frozen": (4, BLOCKS - 1),
    "grey": (0.0, 1.0),
    "noise": (0.0, 2.0),
    "averaging": (0.0, 0.99999),
}


@dataclass(frozen=True)
class Text:
    """Which words a network knows: see ``text.Vocabulary``.

    ``max_words`` 0 is the longest caption's, ``top_k`` 0 all words that are common enough.
    ``counted`` "all" counts the words of dev as well, as some of the original systems do.
    """

    min_count: int = 5
    max_words: int = 18
    top_k: int = 0
    rules: Rules = "plain"
    unknown: Literal["mark", "skip"] = "mark"
    counted: Literal["train", "all"] = "train"


@dataclass(frozen=True)
class Data:
    """How much of the training data is used: 0 is all. ``captions`` is that of each picture."""

    pictures: int = 0
    captions: int = 0


@dataclass(frozen=True)
class Extractor:
    """What turns a picture into numbers, for all networks but the attention LSTM.

    ``size`` 0 is the extractor's usual one; ``pooled`` one vector a picture, else its grid.
    """

    name: Literal["xception", "inception_v3", "resnet50"] = "xception"
    weights: str = "imagenet"
    size: int = 0
    pooled: bool = True


@dataclass(frozen=True)
class Vectors:
    """Word vectors to start from. ``dimension`` 0 is none; ``file`` "" is that of --vectors."""

    dimension: int = 0
    file: str = ""
    trainable: bool = False


@dataclass(frozen=True)
class Network:
    """``attention`` is the width of additive attention, ``heads`` the number of dot-product ones.

    ``size``, ``width`` and ``middle_blocks`` shape the tower of an attention LSTM.
    """

    kind: Kind = "attention-lstm"
    size: int = 299
    width: float = 1.0
    middle_blocks: int = 8
    units: int = 512
    embedding: int = 256
    heads: int = 4
    attention: int = 256
    dropout: float = 0.4


@dataclass(frozen=True)
class Space:
    """The joint space over the shipped extractor, of ``network.units`` numbers.

    ``axes``: along how many every second head sees, ``captions``: of each picture in a batch,
    ``temperature``: what scores are divided by. Learnt, it sank to 0.03 and cost recall.
    """

    axes: int = 640
    captions: int = 5
    temperature: float = 0.06


@dataclass(frozen=True)
class Loss:
    """``sampling`` is the share of words that scheduled sampling replaces at the end of a stage.

    ``negatives`` and ``margin`` are those of the hinge of a joint embedding.
    """

    label_smoothing: float = 0.1
    presence_weight: float = 0.02
    sampling: float = 0.0
    negatives: Literal["shuffled", "hardest"] = "shuffled"
    margin: float = 1.0


@dataclass(frozen=True)
class Stage:
    """One stretch of training. ``rate`` is Adam's step size at its peak; a cosine takes it to 0.

    ``size`` is the side of the pictures (0: the network's). ``frozen`` is the last block of the
    tower that stays as it is, in `head` alone: what it puts out is computed once. The blocks up to
    13, which know something already, learn at ``pretrained`` times the rate.
    ``kept`` computes what the frozen blocks put out once and keeps it; without it (in `head` alone)
    it is computed anew from the pictures at each step, which takes no disk, and far longer, but
    for as many crops as there may be.
    ``mirror`` shows mirror images too, ``crops`` that many other parts of each picture, half of
    them mirrored and the share ``grey`` without colours (in `head` and `refine`).
    ``noise`` is how strongly the tower is disturbed while it learns (in `head`; 0: not at all, see
    ``noise``). ``averaging`` is the share of itself that a moving average of the weights keeps at
    each step, which takes their place in the end (0: there is none; not in `fit`).
    ``clip`` is the largest norm of a gradient (0: any), ``patience`` the number of epochs without
    a better dev loss after which the stage ends with the best weights (0: never). ``samples`` says
    what one sample is: a whole caption under a mask, or each prefix of each caption.
    """

    epochs: float = 1
    rate: float = 1e-4
    batch: int = 16
    warmup_steps: int = 100
    clip: float = 1.0
    mirror: bool = True
    crops: int = 0
    grey: float = 0.0
    size: int = 0
    frozen: int = 13
    kept: bool = True
    pretrained: float = 1.0
    noise: float = 0.0
    averaging: float = 0.0
    schedule: Literal["cosine", "constant"] = "cosine"
    patience: int = 0
    samples: Literal["captions", "prefixes"] = "captions"


@dataclass(frozen=True)
class Reward:
    """Self-critical training on CIDEr-D: ``epochs`` 0 leaves it out.

    ``samples`` captions are drawn for each picture of a batch. ``layers`` "head" trains block 14
    and the decoder over cached maps, "whole" every layer on pixels, "decoder" the decoder alone,
    over what the exported extractor sees. ``sharpen`` multiplies the logits before the first step:
    label smoothing leaves so much to unlikely words that most captions drawn would be nonsense.
    ``averaged`` epochs more follow the others; the weights become the mean over their ends.
    BLEU-4 and METEOR (`image_describer.train.overlap`) count ``bleu`` and ``meteor`` times beside
    CIDEr-D. ``pretrained`` and ``averaging`` are those of `Stage`.
    """

    epochs: float = 0
    rate: float = 1e-5
    batch: int = 16
    warmup_steps: int = 50
    clip: float = 1.0
    mirror: bool = True
    crops: int = 0
    samples: int = 5
    baseline: Literal["greedy", "mean-of-others"] = "mean-of-others"
    layers: Literal["head", "whole", "decoder"] = "head"
    sharpen: float = 1.0
    averaged: float = 0
    bleu: float = 0.0
    meteor: float = 0.0
    pretrained: float = 1.0
    averaging: float = 0.0


@dataclass(frozen=True)
class Decode:
    """``match_weight`` is how much a caption's match with the picture counts beside its score,
    in a bundle that holds a joint space; ``phrase_weight`` how much its agreement with what people
    would write, in one that holds an n-gram prior."""

    beams: int = 5
    length_norm: float = 0.0
    match_weight: float = 0.0
    phrase_weight: float = 0.0


@dataclass(frozen=True)
class Recipe:
    """All choices of a run.

    An attention LSTM is trained by ``head`` (the tower's last blocks and the decoder),
    ``head_scst`` (the same by the reward of captions, over the same views, as much disturbed),
    ``whole`` (every layer), ``refine`` (the decoder alone, over what the exported extractor sees)
    and ``scst``; every other network by ``fit``, over features that stay as they are.

    ``precision`` is Keras's name of what layers compute in; "mixed_bfloat16" is three times as
    fast on processors that have it, slower on others. Weights are float32 either way.
    """

    name: str
    about: str = ""
    seed: int = 1
    data: Data = field(default_factory=Data)
    text: Text = field(default_factory=Text)
    extractor: Extractor = field(default_factory=Extractor)
    vectors: Vectors = field(default_factory=Vectors)
    network: Network = field(default_factory=Network)
    space: Space = field(default_factory=Space)
    loss: Loss = field(default_factory=Loss)
    head: Stage = field(default_factory=Stage)
    head_scst: Reward = field(default_factory=Reward)
    whole: Stage = field(default_factory=Stage)
    refine: Stage = field(default_factory=lambda: Stage(epochs=0))
    scst: Reward = field(default_factory=Reward)
    fit: Stage = field(default_factory=Stage)
    decode: Decode = field(default_factory=Decode)
    calibration_pictures: int = 200
    precision: Literal["float32", "mixed_bfloat16", "mixed_float16"] = "float32"


def names() -> list[str]:
    """The recipes that ship with the program."""
    return sorted(path.stem for path in paths.recipes_folder().glob("*.toml"))


def load(name_or_path: str) -> Recipe:
    """A recipe by its name, or by the path of a TOML file. Raises TrainingError."""
    path = _file(name_or_path, paths.recipes_folder())
    values = _with_base(path, _read(path, name_or_path), (path.resolve(),))
    return _sensible(_build(Recipe, {**values, "name": path.stem}, path.stem))


def _sensible(recipe: Recipe) -> Recipe:
    """The same; what a stage would not heed is refused."""
    for name in ("whole", "refine", "fit"):
        if getattr(recipe, name).noise:
            raise TrainingError(f"{recipe.name}.{name}.noise is not 0.", "Only [head] heeds it.")
        if not getattr(recipe, name).kept:
            raise TrainingError(f"{recipe.name}.{name}.kept is false.", "Only [head] heeds it.")
    if recipe.head_scst.averaged:
        raise TrainingError(
            f"{recipe.name}.head_scst.averaged is not 0.", "Only [scst] heeds it; give averaging."
        )
    if recipe.scst.averaged and recipe.scst.averaging:
        raise TrainingError(
            f"{recipe.name}.scst has both averaged and averaging.",
            "Each takes a mean of the weights: give one of them.",
        )
    if recipe.fit.averaging:
        raise TrainingError(
            f"{recipe.name}.fit.averaging is not 0.", "Only [head], [whole] and [refine] heed it."
        )
    return recipe


def as_dict(recipe: Recipe) -> dict[str, Any]:
    return dataclasses.asdict(recipe)


def _file(name_or_path: str, folder: Path) -> Path:
    path = Path(name_or_path)
    return path if path.suffix == ".toml" else folder / f"{name_or_path}.toml"


def _read(path: Path, asked: str) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError as error:
        raise TrainingError(f"No recipe '{asked}'.", f"There are: {', '.join(names())}.") from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise TrainingError(f"The recipe {path} can't be read: {error}.") from error


def _with_base(path: Path, values: dict[str, Any], seen: tuple[Path, ...]) -> dict[str, Any]:
    """``values`` over those of the recipe that they extend, which may extend another.

    A base is looked for beside the file that names it, then among the shipped recipes.
    """
    if "extends" not in values:
        return values
    values = dict(values)
    base = values.pop("extends")
    if not isinstance(base, str):
        raise TrainingError(f"{path.stem}.extends is {base!r}.", "It must be a recipe's name.")
    beside = _file(base, path.parent)
    found = beside if beside.is_file() else _file(base, paths.recipes_folder())
    if found.resolve() in seen:
        raise TrainingError(f"The recipe '{path.stem}' builds on itself through '{base}'.")
    below = _with_base(found, _read(found, base), (*seen, found.resolve()))
    # The words about a recipe are no choice: they would be said of another one.
    return _merged({k: v for k, v in below.items() if k != "about"}, values)


def _merged(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in over.items():
        both = isinstance(value, dict) and isinstance(base.get(key), dict)
        merged[key] = _merged(base[key], value) if both else value
    return merged


def _build(kind: type, values: dict[str, Any], where: str) -> Any:
    allowed = {f.name: f for f in dataclasses.fields(kind)}
    known = [*allowed, "extends"] if kind is Recipe else allowed
    made = {}
    for key, value in values.items():
        if key not in allowed:
            raise TrainingError(f"{where}: no key '{key}'.", f"There are: {', '.join(known)}.")
        wanted = allowed[key].type
        if dataclasses.is_dataclass(wanted) and isinstance(wanted, type):
            if not isinstance(value, dict):
                raise TrainingError(f"{where}: '{key}' is {value!r}.", f"Write it as [{key}].")
            made[key] = _build(wanted, value, f"{where}.{key}")
        else:
            made[key] = _checked(wanted, value, f"{where}.{key}")
            _within(key, made[key], f"{where}.{key}")
    return kind(**made)


def _checked(wanted: Any, value: Any, where: str) -> Any:
    if get_origin(wanted) is Literal:
        choices = get_args(wanted)
        if not isinstance(value, str) or value not in choices:
            raise TrainingError(
                f"{where} is {value!r}.", f"It must be one of: {', '.join(choices)}."
            )
        return value
    if wanted is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if type(value) is not wanted or (wanted in (int, float) and not 0 <= value < float("inf")):
        raise TrainingError(
            f"{where} is {value!r}.", f"It must be a {wanted.__name__} that is not negative."
        )
    return value


def _within(key: str, value: Any, where: str) -> None:
    if key in RANGES and not isinstance(value, str):
        least, most = RANGES[key]
        if not least <= value <= most:
            raise TrainingError(f"{where} is {value!r}.", f"It must be from {least} to {most}.")
