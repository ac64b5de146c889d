"""Windows: shortcuts on the desktop, in the Start menu and in "Send to"."""

import io
import os
import subprocess
from pathlib import Path

import platformdirs

from image_describer.errors import LauncherError
from image_describer.launcher.manifest import InstallManifest
from image_describer.launcher.program import WindowCommand, window_command
from image_describer.paths import APP_NAME, assets_folder

LINK_NAME = "Image Describer.lnk"
POWERSHELL_LIMIT_S = 60.0  # the first start on a slow disk
ICON_SIDES_PX = [(16, 16), (32, 32), (48, 48), (256, 256)]

# Values are passed in the environment, so that paths need no quoting.
SCRIPT = """\
$ErrorActionPreference = 'Stop'
$link = (New-Object -ComObject WScript.Shell).CreateShortcut($env:LAUNCHER_LINK)
$link.TargetPath = $env:LAUNCHER_TARGET
$link.Arguments = $env:LAUNCHER_ARGUMENTS
$link.WorkingDirectory = $env:LAUNCHER_FOLDER
$link.IconLocation = $env:LAUNCHER_ICON + ',0'
$link.Description = 'Hear what a photograph shows'
$link.Save()
"""


def install(manifest: InstallManifest) -> list[str]:
    """Create the shortcuts and return sentences for the user. Raises LauncherError."""
    command = window_command()
    icon = Path(platformdirs.user_data_dir(APP_NAME, appauthor=False)) / "icon.ico"
    manifest.write_file(icon, icon_bytes())
    for folder in _folders():
        manifest.create(folder / LINK_NAME, lambda draft: create_shortcut(draft, command, icon))
    manifest.remove_stale()
    return [
        "Image Describer is now on the desktop, in the Start menu, and for pictures in 'Send to'."
    ]


def create_shortcut(link: Path, command: WindowCommand, icon: Path) -> None:
    """Create a .lnk file through PowerShell. Raises LauncherError."""
    values = {
        "LAUNCHER_LINK": str(link),
        "LAUNCHER_TARGET": command.arguments[0],
        "LAUNCHER_ARGUMENTS": subprocess.list2cmdline(command.arguments[1:]),
        "LAUNCHER_FOLDER": str(command.folder or ""),
        "LAUNCHER_ICON": str(icon),
    }
    powershell = ["powershell", "-NoProfile", "-NonInteractive", "-Command", SCRIPT]
    try:
        done = subprocess.run(
            powershell,
            env={**os.environ, **values},
            capture_output=True,
            timeout=POWERSHELL_LIMIT_S,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise LauncherError(
            "The shortcut could not be created, because PowerShell does not run.",
            "Create a shortcut to this program by hand: " + command.arguments[0],
        ) from error
    if done.returncode or not link.is_file():
        raise LauncherError(
            "Windows refused to create the shortcut.",
            "Create a shortcut to this program by hand: " + command.arguments[0],
        )


def icon_bytes() -> bytes:
    """Return the program's icon as an .ico file."""
    from PIL import Image

    packed = io.BytesIO()
    with Image.open(assets_folder() / "icon.png") as image:
        image.save(packed, "ICO", sizes=ICON_SIDES_PX)
    return packed.getvalue()


def _folders() -> list[Path]:
    roaming = os.environ.get("APPDATA")
    windows = Path(roaming or Path.home() / "AppData" / "Roaming") / "Microsoft" / "Windows"
    return [
        Path(platformdirs.user_desktop_dir()),
        windows / "Start Menu" / "Programs",
        windows / "SendTo",
    ]
