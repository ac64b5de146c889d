"""A later start hands its files to the open window, with real processes and sockets."""

import contextlib
import json
import os
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from image_describer.app.sources import instance_key, single_instance
from tests.support.screen import LIMIT_S, RunningApp, wait_for

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs Unix sockets")

# Receives until stdin is closed, and writes each request to a file.
WINDOW = """
import json, sys
from image_describer.app.sources.single_instance import StartReceiver
refuse = sys.argv[2:] == ["refuse"]
def take(request):
    with open(sys.argv[1], "a") as file:
        file.write(json.dumps(request) + "\\n")
    return not refuse
receiver = StartReceiver(take)
print("receives" if receiver.start() else "does not", flush=True)
sys.stdin.read()
receiver.close()
print("closed", flush=True)
"""
START = """
import os, sys
from image_describer.app.sources.single_instance import HAND_OVER_LIMIT_S as LIMIT, hand_over
words = [os.fsdecode(bytes.fromhex(word)) for word in sys.argv[1:]]
offline = "--offline" in words
limit_s = float(os.environ.get("LIMIT_S", LIMIT))
print(int(hand_over([word for word in words if word != "--offline"], offline, limit_s)))
"""
HAND_OVER_S = 10.0  # more than usual, because the machine may be busy


class ReceivingProcess:
    """A process that receives as an open window does."""

    def __init__(self, folder: Path, environment: dict[str, str], *words: str) -> None:
        self.file = folder / f"requests-{time.monotonic_ns()}.txt"
        self.process = subprocess.Popen(
            [sys.executable, "-c", WINDOW, str(self.file), *words],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        self.answer = self.process.stdout.readline().strip()

    @property
    def requests(self) -> list[single_instance.StartRequest]:
        if not self.file.exists():
            return []
        lines = self.file.read_text().splitlines()
        return [single_instance.StartRequest(*json.loads(line)) for line in lines]

    def close(self) -> str:
        return self.process.communicate(timeout=LIMIT_S)[0].strip()

    def end(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()
        self.process.communicate()


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """A short path: a socket's may have 103 bytes, and pytest's folders may be longer."""
    with tempfile.TemporaryDirectory(prefix="window-") as folder:
        yield Path(folder)


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    folders = {"XDG_RUNTIME_DIR": tmp_path / "run", "XDG_CONFIG_HOME": tmp_path / "config"}
    for folder in folders.values():
        folder.mkdir(mode=0o700)
    more = {name: str(folder) for name, folder in folders.items()}
    return {**os.environ, **more, "DISPLAY": ":70"}


Opens = Callable[..., ReceivingProcess]


@pytest.fixture
def window(tmp_path: Path, environment: dict[str, str]) -> Iterator[Opens]:
    """``window("refuse", DISPLAY=":1")`` starts a ReceivingProcess, which ends with the test."""
    running: list[ReceivingProcess] = []

    def start(*words: str, **more: str) -> ReceivingProcess:
        running.append(ReceivingProcess(tmp_path, {**environment, **more}, *words))
        return running[-1]

    yield start
    for process in running:
        process.end()


@pytest.fixture
def start(tmp_path: Path, environment: dict[str, str]) -> Callable[..., bool]:
    """``start(files..., DISPLAY=":1")`` returns whether an open window has taken them."""

    def run(*files: str, **more: str) -> bool:
        done = subprocess.run(
            [sys.executable, "-c", START, *(os.fsencode(file).hex() for file in files)],
            env={**environment, "LIMIT_S": str(HAND_OVER_S), **more},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
        )
        assert done.returncode == 0, done.stderr
        assert not done.stderr
        return done.stdout.strip() == "1"

    return run


Starts = Callable[..., bool]


def test_files_reach_the_open_window(window: Opens, start: Starts, tmp_path: Path) -> None:
    first = window()
    assert first.answer == "receives"
    odd = os.fsdecode(b"b\xff\n c.png")
    assert start("a.png", odd, "/x/é.jpg")
    assert start("--offline")
    here = str(tmp_path)
    with_files, without = first.requests
    assert with_files.files == [f"{here}/a.png", f"{here}/{odd}", "/x/é.jpg"]
    assert not with_files.offline
    assert without.files == []
    assert without.offline
    assert first.close() == "closed"
    assert not start("a.png")


def test_without_a_window_nothing_takes_the_files(start: Starts) -> None:
    assert not start("a.png")


def test_a_window_can_refuse_the_files(window: Opens, start: Starts) -> None:
    first = window("refuse")
    assert not start("a.png")
    assert len(first.requests) == 1


def test_displays_and_settings_folders_have_their_own_windows(
    window: Opens, start: Starts, tmp_path: Path
) -> None:
    first, second = window(), window(DISPLAY=":71")
    other = tmp_path / "other"
    other.mkdir()
    assert (first.answer, second.answer) == ("receives", "receives")
    assert start("a.png", DISPLAY=":71")
    assert start("b.png", DISPLAY=":70.0")
    assert not start("c.png", DISPLAY=":72")
    assert not start("c.png", XDG_CONFIG_HOME=str(other))
    assert [Path(request.files[0]).name for request in first.requests] == ["b.png"]
    assert [Path(request.files[0]).name for request in second.requests] == ["a.png"]


def test_a_second_window_runs_without_receiving(window: Opens, start: Starts) -> None:
    first, second = window(), window()
    assert second.answer == "does not"
    assert start("a.png")
    assert second.close() == "closed"
    assert start("b.png"), "the second window has deleted the first one's socket"
    assert len(first.requests) == 2


def test_the_address_of_a_killed_window_is_reused(
    window: Opens, start: Starts, tmp_path: Path
) -> None:
    first = window()
    first.process.kill()
    first.process.wait()
    assert sockets(tmp_path), "the killed window was to leave its socket"

    assert not start("a.png")
    second = window()
    assert second.answer == "receives"
    assert start("b.png")
    assert len(second.requests) == 1


def sockets(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if stat.S_ISSOCK(path.lstat().st_mode)]


def test_a_window_that_hangs_does_not_get_the_files_later(window: Opens, start: Starts) -> None:
    first = window()
    first.process.send_signal(signal.SIGSTOP)
    try:
        assert not start("a.png", LIMIT_S="0.2")
    finally:
        first.process.send_signal(signal.SIGCONT)
    assert start("b.png")
    assert [Path(request.files[0]).name for request in first.requests] == ["b.png"]


def test_clients_that_hang_do_not_block_others(
    window: Opens, start: Starts, tmp_path: Path
) -> None:
    import socket

    first = window()
    with contextlib.ExitStack() as stack:
        for _ in range(20):
            peer = stack.enter_context(socket.socket(socket.AF_UNIX))
            peer.connect(str(sockets(tmp_path)[0]))
            peer.sendall(b"\0\0")
        assert start("a.png")
    assert len(first.requests) == 1


def test_without_the_key_nothing_is_received(window: Opens, start: Starts, tmp_path: Path) -> None:
    first = window()
    key = tmp_path / "config" / "image-describer" / instance_key.NAME
    key.write_bytes(b"x" * instance_key.LENGTH_BYTES)
    assert not start("a.png")
    assert first.requests == []


def test_the_key_and_the_socket_are_private(window: Opens, tmp_path: Path) -> None:
    window()
    key = tmp_path / "config" / "image-describer" / instance_key.NAME
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    (address,) = sockets(tmp_path)
    assert stat.S_IMODE(address.parent.stat().st_mode) == 0o700
    assert address.is_relative_to(tmp_path / "run")


@pytest.mark.parametrize("damage", ["short", "long", "open", "pipe", "link"])
def test_a_damaged_or_readable_key_is_replaced(
    damage: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    first = instance_key.read()
    assert instance_key.read() == first
    file = tmp_path / "image-describer" / instance_key.NAME
    if damage in ("short", "long"):
        file.write_bytes(b"x" * (instance_key.LENGTH_BYTES + (1 if damage == "long" else -1)))
    elif damage == "open":
        file.chmod(0o644)
    else:
        file.unlink()
        if damage == "pipe":
            os.mkfifo(file)
        else:
            file.symlink_to("/dev/zero")
    second = instance_key.read()
    assert len(second) == instance_key.LENGTH_BYTES
    assert second != first
    assert list(file.parent.iterdir()) == [file]


def test_another_folder_is_used_if_the_first_is_unsuitable(
    window: Opens, start: Starts, tmp_path: Path, environment: dict[str, str]
) -> None:
    deep = tmp_path / ("x" * 80) / ("y" * 80)
    deep.mkdir(parents=True, mode=0o700)
    link = tmp_path / "linked"
    link.mkdir(mode=0o700)
    (link / "image-describer").symlink_to(tmp_path)
    for folder in (deep, link):
        first = window(XDG_RUNTIME_DIR=str(folder))
        assert first.answer == "receives"
        assert start("a.png", XDG_RUNTIME_DIR=str(folder))
        assert not sockets(folder)
        assert first.close() == "closed"


def test_many_starts_at_once_reach_one_window(
    window: Opens, environment: dict[str, str], tmp_path: Path
) -> None:
    first = window()
    starts = [
        subprocess.Popen(
            [sys.executable, "-c", START, os.fsencode(f"/{number}.png").hex()],
            env={**environment, "LIMIT_S": str(HAND_OVER_S)},
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(6)
    ]
    taken = [process.communicate(timeout=LIMIT_S)[0].strip() for process in starts]
    assert taken == ["1"] * 6
    assert sorted(request.files[0] for request in first.requests) == [f"/{n}.png" for n in range(6)]


@given(st.binary(max_size=200))
def test_random_bytes_are_not_a_request(message: bytes) -> None:
    assert single_instance.parse_message(message) is None


@given(
    files=st.lists(st.sampled_from(["/a.png", "b.png", 7])) | st.none(),
    offline=st.booleans() | st.none(),
    version=st.text() | st.none(),
)
def test_only_valid_requests_are_parsed(files: object, offline: object, version: object) -> None:
    content = json.dumps({"files": files, "offline": offline, "version": version}).encode()
    valid = (
        isinstance(files, list)
        and set(files) <= {"/a.png"}
        and offline is not None
        and version is not None
    )
    expected = (files, offline, version) if valid else None
    assert single_instance.parse_message(content) == expected


@pytest.mark.gui
def test_the_program_describes_the_picture_of_a_later_start(
    app: Callable[..., RunningApp], tiny_bundle: Path, tmp_path: Path
) -> None:
    photo = tmp_path / "phôto 1.png"
    Image.radial_gradient("L").convert("RGB").save(photo)
    words = ("--voice", "off")
    first = app(*words, IMAGE_DESCRIBER_BUNDLE=str(tiny_bundle))
    first.wait_title("Image Describer")

    def taken() -> bool:
        later = app(*words, "--offline", str(photo), IMAGE_DESCRIBER_BUNDLE=str(tiny_bundle))
        with contextlib.suppress(subprocess.TimeoutExpired):
            return later.process.wait(timeout=10) == 0
        later.end()  # the first one was not listening yet
        return False

    wait_for(taken, LIMIT_S, "the first window to take the picture")
    first.wait_title(f" - {photo.name} - ")
    assert first.process.poll() is None
    other = app(*words, "--new-window", IMAGE_DESCRIBER_BUNDLE=str(tiny_bundle))
    wait_for(lambda: len(first.screen.windows("Image Describer")) == 2, LIMIT_S, "a second window")
    assert other.process.poll() is None
