"""What one client may cost: bytes, time, and a place among those that are worked on."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import anyio
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from image_describer.server import problems
from image_describer.server.config import MEGABYTE, ServerConfig
from image_describer.server.metrics import Metrics
from image_describer.server.problems import Problem

WORK = ("/v1/describe", "/v1/match", "/v1/search", "/wowme")  # the paths that cost more than bytes
HELD_BODIES = 12  # of the largest size: so much is held of all bodies, whoever sends them
RETRY_AFTER_S = 1
LINGER_S = 2.0  # a client that still sends is listened to for so long, or its answer would be lost

GONE = 499  # what nginx logs for a client that went away


@dataclass
class _Request:
    """How far one request is."""

    has_body: bool
    work: bool
    scope: anyio.CancelScope
    complete: bool = False  # its body was read to the end ...
    delivered: bool = False  # ... and the application has it
    received: int = 0
    placed: bool = False  # it is counted among those in flight
    started: bool = False  # its answer was begun
    gone: bool = False
    over: asyncio.Event = field(default_factory=asyncio.Event)
    watcher: "asyncio.Task[None] | None" = None


class LimitsMiddleware:
    """Refuses what is too large (413), too slow (408, 503) or too much at a time (429).

    A body is counted while it comes in, and time from the end of the headers to that of the answer.
    Only a request whose body is there takes a place: whoever sends slowly keeps nobody out. When a
    client goes away, what was done for it is cancelled.
    """

    def __init__(self, app: ASGIApp, settings: ServerConfig, metrics: Metrics) -> None:
        self._app = app
        self._limits = settings.limits
        self._metrics = metrics
        self._placed = 0
        self._held = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        has_body = "transfer-encoding" in headers or headers.get("content-length", "0") != "0"
        work = scope["path"] in WORK
        with anyio.move_on_after(self._limits.request_s) as time:
            request = _Request(has_body, work, time, complete=not has_body)
            try:
                await self._guarded(request, scope, receive, send)
            finally:
                if request.watcher is not None:
                    request.watcher.cancel()
                self._held -= request.received
                if request.placed:
                    self._placed -= 1
                    self._metrics.in_flight.dec()
        if request.gone:
            scope["state"]["gone"] = True
        elif time.cancelled_caught and not request.started:
            answer = self._too_slow(request)
            with anyio.move_on_after(LINGER_S):
                await answer(scope, receive, send)

    async def _guarded(self, request: _Request, scope: Scope, receive: Receive, send: Send) -> None:
        limited_send = self._sender(request, receive, send)
        try:
            declared = Headers(scope=scope).get("content-length", "0")
            if declared.isdecimal() and int(declared[:20]) > self._limits.body_bytes:
                raise self._too_large()
            if request.work:
                self._look_for_room()
            if request.complete:
                self._body_is_there(request, receive)
        except Problem as problem:
            answer = problems.response(problem.status_code, problem.detail, problem.headers)
            await answer(scope, receive, limited_send)
            return
        await self._app(scope, self._receiver(request, receive), limited_send)

    def _receiver(self, request: _Request, receive: Receive) -> Receive:
        async def limited() -> Message:
            if request.complete and request.delivered:
                await request.over.wait()
                return {"type": "http.disconnect"}
            if request.complete:
                request.delivered = True
                return {"type": "http.request", "body": b"", "more_body": False}
            message = await receive()
            if message["type"] == "http.disconnect":
                await self._gone(request)
                return message
            size = len(message.get("body", b""))
            request.received += size
            self._held += size
            if request.received > self._limits.body_bytes:
                raise self._too_large()
            if self._held > HELD_BODIES * self._limits.body_bytes:
                raise _too_many()
            if not message.get("more_body", False) and not request.complete:
                request.complete = request.delivered = True
                self._body_is_there(request, receive)
            return message

        return limited

    def _sender(self, request: _Request, receive: Receive, send: Send) -> Send:
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

    def _look_for_room(self) -> None:
        if self._placed >= self._limits.in_flight:
            raise _too_many()

    def _body_is_there(self, request: _Request, receive: Receive) -> None:
        """Give a request its place, and watch whether its client stays."""
        if not request.work:
            return
        self._look_for_room()
        self._placed += 1
        request.placed = True
        self._metrics.in_flight.inc()
        request.watcher = asyncio.create_task(self._watch(request, receive))

    async def _watch(self, request: _Request, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            continue
        request.over.set()
        if not request.started:
            await self._gone(request)

    @staticmethod
    async def _gone(request: _Request) -> None:
        request.gone = True
        request.over.set()
        request.scope.cancel()

    def _too_large(self) -> Problem:
        limit = self._limits.body_bytes / MEGABYTE
        return Problem(413, f"That is too much: at most {limit:g} MB are taken.")

    def _too_slow(self, request: _Request) -> Any:
        limit = self._limits.request_s
        if request.complete:
            return problems.response(
                503,
                f"It took longer than {limit:g} seconds. Try again later.",
                {"Retry-After": str(RETRY_AFTER_S), "Connection": "close"},
            )
        return problems.response(
            408,
            f"The request did not arrive within {limit:g} seconds.",
            {"Connection": "close"},
        )


def _too_many() -> Problem:
    return Problem(
        429,
        "There is more to do than fits. Try again in a moment.",
        {"Retry-After": str(RETRY_AFTER_S)},
    )


async def _linger(receive: Callable[[], Awaitable[Message]]) -> None:
    """Listen a moment to what is still sent, and forget it."""
    with anyio.move_on_after(LINGER_S):
        while True:
            message = await receive()
            if message["type"] == "http.disconnect" or not message.get("more_body", False):
                return
