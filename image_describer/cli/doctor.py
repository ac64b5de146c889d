"""``image-describer doctor``: what works on this computer, and how to fix what doesn't.

Everything is tried: a picture is described, a voice makes a sound, the sound output and a window
are opened. Nothing of that is heard or seen.
"""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from image_describer.cli.options import Subparsers, add_bundle
from image_describer.i18n import N_, _
from image_describer.text import finish, number, visible

if TYPE_CHECKING:
    from image_describer.speech.self_test import CheckResult

DESCRIPTION = N_("""\
Check the model, the voices, the sound output, the display and the network of this computer. Say
what works, and how to fix what doesn't.
""")
EXAMPLES = N_("""\
privacy:
  Google's voice is asked whether it answers, without a sentence of yours. With --offline nothing is
  asked.

exit status:
  0  pictures can be described and heard
  1  pictures can be described, but not heard
  2  pictures can't be described
""")

HEARD = 0
SILENT = 1
NO_DESCRIPTION = 2
VERDICTS = {
    HEARD: N_("All is well: pictures can be described and heard."),
    SILENT: N_("Pictures can be described here, but not heard."),
    NO_DESCRIPTION: N_("Pictures can't be described here."),
}

# Names of checks, which are compared here and translated where they are printed.
MODEL, PICTURE, VOICES, PLAYERS = N_("model"), N_("description"), N_("voices"), N_("players")
SOUND, NETWORK, DISPLAY = N_("sound output"), N_("network"), N_("display")
VOICE = "voice "

WINDOW_LIMIT_S = 10
WINDOW_PROBE = (
    "import tkinter; window = tkinter.Tk(); "  # untranslated
    "print(tkinter.TkVersion); window.destroy()"
)
WITHOUT_WINDOW = N_("Only the window needs it: image-describer describe --speak works without it.")
GET_TK = {
    "linux": N_("Install it: sudo apt-get install python3-tk."),
    "darwin": N_("Install it: brew install python-tk."),
    "win32": N_('Run Python\'s installer again, choose "Modify" and tick "tcl/tk".'),
}
GET_TK_ELSEWHERE = N_("Install Tk for Python.")
GET_DISPLAY = N_("Log in to a desktop, or connect with ssh -X.")


