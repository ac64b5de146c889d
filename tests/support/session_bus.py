"""A session bus of the test's own, with programs on it; the fixture ``session_bus``."""

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

# Without the services of this machine, which the program would start by calling them.
CONFIG = """<busconfig><type>session</type><listen>unix:tmpdir=/tmp</listen>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/>
<allow own="*"/></policy></busconfig>
"""
StartService = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def session_bus(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[StartService]:
    """``session_bus(MODULE, ARGUMENT, ...)`` runs a script on the bus, until it prints "ready"."""
    if shutil.which("dbus-daemon") is None:
        if os.environ.get("CI"):
            pytest.fail("dbus-daemon is not installed")
        pytest.skip("dbus-daemon is not installed (apt-get install dbus-daemon)")
    with running_bus(tmp_path_factory.mktemp("bus"), monkeypatch.setenv) as start_service:
        yield start_service


@contextlib.contextmanager
def running_bus(folder: Path, set_variable: Callable[[str, str], None]) -> Iterator[StartService]:
    """The same in ``folder``; ``set_variable`` gets the variable that names the bus."""
    started: list[subprocess.Popen[str]] = []

    def start(*command: str) -> "subprocess.Popen[str]":
        program = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        started.append(program)
        return program

    def start_service(script: Path, *arguments: object) -> "subprocess.Popen[str]":
        program = start(sys.executable, str(script), *map(str, arguments))
        assert program.stdout is not None
        assert program.stdout.readline().strip() == "ready"
        return program

    config = folder / "bus.conf"
    config.write_text(CONFIG)
    bus = start(
        "dbus-daemon", f"--config-file={config}", "--nofork", "--nopidfile", "--print-address"
    )
    assert bus.stdout is not None
    set_variable("DBUS_SESSION_BUS_ADDRESS", bus.stdout.readline().strip())
    try:
        yield start_service
    finally:
        _end(started)


def _end(started: "list[subprocess.Popen[str]]") -> None:
    for program in reversed(started):
        program.kill()
        program.wait()
