"""The command line as a process: pipes, signals, encodings, sound, the network, what it loads."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PIL import Image

from tests.support.screen import assert_below

MODULE = "import sys; from image_describer.cli.main import main; sys.exit(main())"
# A process in which the network is cut: every attempt to reach it ends the process with 99.
CUT = """
import os, socket, sys
def cut(*_, **__):
    os.write(2, b"THE NETWORK WAS TOUCHED\\n")
    os._exit(99)
for name in ("connect", "connect_ex", "sendto"):
    setattr(socket.socket, name, cut)
for name in ("getaddrinfo", "gethostbyname", "create_connection"):
    setattr(socket, name, cut)
"""
TELL_LOADED = """
from image_describer.cli.main import main
status = main()
print(*sorted({name.split(".")[0] for name in sys.modules}), file=sys.stderr)
sys.exit(status)
"""
# Traceback, warnings of Python or of C++ libraries: none of these is a sentence for a user.
NOISE = re.compile(r"Traceback|Warning|Exception ignored|^\w+: /|^[IWEF]\d{4} |INFO:", re.MULTILINE)

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="signals and pipes are tested as POSIX has them"
)


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photo.jpg"
    Image.effect_noise((320, 240), 80).convert("RGB").save(path)
    return path


@pytest.fixture
def environment(tmp_path: Path, tiny_bundle: Path) -> dict[str, str]:
    """As a user's, with the tiny model and folders of its own."""
    folders = {f"XDG_{n}_HOME": str(tmp_path / n.lower()) for n in ("CONFIG", "CACHE", "STATE")}
    return {**os.environ, **folders, "IMAGE_DESCRIBER_BUNDLE": str(tiny_bundle)}


def start(code: str, words: list[object], environment: dict[str, str], **more):
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, words)],
        env=environment,
        stdin=subprocess.DEVNULL,
        **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **more},
    )


def finish(process: subprocess.Popen) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=60)
    error = err.decode(errors="replace")
    assert not NOISE.search(error), error
    return process.returncode, (out or b"").decode(errors="replace"), error


def test_stderr_is_empty_when_all_is_well(environment, photo):
    status, out, err = finish(start(MODULE, ["describe", photo], environment))
    assert (status, err) == (0, "")
    assert out.count("\n") == 1


def test_python_m_and_the_script_are_the_same(environment, photo):
    script = Path(sys.executable).with_name("image-describer")
    assert script.exists(), "the package is not installed"
    done = subprocess.run(
        [script, "describe", photo], env=environment, capture_output=True, text=True, timeout=60
    )
    assert finish(start(MODULE, ["describe", photo], environment))[1] == done.stdout


def test_neither_tensorflow_nor_the_network_is_needed(environment, photo, tmp_path):
    """Not even for the speech, offline."""
    file = tmp_path / "spoken.mp3"
    words = ["describe", "--json", "--offline", "--save-speech", file, photo]
    status, out, err = finish(start(CUT + TELL_LOADED, words, environment, cwd="/"))
    assert status == 0, err
    assert json.loads(out)["file"] == str(photo)
    assert file.stat().st_size > 3_000
    loaded = set(err.split())
    assert "ai_edge_litert" in loaded
    assert not loaded & {"tensorflow", "keras", "tkinter", "gtts", "requests", "matplotlib"}


def test_the_cut_would_be_noticed(environment, photo, tmp_path):
    """The same without --offline must touch the network, or the test above proves nothing."""
    words = ["describe", "--save-speech", tmp_path / "spoken.mp3", photo]
    process = start(CUT + TELL_LOADED, words, environment)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 99
    assert b"THE NETWORK WAS TOUCHED" in err


def test_offline_doctor_stays_offline(environment):
    status, out, err = finish(start(CUT + MODULE, ["doctor", "--offline"], environment))
    assert status in (0, 1), err
    assert "network: does not work, and is not needed. Not tried" in out


def test_a_reader_that_goes_away_is_no_fault(environment, photo):
    words = ["describe", *[photo] * 50]
    process = start(MODULE, words, environment)
    assert process.stdout is not None
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr is not None
    assert process.stderr.read() == b""
    assert process.wait(timeout=60) == 141


