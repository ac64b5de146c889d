"""Access control by Host, Origin and token."""

import http.client
import json

import pytest

from image_describer.server.middleware import access_control
from tests.support.service import Service, sample

TOKEN = "correct-horse-battery-staple"
ORIGIN = "https://pictures.example.org"
PUBLIC = ("/", "/page.js", "/docs", "/v1/health")
PROTECTED = (
    ("GET", "/v1/version"),
    ("GET", "/metrics"),
    ("GET", "/wowme?image=http://example.org/a.jpg"),
    ("GET", "/no/such/thing"),
    ("POST", "/v1/describe"),
    ("POST", "/v1/read"),
    ("POST", "/v1/match"),
    ("POST", "/v1/search"),
)


@pytest.fixture(scope="module")
def guarded(tiny_bundle, tmp_path_factory):
    """A service with a token, an allowed host name and an allowed origin."""
    file = tmp_path_factory.mktemp("token") / "token"
    file.write_text(f"{TOKEN}\n")
    file.chmod(0o600)
    options = ("--token-file", str(file), "--allow-origin", ORIGIN, "--name", "Pictures.local")
    with Service(tiny_bundle, "--workers", "1", *options) as started:
        yield started


def ask(service: Service, method: str, path: str, headers: dict[str, str]) -> tuple[int, dict]:
    """Send a request with just these headers; return the status and the response's headers."""
    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=20)
    connection.putrequest(method, path, skip_host="Host" in headers)
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.endheaders()
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status, {name.lower(): value for name, value in answer.getheaders()}


OWN_HOSTS = ("127.0.0.1:9", "LOCALHOST:80", "[::1]:99", "127.9.9.9")
FOREIGN_HOSTS = (
    "evil.example:8470",
    "localhost.evil.example",
    "localhost@evil.example",
    "192.168.1.7",
    "[::ffff:10.0.0.1]",
    "[::1",
    "localhost:99999999",
    "\u00e9vil.example".encode().decode("latin-1"),
)


@pytest.mark.parametrize("host", OWN_HOSTS)
def test_requests_for_loopback_hosts_are_accepted(service, host):
    assert ask(service, "GET", "/v1/version", {"Host": host})[0] == 200


@pytest.mark.parametrize("host", FOREIGN_HOSTS)
def test_requests_for_other_hosts_are_refused(service, host):
    for path in ("/", "/v1/version", "/v1/health", "/metrics"):
        assert ask(service, "GET", path, {"Host": host})[0] in (400, 421)


def test_requests_for_names_given_as_options_are_accepted(guarded):
    authorized = {"Authorization": f"Bearer {TOKEN}"}
    for host in ("pictures.local", "PICTURES.LOCAL:8470", "pictures.local."):
        assert ask(guarded, "GET", "/v1/version", {"Host": host, **authorized})[0] == 200
    assert ask(guarded, "GET", "/v1/version", {"Host": "x.pictures.local", **authorized})[0] == 421


def test_requests_from_other_sites_are_refused(service):
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
    for accepted in (
        {"Origin": f"http://{own}"},
        {"Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"},
    ):
        assert ask(service, "GET", "/v1/version", {"Host": own, **accepted})[0] == 200, accepted


def test_preflights_are_refused_unless_an_origin_is_allowed(service):
    status, headers = ask(
        service,
        "OPTIONS",
        "/v1/describe",
        {"Origin": ORIGIN, "Access-Control-Request-Method": "POST"},
    )
    assert status == 403
    assert not [name for name in headers if name.startswith("access-control")]


def test_an_allowed_origin_may_send_requests(guarded):
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
    assert refused.headers["access-control-allow-origin"] == ORIGIN, "the page can read the error"
    assert ask(guarded, "OPTIONS", "/v1/describe", {**preflight, "Origin": "https://x.y"})[0] == 403


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        "Bearer ",
        f"Basic {TOKEN}",
        f"Bearer {TOKEN[:-1]}",
        f"Bearer {TOKEN}x",
        f"Bearer \u00e9{TOKEN}".encode().decode("latin-1"),
        TOKEN,
    ],
)
def test_requests_without_the_token_are_refused(guarded, authorization):
    headers = {} if authorization is None else {"Authorization": authorization}
    for method, path in PROTECTED:
        status, received = ask(guarded, method, path, headers)
        assert status == 401, (method, path)
        assert received["www-authenticate"].startswith("Bearer")
        assert received["content-type"] == "application/problem+json"


def test_the_page_and_health_need_no_token(guarded):
    assert [ask(guarded, "GET", path, {})[0] for path in PUBLIC] == [200] * len(PUBLIC)


def test_requests_with_the_token_are_accepted(guarded):
    authorized = {"Authorization": f"bearer  {TOKEN}"}
    assert guarded.describe(sample(), headers=authorized).status_code == 200
    assert ask(guarded, "GET", "/metrics", authorized)[0] == 200
    assert json.loads(guarded.client.get("/openapi.json", headers=authorized).text)["security"]


def test_responses_have_security_headers(service):
    for answer in (
        service.client.get("/v1/health"),
        service.client.get("/"),
        service.client.get("/nix"),
        service.describe(b"x"),
    ):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert "server" not in answer.headers


def test_the_log_has_no_queries_captions_or_tokens(guarded):
    authorized = {"Authorization": f"Bearer {TOKEN}"}
    caption = guarded.describe(sample(), headers=authorized).json()["caption"]
    guarded.client.get("/wowme?image=http://secret.example/ann.jpg", headers=authorized)
    guarded.client.post("/v1/match?sentence=Ann", content=sample(), headers=authorized)
    guarded.client.get("/a%0a2020-01-01 POST /forged 200", headers=authorized)
    assert guarded.wait_for_log(r"/a\n2020")
    log = "\n".join(guarded.log)
    assert "POST /v1/describe 200" in log
    for hidden in ("secret", "Ann", caption, TOKEN, "sentence="):
        assert hidden not in log
    assert not [line for line in guarded.log if not line.startswith("20")], "a line was forged"


def test_captions_are_logged_on_request(fetching):
    assert fetching.wait_for_log(fetching.describe(sample()).json()["sentence"])


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost", "[::1]"])
def test_loopback_addresses_are_recognized(host):
    assert access_control.is_loopback(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.1", "example.org", "", "127.1"])
def test_other_addresses_are_not_loopback(host):
    assert not access_control.is_loopback(host)
