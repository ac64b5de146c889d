"""A fake of the service that gTTS uses, on loopback, which can also misbehave in many ways.

It implements the same protocol (a POST of ``f.req``, an answer in lines of JSON) and records each
request, so that tests can check what was sent.
"""

import base64
import contextlib
import functools
import http.server
import json
import math
import socket
import threading
import time
import urllib.parse
from array import array
from collections.abc import Iterator

import lameenc

RATE_HZ = 24000  # like Google's
TONE_S = 0.8
RPC = "jQ1olc"
SERVICE_PATH = "/_/TranslateWebserverUi/data/batchexecute"


@functools.cache
def tone_mp3(seconds: float = TONE_S, hertz: float = 440.0) -> bytes:
    """An MP3 that differs from speech: one constant tone."""
    count = int(seconds * RATE_HZ)
    wave = (int(12000 * math.sin(2 * math.pi * hertz * i / RATE_HZ)) for i in range(count))
    encoder = lameenc.Encoder()
    encoder.silence()
    encoder.set_channels(1)
    encoder.set_in_sample_rate(RATE_HZ)
    encoder.set_bit_rate(64)
    return bytes(encoder.encode(array("h", wave).tobytes())) + bytes(encoder.flush())


def answer_of(sound: bytes) -> bytes:
    """The answer that contains ``sound``."""
    inner = json.dumps([base64.b64encode(sound).decode()]).replace("=", "\\u003d")
    row = ["wrb.fr", RPC, inner, None, None, None, "generic"]
    line = json.dumps([row, ["di", 42], ["af.httprm", 42, "1", 7]])
    return f")]}}'\n\n{len(line)}\n{line}\n25\n{json.dumps([['e', 4, None, None, 138]])}\n".encode()


class GttsHandler(http.server.BaseHTTPRequestHandler):
    server: "GttsServer"

    def log_message(self, *_: object) -> None:
        pass

    def do_HEAD(self) -> None:
        self.server.heads += 1
        self.send_response(200)
        self.end_headers()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.server.bodies.append(body)
        # The client may give up on a slow answer.
        with contextlib.suppress(ConnectionError):
            getattr(self, f"answer_{self.server.behavior}")()

    def answer_well(self) -> None:
        self._send(200, answer_of(self.server.sound))

    def answer_slowly(self) -> None:
        time.sleep(self.server.delay_s)
        self.answer_well()

    def answer_dripping(self) -> None:
        """Send one byte after the other, and never finish."""
        self.send_response(200)
        self.end_headers()
        for byte in answer_of(self.server.sound):
            self.wfile.write(bytes([byte]))
            self.wfile.flush()
            if self.server.closing.wait(0.05):
                return

    def answer_half(self) -> None:
        """Send half of the answer and close the connection."""
        answer = answer_of(self.server.sound)
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer[: len(answer) // 2])

    def answer_half_and_hang(self) -> None:
        """Send half of the answer and leave the connection open."""
        self.answer_half()
        self.wfile.flush()
        self.server.closing.wait(30)

    def answer_blocked(self) -> None:
        self._send(429, b"<html>unusual traffic from your network</html>")

    def answer_broken(self) -> None:
        self._send(500, b"oops")

    def answer_html(self) -> None:
        self._send(200, b"<html><body>Please accept our cookies</body></html>")

    def answer_noise(self) -> None:
        """Send a well-formed answer whose sound is not MP3."""
        self._send(200, answer_of(bytes(range(256)) * 40))

    def answer_empty(self) -> None:
        self._send(200, b"")

    def answer_other_json(self) -> None:
        self._send(200, f'[["wrb.fr","{RPC}",null,null]]\n[{{"{RPC}": 3}}]\n'.encode())

    def answer_huge(self) -> None:
        self.send_response(200)
        self.end_headers()
        for _ in range(400):
            self.wfile.write(b"x" * 100_000)

    def _send(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class GttsServer(http.server.ThreadingHTTPServer):
    """``behavior`` chooses the answer; ``bodies`` are the bodies of the requests."""

    daemon_threads = True

    def __init__(self, behavior: str = "well", delay_s: float = 0.0) -> None:
        super().__init__(("127.0.0.1", 0), GttsHandler)
        self.behavior, self.delay_s = behavior, delay_s
        self.sound = tone_mp3()
        self.bodies: list[str] = []
        self.heads = 0
        self.closing = threading.Event()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    @property
    def texts(self) -> list[str]:
        """The text of each request."""
        return [str(arguments[0]) for arguments in self.arguments]

    @property
    def arguments(self) -> list[list]:
        """The arguments of each request: the text, the language, ..."""
        return [json.loads(_rpc(body)[0][0][1]) for body in self.bodies]


def _rpc(body: str) -> list:
    return json.loads(urllib.parse.parse_qs(body)["f.req"][0])


@contextlib.contextmanager
def service(behavior: str = "well", delay_s: float = 0.0) -> Iterator[GttsServer]:
    """A running fake service."""
    server = GttsServer(behavior, delay_s)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.closing.set()
        server.shutdown()
        server.server_close()
        thread.join(5)


@contextlib.contextmanager
def closed_port() -> Iterator[str]:
    """An address that refuses connections."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}"


@contextlib.contextmanager
def black_hole() -> Iterator[str]:
    """An address that accepts connections and never answers."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(16)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
