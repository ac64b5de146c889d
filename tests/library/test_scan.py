"""Scanning folders: each picture once, in natural order, whatever else is in them."""

import contextlib
import inspect
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from image_describer.errors import ImageDescriberError
from image_describer.library import scan
from image_describer.text import natural_key
from tests.support.unprivileged import drop_root_access

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="names and files that only Linux has")


def touch(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")


def found(folder: Path, *paths: Path) -> list[str]:
    """The pictures below ``folder``, or ``paths``, relative to ``folder``; without errors."""
    results = list(scan.pictures(paths or [folder]))
    assert not [result for result in results if result.error]
    return [os.path.relpath(result.file, folder) for result in results]


def test_natural_order(tmp_path):
    touch(tmp_path, "img10.jpg", "img2.JPG", "Img1.png", "b/07.webp", "b/6.gif", "a10/x.tif")
    touch(tmp_path, "a9/y.avif", "a9/z.heic", "notes.txt", "noname", "a9/film.mp4")
    assert found(tmp_path) == [
        *("Img1.png", "img2.JPG", "img10.jpg"),
        *("a9/y.avif", "a9/z.heic", "a10/x.tif", "b/6.gif", "b/07.webp"),
    ]
    assert scan.count([tmp_path]) == 8


def test_numbers_of_any_length_are_sorted():
    names = ["a" + "9" * 240 + ".jpg", "a" + "0" * 240 + "1.jpg", "a10.jpg", "a1b.jpg", "1.jpg"]
    ordered = sorted(names, key=natural_key)
    assert ordered == [names[4], names[1], names[3], names[2], names[0]]


def test_hidden_files_are_skipped_unless_named(tmp_path):
    touch(tmp_path, ".thumbnails/a.jpg", "._b.jpg", ".c.jpg", "d.jpg")
    assert found(tmp_path) == ["d.jpg"]
    hidden = tmp_path / ".thumbnails"
    assert found(tmp_path, hidden, tmp_path / ".c.jpg") == [".thumbnails/a.jpg", ".c.jpg"]


@pytest.mark.parametrize(
    ("platform", "attributes"),
    [
        ("win32", {"st_file_attributes": stat.FILE_ATTRIBUTE_HIDDEN}),
        ("darwin", {"st_flags": stat.UF_HIDDEN}),
    ],
)
def test_files_marked_as_hidden_are_skipped(tmp_path, monkeypatch, platform, attributes):
    touch(tmp_path, "secret.jpg", "shown.jpg", "secret folder/a.jpg", "shown folder/b.jpg")
    scandir = os.scandir

    class Entry:
        def __init__(self, entry: "os.DirEntry[str]") -> None:
            self.name, self.is_dir = entry.name, entry.is_dir

        def stat(self, *, follow_symlinks: bool) -> object:
            return SimpleNamespace(**(attributes if self.name.startswith("secret") else {}))

    @contextlib.contextmanager
    def marked(folder: str) -> Iterator[list[Entry]]:
        with scandir(folder) as entries:
            yield [Entry(entry) for entry in entries]

    monkeypatch.setattr(os, "scandir", marked)
    monkeypatch.setattr(sys, "platform", platform)
    assert found(tmp_path) == ["shown.jpg", os.path.join("shown folder", "b.jpg")]


@LINUX
def test_circular_links_are_followed_once(tmp_path):
    touch(tmp_path, "a/1.jpg", "b/2.jpg")
    (tmp_path / "a" / "up").symlink_to(tmp_path)
    (tmp_path / "b" / "a").symlink_to(tmp_path / "a")
    (tmp_path / "itself").symlink_to(tmp_path / "itself")
    assert found(tmp_path) == ["a/1.jpg", "b/2.jpg"]


@LINUX
def test_links_to_files_are_pictures(tmp_path):
    touch(tmp_path, "1.jpg")
    (tmp_path / "2.jpg").symlink_to(tmp_path / "1.jpg")
    (tmp_path / "3.jpg").symlink_to(tmp_path / "3.jpg")
    (tmp_path / "4.jpg").symlink_to(tmp_path / "nowhere")
    assert found(tmp_path) == ["1.jpg", "2.jpg", "3.jpg", "4.jpg"]


@LINUX
def test_long_and_odd_names(tmp_path):
    names = ["a" * 251 + ".jpg", "two\nlines.jpg", "Grüße 写真 🐕.png", "-rf.png", " .gif"]
    touch(tmp_path, *names)
    raw = os.path.join(os.fsencode(tmp_path), b"raw\xff\xfe.jpg")
    Path(os.fsdecode(raw)).write_bytes(b"x")
    assert sorted(found(tmp_path)) == sorted([*names, os.fsdecode(b"raw\xff\xfe.jpg")])


def test_a_folder_named_like_a_picture_is_a_folder(tmp_path):
    touch(tmp_path, "album.jpg/1.jpg")
    assert found(tmp_path) == [os.path.join("album.jpg", "1.jpg")]


def test_overlapping_paths_yield_each_picture_once(tmp_path):
    touch(tmp_path, "a/1.jpg", "a/b/2.jpg", "3.txt")
    paths = (tmp_path / "a" / "b", tmp_path, tmp_path / "a", tmp_path / "a" / "1.jpg")
    assert found(tmp_path, *paths) == ["a/b/2.jpg", "a/1.jpg"]
    assert found(tmp_path, tmp_path / "a" / "1.jpg", tmp_path) == ["a/1.jpg", "a/b/2.jpg"]
    assert found(tmp_path, tmp_path / "3.txt") == ["3.txt"]


def test_folders_deeper_than_the_recursion_limit(tmp_path):
    deep = tmp_path.joinpath(*["d"] * 150)
    touch(deep, "deep.jpg")
    touch(tmp_path, "near.jpg")
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(len(inspect.stack(0)) + 100)
    try:
        files = [result.file for result in scan.pictures([tmp_path])]
    finally:
        sys.setrecursionlimit(limit)
    assert files == [str(tmp_path / "near.jpg"), str(deep / "deep.jpg")]


@LINUX
def test_an_unreadable_folder_is_reported_and_the_rest_goes_on(tmp_path):
    touch(tmp_path, "a/1.jpg", "b/2.jpg", "c/3.jpg")
    (tmp_path / "b").chmod(0)
    code = (
        "import sys\nfrom image_describer.library import scan\n"
        "for result in scan.pictures([sys.argv[1]]): print(result.file, result.error, sep='|')\n"
    )
    process = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
        preexec_fn=drop_root_access,
    )
    (tmp_path / "b").chmod(0o755)
    assert process.stdout.splitlines() == [
        f"{tmp_path}/a/1.jpg|",
        f'{tmp_path}/b|You are not allowed to read the folder "{tmp_path}/b".',
        f"{tmp_path}/c/3.jpg|",
    ]


def test_a_folder_deleted_in_the_meantime_is_skipped(tmp_path):
    touch(tmp_path, "a/1.jpg", "b/2.jpg", "c/3.jpg")
    names = []
    for result in scan.pictures([tmp_path]):
        names.append(os.path.basename(result.file))
        if len(names) == 1:
            (tmp_path / "b" / "2.jpg").unlink()
            (tmp_path / "b").rmdir()
    assert names == ["1.jpg", "3.jpg"]


def test_it_is_lazy_and_stops_on_request(tmp_path):
    touch(tmp_path, *(f"{n}/{n}.jpg" for n in range(20)))
    going = True
    results = scan.pictures([tmp_path], keep_going=lambda: going)
    assert next(results).file.endswith("0.jpg")
    going = False
    assert list(results) == []


@pytest.mark.parametrize("name", ["", "nowhere", "nul\0byte", "x" * 5_000])
def test_a_missing_path_is_refused(tmp_path, name):
    with pytest.raises(ImageDescriberError) as caught:
        scan.check([tmp_path, str(tmp_path / name) if name else ""])
    assert len(str(caught.value).splitlines()) == 1
