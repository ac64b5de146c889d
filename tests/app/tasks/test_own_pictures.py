"""The pictures of the user, as the window keeps and finds them."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from image_describer import paths
from image_describer.app.context import DescribedPicture
from image_describer.app.tasks.own_pictures import OwnPictures
from image_describer.captioner.description import Description
from image_describer.library.index import Index
from image_describer.wording.sentence import SpokenDescription
from tests.support.screen import wait_for

LIMIT_S = 20.0
PROBABLY = SpokenDescription("", "Probably: a dog.")


def test_deleted_files_are_forgotten_when_the_index_is_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paths, "data_folder", lambda: tmp_path)
    lazy = SimpleNamespace(load=lambda: SimpleNamespace(digests={}))
    files = [tmp_path / f"{number}.jpg" for number in range(2)]
    first = OwnPictures(lazy, None, indexed=True)
    for number, file in enumerate(files):
        file.write_bytes(b"%d" % number)
        first.keep(DescribedPicture(Description("a dog", 0.8, file=str(file)), PROBABLY))
    files[0].unlink()
    second = OwnPictures(lazy, None, indexed=True)
    second.keep(DescribedPicture(Description("a dog", 0.8, file=str(files[1])), PROBABLY))
    with Index.open() as index:
        wait_for(lambda: len(index) == 1, LIMIT_S, "the deleted file to be forgotten")
        assert [hit for hit, _ in index.match_words("dog")] != []
