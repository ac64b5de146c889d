"""POST /v1/describe: descriptions and refused requests."""

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from image_describer.captioner.describer import Describer
from image_describer.paths import assets_folder
from image_describer.wording.record import to_record
from tests.support import pictures
from tests.support.service import RUN, Service, picture_with_alt_text, sample

SAMPLES = sorted(path.name for path in (assets_folder() / "samples").glob("*.jpg"))
FORMATS = pictures.in_every_format()


def comparable(record: dict) -> dict:
    """Return a record without the time it took and the file's name."""
    return {k: v for k, v in record.items() if k not in ("seconds", "file")}


def test_the_record_is_the_one_that_describe_json_prints(service, tiny_bundle):
    file = assets_folder() / "samples" / "cat.jpg"
    done = subprocess.run(
        [sys.executable, "-c", RUN, "describe", "--json", "--bundle", str(tiny_bundle), str(file)],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    printed = json.loads(done.stdout)
    answer = service.describe(file.read_bytes(), headers={"Content-Type": "image/jpeg"})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert list(answer.json()) == list(printed)
    assert comparable(answer.json()) == comparable(printed)
    assert answer.json()["file"] is None


def test_forms_are_answered_like_raw_bodies(service):
    raw = service.describe(sample()).json()
    decoy = ("z.txt", b"not a picture", "text/plain")
    forms = (
        {"picture": ("a.jpg", sample(), "image/jpeg")},
        {"whatever": ("a.jpg", sample(), "image/jpeg")},  # any field with a file
        [("other", decoy), ("picture", ("a.jpg", sample(), "application/octet-stream"))],
    )
    for files in forms:
        answer = service.client.post("/v1/describe", files=files)
        assert answer.status_code == 200, answer.text
        assert comparable(answer.json()) == comparable(raw)


@pytest.mark.parametrize("name", FORMATS)
def test_every_format(service, name):
    answer = service.describe(FORMATS[name])
    assert answer.status_code == 200, answer.text
    assert answer.json()["caption"]


def test_concurrent_requests_get_their_own_descriptions(service, tiny_bundle):
    describer = Describer(tiny_bundle)
    expected = {name: comparable(to_record(describer.describe(sample(name)))) for name in SAMPLES}
    asked = SAMPLES * 6
    groups = service.metric("image_describer_group_size_count")
    done = service.metric("image_describer_pictures")
    with ThreadPoolExecutor(16) as threads:
        answers = list(threads.map(lambda name: service.describe(sample(name)), asked))
    assert {answer.status_code for answer in answers} == {200}
    assert [comparable(answer.json()) for answer in answers] == [expected[name] for name in asked]
    assert service.metric("image_describer_pictures") - done == len(asked)
    assert service.metric("image_describer_group_size_count") - groups < len(asked)


REFUSED = {
    "text": (b"this is not a picture", "application/octet-stream", 422),
    "empty": (b"", "image/png", 422),
    "truncated": (sample()[:3000], "image/jpeg", 422),
    "too many pixels": (pictures.png_bomb(), "image/png", 422),
    "a web page": (b"<html>", "text/html", 415),
    "a plain form": (sample(), "application/x-www-form-urlencoded", 415),
    "a form without a boundary": (b"--x", "multipart/form-data", 400),
    "a form cut off": (b'--x\r\nContent-Disposition: form-data; name="picture"; filename="a"\r\n',
                       "multipart/form-data; boundary=x", 422),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_other_content_is_refused_with_a_problem(service, name):
    body, kind, status = REFUSED[name]
    answer = service.describe(body, headers={"Content-Type": kind})
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == status
    assert problem["type"] == "about:blank"
    assert problem["title"]
    assert problem["detail"].endswith((".", "jpeg", "picture."))
    assert "Traceback" not in answer.text


def test_forms_without_a_file_are_refused(service):
    answer = service.client.post("/v1/describe", files={"picture": (None, "just text")})
    assert answer.status_code == 422
    assert "no file" in answer.json()["detail"]


def test_alt_text_is_part_of_the_description(service):
    record = service.describe(picture_with_alt_text()).json()
    assert record["alt_text"] == "Ann on the beach"
    assert record["sentence"].startswith("Its author says: Ann on the beach.")


def test_uploads_are_not_written_to_disk(tiny_bundle, tmp_path):
    empty = tmp_path / "temporary"
    empty.mkdir()
    watch = (
        "import os, tempfile; _m = os.open\n"
        "def _o(path, flags, *a, **k):\n"
        f"    assert not (str(path).startswith({str(empty)!r}) and flags & os.O_CREAT), path\n"
        "    return _m(path, flags, *a, **k)\n"
        "os.open = _o"
    )
    with Service(tiny_bundle, "--workers", "1", env={"TMPDIR": str(empty)}, before=watch) as own:
        big = pictures.encoded(pictures.photograph(1600, 1200), "PNG")
        assert len(big) > 2_000_000
        answer = own.client.post("/v1/describe", files={"picture": ("a.png", big, "image/png")})
        assert answer.status_code == 200, answer.text
        assert not list(empty.iterdir())
