"""Bad and odd pictures through ``describe``: each is described or refused in one sentence."""

import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from tests.support import pictures

# Of the whole command, with the shipped model; the tiny one needs some 60 MB less.
MEMORY_LIMIT_MB = 900

# The process reads its own peak: what wait4 reports includes the moment when it was a copy of its
# parent.
MEASURED_COMMAND = """
import sys
from image_describer.cli.main import main
status = main(sys.argv[1:])
with open("/proc/self/status") as file:
    peak_kb = next(line.split()[1] for line in file if line.startswith("VmHWM"))
print("PEAK", peak_kb)
sys.exit(status)
"""


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


# File name -> content, of files that are refused, ...
REFUSED: dict[str, Callable[[], bytes]] = {
    "empty.jpg": lambda: b"",
    "text.jpg": lambda: b"Dear all, this is not a photograph.\n" * 40,
    "noise.png": lambda: os.urandom(100_000),
    "only the head.jpg": lambda: pictures.encoded(pictures.photograph(), "JPEG")[:200],
    "30,000 x 30,000.png": pictures.png_bomb,
    "65,000 x 65,000.jpg": lambda: pictures.jpeg_of_size(65_000, 65_000),
    "tiles.tif": pictures.tiff_tile_bomb,
}
# ... of odd pictures that are described, ...
DESCRIBED: dict[str, Callable[[], bytes]] = {
    "cmyk.jpg": lambda: save(pictures.photograph().convert("CMYK"), format="JPEG"),
    "grey.jpg": lambda: save(pictures.photograph().convert("L"), format="JPEG"),
    "16 bits.png": lambda: pictures.encoded(pictures.sixteen_bits(), "PNG"),
    "1 bit.png": lambda: save(pictures.photograph().convert("1"), format="PNG"),
    "palette and alpha.png": lambda: pictures.in_every_format()["PNG palette"],
    "animated.gif": lambda: animation("GIF"),
    "1 x 1.png": lambda: save(Image.new("RGB", (1, 1), "red"), format="PNG"),
    "5000 x 1.jpg": lambda: save(Image.new("RGB", (5000, 1), "red"), format="JPEG"),
    "8000 x 6000.jpg": lambda: save(Image.new("RGB", (8000, 6000), "navy"), format="JPEG"),
    "png called.jpg": lambda: pictures.encoded(pictures.photograph(), "PNG"),
    "no ending": lambda: pictures.encoded(pictures.photograph(), "JPEG"),
    "odd profile.png": pictures.png_with_odd_profile,
    "comment of 100 MB.png": pictures.png_text_bomb,
}
# ... and of those where either is fine.
EITHER: dict[str, Callable[[], bytes]] = {
    "cut.jpg": lambda: cut("JPEG"),
    "cut.png": lambda: cut("PNG"),
    "cut.gif": lambda: cut("GIF"),
    "cut.webp": lambda: cut("WEBP"),
    "5,000 scans.jpg": pictures.jpeg_scan_bomb,
    "a million tiles.tif": pictures.tiff_of_many_tiles,
}


@pytest.fixture
def picture(request, tmp_path: Path) -> Path:
    path = tmp_path / request.param
    path.write_bytes({**REFUSED, **DESCRIBED, **EITHER}[request.param]())
    return path


def check_refused(outcome: tuple[int, list[str], list[str]], name: str) -> None:
    status, out, err = outcome
    assert (status, out, len(err)) == (2, [], 1)
    assert err[0].startswith("image-describer: ")
    assert name in err[0]
    assert err[0].endswith(".")
    assert not err[0].endswith("..")
    assert not re.search(r"\w+Error|0x[0-9a-f]+|<[A-Za-z_.]+ ", err[0]), "for programmers only"


def check_described(outcome: tuple[int, list[str], list[str]]) -> None:
    status, out, err = outcome
    assert (status, err, len(out)) == (0, [], 1)
    assert json.loads(out[0])["sentence"].endswith(".")


