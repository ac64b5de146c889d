"""``image-describer serve`` as it is typed: how it starts, and why it does not."""

import asyncio
import os
import re
import socket
import subprocess
import sys
import time
from importlib.metadata import version

import pytest

from image_describer import __version__
from tests.support import tiny
from tests.support.service import RUN, Service


def serve(*arguments: str, before: str = "") -> subprocess.CompletedProcess[str]:
    """Run the command, which is expected to end by itself."""
    return subprocess.run(
        [sys.executable, "-c", f"{before}\n{RUN}", "serve", *arguments],
        capture_output=True,
        text=True,
        cwd=tiny.REPO,
        timeout=60,
    )


def refused(done: subprocess.CompletedProcess[str]) -> str:
    """The one sentence, or two, of a command that was refused."""
    assert done.returncode == 2, done.stderr
    assert not done.stdout
    assert done.stderr.startswith("image-describer")
    assert len(done.stderr.splitlines()) == 1
    assert "Traceback" not in done.stderr
    return done.stderr


@pytest.fixture
def token(tmp_path):
    """A file with a token."""
    file = tmp_path / "token"
    file.write_text("0123456789abcdef\n")
    file.chmod(0o600)
    return file


def test_it_says_where_it_listens(tiny_bundle):
    with Service(tiny_bundle, "--workers", "1") as own:
        time.sleep(0.2)
        assert own.said == [f"Image Describer listens on {own.url}/. Ctrl+C stops it."]
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+", own.url)
        assert not own.log
        assert own.client.get("/v1/version").json()["program"] == __version__


def test_only_loopback_is_listened_on(service):
    addresses = {info[4][0] for info in socket.getaddrinfo(socket.gethostname(), None)}
    for address in addresses - {"127.0.0.1", "127.0.1.1", "::1"}:
        with pytest.raises(OSError):  # noqa: PT011 - refused, or no such network
            socket.create_connection((address, service.port), timeout=2)


def test_answers_are_sent_without_delay():
    """Of an answer in two parts, the second does not wait for the first to be acknowledged."""
    from image_describer.server.run import listen

    async def delayed() -> int:
        found = asyncio.get_running_loop().create_future()

        async def asked(_reader, writer):
            made = writer.get_extra_info("socket")
            found.set_result(made.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            writer.close()

        listening = listen("127.0.0.1", 0)
        async with await asyncio.start_server(asked, sock=listening):
            _, writer = await asyncio.open_connection(*listening.getsockname())
            writer.close()
            return await found

    assert asyncio.run(delayed())


def test_ipv6(tiny_bundle):
    with Service(tiny_bundle, "--workers", "1", "--host", "::1") as own:
        assert own.url.startswith("http://[::1]:")
        assert own.client.get("/v1/health").status_code == 200


def test_a_port_that_is_taken():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        sentence = refused(serve("--port", str(taken.getsockname()[1])))
    assert "Another program uses port" in sentence
    assert "--port" in sentence


def test_addresses_that_are_not_there(token):
    for host in ("no.such.host.invalid", "256.1.1.1", "a..b", "x" * 300):
        assert "no address" in refused(serve("--host", host, "--token-file", str(token))), host


def test_off_loopback_it_needs_a_token(tiny_bundle, token):
    assert "token" in refused(serve("--host", "0.0.0.0", "--port", "0"))
    options = ("--workers", "1", "--host", "0.0.0.0", "--token-file", str(token))
    with Service(tiny_bundle, *options) as own:
        assert own.logs("TLS")


def test_tokens_that_cannot_be_used(tmp_path, token):
    empty = tmp_path / "empty"
    empty.touch(mode=0o600)
    short = tmp_path / "short"
    short.write_text("abc")
    spaced = tmp_path / "spaced"
    spaced.write_text("0123456789 abcdef")
    binary = tmp_path / "binary"
    binary.write_bytes(bytes(range(256)))
    for file in (short, spaced, binary):
        file.chmod(0o600)
    for file, word in (
        (tmp_path / "none", "can't be read"),
        (tmp_path, "not a file"),
        (empty, "empty"),
        (short, "at least 16"),
        (spaced, "spaces"),
        (binary, "ASCII"),
    ):
        assert word in refused(serve("--token-file", str(file))), file
    if os.name == "posix":
        token.chmod(0o644)
        assert "chmod 600" in refused(serve("--token-file", str(token)))
        os.mkfifo(tmp_path / "pipe", 0o600)
        refused(serve("--token-file", str(tmp_path / "pipe")))


def test_a_bundle_that_is_not_there(tmp_path):
    refused(serve("--port", "0", "--bundle", str(tmp_path)))


@pytest.mark.parametrize("library", ["fastapi", "uvicorn", "python_multipart", "psutil"])
def test_without_the_extra_it_says_what_to_install(library):
    sentence = refused(serve(before=f"import sys; sys.modules[{library!r}] = None"))
    assert "pip install 'image-describer[server]'" in sentence


@pytest.mark.parametrize(
    "arguments",
    [
        ("--port", "70000"),
        ("--port", "-1"),
        ("--port", "http"),
        ("--workers", "0"),
        ("--max-body", "0"),
        ("--max-body", "1000"),
        ("--time-limit", "nan"),
        ("--max-in-flight", "1e3"),
        ("--allow-origin", "example.org"),
        ("--allow-origin", "https://example.org/page"),
        ("--allow-origin", "*"),
        ("--allow-origin", "https://[::1"),
        ("--name", "http://pictures.example.org"),
        ("--name", "pictures.example.org:443"),
        ("--name", "b\u00fccher.example"),
        ("--allow-url-hosts",),
    ],
)
def test_options_that_make_no_sense(arguments):
    assert "Try: image-describer serve --help" in refused(serve(*arguments))


def test_help_teaches_and_loads_nothing_heavy():
    code = f"import sys; sys.argv[1:] = ['serve', '--help']\n{RUN[12:-17]}\nmain()\n"
    code += "print(sorted(m for m in sys.modules if m in ('fastapi', 'numpy', 'uvicorn')))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, cwd=tiny.REPO
    )
    assert done.stdout.splitlines()[-1] == "[]"
    for word in ("curl", "privacy", "exit status", "--token-file", "Accept: audio/mpeg", "TLS"):
        assert word in done.stdout


def test_the_program_that_runs_is_the_one_that_is_installed():
    assert version("image-describer") == __version__
