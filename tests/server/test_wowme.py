"""``GET /wowme?image=URL``: pictures that the service fetches or refuses."""

import time

import pytest

from image_describer.cli.main import main
from tests.support.service import Service, sample
from tests.support.url_spellings import INTERNAL
from tests.support.web_server import answer, redirect


def wowme(service, url, **more):
    return service.client.get("/wowme", params={"image": url}, **more)


def test_wowme_responds_in_the_format_of_the_original_system(fetching, web):
    found = wowme(fetching, f"http://127.0.0.1:{web.port}/cat.jpg")
    assert found.status_code == 200
    expected = fetching.describe(sample()).json()
    assert found.json() == {"Prediction Caption:": expected["caption"]}
    assert found.text.startswith('{"Prediction Caption:":')
    assert float(found.headers["image-describer-confidence"]) == expected["confidence"]


@pytest.mark.parametrize(
    ("response", "status"),
    [
        (answer(b"<html>secret", "text/html"), 415),
        (answer(b"secret", "text/plain", "500 Oops"), 502),
        (answer(sample(), "image/jpeg").replace(b"Length: ", b"Length: 999"), 413),
        (answer(sample()[:5000], "image/jpeg"), 422),
        (redirect("http://169.254.169.254/"), 403),
        (lambda: iter(lambda: time.sleep(0.2) or b"", b"x"), 504),
    ],
    ids=["415", "502", "413", "422", "403", "504"],
)
def test_failed_fetches_are_reported_as_problems(response, status, fetching, web):
    web.answers["/bad"] = response
    found = wowme(fetching, f"http://127.0.0.1:{web.port}/bad")
    assert found.status_code == status
    assert found.headers["content-type"] == "application/problem+json"
    assert found.json()["status"] == status
    assert "secret" not in found.text
    assert "127.0.0.1" not in found.json()["detail"]


@pytest.mark.parametrize("params", [{}, {"image": "x" * 4001}, {"url": "http://a.org/"}])
def test_requests_without_a_url_are_refused(params, fetching):
    found = fetching.client.get("/wowme", params=params)
    assert found.status_code == 422
    assert "image" in found.json()["detail"]


def test_urls_are_not_logged(fetching, web):
    wowme(fetching, f"http://127.0.0.1:{web.port}/cat.jpg?token=secret")
    fetching.client.get("/v1/health")
    assert fetching.wait_for_log("/v1/health")
    assert any("/wowme" in line for line in fetching.log)
    assert not any("secret" in line for line in fetching.log)


def test_wowme_is_off_unless_hosts_are_allowed(service, web):
    before = len(web.requests)
    found = wowme(service, f"http://127.0.0.1:{web.port}/cat.jpg")
    assert found.status_code == 403
    assert "--allow-url-hosts" in found.json()["detail"]
    assert "/v1/describe" in found.json()["detail"]
    assert len(web.requests) == before


def test_no_option_allows_fetching_from_this_machine(tiny_bundle, web, tmp_path):
    token = tmp_path / "token"
    token.write_text("a-token-of-enough-length-0123456789")
    token.chmod(0o600)
    port = web.port
    hosts = ("127.0.0.1", f"127.0.0.1:{port}", "localhost", f"localhost:{port}", "[::1]", "0.0.0.0")
    before = len(web.requests)
    options = ("--workers", "1", "--token-file", str(token), "--allow-url-hosts", *hosts)
    with Service(tiny_bundle, *options, env={"IMAGE_DESCRIBER_URL_JUDGE": "all"}) as running:
        assert wowme(running, f"http://127.0.0.1:{port}/cat.jpg").status_code == 401
        head = {"Authorization": f"Bearer {token.read_text()}"}
        for url in INTERNAL:
            text = url.replace("PORT", str(port)).encode("utf-8", "surrogatepass")
            found = wowme(running, text, headers=head)
            # 422: too long; 502: the name is not found.
            assert found.status_code in (403, 422, 502), ascii(url)
        found = wowme(running, f"http://localhost:{port}/cat.jpg", headers=head)
        assert found.status_code == 403
        assert "public internet" in found.json()["detail"]
    assert len(web.requests) == before


def test_an_invalid_host_is_reported_at_start(tiny_bundle, capsys):
    options = ["--bundle", str(tiny_bundle), "--allow-url-hosts", "https://example.org/photos"]
    assert main(["serve", "--port", "0", *options]) == 2
    printed = capsys.readouterr().err
    assert 'image-describer: "https://example.org/photos" is not a valid host name' in printed
