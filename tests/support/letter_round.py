"""A blind person's round by keys alone: a letter of two pages, then what is on the screen."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from PIL import ImageDraw

from tests.support.drawn_text import draw_text
from tests.support.screen import Screen
from tests.support.spoken import SpokenApp

NOTICE = "Your train leaves from platform 4."  # of another program
NOTICE_PROGRAM = """
import sys, tkinter
root = tkinter.Tk()
root.geometry(f"{root.winfo_screenwidth()}x{root.winfo_screenheight()}+0+0")
tkinter.Label(root, text=sys.argv[1], font=("", 24)).pack(expand=True)
root.bind("<Map>", lambda event: print("ready", flush=True))
root.mainloop()
"""
# So that the virtual screen is captured, not the one that somebody sits at.
ENVIRONMENT = {"WAYLAND_DISPLAY": "", "XDG_SESSION_TYPE": "x11"}
# What must be heard after the keys.
STEPS = (
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
    (f"It says: {NOTICE}", "ctrl+shift+s"),
)


def picture(folder: Path) -> Path:
    first = draw_text(
        "Dear Ms Weber,\nplease come to the town hall\non Friday at half past nine\n"
        "and bring your passport with\nyou to the second floor.\nKind regards, Peter Klein",
        40,
    )
    # Somebody has crossed out the passport.
    ImageDraw.Draw(first).line((320, 199, 460, 195), fill="black", width=9)
    second = draw_text("How to find us\n\nTake bus 12 to the church.\nThe door is green.", 40)
    letter = folder / "letter.tif"
    first.save(letter, save_all=True, append_images=[second])
    return letter


@contextlib.contextmanager
def notice_on(screen: Screen) -> Iterator[None]:
    """Another program's window, which fills the screen and says `NOTICE`."""
    program = subprocess.Popen(
        [sys.executable, "-c", NOTICE_PROGRAM, NOTICE],
        env={**os.environ, "DISPLAY": screen.display},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert program.stdout is not None
    try:
        assert program.stdout.readline() == "ready\n"
        yield
    finally:
        program.kill()
        program.wait()
        program.stdout.close()


def play(app: SpokenApp) -> None:
    """Press the keys in the program that has opened the letter, and wait until each is answered."""
    for part, *keys in STEPS:
        app.wait_to_hear(part, *keys)
    app.assert_working()
