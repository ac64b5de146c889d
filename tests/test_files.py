"""Files are written whole or not at all, and damaged ones are kept under another name."""

import os
import stat
import sys
from pathlib import Path

import pytest

from image_describer import files

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="POSIX files")


def test_a_file_is_replaced_when_the_block_ends(tmp_path: Path) -> None:
    path = tmp_path / "file"
    files.write(path, b"old")
    with files.writing(path) as file:
        file.write(b"ne")
        assert path.read_bytes() == b"old"
        file.write(b"w")
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


def test_a_failure_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def interrupt() -> None:
        with files.writing(path) as file:
            file.write(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupt()

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        files.write(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@POSIX
def test_private_files_are_only_for_their_owner(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "private"
    files.write_private(path, b"secret")
    assert stat.S_IMODE(path.stat().st_mode) == files.OWNER_ONLY
    files.write(path, b"public", files.EVERYONE_READS)
    assert stat.S_IMODE(path.stat().st_mode) == files.EVERYONE_READS


@POSIX
def test_a_symbolic_link_to_a_private_file_stays(tmp_path: Path) -> None:
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_bytes(b"old")
    link.symlink_to(target)
    files.write_private(link, b"new")
    assert link.is_symlink()
    assert target.read_bytes() == b"new"


@POSIX
def test_only_small_regular_files_are_read(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"12345")
    assert files.read_limited(path, 5) == b"12345"
    with pytest.raises(files.NotAFileError, match="5 bytes"):
        files.read_limited(path, 4)
    os.mkfifo(tmp_path / "pipe")
    for other in (tmp_path, tmp_path / "pipe"):
        with pytest.raises(files.NotAFileError):
            files.read_limited(other, 5)
    with pytest.raises(files.NotAFileError):
        files.write_private(tmp_path, b"")


def test_damaged_files_are_set_aside_once_each(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_bytes(b"damaged")
    copy = files.set_aside(path, b"damaged")
    assert copy == tmp_path / "settings.toml.damaged"
    assert copy.read_bytes() == b"damaged"
    assert files.set_aside(path, b"damaged") == copy
    assert files.set_aside(path, b"otherwise").name == "settings.toml.damaged-2"
    assert path.exists()
    assert files.set_aside(path, None).name == "settings.toml.damaged-3"
    assert not path.exists()


def test_the_reason_of_an_error_is_put_into_words() -> None:
    assert files.reason(PermissionError(13, "Permission denied")) == "Permission denied"
    assert files.reason(IsADirectoryError(21, "Is a directory")) == "it is not a file"
    assert files.reason(OSError()) == "OSError"


def test_names_with_a_dot_are_hidden(tmp_path: Path) -> None:
    (tmp_path / ".hidden").touch()
    (tmp_path / "visible").touch()
    hidden = {entry.name: files.is_hidden(entry) for entry in os.scandir(tmp_path)}
    assert hidden == {".hidden": True, "visible": False}
