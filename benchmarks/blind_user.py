"""Plays a blind user: real keys, no mouse, no eyes; everything is judged by what was heard.

    python benchmarks/blind_user.py [--short] [--into FOLDER]

Starts the real program for the first time on a virtual screen, with PulseAudio's null sink as its
sound card, and works with it as a blind user would: chooses a voice and a picture, hears it, again,
slower, in detail, explores it, looks back, changes the settings, quits, and finds all that again at
the second start. Each phrase that is expected has to be in the program's spoken log, in order and
whole, and on the recording at its time; where nothing was said there has to be silence. Exits with
1 where that is not so.
"""

import argparse
import re
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import listening
import measure
from listening import Said, Seat

from image_describer import Describer

PICTURES = measure.SAMPLE.parent
QUIET_S = 0.7  # longer than the pause between two sentences
SAID_LIMIT_S = 40.0  # the longest text, and a busy machine
LATE_S = 0.25  # from handing the first sample over to its being on the recording
EARLY_S = 0.05  # by how much the clocks of recorder and program may differ
TAIL_S = 0.3  # what the output still held when the program counted a phrase as over
LEAST_SHARE = 0.3  # of a phrase's time is sound: words have pauses, and letters are short
IMPATIENT_S = 1.0  # whoever knows what comes does not hear it out
NEXT_KEY_S = 0.35  # between two keys that are pressed for one thing


@dataclass(frozen=True)
class Step:
    """The user presses ``keys``, one after the other, and hears ``hears`` (regular expressions).

    ``patient``: hears it out before the next step.
    """

    does: str
    keys: tuple[str, ...]
    hears: tuple[str, ...]
    patient: bool = True


@dataclass
class Row:
    """What became of one expectation. ``asked`` is when the key went down."""

    does: str
    expected: str
    patient: bool
    asked: float
    said: Said | None = None
    sound_at: float | None = None
    sound_s: float = 0.0
    trouble: str = ""


def first_session(captions: dict[str, str]) -> list[Step]:
    cat, coffee = (re.escape(captions[name]) for name in ("cat.jpg", "coffee.jpg"))
    return [
        Step("starts for the first time", (), (r"^Image Describer\. Which voice shall read",)),
        Step("goes to the other voice", ("Tab",), (r"^Offline voice, button, 2 of 2",)),
        Step("takes it", ("Return",), (r"Image Describer\. Control O opens a picture",)),
        Step("asks where it is", ("F2",), (r"^No picture is open",)),
        Step("opens the chooser", ("ctrl+o",), (r"^Open a picture, dialog\..*Pictures",)),
        Step("types a letter", ("c",), (r"cat\.jpg, picture",)),
        Step("chooses the picture", ("Return",), (cat,)),
        Step("hears it again", ("ctrl+r",), (cat,)),
        Step("slows down", ("ctrl+Down",), (r"^155 words a minute",)),
        Step("asks for more", ("ctrl+d",), (r"^More, dialog\. I am \d+ percent sure",)),
        Step("closes it", ("Escape",), (r"Description",)),
        Step("explores", ("ctrl+e",), (r"^Exploring\. Centre\. \w",)),
        Step("goes left", ("Left",), (r"^(Left|Middle left|Centre left)\. \w",)),
        Step("goes up", ("Up",), (r"^(Top left)\. \w",)),
        Step("has explored", ("Escape",), (r"^No longer exploring",)),
        Step("opens the chooser", ("ctrl+o",), (r"^Open a picture, dialog\..*cat\.jpg",)),
        Step("goes down", ("Down",), (r"^coffee\.jpg, picture",)),
        Step("chooses the picture", ("Return",), (coffee,)),
        Step("looks back", ("alt+Up",), (cat,)),
        Step("comes back", ("alt+Down",), (coffee,)),
        Step(
            "opens the settings",
            ("ctrl+comma",),
            (r"^Settings, dialog\. Voice of the descriptions, choice, offline voice",),
        ),
        Step("goes to the rate", ("Tab", "Tab", "Tab"), (r"slider, 155 words a minute",)),
        Step("makes it faster", ("Right",), (r"^1\d\d words a minute",)),
        Step("closes them", ("Escape",), (r"Description",)),
        Step("quits", ("ctrl+q",), ()),
    ]


