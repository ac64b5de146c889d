"""The whole program in a process of its own, with a real bundle, window, keys and sound."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from image_describer import Describer, __version__
from image_describer.app import main as app_main
from image_describer.app.dialogs import first_start
from image_describer.wording import sentence as wording
from tests.support.screen import (
    LIMIT_S,
    RunningApp,
    Screen,
    app_folders,
    wait_for,
)
from tests.support.sound import NullSink
from tests.support.spoken import StartApp

pytestmark = pytest.mark.gui

Start = Callable[..., RunningApp]
LEFT, RIGHT = (200, 30, 30), (30, 60, 200)


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """Red on the left and blue on the right, once its EXIF orientation (180 degrees) is applied."""
    image = Image.new("RGB", (400, 300), RIGHT)
    image.paste(LEFT, (200, 0, 400, 300))
    exif = Image.Exif()
    exif[0x0112] = 3
    file = tmp_path / "PHOTO één.JPG"
    image.save(file, exif=exif, quality=95)
    return file


@pytest.fixture
def bundle(tiny_bundle: Path) -> str:
    return str(tiny_bundle)


def expected(bundle: str, photo: Path) -> tuple[str, str]:
    """What is copied of ``photo``, which the tiny bundle takes for a drawing, and the sentence."""
    description = Describer(Path(bundle)).describe(photo)
    sentence = wording.sentence(description)
    return description.caption if description.has_scene else sentence, sentence


def test_a_picture_from_the_command_line(
    app: Start, screen: Screen, bundle: str, photo: Path
) -> None:
    copied, sentence = expected(bundle, photo)
    running = app("--voice", "off", str(photo), IMAGE_DESCRIBER_BUNDLE=bundle)
    title = running.wait_title(photo.name)
    running.wait_title(sentence[:200])
    assert title.endswith("Image Describer")
    running.focus()
    assert running.copied() == copied
    assert running.copied(("ctrl+slash", "ctrl+c")) == sentence

    def is_upright() -> bool:
        shot = screen.shot()
        left, right = shot.getpixel((350, 200)), shot.getpixel((650, 200))
        return near(left, LEFT) and near(right, RIGHT)

    wait_for(is_upright, LIMIT_S, "the picture, the right way round")
    screen.press("ctrl+q")
    assert running.process.wait(timeout=LIMIT_S) == 0
    assert "Traceback" not in running.stderr


def near(pixel: object, expected: tuple[int, int, int]) -> bool:
    assert isinstance(pixel, tuple)
    return all(abs(one - other) < 30 for one, other in zip(pixel, expected, strict=True))


def test_a_picture_from_the_chooser(
    app: Start, screen: Screen, bundle: str, photo: Path, tmp_path: Path
) -> None:
    plain = tmp_path / "PLAIN.JPG"
    photo.rename(plain)
    _caption, sentence = expected(bundle, plain)
    running = app("--voice", "off", IMAGE_DESCRIBER_BUNDLE=bundle)
    running.wait_title("Image Describer")
    running.focus()
    for _ in range(2):
        screen.press("ctrl+o")
        wait_for(lambda: "Open a picture" in screen.focused(), LIMIT_S, "the dialog")
        screen.press_until("Escape", lambda: not screen.windows("Open a picture"), "no dialog")
        running.focus()
    screen.press("ctrl+o")
    wait_for(lambda: "Open a picture" in screen.focused(), LIMIT_S, "the dialog")
    screen.type(str(plain))
    screen.press("Return")
    running.wait_title(f"{sentence[:200]} - PLAIN.JPG")
    assert "Traceback" not in running.stderr


def test_quitting_while_a_picture_is_being_read(app: Start, screen: Screen, tmp_path: Path) -> None:
    large = tmp_path / "large.png"
    Image.new("RGB", (9000, 9000)).save(large, compress_level=1)
    running = app("--voice", "off", str(large))
    running.wait_title("large.png")
    running.focus()
    screen.press("ctrl+q")
    assert running.process.wait(timeout=LIMIT_S) == 0
    assert running.stderr == ""


def test_a_missing_bundle_is_reported(app: Start, tmp_path: Path) -> None:
    missing = tmp_path / "nowhere"
    running = app("--voice", "off", IMAGE_DESCRIBER_BUNDLE=str(missing))
    running.wait_title(" - Image Describer")
    running.focus()
    shown = running.copied(("ctrl+slash", "ctrl+c"))
    assert str(missing) in shown
    assert "\n" not in shown
    assert "Traceback" not in running.log + running.stderr
    assert running.process.poll() is None


def test_a_file_that_is_not_a_picture(app: Start, bundle: str, tmp_path: Path) -> None:
    bad = tmp_path / "bad.jpg"
    bad.write_bytes(b"GIF89a and nothing else")
    running = app("--voice", "off", str(bad), IMAGE_DESCRIBER_BUNDLE=bundle)
    running.wait_title(" - bad.jpg - Image Describer")
    assert "Traceback" not in running.log + running.stderr


def test_only_the_first_start_asks_for_the_voice(
    app: Start, screen: Screen, bundle: str, no_sound_card: dict[str, str], tmp_path: Path
) -> None:
    log = tmp_path / "said.jsonl"
    first = app("--speech-log", str(log), IMAGE_DESCRIBER_BUNDLE=bundle)
    wait_for(lambda: screen.windows("^Choose a voice"), LIMIT_S, "the question")
    wait_for(lambda: screen.focused().startswith("Choose"), LIMIT_S, "its focus")
    screen.press("Tab", "Return")  # the offline voice
    wait_for(lambda: not screen.windows("^Choose a voice"), LIMIT_S, "the answer")
    first.focus()
    screen.press("ctrl+q")
    assert first.process.wait(timeout=LIMIT_S) == 0
    settings = first.folder / "config" / "image-describer" / "settings.toml"
    assert "online = false" in settings.read_text()
    said = log.read_text()
    assert first_start.QUESTION in said
    assert "Image Describer. Control O opens a picture, F1 shows the help." in said
    second = app("--speech-log", str(log), IMAGE_DESCRIBER_BUNDLE=bundle)
    second.wait_title("Image Describer")
    second.focus()
    assert second.copied(("ctrl+slash", "ctrl+c")).startswith("Image Describer.")
    assert not screen.windows("^Choose a voice")


@pytest.mark.parametrize("words", [("--voice", "off"), ("--offline",), ("--online",)], ids=str)
def test_options_that_choose_a_voice_prevent_the_question(words: tuple[str, ...]) -> None:
    assert not app_main.asks_for_voice(app_main.parse(list(words)))
    assert app_main.asks_for_voice(app_main.parse([]))


def run(folder: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the program until it ends."""
    return subprocess.run(
        [sys.executable, "-m", "image_describer", *words],
        env={**os.environ, **app_folders(folder), **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.parametrize("display", ["", ":7654"])
def test_no_display(tmp_path: Path, display: str) -> None:
    done = run(tmp_path, "--voice", "off", DISPLAY=display)
    assert done.returncode == 2
    assert done.stderr.startswith("Image Describer can't open its window: ")
    assert "image-describer describe" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_no_tkinter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tkinter.py").write_text("raise ModuleNotFoundError(\"No module named 'tkinter'\")")
    done = run(tmp_path, "--voice", "off", PYTHONPATH=str(tmp_path))
    assert done.returncode == 2
    assert "tkinter is missing" in done.stderr
    assert app_main.INSTALL_TK[sys.platform] in done.stderr
    assert "Traceback" not in done.stderr


def test_options(tmp_path: Path) -> None:
    help_text = run(tmp_path, "--help", DISPLAY="")
    assert help_text.returncode == 0
    assert "Ctrl+O: open a picture." in help_text.stdout
    version = run(tmp_path, "--version", DISPLAY="")
    assert version.stdout == f"Image Describer {__version__}\n"
    wrong = run(tmp_path, "--loud", DISPLAY="")
    assert wrong.returncode == 2
    assert "--loud" in wrong.stderr
    both = run(tmp_path, "--online", "--offline", DISPLAY="")
    assert both.returncode == 2


@pytest.mark.sound
def test_the_description_is_heard(
    spoken: StartApp, null_sink: NullSink, bundle: str, photo: Path
) -> None:
    _caption, sentence = expected(bundle, photo)
    null_sink.record()
    program = spoken(str(photo))
    assert program.wait_to_hear(sentence) == sentence
    heard = null_sink.stop_recording()
    assert heard.first_sound is not None
    assert heard.level_dbfs > -40


@pytest.mark.sound
@pytest.mark.parametrize("key", ["Control_L", "Insert"])
def test_a_key_stops_speech(spoken: StartApp, null_sink: NullSink, key: str) -> None:
    program = spoken()
    program.wait_to_hear("Control O opens a picture")
    null_sink.record()
    program.screen.press("F1")  # half a minute of speech
    wait_for(lambda: program.screen.windows("^Help"), LIMIT_S, "the help")
    null_sink.wait_for_sound()
    program.screen.press(key)
    null_sink.wait_for_end()
    null_sink.stop_recording()
    (text,) = (said for said in program.said if said["text"].startswith("Help"))
    assert text["interrupted"]
    assert program.screen.windows("^Help")


@pytest.mark.sound
def test_no_display_is_heard(null_sink: NullSink, tmp_path: Path) -> None:
    null_sink.record()
    done = run(tmp_path, DISPLAY="")
    heard = null_sink.stop_recording()
    assert done.returncode == 2
    assert heard.first_sound is not None
    assert heard.span_s > 1.5
