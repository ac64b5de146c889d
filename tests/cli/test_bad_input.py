"""Bad and odd pictures through the whole command: described or refused in one sentence, in limits.

Each case is a process of its own, so that its time and its memory are its own, too.
"""

import io
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from PIL import Image

from tests.support import pictures

TIME_LIMIT_S = 5.0
MEMORY_LIMIT_MB = 1_000
# Of the whole command. The tests' tiny model needs some 60 MB less than the one that ships.
TINY_MEMORY_LIMIT_MB = MEMORY_LIMIT_MB - 100

# Its peak is told by itself: what the system tells its parent includes the parent's own, which it
# was for a moment.
COMMAND = """
import os, sys
from image_describer.cli.main import main
status = main()
with open("/proc/self/status") as told, open(os.environ["PEAK_FILE"], "w") as file:
    file.write(next(line.split()[1] for line in told if line.startswith("VmHWM")))
sys.exit(status)
"""

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="time and memory of a child are told by Linux"
)


@dataclass(frozen=True)
class Outcome:
    """What one run of the command came to; seconds are those of the processor."""

    status: int
    out: str
    err: str
    cpu_s: float
    peak_mb: float


def run(*words: object, bundle: Path) -> Outcome:
    """``image-describer describe --json ...`` to its end."""
    command = [sys.executable, "-c", COMMAND, "describe", "--json", "--bundle", *map(str, words)]
    command.insert(6, str(bundle))
    with (
        tempfile.TemporaryFile() as out,
        tempfile.TemporaryFile() as err,
        tempfile.NamedTemporaryFile("r") as peak,
    ):
        process = subprocess.Popen(
            command,
            stdout=out,
            stderr=err,
            stdin=subprocess.DEVNULL,
            env={**os.environ, "PEAK_FILE": peak.name},
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        texts = []
        for file in (out, err):
            file.seek(0)
            texts.append(file.read().decode())
        peak_kb = float(peak.read() or "inf")
    cpu_s = usage.ru_utime + usage.ru_stime
    return Outcome(process.returncode, *texts, cpu_s, peak_kb * 1024 / 1e6)


def save(image: Image.Image, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, **options)  # type: ignore[arg-type]
    return file.getvalue()


def animation(kind: str) -> bytes:
    frames = [pictures.photograph(64, 48, seed) for seed in range(3)]
    return pictures.encoded(frames[0], kind, save_all=True, append_images=frames[1:])


def cut(kind: str) -> bytes:
    whole = pictures.encoded(pictures.photograph(320, 240), kind)
    return whole[: len(whole) // 2]


# Name of the file -> its content, for each case of bad input that is no picture or no good one.
REFUSED: dict[str, Callable[[], bytes]] = {
    "empty.jpg": lambda: b"",
    "one byte.png": lambda: b"\x89",
    "text.jpg": lambda: b"Dear all, this is not a photograph.\n" * 40,
    "page.jpg": lambda: b"<html><body>404</body></html>",
    "zeros.jpg": lambda: bytes(100_000),
    "noise.png": lambda: os.urandom(100_000),
    "only the head.jpg": lambda: pictures.encoded(pictures.photograph(), "JPEG")[:200],
    "30,000 x 30,000.png": pictures.png_bomb,
    "65,000 x 65,000.jpg": lambda: pictures.jpeg_of_size(65_000, 65_000),
    "65,000 x 65,000.gif": lambda: pictures.gif_of_size(65_000, 65_000),
    "tiles.tif": pictures.tiff_tile_bomb,
}
# ... and of those that are odd, but pictures.
DESCRIBED: dict[str, Callable[[], bytes]] = {
    "cmyk.jpg": lambda: save(pictures.photograph().convert("CMYK"), format="JPEG"),
    "grey.jpg": lambda: save(pictures.photograph().convert("L"), format="JPEG"),
    "16 bits.png": lambda: pictures.encoded(pictures.sixteen_bits(), "PNG"),
    "1 bit.png": lambda: save(pictures.photograph().convert("1"), format="PNG"),
    "palette.png": lambda: save(pictures.photograph().quantize(32), format="PNG"),
    "alpha.png": lambda: save(pictures.photograph().convert("RGBA"), format="PNG"),
    "palette and alpha.png": lambda: pictures.in_every_format()["PNG palette"],
    "animated.gif": lambda: animation("GIF"),
    "animated.webp": lambda: animation("WEBP"),
    "1 x 1.png": lambda: save(Image.new("RGB", (1, 1), "red"), format="PNG"),
    "1 x 5000.png": lambda: save(Image.new("RGB", (1, 5000), "red"), format="PNG"),
    "5000 x 1.jpg": lambda: save(Image.new("RGB", (5000, 1), "red"), format="JPEG"),
    "8000 x 6000.jpg": lambda: save(Image.new("RGB", (8000, 6000), "navy"), format="JPEG"),
    "png called.jpg": lambda: pictures.encoded(pictures.photograph(), "PNG"),
    "no ending": lambda: pictures.encoded(pictures.photograph(), "JPEG"),
    "odd profile.png": pictures.png_with_odd_profile,
    **{
        f"turned {turn}.jpg": lambda turn=turn: pictures.turned(turn, "JPEG")  # type: ignore[misc]
        for turn in range(1, 9)
    },
}
# ... and of those where either will do, as long as it is one line.
EITHER: dict[str, Callable[[], bytes]] = {
    "cut.jpg": lambda: cut("JPEG"),
    "cut.png": lambda: cut("PNG"),
    "cut.gif": lambda: cut("GIF"),
    "cut.webp": lambda: cut("WEBP"),
    "comment of 100 MB.png": pictures.png_text_bomb,
    "5,000 scans.jpg": pictures.jpeg_scan_bomb,
    "a million tiles.tif": pictures.tiff_of_many_tiles,
}


@pytest.fixture
def picture(request, tmp_path: Path) -> Path:
    path = tmp_path / request.param
    path.write_bytes({**REFUSED, **DESCRIBED, **EITHER}[request.param]())
    return path


def check_limits(outcome: Outcome) -> None:
    assert outcome.cpu_s < TIME_LIMIT_S
    assert outcome.peak_mb < TINY_MEMORY_LIMIT_MB
    assert "Traceback" not in outcome.err
    assert "Warning" not in outcome.err


def check_refused(outcome: Outcome, name: str) -> None:
    assert (outcome.status, outcome.out) == (2, "")
    (line,) = outcome.err.splitlines()
    assert line.startswith("image-describer: ")
    assert name in line
    assert line.endswith(".")
    assert not re.search(r"\w+Error|0x[0-9a-f]+|<[A-Za-z_.]+ ", line), "that is for programmers"


def check_described(outcome: Outcome) -> None:
    assert (outcome.status, outcome.err) == (0, "")
    (line,) = outcome.out.splitlines()
    assert json.loads(line)["sentence"].endswith(".")


@pytest.mark.parametrize("picture", REFUSED, indirect=True)
def test_refused_in_one_sentence(picture, tiny_bundle):
    outcome = run(picture, bundle=tiny_bundle)
    check_limits(outcome)
    check_refused(outcome, picture.name)


@pytest.mark.parametrize("picture", DESCRIBED, indirect=True)
def test_described(picture, tiny_bundle):
    outcome = run(picture, bundle=tiny_bundle)
    check_limits(outcome)
    check_described(outcome)


@pytest.mark.parametrize("picture", EITHER, indirect=True)
def test_described_or_refused(picture, tiny_bundle):
    outcome = run(picture, bundle=tiny_bundle)
    check_limits(outcome)
    if outcome.status:
        check_refused(outcome, picture.name)
    else:
        check_described(outcome)


def test_turned_pictures_are_the_same_picture(tmp_path, tiny_bundle):
    paths = []
    for turn in range(1, 9):
        paths.append(tmp_path / f"{turn}.png")
        paths[-1].write_bytes(pictures.turned(turn, "PNG"))
    records = [json.loads(line) for line in run(*paths, bundle=tiny_bundle).out.splitlines()]
    assert len(records) == 8
    assert len({(record["caption"], record["width"], record["height"]) for record in records}) == 1


def test_no_file_at_all(tmp_path, tiny_bundle):
    check_refused(run(tmp_path / "missing.jpg", bundle=tiny_bundle), "missing.jpg")


def test_a_folder(tmp_path, tiny_bundle):
    outcome = run(tmp_path, bundle=tiny_bundle)
    check_refused(outcome, tmp_path.name)
    assert "folder" in outcome.err


def test_an_empty_name(tiny_bundle):
    outcome = run("", bundle=tiny_bundle)
    assert outcome.status == 2
    assert len(outcome.err.splitlines()) == 1


def test_a_name_longer_than_the_system_allows(tmp_path, tiny_bundle):
    check_refused(run(tmp_path / ("x" * 5_000), bundle=tiny_bundle), "x" * 100)


def test_a_pipe_does_not_hang(tmp_path, tiny_bundle):
    pipe = tmp_path / "pipe.jpg"
    os.mkfifo(pipe)
    check_refused(run(pipe, bundle=tiny_bundle), "pipe.jpg")


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="there is no /dev/zero here")
def test_a_device_does_not_hang(tiny_bundle):
    check_refused(run("/dev/zero", bundle=tiny_bundle), "/dev/zero")


def test_a_link_in_a_circle(tmp_path, tiny_bundle):
    link = tmp_path / "circle.jpg"
    link.symlink_to(link)
    check_refused(run(link, bundle=tiny_bundle), "circle.jpg")


def test_a_file_that_may_not_be_read(tmp_path, tiny_bundle, monkeypatch):
    path = tmp_path / "mine.jpg"
    path.write_bytes(pictures.encoded(pictures.photograph(), "JPEG"))
    path.chmod(0)
    if os.access(path, os.R_OK):
        # Root may read everything, and CI runs as root: let the system refuse in this process.
        def refuse(*_: object, **__: object) -> None:
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(Path, "open", refuse)
        from image_describer.imaging import open as picture

        with pytest.raises(picture.PictureError, match="not allowed to read"):
            picture.open_picture(path)
        return
    outcome = run(path, bundle=tiny_bundle)
    check_refused(outcome, "mine.jpg")


def test_many_bad_pictures_do_not_stop_the_good_ones(tmp_path, tiny_bundle):
    paths = []
    for name, make in {**REFUSED, "good.jpg": DESCRIBED["grey.jpg"]}.items():
        paths.append(tmp_path / name)
        paths[-1].write_bytes(make())
    outcome = run(*paths, bundle=tiny_bundle)
    assert outcome.status == 2
    assert [json.loads(line)["file"] for line in outcome.out.splitlines()] == [str(paths[-1])]
    assert len(outcome.err.splitlines()) == len(REFUSED)
