"""Where to begin: the user's folders, drives that are plugged in, folders that were used lately."""

import getpass
import glob
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from image_describer.app.dialogs.chooser.listing import is_folder, shown_name
from image_describer.app.messages import printable

RECENT_LIMIT = 10  # more than that is no shorter than looking for it
# Where systems mount what is plugged in, for each platform; {user} is who is logged in.
MOUNTS = {
    "linux": ("/media/{user}/*", "/media/*", "/run/media/{user}/*", "/mnt/*"),
    "darwin": ("/Volumes/*",),
}
# What GNOME's file manager is connected to: folders with names such as "smb-share:server=nas,...".
CONNECTIONS = "/run/user/{id}/gvfs/*"


@dataclass(frozen=True)
class Place:
    """A folder by the name that people give it. ``kind`` is said after it: "drive"."""

    name: str
    path: str
    kind: str = ""

    @property
    def spoken(self) -> str:
        return f"{self.name}, {self.kind}" if self.kind else self.name


Group = Callable[[Sequence[str]], "list[Place]"]


def groups() -> tuple[Group, ...]:
    """What finds each group of places that are there, the user's folders first.

    Each is to be called on a thread of its own, with the recent folders: one drive that hangs must
    not hide all other places.
    """
    return (
        lambda _recent: _there(user_folders()),
        lambda _recent: _there(drives()),
        lambda recent: _there(recent_places(recent)),
    )


def beginnings(recent: Sequence[str]) -> list[str]:
    """Where to begin, best first: where the user was last, the pictures, home. Slow, as above."""
    home, pictures, *_ = user_folders()
    found = [path for path in (*recent, pictures.path) if is_folder(path)]
    return [*found[:1], home.path]


def user_folders() -> list[Place]:
    """Home and the folders in it that every desktop has, wherever the user has moved them."""
    import platformdirs

    return [
        Place("Home", os.path.expanduser("~")),
        Place("Pictures", platformdirs.user_pictures_dir()),
        Place("Desktop", platformdirs.user_desktop_dir()),
        Place("Downloads", platformdirs.user_downloads_dir()),
    ]


def drives(platform: str = sys.platform) -> list[Place]:
    """Mounted drives, then the root of the file system (on Windows each drive has one)."""
    if platform == "win32":
        letters = (f"{chr(letter)}:\\" for letter in range(ord("A"), ord("Z") + 1))
        return [Place(f"Drive {root[0]}", root) for root in letters if os.path.exists(root)]
    words = {"user": glob.escape(_user()), "id": str(getattr(os, "getuid", int)())}
    mounted = [
        Place(shown_name(path), path, "drive")
        for pattern in MOUNTS.get(platform, ())
        for path in sorted(glob.glob(pattern.format_map(words)))
        if os.path.ismount(path)
    ]
    connected = [
        Place(_connection(os.path.basename(path)), path, "network folder")
        for path in sorted(glob.glob(CONNECTIONS.format_map(words)))
    ]
    return [*mounted, *connected, Place("Computer", os.sep)]


def recent_places(recent: Iterable[str]) -> list[Place]:
    """The newest folders of ``recent``; names that occur twice are told apart by their parent."""
    folders = list(dict.fromkeys(os.path.abspath(path) for path in recent if path))[:RECENT_LIMIT]
    names = [shown_name(path) for path in folders]
    return [
        Place(
            f"{name} in {shown_name(os.path.dirname(path))}" if names.count(name) > 1 else name,
            path,
            "recent folder",
        )
        for name, path in zip(names, folders, strict=True)
    ]


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # a user without a name, as in some containers
        return ""


def _connection(name: str) -> str:
    """ "smb-share:server=nas,share=photos" -> "photos on nas"; other names as they are."""
    parts = dict(part.split("=", 1) for part in name.partition(":")[2].split(",") if "=" in part)
    server = parts.get("server") or parts.get("host")
    shown = f"{parts['share']} on {server}" if server and "share" in parts else server
    return printable(shown or name)


def _there(found: Iterable[Place]) -> list[Place]:
    kept: dict[str, Place] = {}
    for place in found:
        path = os.path.normpath(place.path)
        if path not in kept and is_folder(path):
            kept[path] = Place(place.name, path, place.kind)
    return list(kept.values())
