"""Finished bundles: their manifest and card, and installing them in the place of another."""

import dataclasses
import os
import platform
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import Any

from image_describer import bundle_files, paths
from image_describer.captioner.bundle import (
    DECODER,
    JOINT_WORDS,
    MANIFEST,
    NGRAM_PRIOR,
    REQUIRED_FILES,
    TOKENIZER,
    Bundle,
    file_of_language,
    open_bundle,
    write_manifest,
)
from image_describer.errors import TrainingError
from image_describer.files import reason
from image_describer.i18n import ENGLISH
from image_describer.train.export import model_card
from image_describer.train.recipe import Recipe

PREVIOUS = ".previous"  # after the folder's name: models -> models.previous
PACKAGES = ("keras", "tensorflow", "jax", "torch", "numpy", "scikit-learn")
LICENCE = "MIT. The training data has licences of its own."
GIT_TIMEOUT_S = 10


def made(
    command: str, seed: int, sources: Sequence[Mapping[str, Any]], backend: str | None = None
) -> dict[str, Any]:
    """Describe how a bundle was made, for its manifest.

    ``sources`` are those of `Dataset`. ``backend`` is the one of Keras that trained (None: the
    current one).
    """
    if backend is None:
        import keras  # takes seconds, and the other functions don't need it

        backend = keras.backend.backend()
    return {
        "command": command,
        "commit": _commit(Path(__file__).resolve().parents[3]),
        "seed": seed,
        "backend": backend,
        "packages": {"python": platform.python_version(), **_versions(PACKAGES)},
        "data": [dict(source) for source in sources],
    }


def write_draft(
    folder: Path, recipe: Recipe, fields: Mapping[str, Any], made: Mapping[str, Any]
) -> dict[str, Any]:
    """Describe the encoder, decoder and tokenizer in ``folder``: write its manifest and its card.

    ``fields`` are sections of the manifest. Files of other parts are deleted, because they were
    fitted to another encoder. Returns the manifest. Raises BundleError and TrainingError.
    """
    described = {"licence": LICENCE, **_described(recipe, fields, made)}
    with _writing(folder):
        manifest = write_manifest(folder, described)
        for file in folder.iterdir():
            if file.is_file() and file.name not in (*REQUIRED_FILES, MANIFEST):
                file.unlink()
        model_card.write(folder / model_card.NAME, manifest)
    return manifest


def _described(
    recipe: Recipe, fields: Mapping[str, Any], made: Mapping[str, Any]
) -> dict[str, Any]:
    plain = {"slope": 1.0, "offset": 0.0}  # until confidence is fitted
    return {
        "name": recipe.name,
        "recipe": dataclasses.asdict(recipe),
        "made": dict(made),
        "metrics": {},
        "confidence": plain,
        **fields,
    }


def add_language(
    folder: Path,
    base: Bundle,
    language: str,
    recipe: Recipe,
    fields: Mapping[str, Any],
    made: Mapping[str, Any],
) -> dict[str, Any]:
    """Describe the decoder and the tokenizer of another language in ``folder``, which has the files
    of the bundle ``base`` besides: write its manifest and its card.

    ``fields`` are sections of the language in the manifest. Other parts that the language had are
    deleted, because they belong to another tokenizer. Returns the manifest. Raises BundleError and
    TrainingError.
    """
    new, stale = (
        {file_of_language(name, language) for name in names}
        for names in ((DECODER, TOKENIZER), (NGRAM_PRIOR, JOINT_WORDS))
    )
    described = {
        **base.manifest,
        "files": sorted({*base.manifest["files"], *new} - stale),
        "languages": {
            **base.manifest.get("languages", {}),
            language: _described(recipe, fields, made),
        },
    }
    with _writing(folder):
        manifest = write_manifest(folder, described)
        for name in stale:
            (folder / name).unlink(missing_ok=True)
        model_card.write(folder / model_card.NAME, manifest)
    return manifest


def update(
    folder: Path,
    files: Mapping[str, bytes],
    sections: Mapping[str, Any],
    language: str = ENGLISH,
) -> None:
    """Write ``files`` into a bundle, and them and ``sections`` into its manifest and its card.

    With another ``language`` than English, the sections become that language's. The files of a
    bundle in an older format are renamed, too. Raises BundleError and TrainingError.
    """
    bundle = open_bundle(folder)
    names = sorted({*bundle.manifest["files"], *files})
    if language != ENGLISH:
        languages = bundle.manifest["languages"]
        own = {**languages[language], **sections}
        sections = {"languages": {**languages, language: own}}
    with _writing(folder):
        for name in bundle.old_names:
            bundle_files.write(folder / name, bundle.path(name).read_bytes())
        for name, content in files.items():
            bundle_files.write(folder / name, content)
        manifest = write_manifest(folder, {**bundle.manifest, **sections, "files": names})
        model_card.write(folder / model_card.NAME, manifest)
        for old_name in bundle.old_names.values():
            (folder / old_name).unlink()


def with_note(made: Mapping[str, Any], note: str) -> dict[str, Any]:
    """``made`` of a manifest, with a sentence about what was added to the bundle later."""
    old = made.get("note", "")
    return {**made, "note": old if note in old else f"{old} {note}".strip()}