def long_sessions(captions: dict[str, str]) -> list[list[Step]]:
    """All that a user does."""
    return [first_session(captions), second_session(captions)]


def second_session(captions: dict[str, str]) -> list[Step]:
    return [
        Step("starts again", (), (r"^Image Describer\. Control O opens a picture",)),
        Step("looks back", ("alt+Up",), (re.escape(captions["coffee.jpg"]),)),
        Step("looks back", ("alt+Up",), (re.escape(captions["cat.jpg"]),)),
        Step("opens the settings", ("ctrl+comma",), (r"^Settings.*choice, offline voice",)),
        Step("goes to the rate", ("Tab", "Tab", "Tab"), (r"slider, 1[67]\d words a minute",)),
        Step("closes them", ("Escape",), (r"Description",)),
        Step("quits", ("ctrl+q",), ()),
    ]


def short_sessions(captions: dict[str, str]) -> list[list[Step]]:
    """The same in half a minute: somebody in a hurry."""
    cat = re.escape(captions["cat.jpg"])
    question = Step("starts", (), (r"^Image Describer\. Which voice shall read",), patient=False)
    first = first_session(captions)
    return [
        [
            question,
            *(step for step in first[1:3]),
            *(step for step in first[4:7]),
            Step("speaks faster", ("ctrl+Up",), (r"^195 words a minute",)),
            first[-1],
        ],
        [
            Step("starts again", (), (r"^Image Describer\. Control O opens",), patient=False),
            Step("looks back", ("alt+Up",), (cat,)),
            Step("speaks faster", ("ctrl+Up",), (r"^215 words a minute",)),
            first[-1],
        ],
    ]


class BlindUser:
    """Works with the program, one session after the other."""

    def __init__(self, seat: Seat) -> None:
        self._seat = seat
        self.rows: list[Row] = []
        self.loops: list[Path] = []

    def session(self, steps: list[Step]) -> None:
        """From the program's start to its end, which the last of ``steps`` asks for."""
        asked = time.monotonic()
        app = self._seat.start()
        try:
            for step in steps:
                for key in step.keys:
                    asked = self._seat.hands.press(key)
                    time.sleep(NEXT_KEY_S)
                self._listen(step, asked)
            status = app.process.wait(timeout=SAID_LIMIT_S)
            if status or "Traceback" in app.stderr + app.log:
                raise SystemExit(f"It ended with {status}: {app.stderr}\n{app.log}")
        finally:
            app.end()
        for row in self.rows:
            row.said = row.said or self._seat.log.wait(row.expected, row.asked, 0.1)
        kept = self._seat.loop_file.with_suffix(f".{len(self.loops)}.json")
        self.loops.append(self._seat.loop_file.rename(kept))

    def _listen(self, step: Step, asked: float) -> None:
        for pattern in step.hears:
            row = Row(step.does, pattern, step.patient, asked)
            self.rows.append(row)
            if step.patient:
                row.said = self._seat.log.wait(pattern, asked, SAID_LIMIT_S)
            else:
                self._seat.wait_for_sound(SAID_LIMIT_S)
                time.sleep(IMPATIENT_S)
        if step.patient and step.hears:
            self._seat.wait_for_silence(QUIET_S)


def judge(rows: list[Row], ears: listening.Ears) -> None:
    """Note in each row what is wrong with it."""
    asked_before = 0.0
    for row in rows:
        said = row.said
        if said is None:
            row.trouble = "not said"
            continue
        row.trouble = _trouble(row, said, ears)
        if said.asked < asked_before:
            row.trouble = row.trouble or "out of order"
        asked_before = said.asked


