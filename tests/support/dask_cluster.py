"""A real Dask cluster on this machine: a scheduler and workers, each in its own process."""

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
from image_describer.library.cluster import ClusterPool

START_LIMIT_S = 120.0


class DaskCluster:
    """A scheduler and workers; ``address`` is tcp://127.0.0.1:port."""

    def __init__(self, folder: Path, bundle: Path | None, *options: str) -> None:
        self._folder = folder
        self._bundle = bundle
        self._options = options
        self._scheduler_file = folder / "scheduler.json"
        self.workers: list[subprocess.Popen[bytes]] = []
        self.scheduler = self._start(
            *("scheduler", "--host", "127.0.0.1", "--port", "0"),
            *("--no-dashboard", "--no-show", "--scheduler-file", str(self._scheduler_file)),
        )
        self.address = str(self._wait_for_scheduler()["address"])

    def add_worker(self) -> subprocess.Popen[bytes]:
        """Start a worker with one thread; without Dask's nanny, which would restart it."""
        worker = self._start(
            *("worker", self.address, "--nthreads", "1", "--no-nanny", "--no-dashboard"),
            *("--local-directory", str(self._folder), "--death-timeout", "60"),
        )
        self.workers.append(worker)
        return worker

    def close(self) -> None:
        """Kill all processes, even stopped ones."""
        for process in (*self.workers, self.scheduler):
            with contextlib.suppress(OSError):
                process.kill()
            process.wait()

    def _start(self, *command: str) -> subprocess.Popen[bytes]:
        # As Dask's nanny does: one core for each worker.
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        if self._bundle is not None:
            environment["IMAGE_DESCRIBER_BUNDLE"] = str(self._bundle)
        with (self._folder / "dask.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "dask", *command, *self._options],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self._folder,
                env=environment,
            )

    def _wait_for_scheduler(self) -> dict[str, object]:
        end = time.monotonic() + START_LIMIT_S
        while time.monotonic() < end and self.scheduler.poll() is None:
            with contextlib.suppress(OSError, ValueError):
                return dict(json.loads(self._scheduler_file.read_text()))
            time.sleep(0.1)
        log = (self._folder / "dask.log").read_text(errors="replace")
        self.close()
        raise AssertionError(f"the scheduler did not start:\n{log}")


@contextlib.contextmanager
def dask_cluster(
    folder: Path, workers: int, bundle: Path | None, *options: str
) -> Iterator[DaskCluster]:
    """Run a cluster with ``workers`` workers. ``folder`` is for its files."""
    folder.mkdir(parents=True, exist_ok=True)
    cluster = DaskCluster(folder, bundle, *options)
    try:
        for _ in range(workers):
            cluster.add_worker()
        yield cluster
    finally:
        cluster.close()


def connect(
    found: DaskCluster, bundle: Path | None, workers: int = 2, **settings: bool
) -> ClusterPool:
    """Connect a pool once all workers are there."""
    end = time.monotonic() + START_LIMIT_S
    while True:
        try:
            pool = ClusterPool(found.address, bundle, **settings)
            if pool.threads == workers:
                return pool
            pool.close()
        except ClusterError as error:
            if "no workers" not in str(error):
                raise
        assert time.monotonic() < end, "the workers did not start"
        time.sleep(0.2)


@contextlib.contextmanager
def stopped(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """Stop a process, as if it hung, during the block."""
    process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGCONT)
