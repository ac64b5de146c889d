"""``image-describer serve``: starting, and errors at the start."""

import asyncio
import os
import re
import socket
import subprocess
import sys
from importlib.metadata import version

import pytest

from image_describer import __version__
from image_describer.cli.main import main
from tests.support import tiny
from tests.support.service import RUN, Service


@pytest.fixture
def serve_error(capsys):
    """A function that runs the command, expects an error and returns its one line."""

    def run(*arguments: str) -> str:
        assert main(["serve", *arguments]) == 2
        printed = capsys.readouterr()
        assert not printed.out
        assert printed.err.startswith("image-describer")
        assert len(printed.err.splitlines()) == 1
        return printed.err

    return run


@pytest.fixture
def token(tmp_path):
    """A private file with a token."""
    file = tmp_path / "token"
    file.write_text("0123456789abcdef\n")
    file.chmod(0o600)
    return file


def test_the_command_prints_its_address(service):
    assert service.output == [f"Image Describer listens on {service.url}/. Ctrl+C stops it."]
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+", service.url)
    assert service.client.get("/v1/version").json()["program"] == __version__


def test_the_service_listens_on_loopback_only(service):
    addresses = {info[4][0] for info in socket.getaddrinfo(socket.gethostname(), None)}
    for address in addresses - {"127.0.0.1", "127.0.1.1", "::1"}:
        with pytest.raises(OSError):  # noqa: PT011 - refused, or no such network
            socket.create_connection((address, service.port), timeout=2)


def test_connections_have_nagles_algorithm_off():
    """The second part of a response must not wait until the first is acknowledged."""
    from image_describer.server.run import listen

    async def no_delay_option() -> int:
        option = asyncio.get_running_loop().create_future()

        async def on_connection(_reader, writer):
            connection = writer.get_extra_info("socket")
            option.set_result(connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            writer.close()

        listening = listen("127.0.0.1", 0)
        async with await asyncio.start_server(on_connection, sock=listening):
            _, writer = await asyncio.open_connection(*listening.getsockname())
            writer.close()
            return await option

    assert asyncio.run(no_delay_option())


def test_the_service_listens_on_ipv6(tiny_bundle):
    with Service(tiny_bundle, "--workers", "1", "--host", "::1") as own:
        assert own.output == [f"Image Describer listens on {own.url}/. Ctrl+C stops it."]
        assert own.url.startswith("http://[::1]:")
        assert not own.log
        assert own.client.get("/v1/health").status_code == 200


def test_a_port_in_use_is_reported(serve_error):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        sentence = serve_error("--port", str(taken.getsockname()[1]))
    assert "Another program uses port" in sentence
    assert "--port" in sentence


@pytest.mark.parametrize("host", ["no.such.host.invalid", "256.1.1.1", "a..b", "x" * 300])
def test_unknown_addresses_are_reported(host, token, serve_error):
    assert "no address" in serve_error("--host", host, "--token-file", str(token))


def test_other_addresses_than_loopback_need_a_token(tiny_bundle, token, serve_error):
    assert "token" in serve_error("--host", "0.0.0.0", "--port", "0")
    options = ("--workers", "1", "--host", "0.0.0.0", "--token-file", str(token))
    with Service(tiny_bundle, *options) as own:
        assert own.wait_for_log("TLS")


def test_invalid_tokens_are_reported(tmp_path, token, serve_error):
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
        assert word in serve_error("--token-file", str(file)), file
    if os.name == "posix":
        token.chmod(0o644)
        assert "chmod 600" in serve_error("--token-file", str(token))
        os.mkfifo(tmp_path / "pipe", 0o600)
        serve_error("--token-file", str(tmp_path / "pipe"))


def test_a_missing_bundle_is_reported(tmp_path, serve_error):
    serve_error("--port", "0", "--bundle", str(tmp_path))


@pytest.mark.parametrize("library", ["fastapi", "python_multipart"])
def test_a_missing_extra_is_reported(library, serve_error, monkeypatch):
    monkeypatch.setitem(sys.modules, library, None)
    sentence = serve_error()
    assert "pip install 'image-describer[server]'" in sentence


@pytest.mark.parametrize(
    "arguments",
    [
        ("--port", "70000"),
        ("--port", "http"),
        ("--max-body", "1000"),
        ("--time-limit", "nan"),
        ("--max-in-flight", "1e3"),
        ("--allow-origin", "example.org"),
        ("--allow-origin", "https://example.org/page"),
        ("--allow-origin", "*"),
        ("--allow-origin", "https://[::1"),
        ("--name", "http://pictures.example.org"),
        ("--name", "b\u00fccher.example"),
        ("--allow-url-hosts",),
    ],
)
def test_invalid_options_are_reported(arguments, serve_error):
    assert "Try: image-describer serve --help" in serve_error(*arguments)


def test_help_has_examples_and_loads_nothing_heavy():
    code = f"import sys; sys.argv[1:] = ['serve', '--help']\n{RUN[12:-17]}\nmain()\n"
    code += "print(sorted(m for m in sys.modules if m in ('fastapi', 'numpy', 'uvicorn')))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, cwd=tiny.REPO
    )
    assert done.stdout.splitlines()[-1] == "[]"
    for word in ("curl", "privacy", "exit status", "--token-file", "Accept: audio/mpeg", "TLS"):
        assert word in done.stdout


def test_the_version_is_the_installed_one():
    assert version("image-describer") == __version__
