"""The launcher: Image Describer on the desktop, in the menu and in "Open with", and away again.

Each system has a file of its own; what all of them share is the record of what was put where.
"""

import sys
from collections.abc import Callable

from image_describer.errors import LauncherError
from image_describer.launcher.record import Record

__all__ = ["LauncherError", "install", "remove"]

TRY_AGAIN = "Mend that and try again."
TRY_OR_REMOVE = (
    "Mend that and try again, or take away what was put there so far with: "
    "image-describer install-launcher --remove"
)


def install() -> list[str]:
    """Put the launcher where this system wants it; again is the same as once.

    Returns sentences for the user. Raises LauncherError.
    """
    record = Record.read()
    said: list[str] = []
    _guarded(lambda: said.extend(_system_install(record)), "installed", TRY_OR_REMOVE)
    return said


def remove() -> list[str]:
    """Take away what `install` put there and nothing else; sentences for the user.

    Raises LauncherError.
    """
    record = Record.read()
    if not record.files:
        return ["There is no launcher to take away."]
    _guarded(lambda: _system_remove(record), "taken away", TRY_AGAIN)
    return ["Image Describer's launcher was taken away. Image Describer itself is still there."]


def _system_install(record: Record) -> list[str]:
    if sys.platform == "win32":
        from image_describer.launcher import windows

        return windows.install(record)
    if sys.platform == "darwin":
        from image_describer.launcher import macos

        return macos.install(record)
    from image_describer.launcher import linux

    return linux.install(record)


def _system_remove(record: Record) -> None:
    if sys.platform in ("win32", "darwin"):
        record.remove()
        return
    from image_describer.launcher import linux

    linux.remove(record)


def _guarded(job: Callable[[], None], what: str, way_out: str) -> None:
    try:
        job()
    except OSError as error:
        where = f": {error.filename}" if error.filename else ""
        reason = (error.strerror or str(error)).lower()
        raise LauncherError(
            f"The launcher could not be {what} ({reason}{where}).",
            way_out,
        ) from error
