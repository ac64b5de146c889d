"""A tree of files that try to break a program that looks for pictures in it."""

import os
import random
import socket
import sys
from pathlib import Path
from typing import NamedTuple

from tests.support import pictures

ON_LINUX = sys.platform == "linux"


class HostileTree(NamedTuple):
    """What a batch must report: pictures, valid or broken, and folders that can't be read."""

    pictures: int
    unreadable_folders: int


def make(folder: Path, count: int, *, valid: bytes, seed: int = 0) -> HostileTree:
    """Fill ``folder`` with ``count`` files and some traps; ``valid`` is the content of a picture.

    Root can read the unreadable folders.
    """
    rng = random.Random(seed)
    samples = list(pictures.in_every_format().items())
    reported = 0
    for number in range(count):
        parent = folder / f"d{number % 40}" / f"e{number % 7}"
        parent.mkdir(parents=True, exist_ok=True)
        reported += _write_file(parent, number, rng, samples, valid)
    if not ON_LINUX:
        return HostileTree(reported, 0)
    traps = _make_traps(folder)
    return HostileTree(reported + traps.pictures, traps.unreadable_folders)


def _write_file(
    parent: Path, number: int, rng: random.Random, samples: list[tuple[str, bytes]], valid: bytes
) -> bool:
    """Write one file; return whether a batch must report it."""
    name, sample = samples[number % len(samples)]
    suffix = "." + name.split()[0].lower().replace("jpeg2000", "jp2")
    variant = number % 10
    content = bytearray(sample)
    if variant in (0, 1):  # truncated
        content = content[: rng.randrange(len(content))]
    elif variant in (2, 3):  # damaged
        for _ in range(8):
            content[rng.randrange(len(content))] = rng.randrange(256)
    elif variant == 4:  # wrong suffix
        suffix = rng.choice([".jpg", ".PNG", ".webp", ".heic", ".tiff"])
    elif variant == 5:  # not a picture
        content = bytearray(rng.randbytes(rng.randrange(300)))
    elif variant == 6:  # the longest name allowed
        stem = f"{number}-".ljust(255 - len(suffix), "n")
        (parent / (stem + suffix)).write_bytes(content)
        return True
    elif variant == 7 and ON_LINUX:  # a name that isn't Unicode
        raw = os.path.join(os.fsencode(parent), b"%d-\xff\n\x1b[2J" % number + suffix.encode())
        Path(os.fsdecode(raw)).write_bytes(content)
        return True
    elif variant == 8 and number % 20 == 8:
        content = bytearray(valid)
        suffix = ".jpg"
    elif variant == 9:  # to be skipped
        name = rng.choice([f".{number}.jpg", f"{number}.txt", f"{number}", f"{number}.jpg.exe"])
        (parent / name).write_bytes(content)
        return False
    (parent / f"{number}{suffix}").write_bytes(content)
    return True


def _make_traps(folder: Path) -> HostileTree:
    """Make circular links, pipes, sockets, devices, bombs, and things that can't be read."""
    traps = folder / "traps"
    traps.mkdir()
    (traps / "up").symlink_to(folder)
    (traps / "up.jpg").symlink_to(folder)  # a folder with the name of a picture
    (traps / "self.jpg").symlink_to(traps / "self.jpg")
    (traps / "gone.jpg").symlink_to(traps / "nowhere.jpg")
    (traps / "zero.jpg").symlink_to("/dev/zero")
    (traps / "memory.jpg").symlink_to("/proc/self/mem")
    os.mkfifo(traps / "pipe.jpg")
    working_folder = os.getcwd()
    with socket.socket(socket.AF_UNIX) as listener:
        os.chdir(traps)  # the path of a socket is limited to 108 bytes
        try:
            listener.bind("socket.jpg")
        finally:
            os.chdir(working_folder)
    with (traps / "huge.jpg").open("wb") as file:
        file.truncate(1 << 40)
    (traps / "bomb.png").write_bytes(pictures.png_bomb())
    (traps / "bomb.tif").write_bytes(pictures.tiff_tile_bomb())
    (traps / "scans.jpg").write_bytes(pictures.jpeg_scan_bomb())
    secret = traps / "secret.jpg"
    secret.write_bytes(b"x")
    secret.chmod(0)
    locked = traps / "locked"
    locked.mkdir()
    (locked / "inside.jpg").write_bytes(b"x")
    locked.chmod(0)
    return HostileTree(pictures=11, unreadable_folders=1)