def add_parser(subparsers: Subparsers) -> None:
    """Add the command and its options."""
    parser = subparsers.add_parser(
        "doctor",
        help=_("say what works on this computer, and how to fix what doesn't"),
        description=_(DESCRIPTION),
        epilog=_(EXAMPLES),
    )
    parser.add_argument("--offline", action="store_true", help=_("don't use the network"))
    add_bundle(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print a line for each check as it ends, then the verdict; return the exit status."""
    results = []
    for result in check_all(options.bundle, options.offline):
        print(line(result), flush=True)
        results.append(result)
    status = judge(results)
    print(_(VERDICTS[status]), flush=True)
    return status


def check_all(bundle: Path | None = None, offline: bool = False) -> "Iterator[CheckResult]":
    """Run one check after the other. Never raises: what fails is reported."""
    from image_describer.errors import ImageDescriberError
    from image_describer.speech.self_test import CheckResult, check_players

    checks: tuple[tuple[str, Callable[[], Iterable[CheckResult]]], ...] = (
        (MODEL, lambda: [_check_model(bundle)]),
        (PICTURE, lambda: [_check_description(bundle)]),
        (VOICES, lambda: _check_voices(offline)),
        (PLAYERS, check_players),
        (DISPLAY, lambda: [_check_display()]),
    )
    failed = set()
    for name, check in checks:
        if name == PICTURE and MODEL in failed:
            yield CheckResult(PICTURE, None, _("It needs the model."))
            continue
        try:
            yield from check()
        except ImageDescriberError as error:
            failed.add(name)
            yield CheckResult(name, False, error.sentence, error.way_out)
        except Exception as fault:
            failed.add(name)
            reason = visible(f"{type(fault).__name__}: {fault}")
            yield CheckResult(
                name, False, _("The check failed: {reason}").format(reason=finish(reason))
            )


def judge(results: "Iterable[CheckResult]") -> int:
    """Return HEARD, SILENT or NO_DESCRIPTION."""
    working = [result.name for result in results if result.works]
    if MODEL not in working or PICTURE not in working:
        return NO_DESCRIPTION
    has_voice = any(name.startswith(VOICE) for name in working)
    return HEARD if has_voice and SOUND in working else SILENT


def line(result: "CheckResult") -> str:
    """Return one line for a screen reader: name, verdict, reason, way out."""
    name = _(result.name)
    if result.works is None:
        verdict, way_out = _("{name}: not tried.").format(name=name), ""
    elif result.works:
        verdict, way_out = _("{name}: works.").format(name=name), ""
    elif result.needed:
        verdict, way_out = _("{name}: does not work.").format(name=name), result.way_out
    else:
        verdict, way_out = _("{name}: does not work (optional).").format(name=name), result.way_out
    return " ".join(part for part in (verdict, result.sentence, way_out) if part)


def _check_model(bundle: Path | None) -> "CheckResult":
    from image_describer.captioner.bundle import open_bundle
    from image_describer.speech.self_test import CheckResult

    opened = open_bundle(bundle)
    size_mb = sum(entry["bytes"] for entry in opened.manifest["files"].values()) / 1e6
    name = visible(str(opened.manifest.get("name") or _("unnamed")))
    folder = visible(str(opened.folder))
    return CheckResult(
        MODEL,
        True,
        _('"{name}", {size_mb} MB, all files intact, in {folder}.').format(
            name=name, size_mb=number(size_mb, 1), folder=folder
        ),
    )


def _check_description(bundle: Path | None) -> "CheckResult":
    from PIL import Image

    from image_describer.captioner.describer import Describer
    from image_describer.speech.self_test import CheckResult
    from image_describer.stdio import stderr_silenced

    began = time.perf_counter()
    with stderr_silenced():
        describer = Describer(bundle=bundle)
    loaded = time.perf_counter()
    # Colored noise: the caption doesn't matter, but every step has to run.
    describer.describe(Image.effect_noise((320, 240), 64).convert("RGB"))
    took_s = time.perf_counter() - loaded
    return CheckResult(
        PICTURE,
        True,
        _("Loaded in {loading} s, described a picture in {describing} s.").format(
            loading=number(loaded - began, 2), describing=number(took_s, 2)
        ),
    )


def _check_voices(offline: bool) -> "Iterator[CheckResult]":
    """Check the voice on this computer, then the network, which only Google's voice needs."""
    from image_describer.speech.self_test import CheckResult, check_screen_reader, check_voices

    own_voice, google = check_voices(offline)
    yield own_voice
    sentence = {
        True: _("It receives sentences, never pictures."),
        False: _("It needs the network."),
        None: google.sentence,
    }[google.works]
    yield CheckResult(google.name, google.works, sentence, needed=False)
    yield CheckResult(NETWORK, google.works, google.sentence, google.way_out, needed=False)
    yield check_screen_reader()


def _check_display() -> "CheckResult":
    from image_describer.speech.self_test import CheckResult

    # In a process of its own, because a display can hang or crash the process.
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
        return _no_display(
            _("It did not answer within {seconds} s.").format(seconds=WINDOW_LIMIT_S),
            _(GET_DISPLAY),
        )
    if probe.returncode == 0:
        version = probe.stdout.strip()
        return CheckResult(
            DISPLAY, True, _("Tk {version} opens a window.").format(version=version), needed=False
        )
    if "tkinter" in probe.stderr and "ModuleNotFoundError" in probe.stderr:
        way_out = _(GET_TK.get(sys.platform, GET_TK_ELSEWHERE))
        return _no_display(_("Python's tkinter is missing."), way_out)
    if sys.platform not in ("win32", "darwin") and not os.environ.get("DISPLAY"):
        return _no_display(_("There is none: DISPLAY is not set."), _(GET_DISPLAY))
    last_line = (probe.stderr.strip().splitlines() or [_("no reason given")])[-1]
    return _no_display(
        _("No window opens: {reason}").format(reason=finish(visible(last_line))), _(GET_DISPLAY)
    )


def _no_display(sentence: str, way_out: str) -> "CheckResult":
    from image_describer.speech.self_test import CheckResult

    return CheckResult(DISPLAY, False, sentence, f"{way_out} {_(WITHOUT_WINDOW)}", needed=False)
