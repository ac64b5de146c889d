"""Launchers: valid, found by the desktop, started with a picture and heard, and removed again."""

import json
import os
import plistlib
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from image_describer import Describer
from image_describer.cli import main
from image_describer.launcher import (
    LauncherError,
    linux,
    macos,
    manifest,
    program,
    windows,
)
from image_describer.launcher.manifest import InstallManifest
from image_describer.launcher.program import LaunchCommand
from image_describer.metadata import formats
from image_describer.wording import sentence as wording
from tests.support.pictures import encoded, heic
from tests.support.screen import LIMIT_S, Screen, app_folders, wait_for
from tests.support.sound import NullSink

FILE = linux.FILE_NAME
TOOL_LIMIT_S = 30.0
TOOLS = ("desktop-file-validate", "update-desktop-database", "gio")

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="freedesktop launchers are for Linux")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The home folder of a new user, with a desktop; its name contains a space."""
    home = tmp_path / "new user"
    (home / "Desktop").mkdir(parents=True)
    monkeypatch.setenv("HOME", str(home))
    for name, value in app_folders(home).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("XDG_DATA_HOME", str(home / "data"))
    monkeypatch.delenv("XDG_DESKTOP_DIR", raising=False)
    return home


@pytest.fixture
def tools() -> None:
    """The desktop tools; required on CI."""
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if missing and os.environ.get("CI"):
        pytest.fail(f"not installed: {missing}")
    if missing:
        pytest.skip(f"not installed: {missing} (apt-get install desktop-file-utils libglib2.0-bin)")


def tree(folder: Path) -> dict[str, bytes]:
    """Map every path below ``folder`` to its content."""
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else b"a folder"
        for path in sorted(folder.rglob("*"))
    }


def run_tool(*words: object) -> str:
    done = subprocess.run(
        [str(word) for word in words], capture_output=True, text=True, timeout=TOOL_LIMIT_S
    )
    return done.stdout + done.stderr


def launch(launcher: Path, picture: Path) -> None:
    # No pipes, because the program would keep them open.
    command = ["gio", "launch", str(launcher), str(picture)]
    done = subprocess.run(command, stdout=subprocess.DEVNULL, timeout=TOOL_LIMIT_S)
    assert done.returncode == 0


def install() -> None:
    assert main.main(["install-launcher"]) == 0


@on_linux
def test_the_entry_is_valid_and_found_for_every_picture_type(home: Path, tools: None) -> None:
    install()
    applications = home / "data" / "applications"
    for file in (
        applications / FILE,
        applications / linux.SCREEN_FILE_NAME,
        home / "Desktop" / FILE,
    ):
        assert run_tool("desktop-file-validate", file) == ""
    assert os.access(home / "Desktop" / FILE, os.X_OK)
    for names in linux.MIME_TYPES.values():
        for mime_type in names:
            assert FILE in run_tool("gio", "mime", mime_type)
    assert FILE not in run_tool("gio", "mime", "text/plain")


@on_linux
def test_the_mime_types_are_those_of_the_supported_formats(
    home: Path, tools: None, tmp_path: Path
) -> None:
    assert set(linux.MIME_TYPES) == {format_.name for format_ in formats.FORMATS}
    for format_ in formats.FORMATS:
        for suffix in format_.suffixes:
            file = tmp_path / f"picture{suffix}"
            picture = Image.new("RGB", (64, 64))
            name = format_.name
            file.write_bytes(heic(picture) if name == "HEIC" else encoded(picture, name))
            answer = run_tool("gio", "info", "-a", "standard::content-type", file)
            assert answer.split()[-1] in linux.MIME_TYPES[format_.name], (suffix, answer)


@on_linux
def test_the_screen_is_described_by_an_entry_and_by_the_command_that_is_told(
    home: Path, tools: None, tmp_path: Path, capsys, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard = tmp_path / "heard.txt"
    script = tmp_path / "image describer"
    script.write_text(
        f"#!/bin/sh\nprintf '%s|' \"$@\" > '{heard}.new'\nmv '{heard}.new' '{heard}'\n"
    )
    script.chmod(0o755)
    monkeypatch.setattr(program, "_find", lambda *_: LaunchCommand((str(script),)))
    install()
    told = capsys.readouterr().out.splitlines()[-1]
    assert told.startswith("'Describe the screen' is in the applications menu, too.")
    subprocess.run(told.partition("this command: ")[2], shell=True, check=True, timeout=60)
    assert heard.read_text() == "describe|--screen|--speak|"
    heard.unlink()
    entry = home / "data" / "applications" / linux.SCREEN_FILE_NAME
    done = subprocess.run(["gio", "launch", str(entry)], stdout=subprocess.DEVNULL, timeout=60)
    assert done.returncode == 0
    wait_for(heard.exists, TOOL_LIMIT_S, "the program")
    assert heard.read_text() == "describe|--screen|--speak|--delay|1|"


@on_linux
def test_icons_are_in_the_theme(home: Path) -> None:
    install()
    theme = home / "data" / "icons" / "hicolor"
    with Image.open(theme / "256x256" / "apps" / "image-describer.png") as image:
        assert image.size == (256, 256)
    assert b"<svg" in (theme / "scalable" / "apps" / "image-describer.svg").read_bytes()


@on_linux
def test_installing_is_idempotent_and_removing_leaves_nothing(home: Path, capsys) -> None:
    before = tree(home)
    install()
    assert capsys.readouterr().out.startswith("Image Describer is now on the desktop")
    once = tree(home)
    install()
    assert tree(home) == once
    assert len(once) > len(before)
    assert not [name for name in once if ".image-describer-" in name or name.endswith(".new")]
    for expected in ("The launcher was removed", "No launcher is installed"):
        capsys.readouterr()
        assert main.main(["install-launcher", "--remove"]) == 0
        assert capsys.readouterr().out.startswith(expected)
        assert tree(home) == before


@on_linux
def test_files_of_others_are_kept(home: Path, tools: None) -> None:
    install()
    applications = home / "data" / "applications"
    other = (applications / FILE).read_text().replace("Name=Image Describer", "Name=Other")
    (applications / "other.desktop").write_text(other)
    (home / "Desktop" / "note.txt").write_text("mine")
    assert main.main(["install-launcher", "--remove"]) == 0
    left = [path.name for path in home.rglob("*") if path.is_file()]
    assert sorted(left) == ["mimeinfo.cache", "note.txt", "other.desktop"]
    answer = run_tool("gio", "mime", "image/png")
    assert "other.desktop" in answer
    assert FILE not in answer


@on_linux
def test_a_file_of_the_user_is_not_overwritten(home: Path, capsys) -> None:
    own = home / "Desktop" / FILE
    own.write_text("[Desktop Entry]\nName=My own\n")
    assert main.main(["install-launcher"]) == 2
    error = capsys.readouterr().err
    assert str(own) in error
    assert "Traceback" not in error
    assert main.main(["install-launcher", "--remove"]) == 0
    assert [path for path in home.rglob("*") if path.is_file()] == [own]
    assert "My own" in own.read_text()


@on_linux
def test_a_folder_in_place_of_an_installed_file_is_not_removed(home: Path, capsys) -> None:
    install()
    copy = home / "Desktop" / FILE
    copy.unlink()
    copy.mkdir()
    (copy / "note.txt").write_text("mine")
    assert main.main(["install-launcher", "--remove"]) == 2
    assert str(copy) in capsys.readouterr().err
    assert (copy / "note.txt").read_text() == "mine"
    shutil.rmtree(copy)
    assert main.main(["install-launcher", "--remove"]) == 0
    assert list(tree(home)) == ["Desktop"]


@on_linux
def test_an_interrupted_installation_can_be_removed(home: Path, capsys) -> None:
    obstacle = home / "data" / "applications"
    obstacle.parent.mkdir()
    obstacle.write_text("a file where a folder should be")
    assert main.main(["install-launcher"]) == 2
    assert "--remove" in capsys.readouterr().err
    assert list(home.rglob("image-describer.png"))
    assert main.main(["install-launcher", "--remove"]) == 0
    assert [path for path in home.rglob("*") if path.is_file()] == [obstacle]


@on_linux
def test_without_desktop_tools(
    home: Path, tmp_path: Path, capsys, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = tree(home)
    monkeypatch.setenv("PATH", str(tmp_path))
    install()
    assert "apt-get install desktop-file-utils" in capsys.readouterr().out
    assert (home / "data" / "applications" / FILE).is_file()
    assert main.main(["install-launcher", "--remove"]) == 0
    assert tree(home) == before


@on_linux
def test_an_existing_icon_cache_is_updated(home: Path) -> None:
    if shutil.which("gtk-update-icon-cache") is None:
        if os.environ.get("CI"):
            pytest.fail("not installed: gtk-update-icon-cache")
        pytest.skip("not installed: gtk-update-icon-cache (apt-get install gtk-update-icon-cache)")
    theme = home / "data" / "icons" / "hicolor"
    (theme / "48x48" / "apps").mkdir(parents=True)
    Image.new("RGB", (48, 48)).save(theme / "48x48" / "apps" / "other.png")
    cache = theme / "icon-theme.cache"
    cache.write_bytes(b"")
    install()
    assert b"image-describer" in cache.read_bytes()
    assert main.main(["install-launcher", "--remove"]) == 0
    assert b"image-describer" not in cache.read_bytes()
    assert b"other" in cache.read_bytes()


@on_linux
def test_without_a_desktop_folder(home: Path, capsys) -> None:
    (home / "Desktop").rmdir()
    install()
    assert "no desktop folder" in capsys.readouterr().out
    assert not (home / "Desktop").exists()


@on_linux
def test_a_desktop_in_another_language(home: Path) -> None:
    (home / "config").mkdir()
    (home / "config" / "user-dirs.dirs").write_text('XDG_DESKTOP_DIR="$HOME/Bureau été"\n')
    (home / "Bureau été").mkdir()
    install()
    assert (home / "Bureau été" / FILE).is_file()
    assert not (home / "Desktop" / FILE).exists()
    # After the desktop has moved, the next installation removes the copy on the old one.
    (home / "config" / "user-dirs.dirs").unlink()
    install()
    assert not (home / "Bureau été" / FILE).exists()
    assert (home / "Desktop" / FILE).is_file()


@on_linux
def test_an_unwritable_folder_is_reported_in_one_sentence(home: Path, capsys) -> None:
    (home / "data").write_text("a file where a folder should be")
    for words in (["install-launcher"], ["install-launcher", "--remove"]):
        assert main.main(words) == 2
        error = capsys.readouterr().err
        assert error.count("\n") == 1
        assert "Traceback" not in error
        assert "in the program itself" not in error


@on_linux
@pytest.mark.parametrize("text", ["garbage", "[]", '{"files": [1], "folders": []}'])
def test_a_damaged_manifest_is_reported_in_one_sentence(home: Path, capsys, text: str) -> None:
    install()
    path = home / "data" / "image-describer" / manifest.FILE_NAME
    assert json.loads(path.read_text())["files"]
    path.write_text(text)
    capsys.readouterr()
    assert main.main(["install-launcher", "--remove"]) == 2
    error = capsys.readouterr().err
    assert str(path) in error
    assert "Traceback" not in error


@on_linux
@pytest.mark.parametrize("name", ["a b", 'q"uote$HOME', "back\\slash`tick's"])
def test_gio_starts_a_program_in_an_awkward_folder(tools: None, tmp_path: Path, name: str) -> None:
    heard = tmp_path / "heard.txt"
    script = tmp_path / name / "start it"
    script.parent.mkdir()
    script.write_text(f"#!/bin/sh\nprintf '%s|' \"$PWD\" \"$@\" > '{heard}.new'\n")
    with script.open("a") as file:
        file.write(f"mv '{heard}.new' '{heard}'\n")
    script.chmod(0o755)
    launcher = tmp_path / FILE
    entry = linux.desktop_entry(LaunchCommand((str(script), "-m", "x y"), script.parent))
    launcher.write_text(entry, encoding="utf-8")
    assert run_tool("desktop-file-validate", launcher) == ""
    picture = tmp_path / "my photo.jpg"
    launch(launcher, picture)
    wait_for(heard.exists, TOOL_LIMIT_S, "the program")
    assert heard.read_text() == f"{script.parent}|-m|x y|{picture}|"


@pytest.mark.parametrize("path", ["/opt/100%/app", "/opt/new\nline/app", "/opt/\udcff/app"])
def test_a_path_that_a_desktop_entry_cannot_contain(path: str) -> None:
    with pytest.raises(LauncherError, match="No launcher can start"):
        linux.desktop_entry(LaunchCommand((path,)))


def test_without_an_installed_script_the_interpreter_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(program, "SCRIPT", "no-such-script")
    monkeypatch.setattr(program, "CONSOLE_SCRIPT", "no-such-script")
    for found, last, start in (
        (program.window_command(), "--version", "Image Describer "),
        (program.screen_command(), "--help", "usage: image-describer describe "),
    ):
        assert found.folder is not None
        done = subprocess.run(
            [*found.arguments, last], cwd=found.folder, capture_output=True, text=True, timeout=60
        )
        assert done.stdout.startswith(start)


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    file = tmp_path / "my holiday.jpg"
    Image.effect_noise((320, 240), 80).convert("RGB").save(file)
    return file


@pytest.fixture
def ending(screen: Screen) -> Iterator[None]:
    """Close the window that the desktop started: it is not a child of this process."""
    yield
    for window in screen.windows("Image Describer"):
        screen.focus(window)
        screen.press("ctrl+q")
    wait_for(lambda: not screen.windows("Image Describer"), LIMIT_S, "the window to close")


@on_linux
@pytest.mark.gui
@pytest.mark.sound
def test_gio_starts_the_window_with_a_picture_that_is_described(
    home: Path,
    tools: None,
    null_sink: NullSink,
    screen: Screen,
    ending: None,
    tiny_bundle: Path,
    photo: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sentence = wording.sentence(Describer(tiny_bundle).describe(photo))
    monkeypatch.setenv("IMAGE_DESCRIBER_BUNDLE", str(tiny_bundle))
    for name in ("http_proxy", "https_proxy"):  # Google's voice can't be reached
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    settings = home / "config" / "image-describer" / "settings.toml"
    settings.parent.mkdir(parents=True, exist_ok=True)
    settings.write_text("online = true\n")  # otherwise the first start asks for the voice
    install()
    null_sink.record()
    launch(home / "Desktop" / FILE, photo)
    wait_for(lambda: is_titled(screen, photo, sentence), LIMIT_S, f"the window to say {sentence!r}")
    classed = screen.xdotool("search", "--onlyvisible", "--class", "^Image-describer$").split()
    assert classed == screen.windows("Image Describer")
    null_sink.wait_for_end()
    heard = null_sink.stop_recording()
    assert heard.span_s > 0.8
    assert heard.level_dbfs > -40


def is_titled(screen: Screen, photo: Path, sentence: str) -> bool:
    titles = [
        screen.xdotool("getwindowname", window) for window in screen.windows("Image Describer")
    ]
    return any(title.startswith(sentence[:200]) and photo.name in title for title in titles)


@pytest.mark.skipif(os.name == "nt", reason="the start script needs a shell")
def test_the_macos_application_starts_the_program(tmp_path: Path) -> None:
    application = tmp_path / macos.APP
    macos.build(application, LaunchCommand(("/bin/echo", "it's", "$HOME"), tmp_path))
    contents = application / "Contents"
    properties = plistlib.loads((contents / "Info.plist").read_bytes())
    with Image.open(contents / "Resources" / properties["CFBundleIconFile"]) as icon:
        assert icon.format == "ICNS"
    output = run_tool(contents / "MacOS" / properties["CFBundleExecutable"], "my photo.jpg")
    assert output == "it's $HOME my photo.jpg\n"


@pytest.mark.skipif(os.name == "nt", reason="needs symbolic links")
def test_the_macos_application_is_replaced_and_removed(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = tree(home)
    for _ in range(2):
        macos.install(InstallManifest.load())
        starter = home / "Desktop" / macos.APP / "Contents" / "MacOS" / macos.STARTER
        assert os.access(starter, os.X_OK)
        assert sorted(path.name for path in (home / "Applications").iterdir()) == [macos.APP]
    InstallManifest.load().remove()
    assert tree(home) == before


def test_the_windows_icon_has_every_size() -> None:
    packed = windows.icon_bytes()
    assert packed[:4] == b"\0\0\1\0"
    assert packed[4] == len(windows.ICON_SIDES_PX)


@pytest.fixture
def powershell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stand-in for PowerShell that writes its environment into the link."""
    tool = tmp_path / "bin" / "powershell"
    tool.parent.mkdir()
    tool.write_text("#!/bin/sh\nset | grep '^LAUNCHER_[^L]' > \"$LAUNCHER_LINK\"\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tool.parent}:{os.environ['PATH']}")


