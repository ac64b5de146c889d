"""Fixtures for tests of the command line."""

from collections.abc import Callable
from pathlib import Path

import pytest

from image_describer.cli import main
from tests.support.pictures import photograph


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The program's files go to folders of the test; returns the environment variables for that."""
    names = [f"XDG_{name}_HOME" for name in ("CONFIG", "CACHE", "STATE", "DATA")]
    folders = {name: str(tmp_path / "home" / name.lower()) for name in ("HOME", *names)}
    for name, folder in folders.items():
        monkeypatch.setenv(name, folder)
    return folders


@pytest.fixture
def settings_file(own_folders: dict[str, str]) -> Path:
    """The path of the settings file, in a folder that exists."""
    path = Path(own_folders["XDG_CONFIG_HOME"], "image-describer", "settings.toml")
    path.parent.mkdir(parents=True)
    return path


@pytest.fixture
def photo(tmp_path: Path) -> Callable[..., Path]:
    """``photo("a.jpg")`` saves a small picture like a photograph and returns its path."""

    def save(name: str = "photo.jpg", size: tuple[int, int] = (320, 240)) -> Path:
        path = tmp_path / name
        photograph(*size).save(path)
        return path

    return save


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, list[str], list[str]]]:
    """``run("match", ...)`` returns the status, the lines on stdout and those on stderr."""

    def run_command(*arguments: object) -> tuple[int, list[str], list[str]]:
        status = main.main(list(map(str, arguments)))
        printed = capsys.readouterr()
        return status, printed.out.splitlines(), printed.err.splitlines()

    return run_command


@pytest.fixture
def describe(run, tiny_bundle: Path) -> Callable[..., tuple[int, list[str], list[str]]]:
    """Like ``run("describe", ...)``, with the tiny bundle."""

    def run_describe(*arguments: object) -> tuple[int, list[str], list[str]]:
        return run("describe", "--bundle", tiny_bundle, *arguments)

    return run_describe
