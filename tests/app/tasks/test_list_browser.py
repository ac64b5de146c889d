"""Alt+Page Down and Alt+Page Up: the next and the previous picture of a folder or a list."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from image_describer.app import messages
from image_describer.app.listing import read_folder
from image_describer.app.tasks.list_browser import files_beside
from image_describer.reading.text import PictureText
from tests.support.pictures import photograph
from tests.support.window import CAPTION, AppDriver, FakeDescriber

Drive = Callable[..., AppDriver]
SENTENCE = f"Probably: {CAPTION}."


@pytest.fixture
def photos(tmp_path: Path) -> list[str]:
    """Three pictures in natural order, with a file and a folder between them."""
    folder = tmp_path / "photos"
    (folder / "img 5.png").mkdir(parents=True)
    (folder / "img 3.txt").write_text("no picture")
    files = [folder / f"img {number}.png" for number in (2, 10, 11)]
    for seed, file in enumerate(files):
        photograph(seed=seed).save(file)
    return [str(file) for file in files]


def test_the_order_is_that_of_the_chooser(photos: list[str]) -> None:
    folder = Path(photos[0]).parent
    for name in ("Été.jpg", "etage.pdf", "B.PNG", "a.gif", ".hidden.jpg", "07.jpg", "7b.jpg"):
        (folder / name).touch()
    listed = [e.path for e in read_folder(str(folder)).entries if e.kind in ("picture", "document")]
    assert files_beside(photos[0]) == listed
    assert [os.path.basename(file) for file in listed][:2] == ["07.jpg", "7b.jpg"]
    hidden = str(folder / ".hidden.jpg")
    assert files_beside(hidden) == [*listed[:2], hidden, *listed[2:]]


@pytest.mark.gui
def test_next_and_previous_in_the_folder(drive: Drive, photos: list[str]) -> None:
    driver = drive()
    driver.press("alt+Next")
    assert driver.heard.said_last("No picture is open.")
    driver.describe(photos[0])
    driver.press_and_wait("alt+Next")
    assert driver.heard.said[-2:] == [
        (SENTENCE, "description", True),
        ("img 10.png, 2 of 3.", "phrase", False),
    ]
    driver.press("F2")
    assert driver.heard.texts[-1].startswith("img 10.png. ")
    assert driver.heard.texts[-1].endswith("Picture 2 of 3.")
    driver.press_and_wait("alt+Next")
    driver.press_and_wait("alt+Next")
    assert driver.heard.texts[-1] == messages.LAST_PICTURE
    assert driver.heard.earcons[-1] == "edge"
    driver.press_and_wait("alt+Prior")
    driver.press_and_wait("alt+Prior")
    driver.press_and_wait("alt+Prior")
    assert driver.heard.texts[-1] == messages.FIRST_PICTURE
    assert driver.app.describe_task.current.file == photos[0]


@pytest.mark.gui
def test_a_new_file_is_seen_and_a_deleted_one_has_neighbours(
    drive: Drive, photos: list[str]
) -> None:
    driver = drive()
    driver.describe(photos[1])
    os.unlink(photos[1])
    new = str(shutil.copy(photos[0], Path(photos[0]).with_name("img 9.png")))
    driver.press_and_wait("alt+Prior")
    assert driver.app.describe_task.current.file == new
    assert driver.heard.texts[-1] == "img 9.png, 2 of 4."


@pytest.mark.gui
def test_steps_while_the_folder_is_read_count(drive: Drive, photos: list[str]) -> None:
    driver = drive()
    driver.describe(photos[0])
    driver.app.next_picture()
    driver.app.next_picture()
    driver.until_idle()
    assert driver.app.describe_task.current.file == photos[2]


@pytest.mark.gui
def test_a_list_is_followed_until_another_picture_is_opened(
    drive: Drive, photos: list[str], tmp_path: Path
) -> None:
    other = str(shutil.copy(photos[0], tmp_path / "other.png"))
    driver = drive()
    driver.app._list_browser.open(photos[1], [photos[1], other])
    driver.until_idle()
    assert driver.heard.texts[-1] == "img 10.png, 1 of 2."
    driver.press_and_wait("alt+Next")
    assert driver.heard.texts[-1] == "other.png, 2 of 2."
    driver.describe(photos[1])
    driver.press_and_wait("alt+Next")
    assert driver.heard.texts[-1] == "img 11.png, 3 of 3."


@pytest.mark.gui
@pytest.mark.usefixtures("data")
def test_what_is_known_is_not_described_again(drive: Drive, photos: list[str]) -> None:
    describer = FakeDescriber(text=PictureText())
    driver = drive(describer=describer, indexed=True)
    for file in photos[:2]:
        driver.describe(file)
    driver.press_and_wait("alt+Prior")
    assert describer.files == photos[:2]
    assert driver.heard.texts[-2:] == [SENTENCE, "img 2.png, 1 of 3."]
    assert driver.app.describe_task.current.picture is not None
    photograph(seed=9).save(photos[1])
    driver.press_and_wait("alt+Next")
    assert describer.files == [*photos[:2], photos[1]]
