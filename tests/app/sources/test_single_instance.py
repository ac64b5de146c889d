"""A second start hands its files to the open window: real processes, real sockets."""

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
from tests.support.screen import (
    LIMIT_S,
    RunningApp,
    Screen,
    assert_once_below,
    wait_for,
)

pytestmark = pytest.mark.skipif(os.name != "posix", reason="these processes meet on Unix sockets")

# Receives until it is ended, and writes down each thing that it was handed.
WINDOW = """
import json, sys
from image_describer.app.sources.single_instance import Receiver
refuse = sys.argv[2:] == ["refuse"]
def take(handed):
    with open(sys.argv[1], "a") as file:
        file.write(json.dumps(handed) + "\\n")
    return not refuse
receiver = Receiver(take)
print("receives" if receiver.start() else "does not", flush=True)
sys.stdin.read()
receiver.close()
print("closed", flush=True)
"""
START = """
import os, sys, time
from image_describer.app.sources.single_instance import HAND_OVER_LIMIT_S as LIMIT, hand_over
began = time.monotonic()
words = [os.fsdecode(bytes.fromhex(word)) for word in sys.argv[1:]]
offline = "--offline" in words
limit_s = float(os.environ.get("LIMIT_S", LIMIT))
print(int(hand_over([word for word in words if word != "--offline"], offline, limit_s)))
print(time.monotonic() - began)
"""
HAND_OVER_S = 10.0  # more than the usual second: what is tested is who takes the files


class Open:
    """A process that receives as an open window does."""

    def __init__(self, folder: Path, environment: dict[str, str], *words: str) -> None:
        self.file = folder / f"handed-{time.monotonic_ns()}.txt"
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
    def handed(self) -> list[single_instance.StartRequest]:
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
    """A short one: a socket's path may have 103 bytes, and pytest's folders may be longer."""
    with tempfile.TemporaryDirectory(prefix="window-") as folder:
        yield Path(folder)


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    folders = {"XDG_RUNTIME_DIR": tmp_path / "run", "XDG_CONFIG_HOME": tmp_path / "config"}
    for folder in folders.values():
        folder.mkdir(mode=0o700)
    more = {name: str(folder) for name, folder in folders.items()}
    return {**os.environ, **more, "DISPLAY": ":70"}


Opens = Callable[..., Open]


@pytest.fixture
def window(tmp_path: Path, environment: dict[str, str]) -> Iterator[Opens]:
    """``window("refuse", DISPLAY=":1")`` starts an Open; it ends with the test."""
    running: list[Open] = []

    def start(*words: str, **more: str) -> Open:
        running.append(Open(tmp_path, {**environment, **more}, *words))
        return running[-1]

    yield start
    for one in running:
        one.end()


@pytest.fixture
def start(tmp_path: Path, environment: dict[str, str]) -> Callable[..., tuple[bool, float]]:
    """``start(files..., DISPLAY=":1")``: whether an open window took them, and the seconds."""

    def run(*files: str, **more: str) -> tuple[bool, float]:
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
        taken, seconds = done.stdout.split()
        return taken == "1", float(seconds)

    return run


Starts = Callable[..., tuple[bool, float]]


def test_files_reach_the_open_window(window: Opens, start: Starts, tmp_path: Path) -> None:
    first = window()
    assert first.answer == "receives"
    odd = os.fsdecode(b"b\xff\n c.png")
    assert start("a.png", odd, "/x/é.jpg")[0]
    assert start("--offline")[0]
    here = str(tmp_path)
    one, two = first.handed
    assert one.files == [f"{here}/a.png", f"{here}/{odd}", "/x/é.jpg"]
    assert not one.offline
    assert two.files == []
    assert two.offline
    assert first.close() == "closed"
    assert not start("a.png")[0]


def test_without_a_window_nothing_is_waited_for(start: Starts) -> None:
    def seconds() -> float:
        taken, lasted = start("a.png")
        assert not taken
        return lasted

    assert_once_below(seconds, 0.2, "the seconds it takes")