@on_linux
def test_windows_shortcuts(home: Path, powershell: None, monkeypatch: pytest.MonkeyPatch) -> None:
    before = tree(home)
    monkeypatch.setenv("APPDATA", str(home / "Roaming"))
    monkeypatch.chdir(home)
    for _ in range(2):
        windows.install(InstallManifest.load())
        links = sorted(home.rglob("*.lnk"))
        assert [link.parent.name for link in links] == ["Desktop", "SendTo", "Programs", "Programs"]
        assert links[2].name == windows.SCREEN_LINK_NAME
        for link in links:
            text = link.read_text()
            command = program.screen_command() if link == links[2] else program.window_command()
            assert f"LAUNCHER_TARGET='{command.arguments[0]}'" in text
            is_screen = "LAUNCHER_ARGUMENTS='describe --screen --speak --delay 1'" in text
            assert is_screen == (link == links[2])
            assert ("LAUNCHER_STYLE='7'" in text) == is_screen
            assert str(home / "data" / "image-describer" / "icon.ico") in text
    InstallManifest.load().remove()
    assert tree(home) == before


@pytest.mark.skipif(os.name == "nt", reason="Windows has PowerShell")
def test_without_powershell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(LauncherError, match="PowerShell does not run"):
        windows.create_shortcut(
            tmp_path / "a.lnk", LaunchCommand(("app.exe",)), tmp_path / "icon.ico", "Describes"
        )
