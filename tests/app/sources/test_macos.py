"""macOS's requests, on Linux: the Tcl commands exist and are called all the same."""

import os
import subprocess
import sys

import pytest

from tests.support.screen import Screen

pytestmark = pytest.mark.gui

MAC = """
import tkinter as tk
from image_describer.app.sources import macos
root = tk.Tk()
calls = []
def quit_app():
    calls.append("quit")
    root.destroy()
def fail(*words):
    calls.append(str(words[1]))
root.report_callback_exception = fail
def settings():
    calls.append("settings")
    raise ValueError("in settings")
here = macos.answer_macos(root, calls.append, settings, quit_app)
assert not here and not root.tk.call("info", "commands", macos.QUIT)
there = macos.answer_macos(root, calls.append, settings, quit_app, windowing_system="aqua")
assert there
root.tk.call(macos.OPEN_FILES, "/Users/a/one two.png", "/Users/a/{b} [c].jpg", 7)
root.tk.call(macos.SETTINGS)
assert not calls
root.after(50, lambda: root.tk.call(macos.QUIT))
root.mainloop()
print(calls)
"""


def test_finder_settings_and_quit_reach_the_program(screen: Screen) -> None:
    done = subprocess.run(
        [sys.executable, "-c", MAC],
        env={**os.environ, "DISPLAY": screen.display},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == str(
        [["/Users/a/one two.png", "/Users/a/{b} [c].jpg", "7"], "settings", "in settings", "quit"]
    )
