"""Texts on the clipboard that name a file."""

import os
import re
import shlex
import socket
import sys
from pathlib import Path
from urllib.parse import quote

import pytest
from PIL import Image, ImageGrab

from image_describer.errors import IsFolderError
from image_describer.imaging import clipboard


@pytest.mark.parametrize(
    "text",
    [
        *("", "\0", "file:", "file://[", "file://elsewhere/etc/passwd", "\udcff", "/\0", "~", "''"),
        *("/nowhere/to/be/found.png", "some/relative.png", "/" + "x" * 300_000),
    ],
)
def test_odd_texts_are_not_files(text: str) -> None:
    assert clipboard.first_file(text) is None


def test_a_name_that_is_not_utf_8_is_found(tmp_path: Path) -> None:
    file = tmp_path / os.fsdecode(b"a\xff b.png")
    file.touch()
    assert clipboard.first_file(f"cut\n{file.as_uri()}") == str(file)


@pytest.mark.parametrize(
    ("item", "why"),
    [
        ("/", "That's a folder."),
        ("file:///", "That's a folder."),
        ("https://example.org/a.png", clipboard.NO_WEB_ADDRESSES),
        ("WWW.example.org", clipboard.NO_WEB_ADDRESSES),
        ("/nowhere/a.png", "No such file."),
        ("a.png", "No such file."),
        ("/\0", "No such file."),
    ],
)
def test_what_is_no_file_is_told_apart(item: str, why: str) -> None:
    assert clipboard.why_not([item]).sentence == why


@pytest.mark.parametrize(
    "form",
    [
        *("{path}\n", "{path}\r\n\r\n", "copy\n{uri}", "{uri}", "{uri}\n", "{uri}#page"),
        *('"{path}"', "'{path}'", ' "{path}" \n', '"{path}\n"', '"{path}', '"{uri}"', "<{uri}>"),
        *("“{path}”", "„{path}“", "«{path}»", "‘{path}’", "`{path}`", "{path}\xa0"),
        *("\u202a{path}", "\ufeff{path}", "{escaped}", "{escaped}\n", "{quoted} ", "{double}"),
        *("{quoted} {quoted}", "/no {quoted}\n{uri}", "file:{encoded}"),
        *("{host_uri}", "file://{host}.local{encoded}", "FILE://127.0.0.1{encoded}"),
    ],
)
@pytest.mark.parametrize(
    "name", ["a.png", "a b.png", "it's (1) #2.png", 'a"b?.png', "a\\ b%20.png", "ä “x”.png"]
)
def test_forms_of_a_path(tmp_path: Path, form: str, name: str) -> None:
    file = tmp_path / name
    file.touch()
    path, encoded, host = str(file), quote(str(file)), socket.gethostname()
    in_shell = "".join(char if char.isalnum() or char in "/._-" else f"\\{char}" for char in path)
    text = form.format(
        path=path,
        uri=file.as_uri(),
        encoded=encoded,
        host=host,
        host_uri=f"file://{host}{encoded}",
        escaped=in_shell,
        quoted=shlex.quote(path),
        double='"' + re.sub(r'(["\\])', r"\\\1", path) + '"',
    )
    assert clipboard.first_file(text) == path


def test_a_path_is_first_taken_literally(tmp_path: Path) -> None:
    for name in ("a b.png", r"a\ b.png", "'a b.png'", "a#1.png", "a"):
        (tmp_path / name).touch()
    for name in (r"a\ b.png", "'a b.png'"):
        assert clipboard.first_file(str(tmp_path / name)) == str(tmp_path / name)
    assert clipboard.first_file(f"file://{tmp_path}/a#1.png") == str(tmp_path / "a#1.png")
    assert clipboard.first_file(f"{tmp_path}/none b.png") is None, "only a part of the path exists"


@pytest.mark.skipif(os.name == "nt", reason="the stand-in for osascript needs a shell")
def test_what_was_copied_in_finder_is_read_and_not_its_icon(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    photo = tmp_path / "phôto 1.png"
    photo.touch()
    icon = Image.new("RGB", (32, 32))
    copied = tmp_path / "copied.txt"
    tool = tmp_path / "osascript"
    tool.write_text(f'#!/bin/sh\ncase "$2" in *furl*) cat {copied};; *) exit 1;; esac\n')
    tool.chmod(0o755)
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(ImageGrab, "grabclipboard", lambda: icon)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    # Tk gets the name alone.
    copied.write_text(f"{photo}\n")
    assert clipboard.read(photo.name) == str(photo)
    copied.write_text(f"{tmp_path}/\n")
    with pytest.raises(IsFolderError):
        clipboard.read(tmp_path.name)
    copied.write_text("\n")
    assert clipboard.read() is icon, "a picture was copied"
