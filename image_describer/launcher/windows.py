"""Windows: shortcuts on the desktop, in the Start menu and in "Send to"."""

import io
import os
import subprocess
from pathlib import Path

import platformdirs

from image_describer.errors import LauncherError
from image_describer.i18n import N_, _
from image_describer.launcher.manifest import InstallManifest
from image_describer.launcher.program import LaunchCommand, screen_command, window_command
from image_describer.paths import APP_NAME, assets_folder

LINK_NAME = "Image Describer.lnk"  # untranslated
SCREEN_LINK_NAME = N_("Describe the screen.lnk")
SCREEN_KEY = N_(
    "'Describe the screen' is in the Start menu, too. For a key that does it, open its file "
    "location, then its properties, and press the key under 'Shortcut key'."
)
NORMAL, MINIMIZED = 1, 7  # WindowStyle: the latter leaves the active window active
MENU_DELAY_S = 1  # until the menu, from which it was started, has gone
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
$link.WindowStyle = $env:LAUNCHER_STYLE
$link.Description = $env:LAUNCHER_DESCRIPTION
$link.Save()
"""  # untranslated


def install(manifest: InstallManifest) -> list[str]:
    """Create the shortcuts and return sentences for the user. Raises LauncherError."""
    command = window_command()
    icon = Path(platformdirs.user_data_dir(APP_NAME, appauthor=False)) / "icon.ico"
    manifest.write_file(icon, icon_bytes())
    programs = _start_menu() / "Programs"
    for folder in (
        Path(platformdirs.user_desktop_dir()),
        programs,
        _start_menu().parent / "SendTo",
    ):
        manifest.create(
            folder / LINK_NAME,
            lambda draft: create_shortcut(draft, command, icon, _("Hear what a photograph shows")),
        )
    # The console program, whose window must not cover the screen.
    screen = screen_command().with_arguments("--delay", str(MENU_DELAY_S))
    manifest.create(
        programs / _(SCREEN_LINK_NAME),
        lambda draft: create_shortcut(
            draft, screen, icon, _("Hear what is on the screen"), style=MINIMIZED
        ),
    )
    manifest.remove_stale()
    return [
        _(
            "Image Describer is now on the desktop, in the Start menu, and for pictures in "
            "'Send to'."
        ),
        _(SCREEN_KEY),
    ]


def create_shortcut(
    link: Path, command: LaunchCommand, icon: Path, description: str, *, style: int = NORMAL
) -> None:
    """Create a .lnk file through PowerShell. Raises LauncherError."""
    values = {
        "LAUNCHER_LINK": str(link),
        "LAUNCHER_TARGET": command.arguments[0],
        "LAUNCHER_ARGUMENTS": subprocess.list2cmdline(command.arguments[1:]),
        "LAUNCHER_FOLDER": str(command.folder or ""),
        "LAUNCHER_ICON": str(icon),
        "LAUNCHER_STYLE": str(style),
        "LAUNCHER_DESCRIPTION": description,
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
            _("The shortcut could not be created, because PowerShell does not run."),
            _("Create a shortcut to this program by hand: {program}").format(
                program=command.arguments[0]
            ),
        ) from error
    if done.returncode or not link.is_file():
        raise LauncherError(
            _("Windows refused to create the shortcut."),
            _("Create a shortcut to this program by hand: {program}").format(
                program=command.arguments[0]
            ),
        )


def icon_bytes() -> bytes:
    """Return the program's icon as an .ico file."""
    from PIL import Image

    packed = io.BytesIO()
    with Image.open(assets_folder() / "icon.png") as image:
        image.save(packed, "ICO", sizes=ICON_SIDES_PX)
    return packed.getvalue()


def _start_menu() -> Path:
    roaming = os.environ.get("APPDATA")
    windows = Path(roaming or Path.home() / "AppData" / "Roaming") / "Microsoft" / "Windows"
    return windows / "Start Menu"  # untranslated
