"""A new bundle in the place of the one that is used, and the way back."""

import os
import shutil
import tempfile
from pathlib import Path

from image_describer import paths
from image_describer.captioner import bundle_files
from image_describer.captioner.bundle import MANIFEST, open_bundle
from image_describer.errors import TrainingError
from image_describer.train.export import model_card

PREVIOUS = ".previous"  # after the folder's name: models -> models.previous


def previous(folder: Path) -> Path:
    """Where the bundle before the one in ``folder`` is kept: beside it."""
    folder = Path(os.path.abspath(folder))
    return folder.with_name(folder.name + PREVIOUS)


def place_for(folder: Path) -> Path:
    """``folder``, or the user's own place where the shipped bundle can't be replaced."""
    folder = Path(os.path.abspath(folder))
    chosen = "IMAGE_DESCRIBER_BUNDLE" in os.environ
    return folder if chosen or _writable(folder.parent) else paths.own_bundle_folder()


def install(draft: Path, folder: Path) -> Path:
    """Put the bundle ``draft`` into ``folder``; what was there is kept, and its place returned.

    A folder is whole at every moment but the one between two renames; after a power cut just then
    `restore` brings the old one back. Raises TrainingError, and BundleError for a bad draft.
    """
    open_bundle(draft)
    folder, kept = Path(os.path.abspath(folder)), previous(folder)
    try:
        new = _copy(draft, folder)
        try:
            if folder.exists():
                shutil.rmtree(kept, ignore_errors=True)
                folder.rename(kept)
            new.rename(folder)
        finally:
            shutil.rmtree(new, ignore_errors=True)
    except OSError as error:
        raise _no_room(folder, error) from error
    return kept


def restore(folder: Path) -> str:
    """Bring the bundle before the last `install` back; returns what was done, in a sentence.

    Where the user's own place held none before, the shipped bundle is used again. Raises
    TrainingError where there is nothing to go back to, and BundleError where it is damaged.
    """
    folder, kept = Path(os.path.abspath(folder)), previous(folder)
    own = folder == Path(os.path.abspath(paths.own_bundle_folder()))
    if not kept.exists() and not (own and folder.exists()):
        raise TrainingError(
            f"No earlier model is kept beside {folder}.",
            "There is one after --from bundled --data FOLDER --install.",
        )
    if kept.exists():
        open_bundle(kept)
    try:
        away = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
        if folder.exists():
            folder.rename(away / "replaced")
        if kept.exists():
            kept.rename(folder)
        shutil.rmtree(away)
    except OSError as error:
        raise _no_room(folder, error) from error
    return f"The model from before is back: {paths.bundle_folder()}."


def _writable(folder: Path) -> bool:
    """Whether a folder can be made in ``folder``; permissions alone don't tell on every system."""
    try:
        with tempfile.TemporaryDirectory(prefix=".image-describer.", dir=folder):
            return True
    except OSError:
        return False


def _copy(draft: Path, folder: Path) -> Path:
    """A copy of the bundle in a new folder beside ``folder``: renaming it is one step."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    new = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    names = [*open_bundle(draft).manifest["files"], model_card.NAME, MANIFEST]
    for name in names:
        if (draft / name).exists():
            bundle_files.write(new / name, (draft / name).read_bytes())
    new.chmod(0o755)  # mkdtemp's folders are for their owner alone; a bundle is for everyone
    return new


def _no_room(folder: Path, error: OSError) -> TrainingError:
    return TrainingError(
        f"The model in {folder} can't be replaced: {error.strerror or error}.",
        "Make the folder writable, or set IMAGE_DESCRIBER_BUNDLE to a folder of your own and "
        "give the same command.",
    )
