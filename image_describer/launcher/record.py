"""What was put where, so that exactly that can be taken away again."""

import contextlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import platformdirs

from image_describer.errors import LauncherError
from image_describer.paths import APP_NAME

RECORD_NAME = "launcher.json"


class Record:
    """The files and folders that `put` and its like have made, kept in a file of its own.

    A path is written down before it is made: whatever interrupts an installation, what it has made
    so far can be removed. All methods may raise OSError.
    """

    def __init__(self, place: Path, files: list[str], folders: list[str]) -> None:
        self.place = place
        self.files = files
        self.folders = folders
        self._fresh: set[str] = set()

    @classmethod
    def read(cls) -> "Record":
        """The record of this user; empty where nothing was installed. Raises LauncherError."""
        place = Path(platformdirs.user_data_dir(APP_NAME, appauthor=False)) / RECORD_NAME
        try:
            kept = json.loads(place.read_text(encoding="utf-8"))
            files, folders = list(kept["files"]), list(kept["folders"])
            if not all(isinstance(path, str) for path in files + folders):
                raise ValueError("a path is no text")
        except FileNotFoundError:
            return cls(place, [], [])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise LauncherError(
                f"What was installed can't be told, because {place} can't be read.",
                "Delete that file, and the launcher's files by hand.",
            ) from error
        return cls(place, files, folders)

    def put(self, path: Path, data: bytes, mode: int = 0o644) -> None:
        """Write ``data`` to ``path``, all or nothing.

        Raises LauncherError when another's file is there.
        """

        def fill(draft: Path) -> None:
            draft.write_bytes(data)
            draft.chmod(mode)

        own = path.is_file() and path.read_bytes() == data
        self.place_with(path, fill, own)

    def place_with(self, path: Path, fill: Callable[[Path], None], own: bool = False) -> None:
        """Let ``fill`` make a file or a folder under a draft's name, then give it its own.

        ``own``: what is there now is taken for ours though the record does not know it.
        """
        if os.path.lexists(path) and str(path) not in self.files and not own:
            raise LauncherError(
                f"{path} is there already, and this command did not put it there.",
                "Move it away and try again.",
            )
        self._make_folder(path.parent)
        self._note(self.files, path)
        self._fresh.add(str(path))
        with tempfile.TemporaryDirectory(prefix=".image-describer-", dir=path.parent) as drafts:
            # The same suffix: Windows makes shortcuts only under names that end in .lnk.
            draft = Path(drafts) / f"draft{path.suffix}"
            fill(draft)
            if path.is_dir() and not path.is_symlink():
                path.rename(Path(drafts) / "old")  # a folder can't be renamed over another
            draft.replace(path)

    def adopt(self, path: Path) -> None:
        """Note a file that another program is about to make for us."""
        self._note(self.files, path)

    def keep(self, path: Path) -> None:
        """Let `drop_stale` leave a file from an earlier installation alone."""
        self._fresh.add(str(path))

    def drop_stale(self) -> None:
        """Remove what an earlier installation put there and this one did not."""
        for name in [name for name in self.files if name not in self._fresh]:
            _delete(Path(name))
            self.files.remove(name)
        self._save()

    def remove(self) -> None:
        """Remove the files, the folders that were made for them and are empty, and the record."""
        for name in self.files:
            _delete(Path(name))
        self.place.unlink(missing_ok=True)
        for name in sorted(self.folders, key=len, reverse=True):
            with contextlib.suppress(OSError):  # somebody else has put something into it
                Path(name).rmdir()

    def _make_folder(self, folder: Path) -> None:
        missing = []
        while not folder.exists():
            missing.append(folder)
            folder = folder.parent
        for one in reversed(missing):
            self._note(self.folders, one)
            one.mkdir(exist_ok=True)

    def _note(self, names: list[str], path: Path) -> None:
        if str(path) not in names:
            names.append(str(path))
            self._save()

    def _save(self) -> None:
        folder = self.place.parent
        missing = [one for one in (folder, *folder.parents) if not one.exists()]
        for one in reversed(missing):
            one.mkdir(exist_ok=True)
            self.folders.append(str(one))
        text = json.dumps({"files": self.files, "folders": self.folders}, indent=1)
        draft = self.place.with_name(f".{RECORD_NAME}.{os.getpid()}.new")
        draft.write_text(text + "\n", encoding="utf-8")
        draft.replace(self.place)


def _delete(path: Path) -> None:
    # The only folder that is ever put whole: any other now at that place is the user's.
    if path.suffix == ".app" and path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):  # it is gone already
            path.unlink()
