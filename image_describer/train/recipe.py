"""Recipes: the settings of a training run, one dataclass for each stage, as TOML files.

A recipe can extend another: with ``extends = "best"`` it has all settings of that one, except for
those that the file sets itself.
"""

import dataclasses
import math
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal, get_args, get_origin

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
    "german",
]
Language = Literal["en", "de"]
NetworkKind = Literal["attention-lstm", "merge-lstm", "bahdanau-gru", "joint-embedding"]
Part = Literal[
    "joint_space", "joint_words", "genders", "ngram_prior", "orientation", "novelty", "photo_check"
]
PARTS: tuple[Part, ...] = get_args(Part)

STAGES = {
    "data": "reads the data sets, reports what doesn't fit, builds the vocabulary",
    "features": "computes the features that are missing, if the recipe caches them",
    "fit": "trains the network",
    "export": "writes encoder, decoder and tokenizer as the files of a bundle",
    "heads": "fits the other parts of the bundle to its encoder",
    "evaluate": "fits the confidence, measures the bundle on dev, installs it in --output",
    "report": "writes the page of results, and the leaderboard",
}

BLOCKS = 14  # of Xception
BUNDLED = "bundled"  # the weights of the shipped model

# Smallest and largest value of a number, where "not negative" is not enough.
RANGES = {
    "batch": (1, 65_536),
    "captions_per_picture": (1, 100),
    "units": (1, 65_536),
    "embedding": (1, 65_536),
    "heads": (1, 256),
    "attention": (1, 65_536),
    "size": (32, 4_096),
    "max_words": (0, 1_000),
    "min_count": (1, math.inf),
    "beams": (1, 1_000),
    "dropout": (0.0, 0.95),
    "axes": (1, 65_536),
    "temperature": (1e-3, 100.0),
    "label_smoothing": (0.0, 0.95),
    "samples": (2, 1_000),
    "crops": (0, 1_000),
    "logit_scale": (0.1, 10.0),
    "frozen_blocks": (4, BLOCKS),
    "grayscale": (0.0, 1.0),
    "regularization": (0.0, 2.0),
    "ema_decay": (0.0, 0.99999),
    "calibration_pictures": (1, 10_000),
    "start_share": (0.0, 1.0),
}


@dataclass(frozen=True)
class Data:
    """The data sets, and the words of their captions.

    ``sets`` are folders or files below the data folder, each in one of the formats of
    `train.data.dataset`; ``weights`` says how many times an epoch shows the pictures of each set
    (empty: once). ``pictures`` and ``captions`` limit the pictures, and the captions of each
    picture, that are trained on (0: all).

    ``rules`` names the rules that split captions into words (`train.data.cleaning`). A word that
    occurs fewer than ``min_count`` times, or is not among the ``top_words`` (0: all), is unknown:
    marked as ``<unk>``, or skipped. ``max_words`` 0 is the length of the longest caption.
    ``count_dev`` counts the words of dev too, as one of the original systems did.

    ``language`` is that of the captions. Captions in another language than English get one spelling
    (`train.data.german`), and the recipe adds a decoder for it to the bundle that it starts from.

    ``pseudo_captions`` gives that many of the sets' sentences to each picture without captions, as
    described in `train.data.pseudo_captions`.
    """

    sets: tuple[str, ...] = ("flickr8k",)
    weights: tuple[float, ...] = ()
    pictures: int = 0
    captions: int = 0
    language: Language = "en"
    rules: Rules = "plain"
    min_count: int = 5
    top_words: int = 0
    max_words: int = 18
    unknown: Literal["mark", "skip"] = "mark"
    count_dev: bool = False
    pseudo_captions: int = 0


@dataclass(frozen=True)
class FeatureSettings:
    """The encoder, and the views of a picture that it is shown.

    ``weights``: "imagenet" (downloaded by Keras), "bundled" (those of the shipped model),
    "random", an ``.npz`` file, or the folder of a bundle. ``size`` is the side of the input in
    pixels; ``train_size`` that of training views (0: the same). ``width`` and ``middle_blocks``
    make a smaller Xception. ``pooled`` reduces a picture to the mean of its regions.

    The first ``frozen_blocks`` blocks of Xception are not trained; of the other encoders, nothing
    is. With ``cache_features`` the output of the frozen blocks is computed once and kept on disk;
    without it, it is computed at each step, for new views each time. ``crops`` adds that many
    random crops of each picture, half of them mirrored, a share ``grayscale`` without colors.
    """

    encoder: Literal["xception", "inception_v3", "resnet50"] = "xception"
    weights: str = "imagenet"
    size: int = 299
    train_size: int = 0
    width: float = 1.0
    middle_blocks: int = 8
    pooled: bool = False
    frozen_blocks: int = BLOCKS
    cache_features: bool = True
    crops: int = 0
    grayscale: float = 0.0


