"""How the service stops: what is in flight is answered, and no process is left."""

import signal
import socket
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import psutil
import pytest

from tests.support.service import Service, sample

ACCIDENTS = "from tests.support import worker_accidents; worker_accidents.install()"
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")


def slow(seconds: float) -> bytes:
    """A picture that takes so long."""
    return b"sleep:%g\n" % seconds + sample()


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
def test_what_is_in_flight_is_finished_and_the_status_is_0(tiny_bundle, sign):
    with Service(tiny_bundle, "--workers", "2", before=ACCIDENTS) as own:
        family = psutil.Process(own.process.pid).children(recursive=True)
        with ThreadPoolExecutor(6) as threads:
            asked = [threads.submit(own.describe, slow(1)) for _ in range(6)]
            time.sleep(0.5)
            own.process.send_signal(sign)
            answers = [one.result() for one in asked]
        assert own.process.wait(20) == 0
        assert {answer.status_code for answer in answers} == {200}
        _, left = psutil.wait_procs(family, timeout=5)
        assert not left
        assert not [line for line in own.log if "Traceback" in line or "rror" in line]


@pytest.mark.slow
def test_under_load_nobody_who_was_let_in_is_dropped(tiny_bundle):
    """Four clients ask all the time, each with a connection that it keeps.

    Who comes after the signal may be too late: a connection that the system has taken, and the
    service not yet, is reset when nobody listens any more.
    """
    with Service(tiny_bundle, "--workers", "1") as own:
        body, broken, done, told = sample(), [], [], threading.Event()

        def ask_on() -> None:
            with httpx.Client(base_url=own.url, timeout=30, trust_env=False) as client:
                while True:
                    late = told.is_set()
                    try:
                        answer = client.post(
                            "/v1/describe", content=body, headers={"Content-Type": "image/jpeg"}
                        )
                    except httpx.ConnectError:
                        return  # nobody listens any more: that is the end
                    except httpx.HTTPError as error:
                        if not late:
                            broken.append(repr(error))
                        return
                    done.append(answer.status_code)

        with ThreadPoolExecutor(4) as threads:
            clients = [threads.submit(ask_on) for _ in range(4)]
            time.sleep(1.5)
            told.set()
            own.process.send_signal(signal.SIGTERM)
            for one in clients:
                one.result(30)
        assert own.process.wait(20) == 0
        assert not broken
        assert len(done) > 4
        assert set(done) == {200}


@pytest.mark.slow
def test_it_says_that_it_stops_and_takes_no_more(tiny_bundle):
    with Service(tiny_bundle, "--workers", "1", before=ACCIDENTS) as own:
        with ThreadPoolExecutor(1) as threads:
            busy = threads.submit(own.describe, slow(2.5))
            time.sleep(0.5)
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
def test_a_client_that_never_ends_its_request_does_not_hold_it_up_for_ever(tiny_bundle):
    with (
        Service(tiny_bundle, "--workers", "1", "--time-limit", "3") as own,
        socket.create_connection(("127.0.0.1", own.port)) as slow_one,
    ):
        slow_one.sendall(
            b"POST /v1/describe HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n"
            b"Content-Type: image/png\r\n\r\nab"
        )
        time.sleep(0.2)
        own.process.send_signal(signal.SIGTERM)
        assert own.process.wait(20) == 0


def test_a_second_signal_ends_it_at_once(tiny_bundle):
    with Service(tiny_bundle, "--workers", "1", before=ACCIDENTS) as own:
        family = psutil.Process(own.process.pid).children(recursive=True)
        with ThreadPoolExecutor(1) as threads:
            hung = threads.submit(own.describe, b"hang")
            time.sleep(0.5)
            own.process.send_signal(signal.SIGTERM)
            time.sleep(0.3)
            own.process.send_signal(signal.SIGTERM)
            assert own.process.wait(5) == 130
            with pytest.raises(httpx.HTTPError):
                hung.result()
        _, left = psutil.wait_procs(family, timeout=5)
        assert not left


@pytest.mark.slow
def test_a_signal_to_all_its_processes_loses_nothing_either(tiny_bundle):
    """systemd and a terminal's Ctrl+C send it to all of them."""
    with Service(tiny_bundle, "--workers", "2", before=ACCIDENTS) as own:
        with ThreadPoolExecutor(2) as threads:
            asked = [threads.submit(own.describe, slow(1)) for _ in range(2)]
            time.sleep(0.5)
            for one in own.workers:
                one.send_signal(signal.SIGTERM)
                one.send_signal(signal.SIGINT)
            own.process.send_signal(signal.SIGTERM)
            assert [one.result().status_code for one in asked] == [200, 200]
        assert own.process.wait(20) == 0
