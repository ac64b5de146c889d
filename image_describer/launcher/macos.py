"""macOS: an application folder in ~/Applications, and a link to it on the desktop."""

import plistlib
import shlex
from pathlib import Path

import platformdirs

from image_describer import __version__
from image_describer.launcher.program import Program, window_program
from image_describer.launcher.record import Record
from image_describer.paths import assets_folder

APP = "Image Describer.app"
STARTER = "image-describer"
ICON_FILE = "icon.icns"
UNIFORM_TYPES = [
    *("public.jpeg", "public.png", "org.webmproject.webp", "com.compuserve.gif"),
    *("com.microsoft.bmp", "public.tiff", "public.pbm", "public.avif"),
]
"""What macOS calls the formats of `image_describer.formats`."""


def install(record: Record) -> list[str]:
    """Put the application there; sentences for the user. Raises LauncherError."""
    program = window_program()
    application = Path.home() / "Applications" / APP
    record.place_with(application, lambda draft: build(draft, program))
    desktop = Path(platformdirs.user_desktop_dir())
    if desktop.is_dir():
        record.place_with(desktop / APP, lambda draft: draft.symlink_to(application))
    record.drop_stale()
    return [
        "Image Describer is now on the desktop, in the Applications folder of your home folder, "
        "and in 'Open With' for pictures."
    ]


def build(application: Path, program: Program) -> None:
    """Make the application folder. May raise OSError."""
    contents = application / "Contents"
    for name in ("MacOS", "Resources"):
        (contents / name).mkdir(parents=True)
    (contents / "Info.plist").write_bytes(plistlib.dumps(_properties()))
    starter = contents / "MacOS" / STARTER
    go = f"cd {shlex.quote(str(program.folder))} || exit 1\n" if program.folder else ""
    command = " ".join(shlex.quote(word) for word in program.words)
    starter.write_text(f'#!/bin/sh\n{go}exec {command} "$@"\n', encoding="utf-8")
    starter.chmod(0o755)
    _write_icon(contents / "Resources" / ICON_FILE)


def _properties() -> dict[str, object]:
    return {
        "CFBundleName": "Image Describer",
        "CFBundleDisplayName": "Image Describer",
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
                "CFBundleTypeName": "Picture",
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
