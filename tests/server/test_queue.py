"""The queue of a real service: accidents of its processes do not affect other requests."""

import os
import signal
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest

from tests.support import pictures
from tests.support.screen import wait_for
from tests.support.service import SERVICE_WORKERS, Service, sample

ACCIDENTS = "from tests.support import worker_accidents; worker_accidents.install()"
LIMIT_S = 6  # of a request; a picture has a third of it


@pytest.fixture(scope="module")
def accident_service(tiny_bundle):
    """A service whose processes have accidents."""
    options = ("--workers", "2", "--time-limit", str(LIMIT_S))
    with Service(tiny_bundle, *options, before=ACCIDENTS) as started:
        yield started


def test_a_picture_that_kills_two_processes_is_not_tried_again(accident_service):
    crashes = accident_service.metric("image_describer_crashes")
    answer = accident_service.describe(b"crash 1")
    assert answer.status_code == 422
    assert "died twice" in answer.json()["detail"]
    assert accident_service.metric("image_describer_crashes") - crashes == 2
    assert accident_service.describe(b"crash 1").status_code == 422
    assert accident_service.metric("image_describer_crashes") - crashes == 2
    assert accident_service.describe(sample()).status_code == 200


def test_one_crash_loses_no_response(accident_service, tmp_path):
    accident = b"once:" + os.fsencode(tmp_path / "was-here") + b"\n" + sample()
    bodies = [sample(), accident, sample(), sample()]
    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(accident_service.describe, bodies))
    assert [answer.status_code for answer in answers] == [200] * 4
    assert len({answer.json()["caption"] for answer in answers}) == 1


def test_a_picture_that_hangs_gets_503_and_others_are_described(accident_service):
    with ThreadPoolExecutor(4) as threads:
        hung = threads.submit(accident_service.describe, b"hang")
        fine = [accident_service.describe(sample()) for _ in range(3)]
        answer = hung.result()
    assert [one.status_code for one in fine] == [200] * 3
    assert answer.status_code == 503
    assert "longer than 2 seconds" in answer.json()["detail"]
    assert answer.headers["retry-after"]
    assert accident_service.describe(sample()).status_code == 200


def test_processes_killed_under_load_lose_no_response(service):
    body = sample()
    with ThreadPoolExecutor(8) as threads:
        asked = [threads.submit(service.describe, body) for _ in range(60)]
        for _ in range(2):
            time.sleep(0.3)
            service.workers[0].kill()
        answers = [one.result() for one in asked]
    assert {answer.status_code for answer in answers} == {200}


def test_idle_processes_that_are_killed_are_replaced(service):
    before = all_worker_pids(service)  # another test may just have killed one
    for one in service.workers:
        one.kill()
    answer = service.describe(sample())
    assert answer.status_code == 200
    assert not before & all_worker_pids(service)


def all_worker_pids(service):
    """Return the ids of the service's processes once all are running."""
    wait_for(lambda: len(service.workers) == SERVICE_WORKERS, 20, "all processes")
    found = {one.pid for one in service.workers}
    assert len(found) == SERVICE_WORKERS
    return found


@pytest.mark.parametrize(
    "body",
    [
        pictures.png_bomb(),
        pictures.png_text_bomb(),
        pictures.jpeg_scan_bomb(),
        pictures.jpeg_of_size(65_000, 65_000),
        pictures.gif_of_size(65_000, 65_000),
        pictures.tiff_tile_bomb(),
        pictures.tiff_of_many_tiles(),
    ],
    ids=["png", "text", "scans", "jpeg", "gif", "tiles", "many tiles"],
)
def test_decompression_bombs_are_refused_without_a_crash(service, body):
    crashes = service.metric("image_describer_crashes")
    answer = service.describe(body)
    assert answer.status_code in (413, 422), answer.text
    assert service.metric("image_describer_crashes") == crashes


def test_requests_of_disconnected_clients_are_dropped(accident_service):
    """Two slow pictures keep both processes busy while ten clients connect and leave."""
    import socket

    slow = b"sleep:1.5\n" + sample()
    pictures_done = accident_service.metric("image_describer_pictures")
    with ThreadPoolExecutor(2) as threads:
        busy = [threads.submit(accident_service.describe, slow) for _ in range(2)]
        time.sleep(0.5)
        head = (
            f"POST /v1/describe HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: image/jpeg\r\n"
            f"Content-Length: {len(sample())}\r\n\r\n"
        ).encode()
        for _ in range(10):
            with socket.create_connection(("127.0.0.1", accident_service.port)) as gone:
                gone.sendall(head + sample())
        assert [one.result().status_code for one in busy] == [200, 200]
    assert accident_service.describe(sample()).status_code == 200
    assert accident_service.metric("image_describer_pictures") - pictures_done == 3
    assert accident_service.metric("image_describer_in_flight") == 0


def test_no_process_is_left_when_the_service_is_killed(tiny_bundle):
    with Service(tiny_bundle, "--workers", "2", before=ACCIDENTS) as own:
        family = psutil.Process(own.process.pid).children(recursive=True)
        assert len(family) >= 2
        with ThreadPoolExecutor(1) as threads:
            hung = threads.submit(own.describe, b"hang")
            time.sleep(0.5)
            own.process.kill()
            with pytest.raises(Exception, match=r"(?i)disconnect|reset|closed|refused"):
                hung.result()
        _, left = psutil.wait_procs(family, timeout=10)
        assert not left


def test_a_model_that_cannot_be_loaded_is_reported(tiny_bundle, tmp_path):
    """The model is damaged after the service started, and its processes are replaced."""
    import shutil

    bundle = tmp_path / "bundle"
    shutil.copytree(tiny_bundle, bundle)
    with Service(bundle, "--workers", "1") as own:
        (bundle / "extractor.tflite").write_bytes(b"damaged")
        for one in own.workers:
            one.send_signal(signal.SIGKILL if sys.platform != "win32" else signal.SIGTERM)
        answer = own.describe(sample())
        assert answer.status_code == 503
        assert "extractor.tflite" in answer.json()["detail"]
        health = own.client.get("/v1/health")
        assert health.status_code == 503
        assert health.json() == {"status": "starting", "workers": 0}
