"""The log of the service is written by a thread of its own, never on the event loop."""

import asyncio
import io
import threading

import pytest

from image_describer.server import log as service_log
from image_describer.server.metrics import ServiceMetrics
from image_describer.server.middleware.access_log import AccessLogMiddleware


class RecordingStream(io.StringIO):
    """Remembers the threads that write to it."""

    def __init__(self) -> None:
        super().__init__()
        self.threads: set[int] = set()

    def write(self, text: str) -> int:
        self.threads.add(threading.get_ident())
        return super().write(text)


def test_a_request_is_logged_off_the_event_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    async def app(_scope, _receive, send) -> None:
        await send({"type": "http.response.start", "status": 418, "headers": []})
        await send({"type": "http.response.body", "body": b"tea"})

    async def request() -> None:
        async def receive():
            return {"type": "http.disconnect"}

        async def send(_message) -> None:
            return

        scope = {"type": "http", "method": "GET", "path": "/tea\npot", "app": service}
        await AccessLogMiddleware(app, ServiceMetrics(), captions=False)(scope, receive, send)

    service = type("Service", (), {"state": type("State", (), {"stopping": False})})
    stream = RecordingStream()
    monkeypatch.setattr("sys.stderr", stream)
    with service_log.logging_to_stderr():
        asyncio.run(request())
    (line,) = stream.getvalue().splitlines()
    assert r"GET /tea\npot 418" in line
    assert line.endswith("3 bytes")
    assert threading.get_ident() not in stream.threads
