"""Working through a folder by keys alone: describing it, going through it, coming back to it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from image_describer import Describer
from tests.support.pictures import encoded, photograph
from tests.support.screen import LIMIT_S
from tests.support.spoken import SpokenApp

pytestmark = [pytest.mark.gui, pytest.mark.sound, pytest.mark.slow]

Spoken = Callable[..., SpokenApp]


@pytest.fixture
def trip(tmp_path: Path) -> Path:
    """A folder with three pictures, in the home folder."""
    folder = tmp_path / "user" / "trip"
    folder.mkdir(parents=True)
    for number in (1, 2, 10):
        photograph(seed=number).save(folder / f"photo {number}.jpg")
    return folder


def test_a_folder_is_described_and_worked_through(spoken: Spoken, trip: Path) -> None:
    app = spoken(HOME=str(trip.parent))
    app.wait_to_hear("Folder, edit box", "ctrl+shift+o")
    app.screen.type("trip")
    app.wait_to_hear("Describing 3 pictures.", "Return")
    app.wait_to_hear("3 described.")
    for part, *keys in (
        ("photo 2.jpg, 2 of 3", "Down"),
        ("photo 2.jpg, 2 of 3.", "Return"),
        ("photo 10.jpg, 3 of 3.", "alt+Next"),
        ("This is the last picture.", "alt+Next"),
        ("photo 10.jpg", "F2"),
        ("photo 2.jpg, 2 of 3.", "alt+Prior"),
        ("photo 2.jpg, 2 of 3", "ctrl+shift+o"),
        ("photo 1.jpg, 1 of 3", "Up"),
        ("photo 1.jpg, 1 of 3.", "Return"),
        ("This is the first picture.", "alt+Prior"),
    ):
        app.wait_to_hear(part, *keys)
    opened = [said["text"] for said in app.said if said["kind"] == "description"]
    assert len(opened) == 4
    app.assert_working()


def test_what_was_described_is_known_after_a_restart(
    spoken: Spoken, trip: Path, tiny_bundle: Path
) -> None:
    describer = Describer(tiny_bundle)
    first = spoken(str(trip / "photo 2.jpg"), HOME=str(trip.parent))
    first.running.wait_title(describer.describe(trip / "photo 2.jpg").caption)
    first.wait_to_hear("photo 10.jpg, 3 of 3.", "alt+Next")
    first.screen.press("ctrl+q")
    assert first.running.process.wait(timeout=LIMIT_S) == 0
    second = spoken(str(trip / "photo 1.jpg"), settings=None, HOME=str(trip.parent))
    second.running.wait_title(describer.describe(trip / "photo 1.jpg").caption)
    second.wait_to_hear("3 described already.", "ctrl+shift+o")
    second.assert_working()


def test_many_pictures_are_asked_about_and_one_escape_stops_them(
    spoken: Spoken, trip: Path
) -> None:
    large = encoded(photograph(2000, 1500), "JPEG")  # so that there is time to press a key
    for number in range(400):
        # What stands behind the end of a JPEG makes it another file.
        (trip / f"{number}.jpg").write_bytes(large + b"%d" % number)
    app = spoken(HOME=str(trip.parent))
    app.wait_to_hear("Folder, edit box", "ctrl+shift+o")
    app.screen.type("trip")
    question = "This folder has 403 pictures. Describe them all?"
    app.wait_to_hear(question, "Return")
    app.wait_to_hear("Folder, edit box", "Escape")
    app.wait_to_hear(question, "Return")
    app.wait_to_hear("Describing 403 pictures.", "Return")
    app.wait_to_hear("Describing trip: ", "F2")
    before = len(app.said)
    app.screen.press("Escape")
    app.wait_to_hear("Stopped after ")
    app.wait_to_hear("No picture is open", "Escape", "F2")
    texts = [said["text"] for said in app.said[before:]]
    assert [text.split()[0] for text in texts[:2]] == ["Stopping.", "Stopped"]
    assert not any("left" in text or "described" in text for text in texts)
