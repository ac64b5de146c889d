"""How soon a key is heard in the whole program: from the key going down to the first sound.

    python benchmarks/key_latency.py [--presses 50] [--pictures 10] [--into FOLDER]

Starts the real program on a virtual screen with PulseAudio's null sink, presses real keys, and
looks for the first audible sample after each on the recording. Targets: a median of 130 ms for the
program's own phrases, 150 ms while a picture is explored, 500 ms from Enter on a picture in the
chooser to the first sound of its description by the offline voice, and never 100 ms without a tick
of Tk's loop. Then the same keys with a service of Orca's name on a bus of its own: until it is told
what to say, at most 30 ms more than until the offline voice is heard.
"""

import argparse
import os
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import listening
import measure
from listening import Desktop, LogLine

from tests.support import orca_service
from tests.support.screen import wait_for
from tests.support.session_bus import running_bus

PHRASE_TARGET_MS, EXPLORE_TARGET_MS = 130.0, 150.0
DESCRIPTION_TARGET_MS, LOOP_TARGET_MS = 500.0, 100.0
READER_TARGET_MS = 30.0  # more than by the offline voice
# Keys that always say something in the main window after a description.
KEYS = ("Tab", "ctrl+Up", "Tab", "shift+Tab", "ctrl+Down", "Tab", "Tab", "F2", "Tab", "Tab")
ROUND = ("Left", "Up", "Right", "Return", "Right", "Down", "BackSpace", "Right", "Down", "Return")
QUIET_S = 0.7  # longer than the pause between two sentences
HEARD_LIMIT_S = 2.0
SAID_LIMIT_S = 20.0
PHOTOS = measure.SAMPLE.parent

Answer = tuple[float, LogLine]  # when the key went down, and what was said


def press_after_silence(desktop: Desktop, presses: int) -> list[Answer]:
    """Press keys, each after a silence."""
    delay = random.Random(1)
    answers = []
    for number in range(presses):
        desktop.wait_for_silence(QUIET_S)
        time.sleep(delay.uniform(0, 0.1))
        pressed = desktop.keyboard.press(KEYS[number % len(KEYS)])
        answers.append((pressed, desktop.log.wait(pressed, SAID_LIMIT_S)))
    return answers


def press_while_speaking(desktop: Desktop, presses: int) -> list[Answer]:
    """Press Tab before the last answer ended, like somebody who walks through the buttons."""
    delay = random.Random(2)
    pressed = []
    for _ in range(presses):
        pressed.append(desktop.keyboard.press("Tab"))
        time.sleep(delay.uniform(0.25, 0.45))
    desktop.wait_for_silence(QUIET_S)
    lines = sorted(
        (line for line in desktop.log.lines() if line.began is not None),
        key=lambda line: line.asked,
    )
    return [(at, next(line for line in lines if line.asked >= at)) for at in pressed]


def explore(desktop: Desktop, presses: int) -> list[Answer]:
    """Explore a picture again and again, faster than its parts are described ahead."""
    delay = random.Random(3)
    pressed: list[float] = []
    while len(pressed) < presses:
        desktop.wait_for_silence(QUIET_S)
        for key in ("ctrl+e", *ROUND):
            pressed.append(desktop.keyboard.press(key))
            time.sleep(delay.uniform(0.4, 0.6))
        desktop.keyboard.press("ctrl+e")
    desktop.wait_for_silence(QUIET_S)
    return [(at, desktop.log.wait(at, SAID_LIMIT_S)) for at in pressed]


def choose_pictures(desktop: Desktop, pictures: int) -> list[Answer]:
    """Choose one picture after the other in the chooser; the answers are the descriptions."""
    answers = []
    for number in range(pictures):
        desktop.wait_for_silence(QUIET_S)
        opened = desktop.keyboard.press("ctrl+o")
        desktop.log.wait(opened, SAID_LIMIT_S)
        desktop.wait_for_silence(QUIET_S)
        desktop.keyboard.press("Home" if number % 2 else "End")
        desktop.wait_for_silence(QUIET_S)
        pressed = desktop.keyboard.press("Return")
        answers.append((pressed, desktop.log.wait(pressed, SAID_LIMIT_S, "description")))
    return answers


def sound_ms(recording: listening.TimedRecording, answers: Sequence[Answer]) -> list[float]:
    """From each press to the first sound of its answer."""
    times = []
    for pressed, line in answers:
        # Sound before the answer began is something else, such as a tick.
        after = max(pressed, (line.began or pressed) - 0.02)
        sound = recording.first_sound(after, pressed + HEARD_LIMIT_S)
        if sound is None:
            raise SystemExit(f"not on the recording: {line}")
        times.append(1000 * (sound - pressed))
    return times


