"""The command line as a process: pipes, signals, encodings, sound, the network, what it loads."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

MODULE = "import sys; from image_describer.cli.main import main; sys.exit(main())"
# Every attempt to reach the network ends the process with status 99.
WITHOUT_NETWORK = """
import os, socket, sys
def end(*_, **__):
    os.write(2, b"THE NETWORK WAS USED\\n")
    os._exit(99)
for name in ("connect", "connect_ex", "sendto"):
    setattr(socket.socket, name, end)
for name in ("getaddrinfo", "gethostbyname", "create_connection"):
    setattr(socket, name, end)
"""
PRINT_LOADED = """
from image_describer.cli.main import main
status = main()
print(*sorted({name.split(".")[0] for name in sys.modules}), file=sys.stderr)
sys.exit(status)
"""
# Tracebacks and the warnings of Python or of C++ libraries are not sentences for users.
NOISE = re.compile(r"Traceback|Warning|Exception ignored|^\w+: /|^[IWEF]\d{4} |INFO:", re.MULTILINE)

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals and pipes")


@pytest.fixture
def picture(photo) -> Path:
    return photo()


@pytest.fixture
def environment(own_folders: dict[str, str], tiny_bundle: Path) -> dict[str, str]:
    return {**os.environ, **own_folders, "IMAGE_DESCRIBER_BUNDLE": str(tiny_bundle)}


def start(code: str, words: list[object], environment: dict[str, str], **options):
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, words)],
        env=environment,
        stdin=subprocess.DEVNULL,
        **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options},
    )


def finish(process: subprocess.Popen) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=60)
    error = err.decode(errors="replace")
    assert not NOISE.search(error), error
    return process.returncode, (out or b"").decode(errors="replace"), error


def test_the_installed_script_describes_without_a_word_on_stderr(environment, picture):
    script = Path(sys.executable).with_name("image-describer")
    assert script.exists(), "the package is not installed"
    done = subprocess.run([script, "describe", picture], env=environment, capture_output=True)
    assert (done.returncode, done.stderr, done.stdout.count(b"\n")) == (0, b"", 1)


def test_match_as_a_process(environment, picture, shipped_bundle):
    words = ["match", "--bundle", shipped_bundle, picture, "a dog", "a cat"]
    status, out, err = finish(start(MODULE, words, environment))
    assert (status, err, out.count("\n")) == (0, "", 2)


def test_speech_needs_neither_tensorflow_nor_the_network(environment, picture, tmp_path):
    file = tmp_path / "spoken.mp3"
    words = ["describe", "--json", "--save-speech", file, picture]
    status, out, err = finish(start(WITHOUT_NETWORK + PRINT_LOADED, words, environment, cwd="/"))
    assert status == 0, err
    assert json.loads(out)["file"] == str(picture)
    assert file.stat().st_size > 3_000
    loaded = set(err.split())
    assert "ai_edge_litert" in loaded
    assert not loaded & {"tensorflow", "keras", "tkinter", "gtts", "requests", "matplotlib"}


def test_online_speech_would_use_the_network(environment, picture, tmp_path):
    """Otherwise the test above would prove nothing."""
    words = ["describe", "--online", "--save-speech", tmp_path / "spoken.mp3", picture]
    process = start(WITHOUT_NETWORK + PRINT_LOADED, words, environment)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 99
    assert b"THE NETWORK WAS USED" in err


def test_an_offline_doctor_does_not_use_the_network(environment):
    status, out, err = finish(start(WITHOUT_NETWORK + MODULE, ["doctor", "--offline"], environment))
    assert status in (0, 1), err
    assert "network: not tried. You chose to stay offline.\n" in out


def test_a_closed_pipe_is_not_a_fault(environment, picture):
    process = start(MODULE, ["describe", *[picture] * 50], environment)
    assert process.stdout is not None
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr is not None
    assert process.stderr.read() == b""
    assert process.wait(timeout=60) == 141


def test_each_line_is_printed_at_once_and_control_c_is_quiet(environment, picture):
    process = start(MODULE, ["describe", "--json", *[picture] * 5_000], environment)
    assert process.stdout is not None
    assert json.loads(process.stdout.readline())["file"] == str(picture)
    assert process.poll() is None
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (130, b"")


@pytest.mark.parametrize("json_option", [[], ["--json"]])
def test_the_c_locale_shows_any_name(environment, picture, json_option):
    locale = {
        **environment,
        **{"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
        "PYTHONIOENCODING": "ascii:strict",
    }
    odd = picture.with_name("größe 猫.jpg")
    picture.rename(odd)
    # Bytes, because that is what a shell passes in this locale.
    words = [os.fsencode(word) for word in ("describe", *json_option, str(odd), f"{odd}.gone")]
    process = subprocess.Popen(
        [sys.executable, "-c", MODULE, *words],
        env=locale,
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


def test_a_name_that_is_not_utf8(environment, picture):
    odd = os.fsencode(picture.parent) + b"/caf\xe9\xff.jpg"
    os.rename(picture, odd)  # pathlib does not accept bytes
    words = ["describe", "--json", os.fsdecode(odd), os.fsdecode(odd + b"x")]
    status, out, err = finish(start(MODULE, words, environment))
    assert status == 2
    assert "caf\\xe9\\xff.jpg" in json.loads(out)["file"]
    assert err.count("\n") == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
def test_a_full_disk_is_one_sentence(environment, picture):
    with Path("/dev/full").open("wb") as full:
        status, _, err = finish(start(MODULE, ["describe", picture], environment, stdout=full))
    assert status == 1
    assert err.count("\n") == 1
    assert "No space left" in err


def test_a_closed_stdout_does_not_matter(environment, picture):
    command = f'exec "$0" -c "{MODULE}" describe "$1" >&-'
    process = subprocess.Popen(
        ["sh", "-c", command, sys.executable, picture], env=environment, stderr=subprocess.PIPE
    )
    _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, b"")


@pytest.mark.sound
def test_speech_is_heard_to_its_end(environment, picture, null_sink, settings_file):
    settings_file.write_text("rate = 450\n")
    words = ["describe", "--speak", picture]
    with null_sink.recording() as heard:
        process = start(MODULE, words, {**environment, **null_sink.environment})
        status, out, err = finish(process)
    assert (status, err) == (0, "")
    (recording,) = heard
    # espeak-ng says some 40 letters per second at this rate.
    assert recording.span_s > len(out) / 80
    assert recording.level_dbfs > -40


@pytest.mark.sound
def test_control_c_stops_the_speech(environment, picture, null_sink):
    words = ["describe", "--speak", *[picture] * 20]
    with null_sink.recording() as heard:
        process = start(MODULE, words, {**environment, **null_sink.environment})
        null_sink.wait_for_sound()
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (130, b"")
    assert heard[0].span_s < 10  # twenty sentences take a minute
