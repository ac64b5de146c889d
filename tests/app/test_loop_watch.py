"""The watch over Tk's loop sees a hang and what it hung in; unasked it is not there."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.screen import Screen

pytestmark = pytest.mark.gui

CODE = """
import time, tkinter as tk
from image_describer.app import loop_watch
root = tk.Tk()
loop_watch.watch(root)
def dawdle():
    time.sleep(0.3)
root.after(200, dawdle)
root.after(700, root.destroy)
began = time.monotonic()
root.mainloop()
print(began)
"""


def run(screen: Screen, **more: str) -> float:
    done = subprocess.run(
        [sys.executable, "-c", CODE],
        env={**os.environ, "DISPLAY": screen.display, **more},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert not done.stderr
    return float(done.stdout)


def test_a_hang_is_noted_with_its_place(screen: Screen, tmp_path: Path) -> None:
    began = run(screen, IMAGE_DESCRIBER_WATCH_LOOP=str(tmp_path / "loop.json"))
    result = json.loads((tmp_path / "loop.json").read_text())
    (hang,) = (gap for gap in result["gaps"] if "<string>:7" in gap["where"])
    assert 0.3 <= hang["s"] <= result["longest_s"] + 0.001
    assert hang["at"] > began
    assert hang["cpu_s"] < 0.3  # it slept
    assert 0 <= hang["queued_s"] < hang["s"]
    assert result["ticks"] > 10


def test_nobody_is_watched_unasked(screen: Screen, tmp_path: Path) -> None:
    run(screen, IMAGE_DESCRIBER_WATCH_LOOP="")
    assert list(tmp_path.iterdir()) == []
