"""A small context to fit parts of a bundle in."""

import shutil
from pathlib import Path

import pytest

from image_describer.captioner.bundle import open_bundle
from image_describer.train.data.sets import read
from image_describer.train.heads.context import HeadContext
from image_describer.train.heads.photo_check import photographs
from image_describer.train.recipe import Recipe


@pytest.fixture
def bundle(tiny_bundle: Path, tmp_path: Path) -> Path:
    """A copy of the tiny bundle."""
    return Path(shutil.copytree(tiny_bundle, tmp_path / "bundle"))


@pytest.fixture
def context(
    bundle: Path, tiny_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> HeadContext:
    """The tiny bundle and data, and a run's folder of its own."""
    monkeypatch.setattr(photographs, "WITH_BARS", 1)
    folder = tmp_path / "runs" / "tiny"
    return HeadContext(open_bundle(bundle), read(tiny_data), Recipe("tiny"), folder.parent, folder)
