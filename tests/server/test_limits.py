"""Limits of requests, and clients that are slow, broken or disconnected."""

import contextlib
import http.client
import socket
import struct
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest

from tests.support.screen import wait_for
from tests.support.service import Service, sample

ACCIDENTS = "from tests.support import worker_accidents; worker_accidents.install()"
LIMIT_S = 3
BODY_MB = 1
IN_FLIGHT = 3


@pytest.fixture(scope="module")
def narrow(tiny_bundle) -> Iterator[Service]:
    """A service with small limits."""
    options = ("--workers", "1", "--max-body", str(BODY_MB), "--time-limit", str(LIMIT_S))
    in_flight = ("--max-in-flight", str(IN_FLIGHT))
    with Service(tiny_bundle, *options, *in_flight, before=ACCIDENTS) as started:
        yield started


def head(length: int | None = None, *more: str, path: str = "/v1/describe") -> bytes:
    """The head of a request."""
    lines = [f"POST {path} HTTP/1.1", "Host: 127.0.0.1", "Content-Type: image/jpeg", *more]
    if length is not None:
        lines.append(f"Content-Length: {length}")
    return "\r\n".join([*lines, "", ""]).encode()


@contextlib.contextmanager
def connected(service: Service) -> Iterator[socket.socket]:
    """A connection to the service."""
    with socket.create_connection(("127.0.0.1", service.port), timeout=20) as connection:
        yield connection


def response_status(connection: socket.socket) -> int:
    """Read one response without waiting for the service to close the connection."""
    response = http.client.HTTPResponse(connection)
    response.begin()
    response.read()
    return response.status


def read_all(connection: socket.socket) -> bytes:
    """Return everything until the service closes the connection."""
    received = b""
    with contextlib.suppress(ConnectionError):
        while block := connection.recv(65536):
            received += block
    return received


def test_a_body_declared_too_large_is_refused_at_once(narrow):
    with connected(narrow) as connection:
        connection.sendall(head(50_000_000))
        answer = read_all(connection)
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"connection: close" in answer.lower()
    assert b"at most 1 MB" in answer


def test_a_chunked_body_is_counted_while_it_arrives(narrow):
    with connected(narrow) as connection:
        connection.sendall(head(None, "Transfer-Encoding: chunked"))
        with contextlib.suppress(ConnectionError):
            for _ in range(200):
                connection.sendall(b"10000\r\n" + bytes(0x10000) + b"\r\n")
        assert response_status(connection) == 413


def test_clients_that_send_everything_before_reading_get_413(narrow):
    answer = narrow.describe(bytes(2_500_000))
    assert answer.status_code == 413
    answer = narrow.client.post("/v1/describe", files={"picture": bytes(2_500_000)})
    assert answer.status_code == 413
    assert narrow.client.post("/v1/search", content=bytes(2_500_000)).status_code == 413


def test_a_body_at_the_limit_is_accepted(narrow):
    assert narrow.describe(bytes(1_000_000)).status_code == 422
    assert narrow.describe(bytes(1_000_001)).status_code == 413


def test_expect_100_continue(narrow):
    with connected(narrow) as connection:
        connection.sendall(head(50_000_000, "Expect: 100-continue"))
        assert response_status(connection) == 413
    with connected(narrow) as connection:
        body = sample()
        connection.sendall(head(len(body), "Expect: 100-continue", "Connection: close"))
        assert connection.recv(100).startswith(b"HTTP/1.1 100 ")
        connection.sendall(body)
        assert response_status(connection) == 200


def test_more_requests_than_allowed_get_429(narrow):
    slow = b"sleep:0.5\n" + sample()
    with ThreadPoolExecutor(IN_FLIGHT) as threads:
        busy = [threads.submit(narrow.describe, slow) for _ in range(IN_FLIGHT)]
        narrow.wait_until_in_flight(IN_FLIGHT)
        refused = narrow.describe(sample())
        health = narrow.client.get("/v1/health")
        statuses = [request.result().status_code for request in busy]
    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) >= 1
    assert refused.headers["content-type"] == "application/problem+json"
    assert health.status_code == 200
    assert set(statuses) <= {200, 503}
    assert narrow.describe(sample()).status_code == 200


def test_slow_uploads_get_408_and_do_not_block_others(narrow):
    with contextlib.ExitStack() as stack:
        slow = [stack.enter_context(connected(narrow)) for _ in range(3 * IN_FLIGHT)]
        for connection in slow:
            connection.sendall(head(100_000) + b"x" * 1000)
        assert [narrow.describe(sample()).status_code for _ in range(3)] == [200] * 3
        assert {response_status(connection) for connection in slow} == {408}


def test_requests_that_take_too_long_get_503(narrow):
    answer = narrow.describe(b"hang")
    assert answer.status_code == 503
    wait_for(lambda: narrow.describe(sample()).status_code == 200, 10, "another process")


