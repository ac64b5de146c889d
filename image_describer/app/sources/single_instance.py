"""A second start hands its files to the window that is already open, if that answers in time.

The window listens on a socket in a folder that only its user may enter (on Windows: a named pipe);
whoever starts later connects to it. Both sides prove that they know the same key before anything is
told, and what is told is text, never a pickle. Nothing here needs Tk.
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

HAND_OVER_LIMIT_S = 1.0  # a start that waits longer for another window feels broken
MESSAGE_LIMIT_BYTES = 1 << 20  # some thousands of long paths
# Linux allows 107 bytes for a socket's path, macOS and BSD 103.
ADDRESS_LIMIT_BYTES = 103
BACKLOG = 16  # a file manager may start a program once for each selected file
RETRY_S = 1.0  # after a failed accept: no file descriptors left, say
TAKEN, REFUSED = b"taken", b"refused"

log = logging.getLogger(__name__)


class Handed(NamedTuple):
    """What a later start was asked to do.

    ``files``: absolute paths, none if it was started without; ``offline``: whether nothing may be
    sent for them; ``version``: of the program that was started.
    """

    files: list[str]
    offline: bool
    version: str


def hand_over(files: list[str], offline: bool = False, limit_s: float = HAND_OVER_LIMIT_S) -> bool:
    """Whether an open window of this user, on this display, has taken ``files``.

    Never raises, and never takes longer than ``limit_s``: a window that hangs gets nothing, now or
    later, unless it hangs in the very moment between its answer and its work.
    """
    try:
        address = _address()
        if sys.platform != "win32" and not os.path.exists(address):
            return False  # the common case costs no more than this
        attempt = _Attempt(address, _message(files, offline))
    except OSError as error:  # the folder that the program was started in is gone, say
        log.warning("Nothing can be handed to an open window: %s", error)
        return False
    # A thread, because connecting to a program that hangs may block without a limit of its own.
    thread = threading.Thread(target=attempt.run, daemon=True)
    thread.start()
    thread.join(limit_s)
    return attempt.end()


class _Attempt:
    """One try to hand a message over, which may be given up at any time."""

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
        except Exception as error:  # whatever it is, the program opens a window of its own
            log.info("No open window takes the files: %r", error)
            return
        with self._lock:
            self._taken = taken

    def end(self) -> bool:
        """Give up if need be; whether the files were taken."""
        with self._lock:
            self._given_up = True
            return self._taken


class Receiver:
    """Takes what later starts hand over, for as long as the window is open.

    ``callback(handed)`` is called on a thread of the receiver's; it returns whether the window has
    taken the files (`Inlet.ask` carries them to the window's thread). If not, the program that was
    started later opens a window of its own.
    """

    def __init__(self, callback: Callable[[Handed], bool]) -> None:
        self._callback = callback
        self._closed = threading.Event()
        self._listener: Listener | None = None
        self._place: int | None = None
        self._thread: threading.Thread | None = None
        self._address = ""
        self._key = b""

    def start(self) -> bool:
        """Whether this window receives from now on; not if another one has the place.

        Takes some milliseconds and never raises: a window that receives nothing is a window, too.
        """
        from multiprocessing.connection import Listener

        try:
            self._key = instance_key.read()
            self._address = _address()
            self._place = _take_place(self._address)
            self._listener = Listener(self._address, _family(), backlog=BACKLOG)
        except OSError as error:
            log.info("This window receives no files from later starts: %s", error)
            self._leave_place()
            return False
        self._thread = threading.Thread(target=self._accept, args=(self._listener,), daemon=True)
        self._thread.start()
        return True

    def close(self) -> None:
        """Receive no more, and leave the place to others."""
        self._closed.set()
        if self._thread is not None:
            self._wake()
            self._thread.join(HAND_OVER_LIMIT_S)
        if self._listener is not None:
            with contextlib.suppress(OSError):  # somebody has removed the socket
                self._listener.close()
        self._leave_place()

    def _accept(self, listener: "Listener") -> None:
        while not self._closed.is_set():
            try:
                connection = listener.accept()
            except OSError as error:
                if not self._closed.wait(RETRY_S):
                    log.warning("A later start could not be heard: %s", error)
                continue
            # On a thread of its own: whoever stops in the middle must not keep the next one out.
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: "Connection") -> None:
        from multiprocessing.connection import answer_challenge, deliver_challenge

        with connection:
            try:
                deliver_challenge(connection, self._key)
                answer_challenge(connection, self._key)
                handed = read_message(connection.recv_bytes(MESSAGE_LIMIT_BYTES))
                taken = handed is not None and self._take(handed)
                connection.send_bytes(TAKEN if taken else REFUSED)
            except Exception as error:  # a wrong key, a broken pipe, too long a message
                if not self._closed.is_set():
                    log.warning("A later start broke off: %r", error)

    def _take(self, handed: Handed) -> bool:
        try:
            return not self._closed.is_set() and self._callback(handed)
        except Exception:
            log.exception("What a later start handed over could not be taken")
            return False

    def _wake(self) -> None:
        """Let the thread that waits for a connection see that it is closed."""
        from multiprocessing.connection import Client

        with contextlib.suppress(OSError, EOFError):
            Client(self._address, _family()).close()

    def _leave_place(self) -> None:
        if self._place is not None:
            os.close(self._place)
            self._place = None


def _message(files: list[str], offline: bool) -> bytes:
    # Escaped to ASCII, so that a name whose bytes are no UTF-8 arrives as it was.
    content = {
        "files": [str(Path(file).absolute()) for file in files],
        "offline": offline,
        "version": image_describer.__version__,
    }
    return json.dumps(content).encode("ascii")


def read_message(message: bytes) -> Handed | None:
    """What ``message`` says; None if it is none of ours."""
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
    return Handed(files, offline, version)


def _family() -> str:
    return "AF_PIPE" if sys.platform == "win32" else "AF_UNIX"


def _address() -> str:
    """Where the windows of this user, with these settings, on this display meet. Raises OSError."""
    # Tk draws on an X11 display even under Wayland; ":0.0" is the first screen of ":0".
    display = os.environ.get("DISPLAY", "").removesuffix(".0")
    words = (
        os.environ.get("USERNAME", "") if sys.platform == "win32" else str(os.getuid()),
        socket.gethostname(),
        display or os.environ.get("WAYLAND_DISPLAY", ""),
        os.environ.get("SESSIONNAME", ""),  # on Windows: console or remote desktop
        str(config_folder()),
    )
    name = hashlib.sha256("\0".join(words).encode("utf-8", "surrogateescape")).hexdigest()[:16]
    if sys.platform == "win32":
        return rf"\\.\pipe\{APP_NAME}-{name}"
    for folder in _folders():
        address = str(folder / name)
        if len(os.fsencode(address)) <= ADDRESS_LIMIT_BYTES and _make_private(folder):
            return address
    raise OSError("no folder is both private and near enough to the root for a socket")


def _folders() -> Iterator[Path]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about a folder that is not private; looked at below
        folder = platformdirs.user_runtime_dir(APP_NAME, appauthor=False)
    yield Path(folder)
    yield config_folder() / "run"
    if sys.platform != "win32":
        yield Path(tempfile.gettempdir()) / f"{APP_NAME}-{os.getuid()}"


def _make_private(folder: Path) -> bool:
    """Make ``folder`` for this user alone; False if it can't be, or is another's."""
    if sys.platform == "win32":
        return True
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = folder.lstat()  # a link into a folder of somebody else's is no private folder
        if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid():
            return False
        if status.st_mode & 0o077:
            folder.chmod(0o700)
    except OSError:
        return False
    return True


def _take_place(address: str) -> int | None:
    """Be the one who receives at ``address``, until what is returned is closed or the program ends.

    Raises OSError when another has the place. A lock, because the socket of a program that was
    killed stays: who holds the lock may remove it.
    """
    if sys.platform == "win32":
        return None  # a named pipe ends with its program, and a second one can't be made
    import fcntl

    place = os.open(f"{address}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(place, fcntl.LOCK_EX | fcntl.LOCK_NB)
        Path(address).unlink(missing_ok=True)
    except OSError:
        os.close(place)
        raise
    return place
