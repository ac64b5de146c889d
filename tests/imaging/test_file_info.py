"""What a file says about itself is read from its header and put into words."""

import os
from datetime import datetime
from pathlib import Path

from PIL import Image

from image_describer.imaging.file_info import (
    date_in_words,
    file_facts,
    size_and_date_taken,
    timestamp_in_words,
)
from tests.support.pictures import encoded, photograph, with_orientation


def test_a_photo_says_when_it_was_taken(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x9003] = "2024:05:03 14:07:00"
    path = tmp_path / "photo.jpg"
    path.write_bytes(encoded(photograph(64, 48), "JPEG", exif=exif) + bytes(2_000))
    size = f"{path.stat().st_size / 1000:.1f}"
    assert file_facts(str(path)) == [
        "It was taken on 3 May 2024 at 14:07.",
        f"The file has {size} kilobytes.",
    ]


def test_another_picture_says_when_it_was_changed(tmp_path: Path) -> None:
    path = tmp_path / "drawing.png"
    path.write_bytes(encoded(photograph(64, 48), "PNG"))
    changed = datetime(2024, 5, 3, 12)
    os.utime(path, (changed.timestamp(), changed.timestamp()))
    assert file_facts(str(path))[0] == "The file was last changed on 3 May 2024."


def test_the_size_is_that_of_the_upright_picture(tmp_path: Path) -> None:
    path = tmp_path / "turned.jpg"
    path.write_bytes(with_orientation(6, "JPEG"))
    assert size_and_date_taken(str(path)) == ((80, 60), None)


def test_nothing_is_said_about_what_is_not_a_picture_file(tmp_path: Path) -> None:
    path = tmp_path / "letter.jpg"
    path.write_text("Dear aunt")
    assert size_and_date_taken(str(path)) == (None, None)
    assert file_facts(None) == file_facts(str(tmp_path / "gone.jpg")) == []


def test_impossible_dates_are_unknown() -> None:
    assert date_in_words(datetime(2026, 12, 31)) == "31 December 2026"
    assert timestamp_in_words(1e18) == "an unknown date"