def test_a_window_that_refuses_leaves_the_files_to_the_new_one(
    window: Opens, start: Starts
) -> None:
    first = window("refuse")
    assert not start("a.png")[0]
    assert len(first.handed) == 1


def test_each_display_and_each_folder_of_settings_has_its_own_window(
    window: Opens, start: Starts, tmp_path: Path
) -> None:
    first, second = window(), window(DISPLAY=":71")
    other = tmp_path / "other"
    other.mkdir()
    assert (first.answer, second.answer) == ("receives", "receives")
    assert start("a.png", DISPLAY=":71")[0]
    assert start("b.png", DISPLAY=":70.0")[0]
    assert not start("c.png", DISPLAY=":72")[0]
    assert not start("c.png", XDG_CONFIG_HOME=str(other))[0]
    assert [Path(handed.files[0]).name for handed in first.handed] == ["b.png"]
    assert [Path(handed.files[0]).name for handed in second.handed] == ["a.png"]


def test_a_second_window_runs_without_receiving(window: Opens, start: Starts) -> None:
    first, second = window(), window()
    assert second.answer == "does not"
    assert start("a.png")[0]
    assert second.close() == "closed"
    assert start("b.png")[0], "closing the second one took the first one's socket away"
    assert len(first.handed) == 2


def test_the_place_of_a_killed_window_is_taken(
    window: Opens, start: Starts, tmp_path: Path
) -> None:
    first = window()
    first.process.kill()
    first.process.wait()
    assert sockets(tmp_path), "the killed one was to leave its socket"

    def seconds() -> float:
        taken, lasted = start("a.png")
        assert not taken
        return lasted

    assert_once_below(seconds, 0.5, "the seconds it takes")
    second = window()
    assert second.answer == "receives"
    assert start("b.png")[0]
    assert len(second.handed) == 1


def sockets(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if stat.S_ISSOCK(path.lstat().st_mode)]


def test_a_window_that_hangs_blocks_no_start_and_gets_nothing_later(
    window: Opens, start: Starts
) -> None:
    def seconds() -> float:
        taken, lasted = start("a.png", LIMIT_S=str(single_instance.HAND_OVER_LIMIT_S))
        assert not taken
        return lasted

    first = window()
    first.process.send_signal(signal.SIGSTOP)
    try:
        assert_once_below(seconds, single_instance.HAND_OVER_LIMIT_S + 0.3, "the seconds it takes")
    finally:
        first.process.send_signal(signal.SIGCONT)
    assert start("b.png")[0]
    assert [Path(handed.files[0]).name for handed in first.handed] == ["b.png"]


def test_a_peer_that_stops_in_the_middle_keeps_nobody_out(
    window: Opens, start: Starts, tmp_path: Path
) -> None:
    import socket

    first = window()
    with contextlib.ExitStack() as stack:
        for _ in range(20):
            peer = stack.enter_context(socket.socket(socket.AF_UNIX))
            peer.connect(str(sockets(tmp_path)[0]))
            peer.sendall(b"\0\0")
        assert start("a.png")[0]
    assert len(first.handed) == 1


def test_whoever_does_not_know_the_key_is_not_listened_to(
    window: Opens, start: Starts, tmp_path: Path
) -> None:
    first = window()
    key = tmp_path / "config" / "image-describer" / instance_key.NAME
    key.write_bytes(b"x" * instance_key.LENGTH_BYTES)
    assert not start("a.png")[0]
    assert first.handed == []


def test_what_is_written_is_for_its_user_alone(window: Opens, tmp_path: Path) -> None:
    window()
    key = tmp_path / "config" / "image-describer" / instance_key.NAME
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    (place,) = sockets(tmp_path)
    assert stat.S_IMODE(place.parent.stat().st_mode) == 0o700
    assert place.is_relative_to(tmp_path / "run")


