"""Files dropped on the window: real drags by the mouse, from a process that speaks XDND."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from image_describer.app.sources import drop
from tests.support.screen import LIMIT_S, Screen

# A window with a label in a frame in a canvas, as the program has; it writes down what it is told.
TARGET = """
import json, sys, threading, tkinter as tk
from image_describer.app.sources.drop import accept_drops
root = tk.Tk()
root.geometry("400x300+600+100")
canvas = tk.Canvas(root)
canvas.pack(expand=True, fill="both")
frame = tk.Frame(canvas)
canvas.create_window(0, 0, anchor="nw", window=frame, width=400, height=300)
label = tk.Label(frame, text="here")
label.pack(expand=True, fill="both")
main = threading.get_ident()
def write(kind):
    def told(text):
        assert threading.get_ident() == main
        print(json.dumps([kind, text]), flush=True)
    return told
accepts = accept_drops(root, write("file"), write("trouble"))
root.wait_visibility()
root.update()
print(json.dumps(accepts), flush=True)
root.mainloop()
"""
SOURCE = Path(__file__).with_name("xdnd_source.py")
PLACE = (20, 100, 160, 160)  # of the window to drag from: left, top, width, height in pixels
FROM = (PLACE[0] + PLACE[2] // 2, PLACE[1] + PLACE[3] // 2)
URIS, TEXT = "text/uri-list", "text/plain;charset=utf-8"


class Target:
    """A process with a window that takes drops."""

    def __init__(self, screen: Screen) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", TARGET],
            env={**os.environ, "DISPLAY": screen.display},
            stdout=subprocess.PIPE,
            text=True,
        )
        self.accepts = self.next()

    def next(self) -> object:
        """What it was told next; waits for it."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, "it has ended"
        return json.loads(line)


@pytest.fixture
def target(screen: Screen) -> Iterator[Target]:
    one = Target(screen)
    yield one
    one.process.kill()
    one.process.communicate()


