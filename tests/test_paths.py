"""Where each system saves screenshots."""

import plistlib
import sys
from pathlib import Path
from types import ModuleType

import pytest

from image_describer import paths


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    monkeypatch.setattr(paths.platformdirs, "user_pictures_dir", lambda: str(tmp_path / "Bilder"))
    return tmp_path


def test_on_linux_it_is_a_folder_among_the_pictures(home: Path, monkeypatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    assert paths.screenshots_folder() == home / "Bilder" / "Screenshots"


@pytest.mark.parametrize(
    ("chosen", "folder"),
    [(None, "Desktop"), ({}, "Desktop"), ({"location": "~/Shots"}, "Shots")],
)
def test_on_macos_it_is_the_chosen_location_or_the_desktop(
    home: Path, monkeypatch, chosen: dict[str, str] | None, folder: str
) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    if chosen is not None:
        file = home / "Library" / "Preferences" / "com.apple.screencapture.plist"
        file.parent.mkdir(parents=True)
        file.write_bytes(plistlib.dumps(chosen))
    assert paths.screenshots_folder() == home / folder


@pytest.mark.parametrize("moved", [True, False])
def test_on_windows_it_is_the_known_folder(home: Path, monkeypatch, moved: bool) -> None:
    class FakeRegistry(ModuleType):
        HKEY_CURRENT_USER = 1

        def OpenKey(self, *_key: object):
            return (home / "registry").open("w")

        def QueryValueEx(self, _key: object, name: str):
            if not moved:
                raise FileNotFoundError(name)
            return "$HOME/Moved", 2

    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setitem(sys.modules, "winreg", FakeRegistry("winreg"))
    expected = home / "Moved" if moved else home / "Bilder" / "Screenshots"
    assert paths.screenshots_folder() == expected
