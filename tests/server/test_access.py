"""Who may ask: by Host, by Origin, by the token."""

import http.client
import json

import pytest

from image_describer.server.middleware import access_control
from tests.support.service import Service, sample

TOKEN = "correct-horse-battery-staple"
ORIGIN = "https://pictures.example.org"
FREE = ("/", "/page.js", "/docs", "/v1/health")
KEPT = (
    ("GET", "/v1/version"),
    ("GET", "/metrics"),
    ("GET", "/wowme?image=http://example.org/a.jpg"),
    ("GET", "/no/such/thing"),
    ("POST", "/v1/describe"),
    ("POST", "/v1/match"),
    ("POST", "/v1/search"),
)


@pytest.fixture(scope="module")
def guarded(tiny_bundle, tmp_path_factory):
    """A service with a token, a name and an origin that may ask."""
    file = tmp_path_factory.mktemp("token") / "token"
    file.write_text(f"{TOKEN}\n")
    file.chmod(0o600)
    options = ("--token-file", str(file), "--allow-origin", ORIGIN, "--name", "Pictures.local")
    with Service(tiny_bundle, "--workers", "1", *options) as started:
        yield started


def ask(service: Service, method: str, path: str, headers: dict[str, str]) -> tuple[int, dict]:
    """Ask with just these headers; the status, and the headers of the answer."""
    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=20)
    connection.putrequest(method, path, skip_host="Host" in headers)
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.endheaders()
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status, {name.lower(): value for name, value in answer.getheaders()}


OURS = ("127.0.0.1", "127.0.0.1:9", "localhost", "LOCALHOST:80", "[::1]", "[::1]:99", "127.9.9.9")
NOT_OURS = (
    "evil.example",
    "evil.example:8470",
    "127.0.0.1.evil.example",
    "localhost.evil.example",
    "localhost@evil.example",
    "192.168.1.7",
    "0.0.0.0",
    "[::ffff:10.0.0.1]",
    "2130706433.evil.example",
    "[::1",
    "localhost:99999999",
    "\u00e9vil.example".encode().decode("latin-1"),
)


@pytest.mark.parametrize("host", OURS)
def test_it_answers_to_its_own_names(service, host):
    assert ask(service, "GET", "/v1/version", {"Host": host})[0] == 200


@pytest.mark.parametrize("host", NOT_OURS)
def test_another_name_is_refused(service, host):
    for path in ("/", "/v1/version", "/v1/health", "/metrics"):
        assert ask(service, "GET", path, {"Host": host})[0] in (400, 421)


def test_names_that_were_given(guarded):
    known = {"Authorization": f"Bearer {TOKEN}"}
    for host in ("pictures.local", "PICTURES.LOCAL:8470", "pictures.local."):
        assert ask(guarded, "GET", "/v1/version", {"Host": host, **known})[0] == 200
    assert ask(guarded, "GET", "/v1/version", {"Host": "x.pictures.local", **known})[0] == 421


def test_foreign_pages_are_refused(service):
    own = f"127.0.0.1:{service.port}"
    for foreign in (
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1"},  # another port is another origin
        {"Origin": f"http://127.0.0.1:{service.port}.evil.example"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"},
        {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "no-cors"},
    ):
        for method, path in (("GET", "/v1/version"), ("POST", "/v1/describe"), ("GET", "/wowme")):
            status, headers = ask(service, method, path, {"Host": own, **foreign})
            assert status == 403, (foreign, method)
            assert "access-control-allow-origin" not in headers
    for fine in (
        {"Origin": f"http://{own}"},
        {"Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"},
    ):
        assert ask(service, "GET", "/v1/version", {"Host": own, **fine})[0] == 200, fine


def test_no_preflight_is_answered_where_no_origin_is_named(service):
    status, headers = ask(
        service,
        "OPTIONS",
        "/v1/describe",
        {"Origin": ORIGIN, "Access-Control-Request-Method": "POST"},
    )
    assert status == 403
    assert not [name for name in headers if name.startswith("access-control")]


def test_a_page_that_was_named_may_ask(guarded):
    preflight = {
        "Origin": ORIGIN,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization, content-type",
    }
    status, headers = ask(guarded, "OPTIONS", "/v1/describe", preflight)
    assert status == 200
    assert headers["access-control-allow-origin"] == ORIGIN
    answer = guarded.describe(
        sample(), headers={"Origin": ORIGIN, "Authorization": f"Bearer {TOKEN}"}
    )
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == ORIGIN
    refused = guarded.describe(sample(), headers={"Origin": ORIGIN})
    assert refused.status_code == 401
    assert refused.headers["access-control-allow-origin"] == ORIGIN, "a page can read why"
    assert ask(guarded, "OPTIONS", "/v1/describe", {**preflight, "Origin": "https://x.y"})[0] == 403


@pytest.mark.parametrize(
    "given",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        f"Basic {TOKEN}",
        f"Bearer {TOKEN[:-1]}",
        f"Bearer {TOKEN}x",
        f"Bearer {TOKEN.upper()}",
        f"Bearer \u00e9{TOKEN}".encode().decode("latin-1"),
        TOKEN,
    ],
)
def test_without_the_right_token_nothing_is_told(guarded, given):
    headers = {} if given is None else {"Authorization": given}
    for method, path in KEPT:
        status, told = ask(guarded, method, path, headers)
        assert status == 401, (method, path)
        assert told["www-authenticate"].startswith("Bearer")
        assert told["content-type"] == "application/problem+json"


def test_the_page_and_health_need_no_token(guarded):
    assert [ask(guarded, "GET", path, {})[0] for path in FREE] == [200] * len(FREE)


def test_with_the_token_all_is_as_without_one(guarded):
    known = {"Authorization": f"bearer  {TOKEN}"}
    assert guarded.describe(sample(), headers=known).status_code == 200
    assert ask(guarded, "GET", "/metrics", known)[0] == 200
    assert json.loads(guarded.client.get("/openapi.json", headers=known).text)["security"]


def test_answers_carry_headers_for_safety(service):
    for answer in (
        service.client.get("/v1/health"),
        service.client.get("/"),
        service.client.get("/nix"),
        service.describe(b"x"),
    ):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert "server" not in answer.headers


def test_the_log_has_no_picture_no_query_and_no_caption(guarded):
    known = {"Authorization": f"Bearer {TOKEN}"}
    caption = guarded.describe(sample(), headers=known).json()["caption"]
    guarded.client.get("/wowme?image=http://secret.example/ann.jpg", headers=known)
    guarded.client.post("/v1/match?sentence=Ann", content=sample(), headers=known)
    guarded.client.get("/a%0a2020-01-01 POST /forged 200", headers=known)
    assert guarded.logs(r"/a\n2020")
    log = "\n".join(guarded.log)
    assert "POST /v1/describe 200" in log
    for hidden in ("secret", "Ann", caption, TOKEN, "sentence="):
        assert hidden not in log
    assert not [line for line in guarded.log if not line.startswith("20")], "no line is forged"


def test_captions_are_logged_where_that_was_asked_for(tiny_bundle):
    with Service(tiny_bundle, "--workers", "1", "--log-captions") as own:
        sentence = own.describe(sample()).json()["sentence"]
        assert own.logs(sentence)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost", "[::1]"])
def test_loopback_is_known(host):
    assert access_control.is_loopback(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.1", "example.org", "", "127.1"])
def test_what_is_not_loopback_is_known(host):
    assert not access_control.is_loopback(host)
