"""Saves the descriptions of a folder: as a page, as a table, or as data for programs."""

from pathlib import Path
from typing import TYPE_CHECKING

from image_describer.app.dialogs import save
from image_describer.errors import SaveError
from image_describer.i18n import N_, _

if TYPE_CHECKING:
    from image_describer.app.tasks.folder_run import FolderRun

TITLE = N_("Save list")
KINDS = (
    (".html", N_("Page with the pictures, HTML")),
    (".csv", N_("Table for spreadsheets, CSV")),
    (".jsonl", N_("Data for programs, JSON lines")),
)
NOT_STORED = N_("The list can't be saved: {reason}.")


def default_location(folder: str) -> tuple[Path, str]:
    """Return a folder and a file name without suffix: in ``folder`` if possible, else Documents."""
    location, _name = save.default_location(str(Path(folder) / "list"), "list")
    return location, _("{name} descriptions").format(name=save.clean_name(folder))


def write_list(path: Path, run: "FolderRun", replace: bool) -> Path:
    """Save what ``run`` has described so far, whole or not at all. Blocks. Returns ``path``.

    The run may still be in progress. Raises SaveError, OutputError and, unless ``replace``,
    FileExistsAlreadyError.
    """
    from image_describer.library import exporters

    with save.os_errors_as_save_error(path):
        save.check_target(path, None, replace)
        if run.records.error:
            raise SaveError(
                _(NOT_STORED).format(reason=run.records.error), _("Make room on the disk.")
            )
        records, complete = run.records.snapshot()
        exporters.write(path, records, folders=[run.folder], partial=not complete)
    return path
