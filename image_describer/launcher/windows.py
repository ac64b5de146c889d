"""Windows: shortcuts on the desktop, in the Start menu and in "Send to"."""

import io
import os
import subprocess
from pathlib import Path

import platformdirs

from image_describer.errors import LauncherError
from image_describer.launcher.program import Program, window_program
from image_describer.launcher.record import Record
from image_describer.paths import APP_NAME, assets_folder

LINK_NAME = "Image Describer.lnk"
POWERSHELL_LIMIT_S = 60.0  # its first start on a slow disk
ICON_SIDES_PX = [(16, 16), (32, 32), (48, 48), (256, 256)]

# The values come by the environment: no quoting, whatever the paths hold.
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


def install(record: Record) -> list[str]:
    """Put the shortcuts there; sentences for the user. Raises LauncherError."""
    program = window_program()
    icon = Path(platformdirs.user_data_dir(APP_NAME, appauthor=False)) / "icon.ico"
    record.put(icon, icon_bytes())
    for folder in _folders():
        record.place_with(folder / LINK_NAME, lambda draft: shortcut(draft, program, icon))
    record.drop_stale()
    return [
        "Image Describer is now on the desktop, in the Start menu, and for pictures in 'Send to'."
    ]


def shortcut(link: Path, program: Program, icon: Path) -> None:
    """Write a .lnk file by Windows' own means. Raises LauncherError."""
    values = {
        "LAUNCHER_LINK": str(link),
        "LAUNCHER_TARGET": program.words[0],
        "LAUNCHER_ARGUMENTS": subprocess.list2cmdline(program.words[1:]),
        "LAUNCHER_FOLDER": str(program.folder or ""),
        "LAUNCHER_ICON": str(icon),
    }
    command = ["powershell", "-NoProfile", "-NonInteractive", "-Command", SCRIPT]
    try:
        done = subprocess.run(
            command,
            env={**os.environ, **values},
            capture_output=True,
            timeout=POWERSHELL_LIMIT_S,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise LauncherError(
            "The shortcut could not be made, because PowerShell does not run.",
            "Make a shortcut to this program by hand: " + program.words[0],
        ) from error
    if done.returncode or not link.is_file():
        raise LauncherError(
            "Windows refused to make the shortcut.",
            "Make a shortcut to this program by hand: " + program.words[0],
        )


def icon_bytes() -> bytes:
    """The program's icon as an .ico file."""
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
