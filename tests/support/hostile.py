"""A tree of files that are meant to hurt whoever looks for pictures in it."""

import os
import random
import socket
import sys
from pathlib import Path

from tests.support import pictures

LINUX = sys.platform == "linux"


def make(folder: Path, count: int, *, fine: bytes, seed: int = 0) -> tuple[int, int]:
    """Fill ``folder`` with ``count`` files, and traps between them; ``fine`` is a good picture.

    Returns how many pictures a batch has to tell of, fine or broken, and how many folders that
    can't be read by who is bound by permissions.
    """
    chance = random.Random(seed)
    wholes = list(pictures.in_every_format().items())
    told = 0
    for number in range(count):
        place = folder / f"d{number % 40}" / f"e{number % 7}"
        place.mkdir(parents=True, exist_ok=True)
        told += _one(place, number, chance, wholes, fine)
    traps = _traps(folder) if LINUX else (0, 0)
    return told + traps[0], traps[1]


def _one(
    place: Path, number: int, chance: random.Random, wholes: list[tuple[str, bytes]], fine: bytes
) -> int:
    """One file; returns 1, or 0 where it must be left out."""
    name, whole = wholes[number % len(wholes)]
    suffix = "." + name.split()[0].lower()
    kind = number % 10
    content = bytearray(whole)
    if kind in (0, 1):  # truncated
        content = content[: chance.randrange(len(content))]
    elif kind in (2, 3):  # damaged
        for _ in range(8):
            content[chance.randrange(len(content))] = chance.randrange(256)
    elif kind == 4:  # renamed
        suffix = chance.choice([".jpg", ".PNG", ".webp", ".heic", ".tiff"])
    elif kind == 5:  # no picture at all
        content = bytearray(chance.randbytes(chance.randrange(300)))
    elif kind == 6:  # a name as long as names can be, or one that is no Unicode
        stem = f"{number}-".ljust(255 - len(suffix), "n")
        (place / (stem + suffix)).write_bytes(content)
        return 1
    elif kind == 7 and LINUX:
        raw = os.path.join(os.fsencode(place), b"%d-\xff\n\x1b[2J" % number + suffix.encode())
        Path(os.fsdecode(raw)).write_bytes(content)
        return 1
    elif kind == 8 and number % 20 == 8:
        content = bytearray(fine)
        suffix = ".jpg"
    elif kind == 9:  # left out
        name = chance.choice([f".{number}.jpg", f"{number}.txt", f"{number}", f"{number}.jpg.exe"])
        (place / name).write_bytes(content)
        return 0
    (place / f"{number}{suffix}").write_bytes(content)
    return 1


def _traps(folder: Path) -> tuple[int, int]:
    """Links in circles, pipes, sockets, devices, bombs, and what may not be read."""
    traps = folder / "traps"
    traps.mkdir()
    (traps / "up").symlink_to(folder)
    (traps / "up.jpg").symlink_to(folder)  # a folder by a picture's name
    (traps / "self.jpg").symlink_to(traps / "self.jpg")
    (traps / "gone.jpg").symlink_to(traps / "nowhere.jpg")
    (traps / "zero.jpg").symlink_to("/dev/zero")
    (traps / "memory.jpg").symlink_to("/proc/self/mem")
    os.mkfifo(traps / "pipe.jpg")
    here = os.getcwd()
    with socket.socket(socket.AF_UNIX) as listener:
        os.chdir(traps)  # a socket's path may have 108 bytes
        try:
            listener.bind("socket.jpg")
        finally:
            os.chdir(here)
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
    return 11, 1
