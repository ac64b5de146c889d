"""``image-describer doctor``: what works on this computer, and how to mend what doesn't.

Everything is tried, not looked up: a picture is described, a voice makes a sound, the sound output
and a window are opened. Nothing is heard or seen of it.
"""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from image_describer.cli.console import without_chatter
from image_describer.errors import ImageDescriberError
from image_describer.speech.probe import (
    Report,
    network_report,
    player_reports,
    voice_reports,
)
from image_describer.text import visible

HEARD = 0
SILENT = 1  # pictures are described, but not heard
BLIND = 2  # no picture can be described
VERDICTS = {
    HEARD: "All is well: pictures can be described and heard.",
    SILENT: "Pictures can be described here, but not heard.",
    BLIND: "No picture can be described here.",
}

MODEL, PICTURE, VOICE, SOUND = "model", "description", "voice ", "sound output"

WINDOW_LIMIT_S = 10  # a display that doesn't answer within this is no use to anyone
WINDOW_PROBE = """
import tkinter
window = tkinter.Tk()
print(tkinter.TkVersion)
window.destroy()
"""
WITHOUT_WINDOW = "Only the window needs it: image-describer describe --speak works without."
GET_TK = {
    "linux": "Install it: sudo apt-get install python3-tk.",
    "darwin": "Install it: brew install python-tk.",
    "win32": 'Run Python\'s installer again, choose "Modify" and tick "tcl/tk".',
}
GET_DISPLAY = "Log in to a desktop, or connect with ssh -X."


def run(options: argparse.Namespace) -> int:
    """Print a line for each thing as it is found out, then the verdict; returns the status."""
    reports = []
    for report in examine(options.bundle, options.offline):
        print(line(report), flush=True)
        reports.append(report)
    status = judge(reports)
    print(VERDICTS[status], flush=True)
    return status


def examine(bundle: Path | None = None, offline: bool = False) -> Iterator[Report]:
    """Try one thing after the other. Never raises: what breaks is reported."""
    checks: tuple[tuple[str, Callable[[], Iterable[Report]]], ...] = (
        (MODEL, lambda: [_model(bundle)]),
        (PICTURE, lambda: [_description(bundle)]),
        ("voices", lambda: _voices_and_network(offline)),
        ("players", player_reports),
        ("display", lambda: [_display()]),
    )
    failed = set()
    for name, check in checks:
        if name == PICTURE and MODEL in failed:
            yield Report(PICTURE, False, "Not tried: it needs the model.")
            continue
        try:
            yield from check()
        except ImageDescriberError as error:
            failed.add(name)
            yield Report(name, False, error.sentence, error.way_out)
        except Exception as fault:
            failed.add(name)
            reason = visible(f"{type(fault).__name__}: {fault}")
            yield Report(name, False, f"It failed with {reason}.")


def judge(reports: Iterable[Report]) -> int:
    """HEARD, SILENT or BLIND, by what works and is needed for it."""
    working = [report.name for report in reports if report.works]
    if MODEL not in working or PICTURE not in working:
        return BLIND
    spoken = any(name.startswith(VOICE) for name in working)
    return HEARD if spoken and SOUND in working else SILENT


def line(report: Report) -> str:
    """A report on one line, as a screen reader reads it best: name, verdict, why, way out."""
    if report.works:
        return f"{report.name}: works. {report.sentence}".strip()
    verdict = "does not work" if report.needed else "does not work, and is not needed"
    return f"{report.name}: {verdict}. {report.sentence} {report.way_out}".strip()


def _model(bundle: Path | None) -> Report:
    from image_describer.captioner.bundle import open_bundle

    opened = open_bundle(bundle)
    size_mb = sum(entry["bytes"] for entry in opened.manifest["files"].values()) / 1e6
    name = visible(str(opened.manifest.get("name") or "without a name"))
    where = visible(str(opened.folder))
    return Report(MODEL, True, f'"{name}", {size_mb:.1f} MB, every file unchanged, in {where}.')


def _description(bundle: Path | None) -> Report:
    from PIL import Image

    from image_describer.captioner.describer import Describer

    began = time.perf_counter()
    with without_chatter():
        describer = Describer(bundle=bundle)
    loaded = time.perf_counter()
    # Coloured noise: what it is taken for doesn't matter, that every step runs does.
    describer.describe(Image.effect_noise((320, 240), 64).convert("RGB"))
    took = time.perf_counter() - loaded
    return Report(
        PICTURE, True, f"Loaded in {loaded - began:.2f} s, a picture described in {took:.2f} s."
    )


def _voices_and_network(offline: bool) -> Iterator[Report]:
    """The voice on this computer, then the network once, and what it means for Google's voice."""
    yield from (report for report in voice_reports(offline=True) if report.name != "voice gtts")
    answer = network_report(offline=offline)
    if answer.works:
        yield Report("voice gtts", True, "It will be sent sentences, never pictures.", needed=False)
    else:
        yield Report("voice gtts", False, "It needs the network.", needed=False)
    yield Report("network", answer.works, answer.sentence, answer.way_out, needed=False)


def _display() -> Report:
    # In a process of its own: a display that hangs or dies takes nothing with it.
    try:
        probe = subprocess.run(
            [sys.executable, "-c", WINDOW_PROBE],
            capture_output=True,
            text=True,
            errors="replace",
            stdin=subprocess.DEVNULL,
            timeout=WINDOW_LIMIT_S,
        )
    except subprocess.TimeoutExpired:
        return _no_display(f"It did not answer within {WINDOW_LIMIT_S} s.", GET_DISPLAY)
    if probe.returncode == 0:
        return Report("display", True, f"Tk {probe.stdout.strip()} opens a window.", needed=False)
    if "tkinter" in probe.stderr and "ModuleNotFoundError" in probe.stderr:
        way_out = GET_TK.get(sys.platform, "Install Tk for Python.")
        return _no_display("Python's tkinter is missing.", way_out)
    if sys.platform not in ("win32", "darwin") and not os.environ.get("DISPLAY"):
        return _no_display("There is none: DISPLAY is not set.", GET_DISPLAY)
    last = probe.stderr.strip().splitlines()[-1:] or ["no reason given"]
    return _no_display(f"No window opens: {visible(last[0])}.", GET_DISPLAY)


def _no_display(sentence: str, way_out: str) -> Report:
    return Report("display", False, sentence, f"{way_out} {WITHOUT_WINDOW}", needed=False)
