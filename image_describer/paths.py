"""The folders of everything that is not code: the shipped data, and the user's files."""

import importlib
import importlib.resources
import os
import sys
from pathlib import Path

import platformdirs

APP_NAME = "image-describer"
SCREENSHOTS_ID = "{B7BEDE81-DF94-4682-A7D8-57A52620B86F}"  # of Windows' known folder


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


def config_folder(*, create: bool = True) -> Path:
    """The user's settings; created when first needed, unless they are only read."""
    return Path(platformdirs.user_config_dir(APP_NAME, appauthor=False, ensure_exists=create))


def data_folder() -> Path:
    """The user's data: the index and the history; created when first needed."""
    return Path(platformdirs.user_data_dir(APP_NAME, appauthor=False, ensure_exists=True))


def log_folder() -> Path:
    """The logs of the program; created when first needed."""
    return Path(platformdirs.user_log_dir(APP_NAME, appauthor=False, ensure_exists=True))


def screenshots_folder() -> Path:
    """Where this system saves screenshots, as far as is known; it may not exist."""
    platform: str = sys.platform  # mypy would follow sys.platform itself
    if platform == "darwin":
        return _screencapture_folder(Path.home())
    folder = Path(platformdirs.user_pictures_dir()) / "Screenshots"
    return _known_screenshots_folder() or folder if platform == "win32" else folder


def _screencapture_folder(home: Path) -> Path:
    """macOS: the location that was chosen in its Screenshot app, by default the desktop."""
    import plistlib

    try:
        with (home / "Library/Preferences/com.apple.screencapture.plist").open("rb") as file:
            return Path(os.path.expanduser(plistlib.load(file)["location"]))
    except (OSError, ValueError, KeyError, TypeError, plistlib.InvalidFileException):
        return home / "Desktop"


def _known_screenshots_folder() -> Path | None:
    """Windows: the known folder "Screenshots", which the user may have moved."""
    winreg = importlib.import_module("winreg")  # exists on Windows only
    folders = (
        r"Software\Microsoft\Windows\CurrentVersion\Explorer\User Shell Folders"  # untranslated
    )
    try:
        with winreg.OpenKey(winreg.HKEY_CURRENT_USER, folders) as key:
            value, _kind = winreg.QueryValueEx(key, SCREENSHOTS_ID)
    except OSError:  # never moved
        return None
    return Path(os.path.expandvars(value))


def _shipped(name: str) -> Path:
    """A data folder: inside the package in a wheel (package_dir), beside it in a checkout."""
    inside = Path(str(importlib.resources.files("image_describer"))).joinpath(*name.split("."))
    beside = Path(__file__).resolve().parent.parent.joinpath(*name.split("."))
    return inside if inside.is_dir() else beside
