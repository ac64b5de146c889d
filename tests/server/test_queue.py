"""Processes that describe: what happens to one never happens to the service."""

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
def careless(tiny_bundle):
    """A service whose processes have accidents."""
    options = ("--workers", "2", "--time-limit", str(LIMIT_S))
    with Service(tiny_bundle, *options, before=ACCIDENTS) as started:
        yield started


def test_a_picture_that_kills_its_process_twice_is_refused_and_not_tried_a_third_time(careless):
    crashes = careless.metric("image_describer_crashes")
    answer = careless.describe(b"crash 1")
    assert answer.status_code == 422
    assert "died twice" in answer.json()["detail"]
    assert careless.metric("image_describer_crashes") - crashes == 2
    assert careless.describe(b"crash 1").status_code == 422
    assert careless.metric("image_describer_crashes") - crashes == 2
    assert careless.describe(sample()).status_code == 200


def test_a_process_that_dies_once_costs_nobody_an_answer(careless, tmp_path):
    accident = b"once:" + os.fsencode(tmp_path / "was-here") + b"\n" + sample()
    bodies = [sample(), accident, sample(), sample()]
    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(careless.describe, bodies))
    assert [answer.status_code for answer in answers] == [200] * 4
    assert len({answer.json()["caption"] for answer in answers}) == 1


def test_a_picture_that_hangs_is_given_up_and_others_go_on(careless):
    with ThreadPoolExecutor(4) as threads:
        hung = threads.submit(careless.describe, b"hang")
        time.sleep(0.3)
        began = time.monotonic()
        fine = [careless.describe(sample()) for _ in range(3)]
        seconds = time.monotonic() - began
        answer = hung.result()
    assert [one.status_code for one in fine] == [200] * 3
    assert seconds < LIMIT_S / 2
    assert answer.status_code == 503
    assert "longer than 2 seconds" in answer.json()["detail"]
    assert answer.headers["retry-after"]
    assert careless.describe(sample()).status_code == 200


def test_kill_9_of_a_process_under_load_loses_nothing(service):
    body = sample()
    with ThreadPoolExecutor(8) as threads:
        asked = [threads.submit(service.describe, body) for _ in range(60)]
        for _ in range(2):
            time.sleep(0.3)
            service.workers[0].kill()
        answers = [one.result() for one in asked]
    assert {answer.status_code for answer in answers} == {200}


def test_idle_processes_that_are_killed_are_replaced(service):
    before = all_there(service)  # another test may just have killed one
    for one in service.workers:
        one.kill()
    answer = service.describe(sample())
    assert answer.status_code == 200
    assert not before & all_there(service)


def all_there(service):
    """The numbers of the service's processes, once there are as many as were asked for."""
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
def test_bombs_are_refused_at_no_cost(service, body):
    crashes = service.metric("image_describer_crashes")
    began = time.monotonic()
    answer = service.describe(body)
    assert answer.status_code in (413, 422), answer.text
    assert time.monotonic() - began < 10
    assert service.metric("image_describer_crashes") == crashes


def test_what_a_client_that_went_away_wanted_is_not_done(careless):
    """Two slow pictures keep both processes busy; of what waits meanwhile, nobody wants any."""
    import socket

    slow = b"sleep:1.5\n" + sample()
    pictures_done = careless.metric("image_describer_pictures")
    with ThreadPoolExecutor(2) as threads:
        busy = [threads.submit(careless.describe, slow) for _ in range(2)]
        time.sleep(0.5)
        head = (
            f"POST /v1/describe HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: image/jpeg\r\n"
            f"Content-Length: {len(sample())}\r\n\r\n"
        ).encode()
        for _ in range(10):
            with socket.create_connection(("127.0.0.1", careless.port)) as gone:
                gone.sendall(head + sample())
        assert [one.result().status_code for one in busy] == [200, 200]
    assert careless.describe(sample()).status_code == 200
    assert careless.metric("image_describer_pictures") - pictures_done == 3
    assert careless.metric("image_describer_in_flight") == 0


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


def test_a_model_that_processes_cannot_load_is_told(tiny_bundle, tmp_path):
    """It was whole when the service started, and is gone when its processes want it."""
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
