"""What docs/service.md and docs/service say about the service: every command is run."""

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

DEPLOYED = tiny.REPO / "docs" / "service"
USUAL = "http://127.0.0.1:8470"


def documentation() -> str:
    return (tiny.REPO / "docs" / "service.md").read_text("utf-8")


def parsed(arguments: list[str]) -> argparse.Namespace:
    """What follows ``image-describer``, as its parser takes it."""
    parser = argparse.ArgumentParser()
    serve.add_parser(parser.add_subparsers())
    return parser.parse_args(arguments)


@pytest.mark.parametrize("line", re.findall(r"^ {4}(curl .+)$", documentation(), re.MULTILINE))
def test_each_curl_line_of_the_documentation_is_answered(line, library, tmp_path):
    if not shutil.which("curl"):
        pytest.skip("needs curl")
    (tmp_path / "holiday.jpg").write_bytes(sample())
    assert USUAL in line
    command = line.replace(USUAL, library[0].url).replace("curl ", "curl --fail --silent ")
    done = subprocess.run(
        shlex.split(command), capture_output=True, cwd=tmp_path, timeout=60, check=True
    )
    spoken = tmp_path / "holiday.mp3"
    assert (spoken.read_bytes() if "mp3" in line else done.stdout)[:1] in (b"{", b"I", b"\xff")


def test_the_documentation_lists_every_option_and_every_address(service, capsys):
    with pytest.raises(SystemExit):
        parsed(["serve", "--help"])
    options = set(re.findall(r"^  (--[a-z-]+)", capsys.readouterr().out, re.MULTILINE))
    listed = set(re.findall(r"`(--[a-z-]+)", documentation()))
    assert len(options) >= 12
    assert options <= listed
    for path, item in service.client.get("/openapi.json").json()["paths"].items():
        for method in item:
            assert f"`{method.upper()} {path}" in documentation(), path


def test_the_systemd_unit_starts_what_can_be_started():
    unit = (DEPLOYED / "image-describer@.service").read_text("utf-8")
    (line,) = re.findall(r"^ExecStart=(.+)$", unit, re.MULTILINE)
    program, *arguments = shlex.split(line.replace("%i", "8470").replace("%d", "/run/secrets"))
    assert program.endswith("/bin/image-describer")
    assert str(parsed(arguments).token_file) == "/run/secrets/token"
    # Requests in progress end before systemd kills the process.
    (patience,) = re.findall(r"^TimeoutStopSec=(\d+)$", unit, re.MULTILINE)
    assert int(patience) > parsed(arguments).time_limit + 5


def test_the_compose_file_starts_what_can_be_started():
    compose = yaml.safe_load((DEPLOYED / "compose.yaml").read_text("utf-8"))
    describer, proxy = compose["services"]["describer"], compose["services"]["proxy"]
    entry = re.findall(r"^ENTRYPOINT (.+)$", (DEPLOYED / "Dockerfile").read_text("utf-8"), re.M)
    assert entry == ['["image-describer", "serve"]']
    # What Compose takes from its environment, and refuses to go without.
    command = [re.sub(r"\$\{NAME:\?.+\}$", "pictures.example.org", a) for a in describer["command"]]
    assert command != describer["command"]
    options = parsed(["serve", *command])
    assert str(options.token_file) == f"/run/secrets/{describer['secrets'][0]}"
    assert "ports" not in describer, "only the server with TLS can be reached"
    assert int(describer["stop_grace_period"].removesuffix("s")) > options.time_limit + 5
    nginx = (DEPLOYED / "nginx.conf").read_text("utf-8")
    assert f"server describer:{options.port} " in nginx
    assert f"client_max_body_size {options.max_body}m;" in nginx
    assert all(f"/run/secrets/{name};" in nginx for name in proxy["secrets"])
    assert set(compose["secrets"]) == {*describer["secrets"], *proxy["secrets"]}
