"""Who trains together, by TF_CONFIG, and the wait until all of them are there.

The workers say hello on the very ports that TensorFlow uses a moment later: TensorFlow itself
waits for a worker without end, and can't be interrupted while it does.
"""

import contextlib
import json
import socket
import threading
import time
from dataclasses import dataclass

from image_describer.errors import TrainingError

MEET_WITHIN_S = 300.0  # the machines are started one after the other, by hand perhaps
ASK_AGAIN_AFTER_S = 0.3
ANSWER_WITHIN_S = 5.0
HELLO, WELCOME = b"image-describer %d\n", b"welcome\n"
HELLO_LIMIT_BYTES = 64
EXAMPLE = '{"cluster": {"worker": ["10.0.0.1:2222", "10.0.0.2:2222"]}, "task": {"type": "worker", "index": 0}}'  # noqa: E501
WAY_OUT = f"Write it as: TF_CONFIG='{EXAMPLE}', with another index on each machine."


@dataclass(frozen=True)
class Place:
    """``workers`` are addresses "host:port", the same on every machine; ``index`` is one's own."""

    workers: tuple[str, ...]
    index: int


def parse(settings: str) -> Place | None:
    """TF_CONFIG -> this worker's place; None without one, or where it is alone.

    Raises TrainingError.
    """
    if not settings.strip():
        return None
    try:
        read = json.loads(settings)
        workers, task = read["cluster"]["worker"], read["task"]
        index = task["index"]
        jobs = set(read["cluster"])
        if task["type"] != "worker" or jobs != {"worker"}:
            raise ValueError("only workers are known here")
        for worker in workers:
            _address(worker)
        if type(index) is not int or not 0 <= index < len(workers):
            raise ValueError(f"there is no worker {index}")
        if len(set(workers)) != len(workers):
            raise ValueError("two workers have the same address")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        reason = f"{error.args[0]} is missing" if isinstance(error, KeyError) else str(error)
        raise TrainingError(f"TF_CONFIG makes no sense: {reason}.", WAY_OUT) from error
    return Place(tuple(workers), index) if len(workers) > 1 else None


def meet(place: Place, within_s: float = MEET_WITHIN_S) -> None:
    """Return when every worker has seen every other. Raises TrainingError after ``within_s``."""
    until = time.monotonic() + within_s
    others = {i for i in range(len(place.workers)) if i != place.index}
    seen: set[int] = set()
    with _listening(place) as door:
        guard = threading.Thread(target=_welcome, args=(door, others, seen, until), daemon=True)
        guard.start()
        greeted: set[int] = set()
        while greeted != others and time.monotonic() < until:
            greeted |= {i for i in others - greeted if _greet(place, i)}
            if greeted != others:
                time.sleep(ASK_AGAIN_AFTER_S)
        guard.join(max(0.0, until - time.monotonic()) + 1.0)
    absent = sorted(others - (greeted & seen))
    if absent:
        names = ", ".join(f"{i} ({place.workers[i]})" for i in absent)
        raise TrainingError(
            f"{len(absent)} of {len(place.workers)} workers did not come within "
            f"{within_s:.0f} seconds: {names}.",
            "Start the same command on every machine that TF_CONFIG names, and let their ports "
            "through the firewall.",
        )


def _address(worker: object) -> tuple[str, int]:
    host, _, port = str(worker).rpartition(":")
    if type(worker) is not str or not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise ValueError(f"{worker!r} is no address like 10.0.0.1:2222")
    return host.strip("[]"), int(port)


def _listening(place: Place) -> socket.socket:
    _, port = _address(place.workers[place.index])
    try:
        return socket.create_server(("", port))
    except OSError as error:
        raise TrainingError(
            f"Port {port} of this worker can't be used: {error.strerror}.",
            "Name a free one in TF_CONFIG, on every machine.",
        ) from error


def _welcome(door: socket.socket, others: set[int], seen: set[int], until: float) -> None:
    """Answer each worker's hello, until all have come or the time is over."""
    door.settimeout(ASK_AGAIN_AFTER_S)
    while seen != others and time.monotonic() < until:
        with contextlib.suppress(OSError, ValueError):
            guest, _ = door.accept()
            with guest:
                guest.settimeout(ANSWER_WITHIN_S)
                name, _, number = guest.recv(HELLO_LIMIT_BYTES).strip().rpartition(b" ")
                if name == HELLO.split()[0] and int(number) in others:
                    guest.sendall(WELCOME)
                    seen.add(int(number))


def _greet(place: Place, other: int) -> bool:
    try:
        with socket.create_connection(_address(place.workers[other]), ANSWER_WITHIN_S) as line:
            line.sendall(HELLO % place.index)
            return line.recv(HELLO_LIMIT_BYTES) == WELCOME
    except OSError:
        return False
