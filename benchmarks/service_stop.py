"""kill -TERM under load: whether an accepted request loses its answer, and how long it takes.

    python benchmarks/service_stop.py [PICTURE...] [--clients 32] [--rounds 5] [--signal TERM]

A real service with the model that ships is asked by so many clients at a time: half of them keep
their connection, half make a new one each time. In the midst of it, it gets the signal. A request
counts as accepted when its last byte was sent before that: it has to get its whole answer, 200. A
later one may be answered, be told 503, or find the connection closed or refused; never half of an
answer. The service has to end with status 0, and then no process of it may be left.
"""

import argparse
import http.client
import json
import random
import signal
import statistics
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import measure
import psutil

sys.path.insert(0, str(measure.HERE.parent))

from image_describer import paths
from tests.support.service import Service

WARM_UP_LIMIT_S = 60  # until each client was answered once
MORE_LOAD_S = 1.0  # at most, and then the signal
LEAVE_S = 2  # a process's own helper (multiprocessing's) may end so much later
TIMEOUT_S = 60
ANSWERED = "200"
REFUSED = "refused"  # no connection
CLOSED = "closed"  # a connection that ended without a byte of an answer
CUT = "cut"  # an answer that ended before its end


@dataclass(frozen=True)
class Asked:
    """One request: when its last byte was sent, and what became of it."""

    sent_at: float
    outcome: str


class Client(threading.Thread):
    """Posts pictures, one after the other, until no connection is to be had."""

    def __init__(self, port: int, pictures: list[bytes], keeps: bool, seed: int) -> None:
        super().__init__(daemon=True)
        self._port = port
        self._pictures = pictures
        self._keeps = keeps
        self._random = random.Random(seed)
        self.asked: list[Asked] = []

    def run(self) -> None:
        connection = self._connection()
        while True:
            if not self._keeps:
                connection.close()
                connection = self._connection()
            try:
                connection.connect() if connection.sock is None else None
            except OSError:
                self.asked.append(Asked(time.monotonic(), REFUSED))
                return
            self.asked.append(self._ask(connection))
            if self.asked[-1].outcome in (CLOSED, CUT):
                connection.close()

    def _connection(self) -> http.client.HTTPConnection:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=TIMEOUT_S)
        connection.auto_open = 0  # a connection is made above, where it is counted
        return connection

    def _ask(self, connection: http.client.HTTPConnection) -> Asked:
        body = self._random.choice(self._pictures)
        sent_at = float("inf")  # not before the signal, if it fails
        try:
            connection.request("POST", "/v1/describe", body, {"Content-Type": "image/jpeg"})
            sent_at = time.monotonic()
            answer = connection.getresponse()
        except (OSError, http.client.HTTPException):
            return Asked(sent_at, CLOSED)
        try:
            json.loads(answer.read())
        except (OSError, http.client.HTTPException, ValueError):
            return Asked(sent_at, CUT)
        return Asked(sent_at, str(answer.status))


def stopped(options: argparse.Namespace, pictures: list[bytes], seed: int) -> dict[str, Any]:
    """One round: what became of the requests before the signal, and of those after it."""
    with Service(paths.bundle_folder()) as service:
        clients = [
            Client(service.port, pictures, keeps=number % 2 == 0, seed=seed * 1000 + number)
            for number in range(options.clients)
        ]
        for client in clients:
            client.start()
        end = time.monotonic() + WARM_UP_LIMIT_S
        while not all(client.asked for client in clients) and time.monotonic() < end:
            time.sleep(0.05)
        time.sleep(random.Random(seed).uniform(0, MORE_LOAD_S))
        processes = psutil.Process(service.process.pid).children(recursive=True)
        answered = sum(one.outcome == ANSWERED for client in clients for one in client.asked)
        at = time.monotonic()
        service.process.send_signal(options.signal)
        status = service.process.wait(TIMEOUT_S)
        took = time.monotonic() - at
    for client in clients:
        client.join(TIMEOUT_S)
    asked = [one for client in clients for one in client.asked]
    before = Counter(one.outcome for one in asked if one.sent_at < at)
    return {
        "answered_before": answered,
        "in_flight": before.total() - answered,
        "in_flight_lost": before.total() - before[ANSWERED],
        "accepted": dict(before),
        "later": dict(Counter(one.outcome for one in asked if one.sent_at >= at)),
        "status": status,
        "took_s": round(took, 2),
        "clients_left": sum(client.is_alive() for client in clients),
        "processes_left": len(psutil.wait_procs(processes, LEAVE_S)[1]),
    }


def is_clean(found: dict[str, Any]) -> bool:
    """Whether nothing was lost in a round."""
    return (
        found["in_flight"] > 0
        and not found["in_flight_lost"]
        and CUT not in found["later"]
        and not (found["status"] or found["clients_left"] or found["processes_left"])
    )


def main() -> int:
    parser = argparse.ArgumentParser(description="Stop the service under load, and count.")
    parser.add_argument("pictures", type=Path, nargs="*", help="JPEGs (the samples)")
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument(
        "--signal", type=lambda name: signal.Signals[f"SIG{name}"], default=signal.SIGTERM
    )
    options = parser.parse_args()
    files = options.pictures or sorted(measure.SAMPLE.parent.glob("*.jpg"))
    pictures = [file.read_bytes() for file in files]
    rounds = []
    for seed in range(options.rounds):
        rounds.append(stopped(options, pictures, seed))
        print(json.dumps(rounds[-1]), flush=True)
    clean = all(is_clean(found) for found in rounds)
    result = {
        "machine": measure.machine(),
        "clients": options.clients,
        "signal": options.signal.name,
        "in_flight": sum(found["in_flight"] for found in rounds),
        "in_flight_lost": sum(found["in_flight_lost"] for found in rounds),
        "took_s": statistics.median(found["took_s"] for found in rounds),
        "rounds": rounds,
    }
    print(
        f"{result['in_flight']} requests were in flight, {result['in_flight_lost']} were lost; "
        f"it ended {result['took_s']:.1f} s after the signal"
    )
    print(f"Written to {measure.write('service_stop', result)}")
    return 0 if clean else 1


if __name__ == "__main__":
    sys.exit(main())
