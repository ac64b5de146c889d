"""Why a folder can't be read, as an error for the user."""

import errno
import os

from image_describer.errors import FolderError
from image_describer.files import reason
from image_describer.i18n import _
from image_describer.text import file_name


def folder_error(path: str, cause: Exception) -> FolderError:
    """Return the error to raise when reading the folder ``path`` raised OSError or ValueError."""
    name = file_name(path)
    number = getattr(cause, "errno", None)
    if isinstance(cause, FileNotFoundError):
        if os.path.islink(path):
            return FolderError(
                _("{name} is a link to something that does not exist.").format(name=name)
            )
        return FolderError(
            _("There is no folder {name}.").format(name=name),
            _("It may have been moved or deleted."),
        )
    if isinstance(cause, NotADirectoryError):
        return FolderError(_("{name} is not a folder.").format(name=name))
    if isinstance(cause, PermissionError):
        return FolderError(_("You are not allowed to open the folder {name}.").format(name=name))
    if number == errno.ELOOP:
        return FolderError(_("{name} is a link that leads back to itself.").format(name=name))
    if number == errno.ENAMETOOLONG:
        return FolderError(_("That path is too long for this computer."))
    return FolderError(
        _("The folder {name} can't be read: {reason}.").format(name=name, reason=reason(cause))
    )
