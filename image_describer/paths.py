"""The folders of everything that is not code: the shipped data, and the user's files."""

import importlib.resources
import os
from pathlib import Path

import platformdirs

APP_NAME = "image-describer"


def bundle_folder() -> Path:
    """The model bundle: ``IMAGE_DESCRIBER_BUNDLE`` if set, else the user's own, else the shipped.

    The user has one if a tuned model was installed and the shipped one could not be replaced.
    """
    chosen = os.environ.get("IMAGE_DESCRIBER_BUNDLE")
    if chosen:
        return Path(chosen)
    own = own_bundle_folder()
    return own if (own / "manifest.json").is_file() else _shipped("models")


def own_bundle_folder() -> Path:
    """The folder for the user's own bundle; it is not created."""
    return Path(platformdirs.user_data_dir(APP_NAME, appauthor=False)) / "models"


def assets_folder() -> Path:
    """Icon, earcons and sample photographs."""
    return _shipped("assets")


def recipes_folder() -> Path:
    """The shipped training recipes."""
    return _shipped("train.recipes")


def cache_folder() -> Path:
    """Files that can be recreated, mainly cached speech; created when first needed."""
    return Path(platformdirs.user_cache_dir(APP_NAME, appauthor=False, ensure_exists=True))


def config_folder() -> Path:
    """The user's settings; created when first needed."""
    return Path(platformdirs.user_config_dir(APP_NAME, appauthor=False, ensure_exists=True))


def data_folder() -> Path:
    """The user's data: the index and the history; created when first needed."""
    return Path(platformdirs.user_data_dir(APP_NAME, appauthor=False, ensure_exists=True))


def log_folder() -> Path:
    """The logs of the program; created when first needed."""
    return Path(platformdirs.user_log_dir(APP_NAME, appauthor=False, ensure_exists=True))


def _shipped(name: str) -> Path:
    """A data folder: inside the package in a wheel (package_dir), beside it in a checkout."""
    inside = Path(str(importlib.resources.files("image_describer"))).joinpath(*name.split("."))
    beside = Path(__file__).resolve().parent.parent.joinpath(*name.split("."))
    return inside if inside.is_dir() else beside
