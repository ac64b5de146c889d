"""The commands and files of docs/service.md and docs/service."""

import argparse
import re
import shlex
import shutil
import subprocess

import pytest
import yaml

from image_describer.cli import serve
from tests.support import tiny
from tests.support.service import sample

DEPLOYMENT = tiny.REPO / "docs" / "service"
DEFAULT_URL = "http://127.0.0.1:8470"


def documentation() -> str:
    return (tiny.REPO / "docs" / "service.md").read_text("utf-8")


def parsed(arguments: list[str]) -> argparse.Namespace:
    """Parse the arguments that follow ``image-describer``."""
    parser = argparse.ArgumentParser()
    serve.add_parser(parser.add_subparsers())
    return parser.parse_args(arguments)


@pytest.mark.parametrize("line", re.findall(r"^ {4}(curl .+)$", documentation(), re.MULTILINE))
def test_the_documented_curl_commands_work(line, library, tmp_path):
    if not shutil.which("curl"):
        pytest.skip("needs curl")
    for name in ("holiday.jpg", "letter.jpg"):
        (tmp_path / name).write_bytes(sample())
    assert DEFAULT_URL in line
    command = line.replace(DEFAULT_URL, library[0].url).replace("curl ", "curl --fail --silent ")
    done = subprocess.run(
        shlex.split(command), capture_output=True, cwd=tmp_path, timeout=60, check=True
    )
    spoken = tmp_path / "holiday.mp3"
    assert (spoken.read_bytes() if "mp3" in line else done.stdout)[:1] in (b"{", b"I", b"\xff")


def test_the_documentation_lists_every_option_and_operation(service, capsys):
    with pytest.raises(SystemExit):
        parsed(["serve", "--help"])
    options = set(re.findall(r"^  (--[a-z-]+)", capsys.readouterr().out, re.MULTILINE))
    listed = set(re.findall(r"`(--[a-z-]+)", documentation()))
    assert len(options) >= 12
    assert options <= listed
    for path, item in service.client.get("/openapi.json").json()["paths"].items():
        for method in item:
            assert f"`{method.upper()} {path}" in documentation(), path


def test_the_systemd_unit_has_valid_options():
    unit = (DEPLOYMENT / "image-describer@.service").read_text("utf-8")
    (line,) = re.findall(r"^ExecStart=(.+)$", unit, re.MULTILINE)
    program, *arguments = shlex.split(line.replace("%i", "8470").replace("%d", "/run/secrets"))
    assert program.endswith("/bin/image-describer")
    assert str(parsed(arguments).token_file) == "/run/secrets/token"
    # Requests in progress end before systemd kills the process.
    (stop_limit_s,) = re.findall(r"^TimeoutStopSec=(\d+)$", unit, re.MULTILINE)
    assert int(stop_limit_s) > parsed(arguments).time_limit + 5


def test_the_compose_file_has_valid_options():
    compose = yaml.safe_load((DEPLOYMENT / "compose.yaml").read_text("utf-8"))
    describer, proxy = compose["services"]["describer"], compose["services"]["proxy"]
    entry = re.findall(r"^ENTRYPOINT (.+)$", (DEPLOYMENT / "Dockerfile").read_text("utf-8"), re.M)
    assert entry == ['["image-describer", "serve"]']
    # Compose requires NAME in its environment.
    command = [re.sub(r"\$\{NAME:\?.+\}$", "pictures.example.org", a) for a in describer["command"]]
    assert command != describer["command"]
    options = parsed(["serve", *command])
    assert str(options.token_file) == f"/run/secrets/{describer['secrets'][0]}"
    assert "ports" not in describer, "only the TLS server may be reachable"
    assert int(describer["stop_grace_period"].removesuffix("s")) > options.time_limit + 5
    nginx = (DEPLOYMENT / "nginx.conf").read_text("utf-8")
    assert f"server describer:{options.port} " in nginx
    assert f"client_max_body_size {options.max_body}m;" in nginx
    assert all(f"/run/secrets/{name};" in nginx for name in proxy["secrets"])
    assert set(compose["secrets"]) == {*describer["secrets"], *proxy["secrets"]}
