"""Limits of requests: size, time, and number in progress."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import anyio
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from image_describer.i18n import N_, _
from image_describer.server import problems
from image_describer.server.config import MEGABYTE, ServerConfig
from image_describer.server.metrics import ServiceMetrics
from image_describer.server.problems import Problem
from image_describer.text import number

WORKER_PATHS = (
    "/v1/describe",
    "/v1/read",
    "/v1/match",
    "/v1/search",
    "/wowme",
)  # the paths that need a describing process
BUFFERED_BODIES = 12  # of the largest size: the limit for all bodies in memory
RETRY_AFTER_S = 1
LINGER_S = 2.0  # keep reading so long from a client that still sends, so that it gets the response

PLAIN = "identity"  # the Content-Encoding of a body that is not compressed
COMPRESSED = N_("The body is compressed. Send it as it is, without Content-Encoding.")
CLIENT_CLOSED = 499  # nginx's status for a client that disconnected


@dataclass
class _RequestState:
    """The progress of one request."""

    has_body: bool
    needs_worker: bool
    scope: anyio.CancelScope
    complete: bool = False  # the whole body was read ...
    delivered: bool = False  # ... and given to the application
    received: int = 0
    counted: bool = False  # among the requests in flight
    started: bool = False  # the response was started
    disconnected: bool = False
    closed: asyncio.Event = field(default_factory=asyncio.Event)
    watcher: "asyncio.Task[None] | None" = None


class LimitsMiddleware:
    """Refuses requests that are too large (413), too slow (408, 503) or too many (429), and
    compressed bodies (415), whose real size isn't known.

    Bodies are counted while they arrive. Time runs from the end of the headers to the end of the
    response. Only requests with a complete body count as in flight, so that slow senders block
    nobody. When a client disconnects, its work is cancelled.
    """

    def __init__(self, app: ASGIApp, config: ServerConfig, metrics: ServiceMetrics) -> None:
        self._app = app
        self._limits = config.limits
        self._metrics = metrics
        self._in_flight = 0
        self._buffered = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        has_body = "transfer-encoding" in headers or headers.get("content-length", "0") != "0"
        needs_worker = scope["path"] in WORKER_PATHS
        with anyio.move_on_after(self._limits.request_s) as time:
            request = _RequestState(has_body, needs_worker, time, complete=not has_body)
            try:
                await self._handle(request, scope, receive, send)
            finally:
                if request.watcher is not None:
                    request.watcher.cancel()
                self._buffered -= request.received
                if request.counted:
                    self._in_flight -= 1
                    self._metrics.in_flight.dec()
        if time.cancelled_caught and not (request.started or request.disconnected):
            answer = self._too_slow(request)
            with anyio.move_on_after(LINGER_S):
                await answer(scope, receive, send)

    async def _handle(
        self, request: _RequestState, scope: Scope, receive: Receive, send: Send
    ) -> None:
        limited_send = self._sender(request, receive, send)
        try:
            headers = Headers(scope=scope)
            encoding = headers.get("content-encoding", PLAIN).strip().lower()
            if request.has_body and encoding not in ("", PLAIN):
                raise Problem(415, _(COMPRESSED), {"Accept-Encoding": PLAIN})
            declared = headers.get("content-length", "0")
            if declared.isdecimal() and int(declared[:20]) > self._limits.body_bytes:
                raise self._too_large()
            if request.needs_worker:
                self._check_in_flight()
            if request.complete:
                self._body_complete(request, receive)
        except Problem as problem:
            answer = problems.response(problem.status_code, problem.detail, problem.headers)
            await answer(scope, receive, limited_send)
            return
        await self._app(scope, self._receiver(request, receive), limited_send)

    def _receiver(self, request: _RequestState, receive: Receive) -> Receive:
        async def limited() -> Message:
            if request.complete and request.delivered:
                await request.closed.wait()
                return {"type": "http.disconnect"}
            if request.complete:
                request.delivered = True
                return {"type": "http.request", "body": b"", "more_body": False}
            message = await receive()
            if message["type"] == "http.disconnect":
                await self._cancel(request)
                # Returning it would raise an error in the application, which would be answered.
                await anyio.sleep_forever()
            size = len(message.get("body", b""))
            request.received += size
            self._buffered += size
            if request.received > self._limits.body_bytes:
                raise self._too_large()
            if self._buffered > BUFFERED_BODIES * self._limits.body_bytes:
                raise _too_many_requests()
            if not message.get("more_body", False) and not request.complete:
                request.complete = request.delivered = True
                self._body_complete(request, receive)
            return message

        return limited

    def _sender(self, request: _RequestState, receive: Receive, send: Send) -> Send:
        async def limited(message: Message) -> None:
            request.started = True
            if request.complete:
                await send(message)
            elif message["type"] == "http.response.start":
                headers = [*message.get("headers", []), (b"connection", b"close")]
                await send({**message, "headers": headers})
            elif message.get("more_body", False):
                await send(message)
            else:
                await send({**message, "more_body": True})
                await _linger(receive)
                await send({"type": "http.response.body", "body": b"", "more_body": False})

        return limited

    def _check_in_flight(self) -> None:
        if self._in_flight >= self._limits.in_flight:
            raise _too_many_requests()

    def _body_complete(self, request: _RequestState, receive: Receive) -> None:
        """Count a request as in flight, and watch for its client to disconnect."""
        if not request.needs_worker:
            return
        self._check_in_flight()
        self._in_flight += 1
        request.counted = True
        self._metrics.in_flight.inc()
        request.watcher = asyncio.create_task(self._watch(request, receive))

    async def _watch(self, request: _RequestState, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            continue
        request.closed.set()
        if not request.started:
            await self._cancel(request)

    @staticmethod
    async def _cancel(request: _RequestState) -> None:
        request.disconnected = True
        request.closed.set()
        request.scope.cancel()

    def _too_large(self) -> Problem:
        limit = self._limits.body_bytes / MEGABYTE
        return Problem(
            413,
            _("The request is too large: at most {limit} MB are allowed.").format(
                limit=_limit(limit)
            ),
        )

    def _too_slow(self, request: _RequestState) -> Any:
        limit = self._limits.request_s
        if request.complete:
            return problems.response(
                503,
                _("The request took longer than {seconds} seconds. Try again later.").format(
                    seconds=_limit(limit)
                ),
                {"Retry-After": str(RETRY_AFTER_S), "Connection": "close"},
            )
        return problems.response(
            408,
            _("The request did not arrive within {seconds} seconds.").format(seconds=_limit(limit)),
            {"Connection": "close"},
        )


def _limit(limit: float) -> str:
    return number(limit, 1 if limit % 1 else 0)


def _too_many_requests() -> Problem:
    return Problem(
        429,
        _("Too many requests. Try again in a moment."),
        {"Retry-After": str(RETRY_AFTER_S)},
    )


async def _linger(receive: Callable[[], Awaitable[Message]]) -> None:
    """Read for a moment what is still sent, and discard it."""
    with anyio.move_on_after(LINGER_S):
        while True:
            message = await receive()
            if message["type"] == "http.disconnect" or not message.get("more_body", False):
                return
