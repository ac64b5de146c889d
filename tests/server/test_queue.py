"""The queue: crashed, hung and killed processes do not affect other requests."""

import os
import shutil
import socket
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest

from tests.support import pictures
from tests.support.screen import wait_for
from tests.support.service import SERVICE_WORKERS, Service, sample

ACCIDENTS = "from tests.support import worker_accidents; worker_accidents.install()"
LIMIT_S = 6  # of a request; describing may take a third of it


@pytest.fixture(scope="module")
def accident_service(tiny_bundle):
    """A service whose processes crash, hang or sleep on command."""
    options = ("--workers", "2", "--time-limit", str(LIMIT_S))
    with Service(tiny_bundle, *options, before=ACCIDENTS) as started:
        yield started


def test_a_picture_that_crashes_two_processes_is_not_retried(accident_service):
    crashes = accident_service.metric("image_describer_crashes")
    answer = accident_service.describe(b"crash 1")
    assert answer.status_code == 422
    assert "died twice" in answer.json()["detail"]
    assert accident_service.metric("image_describer_crashes") - crashes == 2
    assert accident_service.describe(b"crash 1").status_code == 422
    assert accident_service.metric("image_describer_crashes") - crashes == 2
    assert accident_service.describe(sample()).status_code == 200


def test_one_crash_loses_no_response(accident_service, tmp_path):
    crashing = b"once:" + os.fsencode(tmp_path / "crashed") + b"\n" + sample()
    bodies = [sample(), crashing, sample(), sample()]
    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(accident_service.describe, bodies))
    assert [answer.status_code for answer in answers] == [200] * 4
    assert len({answer.json()["caption"] for answer in answers}) == 1


def test_a_picture_that_hangs_gets_503_and_others_are_described(accident_service):
    with ThreadPoolExecutor(4) as threads:
        hung = threads.submit(accident_service.describe, b"hang")
        others = [accident_service.describe(sample()) for _ in range(3)]
        answer = hung.result()
    assert [other.status_code for other in others] == [200] * 3
    assert answer.status_code == 503
    assert "longer than 2 seconds" in answer.json()["detail"]
    assert answer.headers["retry-after"]
    assert accident_service.describe(sample()).status_code == 200


def test_killing_busy_processes_loses_no_response(service):
    body = sample()
    with ThreadPoolExecutor(8) as threads:
        requests = [threads.submit(service.describe, body) for _ in range(60)]
        for _ in range(2):
            wait_for(lambda: service.workers, 20, "a process")
            service.workers[0].kill()
        answers = [request.result() for request in requests]
    assert {answer.status_code for answer in answers} == {200}


def test_killed_idle_processes_are_replaced(service):
    before = all_worker_pids(service)  # another test may have just killed one
    for worker in service.workers:
        worker.kill()
    answer = service.describe(sample())
    assert answer.status_code == 200
    assert not before & all_worker_pids(service)


def all_worker_pids(service):
    """Return the ids of the service's processes once all are running."""
    wait_for(lambda: len(service.workers) == SERVICE_WORKERS, 20, "all processes")
    return {worker.pid for worker in service.workers}


@pytest.mark.parametrize(
    "body",
    [
        pictures.png_bomb(),
        pictures.jpeg_scan_bomb(),
        pictures.tiff_tile_bomb(),
    ],
    ids=["png", "scans", "tiles"],
)
def test_decompression_bombs_are_refused_without_a_crash(service, body):
    crashes = service.metric("image_describer_crashes")
    answer = service.describe(body)
    assert answer.status_code in (413, 422), answer.text
    assert service.metric("image_describer_crashes") == crashes


def test_requests_of_disconnected_clients_are_dropped(accident_service):
    """Ten clients disconnect while both processes are busy with slow pictures."""
    slow = b"sleep:1.5\n" + sample()
    pictures_done = accident_service.metric("image_describer_pictures")
    with ThreadPoolExecutor(2) as threads:
        busy = [threads.submit(accident_service.describe, slow) for _ in range(2)]
        accident_service.wait_until_in_flight(2)
        head = (
            f"POST /v1/describe HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: image/jpeg\r\n"
            f"Content-Length: {len(sample())}\r\n\r\n"
        ).encode()
        for _ in range(10):
            with socket.create_connection(("127.0.0.1", accident_service.port)) as client:
                client.sendall(head + sample())
        assert [request.result().status_code for request in busy] == [200, 200]
    assert accident_service.describe(sample()).status_code == 200
    assert accident_service.metric("image_describer_pictures") - pictures_done == 3
    assert accident_service.metric("image_describer_in_flight") == 0


def test_killing_the_service_ends_its_processes(tiny_bundle):
    with Service(tiny_bundle, "--workers", "2", before=ACCIDENTS) as own:
        children = psutil.Process(own.process.pid).children(recursive=True)
        assert len(children) >= 2
        with ThreadPoolExecutor(1) as threads:
            hung = threads.submit(own.describe, b"hang")
            own.wait_until_in_flight(1)
            own.process.kill()
            with pytest.raises(Exception, match=r"(?i)disconnect|reset|closed|refused"):
                hung.result()
        _, left = psutil.wait_procs(children, timeout=10)
        assert not left


def test_a_damaged_model_is_reported(tiny_bundle, tmp_path):
    """The model is damaged after the start, and then the processes are replaced."""
    bundle = tmp_path / "bundle"
    shutil.copytree(tiny_bundle, bundle)
    with Service(bundle, "--workers", "1") as own:
        (bundle / "encoder.tflite").write_bytes(b"damaged")
        for worker in own.workers:
            worker.kill()
        answer = own.describe(sample())
        assert answer.status_code == 503
        assert "encoder.tflite" in answer.json()["detail"]
        health = own.client.get("/v1/health")
        assert health.status_code == 503
        assert health.json() == {"status": "starting", "workers": 0}
