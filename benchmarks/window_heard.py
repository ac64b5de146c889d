"""A screenshot of the window, and a recording of what it speaks.

    python benchmarks/window_heard.py [PICTURE] [--into FOLDER]

Starts the real program on a virtual screen (Xvfb) with PulseAudio's null sink, opens the picture,
waits for the speech, presses Ctrl+R to repeat it, and prints when the sentence was shown, when the
first sound came, and how long and how loud the recording is.
"""

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

import measure

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.support.screen import RunningApp, Screen
from tests.support.sound import NullSink

SPOKEN_S = 8.0  # longer than the sentence takes


def main() -> int:
    parser = argparse.ArgumentParser(description="Record the window while it describes a picture.")
    parser.add_argument("picture", nargs="?", type=Path, default=measure.SAMPLE)
    parser.add_argument("--into", type=Path, default=Path(tempfile.gettempdir()))
    options = parser.parse_args()
    options.into.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp())
    sink, screen = NullSink(work), Screen()
    os.environ.update(sink.environment)
    try:
        with sink.recording() as heard:
            began = time.monotonic()
            app = RunningApp(screen, work, ["--offline", str(options.picture)], {})
            title = app.wait_title(
                f". - {options.picture.name}"
            )  # the title starts with the sentence
            shown = time.monotonic() - began
            time.sleep(SPOKEN_S)
            app.focus()
            screen.press("ctrl+r")
            time.sleep(SPOKEN_S)
            screen.shot(options.into / "window.png")
            app.end()
    finally:
        screen.close()
        sink.close()
    recording = heard[0]
    recording.write(options.into / "window.wav")
    print(f"title: {title}")
    print(f"sentence shown after {shown:.2f} s from the start of the process")
    first = recording.first_sound
    print(f"first sound after {first - began:.2f} s" if first else "nothing was heard")
    print(f"heard for {recording.span_s:.2f} s at {recording.level_dbfs:.1f} dBFS")
    print(f"window.png and window.wav are in {options.into}")
    return 0 if first else 1


if __name__ == "__main__":
    sys.exit(main())
