"""The outermost layer: each request gets its line in the log, is counted, and never fails."""

import time

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from image_describer.fault_log import record_fault
from image_describer.server import problems
from image_describer.server.log import log
from image_describer.server.metrics import Metrics
from image_describer.server.middleware.limits import GONE
from image_describer.text import visible

SHOWN_CHARACTERS = 200  # of a path
OTHER = "other"  # the route of what has none: paths that clients make up are not counted one by one
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class WatchingMiddleware:
    """Logs, counts, adds headers for safety, and answers 500 for a fault of the program itself.

    The log has no picture, no query and, unless ``captions``, nothing of what was said.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics, captions: bool) -> None:
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

        async def counted(message: Message) -> None:
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
            await self._app(scope, receive, counted)
        except Exception as fault:
            sentence = record_fault(fault)
            log(sentence)
            if not status:
                told = "Something went wrong in the program itself. Its log says what."
                await problems.response(500, told)(scope, receive, counted)
        finally:
            seconds = time.perf_counter() - began
            self._tell(scope, status or GONE, seconds, size)

    def _tell(self, scope: Scope, status: int, seconds: float, size: int) -> None:
        route = getattr(scope.get("route"), "path", OTHER)
        method = scope["method"] if scope["method"] in METHODS else OTHER
        self._metrics.requests.labels(method, route, str(status)).inc()
        self._metrics.seconds.labels(route).observe(seconds)
        caption = scope["state"].get("caption") if self._captions else None
        path = visible(scope["path"][:SHOWN_CHARACTERS])
        line = f"{method} {path} {status} {1000 * seconds:.0f} ms {size} bytes"
        log(f"{line} {visible(caption)}" if caption else line)