def test_broken_clients_leave_no_open_connections(narrow):
    files = psutil.Process(narrow.process.pid).num_fds()
    body = sample()
    immediately = struct.pack("ii", 1, 0)  # close() sends RST
    for cut in (0, 1, 10, len(head(len(body))), len(head(len(body))) + 1000):
        for reset in (True, False):
            with connected(narrow) as connection:
                connection.sendall((head(len(body)) + body)[:cut])
                if reset:
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, immediately)
    with connected(narrow) as half:  # half-closed after sending everything
        half.sendall(head(len(body)) + body)
        half.shutdown(socket.SHUT_WR)
        read_all(half)
    assert narrow.describe(body).status_code == 200
    process = psutil.Process(narrow.process.pid)
    wait_for(lambda: process.num_fds() <= files + 2, 10, "connections to be closed")
    assert narrow.metric("image_describer_in_flight") == 0


FORM = b'--XX\r\nContent-Disposition: form-data; name="picture"; filename="a.jpg"\r\n\r\n'
UPLOADS = {  # the type and the beginning of a body
    "raw": (b"image/jpeg", sample()[:2000]),
    "form": (b"multipart/form-data; boundary=XX", FORM + sample()[:2000]),
    "part's head": (b"multipart/form-data; boundary=XX", FORM[:30]),
    "json": (b"application/json", b'{"words": "a d'),
}


@pytest.mark.parametrize("reset", [True, False])
@pytest.mark.parametrize("chunked", [True, False])
@pytest.mark.parametrize(
    ("path", "upload"),
    [
        ("/v1/describe", "raw"),
        ("/v1/describe", "form"),
        ("/v1/read", "raw"),
        ("/v1/match", "part's head"),
        ("/v1/search", "json"),
    ],
)
def test_a_client_that_breaks_off_gets_499_and_is_no_fault(narrow, path, upload, chunked, reset):
    media_type, begun = UPLOADS[upload]
    logged = len(narrow.log)
    request = head(None if chunked else 5000, path=path).replace(b"image/jpeg", media_type)
    if chunked:
        request = request.replace(b"\r\n\r\n", b"\r\nTransfer-Encoding: chunked\r\n\r\n")
        begun = b"%x\r\n%b\r\n" % (len(begun), begun)
    with connected(narrow) as connection:
        connection.sendall(request + begun)
        if reset:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    wait_for(lambda: len(narrow.log) > logged, 10, "a line of the log")
    (line,) = narrow.log[logged:]
    assert f"POST {path} 499 " in line


@pytest.mark.parametrize("path", ["/v1/describe", "/v1/read", "/v1/match?sentence=a"])
def test_a_client_that_breaks_off_while_it_waits_gets_499(narrow, path):
    logged = len(narrow.log)
    slow = b"sleep:0.5\n" + sample()
    with connected(narrow) as connection:
        connection.sendall(head(len(slow), path=path) + slow)
        narrow.wait_until_in_flight(1)
    answered = f"POST {path.partition('?')[0]} 499 "
    wait_for(lambda: any(answered in line for line in narrow.log[logged:]), 10, "the status 499")
    assert not any("program itself" in line for line in narrow.log[logged:])


def test_huge_headers_are_refused(narrow):
    with connected(narrow) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n")
        with contextlib.suppress(ConnectionError):
            for _ in range(100):
                connection.sendall(b"X-a: " + b"b" * 10_000 + b"\r\n")
        answer = read_all(connection)
    assert not answer or answer.startswith(b"HTTP/1.1 4")
    assert narrow.client.get("/v1/health").status_code == 200


def test_pipelined_requests_are_answered_in_order(narrow):
    body = sample()
    last = head(len(body), "Connection: close") + body
    with connected(narrow) as connection:
        connection.sendall((head(len(body)) + body) * 2 + head(3) + b"abc" + last)
        answers = read_all(connection).split(b"HTTP/1.1 ")[1:]
    assert [answer[:3] for answer in answers] == [b"200", b"200", b"422", b"200"]


@pytest.mark.slow
def test_memory_held_by_bodies_is_limited(tiny_bundle):
    """Forty clients send all but one byte of a body of the largest size, and then wait."""
    size = 4_900_000
    with (
        Service(tiny_bundle, "--workers", "1", "--time-limit", "5", "--max-body", "5") as own,
        contextlib.ExitStack() as stack,
    ):
        before = psutil.Process(own.process.pid).memory_info().rss
        clients = [stack.enter_context(connected(own)) for _ in range(40)]
        for connection in clients:
            connection.sendall(head(size))
            with contextlib.suppress(ConnectionError):
                connection.sendall(bytes(size - 1))
        held = psutil.Process(own.process.pid).memory_info().rss - before
        assert held < 130_000_000, "the clients sent 200 MB"
        assert own.client.get("/v1/health").status_code == 200
        answers = {read_all(connection)[:13] for connection in clients}
    assert answers == {b"HTTP/1.1 429 ", b"HTTP/1.1 408 "}
