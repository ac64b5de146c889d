"""The launcher: valid, found by the desktop, started with a picture and heard, and gone again."""

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
from image_describer.imaging import formats
from image_describer.launcher import (
    LauncherError,
    linux,
    macos,
    program,
    record,
    windows,
)
from image_describer.launcher.program import Program
from image_describer.wording import sentence as wording
from tests.support.pictures import encoded, heic
from tests.support.screen import LIMIT_S, Screen, app_folders, wait_for
from tests.support.sound import NullSink

FILE = linux.FILE_NAME
TOOL_LIMIT_S = 30.0
TOOLS = ("desktop-file-validate", "update-desktop-database", "gio")

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="freedesktop launchers are Linux's")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of a new user, with a desktop; its name has a space."""
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
    """The desktop's own tools; on CI they have to be there."""
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if missing and os.environ.get("CI"):
        pytest.fail(f"not installed: {missing}")
    if missing:
        pytest.skip(f"not installed: {missing} (apt-get install desktop-file-utils libglib2.0-bin)")


def tree(folder: Path) -> dict[str, bytes]:
    """Every path below ``folder`` with what is in it."""
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else b"a folder"
        for path in sorted(folder.rglob("*"))
    }


def ask(*words: object) -> str:
    done = subprocess.run(
        [str(word) for word in words], capture_output=True, text=True, timeout=TOOL_LIMIT_S
    )
    return done.stdout + done.stderr


def launch(launcher: Path, picture: Path) -> None:
    # No pipes: the program would hold them open for as long as it runs.
    command = ["gio", "launch", str(launcher), str(picture)]
    done = subprocess.run(command, stdout=subprocess.DEVNULL, timeout=TOOL_LIMIT_S)
    assert done.returncode == 0


def installed() -> None:
    assert main.main(["install-launcher"]) == 0


@on_linux
def test_it_is_valid_and_found_for_every_picture_type(home: Path, tools: None) -> None:
    installed()
    for folder in (home / "data" / "applications", home / "Desktop"):
        assert ask("desktop-file-validate", folder / FILE) == ""
    assert os.access(home / "Desktop" / FILE, os.X_OK)
    for names in linux.MIME_TYPES.values():
        for mime_type in names:
            assert FILE in ask("gio", "mime", mime_type)
    assert FILE not in ask("gio", "mime", "text/plain")


@on_linux
def test_the_types_are_those_of_the_pictures_that_are_opened(
    home: Path, tools: None, tmp_path: Path
) -> None:
    assert set(linux.MIME_TYPES) == {format_.name for format_ in formats.FORMATS}
    for format_ in formats.FORMATS:
        for suffix in format_.suffixes:
            file = tmp_path / f"picture{suffix}"
            picture = Image.new("RGB", (64, 64))
            name = format_.name
            file.write_bytes(heic(picture) if name == "HEIC" else encoded(picture, name))
            answer = ask("gio", "info", "-a", "standard::content-type", file)
            assert answer.split()[-1] in linux.MIME_TYPES[format_.name], (suffix, answer)


@on_linux
def test_icons_are_where_the_theme_looks(home: Path) -> None:
    installed()
    theme = home / "data" / "icons" / "hicolor"
    with Image.open(theme / "256x256" / "apps" / "image-describer.png") as image:
        assert image.size == (256, 256)
    assert b"<svg" in (theme / "scalable" / "apps" / "image-describer.svg").read_bytes()


@on_linux
def test_twice_is_once_and_removing_leaves_nothing(home: Path, capsys) -> None:
    before = tree(home)
    installed()
    assert capsys.readouterr().out.startswith("Image Describer is now on the desktop")
    once = tree(home)
    installed()
    assert tree(home) == once
    assert len(once) > len(before)
    assert not [name for name in once if ".image-describer-" in name or name.endswith(".new")]
    for expected in ("Image Describer's launcher was taken away", "There is no launcher"):
        capsys.readouterr()
        assert main.main(["install-launcher", "--remove"]) == 0
        assert capsys.readouterr().out.startswith(expected)
        assert tree(home) == before


@on_linux
def test_others_keep_what_is_theirs(home: Path, tools: None) -> None:
    installed()
    applications = home / "data" / "applications"
    other = (applications / FILE).read_text().replace("Name=Image Describer", "Name=Other")
    (applications / "other.desktop").write_text(other)
    (home / "Desktop" / "note.txt").write_text("mine")
    assert main.main(["install-launcher", "--remove"]) == 0
    left = [path.name for path in home.rglob("*") if path.is_file()]
    assert sorted(left) == ["mimeinfo.cache", "note.txt", "other.desktop"]
    answer = ask("gio", "mime", "image/png")
    assert "other.desktop" in answer
    assert FILE not in answer


