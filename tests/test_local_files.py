"""Which files are on this computer, by what Windows, macOS and Linux tell of them."""

import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from image_describer import local_files

ARCHIVE, SPARSE, REPARSE_POINT, PINNED = 0x20, 0x200, 0x400, 0x80000
MOUNTS = r"""22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
30 22 0:40 / /run/user/1000/gvfs rw - fuse.gvfsd-fuse gvfsd-fuse rw
31 22 0:41 / /home/me/My\040Cloud rw shared:7 - fuse.rclone drive: rw
32 31 8:2 / /home/me/My\040Cloud/disk rw - ext4 /dev/sdb1 rw
33 22 0:42 / /mnt/nas rw - nfs4 nas:/photos rw
"""


@pytest.mark.parametrize(
    ("facts", "downloaded"),
    [
        ({"st_file_attributes": ARCHIVE}, True),
        ({"st_file_attributes": ARCHIVE | REPARSE_POINT | PINNED}, True),
        # What OneDrive gives a file that is only in the cloud.
        ({"st_file_attributes": ARCHIVE | SPARSE | REPARSE_POINT | 0x1000 | 0x400000}, False),
        ({"st_file_attributes": 0x400000}, False),
        ({"st_file_attributes": 0x40000}, False),
        ({"st_file_attributes": 0x1000}, False),
        ({"st_flags": 0x8000}, True),  # hidden
        ({"st_flags": 0x40000000}, False),  # SF_DATALESS
        ({}, True),
    ],
)
def test_files_in_a_cloud_are_told_by_their_attributes(
    facts: dict[str, int], downloaded: bool
) -> None:
    status: Any = SimpleNamespace(**facts)
    assert local_files.is_downloaded(status) is downloaded


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/home/me/a.jpg", "ext4"),
        ("/run/user/1000/gvfs/mtp:host=Phone/a.jpg", "fuse.gvfsd-fuse"),
        ("/home/me/My Cloud/a.jpg", "fuse.rclone"),
        ("/home/me/My Cloud 2/a.jpg", "ext4"),
        ("/home/me/My Cloud/disk/a.jpg", "ext4"),
        ("/mnt/nas/a.jpg", "nfs4"),
    ],
)
def test_the_file_system_is_that_of_the_innermost_mount(path: str, kind: str) -> None:
    assert local_files.file_system_of(path, MOUNTS) == kind


@pytest.mark.skipif(os.name == "nt", reason="symbolic links need a permission there")
def test_a_file_of_a_far_file_system_is_not_local(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo, link = tmp_path / "a.jpg", tmp_path / "link.jpg"
    photo.touch()
    link.symlink_to(photo)
    assert local_files.is_local(str(photo))
    mounts = tmp_path / "mountinfo"
    mounts.write_text(f"1 0 8:1 / / rw - ext4 x rw\n2 1 0:4 / {tmp_path} rw - fuse.sshfs host rw\n")
    monkeypatch.setattr(local_files, "MOUNTS", mounts)
    assert not local_files.is_local(str(photo))
    assert not local_files.is_local(str(link))
    monkeypatch.setattr(local_files, "MOUNTS", tmp_path / "none")
    assert local_files.is_local(str(photo))
    with pytest.raises(OSError, match="none"):
        local_files.is_local(str(tmp_path / "none.jpg"))
