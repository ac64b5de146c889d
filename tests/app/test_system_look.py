"""What each system answers about its colours."""

import subprocess
import sys
from types import SimpleNamespace
from typing import Any

import pytest

from image_describer.app import system_look


class Connection:
    """A D-Bus connection that answers with ``values`` of org.freedesktop.appearance."""

    def __init__(self, values: dict[str, Any]) -> None:
        self.values = values

    def __enter__(self) -> "Connection":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def send_and_get_reply(self, _call: object, *, timeout: float) -> Any:
        assert timeout <= 1
        body = ({system_look.APPEARANCE: self.values},)
        return SimpleNamespace(header=SimpleNamespace(message_type=None), body=body)


@pytest.mark.skipif(sys.platform != "linux", reason="asks Linux's desktop portal")
@pytest.mark.parametrize(
    ("values", "look"),
    [
        ({"color-scheme": ("u", 1)}, "dark"),
        ({"color-scheme": ("u", 2)}, "light"),
        ({"color-scheme": ("u", 0), "contrast": ("u", 0)}, "light"),
        ({"color-scheme": ("u", 1), "contrast": ("u", 1)}, "high contrast"),
    ],
)
def test_the_portal_is_asked_first(
    monkeypatch: pytest.MonkeyPatch, values: dict[str, Any], look: str
) -> None:
    import jeepney.io.blocking

    connection = Connection(values)
    monkeypatch.setattr(jeepney.io.blocking, "open_dbus_connection", lambda _bus: connection)
    assert system_look.ask() == look


@pytest.mark.parametrize(
    ("answers", "look"),
    [
        ({"high-contrast": "true\n", "color-scheme": "'default'\n"}, "high contrast"),
        ({"high-contrast": "false\n", "color-scheme": "'prefer-dark'\n"}, "dark"),
        ({"high-contrast": "false\n", "color-scheme": "'default'\n"}, "light"),
        ({}, "light"),
    ],
)
def test_without_a_portal_gsettings_is_asked(
    monkeypatch: pytest.MonkeyPatch, answers: dict[str, str], look: str
) -> None:
    def run(command: tuple[str, ...], **_: object) -> Any:
        if command[-1] not in answers:
            raise FileNotFoundError(command[0])
        return SimpleNamespace(returncode=0, stdout=answers[command[-1]])

    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere")
    monkeypatch.setattr(subprocess, "run", run)
    assert system_look.ask() == look


def test_macos_is_asked_for_its_style(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(command: tuple[str, ...], **_: object) -> Any:
        dark = command[-1] == "AppleInterfaceStyle"
        return SimpleNamespace(returncode=0 if dark else 1, stdout="Dark\n" if dark else "")

    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(subprocess, "run", run)
    assert system_look.ask() == "dark"
