"""A real cluster on this machine: Dask's scheduler and workers, each a process of its own."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from image_describer.errors import ClusterError
from image_describer.library.cluster import ClusterEngine

START_LIMIT_S = 120.0


class DaskCluster:
    """A scheduler and workers; ``address`` is tcp://127.0.0.1:port."""

    def __init__(self, folder: Path, bundle: Path | None, *more: str) -> None:
        self._folder = folder
        self._bundle = bundle
        self._more = more
        self._facts = folder / "scheduler.json"
        self.workers: list[subprocess.Popen[bytes]] = []
        self.scheduler = self._start(
            *("scheduler", "--host", "127.0.0.1", "--port", "0"),
            *("--no-dashboard", "--no-show", "--scheduler-file", str(self._facts)),
        )
        self.address = str(self._wait_for_facts()["address"])

    def add_worker(self) -> subprocess.Popen[bytes]:
        """One more worker, of one thread; without Dask's nanny, which would start it again."""
        worker = self._start(
            *("worker", self.address, "--nthreads", "1", "--no-nanny", "--no-dashboard"),
            *("--local-directory", str(self._folder), "--death-timeout", "60"),
        )
        self.workers.append(worker)
        return worker

    def close(self) -> None:
        """Kill all of it, also what a test has stopped."""
        for process in (*self.workers, self.scheduler):
            with contextlib.suppress(OSError):
                process.kill()
            process.wait()

    def _start(self, *command: str) -> subprocess.Popen[bytes]:
        # Dask's nanny would say so: each worker has a core to itself.
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        if self._bundle is not None:
            environment["IMAGE_DESCRIBER_BUNDLE"] = str(self._bundle)
        with (self._folder / "dask.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "dask", *command, *self._more],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self._folder,
                env=environment,
            )

    def _wait_for_facts(self) -> dict[str, object]:
        end = time.monotonic() + START_LIMIT_S
        while time.monotonic() < end and self.scheduler.poll() is None:
            with contextlib.suppress(OSError, ValueError):
                return dict(json.loads(self._facts.read_text()))
            time.sleep(0.1)
        log = (self._folder / "dask.log").read_text(errors="replace")
        self.close()
        raise AssertionError(f"the scheduler did not start:\n{log}")


@contextlib.contextmanager
def dask_cluster(
    folder: Path, workers: int, bundle: Path | None, *more: str
) -> Iterator[DaskCluster]:
    """A cluster with ``workers`` workers, ended with the block. ``folder`` is for its files."""
    folder.mkdir(parents=True, exist_ok=True)
    cluster = DaskCluster(folder, bundle, *more)
    try:
        for _ in range(workers):
            cluster.add_worker()
        yield cluster
    finally:
        cluster.close()


def connect(
    found: DaskCluster, bundle: Path | None, workers: int = 2, **settings: bool
) -> ClusterEngine:
    """An engine, when all workers are there."""
    end = time.monotonic() + START_LIMIT_S
    while True:
        try:
            engine = ClusterEngine(found.address, bundle, **settings)
            if engine.threads == workers:
                return engine
            engine.close()
        except ClusterError as error:
            if "no workers" not in str(error):
                raise
        assert time.monotonic() < end, "the workers did not start"
        time.sleep(0.2)


@contextlib.contextmanager
def stopped(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """A process that hangs meanwhile."""
    process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGCONT)
