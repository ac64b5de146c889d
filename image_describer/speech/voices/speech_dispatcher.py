"""speech-dispatcher: Linux's speech service, with the voice, rate and volume that the user set.

It speaks SSIP over a socket, see
https://htmlpreview.github.io/?https://github.com/brailcom/speechd/blob/master/doc/ssip.html.
It has no braille.
"""

import contextlib
import logging
import os
import shutil
import socket
import subprocess
import threading
import time
from collections import deque
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from pathlib import Path

from image_describer.errors import SpeechError
from image_describer.speech.voices.reader import unreachable
from image_describer.speech.voices.session_bus import BusError, SessionBus

log = logging.getLogger(__name__)

ADDRESS_VARIABLE = "SPEECHD_ADDRESS"  # speech-dispatcher's own
PROGRAM = "speech-dispatcher"
ANSWER_LIMIT_S = 2.0
START_LIMIT_S = 5.0
CLIENT_NAME = "user:image-describer:main"
BEGIN, END, CANCELED = "701", "702", "703"
# A server that never tells an end must not block what comes next.
END_LIMIT_S, END_LIMIT_S_A_CHARACTER = 10.0, 0.3


class SpokenMessage:
    """The playback of one message; the connection tells when it begins and ends."""

    def __init__(self, connection: "SsipConnection") -> None:
        self._connection = connection
        self._over = threading.Event()
        self._lost = False
        self.first_sample_at: float | None = None
        self.limit = float("inf")  # time.monotonic()

    def event(self, code: str) -> None:
        """Called by the connection with BEGIN, END or CANCELED."""
        if code == BEGIN:
            self.first_sample_at = time.monotonic()
        elif code in (END, CANCELED):
            self._over.set()

    def lose(self) -> None:
        """Called when the connection has ended before the message."""
        self._lost = not self._over.is_set()
        self._over.set()

    def stop(self) -> None:
        if not self._over.is_set():
            self._over.set()
            self._connection.send("CANCEL self")  # untranslated

    def wait(self, timeout: float | None = None) -> bool:
        left = max(0.0, self.limit - time.monotonic())
        over = self._over.wait(left if timeout is None else min(timeout, left))
        if self._lost:
            raise unreachable(PROGRAM, "ended")
        return over or time.monotonic() >= self.limit


