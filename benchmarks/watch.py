"""Watching a folder: from the moment a picture's file is closed to its line on the output, in s.

    python benchmarks/watch.py [--runs 20] [--burst 50] [PICTURE]

`image-describer watch` runs as a process. Each run saves a copy of the picture with other content,
and waits for its line. A burst is timed from the moment its last file is closed.
"""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import measure

TARGET_S = 1.0
PAUSE_S = 1.5  # longer than pictures are counted as one row
PROGRAM = "import sys; from image_describer.cli.main import main; sys.exit(main())"


def main() -> int:
    parser = argparse.ArgumentParser(description="Time watching a folder.")
    parser.add_argument("picture", nargs="?", type=Path, default=measure.SAMPLE)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--burst", type=int, default=50)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        result = time_watch(Path(folder), options.picture, options.runs, options.burst)
    print(f"One picture: {result['one_s']}. {result['burst']}: {result['burst_s']} s.")
    print(f"Written to {measure.write('watch', result)}")
    return 0 if result["one_s"]["median"] <= TARGET_S else 1


def time_watch(folder: Path, picture: Path, runs: int, burst: int) -> dict[str, Any]:
    """Return the delays of single pictures and of a burst."""
    content = picture.read_bytes()
    command = [sys.executable, "-c", PROGRAM, "watch", str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        process.stderr.readline()  # it watches now
        delays = []
        for number in range(-1, runs):
            time.sleep(PAUSE_S)
            closed = save(folder / f"{number}.jpg", content)
            process.stdout.readline()
            if number >= 0:  # the first description is slower
                delays.append(time.perf_counter() - closed)
        time.sleep(PAUSE_S)
        for number in range(burst):
            closed = save(folder / f"burst {number}.jpg", content)
        said = process.stdout.readline().strip()
        burst_s = time.perf_counter() - closed
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate()
    return {
        "machine": measure.machine(),
        "picture": picture.name,
        "bytes": len(content),
        "runs": runs,
        "one_s": measure.percentiles(delays),
        "burst": said,
        "burst_s": round(burst_s, 4),
    }


def save(file: Path, content: bytes) -> float:
    """Save a picture with content of its own; returns when it was closed."""
    # After the end of a JPEG, decoders ignore what follows.
    with file.open("wb") as stream:
        stream.write(content + os.urandom(8))
    return time.perf_counter()


if __name__ == "__main__":
    sys.exit(main())
