"""Whole sessions by keys alone: from the first start to the history of the second; a letter."""

from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import ImageDraw

from image_describer import Describer
from image_describer.paths import assets_folder
from tests.support.drawn_text import draw_text
from tests.support.screen import LIMIT_S
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
        ("Which voice should read",),
        ("Offline voice, button, 2 of 2", "Tab"),
        ("Control O opens a picture", "Return"),
        ("No picture is open", "F2"),
        ("Open a picture, dialog", "ctrl+o"),
        ("cat.jpg, picture", "c"),
        (caption, "Return"),
        (caption, "ctrl+r"),
        ("430 words a minute", "ctrl+Down"),
        ("percent", "ctrl+d"),
        ("Description", "Escape"),
        ("Exploring", "ctrl+e"),
        ("Left. ", "Left"),
        ("No longer exploring", "Escape"),
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
def test_a_letter_is_read(spoken: Callable[..., SpokenApp], tmp_path: Path) -> None:
    first = draw_text(
        "Dear Ms Weber,\nplease come to the town hall\non Friday at half past nine\n"
        "and bring your passport with\nyou to the second floor.\nKind regards, Peter Klein",
        40,
    )
    # Somebody has crossed out the passport.
    ImageDraw.Draw(first).line((320, 199, 460, 195), fill="black", width=9)
    second = draw_text("How to find us\n\nTake bus 12 to the church.\nThe door is green.", 40)
    letter = tmp_path / "letter.tif"
    first.save(letter, save_all=True, append_images=[second])
    app = spoken(str(letter))
    for part, *keys in (
        ("Page 1 of 2.",),
        ("It says: Dear Ms Weber",),
        ("Text, page 1 of 2, dialog. 6 lines, 29 words, 1 in doubt.", "ctrl+t"),
        ("End of the text.",),
        ("Dear Ms Weber,", "ctrl+Home"),
        ("please come to the town hall", "Down"),
        ("come", "ctrl+Right", "ctrl+Right"),
        ("percent sure", "d"),
        ("Line 4 of 6, centre.", "w"),
        ("percent sure, line 4.", "l"),
        ("Copied: and bring your", "ctrl+c"),
        ("Text, page 2 of 2, dialog.", "ctrl+Next"),
        ("End of the text.",),
        ("This is the last page.", "ctrl+Next"),
        ("Page 2 of 2. Text, page 2 of 2 is open.", "F2"),
        ("Description", "Escape"),
        ("Page 1 of 2.", "ctrl+Prior"),
    ):
        app.wait_to_hear(part, *keys)
    app.assert_working()