def add_note(folder: Path, note: str) -> None:
    """Add ``note`` to what the manifest and the card of a bundle say about how it was made."""
    made = open_bundle(folder).manifest.get("made", {})
    update(folder, {}, {"made": with_note(made, note)})


def previous(folder: Path) -> Path:
    """Where `install` keeps the bundle that was in ``folder``: beside it."""
    folder = Path(os.path.abspath(folder))
    return folder.with_name(folder.name + PREVIOUS)


def copy(bundle: Bundle, folder: Path) -> None:
    """Copy a bundle and its card into ``folder``, in the current format. Raises OSError."""
    for name in bundle.manifest["files"]:
        bundle_files.write(folder / name, bundle.path(name).read_bytes())
    write_manifest(folder, bundle.manifest)
    card = bundle.folder / model_card.NAME
    if card.exists():
        bundle_files.write(folder / model_card.NAME, card.read_bytes())
    folder.chmod(0o755)  # mkdtemp's folders are for their owner alone; a bundle is for everyone


def install_folder(folder: Path) -> Path:
    """Return ``folder``, or the one for the user's own bundle if it can't be replaced."""
    folder = Path(os.path.abspath(folder))
    chosen = "IMAGE_DESCRIBER_BUNDLE" in os.environ
    return folder if chosen or _is_writable(folder.parent) else paths.own_bundle_folder()


def install(draft: Path, folder: Path) -> Path:
    """Copy the bundle ``draft`` to ``folder``; return where the one before is kept.

    The folder holds a whole bundle at every moment but the one between two renames; after a power
    cut in between, `restore` brings the one before back. Raises TrainingError, also for a folder
    that has anything but a bundle, and BundleError for a damaged draft.
    """
    bundle = open_bundle(draft)
    folder, kept = Path(os.path.abspath(folder)), previous(folder)
    for existing in (folder, kept):
        _check_replaceable(existing)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        # Beside the folder, so that renaming it is one step.
        new = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
        try:
            copy(bundle, new)
            if folder.exists():
                shutil.rmtree(kept, ignore_errors=True)
                folder.rename(kept)
            new.rename(folder)
        finally:
            shutil.rmtree(new, ignore_errors=True)
    except OSError as error:
        raise _not_replaceable(folder, error) from error
    return kept


def restore(folder: Path) -> str:
    """Bring back the bundle before the last `install`; return what was done, as a sentence.

    If the folder is the user's own and had none before, the shipped bundle is used again. Raises
    TrainingError if there is nothing to go back to, and BundleError if it is damaged.
    """
    folder, kept = Path(os.path.abspath(folder)), previous(folder)
    own = folder == Path(os.path.abspath(paths.own_bundle_folder()))
    if not kept.exists() and not (own and folder.exists()):
        raise TrainingError(
            f"No earlier model is kept beside {folder}.",
            "One is kept when a model is installed with --install or --output.",
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
        raise _not_replaceable(folder, error) from error
    return f"The model from before is back: {folder if folder.exists() else paths.bundle_folder()}."


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise TrainingError(
            f"The bundle {folder} can't be written: {reason(error)}.",
            "Free some space or make the folder writable, and run the command again.",
        ) from error


def _commit(checkout: Path) -> str:
    """The commit of the checkout that this program runs from, with "-dirty" after changes.

    It is "" outside of a checkout, also if the program is installed within another one.
    """

    def git(*words: str) -> str:
        command = ["git", "-C", str(checkout), *words]
        return subprocess.run(
            command, capture_output=True, text=True, check=True, timeout=GIT_TIMEOUT_S
        ).stdout.strip()

    try:
        if Path(git("rev-parse", "--show-toplevel")).resolve() != checkout:
            return ""
        changed = git("status", "--porcelain", "--untracked-files=no")
        return git("rev-parse", "HEAD") + ("-dirty" if changed else "")
    except (OSError, subprocess.SubprocessError):
        return ""


def _versions(packages: Sequence[str]) -> dict[str, str]:
    found = {}
    for name in packages:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def _is_writable(folder: Path) -> bool:
    """Whether a folder can be made in ``folder``; permissions don't tell on every system."""
    try:
        with tempfile.TemporaryDirectory(prefix=".image-describer.", dir=folder):
            return True
    except OSError:
        return False


def _check_replaceable(folder: Path) -> None:
    """Refuse to replace a folder or a file that is not a bundle."""
    is_bundle = (folder / MANIFEST).is_file()
    is_empty_folder = folder.is_dir() and not any(folder.iterdir())
    if folder.exists() and not is_bundle and not is_empty_folder:
        raise TrainingError(
            f"{folder} has other files than those of a model, and would be replaced.",
            "Give a folder that is new or empty, or has a model in it.",
        )


def _not_replaceable(folder: Path, error: OSError) -> TrainingError:
    return TrainingError(
        f"The model in {folder} can't be replaced: {reason(error)}.",
        "Make the folder writable, or set IMAGE_DESCRIBER_BUNDLE to a folder of your own and "
        "give the same command.",
    )
