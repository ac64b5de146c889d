"""A real service for tests: ``image-describer serve`` in its own process, on a free port."""

import contextlib
import io
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

import httpx
import psutil
import pytest
from PIL import Image

from image_describer.paths import assets_folder
from tests.support import tiny

HOMES = ("HOME", "XDG_DATA_HOME", "LOCALAPPDATA")
START_LIMIT_S = 60.0
RUN = "import sys; from image_describer.cli.main import main; sys.exit(main())"
STOP_LIMIT_S = 40.0
LOG_LIMIT_S = 10.0
SERVICE_WORKERS = 2
# Code that makes the service treat 127.0.0.1 as public and fetches give up early.
ON_LOOPBACK = (
    "import functools; from image_describer.server import fetch, wowme; "
    "wowme.Fetcher = functools.partial(fetch.Fetcher, "
    "is_allowed_ip={'127.0.0.1'}.__contains__, limit_s=1)"
)
LISTENS = re.compile(r"listens on (http://\S+)/\.")


class Service:
    """A service started with ``arguments``; ``client`` is an HTTP client for it.

    ``url`` has no trailing slash. As a context manager, it stops the service at the end.
    ``before`` is code that the process runs first.
    """

    def __init__(
        self,
        bundle: Path,
        *arguments: str,
        env: dict[str, str] | None = None,
        before: str = "",
    ) -> None:
        command = [
            sys.executable,
            "-c",
            f"{before}\n{RUN}",
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
            cwd=tiny.REPO,
            env={**os.environ, **(env or {})},
        )
        self.log: list[str] = []  # the lines of stderr so far
        self.output: list[str] = []  # the lines of stdout so far
        self._readers = [
            threading.Thread(target=self._read, args=(stream, lines), daemon=True)
            for stream, lines in (
                (self.process.stderr, self.log),
                (self.process.stdout, self.output),
            )
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
            for line in list(self.output):
                if found := LISTENS.search(line + "\n"):
                    return found[1].rstrip("/")
            if self.process.poll() is not None:
                break
            time.sleep(0.02)
        self.process.kill()
        raise AssertionError("the service did not start:\n" + "\n".join(self.log))

    @property
    def workers(self) -> list[psutil.Process]:
        """The describing processes."""
        children = psutil.Process(self.process.pid).children()
        found = []
        for process in children:
            with contextlib.suppress(psutil.NoSuchProcess):  # it may have just ended
                if "spawn_main" in " ".join(process.cmdline()):
                    found.append(process)
        return found

    def describe(self, picture: bytes, **more: Any) -> httpx.Response:
        """Send a picture to /v1/describe."""
        headers = {"Content-Type": "application/octet-stream", **more.pop("headers", {})}
        return self.client.post("/v1/describe", content=picture, headers=headers, **more)

    def metric(self, name: str) -> float:
        """Return the sum of a metric's values."""
        lines = self.client.get("/metrics").text.splitlines()
        values = [
            float(line.rpartition(" ")[2])
            for line in lines
            if re.match(rf"{name}(_total)?[ {{]", line)
        ]
        return sum(values)

    def wait_for_log(self, text: str) -> bool:
        """Whether ``text`` appears in the log within LOG_LIMIT_S; lines follow their response."""
        end = time.monotonic() + LOG_LIMIT_S
        while not any(text in line for line in list(self.log)):
            if time.monotonic() > end:
                return False
            time.sleep(0.02)
        return True

    def wait_until_in_flight(self, count: int) -> None:
        """Wait until the service is processing ``count`` requests."""
        end = time.monotonic() + LOG_LIMIT_S
        while self.metric("image_describer_in_flight") < count:
            assert time.monotonic() < end, f"timed out: never {count} requests in flight"
            time.sleep(0.02)

    def stop(self) -> int:
        """Stop the service with SIGTERM and return its exit status."""
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGTERM)
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


def sample(name: str = "cat.jpg") -> bytes:
    """Return a sample photograph."""
    return (assets_folder() / "samples" / name).read_bytes()


def picture_with_alt_text() -> bytes:
    """Return a JPEG with the alt text "Ann on the beach" in its metadata."""
    xmp = (
        b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/'
        b'22-rdf-syntax-ns#"><rdf:Description xmlns:Iptc4xmpCore="http://iptc.org/std/'
        b'Iptc4xmpCore/1.0/xmlns/"><Iptc4xmpCore:AltTextAccessibility><rdf:Alt><rdf:li '
        b'xml:lang="x-default">Ann on the beach</rdf:li></rdf:Alt></Iptc4xmpCore:'
        b"AltTextAccessibility></rdf:Description></rdf:RDF></x:xmpmeta>"
    )
    file = io.BytesIO()
    Image.open(io.BytesIO(sample())).save(file, "JPEG", xmp=xmp)
    return file.getvalue()


@pytest.fixture(scope="session")
def service(tiny_bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service with the tiny bundle and an empty home. Tests must not stop it."""
    home = str(tmp_path_factory.mktemp("home"))
    with Service(
        tiny_bundle, "--workers", str(SERVICE_WORKERS), env=dict.fromkeys(HOMES, home)
    ) as started:
        yield started


def run(env: dict[str, str], *arguments: str) -> str:
    """Run the command line and return what it prints."""
    done = subprocess.run(
        [sys.executable, "-c", RUN, *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, **env},
        timeout=120,
    )
    return done.stdout


@pytest.fixture(scope="session")
def library(
    tmp_path_factory: pytest.TempPathFactory, shipped_bundle: Path
) -> Iterator[tuple[Service, dict[str, str], Path]]:
    """A service for a home with described sample pictures, with its environment and the home."""
    home = tmp_path_factory.mktemp("home")
    shutil.copytree(assets_folder() / "samples", home / "Pictures" / "2019")
    (home / "Pictures" / "2020").mkdir()
    env = {**dict.fromkeys(HOMES, str(home)), "IMAGE_DESCRIBER_BUNDLE": str(shipped_bundle)}
    run(env, "batch", str(home / "Pictures"), "--output", str(home / "out.jsonl"))
    with Service(shipped_bundle, "--workers", "1", env=env) as started:
        yield started, env, home