def _trouble(row: Row, said: Said, ears: listening.Ears) -> str:
    if said.error or said.voice != "espeak" or said.began is None:
        return said.error or f"the voice was {said.voice}"
    if said.interrupted and row.patient:
        return "cut off"
    row.sound_at = ears.first_sound(said.began, said.ended)
    row.sound_s = ears.sounding_s(said.began, said.ended)
    if row.sound_at is None or row.sound_at > said.began + LATE_S:
        return "silence where it begins"
    if row.sound_s < LEAST_SHARE * (said.ended - said.began):
        return f"only {row.sound_s:.1f} s of sound"
    return ""


def stray_sounds(said: list[Said], ears: listening.Ears) -> list[tuple[float, float]]:
    """(when, seconds) of what was heard while nothing was said."""
    return ears.sounds_outside(
        (one.began - EARLY_S, one.ended + TAIL_S) for one in said if one.began is not None
    )


def print_table(rows: list[Row], zero: float) -> None:
    print(f"{'the user':28} {'asked':>7} {'heard':>7} {'for':>5}  ok   what was said")
    for row in rows:
        said = row.said.text if row.said else f"expected: {row.expected}"
        heard = f"{row.sound_at - zero:7.2f}" if row.sound_at else "      -"
        print(
            f"{row.does:28} {row.asked - zero:7.2f} {heard} {row.sound_s:5.1f}  "
            f"{row.trouble.upper() or 'yes'}  {said[:70]}"
        )


def play(seat: Seat, short: bool, into: Path) -> tuple[dict[str, Any], bool]:
    """Play the user; the result, and whether all was well."""
    captions = {}
    describer = Describer()
    for name in ("astronaut.jpg", "cat.jpg", "coffee.jpg"):
        content = (PICTURES / name).read_bytes()
        (seat.home / "Pictures" / name).write_bytes(content)
        captions[name] = describer.describe(content).caption
    sessions = short_sessions(captions) if short else long_sessions(captions)
    user = BlindUser(seat)
    with seat.sink.recording() as heard:
        for steps in sessions:
            user.session(steps)
    heard[0].write(into / "blind_user.wav")
    ears = listening.Ears(heard[0])
    judge(user.rows, ears)
    stray = stray_sounds(seat.log.said(), ears)
    print_table(user.rows, ears.began)
    for at, seconds in stray:
        print(f"a sound of {seconds:.2f} s at {at - ears.began:.2f} s, where nothing was said")
    loop = listening.loop_gaps(*user.loops)
    print(
        f"Tk's loop: longest without a tick {loop['longest_ms']:.0f} ms, of its own doing "
        f"{loop['longest own_ms']:.0f} ms"
    )
    wrong = [row for row in user.rows if row.trouble]
    print(
        f"{len(user.rows) - len(wrong)} of {len(user.rows)} as expected, {len(stray)} stray sounds"
    )
    result = {
        "machine": measure.machine(),
        "recorded_s": round(ears.end - ears.began, 1),
        "expected": len(user.rows),
        "as expected": len(user.rows) - len(wrong),
        "stray sounds": len(stray),
        "utterances": len(seat.log.said()),
        "loop": loop,
    }
    return result, not wrong and not stray


def main() -> int:
    parser = argparse.ArgumentParser(description="Play a blind user, and judge by the ear.")
    parser.add_argument("--short", action="store_true", help="half a minute; writes no result")
    parser.add_argument("--into", type=Path, default=Path(tempfile.gettempdir()))
    options = parser.parse_args()
    options.into.mkdir(parents=True, exist_ok=True)
    listening.clean_environment()
    with listening.seat(Path(tempfile.mkdtemp())) as seat:
        result, well = play(seat, options.short, options.into)
    print(f"The recording is {options.into / 'blind_user.wav'}")
    if not options.short:
        print(f"Written to {measure.write('blind_user', result)}")
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main())
