"""Places to start from: the user's folders, drives, network folders and recent folders."""

import getpass
import glob
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from image_describer.app.listing import COMPUTER, is_folder
from image_describer.i18n import _, pgettext
from image_describer.text import file_name, natural_key, visible

RECENT_LIMIT = 10
# Where each platform mounts drives; {user} is the login name.
MOUNTS = {
    "linux": ("/media/{user}/*", "/media/*", "/run/media/{user}/*", "/mnt/*"),
    "darwin": ("/Volumes/*",),
}
# GNOME's network mounts, which have names such as "smb-share:server=nas,share=photos".
NETWORK_MOUNTS = "/run/user/{id}/gvfs/*"


@dataclass(frozen=True)
class ChooserPlace:
    """A folder with a familiar name. ``kind``, such as "drive", is spoken after the name."""

    name: str
    path: str
    kind: str = ""

    @property
    def spoken(self) -> str:
        return f"{self.name}, {self.kind}" if self.kind else self.name


PlaceFinder = Callable[[Sequence[str]], "list[ChooserPlace]"]


def place_finders() -> tuple[PlaceFinder, ...]:
    """Return a function for each group of existing places, the user's folders first.

    Call each on a thread of its own, with the recent folders, so that a drive that hangs does not
    hide the other groups.
    """
    return (
        lambda _recent: _existing(user_folders()),
        lambda _recent: _existing(drives()),
        lambda recent: _existing(recent_places(recent)),
    )


def merged(groups: Iterable[Iterable[ChooserPlace]]) -> list[ChooserPlace]:
    """Return the places of all groups; a recent folder that is also one of the user's stays there,
    so that its place doesn't depend on its use.
    """
    unique: dict[str, ChooserPlace] = {}
    for group in groups:
        for place in group:
            unique.setdefault(place.path, place)
    return list(unique.values())


def start_folders(recent: Sequence[str]) -> list[str]:
    """Return where to start: the last folder used, or Pictures; then home. May take long."""
    home, pictures, *_unused = user_folders()
    found = [path for path in (*recent, pictures.path) if is_folder(path)]
    return [*found[:1], home.path]


def user_folders() -> list[ChooserPlace]:
    """Return Home and the desktop's standard folders, wherever the user has moved them."""
    import platformdirs

    return [
        ChooserPlace(pgettext("folder", "Home"), os.path.expanduser("~")),
        ChooserPlace(_("Pictures"), platformdirs.user_pictures_dir()),
        ChooserPlace(pgettext("folder", "Desktop"), platformdirs.user_desktop_dir()),
        ChooserPlace(_("Downloads"), platformdirs.user_downloads_dir()),
    ]


def drives(platform: str = sys.platform) -> list[ChooserPlace]:
    """Return mounted drives, then the root of the file system (Windows has one for each drive)."""
    if platform == "win32":
        letters = (f"{chr(letter)}:\\" for letter in range(ord("A"), ord("Z") + 1))
        return [
            ChooserPlace(_("Drive {letter}").format(letter=root[0]), root)
            for root in letters
            if os.path.exists(root)
        ]
    fields = {"user": glob.escape(_user()), "id": str(getattr(os, "getuid", int)())}
    mounted = [
        ChooserPlace(file_name(path), path, _("drive"))
        for pattern in MOUNTS.get(platform, ())
        for path in sorted(glob.glob(pattern.format_map(fields)))
        if os.path.ismount(path)
    ]
    connected = [
        ChooserPlace(_network_name(os.path.basename(path)), path, _("network folder"))
        for path in sorted(glob.glob(NETWORK_MOUNTS.format_map(fields)))
    ]
    return [*mounted, *connected, ChooserPlace(_(COMPUTER), os.sep)]


def recent_places(recent: Iterable[str]) -> list[ChooserPlace]:
    """Return the newest folders of ``recent`` by name, so that using one doesn't move the others.

    Equal names are distinguished by their parent.
    """
    folders = list(dict.fromkeys(os.path.abspath(path) for path in recent if path))[:RECENT_LIMIT]
    names = [file_name(path) for path in folders]
    places = [
        ChooserPlace(
            _("{name} in {folder}").format(name=name, folder=file_name(os.path.dirname(path)))
            if names.count(name) > 1
            else name,
            path,
            _("recent folder"),
        )
        for name, path in zip(names, folders, strict=True)
    ]
    return sorted(places, key=lambda place: (natural_key(place.name), place.path))


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # some containers have users without a name
        return ""


def _network_name(name: str) -> str:
    """Turn "smb-share:server=nas,share=photos" into "photos on nas"; keep other names."""
    parts = dict(part.split("=", 1) for part in name.partition(":")[2].split(",") if "=" in part)
    server = parts.get("server") or parts.get("host")
    label = (
        _("{folder} on {server}").format(folder=parts["share"], server=server)
        if server and "share" in parts
        else server
    )
    return visible(label or name)


def _existing(found: Iterable[ChooserPlace]) -> list[ChooserPlace]:
    existing: dict[str, ChooserPlace] = {}
    for place in found:
        path = os.path.normpath(place.path)
        if path not in existing and is_folder(path):
            existing[path] = ChooserPlace(place.name, path, place.kind)
    return list(existing.values())