class SsipConnection:
    """A connection to the server. Raises SpeechError from every method but `close`."""

    def __init__(self, server: socket.socket) -> None:
        self._socket = server
        self._lock = threading.Lock()  # for sending, and for what follows
        # Commands and their answers; the server wants the next only after it answered.
        self._commands: deque[tuple[str, Future[list[str]]]] = deque()
        self._sent = False  # whether the first of them is being answered
        self._messages: dict[str, SpokenMessage] = {}
        self.closed = False
        threading.Thread(target=self._receive, name="speech-dispatcher", daemon=True).start()
        self.ask(f"SET self CLIENT_NAME {CLIENT_NAME}")  # untranslated
        # Queued after what others say, never dropped.
        self.ask("SET self PRIORITY message")  # untranslated
        for event in ("BEGIN", "END", "CANCEL"):
            self.ask(f"SET self NOTIFICATION {event} on")  # untranslated
        self.language = self._own_language = self.ask("GET LANGUAGE")[0]  # untranslated

    def ask(self, command: str) -> list[str]:
        """Send a command and return the lines of its answer, without their codes."""
        return _answer(self.send(command)[0])

    def speak(self, text: str, language: str) -> SpokenMessage:
        """Queue one line of ``text``, by the user's voice where that has the language."""
        wanted = language if _differ(language, self._own_language) else self._own_language
        if wanted != self.language:
            with contextlib.suppress(SpeechError):  # the user's voice reads it
                self.ask(f"SET self LANGUAGE {wanted}")  # untranslated
            self.language = wanted
        line = f".{text}" if text.startswith(".") else text
        # Together, so that no other command can come between.
        started, queued = self.send("SPEAK", f"{line}\r\n.")
        try:
            _answer(started)
            number = _answer(queued)[0]
        except SpeechError:
            # Once it answers again, it must not repeat what another voice has said meanwhile.
            self.send("CANCEL self")  # untranslated
            raise
        with self._lock:
            message = self._messages.setdefault(number, SpokenMessage(self))
            if self.closed:
                message.lose()
        message.limit = time.monotonic() + END_LIMIT_S + END_LIMIT_S_A_CHARACTER * len(text)
        return message

    def send(self, *commands: str) -> "list[Future[list[str]]]":
        """Send commands without waiting for their answers; never raises."""
        answers: list[Future[list[str]]] = [Future() for _ in commands]
        with self._lock:
            self._commands.extend(zip(commands, answers, strict=True))
            self._send_next()
        return answers

    def _send_next(self) -> None:
        """Send the next command, unless one is being answered. Requires the lock."""
        if self.closed:
            self._end()
        elif self._commands and not self._sent:
            self._sent = True
            try:
                self._socket.sendall(f"{self._commands[0][0]}\r\n".encode("utf-8", "replace"))
            except OSError:
                self._end()

    def close(self) -> None:
        """Disconnect; what is queued is still spoken. Idempotent."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def _receive(self) -> None:
        """Read answers and events, which may come between two answers, until the end."""
        answer: list[str] = []
        event: list[str] = []
        with contextlib.suppress(OSError), self._socket.makefile(encoding="utf-8") as lines:
            for line in lines:
                code, last, text = line[:3], line[3:4] == " ", line[4:].strip()
                block = event if code.startswith("7") else answer
                block.append(text if code < "300" or block is event else f"{code} {text}")
                if not last:
                    continue
                with self._lock:
                    if block is event:
                        self._on_event(code, event)
                    elif self._commands:
                        self._commands.popleft()[1].set_result(list(answer))
                        self._sent = False
                        self._send_next()
                block.clear()
        with self._lock:
            self._end()

    def _on_event(self, code: str, lines: list[str]) -> None:
        """Pass on an event; its first line is the number of the message. Requires the lock."""
        # It may come before the answer that has the number.
        message = self._messages.setdefault(lines[0], SpokenMessage(self))
        message.event(code)
        if code in (END, CANCELED):
            # Kept for `speak`, unless that has finished long ago.
            for number in [n for n in self._messages if int(n) < int(lines[0]) - 1]:
                del self._messages[number]

    def _end(self) -> None:
        """Release everyone who waits. Requires the lock."""
        self.closed = True
        self._socket.close()
        while self._commands:
            self._commands.popleft()[1].set_exception(unreachable(PROGRAM, "ended"))
        for message in self._messages.values():
            message.lose()


class SpeechDispatcher:
    """Speaks through the user's speech-dispatcher, which is started if it is not running."""

    name = PROGRAM

    def __init__(self, bus: SessionBus) -> None:
        self._bus = bus
        self._connection: SsipConnection | None = None

    def running(self) -> bool:
        """Whether a screen reader is switched on, for want of its own service."""
        return self._reader_enabled() and self.available()

    def available(self) -> bool:
        open_already = self._connection is not None and not self._connection.closed
        return open_already or socket_path().exists() or shutil.which(PROGRAM) is not None

    def speak(self, text: str, language: str) -> SpokenMessage:
        connection = self._connection
        if connection is None or connection.closed:
            connection = self._connection = SsipConnection(connect())
        return connection.speak(text, language)

    def _reader_enabled(self) -> bool:
        try:
            from jeepney import DBusAddress

            properties = "org.freedesktop.DBus.Properties"
            status = DBusAddress("/org/a11y/bus", "org.a11y.Bus", properties)
            names = ("org.a11y.Status", "ScreenReaderEnabled")
            return self._bus.call(status, "Get", "ss", names)[0][1] is True
        except (ImportError, BusError, TimeoutError, LookupError):
            return False


def socket_path() -> Path:
    """The socket of the user's server."""
    kind, _, path = os.environ.get(ADDRESS_VARIABLE, "").partition(":")
    if kind == "unix_socket" and path:
        return Path(path)
    runtime = os.environ.get("XDG_RUNTIME_DIR") or Path.home() / ".cache"
    return Path(runtime) / "speech-dispatcher" / "speechd.sock"


def connect() -> socket.socket:
    """Connect, starting the server if necessary. Raises SpeechError."""
    path = str(socket_path())
    for attempt in ("running", "started"):
        if attempt == "started":
            _start(path)
        server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            server.settimeout(ANSWER_LIMIT_S)
            server.connect(path)
        except OSError as error:
            server.close()
            log.info("speech-dispatcher, %s: %s", attempt, error)
        else:
            server.settimeout(None)
            return server
    raise unreachable(PROGRAM, "absent")


def _start(path: str) -> None:
    """Start the server, unless the user has forbidden that. Raises SpeechError."""
    command = [PROGRAM, "--spawn", "--communication-method", "unix_socket", "--socket-path", path]
    try:
        subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=START_LIMIT_S,
            check=False,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise unreachable(PROGRAM, error) from error


def _answer(future: "Future[list[str]]") -> list[str]:
    """Wait for an answer. Raises SpeechError, also if it is an error."""
    try:
        lines = future.result(ANSWER_LIMIT_S)
    except FutureTimeout as error:
        raise unreachable(PROGRAM, "silent") from error
    if lines[-1][:1] in ("3", "4", "5") and lines[-1][:3].isdigit():
        raise unreachable(PROGRAM, lines[-1])
    return lines


def _differ(language: str, other: str) -> bool:
    """Whether these are codes of two languages, not of accents of one."""
    return language.casefold()[:2] != other.casefold()[:2]
