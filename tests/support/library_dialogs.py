"""Driving the dialogs of the user's own pictures: searching, and describing a folder."""

from typing import TYPE_CHECKING

from image_describer.app.dialogs import folder as folder_dialog
from image_describer.app.dialogs import search as search_dialog
from tests.support.screen import MANY_LIMIT_S

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.window import AppDriver

MOST_TABS = 12


def search_for(driver: "AppDriver", words: str) -> search_dialog.SearchWindow:
    """Search by keys, and wait for the result."""
    driver.press("ctrl+f")
    driver.until(lambda: driver.heard.said_last(f"{search_dialog.TITLE}, dialog."), "the dialog")
    driver.screen.type(words)
    driver.press_and_wait("Return")
    window = driver.context.dialogs[-1]
    assert isinstance(window, search_dialog.SearchWindow)
    return window


def describe_folder(driver: "AppDriver", folder: "Path") -> folder_dialog.FolderWindow:
    """Begin describing ``folder`` by keys."""
    driver.press("ctrl+shift+o")
    driver.until(lambda: driver.heard.said_last(f"{folder_dialog.TITLE}, dialog."), "the dialog")
    window = driver.context.dialogs[-1]
    assert isinstance(window, folder_dialog.FolderWindow)
    driver.screen.type(str(folder))
    driver.press("Return")
    return window


def until_ended(driver: "AppDriver", window: folder_dialog.FolderWindow) -> None:
    """Wait for the end of the run."""
    driver.until(lambda: not window.running, "the end of the run", MANY_LIMIT_S)
    driver.settle()


def press_button(driver: "AppDriver", label: str) -> None:
    """Go to a button by Tab and press it."""
    for _ in range(MOST_TABS):
        driver.press("Tab")
        if driver.heard.said_last(f"{label}, button"):
            driver.press("Return")
            return
    raise AssertionError(f"Tab does not lead to {label}: {driver.heard.texts}")
