"""A screenshot of the window, and a recording of what it speaks.

    python benchmarks/window_heard.py [PICTURE] [--into FOLDER]
    python benchmarks/window_heard.py --letter [--rate 175] [--into FOLDER]
    python benchmarks/window_heard.py --german [--rate 175] [--into FOLDER]

Starts the real program on a virtual screen (Xvfb) with PulseAudio's null sink. Opens the picture,
waits for the speech, presses Ctrl+R to repeat it, and prints when the sentence was shown, when the
first sound came, and how long and how loud the recording is.

--letter plays a blind person's round through a letter and the screen, by the keys of
`tests/support/letter_round.py`, and prints what was said, word by word, and the long silences.
--german does the same with a round in German, by the keys of `tests/support/german_round.py`.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from itertools import accumulate, groupby
from pathlib import Path
from types import ModuleType

import measure

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.support import german_round, letter_round
from tests.support.screen import RunningApp, Screen
from tests.support.sound import BLOCK_MS, SILENCE_DBFS, NullSink, Recording
from tests.support.spoken import SpokenApp

SPOKEN_S = 8.0  # longer than the sentence takes
SILENCE_S = 2.0  # longer ones are printed


def long_silences(recording: Recording) -> list[tuple[float, float]]:
    """When each long silence between two sounds begins, and how long it is, in seconds."""
    runs = [
        (loud, len(list(blocks)) * BLOCK_MS / 1000)
        for loud, blocks in groupby(recording.blocks(), lambda level: level > SILENCE_DBFS)
    ]
    begins = accumulate((length for _, length in runs), initial=0.0)
    inner = list(zip(begins, runs, strict=False))[1:-1]
    return [(begin, length) for begin, (loud, length) in inner if not loud and length > SILENCE_S]


def hear_picture(screen: Screen, work: Path, into: Path, picture: Path) -> None:
    """Open the picture, wait for the speech, and repeat it."""
    began = time.monotonic()
    app = RunningApp(screen, work, ["--offline", str(picture)], {})
    title = app.wait_title(f". - {picture.name}")  # the title starts with the sentence
    print(f"title: {title}")
    print(f"sentence shown after {time.monotonic() - began:.2f} s from the start of the process")
    time.sleep(SPOKEN_S)
    app.focus()
    screen.press("ctrl+r")
    time.sleep(SPOKEN_S)
    screen.shot(into / "window.png")
    app.end()


def hear_letter(screen: Screen, work: Path, into: Path, rate: int) -> None:
    """Play the round through a letter, and print what was said."""
    with letter_round.notice_on(screen):
        _hear_round(screen, work, into / "letter.png", rate, letter_round)


def hear_german(screen: Screen, work: Path, into: Path, rate: int) -> None:
    """Play the round in German, and print what was said."""
    _hear_round(screen, work, into / "german.png", rate, german_round)


def _hear_round(screen: Screen, work: Path, shot: Path, rate: int, played: ModuleType) -> None:
    config = work / "config" / "image-describer"
    config.mkdir(parents=True)
    (config / "settings.toml").write_text(f"online = false\nrate = {rate}\n", encoding="utf-8")
    log = work / "said.jsonl"
    arguments = ["--speech-log", str(log), str(played.picture(work))]
    began = time.monotonic()
    app = RunningApp(screen, work, arguments, played.ENVIRONMENT)
    app.wait_title("Image Describer")
    app.focus()
    played.play(SpokenApp(app, log))
    screen.shot(shot)
    app.end()
    for line in log.read_text("utf-8").splitlines():
        said = json.loads(line)
        at = f"{said['began'] - began:7.2f} s" if said["began"] else " " * 9
        text = f"({said['text']})" if said["kind"] == "earcon" else said["text"]
        print(at, text, "[interrupted]" if said["interrupted"] else "")


def main() -> int:
    parser = argparse.ArgumentParser(description="Record the window while it speaks.")
    parser.add_argument("picture", nargs="?", type=Path, default=measure.SAMPLE)
    parser.add_argument("--letter", action="store_true", help="play a round through a letter")
    parser.add_argument("--german", action="store_true", help="play a round in German")
    parser.add_argument("--rate", type=int, default=175, help="words a minute, for a round")
    parser.add_argument("--into", type=Path, default=Path(tempfile.gettempdir()))
    options = parser.parse_args()
    options.into.mkdir(parents=True, exist_ok=True)
    name = "letter" if options.letter else "german" if options.german else "window"
    work = Path(tempfile.mkdtemp())
    sink, screen = NullSink(work), Screen()
    os.environ.update(sink.environment)
    try:
        with sink.recording() as heard:
            began = time.monotonic()
            if options.letter:
                hear_letter(screen, work, options.into, options.rate)
            elif options.german:
                hear_german(screen, work, options.into, options.rate)
            else:
                hear_picture(screen, work, options.into, options.picture)
    finally:
        screen.close()
        sink.close()
    recording = heard[0]
    recording.write(options.into / f"{name}.wav")
    first = recording.first_sound
    print(f"first sound after {first - began:.2f} s" if first else "nothing was heard")
    print(f"heard for {recording.span_s:.2f} s at {recording.level_dbfs:.1f} dBFS")
    print(f"of which {recording.audible_s:.2f} s are sound")
    for begin, length in long_silences(recording):
        print(f"silent for {length:.1f} s from {begin:.1f} s on")
    print(f"{name}.png and {name}.wav are in {options.into}")
    return 0 if first else 1


if __name__ == "__main__":
    sys.exit(main())
