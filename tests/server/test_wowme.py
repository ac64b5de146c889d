"""``GET /wowme?image=URL``: a real service that fetches pictures, or refuses to."""

import subprocess
import sys

import pytest

from tests.support.service import ON_LOOPBACK, Service, sample
from tests.support.url_spellings import INTERNAL
from tests.support.web_server import WebServer, answer, redirect


@pytest.fixture(scope="module")
def web():
    """A server of pictures."""
    with WebServer() as running:
        running.answers["/cat.jpg"] = answer(sample())
        yield running


@pytest.fixture(scope="module")
def fetching(tiny_bundle, web):
    """A service that may fetch from it."""
    options = ("--workers", "1", "--max-in-flight", "1", "--log-captions")
    hosts = ("--allow-url-hosts", f"127.0.0.1:{web.port}")
    with Service(tiny_bundle, *options, *hosts, before=ON_LOOPBACK) as started:
        yield started


def asked(service, url, **more):
    return service.client.get("/wowme", params={"image": url}, **more)


def test_a_picture_by_its_url_is_answered_as_the_first_system_did(fetching, web):
    found = asked(fetching, f"http://127.0.0.1:{web.port}/cat.jpg")
    assert found.status_code == 200
    same = fetching.describe(sample()).json()
    assert found.json() == {"Prediction Caption:": same["caption"]}
    assert found.text.startswith('{"Prediction Caption:":')
    assert float(found.headers["image-describer-confidence"]) == same["confidence"]


@pytest.mark.parametrize(
    ("given", "status"),
    [
        (answer(b"<html>secret", "text/html"), 415),
        (answer(b"secret", "text/plain", "500 Oops"), 502),
        (answer(sample(), "image/jpeg").replace(b"Length: ", b"Length: 999"), 413),
        (answer(sample()[:5000], "image/jpeg"), 422),
        (redirect("http://169.254.169.254/"), 403),
        (lambda: iter(lambda: __import__("time").sleep(0.2) or b"", b"x"), 504),
    ],
    ids=["415", "502", "413", "422", "403", "504"],
)
def test_what_goes_wrong_is_told_as_a_problem(given, status, fetching, web):
    web.answers["/bad"] = given
    found = asked(fetching, f"http://127.0.0.1:{web.port}/bad")
    assert found.status_code == status
    assert found.headers["content-type"] == "application/problem+json"
    assert found.json()["status"] == status
    assert "secret" not in found.text
    assert "127.0.0.1" not in found.json()["detail"]


@pytest.mark.parametrize("params", [{}, {"image": "x" * 4001}, {"url": "http://a.org/"}])
def test_a_question_without_a_url_is_told(params, fetching):
    found = fetching.client.get("/wowme", params=params)
    assert found.status_code == 422
    assert "image" in found.json()["detail"]


def test_urls_are_not_logged(fetching, web):
    asked(fetching, f"http://127.0.0.1:{web.port}/cat.jpg?token=secret")
    fetching.client.get("/v1/health")
    assert fetching.logs("/v1/health")
    assert any("/wowme" in line for line in fetching.log)
    assert not any("secret" in line for line in fetching.log)


def test_it_is_off_unless_hosts_are_named(service, web):
    before = len(web.requests)
    found = asked(service, f"http://127.0.0.1:{web.port}/cat.jpg")
    assert found.status_code == 403
    assert "--allow-url-hosts" in found.json()["detail"]
    assert "/v1/describe" in found.json()["detail"]
    assert len(web.requests) == before


def test_no_option_lets_a_service_ask_this_machine(tiny_bundle, web, tmp_path):
    token = tmp_path / "token"
    token.write_text("a-token-of-enough-length-0123456789")
    token.chmod(0o600)
    port = web.port
    hosts = ("127.0.0.1", f"127.0.0.1:{port}", "localhost", f"localhost:{port}", "[::1]", "0.0.0.0")
    before = len(web.requests)
    options = ("--workers", "1", "--token-file", str(token), "--allow-url-hosts", *hosts)
    with Service(tiny_bundle, *options, env={"IMAGE_DESCRIBER_URL_JUDGE": "all"}) as running:
        assert asked(running, f"http://127.0.0.1:{port}/cat.jpg").status_code == 401
        head = {"Authorization": f"Bearer {token.read_text()}"}
        for url in INTERNAL:
            text = url.replace("PORT", str(port)).encode("utf-8", "surrogatepass")
            found = asked(running, text, headers=head)
            # 422: too long; 502: a name that leads nowhere.
            assert found.status_code in (403, 422, 502), ascii(url)
        found = asked(running, f"http://localhost:{port}/cat.jpg", headers=head)
        assert found.status_code == 403
        assert "public internet" in found.json()["detail"]
    assert len(web.requests) == before


def test_a_wrong_host_is_told_at_the_start(tiny_bundle):
    code = "import sys; from image_describer.cli.main import main; sys.exit(main())"
    command = [sys.executable, "-c", code, "serve", "--port", "0"]
    command += ["--bundle", str(tiny_bundle), "--allow-url-hosts", "https://example.org/photos"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert 'image-describer: "https://example.org/photos" is not a valid host name' in done.stderr
    assert "Traceback" not in done.stderr
