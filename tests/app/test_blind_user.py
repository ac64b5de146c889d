"""A blind user at the real program: the short form of benchmarks/blind_user.py, by its command."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.screen import Screen
from tests.support.sound import NullSink

BENCHMARK = Path(__file__).resolve().parents[2] / "benchmarks" / "blind_user.py"
LIMIT_S = 800.0  # half a minute, on a machine with nothing else to do


@pytest.mark.gui
@pytest.mark.sound
@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_blind_user_hears_all_that_is_needed(
    screen: Screen, null_sink: NullSink, tmp_path: Path
) -> None:
    # The fixtures tell whether there is a screen and sound at all; the command brings its own.
    done = subprocess.run(
        [sys.executable, str(BENCHMARK), "--short", "--into", str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "10 of 10 as expected, 0 stray sounds" in done.stdout
    assert (tmp_path / "blind_user.wav").stat().st_size > 1_000_000
