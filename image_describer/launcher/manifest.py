"""The list of what a launcher has installed, so that exactly that can be removed again."""

import contextlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import platformdirs

from image_describer import files
from image_describer.errors import LauncherError
from image_describer.i18n import _
from image_describer.paths import APP_NAME

FILE_NAME = "launcher.json"


class InstallManifest:
    """The files and folders that an installation has created, stored in ``path``.

    A file is listed before it is created, so that an interrupted installation can be removed too.
    All methods may raise OSError.
    """

    def __init__(self, path: Path, files: list[str], folders: list[str]) -> None:
        self.path = path
        self.files = files
        self.folders = folders
        self._current: set[str] = set()  # files of this installation

    @classmethod
    def load(cls) -> "InstallManifest":
        """Return this user's manifest, empty if nothing is installed. Raises LauncherError."""
        path = Path(platformdirs.user_data_dir(APP_NAME, appauthor=False)) / FILE_NAME
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            files, folders = list(content["files"]), list(content["folders"])
            if not all(isinstance(name, str) for name in files + folders):
                raise ValueError("a path is not a string")
        except FileNotFoundError:
            return cls(path, [], [])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise LauncherError(
                _("The list of installed files, {path}, can't be read.").format(path=path),
                _("Delete that file, and the files of the launcher by hand."),
            ) from error
        return cls(path, files, folders)

    def write_file(self, path: Path, content: bytes, mode: int = 0o644) -> None:
        """Write ``content`` to ``path`` atomically.

        Raises LauncherError if somebody else's file is there.
        """

        def create(draft: Path) -> None:
            draft.write_bytes(content)
            draft.chmod(mode)

        is_own = path.is_file() and path.read_bytes() == content
        self.create(path, create, is_own)

    def create(self, path: Path, create: Callable[[Path], None], is_own: bool = False) -> None:
        """Call ``create`` with a temporary path for a file or folder, then move it to ``path``.

        ``is_own``: what exists there is ours, even if it is not in the manifest. Raises
        LauncherError if somebody else's file is there.
        """
        if os.path.lexists(path) and str(path) not in self.files and not is_own:
            raise LauncherError(
                _("{path} already exists and was not created by this command.").format(path=path),
                _("Move it away and try again."),
            )
        self._create_parents(path.parent)
        self.add(path)
        with tempfile.TemporaryDirectory(prefix=".image-describer-", dir=path.parent) as drafts:
            # The same suffix, because Windows creates shortcuts only as .lnk files.
            draft = Path(drafts) / f"draft{path.suffix}"
            create(draft)
            if path.is_dir() and not path.is_symlink():
                path.rename(Path(drafts) / "old")  # a folder can't replace another one
            draft.replace(path)

    def add(self, path: Path) -> None:
        """List a file that another program is about to create for us."""
        self._append(self.files, path)
        self.keep(path)

    def keep(self, path: Path) -> None:
        """Count a file from an earlier installation as part of this one, if it is listed."""
        self._current.add(str(path))

    def remove_stale(self) -> None:
        """Remove files of an earlier installation that are not part of this one."""
        for name in [name for name in self.files if name not in self._current]:
            _delete(Path(name))
            self.files.remove(name)
        self._save()

    def remove(self) -> None:
        """Remove the files, the folders created for them unless in use, and the manifest."""
        for name in self.files:
            _delete(Path(name))
        self.path.unlink(missing_ok=True)
        for name in sorted(self.folders, key=len, reverse=True):
            with contextlib.suppress(OSError):  # the user has put something into it
                Path(name).rmdir()

    def _create_parents(self, folder: Path) -> None:
        for missing in _missing_folders(folder):
            self._append(self.folders, missing)
            missing.mkdir(exist_ok=True)

    def _append(self, names: list[str], path: Path) -> None:
        if str(path) not in names:
            names.append(str(path))
            self._save()

    def _save(self) -> None:
        for missing in _missing_folders(self.path.parent):
            missing.mkdir(exist_ok=True)
            self.folders.append(str(missing))
        text = json.dumps({"files": self.files, "folders": self.folders}, indent=1)
        files.write(self.path, f"{text}\n".encode())


def _missing_folders(folder: Path) -> list[Path]:
    """Return ``folder`` and its parents as far as they don't exist, outermost first."""
    return [path for path in (*reversed(folder.parents), folder) if not path.exists()]


def _delete(path: Path) -> None:
    # Only .app folders are ever installed: any other folder at such a path is the user's.
    if path.suffix == ".app" and path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            path.unlink()
