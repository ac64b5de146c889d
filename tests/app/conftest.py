"""Fixtures of the window's tests."""

from pathlib import Path

import pytest

from image_describer.library.history import History


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A temporary folder for the user's data."""
    folder = tmp_path / "data"
    monkeypatch.setenv("XDG_DATA_HOME", str(folder))
    return folder / "image-describer"


@pytest.fixture
def history(tmp_path: Path) -> History:
    return History(tmp_path / "library" / "index.sqlite3")