def test_control_c_ends_it_quietly(environment, photo):
    process = start(MODULE, ["describe", *[photo] * 5_000], environment)
    assert process.stdout is not None
    process.stdout.readline()
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (130, b"")


def test_lines_come_as_they_are_made(environment, photo):
    """A program that reads them must not wait for the last picture."""
    process = start(MODULE, ["describe", "--json", *[photo] * 5_000], environment)
    try:
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["file"] == str(photo)
        assert process.poll() is None
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("json_option", [[], ["--json"]])
def test_the_c_locale_shows_any_name(environment, photo, json_option):
    plain = {
        **environment,
        **{"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
        "PYTHONIOENCODING": "ascii:strict",
    }
    odd = photo.with_name("größe 猫.jpg")
    photo.rename(odd)
    # Bytes, because that is what a shell hands over in this locale.
    words = [os.fsencode(word) for word in ("describe", *json_option, str(odd), f"{odd}.gone")]
    process = subprocess.Popen(
        [sys.executable, "-c", MODULE, *words],
        env=plain,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    status, out, err = finish(process)
    assert status == 2
    assert out.isascii()
    assert err.isascii()
    assert (out.count("\n"), err.count("\n")) == (1, 1)
    if json_option:
        assert json.loads(out)["caption"]


def test_a_name_that_is_no_utf8(environment, photo):
    odd = os.fsencode(photo.parent) + b"/caf\xe9\xff.jpg"
    os.rename(photo, odd)  # pathlib takes no bytes
    words = ["describe", "--json", os.fsdecode(odd), os.fsdecode(odd + b"x")]
    status, out, err = finish(start(MODULE, words, environment))
    assert status == 2
    assert "caf\\xe9\\xff.jpg" in json.loads(out)["file"]
    assert err.count("\n") == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
def test_a_full_disk_is_one_sentence(environment, photo):
    with Path("/dev/full").open("wb") as full:
        process = start(MODULE, ["describe", photo], environment, stdout=full)
        status, _, err = finish(process)
    assert status == 1
    assert err.count("\n") == 1
    assert "No space left" in err


def test_a_closed_stdout_does_not_break_it(environment, photo):
    command = f'exec "$0" -c "{MODULE}" describe "$1" >&-'
    process = subprocess.Popen(
        ["sh", "-c", command, sys.executable, photo], env=environment, stderr=subprocess.PIPE
    )
    _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, b"")


def test_help_answers_at_once(environment):
    began = time.monotonic()
    status, out, _ = finish(start(MODULE, ["describe", "--help"], environment))
    assert time.monotonic() - began < 2  # a busy machine's; by itself it takes 0.1 s
    assert status == 0
    assert "examples:" in out


@pytest.mark.sound
def test_speak_is_heard_to_its_end(environment, photo, null_sink):
    words = ["describe", "--speak", "--offline", photo]
    with null_sink.recording() as heard:
        process = start(MODULE, words, {**environment, **null_sink.environment})
        status, out, err = finish(process)
    assert (status, err) == (0, "")
    (recording,) = heard
    # espeak-ng says some 15 letters a second at its usual rate.
    assert recording.span_s > len(out) / 30
    assert recording.level_dbfs > -40


@pytest.mark.sound
def test_control_c_silences_it(environment, photo, null_sink):
    words = ["describe", "--speak", "--offline", *[photo] * 20]
    with null_sink.recording() as heard:
        process = start(MODULE, words, {**environment, **null_sink.environment})
        null_sink.wait_for_sound()
        time.sleep(0.8)
        process.send_signal(signal.SIGINT)
        stopped = time.monotonic()
        _, err = process.communicate(timeout=60)
        took_s = time.monotonic() - stopped
    assert (process.returncode, err) == (130, b"")
    assert_below(took_s, 1.5)
    assert 0.3 < heard[0].span_s < 4


def test_without_a_sound_card_it_says_so(environment, photo, no_sound_card):
    words = ["describe", "--speak", "--offline", photo]
    status, out, err = finish(start(MODULE, words, {**environment, **no_sound_card}))
    assert status == 0
    assert out.count("\n") == 1
    assert err.count("\n") == 1
    assert "sound output" in err