@on_linux
def test_a_file_of_somebody_else_is_not_overwritten(home: Path, capsys) -> None:
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
def test_a_folder_that_took_a_file_s_place_is_not_emptied(home: Path, capsys) -> None:
    installed()
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
def test_what_was_put_before_a_failure_can_be_removed(home: Path, capsys) -> None:
    obstacle = home / "data" / "applications"
    obstacle.parent.mkdir()
    obstacle.write_text("a file where a folder should be")
    assert main.main(["install-launcher"]) == 2
    assert "--remove" in capsys.readouterr().err
    assert list(home.rglob("image-describer.png"))
    assert main.main(["install-launcher", "--remove"]) == 0
    assert [path for path in home.rglob("*") if path.is_file()] == [obstacle]


@on_linux
def test_without_the_desktop_s_tools(
    home: Path, tmp_path: Path, capsys, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = tree(home)
    monkeypatch.setenv("PATH", str(tmp_path))
    installed()
    assert "apt-get install desktop-file-utils" in capsys.readouterr().out
    assert (home / "data" / "applications" / FILE).is_file()
    assert main.main(["install-launcher", "--remove"]) == 0
    assert tree(home) == before


@on_linux
def test_an_icon_cache_that_is_there_is_kept_right(home: Path) -> None:
    if shutil.which("gtk-update-icon-cache") is None:
        if os.environ.get("CI"):
            pytest.fail("not installed: gtk-update-icon-cache")
        pytest.skip("not installed: gtk-update-icon-cache (apt-get install gtk-update-icon-cache)")
    theme = home / "data" / "icons" / "hicolor"
    (theme / "48x48" / "apps").mkdir(parents=True)
    Image.new("RGB", (48, 48)).save(theme / "48x48" / "apps" / "other.png")
    cache = theme / "icon-theme.cache"
    cache.write_bytes(b"")
    installed()
    assert b"image-describer" in cache.read_bytes()
    assert main.main(["install-launcher", "--remove"]) == 0
    assert b"image-describer" not in cache.read_bytes()
    assert b"other" in cache.read_bytes()


@on_linux
def test_no_desktop_folder(home: Path, capsys) -> None:
    (home / "Desktop").rmdir()
    installed()
    assert "no desktop folder" in capsys.readouterr().out
    assert not (home / "Desktop").exists()


@on_linux
def test_a_desktop_in_another_language(home: Path) -> None:
    (home / "config").mkdir()
    (home / "config" / "user-dirs.dirs").write_text('XDG_DESKTOP_DIR="$HOME/Bureau été"\n')
    (home / "Bureau été").mkdir()
    installed()
    assert (home / "Bureau été" / FILE).is_file()
    assert not (home / "Desktop" / FILE).exists()
    # The desktop has moved: the copy on the old one goes with the next installation.
    (home / "config" / "user-dirs.dirs").unlink()
    installed()
    assert not (home / "Bureau été" / FILE).exists()
    assert (home / "Desktop" / FILE).is_file()


@on_linux
def test_a_place_that_can_not_be_written_to_is_one_sentence(home: Path, capsys) -> None:
    (home / "data").write_text("a file where a folder should be")
    for words in (["install-launcher"], ["install-launcher", "--remove"]):
        assert main.main(words) == 2
        error = capsys.readouterr().err
        assert error.count("\n") == 1
        assert "Traceback" not in error
        assert "in the program itself" not in error


@on_linux
@pytest.mark.parametrize("text", ["garbage", "[]", '{"files": [1], "folders": []}'])
def test_a_damaged_record_is_one_sentence(home: Path, capsys, text: str) -> None:
    installed()
    place = home / "data" / "image-describer" / record.RECORD_NAME
    assert json.loads(place.read_text())["files"]
    place.write_text(text)
    capsys.readouterr()
    assert main.main(["install-launcher", "--remove"]) == 2
    error = capsys.readouterr().err
    assert str(place) in error
    assert "Traceback" not in error


@on_linux
@pytest.mark.parametrize("name", ["a b", 'q"uote', "do$HOME", "back\\slash", "ti`ck", "sin'gle"])
def test_gio_starts_a_program_in_an_awkward_folder(tools: None, tmp_path: Path, name: str) -> None:
    heard = tmp_path / "heard.txt"
    script = tmp_path / name / "start it"
    script.parent.mkdir()
    script.write_text(f"#!/bin/sh\nprintf '%s|' \"$PWD\" \"$@\" > '{heard}.new'\n")
    with script.open("a") as file:
        file.write(f"mv '{heard}.new' '{heard}'\n")
    script.chmod(0o755)
    launcher = tmp_path / FILE
    entry = linux.desktop_entry(Program((str(script), "-m", "x y"), script.parent))
    launcher.write_text(entry, encoding="utf-8")
    assert ask("desktop-file-validate", launcher) == ""
    picture = tmp_path / "my photo.jpg"
    launch(launcher, picture)
    wait_for(heard.exists, TOOL_LIMIT_S, "the program")
    assert heard.read_text() == f"{script.parent}|-m|x y|{picture}|"


@pytest.mark.parametrize("path", ["/opt/100%/app", "/opt/new\nline/app", "/opt/\udcff/app"])
def test_a_program_that_no_launcher_can_name(path: str) -> None:
    with pytest.raises(LauncherError, match="No launcher can start"):
        linux.desktop_entry(Program((path,)))


def test_without_an_installed_script_the_interpreter_is_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(program, "SCRIPT", "no-such-script")
    found = program.window_program()
    assert found.folder is not None
    done = subprocess.run(
        [*found.words, "--version"], cwd=found.folder, capture_output=True, text=True, timeout=60
    )
    assert done.stdout.startswith("Image Describer ")


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    file = tmp_path / "my holiday.jpg"
    Image.effect_noise((320, 240), 80).convert("RGB").save(file)
    return file


@pytest.fixture
def ending(screen: Screen) -> Iterator[None]:
    """Ends the window that the desktop started: it is nobody's child."""
    yield
    for window in screen.windows("Image Describer"):
        screen.focus(window)
        screen.press("ctrl+q")
    wait_for(lambda: not screen.windows("Image Describer"), LIMIT_S, "the window to close")


@on_linux
@pytest.mark.gui
@pytest.mark.sound
def test_gio_launches_it_with_a_picture_and_it_is_heard(
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
    for name in ("http_proxy", "https_proxy"):  # Google's voice is out of reach at once
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    settings = home / "config" / "image-describer" / "settings.toml"
    settings.parent.mkdir(parents=True, exist_ok=True)
    settings.write_text("online = true\n")  # else the first start asks for the voice
    installed()
    null_sink.record()
    launch(home / "Desktop" / FILE, photo)
    wait_for(lambda: told(screen, photo, sentence), LIMIT_S, f"the window to say {sentence!r}")
    classed = screen.xdotool("search", "--onlyvisible", "--class", "^Image-describer$").split()
    assert classed == screen.windows("Image Describer")
    null_sink.hear_out()
    heard = null_sink.stop_recording()
    assert heard.heard_s > 0.8
    assert heard.level_dbfs > -40


def told(screen: Screen, photo: Path, sentence: str) -> bool:
    titles = [screen.xdotool("getwindowname", one) for one in screen.windows("Image Describer")]
    return any(title.startswith(sentence[:200]) and photo.name in title for title in titles)


@pytest.mark.skipif(os.name == "nt", reason="the starter of a macOS application needs a shell")
def test_the_macos_application_starts_the_program(tmp_path: Path) -> None:
    application = tmp_path / macos.APP
    macos.build(application, Program(("/bin/echo", "it's", "$HOME"), tmp_path))
    contents = application / "Contents"
    properties = plistlib.loads((contents / "Info.plist").read_bytes())
    with Image.open(contents / "Resources" / properties["CFBundleIconFile"]) as icon:
        assert icon.format == "ICNS"
    said = ask(contents / "MacOS" / properties["CFBundleExecutable"], "my photo.jpg")
    assert said == "it's $HOME my photo.jpg\n"


@pytest.mark.skipif(os.name == "nt", reason="folders of macOS are put and removed as on Unix")
def test_the_macos_application_is_replaced_and_removed(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = tree(home)
    for _ in range(2):
        macos.install(record.Record.read())
        starter = home / "Desktop" / macos.APP / "Contents" / "MacOS" / macos.STARTER
        assert os.access(starter, os.X_OK)
        assert sorted(path.name for path in (home / "Applications").iterdir()) == [macos.APP]
    record.Record.read().remove()
    assert tree(home) == before


def test_the_windows_icon_has_every_size() -> None:
    packed = windows.icon_bytes()
    assert packed[:4] == b"\0\0\1\0"
    assert packed[4] == len(windows.ICON_SIDES_PX)


@pytest.fixture
def powershell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Writes what it was told into the link, in place of a shortcut."""
    tool = tmp_path / "bin" / "powershell"
    tool.parent.mkdir()
    tool.write_text("#!/bin/sh\nset | grep '^LAUNCHER_[^L]' > \"$LAUNCHER_LINK\"\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tool.parent}:{os.environ['PATH']}")


@on_linux
def test_what_windows_is_told_and_where_its_shortcuts_go(
    home: Path, powershell: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = tree(home)
    monkeypatch.setenv("APPDATA", str(home / "Roaming"))
    monkeypatch.chdir(home)
    for _ in range(2):
        windows.install(record.Record.read())
        links = sorted(home.rglob("*.lnk"))
        assert [link.parent.name for link in links] == ["Desktop", "SendTo", "Programs"]
        for link in links:
            told = link.read_text()
            assert f"LAUNCHER_TARGET='{program.window_program().words[0]}'" in told
            assert str(home / "data" / "image-describer" / "icon.ico") in told
    record.Record.read().remove()
    assert tree(home) == before


@pytest.mark.skipif(os.name == "nt", reason="Windows has PowerShell")
def test_without_powershell_there_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(LauncherError, match="PowerShell does not run"):
        windows.shortcut(tmp_path / "a.lnk", Program(("app.exe",)), tmp_path / "icon.ico")
