"""Fetching a picture by URL from good, broken and hostile servers on loopback."""

import asyncio
import gzip
import io
import itertools
import socket
import ssl
import time

import pytest
import trustme
from PIL import Image

from image_describer import __version__
from image_describer.errors import UrlError
from image_describer.server.fetch import Fetcher
from tests.support.web_server import WebServer, answer, redirect

NAME = "photos.example.org"
GOOD = frozenset({"127.0.0.1", "127.0.0.3"})  # treated as public in these tests


def jpeg() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (64, 48), "teal").save(file, "JPEG")
    return file.getvalue()


JPEG = jpeg()


@pytest.fixture
def server():
    with WebServer() as running:
        running.answers["/dog.jpg"] = answer(JPEG)
        yield running


@pytest.fixture
def names(monkeypatch):
    """The addresses of each name: one list per lookup."""
    answers: dict[str, list[list[str]]] = {NAME: [["127.0.0.1"]]}
    looked_up: list[str] = []

    def getaddrinfo(host, port, *rest, **more):
        tried = looked_up.count(host)
        looked_up.append(host)
        found = answers[host][min(tried, len(answers[host]) - 1)]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in found]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    answers["looked up"] = looked_up
    return answers


def fetch(server, path="/dog.jpg", **more):
    """Fetch ``path`` with loopback treated as public."""
    fetcher = Fetcher([f"{NAME}:{server.port}"], is_allowed_ip=GOOD.__contains__, **more)
    return asyncio.run(fetcher.fetch(f"http://{NAME}:{server.port}{path}"))


def refusal(server, path="/dog.jpg", **more):
    with pytest.raises(UrlError) as refused:
        fetch(server, path, **more)
    assert "\n" not in str(refused.value)
    return refused.value


def test_a_picture_is_fetched_with_a_plain_request(server, names):
    server.answers["/h%C3%BCnd.jpg?a=%20b"] = answer(JPEG)
    assert fetch(server, "/hünd.jpg?a=%20b#fragment") == JPEG
    (request,) = server.requests
    lines = request.split("\r\n")
    assert lines[0] == "GET /h%C3%BCnd.jpg?a=%20b HTTP/1.1"
    assert sorted(line.lower() for line in lines[1:] if line) == [
        "accept-encoding: identity",
        "accept: image/*",
        "connection: close",
        f"host: {NAME}:{server.port}",
        f"user-agent: image-describer/{__version__}",
    ]


def test_proxies_of_the_environment_are_ignored(server, names, monkeypatch):
    with WebServer() as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        assert fetch(server) == JPEG
        assert not proxy.requests


def test_loopback_is_not_public_by_default(server, names):
    url = f"http://{NAME}:{server.port}/dog.jpg"
    with pytest.raises(UrlError, match="not on the public internet") as refused:
        asyncio.run(Fetcher([f"{NAME}:{server.port}"]).fetch(url))
    assert refused.value.status == 403
    assert not server.requests


def test_dns_rebinding_has_no_effect(names):
    with WebServer() as good, WebServer("127.0.0.2", good.port) as internal:
        names[NAME] = [["127.0.0.1"], ["127.0.0.2"], ["127.0.0.2"]]
        good.answers["/dog.jpg"] = redirect("/there.jpg")
        good.answers["/there.jpg"] = answer(JPEG)
        internal.answers["/dog.jpg"] = internal.answers["/there.jpg"] = answer(JPEG)
        assert fetch(good) == JPEG
        assert names["looked up"] == [NAME]
        assert len(good.requests) == 2
        assert not internal.requests


@pytest.mark.parametrize("found", [["127.0.0.1", "127.0.0.2"], ["127.0.0.2", "127.0.0.1"]])
def test_a_host_with_an_internal_address_gets_no_request(found, server, names):
    names[NAME] = [found]
    assert refusal(server).status == 403
    assert not server.requests


def test_the_next_address_is_tried_if_a_connection_fails(server, names):
    names[NAME] = [["127.0.0.3", "127.0.0.1"]]
    assert fetch(server) == JPEG


