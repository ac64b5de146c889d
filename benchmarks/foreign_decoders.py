"""Our pixels of a folder of pictures beside those of another decoder; crashes, hangs and memory.

    python benchmarks/foreign_decoders.py FOLDER... [--workers 2]

Every file is opened in a process of its own, with a limit of time and memory, and by ImageMagick's
`convert`; by `heif-convert` if that fails for an AVIF or HEIC file. Two pictures are alike if they
differ by less than 2 of 255 levels on average. Ends with 1 if a file made our program fail in a way
that is no sentence: an error of another kind, a hang or too much memory.
"""

import argparse
import io
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import measure
import numpy as np
from PIL import Image

ALIKE_LEVELS = 2.0
LIMIT_S = 10
LIMIT_BYTES = 1 << 30
DECODER_LIMIT_S = 30
FILE_LIMIT_BYTES = 50_000_000
HEIF_SUFFIXES = (".avif", ".avifs", ".heic", ".heif", ".hif")
REFUSED_STATUS = 3
OURS = f"""
import sys
import numpy as np
from image_describer.errors import ImageDescriberError
from image_describer.imaging.open import open_picture
try:
    pixels = open_picture(sys.argv[1]).pixels
except ImageDescriberError as error:
    print(error)
    sys.exit({REFUSED_STATUS})
np.save(sys.argv[2], pixels)
"""


class Outcome(NamedTuple):
    """What became of a file, in a word, and what there is to say about it."""

    kind: str
    details: str = ""


FAULTS = ("error", "hang", "memory")


def compare(path: Path) -> Outcome:
    """Open a file by both decoders."""
    with tempfile.TemporaryDirectory() as folder:
        fault = _open(path, Path(folder, "ours.npy"))
        if fault is not None:
            return fault
        ours = np.load(Path(folder, "ours.npy"))
        theirs = _foreign_pixels(path, Path(folder))
    if theirs is None:
        return Outcome("only ours")
    size, other_size = ours.shape[1::-1], theirs.size
    if size != other_size:
        if abs(size[0] * other_size[1] - size[1] * other_size[0]) > max(other_size):
            return Outcome("other size", f"{size}, not {other_size}")
        theirs = theirs.resize(size, Image.Resampling.BOX)
    difference = float(np.abs(np.asarray(theirs).astype(np.int16) - ours).mean())
    kind = "alike" if difference < ALIKE_LEVELS else "different"
    return Outcome(kind, f"by {difference:.1f} levels")


def _open(path: Path, output: Path) -> Outcome | None:
    """Write our pixels to a file. Returns why there are none."""
    with tempfile.TemporaryFile("w+") as said:
        environment = {**os.environ, "PYTHONPATH": str(measure.HERE.parent)}
        process = subprocess.Popen(
            [sys.executable, "-c", OURS, str(path.resolve()), str(output)],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
        )
        # wait4 also returns the most memory that the process had.
        timer = threading.Timer(LIMIT_S, process.kill)
        timer.start()
        _, status, usage = os.wait4(process.pid, 0)
        timer.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        last = (said.read().strip().splitlines() or [""])[-1]
    if process.returncode == -signal.SIGKILL:
        return Outcome("hang", f"more than {LIMIT_S} s")
    if usage.ru_maxrss * measure.RSS_UNIT_BYTES > LIMIT_BYTES:
        return Outcome("memory", f"{usage.ru_maxrss * measure.RSS_UNIT_BYTES / 1e6:.0f} MB")
    if process.returncode == REFUSED_STATUS:
        return Outcome("refused", last)
    return None if process.returncode == 0 else Outcome("error", last)


def _foreign_pixels(path: Path, folder: Path) -> Image.Image | None:
    """Return the picture upright, in sRGB and on white by another decoder; None if it can't."""
    command = [
        *("convert", f"{path}[0]", "-auto-orient", "-colorspace", "sRGB"),
        *("-background", "white", "-alpha", "remove", "-depth", "8", "ppm:-"),
    ]
    content = _output(command)
    if not content and path.suffix.lower() in HEIF_SUFFIXES and shutil.which("heif-convert"):
        converted = folder / "theirs.png"
        _output(["heif-convert", str(path), str(converted)])
        content = converted.read_bytes() if converted.exists() else b""
    try:
        return Image.open(io.BytesIO(content)).convert("RGB")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None


def _output(command: list[str]) -> bytes:
    try:
        finished = subprocess.run(command, capture_output=True, timeout=DECODER_LIMIT_S)
    except subprocess.TimeoutExpired:
        return b""
    return finished.stdout if finished.returncode == 0 else b""


def pictures(folders: list[Path]) -> Iterator[Path]:
    """Yield every file that may be a picture, in the order of their names."""
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and 0 < path.stat().st_size <= FILE_LIMIT_BYTES:
                yield path


def main() -> int:
    parser = argparse.ArgumentParser(description="Compare our pixels with another decoder's.")
    parser.add_argument("folders", nargs="+", type=Path, metavar="FOLDER")
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    if shutil.which("convert") is None:
        sys.exit("There is no other decoder: install ImageMagick, which brings `convert`.")
    Image.MAX_IMAGE_PIXELS = None
    counts = Counter[str]()
    files = list(pictures(options.folders))
    with ThreadPoolExecutor(options.workers) as executor:
        for path, outcome in zip(files, executor.map(compare, files), strict=True):
            counts[outcome.kind] += 1
            if outcome.kind not in ("alike", "refused", "only ours"):
                print(f"{outcome.kind}: {path}: {outcome.details}")
    print(", ".join(f"{count} {kind}" for kind, count in counts.most_common()) or "No files.")
    return 1 if any(counts[fault] for fault in FAULTS) else 0


if __name__ == "__main__":
    sys.exit(main())
