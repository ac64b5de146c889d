"""Launchers: puts the window on the desktop, into menus and into "Open with", and removes it again.

There is one module for each system. All of them use a manifest of what was installed.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from image_describer.errors import LauncherError
from image_describer.i18n import N_, _
from image_describer.launcher.manifest import InstallManifest

__all__ = ["LauncherError", "install", "remove"]

TRY_AGAIN = N_("Fix this and try again.")
TRY_OR_REMOVE = N_(
    "Fix this and try again, or remove what was installed so far: "
    "image-describer install-launcher --remove"
)


def install() -> list[str]:
    """Install the launcher of this system and return sentences for the user. Idempotent.

    Raises LauncherError.
    """
    manifest = InstallManifest.load()
    with _os_errors(_("The launcher could not be installed ({reason})."), _(TRY_OR_REMOVE)):
        return _install(manifest)


def remove() -> list[str]:
    """Remove exactly what `install` created and return sentences for the user.

    Raises LauncherError.
    """
    manifest = InstallManifest.load()
    if not manifest.files:
        return [_("No launcher is installed.")]
    with _os_errors(_("The launcher could not be removed ({reason})."), _(TRY_AGAIN)):
        _remove(manifest)
    return [_("The launcher was removed. Image Describer itself is still installed.")]


def _install(manifest: InstallManifest) -> list[str]:
    if sys.platform == "win32":
        from image_describer.launcher import windows

        return windows.install(manifest)
    if sys.platform == "darwin":
        from image_describer.launcher import macos

        return macos.install(manifest)
    from image_describer.launcher import linux

    return linux.install(manifest)


def _remove(manifest: InstallManifest) -> None:
    if sys.platform in ("win32", "darwin"):
        manifest.remove()
        return
    from image_describer.launcher import linux

    linux.remove(manifest)


@contextmanager
def _os_errors(sentence: str, way_out: str) -> Iterator[None]:
    """Raise LauncherError with a sentence for an OSError."""
    try:
        yield
    except OSError as error:
        path = f": {error.filename}" if error.filename else ""
        reason = (error.strerror or str(error)).lower()
        raise LauncherError(sentence.format(reason=f"{reason}{path}"), way_out) from error
