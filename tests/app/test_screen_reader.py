"""A blind person's round through Orca: everything is said once, by Orca alone."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from image_describer import Describer
from image_describer.paths import assets_folder
from tests.support import orca_service
from tests.support.orca_service import INTERRUPT, lines
from tests.support.screen import LIMIT_S, wait_for
from tests.support.session_bus import StartService
from tests.support.spoken import SpokenApp

SERVICE = Path(orca_service.__file__)
LOG_VARIABLE = "ORCA_ROUND_LOG"  # where the log of the round is kept
ROUND = (
    ("Orca is running. I speak through it; F9 changes that.",),
    ("No picture is open", "F2"),
    ("Open a picture, dialog", "ctrl+o"),
    ("broken.jpg", "b"),
    ("The file is incomplete", "Return"),
    ("Open a picture, dialog", "ctrl+o"),
    ("cat.jpg, picture", "c"),
    ("{caption}", "Return"),
    ("{caption}", "ctrl+r"),
    ("percent", "ctrl+d"),
    ("Description", "Escape"),
    ("Exploring", "ctrl+e"),
    ("Left. ", "Left"),
    ("Top left. ", "Up"),
    ("Explore off", "Escape"),
    ("Settings, dialog", "ctrl+comma"),
    ("Description", "Escape"),
)


@pytest.mark.gui
@pytest.mark.sound
@pytest.mark.slow
def test_orca_says_everything_once(
    spoken: Callable[..., SpokenApp],
    session_bus: StartService,
    tiny_bundle: Path,
    tmp_path: Path,
) -> None:
    log = tmp_path / "orca.txt"
    session_bus(SERVICE, log, "50")
    pictures = tmp_path / "user" / "Pictures"
    pictures.mkdir(parents=True)
    cat = (assets_folder() / "samples" / "cat.jpg").read_bytes()
    (pictures / "cat.jpg").write_bytes(cat)
    (pictures / "broken.jpg").write_bytes(cat[:100])
    caption = Describer(tiny_bundle).describe(pictures / "cat.jpg").caption

    app = spoken(settings=None, HOME=str(pictures.parent))
    for part, *keys in ROUND:
        app.wait_to_hear(part.format(caption=caption), *keys)

    # F9: Image Describer's own voice from here on, and back.
    app.wait_to_hear("Image Describer speaks itself", "F9")
    app.wait_to_hear("cat.jpg", "F2")
    app.wait_to_hear("Orca speaks", "F9")

    # Control silences Orca.
    said = len(lines(log))
    app.screen.press("F1")
    wait_for(lambda: len(lines(log)) > said, LIMIT_S, "the help")
    app.screen.press("Control_L")
    wait_for(lambda: lines(log)[-1][1] == INTERRUPT, LIMIT_S, "silence")
    app.assert_working()

    by_voice: dict[str, list[str]] = {"espeak": [], "screen_reader": []}
    for utterance in sorted(app.said, key=lambda utterance: utterance["began"] or 0):
        if utterance["voice"] is not None:
            by_voice[utterance["voice"]].append(utterance["text"])
    heard = [text for _at, text in lines(log) if text != INTERRUPT]
    assert heard == by_voice["screen_reader"]
    assert len(by_voice["espeak"]) == 2
    if LOG_VARIABLE in os.environ:
        Path(os.environ[LOG_VARIABLE]).write_text(log.read_text("utf-8"), encoding="utf-8")
