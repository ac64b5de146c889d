"""The places that the chooser offers to start from."""

import os
from pathlib import Path

import pytest

from image_describer.app.dialogs.chooser import places as places_module
from image_describer.app.dialogs.chooser.places import (
    ChooserPlace,
    drives,
    merged,
    place_finders,
    recent_places,
    start_folders,
)


def test_user_folders_drives_network_mounts_and_recent_folders(
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
    monkeypatch.setattr(places_module, "NETWORK_MOUNTS", str(tmp_path / "gvfs" / "*"))
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
            (f"{tmp_path.name}, recent folder", str(tmp_path)),
            ("Zoo, recent folder", str(tmp_path / "Pictures" / "Zoo")),
        ],
    ]
    assert start_folders(recent) == [str(tmp_path / "Pictures" / "Zoo"), str(tmp_path)]
    assert start_folders([]) == [str(tmp_path / "Pictures"), str(tmp_path)]


def test_recent_folders_of_the_same_name_are_distinguished() -> None:
    found = recent_places(["/a/Zoo", "/b/Zoo", "/a/Zoo", "/c/Beach", ""])
    assert [place.name for place in found] == ["Beach", "Zoo in a", "Zoo in b"]


def test_using_a_folder_does_not_move_it() -> None:
    home, pictures = ChooserPlace("Home", "/home"), ChooserPlace("Pictures", "/home/Pictures")
    assert merged([[home, pictures], recent_places(["/home/Pictures", "/home"])]) == [
        home,
        pictures,
    ]
    assert recent_places(["/a/Zoo", "/c/Beach"]) == recent_places(["/c/Beach", "/a/Zoo"])


@pytest.mark.parametrize("platform", ["linux", "darwin", "sunos5"])
def test_the_root_of_the_file_system_is_a_drive(platform: str) -> None:
    found = drives(platform)
    assert found[-1].path == "/"
    assert all(os.path.isdir(place.path) for place in found)


def test_windows_has_a_root_for_each_drive(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os.path, "exists", lambda path: path in ("C:\\", "E:\\"))
    assert [place.spoken for place in drives("win32")] == ["Drive C", "Drive E"]