@dataclass(frozen=True)
class Network:
    """The decoder. ``attention`` is the width of additive attention, ``heads`` the number of
    dot-product attention heads. ``vectors`` is the dimension of the word vectors that the embedding
    starts from (0: none); they are trained further only with ``train_vectors``.

    ``weights``: "random", or of "attention-lstm" also "bundled" (those of the shipped model) or the
    folder of a bundle. Words that the bundle doesn't have start from the mean of its rare ones.
    """

    kind: NetworkKind = "attention-lstm"
    units: int = 512
    embedding: int = 256
    heads: int = 4
    attention: int = 256
    dropout: float = 0.4
    vectors: int = 0
    train_vectors: bool = False
    weights: str = "random"


@dataclass(frozen=True)
class Fit:
    """Training by cross-entropy (joint-embedding: by a hinge loss).

    ``learning_rate`` is Adam's at its peak; the blocks of the encoder that had weights to start
    from learn at ``encoder_lr_scale`` times that. ``clip_norm`` is the largest norm of the
    gradients (0: any). ``ema_decay`` above 0 keeps a moving average of the weights, which is what
    is evaluated and exported. ``patience`` is the number of epochs without a lower dev loss after
    which training stops, with the best weights (0 disables early stopping).

    ``presence_weight`` weighs a second loss: which words occur in any caption of the picture, from
    its pooled regions; ``labels_weight`` a third: the soft labels of a teacher, where a data set
    has them. ``regularization`` scales the noise of `train.models.regularization`.

    A batch has ``captions_per_picture`` of each of its pictures, chosen at random.
    """

    epochs: float = 1
    batch: int = 16
    captions_per_picture: int = 5
    learning_rate: float = 1e-4
    schedule: Literal["cosine", "constant"] = "cosine"
    warmup_steps: int = 100
    clip_norm: float = 1.0
    encoder_lr_scale: float = 1.0
    ema_decay: float = 0.0
    patience: int = 0
    label_smoothing: float = 0.1
    presence_weight: float = 0.02
    labels_weight: float = 0.0
    regularization: float = 0.0
    margin: float = 1.0


@dataclass(frozen=True)
class Reward:
    """Self-critical training (Rennie et al. 2017) after `Fit`; ``epochs`` 0 leaves it out.

    ``samples`` captions of each picture are rewarded by CIDEr-D, plus ``bleu`` times BLEU-4 and
    ``meteor`` times METEOR, less ``agreement`` times the pairs of German words that don't agree
    (`fit.rewards.agreement`). They are compared with the ``references`` longest captions of a
    picture (0: all): who writes more says more.

    ``logit_scale`` multiplies the logits before the first step: label smoothing leaves so much
    probability to unlikely words that most samples would be nonsense. ``weights`` replaces
    `Data.weights` in this phase (empty: the same ones). The other settings are those of `Fit`.
    """

    epochs: float = 0
    batch: int = 16
    learning_rate: float = 1e-5
    warmup_steps: int = 50
    clip_norm: ClassVar[float] = 1.0
    encoder_lr_scale: float = 1.0
    ema_decay: float = 0.0
    weights: tuple[float, ...] = ()
    samples: int = 5
    logit_scale: float = 1.0
    bleu: float = 0.0
    meteor: float = 0.0
    agreement: float = 0.0
    references: int = 0
    regularization: float = 0.0


@dataclass(frozen=True)
class JointSpaceSettings:
    """The joint space of pictures and sentences: ``heads`` spaces of ``units`` numbers each.

    Every second head sees the picture along its ``axes`` main axes. A batch has five captions of
    each picture; scores are divided by ``temperature``.
    """

    units: int = 416
    heads: int = 2
    axes: int = 640
    dropout: float = 0.4
    max_words: int = 24
    temperature: float = 0.06
    epochs: float = 14
    batch: int = 256
    learning_rate: float = 3e-3
    warmup_steps: int = 20


@dataclass(frozen=True)
class Heads:
    """The ``parts`` of a bundle that are fitted to its encoder once it is exported.

    The n-gram prior knows the n-grams of at least ``ngram_pictures`` pictures.
    """

    parts: tuple[Part, ...] = ()
    ngram_pictures: int = 3
    joint_space: JointSpaceSettings = field(default_factory=JointSpaceSettings)


@dataclass(frozen=True)
class Export:
    """How the bundle is written and decodes.

    The encoder's int8 ranges are measured on ``calibration_pictures``. ``match_weight`` is the
    weight of a caption's match with the picture in the ranking, if there is a joint space;
    ``ngram_weight`` that of the n-gram prior.

    ``start_share`` is the share of the weights that training started from in those that are
    exported, which are between the two (Wortsman et al. 2022, arXiv:2109.01903): a network that
    went on from a bundle remembers more of what that one could do.
    """

    calibration_pictures: int = 200
    beams: int = 5
    length_norm: float = 0.0
    match_weight: float = 0.0
    ngram_weight: float = 0.0
    start_share: float = 0.0


