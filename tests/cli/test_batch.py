"""``batch``: progress, results, errors, and resuming after Ctrl+C and after a crash."""

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from image_describer.captioner.bundle import open_bundle
from image_describer.library.index import Index, model_id_of
from image_describer.paths import assets_folder
from tests.support.pictures import with_text

MODULE = "import sys; from image_describer.cli.main import main; sys.exit(main())"
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")
PICTURES = 60
LIMIT_S = 240


@pytest.fixture
def environment(own_folders, shipped_bundle) -> dict[str, str]:
    """The shipped model takes long enough for a batch that can be stopped."""
    return {**os.environ, **own_folders, "IMAGE_DESCRIBER_BUNDLE": str(shipped_bundle)}


@pytest.fixture
def album(tmp_path) -> Path:
    """Sixty small, different pictures."""
    folder = tmp_path / "album"
    folder.mkdir()
    image = Image.open(assets_folder() / "samples" / "coffee.jpg")
    for number in range(PICTURES):
        size = 100 + number
        image.resize((size, size)).save(folder / f"{number}.jpg")
    return folder


def start(environment: dict[str, str], *arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", MODULE, "batch", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )


def run_process(environment: dict[str, str], *arguments: object) -> tuple[int, str, str]:
    process = start(environment, *arguments)
    out, err = process.communicate(timeout=LIMIT_S)
    assert "Traceback" not in err
    return process.returncode, out, err


def file_names(output: Path) -> list[str]:
    lines = output.read_text("utf-8").splitlines()
    return [os.path.basename(json.loads(line)["file"]) for line in lines]


def wait_for_records(checkpoint: Path, count: int, process: subprocess.Popen[str]) -> None:
    """Wait until the checkpoint has more than ``count`` lines."""
    until = time.monotonic() + LIMIT_S
    while time.monotonic() < until:
        assert process.poll() is None, process.communicate()
        if checkpoint.exists() and checkpoint.read_bytes().count(b"\n") > count:
            return
        time.sleep(0.01)
    pytest.fail("timed out waiting for the checkpoint")


def test_progress_and_errors_are_printed(run, tmp_path, album, tiny_bundle):
    (album / "text.jpg").write_text("This is not a picture.")
    output = tmp_path / "out.csv"
    status, out, err = run(
        "batch", album, "--output", output, "--no-index", "--bundle", tiny_bundle
    )
    assert status == 2
    assert out == [f"60 pictures described; see {output}."]
    progress = [line for line in err if " %: " in line]
    assert len(progress) <= 9
    assert all("of 61, " in line and line.endswith(" left") for line in progress)
    assert err[-2] == "image-describer: 1 picture could not be described:"
    assert err[-1].startswith(f"  {album}/text.jpg: ")
    assert err[-1].endswith(".")
    assert len(output.read_text("utf-8-sig").splitlines()) == 62


def test_the_text_in_pictures_is_added_and_indexed(run, tmp_path, tiny_bundle):
    sign = tmp_path / "sign.png"
    with_text(["Fire exit"]).save(sign)
    output = tmp_path / "out.csv"
    arguments = ("batch", sign, "--output", output, "--bundle", tiny_bundle, "--workers", "1")
    assert run(*arguments, "--text")[0] == 0
    with output.open(encoding="utf-8-sig", newline="") as file:
        assert [row["text"] for row in csv.DictReader(file)] == ["Fire exit"]
    files = open_bundle(tiny_bundle).manifest["files"]
    model = model_id_of({name: entry["sha256"] for name, entry in files.items()})
    with Index.open(model=model) as index:
        assert len(index.match_words("exit")) == 1
        old = index.lookup(sign)
        index.add([replace(old, description=replace(old.description, text=None))])
    _status, out, _ = run(*arguments)  # earlier versions did not read text
    assert out == [f"1 picture described; see {output}."]
    with Index.open() as index:
        assert len(index.match_words("exit")) == 1


def test_another_language_is_another_run(run, tmp_path, tiny_data, tiny_bundle):
    table, album = tmp_path / "pictures.jsonl", tmp_path / "album"
    album.mkdir()
    for file in sorted((tiny_data / "Flicker8k_Dataset").glob("*.jpg"))[:3]:
        shutil.copy(file, album)
    arguments = ("batch", album, "--output", table, "--bundle", tiny_bundle, "--workers", 1)
    assert run(*arguments)[0] == 0
    _, out, _ = run(*arguments, "--language", "de")
    assert "earlier" not in " ".join(out)
    records = [json.loads(line) for line in table.read_text("utf-8").splitlines()]
    assert [record["language"] for record in records] == ["de"] * 3
    assert all("Quadrat" in record["caption"] for record in records)
    _, out, _ = run(*arguments, "--language", "de")
    assert "of them earlier" in " ".join(out)
    status, out, err = run(*arguments, "--language", "fr")
    assert (status, out, len(err)) == (2, [], 1)
    assert "Choose one of these: en, de." in err[0]


def test_one_picture_into_a_page(run, tmp_path, album, tiny_bundle):
    output = tmp_path / "out.html"
    status, out, err = run(
        *("batch", album / "0.jpg", "--output", output, "--workers", 1, "--bundle", tiny_bundle)
    )
    assert (status, out, err) == (0, [f"1 picture described; see {output}."], [])
    assert "<img" in output.read_text("utf-8")


def test_an_empty_folder_is_not_a_failure(run, tmp_path, tiny_bundle):
    (tmp_path / "empty").mkdir()
    output = tmp_path / "out.jsonl"
    status, out, err = run("batch", tmp_path / "empty", "--output", output, "--bundle", tiny_bundle)
    assert (status, out) == (0, [])
    assert "No pictures were found" in err[-1]
    assert output.read_bytes() == b""


@POSIX
def test_a_killed_batch_resumes(tmp_path, album, environment):
    output = tmp_path / "out.jsonl"
    checkpoint = tmp_path / ".out.jsonl.unfinished"
    arguments = (album, "--output", output, "--workers", 2, "--no-index")
    process = start(environment, *arguments)
    wait_for_records(checkpoint, 10, process)
    process.kill()
    process.communicate()
    assert not output.exists()
    kept = checkpoint.read_bytes().count(b"\n") - 1
    status, out, _ = run_process(environment, *arguments)
    assert status == 0
    assert file_names(output) == [f"{number}.jpg" for number in range(PICTURES)]
    earlier = int(out.split(", ")[1].split()[0])
    assert kept - 1 <= earlier <= kept  # the last line may have been cut in two
    assert not checkpoint.exists()


@POSIX
def test_ctrl_c_writes_what_is_done(tmp_path, album, environment):
    output = tmp_path / "out.html"
    checkpoint = tmp_path / ".out.html.unfinished"
    process = start(environment, album, "--output", output, "--no-index")
    wait_for_records(checkpoint, 5, process)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=LIMIT_S)
    assert (process.returncode, out) == (130, "")
    assert err.splitlines()[-1].startswith("image-describer: Stopped. ")
    assert "Traceback" not in err
    assert 5 <= output.read_text("utf-8").count("<img") < PICTURES
    status, out, _ = run_process(environment, album, "--output", output, "--no-index")
    assert status == 0
    assert out.startswith("60 pictures described, ")
    assert output.read_text("utf-8").count("<img") == PICTURES
    assert not checkpoint.exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere", "--output", "out.csv"], 'There is no folder "nowhere".'),
        ([".", "--output", "out.txt"], ".jsonl, .csv or .html"),
        ([".", "--output", "no/out.csv"], "there is no folder"),
        ([".", "--output", "out.csv", "--workers", "0"], "is not a whole number from 1 to 64"),
        ([".", "--output", "out.csv", "--bundle", "nowhere"], "model bundle"),
        (["."], "--output"),
        ([".", "--output", "out.csv", "--send-pictures"], "--send-pictures needs --scheduler."),
        ([".", "--output", "out.csv", "--copies", "c"], "--copies needs --write-alt-text."),
    ],
)
def test_bad_arguments_are_refused_in_one_line(run, tmp_path, monkeypatch, arguments, message):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    status, out, err = run("batch", *arguments)
    assert (status, out, len(err)) == (2, [], 1)
    assert message in err[0]
    assert os.listdir() == []
