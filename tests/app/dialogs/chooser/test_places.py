"""Places to begin with, and the facts about a file."""

import os
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from image_describer.app.dialogs.chooser import places as places_module
from image_describer.app.dialogs.chooser.entry_info import describe_entry
from image_describer.app.dialogs.chooser.listing import FolderEntry
from image_describer.app.dialogs.chooser.places import (
    drives,
    place_finders,
    recent_places,
    start_folders,
)
from image_describer.errors import FolderError, PictureError
from image_describer.imaging.file_info import date_in_words
from image_describer.text import file_size
from tests.support import pictures

TAKEN = datetime(2024, 5, 3, 12, 30)


def test_the_users_folders_drives_and_recent_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    (tmp_path / "Pictures" / "Zoo").mkdir(parents=True)
    (tmp_path / "Fotos").mkdir()
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "user-dirs.dirs").write_text('XDG_DESKTOP_DIR="$HOME/Fotos"\n')
    for drive in ("USB STICK", "CARD"):
        (tmp_path / "media" / drive).mkdir(parents=True)
    (tmp_path / "media" / "no drive").mkdir()
    (tmp_path / "gvfs" / "smb-share:server=nas,share=photos").mkdir(parents=True)
    monkeypatch.setattr(places_module, "MOUNTS", {"linux": (str(tmp_path / "media" / "*"),)})
    monkeypatch.setattr(places_module, "CONNECTIONS", str(tmp_path / "gvfs" / "*"))
    monkeypatch.setattr(os.path, "ismount", lambda path: not path.endswith("no drive"))
    monkeypatch.setattr(places_module.sys, "platform", "linux")
    recent = [str(tmp_path / "gone"), str(tmp_path / "Pictures" / "Zoo"), str(tmp_path)]
    found = [[(place.spoken, place.path) for place in group(recent)] for group in place_finders()]
    assert found == [
        [
            ("Home", str(tmp_path)),
            ("Pictures", str(tmp_path / "Pictures")),
            ("Desktop", str(tmp_path / "Fotos")),
        ],
        [
            ("CARD, drive", str(tmp_path / "media" / "CARD")),
            ("USB STICK, drive", str(tmp_path / "media" / "USB STICK")),
            (
                "photos on nas, network folder",
                str(tmp_path / "gvfs" / "smb-share:server=nas,share=photos"),
            ),
            ("Computer", "/"),
        ],
        [
            ("Zoo, recent folder", str(tmp_path / "Pictures" / "Zoo")),
            (f"{tmp_path.name}, recent folder", str(tmp_path)),
        ],
    ]
    assert start_folders(recent) == [str(tmp_path / "Pictures" / "Zoo"), str(tmp_path)]
    assert start_folders([]) == [str(tmp_path / "Pictures"), str(tmp_path)]


def test_recent_folders_of_one_name_are_told_apart() -> None:
    found = recent_places(["/a/Zoo", "/b/Zoo", "/a/Zoo", "/c/Beach", ""])
    assert [place.name for place in found] == ["Zoo in a", "Zoo in b", "Beach"]


@pytest.mark.parametrize("platform", ["linux", "darwin", "win32", "sunos5"])
def test_drives_of_any_platform_can_be_asked_for(platform: str) -> None:
    assert all(os.path.isdir(place.path) for place in drives(platform))


@pytest.mark.parametrize(
    ("size", "said"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (999, "999 bytes"),
        (1000, "1 kilobyte"),
        (1_234_567, "1.2 megabytes"),
        (5_000_000_000, "5 gigabytes"),
        (2_500_000_000_000, "2.5 terabytes"),
    ],
)
def test_sizes_as_they_are_said(size: int, said: str) -> None:
    assert file_size(size) == said


@given(st.integers(0, 10**18))
def test_a_size_is_one_number_and_its_unit(size: int) -> None:
    number, unit = file_size(size).split(" ")
    assert abs(
        float(number) * 1000 ** " kmgt".index(unit[0] if unit[0] != "b" else " ") - size
    ) <= (0.051 * max(size, 1))


def picture_of(path: Path, orientation: int = 1, taken: bool = True) -> FolderEntry:
    exif = Image.Exif()
    exif[0x0112] = orientation
    if taken:
        exif.get_ifd(0x8769)[0x9003] = f"{TAKEN:%Y:%m:%d %H:%M:%S}"
    pictures.photograph(64, 48).save(path, "JPEG", exif=exif)
    moment = datetime(2023, 12, 24).timestamp()
    os.utime(path, (moment, moment))
    return FolderEntry(str(path), "picture")


def test_facts_of_a_picture(tmp_path: Path) -> None:
    entry = picture_of(tmp_path / "a.jpg")
    size = file_size((tmp_path / "a.jpg").stat().st_size)
    assert describe_entry(entry) == f"a.jpg, {size}, 64 by 48 pixels, taken 3 May 2024."
    assert ", 48 by 64 pixels," in describe_entry(picture_of(tmp_path / "b.jpg", orientation=6))
    assert describe_entry(picture_of(tmp_path / "c.jpg", taken=False)).endswith(
        ", changed 24 December 2023."
    )


@pytest.mark.parametrize("content", [b"", b"text", b"\xff\xd8\xff\xe0damaged", pictures.png_bomb()])
def test_facts_of_what_is_no_picture_or_too_large(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "a.jpg"
    file.write_bytes(content)
    said = describe_entry(FolderEntry(str(file), "picture"))
    assert said.startswith(f"a.jpg, {file_size(len(content))}, ")
    assert said.endswith(f"changed {date_in_words(datetime.now())}.")


def test_facts_of_folders_pipes_and_what_is_gone(tmp_path: Path) -> None:
    folder = tmp_path / "Holiday"
    (folder / "Beach").mkdir(parents=True)
    today = date_in_words(datetime.now())
    assert (
        describe_entry(FolderEntry(str(folder), "folder"))
        == f"Holiday, folder: 1 folder, changed {today}."
    )
    assert f"Beach, folder: empty, changed {today}." == describe_entry(
        FolderEntry(str(folder / "Beach"), "folder")
    )
    os.mkfifo(tmp_path / "pipe.jpg")
    assert "pixels" not in describe_entry(FolderEntry(str(tmp_path / "pipe.jpg"), "device or pipe"))
    with pytest.raises(PictureError, match=r"gone\.jpg is no longer there"):
        describe_entry(FolderEntry(str(tmp_path / "gone.jpg"), "picture"))


def test_facts_of_a_folder_that_is_locked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def locked(path: str) -> object:
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(os, "scandir", locked)
    with pytest.raises(FolderError, match="not allowed"):
        describe_entry(FolderEntry(str(tmp_path), "folder"))
