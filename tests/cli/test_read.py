"""``read``: what it prints, as text and as JSON, and what it returns."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from image_describer.reading.reader import TextReader
from image_describer.reading.text import PictureText
from image_describer.wording.sentence import NO_TEXT, UNKNOWN_SCRIPT
from tests.support.pdfs import pdf, text
from tests.support.pictures import with_text


@pytest.fixture
def sign(tmp_path: Path) -> Path:
    path = tmp_path / "sign.png"
    with_text(["Fire exit", "Push bar"]).save(path)
    return path


def test_the_text_is_printed_in_reading_order(run, sign):
    assert run("read", sign) == (0, ["Fire exit", "Push bar"], [])


def test_json_is_one_object_for_each_picture(run, sign, photo):
    picture = photo()
    status, out, err = run("read", "--json", sign, picture)
    assert (status, err) == (0, [])
    first, second = map(json.loads, out)
    assert first["file"] == str(sign)
    assert first["text"] == "Fire exit\nPush bar"
    assert [line["text"] for line in first["lines"]] == ["Fire exit", "Push bar"]
    for line in first["lines"]:
        left, top, right, bottom = line["box"]
        assert 0 < left < right < 1
        assert 0 < top < bottom < 1
        assert 0.8 < line["confidence"] <= 1
    assert (first["page"], first["pages"]) == (1, 1)
    assert (second["file"], second["text"], second["lines"]) == (str(picture), "", [])


def test_of_several_pictures_each_has_its_name(run, sign, photo):
    empty = photo()
    status, out, err = run("read", sign, empty)
    assert (status, out) == (0, [f"{sign}:", "Fire exit", "Push bar", f"{empty}:"])
    assert err == [f"image-describer: {empty}: {NO_TEXT}"]


def test_codes_are_told_after_the_text(run, tmp_path):
    import zxingcpp

    code = zxingcpp.create_barcode("https://example.org/a", zxingcpp.BarcodeFormat.QRCode)
    path = tmp_path / "code.png"
    Image.fromarray(zxingcpp.write_barcode_to_image(code, scale=5)).save(path)
    assert run("read", path) == (0, ["A QR code: a web address, example.org."], [])
    record = json.loads(run("read", "--json", path)[1][0])
    assert [(c["format"], c["content"]) for c in record["codes"]] == [
        ("QR code", "https://example.org/a")
    ]


def test_documents_are_read_page_by_page(run, sign, tmp_path):
    file = tmp_path / "scan.tiff"
    with Image.open(sign) as first:
        first.save(file, save_all=True, append_images=[Image.new("RGB", (200, 200), "white")])
    status, out, err = run("read", file)
    assert (status, out) == (
        0,
        [f"{file}, page 1 of 2:", "Fire exit", "Push bar", f"{file}, page 2 of 2:"],
    )
    assert err == [f"image-describer: {file}, page 2 of 2: {NO_TEXT}"]
    pages = [json.loads(line) for line in run("read", "--json", file)[1]]
    assert [(page["page"], page["pages"], page["text"]) for page in pages] == [
        (1, 2, "Fire exit\nPush bar"),
        (2, 2, ""),
    ]


def test_the_own_text_of_a_pdf_is_printed(run, tmp_path):
    file = tmp_path / "letter.pdf"
    file.write_bytes(pdf(text(72, 700, "Dear Ann,")))
    assert run("read", file) == (0, ["Dear Ann,"], [])


def test_other_pictures_are_read_when_one_is_unreadable(run, sign, tmp_path):
    missing = tmp_path / "missing.jpg"
    status, out, err = run("read", "--json", missing, sign)
    assert (status, len(out), len(err)) == (2, 1, 1)
    assert str(missing) in err[0]


def test_an_unknown_script_is_told(run, photo, monkeypatch):
    unknown = PictureText(unknown_script=True)
    monkeypatch.setattr(TextReader, "read", lambda _self, _pixels: unknown)
    picture = photo()
    assert run("read", picture) == (0, [], [f"image-describer: {picture}: {UNKNOWN_SCRIPT}"])


def test_the_captioner_is_not_loaded(sign):
    code = (
        "import sys; from image_describer.cli.main import main; main(['read', sys.argv[1]]); "
        "assert 'image_describer.captioner.encoder' not in sys.modules"
    )
    command = [sys.executable, "-c", code, str(sign)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (0, "Fire exit\nPush bar\n"), done.stderr
