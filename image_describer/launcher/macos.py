"""macOS: an application folder in ~/Applications, and a link to it on the desktop."""

import plistlib
import shlex
from pathlib import Path

import platformdirs

from image_describer import __version__
from image_describer.i18n import N_, _
from image_describer.launcher.manifest import InstallManifest
from image_describer.launcher.program import LaunchCommand, screen_command, window_command
from image_describer.paths import assets_folder

APP = "Image Describer.app"  # untranslated
STARTER = "image-describer"
ICON_FILE = "icon.icns"
SCREEN_KEY = N_(
    "For a key that describes the screen, make a shortcut in the app Shortcuts: the action 'Run "
    "Shell Script' with this command, and in its details a keyboard shortcut: {command}"
)
UNIFORM_TYPES = [
    *("public.jpeg", "public.png", "org.webmproject.webp", "com.compuserve.gif"),
    *("com.microsoft.bmp", "public.tiff", "public.pbm", "public.avif", "public.jpeg-2000"),
]
"""The uniform type identifiers of the formats of `metadata.formats`."""


def install(manifest: InstallManifest) -> list[str]:
    """Install the application and return sentences for the user. Raises LauncherError."""
    command = window_command()
    application = Path.home() / "Applications" / APP
    manifest.create(application, lambda draft: build(draft, command))
    desktop = Path(platformdirs.user_desktop_dir())
    if desktop.is_dir():
        manifest.create(desktop / APP, lambda draft: draft.symlink_to(application))
    manifest.remove_stale()
    return [
        _(
            "Image Describer is now on the desktop, in the Applications folder of your home "
            "folder, and in 'Open With' for pictures."
        ),
        _(SCREEN_KEY).format(command=shlex.join(screen_command().arguments)),
    ]


def build(application: Path, command: LaunchCommand) -> None:
    """Create the application folder. May raise OSError."""
    contents = application / "Contents"
    for name in ("MacOS", "Resources"):
        (contents / name).mkdir(parents=True)
    (contents / "Info.plist").write_bytes(plistlib.dumps(_properties()))
    starter = contents / "MacOS" / STARTER
    change_folder = (
        f"cd {shlex.quote(str(command.folder))} || exit 1\n"  # untranslated
        if command.folder
        else ""
    )
    words = shlex.join(command.arguments)
    starter.write_text(
        f'#!/bin/sh\n{change_folder}exec {words} "$@"\n',  # untranslated
        encoding="utf-8",
    )
    starter.chmod(0o755)
    _write_icon(contents / "Resources" / ICON_FILE)


def _properties() -> dict[str, object]:
    return {
        "CFBundleName": "Image Describer",  # untranslated
        "CFBundleDisplayName": "Image Describer",  # untranslated
        "CFBundleIdentifier": "org.image-describer.launcher",
        "CFBundleVersion": __version__,
        "CFBundleShortVersionString": __version__,
        "CFBundlePackageType": "APPL",
        "CFBundleExecutable": STARTER,
        "CFBundleIconFile": ICON_FILE,
        "CFBundleInfoDictionaryVersion": "6.0",
        "NSHighResolutionCapable": True,
        "CFBundleDocumentTypes": [
            {
                "CFBundleTypeName": _("Picture"),
                "CFBundleTypeRole": "Viewer",
                "LSHandlerRank": "Alternate",
                "LSItemContentTypes": UNIFORM_TYPES,
            }
        ],
    }


def _write_icon(path: Path) -> None:
    from PIL import Image

    with Image.open(assets_folder() / "icon.png") as image:
        image.save(path, "ICNS")
