"""Logs and counts requests, and answers 500 for internal errors."""

import time

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from image_describer.fault_log import record_fault
from image_describer.i18n import ENGLISH, _, using
from image_describer.server import problems
from image_describer.server.log import log
from image_describer.server.metrics import ServiceMetrics
from image_describer.server.middleware.limits import CLIENT_CLOSED
from image_describer.text import visible

SHOWN_CHARACTERS = 200  # of the path
OTHER = "other"  # one label for all unknown paths and methods
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",  # untranslated
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class AccessLogMiddleware:
    """Logs and counts requests, adds security headers, and answers 500 for internal errors.

    The log has no pictures, no queries and, unless ``captions``, no captions.
    """

    def __init__(self, app: ASGIApp, metrics: ServiceMetrics, captions: bool) -> None:
        self._app = app
        self._metrics = metrics
        self._captions = captions

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        status, size = 0, 0
        scope.setdefault("state", {})

        async def counting_send(message: Message) -> None:
            nonlocal status, size
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                if scope["app"].state.stopping:
                    headers["Connection"] = "close"
            size += len(message.get("body", b""))
            await send(message)

        try:
            await self._app(scope, receive, counting_send)
        except Exception as error:
            with using(ENGLISH):
                log(record_fault(error))
            if not status:
                sentence = _("An internal error occurred. See the log of the service.")
                await problems.response(500, sentence)(scope, receive, counting_send)
        finally:
            seconds = time.perf_counter() - began
            self._record(scope, status or CLIENT_CLOSED, seconds, size)

    def _record(self, scope: Scope, status: int, seconds: float, size: int) -> None:
        route = getattr(scope.get("route"), "path", OTHER)
        method = scope["method"] if scope["method"] in METHODS else OTHER
        self._metrics.requests.labels(method, route, str(status)).inc()
        self._metrics.seconds.labels(route).observe(seconds)
        caption = scope["state"].get("caption") if self._captions else None
        path = visible(scope["path"][:SHOWN_CHARACTERS])
        line = f"{method} {path} {status} {1000 * seconds:.0f} ms {size} bytes"  # untranslated
        log(f"{line} {visible(caption)}" if caption else line)
