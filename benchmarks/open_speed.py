"""Opening a file, without describing it: photographs, a JPEG of 12 megapixels, colour profiles.

    python benchmarks/open_speed.py [--against TREE] [--runs 15] [--cmyk-profile FILE] [PICTURE...]

``--against`` is another checkout of this project, whose turns alternate with those of this one.
Processor time is shown beside the time that passes: it changes less while the computer is busy.
"first" is the first picture of a profile that a process opens. What a profile costs is compared
with the same picture without one.
"""

import argparse
import io
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import measure
import numpy as np
from PIL import Image, ImageCms

from image_describer.imaging.color_space import DISPLAY_P3, matrix_profile, srgb_curve
from image_describer.imaging.open import open_picture

PROFILE_TARGET_MS = 15.0
LARGE_PX = (4000, 3000)
JPEG_QUALITY = 90
RESERVED_AT = 124  # in the header of a profile; other bytes there make it another one
PRINTER = "/usr/share/color/icc/ghostscript/default_cmyk.icc"
PHOTOGRAPHS, PLAIN, PLAIN_INKS = "photographs", "12 MP", "12 MP, CMYK"
PLAIN_OF = {"Display P3": PLAIN, "CMYK": PLAIN_INKS}
WORKER = """
import json, resource, sys, time
from image_describer.imaging.open import open_picture
for line in sys.stdin:
    files = json.loads(line)
    wall, cpu = time.perf_counter(), time.process_time()
    for file in files:
        open_picture(file)
    shares = [1000 * (now - then) / len(files) for now, then in (
        (time.perf_counter(), wall), (time.process_time(), cpu))]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps([*shares, peak]), flush=True)
"""


