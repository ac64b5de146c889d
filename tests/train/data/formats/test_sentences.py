"""Sentences without pictures."""

import gzip

import pytest

from image_describer.errors import TrainingError
from image_describer.train.data.sets import read

TEXT = "7\ta dog runs\r\n\nA cat sleeps.\n8\t\n"


@pytest.mark.parametrize("name", ["s.tsv", "s.txt", "s.tsv.gz", "s.txt.gz"])
def test_sentences_are_read_with_and_without_ids(tmp_path, name):
    content = TEXT.encode()
    (tmp_path / name).write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    data = read(tmp_path / name)
    assert data.sentences == ["a dog runs", "A cat sleeps."]
    assert not data.captions
    assert data.sources[0]["format"] == "sentences"


TRUNCATED = gzip.compress(b"a" * 99)[:20]


@pytest.mark.parametrize(
    "content", [b"", b"\x1f\x8b\x08 not gzip", TRUNCATED], ids=["empty", "no gzip", "truncated"]
)
def test_empty_and_damaged_files_are_refused(tmp_path, content):
    (tmp_path / "s.txt.gz").write_bytes(content)
    with pytest.raises(TrainingError, match=r"s\.txt\.gz"):
        read(tmp_path / "s.txt.gz")
