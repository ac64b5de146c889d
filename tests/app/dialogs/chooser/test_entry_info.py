"""The facts about a file or folder that F4 says."""

import os
from datetime import datetime
from pathlib import Path

import pytest
from PIL import Image

from image_describer import local_files
from image_describer.app.dialogs.chooser import entry_info
from image_describer.app.dialogs.chooser.entry_info import check_is_folder, describe_entry
from image_describer.app.listing import FolderEntry
from image_describer.errors import FolderError, PictureError
from image_describer.imaging.file_info import date_in_words
from image_describer.text import file_size
from tests.support import pictures

TAKEN = datetime(2024, 5, 3, 12, 30)


def picture_entry(path: Path, orientation: int = 1, taken: bool = True) -> FolderEntry:
    """Save a picture of 64 by 48 pixels, changed on 24 December 2023."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    if taken:
        exif.get_ifd(0x8769)[0x9003] = f"{TAKEN:%Y:%m:%d %H:%M:%S}"
    pictures.photograph(64, 48).save(path, "JPEG", exif=exif)
    changed = datetime(2023, 12, 24).timestamp()
    os.utime(path, (changed, changed))
    return FolderEntry(str(path), "picture")


def test_a_picture_has_a_size_and_a_date(tmp_path: Path) -> None:
    entry = picture_entry(tmp_path / "a.jpg")
    size = file_size((tmp_path / "a.jpg").stat().st_size)
    assert describe_entry(entry) == f"a.jpg, {size}, 64 by 48 pixels, taken 3 May 2024."
    assert ", 48 by 64 pixels," in describe_entry(picture_entry(tmp_path / "b.jpg", orientation=6))
    undated = picture_entry(tmp_path / "c.jpg", taken=False)
    assert describe_entry(undated).endswith(", changed 24 December 2023.")


def test_a_picture_in_a_cloud_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = picture_entry(tmp_path / "a.jpg")
    monkeypatch.setattr(local_files, "is_downloaded", lambda _status: False)
    monkeypatch.setattr(entry_info, "size_and_date_taken", None)
    size = file_size((tmp_path / "a.jpg").stat().st_size)
    assert describe_entry(entry) == f"a.jpg, {size}, changed 24 December 2023, not downloaded yet."


@pytest.mark.parametrize("content", [b"", b"\xff\xd8\xff\xe0damaged"])
def test_damaged_pictures_have_a_file_size_and_a_date(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "a.jpg"
    file.write_bytes(content)
    text = describe_entry(FolderEntry(str(file), "picture"))
    assert text.startswith(f"a.jpg, {file_size(len(content))}, ")
    assert text.endswith(f"changed {date_in_words(datetime.now())}.")


def test_a_folder_has_its_contents_and_a_date(tmp_path: Path) -> None:
    folder = tmp_path / "Holiday"
    (folder / "Beach").mkdir(parents=True)
    today = date_in_words(datetime.now())
    holiday, beach = (FolderEntry(str(path), "folder") for path in (folder, folder / "Beach"))
    assert describe_entry(holiday) == f"Holiday, folder: 1 folder, changed {today}."
    assert describe_entry(beach) == f"Beach, folder: empty, changed {today}."


def test_pipes_are_not_opened_and_missing_files_are_an_error(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    pipe = FolderEntry(str(tmp_path / "pipe.jpg"), "device or pipe")
    assert "pixels" not in describe_entry(pipe)
    with pytest.raises(PictureError, match="a device or a pipe"):
        check_is_folder(pipe.path)
    with pytest.raises(PictureError, match=r"gone\.jpg no longer exists"):
        describe_entry(FolderEntry(str(tmp_path / "gone.jpg"), "picture"))


def test_a_folder_that_is_not_allowed_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: str) -> object:
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(FolderError, match="not allowed"):
        describe_entry(FolderEntry(str(tmp_path), "folder"))
