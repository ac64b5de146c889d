"""HTTP as uvicorn speaks it, with a limit to how long a connection may keep it waiting."""

import asyncio
import time
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from image_describer.server import problems

HEADERS_S = 10.0  # from the first byte of a request, or the connection's begin, to its last header
READING_S = 20.0  # in which a client has to take in the end of its answer
CONNECTIONS_LIMIT = 400  # most systems let a process have 1,024 files open
HEADERS_LIMIT_BYTES = 32_768


class Protocol(H11Protocol):
    """Closes connections whose clients send no request, or take in no answer.

    Where there are too many, the one that has been silent longest makes room for a new one.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._timer: asyncio.TimerHandle | None = None
        self._silent_since = time.monotonic()
        if len(self.connections) >= CONNECTIONS_LIMIT:
            self._make_room()
        super().connection_made(transport)
        if len(self.connections) > CONNECTIONS_LIMIT:
            transport.abort()
            return
        self._set_timer(HEADERS_S, self._abort)

    def connection_lost(self, exc: Exception | None) -> None:
        self._clear_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        waits_for_headers = not self.is_busy
        super().data_received(data)
        if self.is_busy:
            self._clear_timer()
        elif waits_for_headers and self._timer is None:
            self._silent_since = time.monotonic()
            self._set_timer(HEADERS_S, self._abort)

    def on_response_complete(self) -> None:
        self._clear_timer()
        self._silent_since = time.monotonic()
        super().on_response_complete()
        if self.transport.get_write_buffer_size():
            self._set_timer(READING_S, self._abort)

    def send_400_response(self, msg: str) -> None:
        """A problem, where an answer can still be given."""
        if self.conn.our_state not in (h11.IDLE, h11.SEND_RESPONSE) or self.is_busy:
            self.transport.abort()
            return
        content = problems.body(400, f"{msg.rstrip('.')}.")
        headers = [
            ("content-type", problems.MEDIA_TYPE),
            ("content-length", str(len(content))),
            ("connection", "close"),
        ]
        events: list[Any] = [
            h11.Response(status_code=400, headers=headers, reason=b"Bad Request"),
            h11.Data(data=content),
            h11.EndOfMessage(),
        ]
        for event in events:
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()

    @property
    def is_busy(self) -> bool:
        """Whether a request is being read or answered."""
        return self.cycle is not None and not self.cycle.response_complete

    def _make_room(self) -> None:
        silent = [c for c in self.connections if isinstance(c, Protocol) and not c.is_busy]
        if silent:
            min(silent, key=lambda one: one._silent_since)._abort()

    def _set_timer(self, seconds: float, then: Any) -> None:
        self._clear_timer()
        self._timer = self.loop.call_later(seconds, then)

    def _clear_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _abort(self) -> None:
        self._timer = None
        self.connections.discard(self)
        self.transport.abort()
