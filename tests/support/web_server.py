"""A web server on loopback whose responses a test defines byte by byte."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterable
from types import TracebackType

TLS_HANDSHAKE = b"\x16\x03"
Answer = bytes | Callable[[], Iterable[bytes]]


def answer(body: bytes, kind: str = "image/jpeg", status: str = "200 OK", *more: str) -> bytes:
    """Return a complete HTTP response."""
    lines = [f"HTTP/1.1 {status}", f"Content-Type: {kind}", f"Content-Length: {len(body)}", *more]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def redirect(location: str, *more: str) -> bytes:
    return answer(b"", "text/plain", "302 Found", f"Location: {location}", *more)


class WebServer:
    """A context manager that serves ``answers``, which maps paths to responses.

    ``requests`` has the heads of the requests so far; ``names`` the names that TLS clients sent.
    """

    def __init__(
        self, address: str = "127.0.0.1", port: int = 0, tls: ssl.SSLContext | None = None
    ) -> None:
        self.answers: dict[str, Answer] = {}
        self.requests: list[str] = []
        self.names: list[str | None] = []
        self._tls = tls
        if tls:
            tls.sni_callback = lambda _socket, name, _context: self.names.append(name)
        self._listener = socket.create_server((address, port))
        self.port: int = self._listener.getsockname()[1]
        self._closed = threading.Event()

    def __enter__(self) -> "WebServer":
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._closed.set()
        self._listener.close()

    def _serve(self) -> None:
        while not self._closed.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._respond, args=(connection,), daemon=True).start()

    def _respond(self, connection: socket.socket) -> None:
        connection.settimeout(20)
        # Clients may disconnect or reject the certificate: tests provoke both.
        with contextlib.suppress(OSError), connection:
            if self._tls:
                connection = self._tls.wrap_socket(connection, server_side=True)
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                more = connection.recv(4096)
                if not more:
                    return
                head += more
                if head.startswith(TLS_HANDSHAKE):
                    connection.sendall(answer(b"", status="400 Bad Request"))
                    return
            text = head.decode("latin-1")
            self.requests.append(text)
            response = self.answers.get(text.split()[1], answer(b"", status="404 Not Found"))
            for part in [response] if isinstance(response, bytes) else response():
                if self._closed.is_set():
                    return
                connection.sendall(part)
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_WR)
                connection.recv(1)
