"""Fetching a picture by URL, from servers on loopback that behave well, badly, and viciously."""

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
GOOD = frozenset({"127.0.0.1", "127.0.0.3"})  # what stands for the public internet here


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
    """What names lead to: lists of addresses, one for each time they are looked up."""
    answers: dict[str, list[list[str]]] = {NAME: [["127.0.0.1"]]}
    looked_up: list[str] = []

    def getaddrinfo(host, port, *rest, **more):
        tried = looked_up.count(host)
        looked_up.append(host)
        found = answers[host][min(tried, len(answers[host]) - 1)]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port)) for one in found]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    answers["looked up"] = looked_up
    return answers


def got(server, path="/dog.jpg", **more):
    """What a fetch of ``path`` gives, where loopback stands for the public internet."""
    fetcher = Fetcher([f"{NAME}:{server.port}"], is_allowed_ip=GOOD.__contains__, **more)
    return asyncio.run(fetcher.fetch(f"http://{NAME}:{server.port}{path}"))


def refusal(server, path="/dog.jpg", **more):
    with pytest.raises(UrlError) as refused:
        got(server, path, **more)
    assert "\n" not in str(refused.value)
    return refused.value


def test_a_picture_is_fetched_with_an_honest_request(server, names):
    server.answers["/h%C3%BCnd.jpg?a=%20b"] = answer(JPEG)
    assert got(server, "/hünd.jpg?a=%20b#there") == JPEG
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


def test_proxies_of_the_environment_are_not_asked(server, names, monkeypatch):
    with WebServer() as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        assert got(server) == JPEG
        assert not proxy.requests


def test_what_is_not_public_is_refused_unless_a_test_says_otherwise(server, names):
    url = f"http://{NAME}:{server.port}/dog.jpg"
    with pytest.raises(UrlError, match="not on the public internet") as refused:
        asyncio.run(Fetcher([f"{NAME}:{server.port}"]).fetch(url))
    assert refused.value.status == 403
    assert not server.requests


def test_a_name_that_leads_elsewhere_the_second_time_changes_nothing(names):
    with WebServer() as good, WebServer("127.0.0.2", good.port) as inside:
        names[NAME] = [["127.0.0.1"], ["127.0.0.2"], ["127.0.0.2"]]
        good.answers["/dog.jpg"] = redirect("/there.jpg")
        good.answers["/there.jpg"] = answer(JPEG)
        inside.answers["/dog.jpg"] = inside.answers["/there.jpg"] = answer(JPEG)
        assert got(good) == JPEG
        assert names["looked up"] == [NAME]
        assert len(good.requests) == 2
        assert not inside.requests


@pytest.mark.parametrize("found", [["127.0.0.1", "127.0.0.2"], ["127.0.0.2", "127.0.0.1"]])
def test_one_address_inside_is_enough_to_ask_nobody(found, server, names):
    names[NAME] = [found]
    assert refusal(server).status == 403
    assert not server.requests


def test_a_dead_address_leads_to_the_next(server, names):
    names[NAME] = [["127.0.0.3", "127.0.0.1"]]
    assert got(server) == JPEG


def test_no_server_is_told(server, names):
    names[NAME] = [["127.0.0.3"]]
    error = refusal(server)
    assert error.status == 502
    assert "127.0.0" not in str(error)


def test_redirects_within_the_host_are_followed_three_times(server, names):
    server.answers["/1"] = redirect("/2", "Set-Cookie: secret=1")
    server.answers["/2"] = redirect(f"http://{NAME.upper()}:{server.port}/a/3")
    server.answers["/a/3"] = redirect("../dog.jpg?now")
    server.answers["/dog.jpg?now"] = answer(JPEG)
    assert got(server, "/1") == JPEG
    assert not any("cookie" in request.lower() for request in server.requests)
    server.answers["/0"] = redirect("/1")
    error = refusal(server, "/0")
    assert error.status == 502
    assert "more than 3 times" in str(error)


@pytest.mark.parametrize(
    ("location", "status"),
    [
        ("http://evil.example/dog.jpg", 403),
        ("//evil.example/dog.jpg", 403),
        ("http://127.0.0.2:PORT/dog.jpg", 403),
        ("http://169.254.169.254/latest/meta-data/", 403),
        (f"http://{NAME}/dog.jpg", 403),  # another port
        (f"https://{NAME}:1/dog.jpg", 403),
        (f"http://{NAME}@127.0.0.2:PORT/dog.jpg", 403),
        (f"http://{NAME}:PORT@127.0.0.2:PORT/dog.jpg", 403),
        (f"http://{NAME}:PORT\\@127.0.0.2:PORT/dog.jpg", 403),
        ("/\\127.0.0.2:PORT/dog.jpg", 403),
        ("file:///etc/passwd", 403),
        ("data:image/png;base64,iVBORw0KGgo=", 403),
        ("gopher://127.0.0.2:PORT/_x", 403),
        ("/a b.jpg", 403),
        ("/\tdog.jpg", 502),
        ("/h\xfcnd.jpg", 502),
        ("", 502),
    ],
    ids=ascii,
)
def test_redirects_elsewhere_are_refused(location, status, names):
    with WebServer() as server, WebServer("127.0.0.2", server.port) as inside:
        server.answers["/1"] = redirect(location.replace("PORT", str(server.port)))
        assert refusal(server, "/1").status == status
        assert len(server.requests) == 1
        assert not inside.requests


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
def test_a_picture_under_another_type_of_pictures_is_taken(kind, server, names):
    server.answers["/dog.jpg"] = answer(JPEG, kind)
    assert got(server) == JPEG