@dataclass(frozen=True)
class Recipe:
    """All settings of a run.

    ``precision`` is a dtype policy of Keras; "mixed_bfloat16" is three times as fast on processors
    that support it, and slower on others. Weights are float32 either way.
    """

    name: str
    about: str = ""
    seed: int = 1
    precision: Literal["float32", "mixed_bfloat16"] = "float32"
    data: Data = field(default_factory=Data)
    features: FeatureSettings = field(default_factory=FeatureSettings)
    network: Network = field(default_factory=Network)
    fit: Fit = field(default_factory=Fit)
    reward: Reward = field(default_factory=Reward)
    heads: Heads = field(default_factory=Heads)
    export: Export = field(default_factory=Export)


def starts_from_bundle(weights: str) -> bool:
    """Whether ``weights`` names a bundle: "bundled", which is the shipped one, or a folder."""
    return weights == BUNDLED or Path(weights).is_dir()


def names() -> list[str]:
    """The recipes that ship with the program."""
    return sorted(path.stem for path in paths.recipes_folder().glob("*.toml"))


def load(name_or_path: str) -> Recipe:
    """Load a recipe by its name, or from the path of a TOML file. Raises TrainingError."""
    path = _file(name_or_path, paths.recipes_folder())
    values = _with_base(path, _read(path, name_or_path), (path.resolve(),))
    recipe: Recipe = _build(Recipe, {**values, "name": path.stem}, path.stem)
    for section, weights in (("data", recipe.data.weights), ("reward", recipe.reward.weights)):
        if weights and len(weights) != len(recipe.data.sets):
            raise TrainingError(
                f"{path.stem}.data has {len(recipe.data.sets)} sets and {path.stem}.{section} "
                f"{len(weights)} weights.",
                "Give one weight for each set, or none.",
            )
    return recipe


def _file(name_or_path: str, folder: Path) -> Path:
    path = Path(name_or_path)
    return path if path.suffix == ".toml" else folder / f"{name_or_path}.toml"


def _read(path: Path, asked: str) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError as error:
        raise TrainingError(
            f"There is no recipe '{asked}'.", f"There are: {', '.join(names())}."
        ) from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise TrainingError(f"The recipe {path} can't be read: {error}.") from error


def _with_base(path: Path, values: dict[str, Any], seen: tuple[Path, ...]) -> dict[str, Any]:
    """Merge ``values`` over those of the recipe that they extend, which may extend another.

    A base is looked up beside the file that names it, then among the shipped recipes.
    """
    if "extends" not in values:
        return values
    values = dict(values)
    base = values.pop("extends")
    if not isinstance(base, str):
        raise TrainingError(f"{path.stem}.extends is {base!r}.", "It must be the name of a recipe.")
    beside = _file(base, path.parent)
    found = beside if beside.is_file() else _file(base, paths.recipes_folder())
    if found.resolve() in seen:
        raise TrainingError(f"The recipe '{path.stem}' extends itself through '{base}'.")
    below = _with_base(found, _read(found, base), (*seen, found.resolve()))
    # "about" describes the base, not this recipe.
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
        expected = allowed[key].type
        if dataclasses.is_dataclass(expected) and isinstance(expected, type):
            if not isinstance(value, dict):
                raise TrainingError(f"{where}: '{key}' is {value!r}.", f"Write it as [{key}].")
            made[key] = _build(expected, value, f"{where}.{key}")
        else:
            made[key] = _checked(expected, value, f"{where}.{key}")
            least, most = RANGES.get(key, (-math.inf, math.inf))
            if isinstance(value, (int, float)) and not least <= value <= most:
                raise TrainingError(
                    f"{where}.{key} is {value!r}.", f"It must be from {least} to {most}."
                )
    return kind(**made)


def _checked(expected: Any, value: Any, where: str) -> Any:
    if get_origin(expected) is tuple:
        if not isinstance(value, list):
            raise TrainingError(f"{where} is {value!r}.", "It must be a list: [..., ...].")
        return tuple(_checked(get_args(expected)[0], item, where) for item in value)
    if get_origin(expected) is Literal:
        choices = get_args(expected)
        if not isinstance(value, str) or value not in choices:
            raise TrainingError(
                f"{where} is {value!r}.", f"It must be one of: {', '.join(choices)}."
            )
        return value
    if expected is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if type(value) is not expected or (expected in (int, float) and not 0 <= value < math.inf):
        raise TrainingError(
            f"{where} is {value!r}.", f"It must be a {expected.__name__} that is not negative."
        )
    return value
