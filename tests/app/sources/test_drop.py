"""Files dropped on the window: real drags with the mouse, from a process that speaks XDND."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from image_describer.app.messages import ONLY_FIRST
from image_describer.app.sources import drop
from image_describer.imaging import clipboard
from tests.support import xdnd_source
from tests.support.screen import LIMIT_S, Screen

# A window with a label in a frame in a canvas, like the program's; it prints each call.
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
    def call(text):
        assert threading.get_ident() == main
        print(json.dumps([kind, text]), flush=True)
    return call
accepts = accept_drops(root, write("file"), write("folder"), write("message"))
root.wait_visibility()
if "grab" in sys.argv:
    dialog = tk.Toplevel(root)
    dialog.geometry("100x100+0+400")
    dialog.wait_visibility()
    dialog.grab_set()
root.update()
print(json.dumps(accepts), flush=True)
root.mainloop()
"""
NO_FILE = "No such file."
SOURCE = Path(xdnd_source.__file__)
GEOMETRY = (20, 100, 160, 160)  # of the window to drag from: left, top, width, height in pixels
FROM = (GEOMETRY[0] + GEOMETRY[2] // 2, GEOMETRY[1] + GEOMETRY[3] // 2)
URIS, TEXT = "text/uri-list", "text/plain;charset=utf-8"


class Target:
    """A process with a window that takes drops."""

    def __init__(self, screen: Screen, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", TARGET, *arguments],
            env={**os.environ, "DISPLAY": screen.display},
            stdout=subprocess.PIPE,
            text=True,
        )
        self.accepts = self.next()

    def next(self) -> object:
        """Its next call; waits for it."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, "it has ended"
        return json.loads(line)

    def close(self) -> None:
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def target(screen: Screen) -> Iterator[Target]:
    target = Target(screen)
    yield target
    target.close()


@pytest.fixture
def drag(screen: Screen) -> Callable[..., str]:
    """``drag({type: content}, to)`` drags it there with the mouse; returns how that ended."""

    def run(offered: dict[str, bytes | None], to: tuple[int, int] = (800, 250)) -> str:
        content = json.dumps(
            {kind: None if data is None else data.hex() for kind, data in offered.items()}
        )
        source = subprocess.Popen(
            [sys.executable, str(SOURCE), *map(str, GEOMETRY), content],
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
def test_of_several_files_the_first_is_opened(
    target: Target, drag: Drag, photos: list[Path]
) -> None:
    lines = [photos[0].parent.as_uri(), *(photo.as_uri() for photo in photos)]
    assert drag({URIS: "\r\n".join(lines).encode()}) == "dropped copy"
    assert target.next() == ["message", ONLY_FIRST.format(count=3)]
    assert target.next() == ["file", str(photos[0])]


@pytest.mark.gui
def test_a_name_that_is_not_utf_8_is_found(target: Target, drag: Drag, tmp_path: Path) -> None:
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
def test_a_folder_is_offered(target: Target, drag: Drag, tmp_path: Path) -> None:
    assert drag({URIS: f"{tmp_path.as_uri()}\r\n".encode()}) == "dropped copy"
    assert target.next() == ["folder", str(tmp_path)]


@pytest.mark.gui
def test_urls_and_text_get_a_message(target: Target, drag: Drag) -> None:
    for kind, content, sentence in (
        (URIS, "https://example.org/a.png\r\n", clipboard.NO_WEB_ADDRESSES),
        (TEXT, "https://example.org/a.png", clipboard.NO_WEB_ADDRESSES),
        (URIS, "file:///nowhere/a.png\r\n", NO_FILE),
        (TEXT, "some words\nand more", NO_FILE),
        (TEXT, "", NO_FILE),
    ):
        assert drag({kind: content.encode()}) == "dropped copy"
        assert target.next() == ["message", sentence]


@pytest.mark.gui
def test_other_types_are_refused(target: Target, drag: Drag, photos: list[Path]) -> None:
    assert drag({"image/png": b"..."}) == "refused"
    assert drag({URIS: photos[0].as_uri().encode()}, to=(400, 700)) == "nowhere"
    assert drag({URIS: photos[0].as_uri().encode()}) == "dropped copy"
    assert target.next() == ["file", str(photos[0])]


@pytest.mark.gui
def test_nothing_is_opened_behind_a_dialog_of_the_system(
    screen: Screen, drag: Drag, photos: list[Path]
) -> None:
    target = Target(screen, "grab")
    try:
        assert drag({URIS: photos[0].as_uri().encode()}) == "dropped nothing"
        assert target.next() == ["message", drop.CLOSE_FIRST]
    finally:
        target.close()


@pytest.mark.gui
def test_a_source_that_hangs_is_abandoned(
    target: Target, screen: Screen, drag: Drag, photos: list[Path]
) -> None:
    assert drag({URIS: None}) == "dropped nothing"
    assert len(screen.windows(".")) == 1, "there is a dialog"
    assert drag({URIS: photos[0].as_uri().encode()}) == "dropped copy"
    assert target.next() == ["file", str(photos[0])]


@pytest.mark.gui
def test_the_window_works_without_the_library(screen: Screen, tmp_path: Path) -> None:
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
print(accept_drops(root, print, print, print))
root.update()
"""
    for broken_part in ("file", "machine", "module"):
        done = subprocess.run(
            [sys.executable, "-c", broken, broken_part],
            env={**os.environ, "DISPLAY": screen.display},
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
        )
        assert done.returncode == 0, done.stderr
        message, accepted = done.stdout.splitlines()
        assert message.startswith("Files can't be dropped on this window: ")
        assert accepted == "False"


@pytest.mark.parametrize("text", ["", "\0", "/\0", "file:", "file://[", "''", "\udcff", "€"])
def test_odd_texts_are_not_files(text: str) -> None:
    assert drop.choose([text]) == drop.DropChoice(message=NO_FILE)
    assert drop.choose([]) == drop.DropChoice(message=NO_FILE)


@pytest.mark.parametrize(
    "form",
    [
        "{}/a b.png\n",
        '"{}/a b.png"',
        "'{}/a b.png'\r\n",
        r"{}/a\ b.png",
        "file://localhost{}/a b.png",
    ],
)
def test_forms_of_a_path(tmp_path: Path, form: str) -> None:
    file = tmp_path / "a b.png"
    file.touch()
    dropped = form.format(tmp_path)
    assert drop.choose([dropped]) == drop.DropChoice(file=str(file))


def test_a_file_is_preferred_to_folders_and_urls(tmp_path: Path) -> None:
    file = tmp_path / "a\nb.png"
    file.touch()
    dropped = [str(tmp_path), "http://x.org", str(file)]
    assert drop.choose(dropped) == drop.DropChoice(file=str(file))
    assert drop.choose(dropped[:2]) == drop.DropChoice(folder=str(tmp_path))
