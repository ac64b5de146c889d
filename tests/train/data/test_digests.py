"""Digests of files."""

import hashlib
import os
from pathlib import Path

import pytest

from image_describer.train.data.digests import digests


def test_a_digest_is_that_of_the_whole_content_and_follows_its_changes(tmp_path):
    path = tmp_path / "a.jpg"
    path.write_bytes(b"before")
    assert digests([path]) == {path: hashlib.sha256(b"before").hexdigest()}
    path.write_bytes(b"later!")  # of the same size
    os.utime(path, ns=(0, path.stat().st_mtime_ns + 1))
    assert digests([path]) == {path: hashlib.sha256(b"later!").hexdigest()}


def test_a_file_is_read_once(tmp_path, monkeypatch):
    path = tmp_path / "a.jpg"
    path.write_bytes(b"content")
    first = digests([path])
    monkeypatch.setattr(Path, "read_bytes", lambda _: pytest.fail("read again"))
    assert digests([path, path]) == first


def test_files_that_cannot_be_read_are_missing(tmp_path):
    (tmp_path / "a").touch()
    assert list(digests([tmp_path / "a", tmp_path / "b", tmp_path])) == [tmp_path / "a"]
