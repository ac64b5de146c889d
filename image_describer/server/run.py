"""Running the service: its socket, its start, and how it stops."""

import contextlib
import errno
import logging
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from types import FrameType

import uvicorn

from image_describer.errors import ServiceError
from image_describer.server.app import create_app
from image_describer.server.config import ServerConfig
from image_describer.server.log import log
from image_describer.server.protocol import HEADERS_LIMIT_BYTES, Protocol
from image_describer.stdio import DONE, INTERRUPTED

BACKLOG = 1024
KEEP_ALIVE_S = 15
LAST_CALLS_S = 0.5  # answers say that the connection closes: nobody sends into a closed one
GRACE_S = 5  # beyond the time that a request may take
SIGNALS = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGBREAK") if hasattr(signal, name)
)


def serve(settings: ServerConfig, on_ready: Callable[[str], None]) -> int:
    """Serve until a signal says to stop; returns the exit status.

    ``on_ready`` is called with the address, once pictures can be described. Raises ServiceError,
    and BundleError.
    """
    listening = listen(settings.host, settings.port)
    address = _address(settings.host, listening)
    app = create_app(settings, lambda: on_ready(address))
    for name in ("uvicorn.error", "uvicorn.asgi", "asyncio"):  # what matters is told in sentences
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    config = uvicorn.Config(
        app,
        loop="asyncio",
        http=Protocol,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        backlog=BACKLOG,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=round(settings.limits.request_s) + GRACE_S,
        h11_max_incomplete_event_size=HEADERS_LIMIT_BYTES,
    )
    _Server(config, app.state.stop).run([listening])
    return DONE


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens. Raises ServiceError."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, _, _, _, address = found[0]
        both = family == socket.AF_INET6 and host == "::" and socket.has_dualstack_ipv6()
        made = socket.create_server(
            address[:2], family=family, backlog=BACKLOG, dualstack_ipv6=both
        )
    except (socket.gaierror, UnicodeError) as error:
        raise ServiceError(
            f"This computer has no address {host}.", "Choose another one with --host."
        ) from error
    except OSError as error:
        raise _unusable(host, port, error) from error
    # asyncio sends without delay (TCP_NODELAY) only where a socket is said to be TCP's; else each
    # answer's body waits 40 ms for the client to have acknowledged its head.
    return socket.socket(made.family, made.type, socket.IPPROTO_TCP, fileno=made.detach())


def _unusable(host: str, port: int, error: OSError) -> ServiceError:
    if error.errno == errno.EADDRINUSE:
        return ServiceError(
            f"Port {port} is taken by another program.",
            "Choose another one with --port, or --port 0 for any that is free.",
        )
    if error.errno == errno.EACCES:
        return ServiceError(
            f"You are not allowed to use port {port}.", "Choose one above 1023 with --port."
        )
    if error.errno == errno.EADDRNOTAVAIL:
        return ServiceError(f"This computer has no address {host}.", "Choose another with --host.")
    reason = error.strerror or type(error).__name__
    return ServiceError(f"I can't listen on {host}, port {port}: {reason}.")


def _address(host: str, listening: socket.socket) -> str:
    port = listening.getsockname()[1]
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


class _Server(uvicorn.Server):
    """uvicorn's server; it finishes what is in flight and returns, where uvicorn's own ends by the
    signal that stopped it. A second signal ends it at once.
    """

    def __init__(self, config: uvicorn.Config, on_stop: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_stop = on_stop
        self._asked_at: float | None = None

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {sign: signal.signal(sign, self.handle_exit) for sign in SIGNALS}
        try:
            yield
        finally:
            for sign, handler in before.items():
                signal.signal(sign, handler)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if self._asked_at is not None:
            os._exit(INTERRUPTED)  # the processes that describe notice, and end
        self._asked_at = time.monotonic()
        self._on_stop()

    async def on_tick(self, counter: int) -> bool:
        if self._asked_at is not None and time.monotonic() - self._asked_at > LAST_CALLS_S:
            log("Stopping: what is in flight is finished. A second signal ends it at once.")
            return True
        return await super().on_tick(counter)