def output_ms(answers: Sequence[Answer]) -> list[float]:
    """From each press to the first sample that the output received."""
    return [1000 * ((line.began or 0) - pressed) for pressed, line in answers]


def reader_ms(desktop: Desktop, log: Path, presses: int) -> list[float]:
    """From each press to the call of the screen reader, which gets everything that is said."""
    delay = random.Random(4)
    times = []
    app = desktop.start("--offline", str(min(desktop.pictures.iterdir())))
    try:
        wait_for(lambda: len(orca_service.lines(log)) > 1, SAID_LIMIT_S, "the description")
        for number in range(presses):
            time.sleep(QUIET_S + delay.uniform(0, 0.1))
            pressed = desktop.keyboard.press(KEYS[number % len(KEYS)])
            wait_for(lambda: _call_after(log, pressed) > 0, SAID_LIMIT_S, "a call")  # noqa: B023
            times.append(1000 * (_call_after(log, pressed) - pressed))
        desktop.keyboard.press("ctrl+q")
        app.process.wait(timeout=20)
    finally:
        app.end()
    return times


def _call_after(log: Path, pressed: float) -> float:
    """When Orca was first told something to say after a press; 0 if it wasn't yet."""
    calls = orca_service.lines(log)
    return next((at for at, said in calls if at > pressed and said != orca_service.INTERRUPT), 0.0)


def run(options: argparse.Namespace, desktop: Desktop) -> dict[str, Any]:
    for number, photo in enumerate(sorted(PHOTOS.glob("*.jpg"))):
        (desktop.pictures / f"{number} {photo.name}").write_bytes(photo.read_bytes())
    with desktop.sink.recording() as recordings:
        app = desktop.start("--offline", str(min(desktop.pictures.iterdir())))
        try:
            desktop.log.wait(0.0, 30.0)
            after_silence = press_after_silence(desktop, options.presses)
            while_speaking = press_while_speaking(desktop, options.presses)
            explored = explore(desktop, options.presses)
            chosen = choose_pictures(desktop, options.pictures)
            desktop.keyboard.press("ctrl+q")
            app.process.wait(timeout=20)
        finally:
            app.end()
    recordings[0].write(options.into / "key_latency.wav")
    recording = listening.TimedRecording(recordings[0])
    return {
        "machine": measure.machine(),
        "ms": {
            "key to sound": measure.percentiles(sound_ms(recording, after_silence)),
            "key to output": measure.percentiles(output_ms(after_silence)),
            "interrupting key to output": measure.percentiles(output_ms(while_speaking)),
            "key to sound, exploring": measure.percentiles(sound_ms(recording, explored)),
            "Enter to description": measure.percentiles(sound_ms(recording, chosen)),
        },
        "presses": options.presses,
        "pictures": options.pictures,
        "loop": listening.loop_gaps(desktop.loop_file),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description="Time keys from the press to the sound.")
    parser.add_argument("--presses", type=int, default=50)
    parser.add_argument("--pictures", type=int, default=10)
    parser.add_argument("--into", type=Path, default=Path(tempfile.gettempdir()))
    options = parser.parse_args()
    options.into.mkdir(parents=True, exist_ok=True)
    with listening.desktop(Path(tempfile.mkdtemp())) as desktop:
        result = run(options, desktop)
    folder = Path(tempfile.mkdtemp())
    with running_bus(folder, os.environ.__setitem__) as start, listening.desktop(folder) as desktop:
        (desktop.pictures / measure.SAMPLE.name).write_bytes(measure.SAMPLE.read_bytes())
        log = folder / "orca.txt"
        start(Path(str(orca_service.__file__)), log, "50")
        figures = measure.percentiles(reader_ms(desktop, log, options.presses))
        result["ms"]["key to screen reader"] = figures
    for name, figures in result["ms"].items():
        print(f"{name:28} median {figures['median']:6.1f} ms, 90 % {figures['percentile 90']:6.1f}")
    for name in ("longest_ms", "longest own_ms"):
        print(f"{'loop without a tick, ' + name[:-3]:36}{result['loop'][name]:6.1f} ms")
    met = (
        result["ms"]["key to sound"]["median"] <= PHRASE_TARGET_MS
        and result["ms"]["key to sound, exploring"]["median"] <= EXPLORE_TARGET_MS
        and result["ms"]["Enter to description"]["median"] <= DESCRIPTION_TARGET_MS
        and result["loop"]["longest own_ms"] <= LOOP_TARGET_MS
        and result["ms"]["key to screen reader"]["median"]
        <= result["ms"]["key to sound"]["median"] + READER_TARGET_MS
    )
    print(f"The targets are {'met' if met else 'MISSED'}")
    print(f"Written to {measure.write('key_latency', result)}")
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
