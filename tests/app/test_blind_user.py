"""Whole sessions by keys alone: from the first start to the history of the second; a letter."""

from collections.abc import Callable
from pathlib import Path

import pytest

from image_describer import Describer
from image_describer.paths import assets_folder
from tests.support import letter_round
from tests.support.screen import LIMIT_S, Screen
from tests.support.spoken import SpokenApp

SETTINGS = b"rate = 450\n"  # the voice is not chosen yet


@pytest.mark.gui
@pytest.mark.sound
@pytest.mark.slow
def test_everything_needed_is_heard(
    spoken: Callable[..., SpokenApp], tiny_bundle: Path, tmp_path: Path
) -> None:
    home = tmp_path / "user"
    (home / "Pictures").mkdir(parents=True)
    for name in ("astronaut.jpg", "cat.jpg", "coffee.jpg"):
        content = (assets_folder() / "samples" / name).read_bytes()
        (home / "Pictures" / name).write_bytes(content)
    caption = Describer(tiny_bundle).describe(home / "Pictures" / "cat.jpg").caption

    first = spoken(settings=SETTINGS, HOME=str(home))
    for part, *keys in (
        ("Choose a voice. Enter: natural",),
        ("Offline voice, button, 2 of 2", "Tab"),
        ("Control O opens a picture", "Return"),
        ("No picture is open", "F2"),
        ("Open a picture, dialog", "ctrl+o"),
        ("cat.jpg, picture", "c"),
        (caption, "Return"),
        (caption, "ctrl+r"),
        ("440 words a minute", "ctrl+Down"),
        ("percent", "ctrl+d"),
        ("Description", "Escape"),
        ("Exploring", "ctrl+e"),
        ("Left. ", "Left"),
        ("Explore off", "Escape"),
        ("offline voice", "ctrl+comma"),
        ("Description", "Escape"),
    ):
        first.wait_to_hear(part, *keys)
    first.assert_working()
    first.screen.press("ctrl+q")
    assert first.running.process.wait(timeout=LIMIT_S) == 0

    second = spoken(settings=None, HOME=str(home))
    second.wait_to_hear("Control O opens a picture")
    second.wait_to_hear(caption, "alt+Up")
    second.wait_to_hear("offline voice", "ctrl+comma")
    second.assert_working()


@pytest.mark.gui
@pytest.mark.sound
@pytest.mark.slow
def test_a_letter_is_read(spoken: Callable[..., SpokenApp], screen: Screen, tmp_path: Path) -> None:
    letter = letter_round.picture(tmp_path)
    with letter_round.notice_on(screen):
        letter_round.play(spoken(str(letter), **letter_round.ENVIRONMENT))
