"""What a Mac asks for, asked for on Linux: the Tcl commands are made and called all the same."""

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
told = []
def quit_it():
    told.append("quit")
    root.destroy()
def fail(*words):
    told.append(str(words[1]))
root.report_callback_exception = fail
def settings():
    told.append("settings")
    raise ValueError("in settings")
here = macos.answer_macos(root, told.append, settings, quit_it)
assert not here and not root.tk.call("info", "commands", macos.QUIT)
there = macos.answer_macos(root, told.append, settings, quit_it, windowing_system="aqua")
assert there
root.tk.call(macos.OPEN_FILES, "/Users/a/one two.png", "/Users/a/{b} [c].jpg", 7)
root.tk.call(macos.SETTINGS)
assert not told
root.after(50, lambda: root.tk.call(macos.QUIT))
root.mainloop()
print(told)
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
