"""Running the service: its socket, its start, and its stop."""

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
from image_describer.i18n import _
from image_describer.server.app import create_app
from image_describer.server.config import ServerConfig
from image_describer.server.log import log, logging_to_stderr
from image_describer.stdio import DONE, INTERRUPTED

BACKLOG = 1024
CONNECTIONS_LIMIT = 400  # most systems let a process have 1,024 files open
HEADERS_LIMIT_BYTES = 32_768
KEEP_ALIVE_S = 15
LAST_CALLS_S = 0.5  # responses say that the connection closes, so that no request is lost
GRACE_S = 5  # beyond the time limit of a request
SIGNALS = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGBREAK") if hasattr(signal, name)
)


def serve(config: ServerConfig, on_ready: Callable[[str], None]) -> int:
    """Serve until a signal arrives and return the exit status.

    ``on_ready`` is called with the address once pictures can be described. Raises ServiceError and
    BundleError.
    """
    listening = listen(config.host, config.port)
    address = _address(config.host, listening)
    app = create_app(config, lambda: on_ready(address))
    for name in ("uvicorn.error", "uvicorn.asgi", "asyncio"):  # the service logs what matters
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    uvicorn_config = uvicorn.Config(
        app,
        loop="asyncio",
        http="h11",
        limit_concurrency=CONNECTIONS_LIMIT,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        backlog=BACKLOG,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=round(config.limits.request_s) + GRACE_S,
        h11_max_incomplete_event_size=HEADERS_LIMIT_BYTES,
    )
    with logging_to_stderr():
        _Server(uvicorn_config, app.state.stop).run([listening])
    return DONE


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket. Raises ServiceError."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, *_unused, address = found[0]
        dual_stack = family == socket.AF_INET6 and host == "::" and socket.has_dualstack_ipv6()
        created = socket.create_server(
            address[:2], family=family, backlog=BACKLOG, dualstack_ipv6=dual_stack
        )
    except (socket.gaierror, UnicodeError) as error:
        raise ServiceError(
            _("This computer has no address {host}.").format(host=host),
            _("Choose another one with --host."),
        ) from error
    except OSError as error:
        raise _listen_error(host, port, error) from error
    # asyncio sets TCP_NODELAY only if the socket's protocol is TCP; without it, the body of each
    # response waits 40 ms for the client's acknowledgement of the headers.
    return socket.socket(created.family, created.type, socket.IPPROTO_TCP, fileno=created.detach())


def _listen_error(host: str, port: int, error: OSError) -> ServiceError:
    if error.errno == errno.EADDRINUSE:
        return ServiceError(
            _("Another program uses port {port}.").format(port=port),
            _("Choose another port with --port; 0 is any free port."),
        )
    if error.errno == errno.EACCES:
        return ServiceError(
            _("You don't have permission to use port {port}.").format(port=port),
            _("Choose a port above 1023 with --port."),
        )
    if error.errno == errno.EADDRNOTAVAIL:
        return ServiceError(
            _("This computer has no address {host}.").format(host=host),
            _("Choose another with --host."),
        )
    reason = error.strerror or type(error).__name__
    return ServiceError(
        _("I can't listen on {host}, port {port}: {reason}.").format(
            host=host, port=port, reason=reason
        )
    )


def _address(host: str, listening: socket.socket) -> str:
    port = listening.getsockname()[1]
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


class _Server(uvicorn.Server):
    """Finishes the requests in progress and returns, where uvicorn's own server raises the signal
    again. A second signal ends the process at once.
    """

    def __init__(self, config: uvicorn.Config, on_stop: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_stop = on_stop
        self._stop_requested_at: float | None = None

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self.handle_exit) for number in SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if self._stop_requested_at is not None:
            os._exit(INTERRUPTED)  # the describing processes notice and exit
        self._stop_requested_at = time.monotonic()
        self._on_stop()

    async def on_tick(self, counter: int) -> bool:
        if (
            self._stop_requested_at is not None
            and time.monotonic() - self._stop_requested_at > LAST_CALLS_S
        ):
            log("Stopping after the requests in progress. A second signal stops at once.")
            return True
        return await super().on_tick(counter)
