"""Recipes: a training run's choices, as TOML files in ``train/recipes/``."""

import dataclasses
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from image_describer import paths
from image_describer.errors import TrainingError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


@dataclass(frozen=True)
class Text:
    min_count: int = 5
    max_words: int = 18


@dataclass(frozen=True)
class Network:
    size: int = 299
    width: float = 1.0
    middle_blocks: int = 8
    units: int = 512
    embedding: int = 256
    heads: int = 4
    dropout: float = 0.4


@dataclass(frozen=True)
class Loss:
    label_smoothing: float = 0.1
    presence_weight: float = 0.02


@dataclass(frozen=True)
class Stage:
    """One stretch of training. ``rate`` is Adam's step size at its peak; a cosine takes it to 0."""

    epochs: float = 1
    rate: float = 1e-4
    batch: int = 16
    warmup_steps: int = 100
    clip: float = 1.0
    mirror: bool = True


@dataclass(frozen=True)
class Decode:
    beams: int = 5
    length_norm: float = 0.0


@dataclass(frozen=True)
class Recipe:
    """All choices of a run. ``head`` trains block 14 and the decoder, ``whole`` every layer.

    ``precision`` is Keras's name of what layers compute in; "mixed_bfloat16" is three times as
    fast on processors that have it, slower on others. Weights are float32 either way.
    """

    name: str
    about: str = ""
    seed: int = 1
    text: Text = field(default_factory=Text)
    network: Network = field(default_factory=Network)
    loss: Loss = field(default_factory=Loss)
    head: Stage = field(default_factory=Stage)
    whole: Stage = field(default_factory=Stage)
    decode: Decode = field(default_factory=Decode)
    calibration_pictures: int = 200
    precision: str = "float32"


def names() -> list[str]:
    """The recipes that ship with the program."""
    return sorted(path.stem for path in paths.recipes_folder().glob("*.toml"))


def load(name_or_path: str) -> Recipe:
    """A recipe by its name, or by the path of a TOML file. Raises TrainingError."""
    path = Path(name_or_path)
    if path.suffix != ".toml":
        path = paths.recipes_folder() / f"{name_or_path}.toml"
    try:
        values = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError as error:
        raise TrainingError(
            f"No recipe '{name_or_path}'.", f"There are: {', '.join(names())}."
        ) from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise TrainingError(f"The recipe {path} can't be read: {error}.") from error
    return _build(Recipe, {"name": path.stem, **values}, path.stem)


def as_dict(recipe: Recipe) -> dict[str, Any]:
    return dataclasses.asdict(recipe)


def _build(kind: type, values: dict[str, Any], where: str) -> Any:
    allowed = {f.name: f for f in dataclasses.fields(kind)}
    made = {}
    for key, value in values.items():
        if key not in allowed:
            raise TrainingError(f"{where}: no key '{key}'.", f"There are: {', '.join(allowed)}.")
        wanted = allowed[key].type
        if dataclasses.is_dataclass(wanted) and isinstance(wanted, type):
            if not isinstance(value, dict):
                raise TrainingError(f"{where}: '{key}' is {value!r}.", f"Write it as [{key}].")
            made[key] = _build(wanted, value, f"{where}.{key}")
        else:
            made[key] = _checked(wanted, value, f"{where}.{key}")
    return kind(**made)


def _checked(wanted: Any, value: Any, where: str) -> Any:
    if wanted is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if type(value) is not wanted or (wanted in (int, float) and value < 0):
        raise TrainingError(
            f"{where} is {value!r}.", f"It must be a {wanted.__name__} that is not negative."
        )
    return value
