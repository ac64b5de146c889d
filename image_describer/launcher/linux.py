"""Linux and the BSDs: a freedesktop .desktop file, icons in the hicolor theme, a desktop copy."""

import contextlib
import hashlib
import shutil
import subprocess
from pathlib import Path

import platformdirs

from image_describer.errors import LauncherError
from image_describer.launcher.program import Program, window_program
from image_describer.launcher.record import Record
from image_describer.paths import assets_folder

FILE_NAME = "image-describer.desktop"
ICON = "image-describer"
TOOL_LIMIT_S = 20.0  # a desktop with many programs takes a second

MIME_TYPES = {
    "JPEG": ("image/jpeg",),
    "PNG": ("image/png",),
    "WEBP": ("image/webp",),
    "GIF": ("image/gif",),
    "BMP": ("image/bmp",),
    "TIFF": ("image/tiff",),
    "PPM": (
        "image/x-portable-pixmap",
        "image/x-portable-graymap",
        "image/x-portable-bitmap",
        "image/x-portable-anymap",
    ),
    "AVIF": ("image/avif",),
    "HEIC": ("image/heif", "image/heic"),
}
"""What desktops call the formats of `image_describer.formats`."""

NO_INDEX = (
    "'Open with' will know it only once the package desktop-file-utils is there "
    "(sudo apt-get install desktop-file-utils) and this command is run again."
)


def install(record: Record) -> list[str]:
    """Put the files there and tell the desktop; sentences for the user. Raises LauncherError."""
    entry = desktop_entry(window_program()).encode("utf-8")
    data = _data_folder()
    theme = data / "icons" / "hicolor"
    for source, place in (("icon.png", "256x256"), ("icon.svg", "scalable")):
        icon = assets_folder() / source
        record.put(theme / place / "apps" / f"{ICON}{icon.suffix}", icon.read_bytes())
    applications = data / "applications"
    record.put(applications / FILE_NAME, entry)
    desktop = _desktop_folder()
    if desktop is not None:
        copy = desktop / FILE_NAME
        record.put(copy, entry, mode=0o755)
        _trust(copy, entry)
    indexed = _index(record, applications)
    record.drop_stale()
    _refresh_icons(theme)
    places = "on the desktop, in the applications menu" if desktop else "in the applications menu"
    said = [f"Image Describer is now {places} and in 'Open with' for pictures."]
    if desktop is None:
        said.append("There is no desktop folder to put it on.")
    return said if indexed else [*said, NO_INDEX]


def remove(record: Record) -> None:
    """Take the files away and tell the desktop. May raise OSError."""
    applications = _data_folder() / "applications"
    theme = _data_folder() / "icons" / "hicolor"
    cache = applications / "mimeinfo.cache"
    if str(cache) in record.files and _holds_others(applications):
        record.files.remove(str(cache))  # by now it serves other programs too
    record.remove()
    if cache.exists():
        _run("update-desktop-database", str(applications))
    _refresh_icons(theme)


def desktop_entry(program: Program) -> str:
    """The text of the .desktop file. Raises LauncherError for a program that it can't name."""
    mime_types = [mime for names in MIME_TYPES.values() for mime in names]
    lines = [
        "[Desktop Entry]",
        "Type=Application",
        "Version=1.1",
        "Name=Image Describer",
        "GenericName=Picture describer",
        "Comment=Hear what a photograph shows",
        f"Exec={' '.join(map(_exec_word, program.words))} %F",
        f"TryExec={_string(program.words[0])}",
        f"Icon={ICON}",
        "Terminal=false",
        "StartupNotify=false",
        "StartupWMClass=Image-describer",
        "Categories=Utility;Accessibility;",
        "Keywords=picture;photo;image;describe;caption;blind;speech;",
        f"MimeType={';'.join(mime_types)};",
    ]
    if program.folder is not None:
        lines.append(f"Path={_string(str(program.folder))}")
    return "\n".join(lines) + "\n"


def _string(text: str) -> str:
    """A value as the Desktop Entry Specification writes it."""
    if any(ord(sign) < 32 or "\ud800" <= sign <= "\udfff" for sign in text):
        raise LauncherError(
            f"No launcher can start {text!r}: its name holds a sign that is none.",
            "Install Image Describer in a folder with a plain name.",
        )
    return text.replace("\\", "\\\\")


def _exec_word(word: str) -> str:
    """One argument of Exec: quoted for the command line, then once more as a string."""
    if "%" in word:  # "%%" is allowed, but desktops look for a program with both signs
        raise LauncherError(
            f"No launcher can start {word!r}: its name holds a per cent sign.",
            "Install Image Describer in a folder without one.",
        )
    for sign in '\\"`$':
        word = word.replace(sign, f"\\{sign}")
    return _string(f'"{word}"')


def _data_folder() -> Path:
    return Path(platformdirs.user_data_dir())


def _desktop_folder() -> Path | None:
    """The folder of the desktop; None where there is none, or the home folder stands for it."""
    folder = Path(platformdirs.user_desktop_dir())
    return folder if folder.is_dir() and folder.resolve() != Path.home().resolve() else None


def _trust(copy: Path, entry: bytes) -> None:
    """Spare the user the question whether the file on the desktop may be started."""
    gnome = ("metadata::trusted", "true")
    xfce = ("metadata::xfce-exe-checksum", hashlib.sha256(entry).hexdigest())
    for key, value in (gnome, xfce):
        _run("gio", "set", "-t", "string", str(copy), key, value)


def _index(record: Record, applications: Path) -> bool:
    """Have the picture types indexed, without which 'Open with' does not find the program."""
    cache = applications / "mimeinfo.cache"
    if not cache.exists():
        record.adopt(cache)
    record.keep(cache)
    return _run("update-desktop-database", str(applications))


def _holds_others(applications: Path) -> bool:
    return any(path.name != FILE_NAME for path in applications.glob("**/*.desktop"))


def _refresh_icons(theme: Path) -> None:
    # Where there is no cache the folders themselves are read, so one is kept right, never made.
    if (theme / "icon-theme.cache").exists():
        _run("gtk-update-icon-cache", "--quiet", "--force", "--ignore-theme-index", str(theme))
    with contextlib.suppress(OSError):
        theme.touch()  # running desktops look at its time


def _run(*words: str) -> bool:
    """Whether a tool of the desktop is there and did its work."""
    tool = shutil.which(words[0])
    if tool is None:
        return False
    try:
        done = subprocess.run([tool, *words[1:]], capture_output=True, timeout=TOOL_LIMIT_S)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0
