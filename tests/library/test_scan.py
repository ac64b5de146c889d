"""What pictures there are below folders: each once, in order, whatever lies between them."""

import inspect
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from image_describer.errors import ImageDescriberError
from image_describer.library import scan
from image_describer.text import natural_key
from tests.support.unprivileged import bound

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="names and files that only Linux has")


def touch(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")


def found(folder: Path, *places: Path) -> list[str]:
    """The pictures below ``folder``, or ``places``, from ``folder``; none may have an error."""
    all_of_them = list(scan.pictures(places or [folder]))
    assert not [one for one in all_of_them if one.error]
    return [os.path.relpath(one.file, folder) for one in all_of_them]


def test_pictures_come_in_the_order_in_which_people_count(tmp_path):
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


def test_what_is_hidden_is_left_out_unless_it_is_named(tmp_path):
    touch(tmp_path, ".thumbnails/a.jpg", "._b.jpg", ".c.jpg", "d.jpg")
    assert found(tmp_path) == ["d.jpg"]
    hidden = tmp_path / ".thumbnails"
    assert found(tmp_path, hidden, tmp_path / ".c.jpg") == [".thumbnails/a.jpg", ".c.jpg"]


@LINUX
def test_links_in_circles_are_gone_into_once(tmp_path):
    touch(tmp_path, "a/1.jpg", "b/2.jpg")
    (tmp_path / "a" / "up").symlink_to(tmp_path)
    (tmp_path / "b" / "a").symlink_to(tmp_path / "a")
    (tmp_path / "itself").symlink_to(tmp_path / "itself")
    assert found(tmp_path) == ["a/1.jpg", "b/2.jpg"]


@LINUX
def test_links_to_pictures_are_pictures(tmp_path):
    touch(tmp_path, "1.jpg")
    (tmp_path / "2.jpg").symlink_to(tmp_path / "1.jpg")
    (tmp_path / "3.jpg").symlink_to(tmp_path / "3.jpg")
    (tmp_path / "4.jpg").symlink_to(tmp_path / "nowhere")
    assert found(tmp_path) == ["1.jpg", "2.jpg", "3.jpg", "4.jpg"]


@LINUX
def test_long_and_odd_names_are_found(tmp_path):
    names = ["a" * 251 + ".jpg", "two\nlines.jpg", "Grüße 写真 🐕.png", "-rf.png", " .gif"]
    touch(tmp_path, *names)
    raw = os.path.join(os.fsencode(tmp_path), b"raw\xff\xfe.jpg")
    Path(os.fsdecode(raw)).write_bytes(b"x")
    assert sorted(found(tmp_path)) == sorted([*names, os.fsdecode(b"raw\xff\xfe.jpg")])


def test_a_folder_that_is_called_like_a_picture_is_a_folder(tmp_path):
    touch(tmp_path, "album.jpg/1.jpg")
    assert found(tmp_path) == [os.path.join("album.jpg", "1.jpg")]


def test_folders_in_folders_and_files_in_them_are_found_once(tmp_path):
    touch(tmp_path, "a/1.jpg", "a/b/2.jpg", "3.txt")
    places = (tmp_path / "a" / "b", tmp_path, tmp_path / "a", tmp_path / "a" / "1.jpg")
    assert found(tmp_path, *places) == ["a/b/2.jpg", "a/1.jpg"]
    assert found(tmp_path, tmp_path / "a" / "1.jpg", tmp_path) == ["a/1.jpg", "a/b/2.jpg"]
    assert found(tmp_path, tmp_path / "3.txt") == ["3.txt"]


def test_folders_deeper_than_recursion_goes_are_no_trouble(tmp_path):
    deep = tmp_path.joinpath(*["d"] * 150)
    touch(deep, "deep.jpg")
    touch(tmp_path, "near.jpg")
    before = sys.getrecursionlimit()
    depth = len(inspect.stack(0))
    sys.setrecursionlimit(depth + 100)
    try:
        everything = [one.file for one in scan.pictures([tmp_path])]
    finally:
        sys.setrecursionlimit(before)
    assert everything == [str(tmp_path / "near.jpg"), str(deep / "deep.jpg")]


@LINUX
def test_a_folder_that_may_not_be_read_is_told_and_not_the_end(tmp_path):
    touch(tmp_path, "a/1.jpg", "b/2.jpg", "c/3.jpg")
    (tmp_path / "b").chmod(0)
    code = (
        "import sys\nfrom image_describer.library import scan as walk\n"
        "for one in walk.pictures([sys.argv[1]]): print(one.file, one.error, sep='|')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
        preexec_fn=bound,
    )
    (tmp_path / "b").chmod(0o755)
    assert done.stdout.splitlines() == [
        f"{tmp_path}/a/1.jpg|",
        f'{tmp_path}/b|You are not allowed to read the folder "{tmp_path}/b".',
        f"{tmp_path}/c/3.jpg|",
    ]


def test_what_vanishes_meanwhile_is_no_trouble(tmp_path):
    touch(tmp_path, "a/1.jpg", "b/2.jpg", "c/3.jpg")
    seen = []
    for one in scan.pictures([tmp_path]):
        seen.append(os.path.basename(one.file))
        if len(seen) == 1:
            (tmp_path / "b" / "2.jpg").unlink()
            (tmp_path / "b").rmdir()
    assert seen == ["1.jpg", "3.jpg"]


def test_it_is_lazy_and_ends_when_nobody_wants_more(tmp_path):
    touch(tmp_path, *(f"{n}/{n}.jpg" for n in range(20)))
    stop = threading.Event()
    walking = scan.pictures([tmp_path], wanted=lambda: not stop.is_set())
    assert next(walking).file.endswith("0.jpg")
    stop.set()
    assert list(walking) == []


@pytest.mark.parametrize("name", ["", "nowhere", "nul\0byte", "x" * 5_000])
def test_a_place_that_is_not_there_is_refused(tmp_path, name):
    with pytest.raises(ImageDescriberError) as caught:
        scan.check([tmp_path, str(tmp_path / name) if name else ""])
    assert len(str(caught.value).splitlines()) == 1
