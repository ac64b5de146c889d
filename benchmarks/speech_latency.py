"""How soon a phrase is heard, and how soon stopped speech is silent, in milliseconds.

    python benchmarks/speech_latency.py [--phrases 50] [--rate 175] [--idle SECONDS]

Each phrase interrupts another one, like in a list that somebody walks through; with --idle it is
spoken that long after the previous one ended. Everything is played into PulseAudio's null sink and
recorded there: "audible" is measured on the recording, to about 10 ms. The interrupted phrase is so
soft that the new one stands out.
"""

import argparse
import os
import random
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import measure

sys.path.insert(0, str(measure.HERE.parent))

from image_describer.speech import Speaker, make_speaker
from tests.support.sound import RATE_HZ, NullSink, null_sink_unavailable

TARGET_MS = 100.0  # a key is then heard within 150 ms
SILENT_TARGET_MS = 50.0
AUDIBLE = 300  # of 32767: some -40 dBFS
SOFT_VOLUME = 1  # percent: its loudest sample is below AUDIBLE
SPOKEN_S = 0.4  # how long a phrase is recorded
LONG = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen"
NAMES = ("Open a picture", "Repeat", "Copy", "Search", "Settings", "Help", "Say more", "History")
ROLES = ("button", "check box, checked", "choice", "slider, 50 percent", "edit box", "list")


def phrases(count: int) -> list[str]:
    """Return what a window says about its widgets, the same on every run."""
    choice = random.Random(1).choice
    return [f"{choice(NAMES)}, {choice(ROLES)}, {number % 7 + 1} of 7" for number in range(count)]


def heard_after(sink: NullSink, speaker: Speaker, text: str, idle_s: float) -> tuple[float, float]:
    """Milliseconds from say() to the first sample at the output, and to the first audible one."""
    if idle_s:
        time.sleep(idle_s)
    else:
        speaker.volume = SOFT_VOLUME
        speaker.say(LONG, kind="phrase")
    sink.record()
    time.sleep(SPOKEN_S)
    speaker.volume = 100
    already = sink.recorded_samples
    asked = time.monotonic()
    utterance = speaker.say(text, kind="phrase")
    time.sleep(SPOKEN_S)
    speaker.stop()
    utterance.wait(5)
    samples = sink.stop_recording(tail_s=0.1).samples[already:]
    audible = next((i for i, sample in enumerate(samples) if abs(sample) > AUDIBLE), None)
    if audible is None or utterance.began is None:
        raise SystemExit(f"{text!r} was not heard: {utterance.error}")
    return 1000 * (utterance.began - asked), 1000 * audible / RATE_HZ


def silent_after(sink: NullSink, speaker: Speaker, already_s: float) -> float:
    """Milliseconds from stop() to the last audible sample."""
    speaker.say(LONG, kind="phrase")
    sink.record()
    time.sleep(already_s)
    already = sink.recorded_samples
    speaker.stop()
    samples = sink.stop_recording(tail_s=0.5).samples[already:]
    audible = [i for i, sample in enumerate(samples) if abs(sample) > AUDIBLE]
    return 1000 * audible[-1] / RATE_HZ if audible else 0.0


def run(options: argparse.Namespace, sink: NullSink) -> dict[str, Any]:
    with (
        tempfile.TemporaryDirectory() as cache,
        make_speaker(offline=True, rate=options.rate, cache_folder=Path(cache)) as speaker,
    ):
        speaker.say("Ready.", kind="phrase").wait(10)
        texts = phrases(options.phrases)
        heard = [heard_after(sink, speaker, text, options.idle) for text in texts]
        wait = random.Random(2)
        times = [wait.uniform(0.5, 1.5) for _ in range(options.phrases // 2)]
        silent = [silent_after(sink, speaker, already_s) for already_s in times]
    return {
        "machine": measure.machine(),
        "phrases": options.phrases,
        "rate": options.rate,
        "idle_s": options.idle,
        "ms": {
            "say to first sample": measure.percentiles([first for first, _ in heard]),
            "say to audible": measure.percentiles([audible for _, audible in heard]),
            "stop to silent": measure.percentiles(silent),
        },
    }


def main() -> int:
    parser = argparse.ArgumentParser(description="Time phrases from say() to the sound.")
    parser.add_argument("--phrases", type=int, default=50)
    parser.add_argument("--rate", type=int, default=175)
    parser.add_argument("--idle", type=float, default=0.0, help="seconds of silence before each")
    options = parser.parse_args()
    reason = null_sink_unavailable()
    if reason is not None:
        raise SystemExit(f"Nothing to measure: {reason}")
    with tempfile.TemporaryDirectory() as folder:
        sink = NullSink(Path(folder))
        os.environ.update(sink.environment)
        try:
            result = run(options, sink)
        finally:
            sink.close()
    for name, figures in result["ms"].items():
        print(f"{name:20} median {figures['median']:6.1f} ms, 90 % {figures['percentile 90']:6.1f}")
    met = (
        result["ms"]["say to audible"]["median"] <= TARGET_MS
        and result["ms"]["stop to silent"]["percentile 90"] <= SILENT_TARGET_MS
    )
    verdict = "met" if met else "MISSED"
    print(f"The targets of {TARGET_MS:.0f} and {SILENT_TARGET_MS:.0f} ms are {verdict}")
    name = "speech_latency_idle" if options.idle else "speech_latency"
    print(f"Written to {measure.write(name, result)}")
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
