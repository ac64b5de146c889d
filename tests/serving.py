"""A real service for tests: ``image-describer serve`` in a process of its own, on a free port."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import TracebackType

import httpx

START_LIMIT_S = 60.0
STOP_LIMIT_S = 40.0
LISTENS = re.compile(r"listens on (http://\S+?)/?[.\s]")


class Service:
    """A service that was started with ``arguments``; ``client`` asks it.

    ``url`` has no slash at its end. Used in a with-block, it is stopped at the end of it.
    """

    def __init__(self, bundle: Path, *arguments: str, env: dict[str, str] | None = None) -> None:
        command = [
            sys.executable,
            "-c",
            "import sys; from image_describer.cli import main; sys.exit(main())",
            "serve",
            "--port",
            "0",
            "--bundle",
            str(bundle),
            *arguments,
        ]
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **(env or {})},
        )
        self.log: list[str] = []  # the lines of stderr so far
        self.said: list[str] = []  # the lines of stdout so far
        self._readers = [
            threading.Thread(target=self._read, args=(stream, lines), daemon=True)
            for stream, lines in ((self.process.stderr, self.log), (self.process.stdout, self.said))
        ]
        for reader in self._readers:
            reader.start()
        self.url = self._address()
        self.port = int(self.url.rpartition(":")[2])
        self.client = httpx.Client(base_url=self.url, timeout=30, trust_env=False)

    @staticmethod
    def _read(stream: object, lines: list[str]) -> None:
        for line in stream:  # type: ignore[attr-defined]
            lines.append(line.rstrip("\n"))

    def _address(self) -> str:
        end = time.monotonic() + START_LIMIT_S
        while time.monotonic() < end:
            for line in list(self.said):
                if found := LISTENS.search(line + "\n"):
                    return found[1].rstrip("/")
            if self.process.poll() is not None:
                break
            time.sleep(0.02)
        self.process.kill()
        raise AssertionError("the service did not start:\n" + "\n".join(self.log))

    def stop(self, sign: int = signal.SIGTERM) -> int:
        """Stop it; returns its exit status."""
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(sign)
        try:
            status = self.process.wait(STOP_LIMIT_S)
        finally:
            self.process.kill()
            self.client.close()
        for reader in self._readers:
            reader.join(5)
        return status

    def __enter__(self) -> "Service":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        if self.process.poll() is None:
            self.stop()
