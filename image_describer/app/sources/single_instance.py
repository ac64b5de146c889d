"""A later start of the program hands its files to the window that is already open.

The window listens on a socket in a folder that only its user may enter (on Windows, on a named
pipe); a later start connects to it. Both sides prove that they know the same key before anything is
sent, and what is sent is JSON, never a pickle. Nothing here needs Tk.
"""

import contextlib
import hashlib
import json
import logging
import os
import socket
import stat
import sys
import tempfile
import threading
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import platformdirs

import image_describer
from image_describer.app.sources import instance_key
from image_describer.paths import APP_NAME, config_folder

if TYPE_CHECKING:
    from multiprocessing.connection import Connection, Listener

HAND_OVER_LIMIT_S = 1.0  # a start that waits longer for another window seems broken
MESSAGE_LIMIT_BYTES = 1 << 20  # some thousands of long paths
# Linux allows 107 bytes for the path of a socket, macOS and BSD 103.
ADDRESS_LIMIT_BYTES = 103
BACKLOG = 16  # a file manager may start a program once for each selected file
RETRY_S = 1.0  # after a failed accept, for example without free file descriptors
TAKEN, REFUSED = b"taken", b"refused"

log = logging.getLogger(__name__)


class StartRequest(NamedTuple):
    """What a later start was asked to do.

    ``files``: absolute paths, may be empty; ``offline``: whether it was started with --offline;
    ``version``: that of the later program.
    """

    files: list[str]
    offline: bool
    version: str


def hand_over(files: list[str], offline: bool = False, limit_s: float = HAND_OVER_LIMIT_S) -> bool:
    """Whether an open window of this user, on this display, has taken ``files``.

    Never raises, and takes at most ``limit_s``. A window that does not answer in time does not get
    the files later, either.
    """
    try:
        address = _address()
        if sys.platform != "win32" and not os.path.exists(address):
            return False  # the common case, which must be fast
        attempt = _HandOver(address, _message(files, offline))
    except OSError as error:  # for example: the current folder was deleted
        log.warning("The files can't be handed to an open window: %s", error)
        return False
    # On a thread, because connecting to a program that hangs may block forever.
    thread = threading.Thread(target=attempt.run, daemon=True)
    thread.start()
    thread.join(limit_s)
    return attempt.end()


class _HandOver:
    """One attempt to hand over a message, which can be given up at any time."""

    def __init__(self, address: str, message: bytes) -> None:
        self._address = address
        self._message = message
        self._lock = threading.Lock()
        self._given_up = False
        self._taken = False

    def run(self) -> None:
        from multiprocessing.connection import Client

        try:
            with Client(self._address, _family(), authkey=instance_key.read()) as connection:
                with self._lock:
                    if self._given_up:
                        return
                connection.send_bytes(self._message)
                taken = connection.recv_bytes(len(REFUSED)) == TAKEN
        except Exception as error:  # the program then opens its own window
            log.info("No open window has taken the files: %r", error)
            return
        with self._lock:
            self._taken = taken

    def end(self) -> bool:
        """Give up, unless it is done; whether the files were taken."""
        with self._lock:
            self._given_up = True
            return self._taken


class StartReceiver:
    """Receives the requests of later starts while the window is open.

    ``callback(request)`` is called on one of the receiver's threads and returns whether the window
    has taken the files. If not, the later start opens its own window.
    """

    def __init__(self, callback: Callable[[StartRequest], bool]) -> None:
        self._callback = callback
        self._closed = threading.Event()
        self._listener: Listener | None = None
        self._lock_file: int | None = None
        self._thread: threading.Thread | None = None
        self._address = ""
        self._key = b""

    def start(self) -> bool:
        """Whether this window receives from now on; False if another one already does.

        Takes a few milliseconds and never raises.
        """
        from multiprocessing.connection import Listener

        try:
            self._key = instance_key.read()
            self._address = _address()
            self._lock_file = _lock_address(self._address)
            self._listener = Listener(self._address, _family(), backlog=BACKLOG)
        except OSError as error:
            log.info("This window does not receive files from later starts: %s", error)
            self._unlock()
            return False
        self._thread = threading.Thread(target=self._accept, args=(self._listener,), daemon=True)
        self._thread.start()
        return True

    def close(self) -> None:
        """Receive nothing more, so that another window can."""
        self._closed.set()
        if self._thread is not None:
            self._wake()
            self._thread.join(HAND_OVER_LIMIT_S)
        if self._listener is not None:
            with contextlib.suppress(OSError):  # the socket was deleted
                self._listener.close()
        self._unlock()

    def _accept(self, listener: "Listener") -> None:
        while not self._closed.is_set():
            try:
                connection = listener.accept()
            except OSError as error:
                if not self._closed.wait(RETRY_S):
                    log.warning("A later start could not connect: %s", error)
                continue
            # On a thread of its own, so that a client that hangs does not block the next one.
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: "Connection") -> None:
        from multiprocessing.connection import answer_challenge, deliver_challenge

        with connection:
            try:
                deliver_challenge(connection, self._key)
                answer_challenge(connection, self._key)
                request = parse_message(connection.recv_bytes(MESSAGE_LIMIT_BYTES))
                taken = request is not None and self._take(request)
                connection.send_bytes(TAKEN if taken else REFUSED)
            except Exception as error:  # a wrong key, a broken pipe, too long a message
                if not self._closed.is_set():
                    log.warning("The connection of a later start failed: %r", error)

    def _take(self, request: StartRequest) -> bool:
        try:
            return not self._closed.is_set() and self._callback(request)
        except Exception:
            log.exception("The files of a later start could not be taken")
            return False

    def _wake(self) -> None:
        """Wake the thread that waits for a connection, so that it ends."""
        from multiprocessing.connection import Client

        with contextlib.suppress(OSError, EOFError):
            Client(self._address, _family()).close()

    def _unlock(self) -> None:
        if self._lock_file is not None:
            os.close(self._lock_file)
            self._lock_file = None


