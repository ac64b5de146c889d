"""Linux and BSD: a freedesktop .desktop file, icons in the hicolor theme, a copy on the desktop."""

import contextlib
import hashlib
import shlex
import shutil
import subprocess
from pathlib import Path

import platformdirs

from image_describer.errors import LauncherError
from image_describer.i18n import ENGLISH, N_, _, languages, using
from image_describer.launcher.manifest import InstallManifest
from image_describer.launcher.program import LaunchCommand, screen_command, window_command
from image_describer.paths import assets_folder

FILE_NAME = "image-describer.desktop"
SCREEN_FILE_NAME = "image-describer-screen.desktop"
MENU_DELAY_S = 1  # until the menu, from which it was started, has gone
ICON = "image-describer"
TOOL_LIMIT_S = 20.0  # with many programs installed it takes a second

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
    "JPEG2000": ("image/jp2", "image/jpx", "image/x-jp2-codestream"),
}
"""The MIME types of the formats of `metadata.formats`."""

INSTALLED_ON_DESKTOP = N_(
    "Image Describer is now on the desktop, in the applications menu and in 'Open with' for "
    "pictures."
)
INSTALLED = N_("Image Describer is now in the applications menu and in 'Open with' for pictures.")
NO_MIME_CACHE = N_(
    "For 'Open with', install the package desktop-file-utils "
    "(sudo apt-get install desktop-file-utils) and run this command again."
)
SCREEN_KEY = N_(
    "'Describe the screen' is in the applications menu, too. For a key that does it, add a "
    "keyboard shortcut in your desktop's settings, with this command: {command}"
)


def install(manifest: InstallManifest) -> list[str]:
    """Install the files and refresh the desktop; return sentences for the user.

    Raises LauncherError.
    """
    entry = desktop_entry(window_command()).encode("utf-8")
    screen = screen_command()
    data = _data_folder()
    theme = data / "icons" / "hicolor"
    for source, size in (("icon.png", "256x256"), ("icon.svg", "scalable")):
        icon = assets_folder() / source
        manifest.write_file(theme / size / "apps" / f"{ICON}{icon.suffix}", icon.read_bytes())
    applications = data / "applications"
    manifest.write_file(applications / FILE_NAME, entry)
    manifest.write_file(applications / SCREEN_FILE_NAME, screen_entry(screen).encode("utf-8"))
    desktop = _desktop_folder()
    if desktop is not None:
        copy = desktop / FILE_NAME
        manifest.write_file(copy, entry, mode=0o755)
        _trust(copy, entry)
    indexed = _update_mime_cache(manifest, applications)
    manifest.remove_stale()
    _refresh_icons(theme)
    if desktop is not None:
        sentences = [_(INSTALLED_ON_DESKTOP)]
    else:
        sentences = [_(INSTALLED)]
        sentences.append(_("There is no desktop folder, so it is not on the desktop."))
    if not indexed:
        sentences.append(_(NO_MIME_CACHE))
    return [*sentences, _(SCREEN_KEY).format(command=shlex.join(screen.arguments))]


def remove(manifest: InstallManifest) -> None:
    """Remove the files and refresh the desktop. May raise OSError."""
    applications = _data_folder() / "applications"
    theme = _data_folder() / "icons" / "hicolor"
    cache = applications / "mimeinfo.cache"
    if str(cache) in manifest.files and _has_other_entries(applications):
        manifest.files.remove(str(cache))  # other programs use it by now
    manifest.remove()
    if cache.exists():
        _run_tool("update-desktop-database", str(applications))
    _refresh_icons(theme)


def desktop_entry(command: LaunchCommand) -> str:
    """Return the content of the .desktop file. Raises LauncherError for a path it can't contain."""
    mime_types = [mime for names in MIME_TYPES.values() for mime in names]
    return _entry(
        command,
        "%F",
        "Name=Image Describer",  # untranslated
        *_localized("GenericName", N_("Picture describer")),
        *_localized("Comment", N_("Hear what a photograph shows")),
        "StartupWMClass=Image-describer",
        *_localized("Keywords", N_("picture;photo;image;describe;caption;blind;speech;")),
        f"MimeType={';'.join(mime_types)};",
    )


