"""The command ``batch`` as its users run it: told, stopped, killed, taken up again."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PIL import Image

from image_describer.paths import assets_folder

RUN = "import sys; from image_describer.cli.main import main; sys.exit(main())"
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="signals as POSIX has them")
PICTURES = 60


@pytest.fixture
def environment(tmp_path, shipped_bundle) -> dict[str, str]:
    home = {name: str(tmp_path / "home") for name in ("HOME", "XDG_DATA_HOME", "LOCALAPPDATA")}
    return {**os.environ, **home, "IMAGE_DESCRIBER_BUNDLE": str(shipped_bundle)}


def start(environment: dict[str, str], *arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", RUN, "batch", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )


def run(environment: dict[str, str], *arguments: object) -> tuple[int, str, str]:
    process = start(environment, *arguments)
    output, told = process.communicate(timeout=240)
    assert "Traceback" not in told
    return process.returncode, output, told


@pytest.fixture
def album(tmp_path) -> Path:
    """Sixty small pictures that are all different."""
    folder = tmp_path / "album"
    folder.mkdir()
    image = Image.open(assets_folder() / "samples" / "coffee.jpg")
    for number in range(PICTURES):
        size = 100 + number
        image.resize((size, size)).save(folder / f"{number}.jpg")
    return folder


def names(output: Path) -> list[str]:
    lines = output.read_text("utf-8").splitlines()
    return [os.path.basename(json.loads(line)["file"]) for line in lines]


def has_done(journal: Path, least: int, process: subprocess.Popen[str]) -> None:
    """Wait until a journal tells of so many pictures."""
    until = time.monotonic() + 200
    while time.monotonic() < until:
        assert process.poll() is None, process.communicate()
        if journal.exists() and journal.read_bytes().count(b"\n") > least:
            return
        time.sleep(0.01)
    pytest.fail("waited in vain for the journal")


def test_it_tells_its_progress_and_what_was_broken(tmp_path, album, environment):
    (album / "text.jpg").write_text("This is no picture.")
    output = tmp_path / "out.csv"
    status, said, told = run(environment, album, "--output", output, "--no-index")
    assert status == 2
    assert said == f"60 pictures described; see {output}.\n"
    lines = told.splitlines()
    tenths = [line for line in lines if " %: " in line]
    assert 1 <= len(tenths) <= 9
    assert all("of 61, " in line and line.endswith(" left") for line in tenths)
    assert lines[-2:] == [
        "image-describer: 1 picture could not be described:",
        f"  {album}/text.jpg: That file is not a picture I can open: it is text. "
        "I can open JPEG, PNG, WEBP, GIF, BMP, TIFF, PPM, AVIF, HEIC.",
    ]
    assert len(output.read_text("utf-8-sig").splitlines()) == 62


def test_one_picture_into_a_page(tmp_path, album, environment):
    output = tmp_path / "out.html"
    status, said, told = run(environment, album / "0.jpg", "--output", output, "--workers", 1)
    assert (status, said, told) == (0, f"1 picture described; see {output}.\n", "")
    assert "coffee" in output.read_text("utf-8") or "<img" in output.read_text("utf-8")


def test_an_empty_folder_is_no_fault(tmp_path, environment):
    (tmp_path / "empty").mkdir()
    status, said, told = run(environment, tmp_path / "empty", "--output", tmp_path / "out.jsonl")
    assert (status, said) == (0, "")
    assert "There are no pictures there" in told
    assert (tmp_path / "out.jsonl").read_bytes() == b""


@POSIX
def test_a_killed_batch_goes_on_where_it_was(tmp_path, album, environment):
    output = tmp_path / "out.jsonl"
    arguments = (album, "--output", output, "--workers", 2, "--no-index")
    journal = tmp_path / ".out.jsonl.unfinished"
    for least in (5, 30):
        process = start(environment, *arguments)
        has_done(journal, least, process)
        process.kill()
        process.communicate()
        assert sorted(os.listdir(tmp_path)) == [journal.name, "album"]
    kept = journal.read_bytes().count(b"\n") - 1
    status, said, _ = run(environment, *arguments)
    assert status == 0
    assert names(output) == [f"{number}.jpg" for number in range(PICTURES)]
    earlier = int(said.split(", ")[1].split()[0])
    assert kept - 1 <= earlier <= kept  # its last line may have been cut in two
    assert earlier >= 30
    assert sorted(os.listdir(tmp_path)) == ["album", output.name]


@POSIX
def test_ctrl_c_writes_what_is_done_and_says_so(tmp_path, album, environment):
    output = tmp_path / "out.html"
    process = start(environment, album, "--output", output, "--no-index")
    has_done(tmp_path / ".out.html.unfinished", 5, process)
    process.send_signal(signal.SIGINT)
    said, told = process.communicate(timeout=60)
    assert process.returncode == 130
    assert said == ""
    assert told.splitlines()[-1].startswith("image-describer: Stopped. ")
    assert "Traceback" not in told
    page = output.read_text("utf-8")
    assert 5 <= page.count("<img") < PICTURES
    status, said, told = run(environment, album, "--output", output, "--no-index")
    assert status == 0
    assert said.startswith("60 pictures described, ")
    assert output.read_text("utf-8").count("<img") == PICTURES
    assert not (tmp_path / ".out.html.unfinished").exists()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["nowhere", "--output", "out.csv"], 'There is no folder "nowhere".'),
        ([".", "--output", "out.txt"], ".jsonl, .csv or .html"),
        ([".", "--output", "no/out.csv"], "there is no folder"),
        ([".", "--output", "out.csv", "--workers", "0"], "is no number from 1 to 64"),
        ([".", "--output", "out.csv", "--workers", "many"], "is no number from 1 to 64"),
        ([".", "--output", "out.csv", "--bundle", "nowhere"], "There is no model bundle"),
        (["."], "--output"),
    ],
)
def test_what_can_not_be_done_is_refused_in_one_line(
    tmp_path, environment, monkeypatch, capsys, arguments, says
):
    from image_describer.cli import main

    for name in ("HOME", "XDG_DATA_HOME", "LOCALAPPDATA"):
        monkeypatch.setenv(name, environment[name])
    monkeypatch.chdir(tmp_path)
    assert main.main(["batch", *arguments]) == 2
    told = capsys.readouterr().err
    assert says in told
    assert len(told.splitlines()) == 1
    assert os.listdir(tmp_path) == []


def test_help_teaches(capsys):
    from image_describer.cli import main

    assert main.main(["batch", "--help"]) == 0
    said = capsys.readouterr().out
    for word in ("--restart", "Ctrl+C", "goes on", "exit status", ".jsonl", "--no-index"):
        assert word in said
