"""How soon a key is heard, in the whole program: from the key going down to the first sound.

    python benchmarks/key_latency.py [--presses 50] [--pictures 10] [--into FOLDER]

Starts the real program on a virtual screen with PulseAudio's null sink as its sound card, presses
real keys, and looks on the recording for the first audible sample after each. Goals: 150 ms, the
median, for the program's own phrases, 500 ms from Enter on a picture in the chooser to the first
sound of its description by the offline voice, and never 100 ms without a tick of Tk's loop.
"""

import argparse
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import listening
import measure

PHRASE_GOAL_MS, DESCRIPTION_GOAL_MS, LOOP_GOAL_MS = 150.0, 500.0, 100.0
# Keys that always have something to say, here in the main window with a picture described.
KEYS = ("Tab", "ctrl+Up", "Tab", "shift+Tab", "ctrl+Down", "Tab", "Tab", "F2", "Tab", "Tab")
QUIET_S = 0.7  # longer than the pause between two sentences
HEARD_LIMIT_S = 2.0
PHOTOS = measure.SAMPLE.parent


def phrases(seat: listening.Seat, presses: int) -> list[tuple[float, listening.Said]]:
    """Presses keys, each after a silence: when it went down, and what was said for it."""
    chosen = random.Random(1)
    answers = []
    for number in range(presses):
        key = KEYS[number % len(KEYS)]
        seat.wait_for_silence(QUIET_S)
        time.sleep(chosen.uniform(0, 0.1))
        at = seat.hands.press(key)
        said = seat.log.wait("", at, 20.0)
        if said is None:
            raise SystemExit(f"{key} said nothing")
        answers.append((at, said))
    return answers


def interruptions(seat: listening.Seat, presses: int) -> list[tuple[float, listening.Said]]:
    """The same while something is being said, as by somebody who walks through the buttons."""
    chosen = random.Random(2)
    pressed = []
    for _ in range(presses):
        pressed.append(seat.hands.press("Tab"))
        time.sleep(chosen.uniform(0.25, 0.45))
    seat.wait_for_silence(QUIET_S)
    said = [one for one in seat.log.said() if one.began is not None]
    answers = []
    for at in pressed:
        later = [one for one in said if one.asked >= at]
        if not later:
            raise SystemExit("a press of Tab said nothing")
        answers.append((at, min(later, key=lambda one: one.asked)))
    return answers


def descriptions(seat: listening.Seat, pictures: int) -> list[tuple[float, listening.Said]]:
    """Chooses one picture after the other in the chooser: when Enter went down, the description."""
    answers = []
    for number in range(pictures):
        seat.wait_for_silence(QUIET_S)
        began = seat.hands.press("ctrl+o")
        if seat.log.wait("", began, 20.0) is None:
            raise SystemExit("the chooser said nothing")
        seat.wait_for_silence(QUIET_S)
        seat.hands.press("Home" if number % 2 else "End")
        seat.wait_for_silence(QUIET_S)
        at = seat.hands.press("Return")
        limit = time.monotonic() + 20.0
        while True:
            found = [
                one for one in seat.log.said() if one.kind == "description" and one.asked >= at
            ]
            if found:
                break
            if time.monotonic() > limit:
                raise SystemExit("no description was heard")
            time.sleep(0.05)
        answers.append((at, found[0]))
    return answers


def heard_ms(ears: listening.Ears, answers: Sequence[tuple[float, listening.Said]]) -> list[float]:
    """From each press to the first sound of its answer."""
    found = []
    for at, said in answers:
        # Whatever sounds before the answer began is something else: a tick, an earlier phrase.
        sound = ears.first_sound(max(at, (said.began or at) - 0.02), at + HEARD_LIMIT_S)
        if sound is None:
            raise SystemExit(
                f"not on the recording, {at - ears.began:.2f} s after its start: {said}"
            )
        found.append(1000 * (sound - at))
    return found


def summary(values: Sequence[float]) -> dict[str, float]:
    ninth = statistics.quantiles(values, n=10)[-1]
    return {**measure.summary(values), "percentile 90": round(ninth, 4)}


def measured(options: argparse.Namespace, seat: listening.Seat) -> dict[str, Any]:
    for number, photo in enumerate(sorted(PHOTOS.glob("*.jpg"))):
        (seat.home / "Pictures" / f"{number} {photo.name}").write_bytes(photo.read_bytes())
    first = min((seat.home / "Pictures").iterdir())
    with seat.sink.recording() as heard:
        app = seat.start("--offline", str(first))
        try:
            if seat.log.wait("", 0.0, 30.0) is None:
                raise SystemExit(f"nothing was said at the start: {app.stderr}{app.log}")
            spoken = phrases(seat, options.presses)
            cut = interruptions(seat, options.presses)
            chosen = descriptions(seat, options.pictures)
            seat.wait_for_silence(QUIET_S)
            seat.hands.press("ctrl+q")
            app.process.wait(timeout=20)
        finally:
            app.end()
    heard[0].write(options.into / "key_latency.wav")
    ears = listening.Ears(heard[0])
    return {
        "machine": measure.machine(),
        "ms": {
            "key to sound": summary(heard_ms(ears, spoken)),
            "key to output": summary([1000 * ((one.began or 0) - at) for at, one in spoken]),
            "interrupting key to output": summary(
                [1000 * ((one.began or 0) - at) for at, one in cut]
            ),
            "Enter to description": summary(heard_ms(ears, chosen)),
        },
        "presses": options.presses,
        "pictures": options.pictures,
        "loop": listening.loop_gaps(seat.loop_file),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description="Time keys from the finger to the ear.")
    parser.add_argument("--presses", type=int, default=50)
    parser.add_argument("--pictures", type=int, default=10)
    parser.add_argument("--into", type=Path, default=Path(tempfile.gettempdir()))
    options = parser.parse_args()
    options.into.mkdir(parents=True, exist_ok=True)
    listening.clean_environment()
    with listening.seat(Path(tempfile.mkdtemp())) as seat:
        result = measured(options, seat)
    for name, figures in result["ms"].items():
        print(f"{name:28} median {figures['median']:6.1f} ms, 90 % {figures['percentile 90']:6.1f}")
    for name in ("longest_ms", "longest own_ms"):
        print(f"{'loop without a tick, ' + name[:-3]:36}{result['loop'][name]:6.1f} ms")
    met = (
        result["ms"]["key to sound"]["median"] <= PHRASE_GOAL_MS
        and result["ms"]["Enter to description"]["median"] <= DESCRIPTION_GOAL_MS
        and result["loop"]["longest own_ms"] <= LOOP_GOAL_MS
    )
    print(f"The goals are {'met' if met else 'MISSED'}")
    print(f"Written to {measure.write('key_latency', result)}")
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
