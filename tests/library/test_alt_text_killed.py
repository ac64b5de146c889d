"""A batch that is killed while it writes alt text breaks no file, and the next run goes on."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from PIL import Image

from image_describer.imaging.open import open_picture
from image_describer.library import alt_text_writer, batch
from image_describer.metadata import alt_text
from image_describer.paths import assets_folder
from tests.library.test_alt_text_writer import options_of

NAMES = [f"{number}.jpg" for number in range(12)]


@pytest.fixture
def album(tmp_path: Path) -> Path:
    return make_album(tmp_path / "album", NAMES)


def make_album(folder: Path, names: list[str]) -> Path:
    folder.mkdir()
    image = Image.open(assets_folder() / "samples" / "coffee.jpg")
    for number, name in enumerate(names):
        image.resize((100 + number, 100 + number)).save(folder / name)
    return folder


def lines_of(output: Path, names: list[str]) -> list[dict[str, str]]:
    lines = [json.loads(line) for line in output.read_text("utf-8").splitlines()]
    assert [os.path.basename(line["file"]) for line in lines] == names
    return lines


# Runs the command line, with SIGKILL at a given step of writing the Nth picture: arguments STEP N.
KILLED_BATCH = """
import os, signal, sys
from pathlib import Path
from image_describer.metadata import alt_text

step, count = sys.argv[1], [int(sys.argv[2])]
del sys.argv[1:3]

def killing(call, *, before):
    def replacement(path, *arguments):
        count[0] -= ".image-describer-" in str(path)
        if before and not count[0]:
            os.kill(os.getpid(), signal.SIGKILL)
        result = call(path, *arguments)
        if not count[0]:
            os.kill(os.getpid(), signal.SIGKILL)
        return result
    return replacement

if step == "half written":
    def fsync(descriptor, call=os.fsync):
        temporary = list(FOLDER.rglob(".image-describer-*.new"))
        count[0] -= bool(temporary)
        if temporary and not count[0]:
            with temporary[0].open("r+b") as file:  # as if no more had reached the disk
                file.truncate(temporary[0].stat().st_size // 2)
            os.kill(os.getpid(), signal.SIGKILL)
        return call(descriptor)
    FOLDER = Path(sys.argv[2]).parent
    os.fsync = fsync
elif step == "not renamed":
    Path.replace = killing(Path.replace, before=True)
elif step == "renamed":
    Path.replace = killing(Path.replace, before=False)
from image_describer.cli.main import main
main()
"""


def run(environment: dict[str, str], arguments: list[str]) -> None:
    command = [sys.executable, "-c", "from image_describer.cli.main import main; exit(main())"]
    command += arguments
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=240)
    assert done.returncode == 0, done.stderr


def digests(folder: Path) -> dict[str, str]:
    """Return name -> SHA-256 of all files of a folder."""
    files = (path for path in folder.iterdir() if path.is_file())
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_the_next_run_goes_on_after_a_kill(
    tmp_path: Path, album: Path, shipped_bundle: Path
) -> None:
    environment = {**os.environ, "HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path)}
    environment["IMAGE_DESCRIBER_BUNDLE"] = str(shipped_bundle)
    before = digests(album)
    output = tmp_path / "out.jsonl"
    arguments = ["batch", str(album), "--output", str(output), "--workers", "1", "--no-index"]
    arguments += ["--write-alt-text", "--unsure", "--in-place"]
    for step in ("half written", "not renamed", "renamed"):
        process = subprocess.run(
            [sys.executable, "-c", KILLED_BATCH, step, "3", *arguments],
            capture_output=True,
            env=environment,
            timeout=120,
        )
        assert process.returncode == -signal.SIGKILL, process.stderr
        temporary = list(album.glob(".image-describer-*.new"))
        assert len(temporary) == (step != "renamed")
        for path in album.glob("*.jpg"):  # each is unchanged or has its whole alt text
            text = alt_text.read(path)
            assert (text is None) == (digests(album)[path.name] == before[path.name])
            assert open_picture(str(path)).alt_text is None
    written = sum(alt_text.read(path) is not None for path in album.glob("*.jpg"))
    assert 3 <= written < 12
    run(environment, arguments)
    lines = lines_of(output, NAMES)
    after = digests(album)
    for line, name in zip(lines, NAMES, strict=True):
        caption = line["caption"]
        assert alt_text.read(album / name) == f"{caption[0].upper()}{caption[1:]}."
        assert line["alt_text"] is None
    assert {f"{name}_original": key for name, key in before.items()}.items() <= after.items()
    assert len(after) == 2 * len(before)
    assert [line["key"] for line in lines] == [after[name] for name in NAMES]
    run(environment, arguments)
    assert digests(album) == after


def test_a_resumed_batch_knows_pictures_by_their_new_content(
    tmp_path: Path, tiny_bundle: Path
) -> None:
    """The batch is resumed with --write-alt-text --in-place."""
    names = [f"{number}.jpg" for number in range(60)]  # more than a worker gets at once
    album = make_album(tmp_path / "album", names)
    output, cancel = tmp_path / "out.jsonl", threading.Event()
    arguments = {"bundle": tiny_bundle, "workers": 1, "index": False}
    first = batch.run(
        [album], output, cancel=cancel, on_record=lambda _record: cancel.set(), **arguments
    )
    assert first.cancelled
    writer = alt_text_writer.AltTextWriter(options_of("--in-place", "--unsure"), [album])
    assert batch.run([album], output, on_record=writer.write, **arguments).known >= 1
    assert writer.counts == {alt_text_writer.AltTextOutcome.WRITTEN: len(names)}
    assert [line["key"] for line in lines_of(output, names)] == [
        digests(album)[name] for name in names
    ]
