"""Stopping the service: requests in flight are answered, and all processes end."""

import signal
import socket
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import psutil
import pytest

from tests.support.screen import wait_for
from tests.support.service import Service, sample

ACCIDENTS = "from tests.support import worker_accidents; worker_accidents.install()"
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")


def slow(seconds: float) -> bytes:
    """Return a picture that takes ``seconds`` to describe."""
    return b"sleep:%g\n" % seconds + sample()


@pytest.mark.parametrize(
    "number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.slow)]
)
def test_requests_in_flight_are_finished_and_the_status_is_0(tiny_bundle, number):
    with Service(tiny_bundle, "--workers", "2", before=ACCIDENTS) as own:
        children = psutil.Process(own.process.pid).children(recursive=True)
        with ThreadPoolExecutor(4) as threads:
            requests = [threads.submit(own.describe, slow(0.5)) for _ in range(4)]
            own.wait_until_in_flight(4)
            own.process.send_signal(number)
            answers = [request.result() for request in requests]
        assert own.process.wait(20) == 0
        assert {answer.status_code for answer in answers} == {200}
        _, left = psutil.wait_procs(children, timeout=5)
        assert not left
        assert not [line for line in own.log if "Traceback" in line or "rror" in line]


@pytest.mark.slow
def test_no_accepted_request_is_dropped_when_stopping_under_load(tiny_bundle):
    """Four clients with persistent connections send requests all the time.

    A request sent after the signal may fail: connections that the system has accepted, but the
    service has not, are reset when the listening socket is closed.
    """
    with Service(tiny_bundle, "--workers", "1") as own:
        body, errors, statuses, stopping = sample(), [], [], threading.Event()

        def send_requests() -> None:
            with httpx.Client(base_url=own.url, timeout=30, trust_env=False) as client:
                while True:
                    late = stopping.is_set()
                    try:
                        answer = client.post(
                            "/v1/describe", content=body, headers={"Content-Type": "image/jpeg"}
                        )
                    except httpx.ConnectError:
                        return  # the service has stopped
                    except httpx.HTTPError as error:
                        if not late:
                            errors.append(repr(error))
                        return
                    statuses.append(answer.status_code)

        with ThreadPoolExecutor(4) as threads:
            clients = [threads.submit(send_requests) for _ in range(4)]
            wait_for(lambda: len(statuses) > 20, 30, "20 responses")
            stopping.set()
            own.process.send_signal(signal.SIGTERM)
            for client in clients:
                client.result(30)
        assert own.process.wait(20) == 0
        assert not errors
        assert set(statuses) == {200}


@pytest.mark.slow
def test_health_is_stopping_and_new_connections_are_refused(tiny_bundle):
    with Service(tiny_bundle, "--workers", "1", before=ACCIDENTS) as own:
        with ThreadPoolExecutor(1) as threads:
            busy = threads.submit(own.describe, slow(2.5))
            own.wait_until_in_flight(1)
            own.process.send_signal(signal.SIGTERM)
            time.sleep(0.1)
            health = own.client.get("/v1/health")
            assert (health.status_code, health.json()["status"]) == (503, "stopping")
            assert health.headers["connection"] == "close"
            time.sleep(1)
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection(("127.0.0.1", own.port), timeout=5)
            assert busy.result().status_code == 200
        assert own.process.wait(20) == 0


@pytest.mark.slow
def test_an_incomplete_request_delays_the_stop_no_longer_than_its_limit(
    tiny_bundle,
):
    with (
        Service(tiny_bundle, "--workers", "1", "--time-limit", "3") as own,
        socket.create_connection(("127.0.0.1", own.port)) as client,
    ):
        client.sendall(
            b"POST /v1/describe HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n"
            b"Content-Type: image/png\r\n\r\nab"
        )
        time.sleep(0.2)  # incomplete requests are not in the metrics
        own.process.send_signal(signal.SIGTERM)
        assert own.process.wait(20) == 0


def test_a_second_signal_stops_at_once(tiny_bundle):
    with Service(tiny_bundle, "--workers", "1", before=ACCIDENTS) as own:
        children = psutil.Process(own.process.pid).children(recursive=True)
        with ThreadPoolExecutor(1) as threads:
            hung = threads.submit(own.describe, b"hang")
            own.wait_until_in_flight(1)
            own.process.send_signal(signal.SIGTERM)
            time.sleep(0.3)
            own.process.send_signal(signal.SIGTERM)
            assert own.process.wait(5) == 130
            with pytest.raises(httpx.HTTPError):
                hung.result()
        _, left = psutil.wait_procs(children, timeout=5)
        assert not left


@pytest.mark.slow
def test_a_signal_to_all_processes_loses_no_response(tiny_bundle):
    """systemd and Ctrl+C in a terminal signal every process."""
    with Service(tiny_bundle, "--workers", "2", before=ACCIDENTS) as own:
        with ThreadPoolExecutor(2) as threads:
            requests = [threads.submit(own.describe, slow(1)) for _ in range(2)]
            own.wait_until_in_flight(2)
            for worker in own.workers:
                worker.send_signal(signal.SIGTERM)
                worker.send_signal(signal.SIGINT)
            own.process.send_signal(signal.SIGTERM)
            assert [request.result().status_code for request in requests] == [200, 200]
        assert own.process.wait(20) == 0
