"""The list of files: its columns, the rows in view, the wheel and the scroll bar."""

import tkinter as tk
from collections.abc import Iterator
from pathlib import Path

import pytest

from image_describer.app.dialogs.chooser.file_list import FileList
from image_describer.app.jobs import JobRunner
from image_describer.app.listing import FolderListing, read_folder
from tests.support.screen import Screen
from tests.support.window import KEPT, TkLoop

pytestmark = pytest.mark.gui

COUNT = 100
NAME = "a picture with a long name {:03}.jpg"


class ListDriver(TkLoop):
    def __init__(self, screen: Screen, listing: FolderListing) -> None:
        self.screen = screen
        self.root = tk.Tk()
        KEPT.append(self.root)
        self.root.geometry("900x400+0+0")
        self.jobs = JobRunner(self.root.after)
        self.files: FileList = FileList(
            self.root, self.jobs, lambda: None, lambda _text: None, lambda _char: None
        )
        self.files.pack(fill="both", expand=True)
        self.files.show(listing.entries, 0)
        self.files.focus_force()
        self.settle()

    def shown(self, row: int = 0) -> str:
        return str(self.files.item(str(row), "text")).strip()

    def details(self, row: int) -> tuple[str, ...]:
        return tuple(str(value) for value in self.files.item(str(row), "values"))


@pytest.fixture
def driver(screen: Screen, tmp_path: Path) -> Iterator[ListDriver]:
    (tmp_path / "folder").mkdir()
    for number in range(COUNT):
        (tmp_path / NAME.format(number)).write_bytes(b"x" * 2048)
    driver = ListDriver(screen, read_folder(str(tmp_path)))
    yield driver
    driver.root.destroy()


def test_dates_and_sizes_of_the_rows_in_view_are_read(driver: ListDriver) -> None:
    driver.until(lambda: driver.details(1)[1:] == ("2 kB",), "the size")
    assert driver.details(1)[0].split()[-1].isdigit()  # the year
    assert driver.details(0)[1] == "folder"
    assert len(driver.files._details) < COUNT


def test_a_narrow_list_shows_shortened_names_alone(driver: ListDriver) -> None:
    assert driver.shown(1) == NAME.format(0)
    driver.root.geometry("280x400")
    driver.until(lambda: driver.shown(1).endswith("…"), "a shorter name")
    assert driver.files.cget("displaycolumns") == ""
    driver.root.geometry("900x400")
    driver.until(lambda: driver.shown(1) == NAME.format(0), "the whole name")


def test_the_wheel_and_the_bar_scroll_and_the_cursor_stays(driver: ListDriver) -> None:
    files = driver.files
    driver.screen.xdotool("mousemove", "100", "200", "click", "5")
    driver.until(lambda: driver.shown() == NAME.format(2), "three rows further down")
    assert files.cursor == 0
    assert files.selection() == ()
    files.yview("moveto", "1.0")
    assert driver.shown(len(files.get_children()) - 1) == NAME.format(COUNT - 1)
    driver.press("Down")
    assert files.cursor == 1
    assert driver.shown() == NAME.format(0)
    assert files.selection() == ("0",)
