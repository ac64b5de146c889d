"""A real service for tests: ``image-describer serve`` in a process of its own, on a free port."""

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
# What no option can do: loopback stands for the public internet, within the service's process.
ON_LOOPBACK = (
    "import functools; from image_describer.server import fetch, wowme; "
    "wowme.Fetcher = functools.partial(fetch.Fetcher, "
    "is_allowed_ip={'127.0.0.1'}.__contains__, limit_s=2)"
)
LISTENS = re.compile(r"listens on (http://\S+)/\.")


class Service:
    """A service that was started with ``arguments``; ``client`` asks it.

    ``url`` has no slash at its end. Used in a with-block, it is stopped at the end of it.
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

    @property
    def workers(self) -> list[psutil.Process]:
        """The processes that describe."""
        children = psutil.Process(self.process.pid).children()
        found = []
        for one in children:
            with contextlib.suppress(psutil.NoSuchProcess):  # it has ended in this moment
                if "spawn_main" in " ".join(one.cmdline()):
                    found.append(one)
        return found

    def describe(self, picture: bytes, **more: Any) -> httpx.Response:
        """Ask what a picture shows."""
        headers = {"Content-Type": "application/octet-stream", **more.pop("headers", {})}
        return self.client.post("/v1/describe", content=picture, headers=headers, **more)

    def metric(self, name: str) -> float:
        """The sum of the values of one of its metrics."""
        lines = self.client.get("/metrics").text.splitlines()
        values = [
            float(line.rpartition(" ")[2])
            for line in lines
            if re.match(rf"{name}(_total)?[ {{]", line)
        ]
        return sum(values)

    def logs(self, text: str) -> bool:
        """Whether a line of the log has ``text``, now or soon: it is written after the answer."""
        end = time.monotonic() + LOG_LIMIT_S
        while not any(text in line for line in list(self.log)):
            if time.monotonic() > end:
                return False
            time.sleep(0.02)
        return True

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


def sample(name: str = "cat.jpg") -> bytes:
    """A photograph that ships."""
    return (assets_folder() / "samples" / name).read_bytes()


def authored() -> bytes:
    """A photograph whose author has written who is in it."""
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
    """A service with the tiny bundle, for a user who has nothing yet. Tests must not stop it."""
    home = str(tmp_path_factory.mktemp("home"))
    with Service(
        tiny_bundle, "--workers", str(SERVICE_WORKERS), env=dict.fromkeys(HOMES, home)
    ) as started:
        yield started


def run(env: dict[str, str], *arguments: str) -> str:
    """What the command line prints."""
    done = subprocess.run(
        [sys.executable, "-c", RUN, *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, **env},
        timeout=120,
    )
    return done.stdout


@pytest.fixture(scope="module")
def library(
    tmp_path_factory: pytest.TempPathFactory, shipped_bundle: Path
) -> Iterator[tuple[Service, dict[str, str], Path]]:
    """A user's home with three pictures described, its environment, and its service."""
    home = tmp_path_factory.mktemp("home")
    shutil.copytree(assets_folder() / "samples", home / "Pictures" / "2019")
    (home / "Pictures" / "2020").mkdir()
    env = {**dict.fromkeys(HOMES, str(home)), "IMAGE_DESCRIBER_BUNDLE": str(shipped_bundle)}
    run(env, "batch", str(home / "Pictures"), "--output", str(home / "out.jsonl"))
    with Service(shipped_bundle, "--workers", "1", env=env) as started:
        yield started, env, home
