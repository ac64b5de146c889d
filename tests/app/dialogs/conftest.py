"""Fixtures of the dialogs' tests."""

from pathlib import Path

import pytest

from image_describer.library.history import History
from tests.support.pictures import photograph


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A temporary folder for the user's data."""
    folder = tmp_path / "data"
    monkeypatch.setenv("XDG_DATA_HOME", str(folder))
    return folder / "image-describer"


@pytest.fixture
def history(tmp_path: Path) -> History:
    return History(tmp_path / "library" / "index.sqlite3")


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