class Worker:
    """A process that opens files with the code of one checkout."""

    def __init__(self, tree: Path) -> None:
        environment = {**os.environ, "PYTHONPATH": str(tree)}
        self._process = subprocess.Popen(
            [sys.executable, "-c", WORKER],
            cwd=tree,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.times: dict[str, list[list[float]]] = {}
        self.peak_mb = 0.0

    def open(self, kind: str, files: Sequence[str]) -> None:
        """Open files, and keep the times of one: wall and processor, in ms."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(files) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError("The other process ended; its error is above.")
        *times, peak = json.loads(answer)
        self.times.setdefault(kind, []).append(times)
        self.peak_mb = peak * measure.RSS_UNIT_BYTES / 1e6

    def result(self) -> dict[str, Any]:
        """The figures of every kind, without the first run, which warms up."""
        kinds = {}
        for kind, times in self.times.items():
            wall, processor = zip(*times[1:], strict=True)
            kinds[kind] = {
                "ms": measure.summary(wall),
                "processor ms": measure.summary(processor),
            }
        return {"kinds": kinds, "peak_mb": round(self.peak_mb)}

    def close(self) -> None:
        """End the process."""
        self._process.communicate()


def profiles(printer: Path) -> dict[str, bytes]:
    """The profiles by name; CMYK only if there is one."""
    found = {"Display P3": matrix_profile(DISPLAY_P3, srgb_curve)}
    if printer.exists():
        found["CMYK"] = printer.read_bytes()
    else:
        print(f"There is no {printer}: give a CMYK profile with --cmyk-profile.")
    return found


def write_pictures(folder: Path, by_name: dict[str, bytes], runs: int) -> dict[str, list[str]]:
    """Write the large pictures; return the file of each run, by kind."""
    photograph = Image.open(measure.SAMPLE).convert("RGB").resize(LARGE_PX)
    images = {PLAIN: photograph}
    if "CMYK" in by_name:
        inks = ImageCms.ImageCmsProfile(io.BytesIO(by_name["CMYK"]))
        transform = ImageCms.buildTransform(ImageCms.createProfile("sRGB"), inks, "RGB", "CMYK")
        images[PLAIN_INKS] = transform.apply(photograph)
    files = {kind: [_saved(folder, image, b"", 0)] * runs for kind, image in images.items()}
    for name, profile in by_name.items():
        image = images[PLAIN_OF[name]]
        files[name] = [_saved(folder, image, profile, 0)] * runs
        files[f"{name}, first"] = [_saved(folder, image, profile, n + 1) for n in range(runs)]
    return files


def _saved(folder: Path, image: Image.Image, profile: bytes, number: int) -> str:
    path = folder / f"{len(list(folder.iterdir()))}.jpg"
    if profile:
        profile = profile[:RESERVED_AT] + number.to_bytes(4, "big") + profile[RESERVED_AT + 4 :]
    image.save(path, quality=JPEG_QUALITY, icc_profile=profile or None)
    return str(path)


def difference(file: str) -> dict[str, float]:
    """How far the pixels of a file with a profile are from those of littleCMS, in levels."""
    opened = open_picture(file).pixels
    image = Image.open(file)
    image.draft(None, opened.shape[1::-1])
    profile = ImageCms.ImageCmsProfile(io.BytesIO(image.info["icc_profile"]))
    transform = ImageCms.buildTransform(
        profile,
        ImageCms.createProfile("sRGB"),
        image.mode,
        "RGB",
        flags=ImageCms.Flags.NOOPTIMIZE,
    )
    differences = np.abs(np.asarray(transform.apply(image)).astype(int) - opened)
    return {
        "mean": round(float(differences.mean()), 2),
        "percentile 99": float(np.percentile(differences, 99)),
        "greatest": int(differences.max()),
    }


def costs(kinds: dict[str, Any]) -> dict[str, float]:
    """What each profile adds to the time of a picture, in ms: the least of all runs."""
    return {
        kind: round(figures["ms"]["least"] - kinds[PLAIN_OF[name]]["ms"]["least"], 1)
        for kind, figures in kinds.items()
        if (name := kind.partition(",")[0]) in PLAIN_OF
    }


def main() -> int:
    parser = argparse.ArgumentParser(description="Time opening pictures.")
    parser.add_argument("pictures", nargs="*", type=Path, default=[measure.SAMPLE])
    parser.add_argument("--against", type=Path, metavar="TREE", help="another checkout")
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--cmyk-profile", type=Path, default=Path(PRINTER), metavar="FILE")
    options = parser.parse_args()
    trees = [measure.HERE.parent, *filter(None, [options.against])]
    workers = {str(tree): Worker(tree.resolve()) for tree in trees}
    by_name = profiles(options.cmyk_profile)
    with tempfile.TemporaryDirectory() as name:
        large = write_pictures(Path(name), by_name, options.runs + 1)
        for run in range(options.runs + 1):
            for worker in workers.values():
                worker.open(PHOTOGRAPHS, [str(path.resolve()) for path in options.pictures])
            for kind, files in large.items():
                for worker in workers.values():
                    worker.open(kind, [files[run]])
        differences = {profile: difference(large[profile][0]) for profile in by_name}
    results = {tree: worker.result() for tree, worker in workers.items()}
    for worker in workers.values():
        worker.close()
    for tree, result in results.items():
        print(f"{tree}: at most {result['peak_mb']} MB")
        for kind, figures in result["kinds"].items():
            wall, processor = figures["ms"], figures["processor ms"]
            print(
                f"  {kind:18} least {wall['least']:7.2f} ms, median {wall['median']:7.2f}; "
                f"processor {processor['least']:7.2f}, {processor['median']:7.2f}"
            )
    ours = next(iter(results.values()))
    cost = costs(ours["kinds"])
    for profile, figures in differences.items():
        print(f"{profile}: {figures['mean']} levels from littleCMS on average, {figures}")
    print(f"Profiles cost {cost} ms; the target is {PROFILE_TARGET_MS:.0f}.")
    if options.against is None:
        result = {"machine": measure.machine(), **ours, "profiles_cost_ms": cost}
        print(f"Written to {measure.write('open_speed', {**result, 'differences': differences})}")
    return 0 if max(cost.values(), default=0.0) <= PROFILE_TARGET_MS else 1


if __name__ == "__main__":
    sys.exit(main())