@pytest.fixture
def drag(screen: Screen) -> Callable[..., str]:
    """``drag({kind: bytes}, to)`` moves the mouse with it; how it ended."""

    def run(offered: dict[str, bytes | None], to: tuple[int, int] = (800, 250)) -> str:
        spelled = json.dumps(
            {kind: None if given is None else given.hex() for kind, given in offered.items()}
        )
        source = subprocess.Popen(
            [sys.executable, str(SOURCE), *map(str, PLACE), spelled],
            env={**os.environ, "DISPLAY": screen.display},
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            assert source.stdout is not None
            assert source.stdout.readline() == "ready\n"
            screen.xdotool("mousemove", *map(str, FROM), "mousedown", "1")
            for step in range(1, 9):
                x, y = (a + (b - a) * step // 8 for a, b in zip(FROM, to, strict=True))
                screen.xdotool("mousemove", str(x), str(y))
                time.sleep(0.02)  # seconds; a hand is slower
            screen.xdotool("mouseup", "1")
            return source.communicate(timeout=LIMIT_S)[0].strip()
        finally:
            source.kill()
            source.wait()

    return run


@pytest.fixture
def photos(tmp_path: Path) -> list[Path]:
    files = [tmp_path / name for name in ("phôto 1.png", "100% {a} [b] $c \\d.jpg", "#x.png")]
    for file in files:
        file.write_bytes(b"a picture")
    return files


Drag = Callable[..., str]


@pytest.mark.gui
def test_a_file_is_opened(target: Target, drag: Drag, photos: list[Path]) -> None:
    assert target.accepts is True
    for photo in photos:
        offered = {URIS: f"{photo.as_uri()}\r\n".encode(), TEXT: b"something else"}
        assert drag(offered) == "dropped copy"
        assert target.next() == ["file", str(photo)]


@pytest.mark.gui
def test_of_several_the_first_is_opened(target: Target, drag: Drag, photos: list[Path]) -> None:
    lines = [photos[0].parent.as_uri(), *(photo.as_uri() for photo in photos)]
    assert drag({URIS: "\r\n".join(lines).encode()}) == "dropped copy"
    assert target.next() == ["trouble", drop.SEVERAL.format(count=3)]
    assert target.next() == ["file", str(photos[0])]


@pytest.mark.gui
def test_a_name_that_is_no_utf_8_is_found(target: Target, drag: Drag, tmp_path: Path) -> None:
    file = tmp_path / os.fsdecode(b"caf\xe9 \xff.png")
    file.touch()
    assert drag({URIS: f"{file.as_uri()}\r\n".encode()}) == "dropped copy"
    assert target.next() == ["file", str(file)]


@pytest.mark.gui
def test_a_path_as_text(target: Target, drag: Drag, photos: list[Path]) -> None:
    for text in (f"{photos[0]}\n", f'"{photos[0]}"', photos[0].as_uri()):
        assert drag({TEXT: text.encode()}) == "dropped copy"
        assert target.next() == ["file", str(photos[0])]


@pytest.mark.gui
def test_folders_addresses_and_text_get_one_sentence_each(
    target: Target, drag: Drag, tmp_path: Path
) -> None:
    for kind, content, sentence in (
        (URIS, f"{tmp_path.as_uri()}\r\n", drop.FOLDER),
        (URIS, "https://example.org/a.png\r\n", drop.WEB_ADDRESS),
        (TEXT, "https://example.org/a.png", drop.WEB_ADDRESS),
        (URIS, "file:///nowhere/a.png\r\n", drop.NO_FILE),
        (TEXT, "some words\nand more", drop.NO_FILE),
        (TEXT, "", drop.NO_FILE),
    ):
        assert drag({kind: content.encode()}) == "dropped copy"
        assert target.next() == ["trouble", sentence]


@pytest.mark.gui
def test_what_can_t_be_a_file_is_refused_and_a_miss_is_a_miss(
    target: Target, drag: Drag, photos: list[Path]
) -> None:
    assert drag({"image/png": b"..."}) == "refused"
    assert drag({URIS: photos[0].as_uri().encode()}, to=(400, 700)) == "nowhere"
    assert drag({URIS: photos[0].as_uri().encode()}) == "dropped copy"
    assert target.next() == ["file", str(photos[0])]


@pytest.mark.gui
def test_a_program_that_hangs_when_asked_is_given_up(
    target: Target, screen: Screen, drag: Drag, photos: list[Path]
) -> None:
    assert drag({URIS: None}) == "dropped nothing"
    assert len(screen.windows(".")) == 1, "there is a dialog"
    assert drag({URIS: photos[0].as_uri().encode()}) == "dropped copy"
    assert target.next() == ["file", str(photos[0])]


@pytest.mark.gui
def test_the_app_goes_on_where_the_library_does_not_load(screen: Screen, tmp_path: Path) -> None:
    broken = """
import logging, sys, tkinter as tk
import tkinterdnd2
from image_describer.app.sources.drop import accept_drops
logging.basicConfig(stream=sys.stdout, format="%(message)s")
root = tk.Tk()
if sys.argv[1] == "file":
    tkinterdnd2.TkinterDnD.__file__ = "/nowhere/at/all.py"
    tkinterdnd2.TkinterDnD._require.__globals__["__file__"] = "/nowhere/at/all.py"
elif sys.argv[1] == "machine":
    import platform
    platform.machine = lambda: "riscv64"
else:
    sys.modules["tkinterdnd2"] = None
print(accept_drops(root, print, print))
root.update()
"""
    for what in ("file", "machine", "module"):
        done = subprocess.run(
            [sys.executable, "-c", broken, what],
            env={**os.environ, "DISPLAY": screen.display},
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
        )
        assert done.returncode == 0, done.stderr
        said, accepted = done.stdout.splitlines()
        assert said.startswith("Files can't be dropped on this window: ")
        assert accepted == "False"


@pytest.mark.parametrize("words", ["", "\0", "/\0", "file:", "file://[", "''", "\udcff", "€"])
def test_odd_words_are_no_files(words: str) -> None:
    assert drop.choose_file([words]) == (None, drop.NO_FILE)
    assert drop.choose_file([]) == (None, drop.NO_FILE)


def test_a_file_among_folders_and_addresses_is_what_was_meant(tmp_path: Path) -> None:
    file = tmp_path / "a\nb.png"
    file.touch()
    assert drop.choose_file([str(tmp_path), "http://x.org", str(file)]) == (str(file), "")