def _message(files: list[str], offline: bool) -> bytes:
    # Escaped to ASCII, so that names that are not valid UTF-8 arrive unchanged.
    content = {
        "files": [str(Path(file).absolute()) for file in files],
        "offline": offline,
        "version": image_describer.__version__,
    }
    return json.dumps(content).encode("ascii")


def parse_message(message: bytes) -> StartRequest | None:
    """The request in ``message``; None if it is not one."""
    try:
        content = json.loads(message)
    except (ValueError, RecursionError):
        return None
    if not isinstance(content, dict):
        return None
    files, offline, version = (content.get(name) for name in ("files", "offline", "version"))
    if not (isinstance(files, list) and isinstance(offline, bool) and isinstance(version, str)):
        return None
    if not all(isinstance(file, str) and os.path.isabs(file) for file in files):
        return None
    return StartRequest(files, offline, version)


def _family() -> str:
    return "AF_PIPE" if sys.platform == "win32" else "AF_UNIX"


def _address() -> str:
    """The address for this user, these settings and this display. Raises OSError."""
    # Tk uses X11 even under Wayland; ":0.0" is the first screen of ":0".
    display = os.environ.get("DISPLAY", "").removesuffix(".0")
    parts = (
        os.environ.get("USERNAME", "") if sys.platform == "win32" else str(os.getuid()),
        socket.gethostname(),
        display or os.environ.get("WAYLAND_DISPLAY", ""),
        os.environ.get("SESSIONNAME", ""),  # on Windows: console or remote desktop
        str(config_folder()),
    )
    name = hashlib.sha256("\0".join(parts).encode("utf-8", "surrogateescape")).hexdigest()[:16]
    if sys.platform == "win32":
        return rf"\\.\pipe\{APP_NAME}-{name}"
    for folder in _folders():
        address = str(folder / name)
        if len(os.fsencode(address)) <= ADDRESS_LIMIT_BYTES and _make_private(folder):
            return address
    raise OSError("no private folder has a path short enough for a socket")


def _folders() -> Iterator[Path]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about a folder that is not private; checked below
        folder = platformdirs.user_runtime_dir(APP_NAME, appauthor=False)
    yield Path(folder)
    yield config_folder() / "run"
    if sys.platform != "win32":
        yield Path(tempfile.gettempdir()) / f"{APP_NAME}-{os.getuid()}"


def _make_private(folder: Path) -> bool:
    """Create ``folder`` for this user only; False if that fails or it belongs to another user."""
    if sys.platform == "win32":
        return True
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = folder.lstat()  # not stat: a link may lead to another user's folder
        if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid():
            return False
        if status.st_mode & 0o077:
            folder.chmod(0o700)
    except OSError:
        return False
    return True


def _lock_address(address: str) -> int | None:
    """Lock ``address`` until the returned file descriptor is closed or the program ends.

    Raises OSError if another program has locked it. The socket of a program that was killed stays;
    the owner of the lock may delete it.
    """
    if sys.platform == "win32":
        return None  # a named pipe ends with its program, and can't be created twice
    import fcntl

    lock_file = os.open(f"{address}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        Path(address).unlink(missing_ok=True)
    except OSError:
        os.close(lock_file)
        raise
    return lock_file