@pytest.mark.parametrize("picture", REFUSED, indirect=True)
def test_refused_in_one_sentence(describe, picture):
    check_refused(describe("--json", picture), picture.name)


@pytest.mark.parametrize("picture", DESCRIBED, indirect=True)
def test_described(describe, picture):
    check_described(describe("--json", picture))


@pytest.mark.parametrize("picture", EITHER, indirect=True)
def test_described_or_refused(describe, picture):
    outcome = describe("--json", picture)
    if outcome[0]:
        check_refused(outcome, picture.name)
    else:
        check_described(outcome)


def test_all_orientations_of_a_picture_give_the_same_description(describe, tmp_path):
    paths = []
    for orientation in range(1, 9):
        paths.append(tmp_path / f"{orientation}.png")
        paths[-1].write_bytes(pictures.with_orientation(orientation, "PNG"))
    records = [json.loads(line) for line in describe("--json", *paths)[1]]
    assert len(records) == 8
    assert len({(record["caption"], record["width"], record["height"]) for record in records}) == 1


def test_a_missing_file(describe, tmp_path):
    check_refused(describe(tmp_path / "missing.jpg"), "missing.jpg")


def test_a_folder(describe, tmp_path):
    outcome = describe(tmp_path)
    check_refused(outcome, tmp_path.name)
    assert "folder" in outcome[2][0]


def test_an_empty_name(describe):
    status, out, err = describe("")
    assert (status, out, len(err)) == (2, [], 1)


def test_a_name_that_is_too_long_for_the_system(describe, tmp_path):
    check_refused(describe(tmp_path / ("x" * 5_000)), "x" * 100)


@pytest.mark.skipif(sys.platform == "win32", reason="needs named pipes")
def test_a_named_pipe_does_not_block(describe, tmp_path):
    pipe = tmp_path / "pipe.jpg"
    os.mkfifo(pipe)
    check_refused(describe(pipe), "pipe.jpg")


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="there is no /dev/zero here")
def test_a_device_does_not_block(describe):
    check_refused(describe("/dev/zero"), "/dev/zero")


def test_a_link_to_itself(describe, tmp_path):
    link = tmp_path / "circle.jpg"
    link.symlink_to(link)
    check_refused(describe(link), "circle.jpg")


def test_a_file_that_may_not_be_read(describe, tmp_path, monkeypatch):
    path = tmp_path / "mine.jpg"
    path.write_bytes(pictures.encoded(pictures.photograph(), "JPEG"))
    path.chmod(0)
    if os.access(path, os.R_OK):  # root may read everything

        def refuse(opened: Path, *arguments: object, **options: object) -> object:
            if opened == path:
                raise PermissionError(13, "Permission denied")
            return really_open(opened, *arguments, **options)

        really_open = Path.open
        monkeypatch.setattr(Path, "open", refuse)
    outcome = describe(path)
    check_refused(outcome, "mine.jpg")
    assert "not allowed to read" in outcome[2][0]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak memory from /proc")
def test_hostile_pictures_stay_within_memory_and_do_not_stop_the_others(tmp_path, tiny_bundle):
    paths = []
    for name, create in {**REFUSED, **EITHER, "good.jpg": DESCRIBED["8000 x 6000.jpg"]}.items():
        paths.append(tmp_path / name)
        paths[-1].write_bytes(create())
    done = subprocess.run(
        [sys.executable, "-c", MEASURED_COMMAND, "describe", "--bundle", tiny_bundle, *paths],
        capture_output=True,
        text=True,
        timeout=120,
    )
    *lines, peak = done.stdout.splitlines()
    assert done.returncode == 2
    assert len(lines) + len(done.stderr.splitlines()) == len(paths)
    assert lines[-1].endswith(".")
    assert float(peak.removeprefix("PEAK ")) * 1024 / 1e6 < MEMORY_LIMIT_MB
