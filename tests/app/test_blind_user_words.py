"""Short answers in plain words: what can't be opened, drawings, confidence, exploring, defaults."""

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from image_describer import Describer
from image_describer.app.tasks.explore import KEYS
from image_describer.paths import assets_folder
from tests.support.screen import Screen
from tests.support.spoken import SpokenApp

pytestmark = [pytest.mark.gui, pytest.mark.sound, pytest.mark.slow]

Spoken = Callable[..., SpokenApp]
CAT = assets_folder() / "samples" / "cat.jpg"


def copy_as_another_program(screen: Screen, text: str) -> None:
    subprocess.run(
        ["xclip", "-display", screen.display, "-selection", "clipboard"],
        input=text.encode(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=True,
    )


@pytest.mark.skipif(shutil.which("xclip") is None, reason="needs xclip")
def test_what_cannot_be_opened_is_told_in_a_word(
    spoken: Spoken, screen: Screen, tmp_path: Path
) -> None:
    letter = tmp_path / "letter.txt"
    letter.write_text("Dear aunt")
    app = spoken(str(letter))
    short = "I can't open this kind of file."
    assert app.wait_to_hear("I can't open") == short
    assert app.wait_to_hear(short, "ctrl+r") == short
    assert "It is text. I can open JPEG, PNG, " in app.wait_to_hear("Details", "ctrl+d")
    app.screen.press("Escape")
    for text, answer in (
        (str(tmp_path), "That's a folder. Control Shift O describes it."),
        ("https://example.org/cat.jpg", "I can't open web addresses."),
        (str(tmp_path / "gone.jpg"), "No such file."),
    ):
        copy_as_another_program(screen, text)
        assert app.wait_to_hear(answer, "ctrl+v") == answer
    app.wait_to_hear("Open a picture, dialog.", "ctrl+o")
    app.screen.type("/nowhere")
    assert app.wait_to_hear("No such", "Return") == "No such file."
    app.wait_to_hear("Open a picture is open", "F2")
    app.assert_working()


def test_the_root_is_called_computer(spoken: Spoken) -> None:
    app = spoken()
    app.wait_to_hear("Open a picture, dialog.", "ctrl+o")
    app.screen.type("/")
    app.wait_to_hear("Computer: ", "Return")
    app.assert_working()


def test_a_drawing_is_called_one_and_the_guess_is_told_on_request(
    spoken: Spoken, tmp_path: Path, shipped_bundle: Path
) -> None:
    drawing = tmp_path / "drawing.png"
    picture = Image.new("RGB", (400, 300), "white")
    draw = ImageDraw.Draw(picture)
    draw.rectangle((40, 120, 160, 260), fill="navy")
    draw.rectangle((180, 60, 300, 260), fill="orange")
    picture.save(drawing)
    app = spoken(str(drawing), IMAGE_DESCRIBER_BUNDLE=str(shipped_bundle))
    assert app.wait_to_hear("This looks like") == "This looks like a drawing."
    assert "Unsure. My guess: " in app.wait_to_hear("Details", "ctrl+d")
    app.wait_to_hear("Copied: This looks like a drawing.", "Escape", "ctrl+c")
    app.assert_working()


def test_nothing_told_later_is_surer(spoken: Spoken, shipped_bundle: Path) -> None:
    app = spoken(str(CAT), IMAGE_DESCRIBER_BUNDLE=str(shipped_bundle))
    first = Describer(shipped_bundle).describe(CAT)
    app.wait_to_hear(first.caption)
    details = app.wait_to_hear("sure of this", "ctrl+d")
    told, *others = (int(number) for number in re.findall(r"(\d+) percent", details))
    assert others
    assert told == round(100 * first.confidence) >= max(others)


def test_exploring_tells_its_keys_once_and_copies_the_part(spoken: Spoken) -> None:
    app = spoken(str(CAT))
    app.running.wait_title("cat.jpg")
    app.wait_to_hear(". ", "ctrl+r")
    app.wait_to_hear(KEYS, "ctrl+e")
    said = [utterance["text"] for utterance in app.said]
    assert said[said.index(KEYS) - 2] == "Exploring. Centre."
    app.wait_to_hear("Copied: ", "Left", "ctrl+c")
    app.wait_to_hear("Explore off.", "Escape")
    before = len(app.said)
    app.wait_to_hear("Exploring. Centre.", "ctrl+e")
    app.wait_to_hear("Edge.", "Left", "Left")
    assert KEYS not in [utterance["text"] for utterance in app.said[before:]]
    app.assert_working()


def test_the_defaults_ask_first(spoken: Spoken) -> None:
    app = spoken()
    app.wait_to_hear("Settings, dialog.", "ctrl+comma")
    app.wait_to_hear("Defaults, button", "shift+Tab", "shift+Tab")
    app.wait_to_hear("Set everything but the voice back to its default? Keep, button", "Return")
    app.wait_to_hear("Reset, button", "Right")
    app.wait_to_hear("All but the voice is back to its default.", "Return")
    app.assert_working()
