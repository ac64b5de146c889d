"""The descriptions of a folder saved: as a page, as a table, or for programs."""

from pathlib import Path
from typing import TYPE_CHECKING

from image_describer.app import messages as say
from image_describer.app.dialogs import save
from image_describer.errors import SaveError

if TYPE_CHECKING:
    from image_describer.app.tasks.folder import FolderRun

TITLE = "Save list"
KINDS = (
    (".html", "Page with the pictures, HTML"),
    (".csv", "Table for spreadsheets, CSV"),
    (".jsonl", "Data for programs, JSON lines"),
)
NOT_KEPT = "The list can't be saved: {why}."


def default_place(folder: str) -> tuple[Path, str]:
    """The folder and the name without its ending: in the folder itself, else in Documents."""
    place, _name = save.default_place(str(Path(folder) / "list"), "list")
    return place, f"{say.name_of(folder)} descriptions"


def write(path: Path, run: "FolderRun", replace: bool, partial: bool) -> Path:
    """Save what ``run`` has described so far, whole or not at all; blocks. Gives back the path.

    Raises ImageDescriberError, and ThereAlreadyError unless ``replace``.
    """
    from image_describer.library.exporters import write as outputs

    with save.telling(path):
        save.check(path, None, replace)
        if run.kept.trouble:
            raise SaveError(NOT_KEPT.format(why=run.kept.trouble), "Make room on the disk.")
        outputs.write(path, run.kept.records(), folders=[run.folder], partial=partial)
    return path