@pytest.mark.parametrize("damage", ["short", "long", "open", "pipe", "link"])
def test_a_key_that_is_damaged_or_open_to_others_is_made_anew(
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


def test_where_the_first_folder_can_t_be_private_another_is_found(
    window: Opens, start: Starts, tmp_path: Path, environment: dict[str, str]
) -> None:
    deep = tmp_path / ("x" * 80) / ("y" * 80)
    deep.mkdir(parents=True, mode=0o700)
    link = tmp_path / "linked"
    link.mkdir(mode=0o700)
    (link / "image-describer").symlink_to(tmp_path)
    for place in (deep, link):
        first = window(XDG_RUNTIME_DIR=str(place))
        assert first.answer == "receives"
        assert start("a.png", XDG_RUNTIME_DIR=str(place))[0]
        assert not sockets(place)
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
    taken = [one.communicate(timeout=LIMIT_S)[0].split()[0] for one in starts]
    assert taken == ["1"] * 6
    assert sorted(handed.files[0] for handed in first.handed) == [f"/{n}.png" for n in range(6)]


@given(st.binary(max_size=200))
def test_wild_bytes_are_no_message(wild: bytes) -> None:
    assert single_instance.parse_message(wild) is None


@given(
    st.recursive(
        st.none() | st.booleans() | st.text(max_size=9) | st.integers(),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["files", "offline", "version", "x"]), inner)
        ),
        max_leaves=9,
    )
)
def test_what_is_read_is_always_what_was_promised(content: object) -> None:
    handed = single_instance.parse_message(json.dumps(content).encode())
    if handed is not None:
        assert all(os.path.isabs(file) for file in handed.files)
        assert isinstance(handed.offline, bool)


@pytest.mark.gui
def test_the_window_s_thread_takes_what_another_asks_without_polling(screen: Screen) -> None:
    code = """
import threading, time, tkinter as tk
from image_describer.app.tasks.event_queue import Inlet
root = tk.Tk()
root.update()
main, seen = threading.get_ident(), []
def receive(value):
    assert threading.get_ident() == main
    seen.append(value)
    if value == "bad":
        raise ValueError
    return value in ("yes", "late")
inlet = Inlet(root, receive)
def ask():
    time.sleep(0.3)
    global idle_s
    began, cpu = time.monotonic(), time.process_time()
    time.sleep(1.0)
    idle_s = time.process_time() - cpu
    answers = [inlet.ask(value, 5.0) for value in ("yes", "no", "bad", "yes")]
    busy.set()  # the window hangs, longer than the limit
    hangs.wait()
    answers.append(inlet.ask("late", 0.2))
    late.set()
    goes_on.wait()
    print(answers, flush=True)
    done.set()
busy, hangs, late, goes_on, done = (threading.Event() for _ in range(5))
thread = threading.Thread(target=ask, daemon=True)
thread.start()
def hang():
    if busy.is_set():
        hangs.set()
        late.wait()
        root.after(500, goes_on.set)
    else:
        root.after(20, hang)
root.after(1000, hang)
def look():
    if done.is_set():
        inlet.close()
        print(inlet.ask("closed", 0.2), seen, idle_s < 0.05)
        root.destroy()
    else:
        root.after(50, look)
root.after(1500, look)
root.mainloop()
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "DISPLAY": screen.display},
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "[True, False, False, True, False]",
        "False ['yes', 'no', 'bad', 'yes'] True",
    ]


@pytest.mark.gui
def test_the_real_program_describes_what_a_second_start_was_given(
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
        later.end()  # it came before the first one listened, and opened a window of its own
        return False

    wait_for(taken, LIMIT_S, "the first window to take the picture")
    first.wait_title(f" - {photo.name} - ")
    assert first.process.poll() is None
    other = app(*words, "--new-window", IMAGE_DESCRIBER_BUNDLE=str(tiny_bundle))
    wait_for(lambda: len(first.screen.windows("Image Describer")) == 2, LIMIT_S, "a second window")
    assert other.process.poll() is None