@pytest.mark.parametrize(
    "given",
    [
        answer(JPEG, "text/html"),
        answer(JPEG, ""),
        answer(JPEG, "imagejpeg"),
        answer(JPEG, "image"),
        b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n" + JPEG[:3],
        answer(b"<html>secret</html>", "image/jpeg"),
        answer(b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/svg+xml"),
        answer(b"root:x:0:0", "application/octet-stream"),
        answer(b"", "image/jpeg"),
        answer(gzip.compress(JPEG), "image/jpeg", "200 OK", "Content-Encoding: gzip"),
        answer(JPEG, "image/jpeg", "200 OK", "Content-Encoding: br"),
        answer(JPEG, "image/jpeg", "200 OK", "Content-Encoding: identity, gzip"),
    ],
)
def test_what_is_no_picture_is_refused_and_not_repeated(given, server, names):
    server.answers["/dog.jpg"] = given
    error = refusal(server)
    assert error.status == 415
    assert "secret" not in str(error)


@pytest.mark.parametrize("status", ["404 Not Found", "500 Oops", "204 No Content", "206 Partial",
                                    "304 Not Modified", "401 Unauthorized"])  # fmt: skip
def test_other_answers_are_told_by_their_number(status, server, names):
    server.answers["/dog.jpg"] = answer(b"secret", "text/plain", status)
    error = refusal(server)
    assert error.status == 502
    assert status.split()[0] in str(error)
    assert "secret" not in str(error)


def chunks(size=65_536):
    yield b"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nTransfer-Encoding: chunked\r\n\r\n"
    while True:
        yield b"%x\r\n%b\r\n" % (size, JPEG.ljust(size, b"x"))


def until_it_ends(size):
    yield b"HTTP/1.0 200 OK\r\nContent-Type: image/jpeg\r\n\r\n"
    for _ in range(0, size, 50_000):
        yield JPEG.ljust(50_000, b"x")


def test_too_much_is_refused_while_it_comes(server, names):
    server.answers["/declared"] = answer(b"", "image/jpeg").replace(b": 0", b": 1000001")
    server.answers["/huge"] = answer(b"", "image/jpeg").replace(b": 0", b": " + b"9" * 19)
    server.answers["/chunks"] = chunks
    server.answers["/ends"] = lambda: until_it_ends(2_000_000)
    for path in ("/declared", "/huge", "/chunks", "/ends"):
        error = refusal(server, path, limit_bytes=1_000_000)
        assert error.status == 413, path
        assert "1 MB" in str(error)
    server.answers["/ends"] = lambda: until_it_ends(1_000_000)
    assert len(got(server, "/ends", limit_bytes=1_000_000)) == 1_000_000


def dripping(data, every_s=0.05):
    for at in range(len(data)):
        yield data[at : at + 1]
        time.sleep(every_s)


def informing():
    while True:
        yield b"HTTP/1.1 100 Continue\r\n\r\n"
        time.sleep(0.01)


def silent():
    time.sleep(5)
    yield b""


@pytest.mark.parametrize(
    "given",
    [
        lambda: dripping(answer(JPEG)),
        lambda: itertools.chain([answer(b"").replace(b": 0", b": 99999")], dripping(JPEG)),
        lambda: itertools.chain([next(chunks())], dripping(b"1\r\nx\r\n" * 1000)),
        informing,
        silent,
    ],
    ids=["head", "body", "chunks", "100-continue", "silent"],
)
def test_a_slow_server_costs_no_more_than_the_limit(given, server, names):
    server.answers["/dog.jpg"] = given
    error = refusal(server, limit_s=0.5)
    assert error.status == 504


@pytest.mark.parametrize(
    "given",
    [
        b"",
        b"\x16\x03\x01",
        b"220 mail.example.org ESMTP\r\n",
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
def test_what_is_no_proper_answer_is_told_and_not_repeated(given, server, names):
    server.answers["/dog.jpg"] = given
    error = refusal(server)
    assert error.status == 502
    assert "secret" not in str(error)


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


def secured(authority, name):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    return WebServer(tls=context)


def trusting(authority):
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


def got_by_tls(server, trust):
    fetcher = Fetcher([f"{NAME}:{server.port}"], is_allowed_ip=GOOD.__contains__, ssl_context=trust)
    return asyncio.run(fetcher.fetch(f"https://{NAME}:{server.port}/dog.jpg"))


def test_a_certificate_is_asked_for_and_checked_by_the_name(authority, names):
    with secured(authority, NAME) as server:
        server.answers["/dog.jpg"] = answer(JPEG)
        assert got_by_tls(server, trusting(authority)) == JPEG
        assert server.names == [NAME]


@pytest.mark.parametrize("name", ["evil.example", "127.0.0.1", "*.photos.example.org"])
def test_a_certificate_of_another_name_is_refused(name, authority, names):
    with secured(authority, name) as server:
        server.answers["/dog.jpg"] = answer(JPEG)
        with pytest.raises(UrlError, match="not trusted") as refused:
            got_by_tls(server, trusting(authority))
        assert refused.value.status == 502
        assert not server.requests


def test_a_certificate_that_nobody_knows_is_refused(authority, names):
    with secured(authority, NAME) as server:
        with pytest.raises(UrlError, match="not trusted"):
            got_by_tls(server, None)
        assert not server.requests


def test_a_server_without_tls_is_told(server, names):
    with pytest.raises(UrlError, match="did not send a valid response"):
        got_by_tls(server, None)