def screen_entry(command: LaunchCommand) -> str:
    """Return the content of the .desktop file that describes the screen. Raises LauncherError."""
    return _entry(
        command,
        f"--delay {MENU_DELAY_S}",  # untranslated
        *_localized("Name", N_("Describe the screen")),
        *_localized("Comment", N_("Hear what is on the screen")),
        *_localized("Keywords", N_("screenshot;screen;describe;blind;speech;")),
    )


def _localized(key: str, message: str) -> list[str]:
    """Return the lines of a key, in English and in every language of the program."""
    lines = [f"{key}={message}"]
    for code in languages():
        with using(code):
            if code != ENGLISH:
                lines.append(f"{key}[{code}]={_(message)}")
    return lines


def _entry(command: LaunchCommand, last_arguments: str, *lines: str) -> str:
    folder = [f"Path={_string(str(command.folder))}"] if command.folder is not None else []
    all_lines = [
        "[Desktop Entry]",  # untranslated
        "Type=Application",
        "Version=1.1",
        *lines,
        f"Exec={' '.join(map(_exec_argument, command.arguments))} {last_arguments}",
        f"TryExec={_string(command.arguments[0])}",
        f"Icon={ICON}",
        "Terminal=false",
        "StartupNotify=false",
        "Categories=Utility;Accessibility;",
        *folder,
    ]
    return "\n".join(all_lines) + "\n"


def _string(text: str) -> str:
    """Escape a value as the Desktop Entry Specification demands. Raises LauncherError."""
    if any(ord(char) < 32 or "\ud800" <= char <= "\udfff" for char in text):
        raise LauncherError(
            _(
                "No launcher can start {program!r}: its path contains a control character or "
                "broken encoding."
            ).format(program=text),
            _("Install Image Describer in a folder with a plain name."),
        )
    return text.replace("\\", "\\\\")


def _exec_argument(word: str) -> str:
    """Quote an argument of Exec for the command line, then escape it as a string."""
    if "%" in word:  # "%%" is allowed, but desktops then look for a program of that name
        raise LauncherError(
            _("No launcher can start {program!r}: its path contains a percent sign.").format(
                program=word
            ),
            _("Install Image Describer in a folder without one."),
        )
    for char in '\\"`$':
        word = word.replace(char, f"\\{char}")
    return _string(f'"{word}"')


def _data_folder() -> Path:
    return Path(platformdirs.user_data_dir())


def _desktop_folder() -> Path | None:
    """Return the desktop folder; None if there is none or it is the home folder."""
    folder = Path(platformdirs.user_desktop_dir())
    return folder if folder.is_dir() and folder.resolve() != Path.home().resolve() else None


def _trust(copy: Path, entry: bytes) -> None:
    """Mark the file as trusted, so that the desktop starts it without asking."""
    gnome = ("metadata::trusted", "true")
    xfce = ("metadata::xfce-exe-checksum", hashlib.sha256(entry).hexdigest())
    for key, value in (gnome, xfce):
        _run_tool("gio", "set", "-t", "string", str(copy), key, value)


def _update_mime_cache(manifest: InstallManifest, applications: Path) -> bool:
    """Index the MIME types, so that 'Open with' finds the program; return whether it worked."""
    cache = applications / "mimeinfo.cache"
    if cache.exists():
        manifest.keep(cache)
    else:
        manifest.add(cache)
    return _run_tool("update-desktop-database", str(applications))


def _has_other_entries(applications: Path) -> bool:
    own = {FILE_NAME, SCREEN_FILE_NAME}
    return any(path.name not in own for path in applications.glob("**/*.desktop"))


def _refresh_icons(theme: Path) -> None:
    # Without a cache desktops read the folders, so an existing one is updated, but none created.
    if (theme / "icon-theme.cache").exists():
        _run_tool("gtk-update-icon-cache", "--quiet", "--force", "--ignore-theme-index", str(theme))
    with contextlib.suppress(OSError):
        theme.touch()  # running desktops watch its modification time


def _run_tool(*words: str) -> bool:
    """Return whether a desktop tool is installed and succeeded."""
    tool = shutil.which(words[0])
    if tool is None:
        return False
    try:
        done = subprocess.run([tool, *words[1:]], capture_output=True, timeout=TOOL_LIMIT_S)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0
