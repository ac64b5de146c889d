"""Why a folder can't be read, as an error for the user."""

import errno
import os

from image_describer.errors import FolderError
from image_describer.text import file_name


def folder_error(path: str, cause: Exception) -> FolderError:
    """Return the error to raise when reading the folder ``path`` raised OSError or ValueError."""
    name = file_name(path)
    number = getattr(cause, "errno", None)
    if isinstance(cause, FileNotFoundError):
        if os.path.islink(path):
            return FolderError(f"{name} is a link to something that does not exist.")
        return FolderError(f"There is no folder {name}.", "It may have been moved or deleted.")
    if isinstance(cause, NotADirectoryError):
        return FolderError(f"{name} is not a folder.")
    if isinstance(cause, PermissionError):
        return FolderError(f"You are not allowed to open the folder {name}.")
    if number == errno.ELOOP:
        return FolderError(f"{name} is a link that leads back to itself.")
    if number == errno.ENAMETOOLONG:
        return FolderError("That path is too long for this computer.")
    reason = getattr(cause, "strerror", None) or "that is not a valid name"
    return FolderError(f"The folder {name} can't be read: {reason}.")
