"""HTTP as monitors and libraries speak it."""

import gzip
import http.client
import socket

import pytest

from tests.support.service import Service, sample

BOUNDARY = "----4d6f"
FORM = f"multipart/form-data; boundary={BOUNDARY}"
PLAIN_PART = 'form-data; name="picture"; filename="a.jpg"'


def part(disposition: str, *more: str) -> bytes:
    """A part of a form that contains a picture."""
    lines = [f"--{BOUNDARY}", f"Content-Disposition: {disposition}", *more, "", ""]
    return "\r\n".join(lines).encode() + sample() + b"\r\n"


def form(disposition: str, *more: str) -> bytes:
    return part(disposition, *more) + f"--{BOUNDARY}--\r\n".encode()


def send_form(service: Service, body: bytes, media_type: str = FORM) -> int:
    headers = {"Content-Type": media_type}
    return service.client.post("/v1/describe", content=body, headers=headers).status_code


def exchange(service: Service, *head: str, body: bytes = b"") -> http.client.HTTPResponse:
    """Send the lines of a head and a body; returns the response, which is read."""
    with socket.create_connection(("127.0.0.1", service.port), timeout=20) as connection:
        connection.sendall("\r\n".join([*head, "", ""]).encode() + body)
        response = http.client.HTTPResponse(connection, method=head[0].partition(" ")[0])
        response.begin()
        response.read()
    return response


@pytest.mark.parametrize(
    "path", ["/v1/health", "/v1/version", "/metrics", "/openapi.json", "/", "/docs", "/wowme"]
)
def test_head_is_answered_like_get_without_the_body(service, path):
    head, get = service.client.head(path), service.client.get(path)
    assert head.status_code == get.status_code
    assert head.headers["content-type"] == get.headers["content-type"]
    assert not head.content


def test_head_is_not_documented_twice(service):
    paths = service.client.get("/openapi.json").json()["paths"]
    assert set(paths["/v1/health"]) == {"get"}


@pytest.mark.parametrize(
    ("path", "allowed"),
    [("/", {"GET", "HEAD"}), ("/v1/describe", {"POST"}), ("/v1/search", {"POST"})],
)
def test_options_tells_the_methods(service, path, allowed):
    answer = exchange(service, f"OPTIONS {path} HTTP/1.0")
    assert answer.status == 204
    assert set(answer.headers["allow"].split(", ")) == allowed
    assert service.client.options("/nothing").status_code == 404


@pytest.mark.parametrize(
    ("path", "media_type", "body"),
    [
        ("/v1/describe", "image/jpeg", sample()),
        ("/v1/describe", FORM, form(PLAIN_PART)),
        ("/v1/search", "application/json", b'{"words": "dog"}'),
    ],
)
@pytest.mark.parametrize("encoding", ["gzip", "X-GZIP", "br", "identity, gzip"])
def test_compressed_bodies_get_415_and_the_encoding_that_is_read(
    service, path, media_type, body, encoding
):
    headers = {"Content-Type": media_type, "Content-Encoding": encoding}
    answer = service.client.post(path, content=gzip.compress(body), headers=headers)
    assert answer.status_code == 415
    assert answer.headers["accept-encoding"] == "identity"
    assert "compressed" in answer.json()["detail"]


def test_a_body_that_is_said_not_to_be_compressed_is_read(service):
    assert service.describe(sample(), headers={"Content-Encoding": "Identity"}).status_code == 200


@pytest.mark.parametrize(
    "disposition",
    [
        PLAIN_PART,
        "form-data; name=\"picture\"; filename*=UTF-8''%C3%A9.jpg",
        "form-data; name=picture; FileName*=iso-8859-1'en'%e9.jpg",
        'form-data; name="other"; filename*=a.jpg',
        'form-data; name="picture"; filename*0="a"; filename*1=".jpg"',
        'form-data; name="picture"; filename=""',
        "FORM-DATA; NAME=picture; FILENAME=a",
    ],
)
def test_the_picture_is_found_however_its_part_is_named(service, disposition):
    assert send_form(service, form(disposition)) == 200


@pytest.mark.parametrize("media_type", ["image/jpeg", "Application/Octet-Stream"])
def test_a_part_with_a_type_needs_no_file_name(service, media_type):
    typed = form('form-data; name="upload"', f"Content-Type: {media_type}")
    assert send_form(service, typed) == 200
    assert send_form(service, form('form-data; name="upload"')) == 422, "a text"


@pytest.mark.parametrize(
    "preamble",
    [
        b"This is a multi-part message in MIME format.\r\n",
        b"\r\n\r\n",
        b"text\n",
        f"a --{BOUNDARY} in a line\r\n--{BOUNDARY}x\r\n".encode(),
        b"x" * 30_000 + b"\r\n",
    ],
)
def test_a_preamble_and_an_epilogue_are_ignored(service, preamble):
    assert send_form(service, preamble + form(PLAIN_PART) + b"The end.\r\n") == 200


def test_a_preamble_may_arrive_in_pieces(service):
    body = b"A preamble.\r\n" + form(PLAIN_PART)
    pieces = [body[at : at + 5] for at in range(0, 100, 5)] + [body[100:]]
    headers = {"Content-Type": FORM}
    answer = service.client.post("/v1/describe", content=iter(pieces), headers=headers)
    assert answer.status_code == 200


@pytest.mark.parametrize("body", [b"", b"no form", b"x" * 500_000, f"--{BOUNDARY}--".encode()])
@pytest.mark.parametrize("media_type", [FORM, f'{FORM}; boundary="("', "multipart/form-data"])
def test_a_form_without_a_part_is_refused(service, body, media_type):
    assert send_form(service, body, media_type) in (400, 422)


def test_an_empty_content_type_is_none(service):
    assert service.describe(sample(), headers={"Content-Type": ""}).status_code == 200


@pytest.mark.parametrize("target", ["http://{}/v1/describe", "HTTP://{}/v1/descri%62e?language=en"])
def test_the_target_may_be_a_whole_url(service, target):
    own = f"127.0.0.1:{service.port}"
    lines = ("Content-Type: image/jpeg", f"Content-Length: {len(sample())}", f"Host: {own}")
    answer = exchange(service, f"POST {target.format(own)} HTTP/1.1", *lines, body=sample())
    assert answer.status == 200
    assert exchange(service, f"GET http://{own} HTTP/1.1", f"Host: {own}").status == 200
    assert service.wait_for_log("POST /v1/describe 200")


@pytest.mark.parametrize(
    ("target", "host", "status"),
    [
        ("http://evil.example/v1/health", "127.0.0.1", 421),
        ("http://127.0.0.1@evil.example/v1/health", "127.0.0.1", 421),
        ("http://[::1/v1/health", "127.0.0.1", 421),
        ("http://localhost:1/v1/health", "evil.example", 200),
        ("ftp://127.0.0.1/v1/health", "127.0.0.1", 404),
        ("http:/v1/health", "127.0.0.1", 404),
    ],
)
def test_the_host_of_a_whole_url_counts(service, target, host, status):
    assert exchange(service, f"GET {target} HTTP/1.1", f"Host: {host}").status == status


def test_an_offer_of_http_2_is_declined(service):
    upgrade = ("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABk")
    assert exchange(service, "GET /v1/health HTTP/1.1", "Host: localhost", *upgrade).status == 200