def test_a_host_without_a_server_is_reported(server, names):
    names[NAME] = [["127.0.0.3"]]
    error = refusal(server)
    assert error.status == 502
    assert "127.0.0" not in str(error)


def test_redirects_within_the_host_are_followed_three_times(server, names):
    server.answers["/1"] = redirect("/2", "Set-Cookie: secret=1")
    server.answers["/2"] = redirect(f"http://{NAME.upper()}:{server.port}/a/3")
    server.answers["/a/3"] = redirect("../dog.jpg?now")
    server.answers["/dog.jpg?now"] = answer(JPEG)
    assert fetch(server, "/1") == JPEG
    assert not any("cookie" in request.lower() for request in server.requests)
    server.answers["/0"] = redirect("/1")
    error = refusal(server, "/0")
    assert error.status == 502
    assert "more than 3 times" in str(error)


@pytest.mark.parametrize(
    ("location", "status"),
    [
        ("http://evil.example/dog.jpg", 403),
        ("http://127.0.0.2:PORT/dog.jpg", 403),
        (f"http://{NAME}/dog.jpg", 403),  # another port
        (f"http://{NAME}@127.0.0.2:PORT/dog.jpg", 403),
        ("/\\127.0.0.2:PORT/dog.jpg", 403),
        ("file:///etc/passwd", 403),
        ("/\tdog.jpg", 502),
        ("/h\xfcnd.jpg", 502),
        ("", 502),
    ],
    ids=ascii,
)
def test_redirects_elsewhere_are_refused(location, status, names):
    with WebServer() as server, WebServer("127.0.0.2", server.port) as internal:
        server.answers["/1"] = redirect(location.replace("PORT", str(server.port)))
        assert refusal(server, "/1").status == status
        assert len(server.requests) == 1
        assert not internal.requests


def test_a_redirect_to_another_allowed_host_is_refused_too(server, names):
    other = "other.example.org"
    names[other] = [["127.0.0.1"]]
    server.answers["/1"] = redirect(f"http://{other}:{server.port}/dog.jpg")
    fetcher = Fetcher([f".example.org:{server.port}"], is_allowed_ip=GOOD.__contains__)
    with pytest.raises(UrlError, match="another host") as refused:
        asyncio.run(fetcher.fetch(f"http://{NAME}:{server.port}/1"))
    assert refused.value.status == 403
    assert names["looked up"] == [NAME]


@pytest.mark.parametrize("kind", ["image/png", "IMAGE/JPEG; q=1", "application/octet-stream"])
def test_other_media_types_of_pictures_are_accepted(kind, server, names):
    server.answers["/dog.jpg"] = answer(JPEG, kind)
    assert fetch(server) == JPEG


