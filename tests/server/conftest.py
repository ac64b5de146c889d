"""Fixtures of the service's tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.service import ON_LOOPBACK, Service, sample
from tests.support.web_server import WebServer, answer


@pytest.fixture(scope="session")
def web() -> Iterator[WebServer]:
    """A web server with /cat.jpg."""
    with WebServer() as running:
        running.answers["/cat.jpg"] = answer(sample())
        yield running


@pytest.fixture(scope="session")
def fetching(tiny_bundle: Path, web: WebServer) -> Iterator[Service]:
    """A service that may fetch from ``web``, processes one request at a time and logs captions."""
    options = ("--workers", "1", "--max-in-flight", "1", "--log-captions")
    hosts = ("--allow-url-hosts", f"127.0.0.1:{web.port}")
    with Service(tiny_bundle, *options, *hosts, before=ON_LOOPBACK) as started:
        yield started
