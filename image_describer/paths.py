"""Where what is not code lies: the bundle and assets that ship, and the user's own files."""

import importlib.resources
import os
from pathlib import Path

import platformdirs

APP_NAME = "image-describer"


def bundle_folder() -> Path:
    """The model bundle: ``IMAGE_DESCRIBER_BUNDLE`` if set, else the user's own, else the shipped.

    There is one of the user's own where a tuned model could not be put in the shipped one's place.
    """
    chosen = os.environ.get("IMAGE_DESCRIBER_BUNDLE")
    if chosen:
        return Path(chosen)
    own = own_bundle_folder()
    return own if (own / "manifest.json").is_file() else _shipped("models")


def own_bundle_folder() -> Path:
    """Where a bundle of the user's own is kept; nothing is made."""
    return Path(platformdirs.user_data_dir(APP_NAME, appauthor=False)) / "models"


def assets_folder() -> Path:
    """Icon, earcons and sample photographs."""
    return _shipped("assets")


def recipes_folder() -> Path:
    """The training recipes that ship with the program."""
    return _shipped("train.recipes")


def cache_folder() -> Path:
    """Files that can be made again, spoken sentences above all; made when first asked for."""
    return Path(platformdirs.user_cache_dir(APP_NAME, appauthor=False, ensure_exists=True))


def config_folder() -> Path:
    """The user's settings; made when first asked for."""
    return Path(platformdirs.user_config_dir(APP_NAME, appauthor=False, ensure_exists=True))


def data_folder() -> Path:
    """What the user would miss: past descriptions; made when first asked for."""
    return Path(platformdirs.user_data_dir(APP_NAME, appauthor=False, ensure_exists=True))


def log_folder() -> Path:
    """The program's log; made when first asked for."""
    return Path(platformdirs.user_log_dir(APP_NAME, appauthor=False, ensure_exists=True))


def _shipped(name: str) -> Path:
    """A folder of data: inside the package in a wheel (package_dir), beside it in a checkout."""
    inside = Path(str(importlib.resources.files("image_describer"))).joinpath(*name.split("."))
    beside = Path(__file__).resolve().parent.parent.joinpath(*name.split("."))
    return inside if inside.is_dir() else beside