@pytest.mark.parametrize(
    "response",
    [
        answer(JPEG, "text/html"),
        answer(JPEG, ""),
        b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n" + JPEG[:3],
        answer(b"<html>secret</html>", "image/jpeg"),
        answer(b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/svg+xml"),
        answer(b"", "image/jpeg"),
        answer(gzip.compress(JPEG), "image/jpeg", "200 OK", "Content-Encoding: gzip"),
        answer(JPEG, "image/jpeg", "200 OK", "Content-Encoding: identity, gzip"),
    ],
)
def test_other_content_is_refused_and_not_quoted(response, server, names):
    server.answers["/dog.jpg"] = response
    error = refusal(server)
    assert error.status == 415
    assert "secret" not in str(error)


@pytest.mark.parametrize(
    "status", ["404 Not Found", "204 No Content", "206 Partial", "304 Not Modified"]
)
def test_other_statuses_are_reported_by_number(status, server, names):
    server.answers["/dog.jpg"] = answer(b"secret", "text/plain", status)
    error = refusal(server)
    assert error.status == 502
    assert status.split()[0] in str(error)
    assert "secret" not in str(error)


def chunks(size=65_536):
    yield b"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nTransfer-Encoding: chunked\r\n\r\n"
    while True:
        yield b"%x\r\n%b\r\n" % (size, JPEG.ljust(size, b"x"))


def without_length(size):
    yield b"HTTP/1.0 200 OK\r\nContent-Type: image/jpeg\r\n\r\n"
    for _ in range(0, size, 50_000):
        yield JPEG.ljust(50_000, b"x")


def test_large_responses_are_refused_while_they_arrive(server, names):
    server.answers["/declared"] = answer(b"", "image/jpeg").replace(b": 0", b": 1000001")
    server.answers["/huge"] = answer(b"", "image/jpeg").replace(b": 0", b": " + b"9" * 19)
    server.answers["/chunks"] = chunks
    server.answers["/no-length"] = lambda: without_length(2_000_000)
    for path in ("/declared", "/huge", "/chunks", "/no-length"):
        error = refusal(server, path, limit_bytes=1_000_000)
        assert error.status == 413, path
        assert "1 MB" in str(error)
    server.answers["/no-length"] = lambda: without_length(1_000_000)
    assert len(fetch(server, "/no-length", limit_bytes=1_000_000)) == 1_000_000


def dripping(data, every_s=0.05):
    for byte in data:
        yield bytes([byte])
        time.sleep(every_s)


def informational():
    while True:
        yield b"HTTP/1.1 100 Continue\r\n\r\n"
        time.sleep(0.01)


def silent():
    time.sleep(5)
    yield b""


@pytest.mark.parametrize(
    "response",
    [
        lambda: dripping(answer(JPEG)),
        lambda: itertools.chain([answer(b"").replace(b": 0", b": 99999")], dripping(JPEG)),
        lambda: itertools.chain([next(chunks())], dripping(b"1\r\nx\r\n" * 1000)),
        informational,
        silent,
    ],
    ids=["head", "body", "chunks", "100-continue", "silent"],
)
def test_a_slow_server_is_given_up_at_the_limit(response, server, names):
    server.answers["/dog.jpg"] = response
    error = refusal(server, limit_s=0.3)
    assert error.status == 504


@pytest.mark.parametrize(
    "response",
    [
        b"",
        b"SSH-2.0-OpenSSH_9.2 secret\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 10_000,
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000,
        b"HTTP/1.1 2000 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
        answer(JPEG)[:-10],
        answer(JPEG, "image/jpeg", "200 OK", "Content-Length: 7"),
        answer(JPEG, "image/jpeg", "200 OK", "Transfer-Encoding: gzip, chunked"),
        b"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        answer(b"").replace(b": 0", b": " + b"9" * 5000),
        answer(b"").replace(b": 0", b": -1"),
    ],
)
def test_invalid_responses_are_reported_and_not_quoted(response, server, names):
    server.answers["/dog.jpg"] = response
    error = refusal(server)
    assert error.status == 502
    assert "secret" not in str(error)


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


def tls_server(authority, name):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    return WebServer(tls=context)


def trusted_by(authority):
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


def fetch_by_tls(server, ssl_context):
    fetcher = Fetcher(
        [f"{NAME}:{server.port}"], is_allowed_ip=GOOD.__contains__, ssl_context=ssl_context
    )
    return asyncio.run(fetcher.fetch(f"https://{NAME}:{server.port}/dog.jpg"))


def test_a_trusted_certificate_of_the_host_is_accepted(authority, names):
    with tls_server(authority, NAME) as server:
        server.answers["/dog.jpg"] = answer(JPEG)
        assert fetch_by_tls(server, trusted_by(authority)) == JPEG
        assert server.names == [NAME]


@pytest.mark.parametrize("name", ["evil.example", "127.0.0.1", "*.photos.example.org"])
def test_a_certificate_of_another_host_is_refused(name, authority, names):
    with tls_server(authority, name) as server:
        server.answers["/dog.jpg"] = answer(JPEG)
        with pytest.raises(UrlError, match="not trusted") as refused:
            fetch_by_tls(server, trusted_by(authority))
        assert refused.value.status == 502
        assert not server.requests


def test_an_untrusted_certificate_is_refused(authority, names):
    with tls_server(authority, NAME) as server:
        with pytest.raises(UrlError, match="not trusted"):
            fetch_by_tls(server, None)
        assert not server.requests


def test_a_server_without_tls_is_reported(server, names):
    with pytest.raises(UrlError, match="did not send a valid response"):
        fetch_by_tls(server, None)
