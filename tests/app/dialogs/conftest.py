"""Fixtures of the dialogs' tests."""

from pathlib import Path

import pytest

from tests.support.pictures import photograph


@pytest.fixture
def holiday(tmp_path: Path) -> Path:
    """A folder with two pictures, two damaged ones, and a picture in a subfolder."""
    folder = tmp_path / "holiday"
    (folder / "beach").mkdir(parents=True)
    photograph(seed=1).save(folder / "img2.png")
    photograph(seed=2).save(folder / "img10.png")
    photograph(seed=3).save(folder / "beach" / "sea.jpg")
    (folder / "broken.jpg").write_bytes(b"not a picture")
    (folder / "cut.png").write_bytes((folder / "img2.png").read_bytes()[:900])
    return folder
