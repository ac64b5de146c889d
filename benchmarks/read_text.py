"""How well what is written in pictures is read, next to RapidOCR with PP-OCRv6 small.

    python benchmarks/read_text.py [--engine ours rapidocr] [--set FOLDER] [--only WORD...]
        [--reuse rapidocr] [--errors 20]
    python benchmarks/read_text.py --list
    python benchmarks/read_text.py --without-text FOLDER... [--pictures 300] [--skip FILE]
    python benchmarks/read_text.py --speed

The set is drawn into FOLDER the first time (a few minutes), with fonts of Debian:

    apt-get install fonts-dejavu-core fonts-liberation fonts-urw-base35 fonts-roboto-unhinted \\
        fonts-comic-neue fonts-dkg-handwriting

Real photographs join it if `pip install scikit-image` and `apt-get install opencv-doc` have put
them on this machine. A folder may have more: NAME.jpg or NAME.png with what it says in NAME.txt.
RapidOCR needs `pip install "rapidocr==3.10.*" onnxruntime opencv-python-headless`; it has its
models in its wheel and is used as it comes, its lines joined in the order in which it returns them.

The character error rate is the edit distance divided by the characters that are written, over all
pictures, in reading order; `reading.score` says what is normalised first. A word is found if it was
read somewhere. What was read is kept in FOLDER/read/ENGINE/NAME.json.

--without-text reads photographs in which nothing is written; those named in the file of --skip,
one a line, have text. --speed reads a page with `image-describer read` in new processes.
"""

import argparse
import importlib.util
import json
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import measure
import numpy as np
from PIL import Image
from reading import pictures, score
from reading.page import FontsMissingError
from tqdm import tqdm

FOLDER = Path(tempfile.gettempdir()) / "image-describer-reading"
SUFFIXES = {".png", ".jpg", ".jpeg"}
CER_TARGET = 0.04
WORDS_TARGET = 0.93
FALSE_TEXT_TARGET = 0.01
ADDED_MS_TARGET = 40
COLD_S_TARGET, WARM_S_TARGET, PEAK_MB_TARGET = 1.6, 1.2, 300
PAGE = "letter-scan-en"
SEED = 22

Read = Callable[[Path], str]


def ours(threads: int | None) -> Read:
    """The program's own reader, from a file to its text."""
    from image_describer.imaging.open import open_picture
    from image_describer.reading.reader import TextReader

    reader = TextReader(threads=threads)
    return lambda file: reader.read(open_picture(file).pixels).text


def rapidocr(threads: int | None) -> Read:
    """RapidOCR with its default models and settings."""
    from rapidocr import RapidOCR

    count = -1 if threads is None else threads
    engine = RapidOCR(
        params={
            "Global.log_level": "error",
            "EngineConfig.onnxruntime.intra_op_num_threads": count,
        }
    )
    return lambda file: "\n".join(engine(str(file)).txts or ())


ENGINES = {"ours": ours, "rapidocr": rapidocr}
INSTALL = 'RapidOCR is missing: pip install "rapidocr==3.10.*" onnxruntime opencv-python-headless'


def installed(name: str) -> bool:
    return name != "rapidocr" or all(
        importlib.util.find_spec(module) for module in ("rapidocr", "onnxruntime")
    )


@dataclass(frozen=True)
class Reading:
    """What an engine read in a picture of the set."""

    name: str
    truth: str
    read: str
    seconds: float

    @cached_property
    def edits(self) -> int:
        return score.edits(score.normalise(self.read), score.normalise(self.truth))

    @property
    def characters(self) -> int:
        return len(score.normalise(self.truth))

    @property
    def groups(self) -> tuple[str, str, str]:
        """Its form, how it was taken, its language."""
        known = pictures.about(self.name)
        if known is None:
            return ("added", "added", "added")
        return known.form, known.take, known.language


def files_of(folder: Path, only: Sequence[str]) -> list[Path]:
    """The pictures in ``folder`` that have a text beside them, and one of the words in the name."""
    found = [
        file
        for file in sorted(folder.iterdir())
        if file.suffix.lower() in SUFFIXES and file.with_suffix(".txt").exists()
    ]
    return [file for file in found if not only or any(word in file.stem for word in only)]


def read_all(engine: str, files: Sequence[Path], threads: int | None, reuse: bool) -> list[Reading]:
    """Read each picture; with ``reuse``, take what the engine read in an earlier run."""
    read: Read | None = None
    readings = []
    for file in tqdm(files, desc=engine, unit="picture", leave=False):
        kept = file.parent / "read" / engine / f"{file.stem}.json"
        if reuse and kept.exists():
            stored = json.loads(kept.read_text("utf-8"))
        else:
            if read is None:
                read = ENGINES[engine](threads)
                read(file)  # the first picture pays for loading
            began = time.perf_counter()
            text = read(file)
            stored = {"text": text, "seconds": round(time.perf_counter() - began, 3)}
            kept.parent.mkdir(parents=True, exist_ok=True)
            kept.write_text(json.dumps(stored, ensure_ascii=False), encoding="utf-8")
        truth = file.with_suffix(".txt").read_text("utf-8").strip()
        readings.append(Reading(file.stem, truth, stored["text"], stored["seconds"]))
    return readings


def figures(readings: Iterable[Reading]) -> dict[str, Any]:
    """The error rate of all together, the mean of the pictures' own rates, words found, seconds."""
    readings = list(readings)
    found = [score.words_found(reading.read, reading.truth) for reading in readings]
    rates = [reading.edits / reading.characters for reading in readings]
    return {
        "pictures": len(readings),
        "character error rate": round(
            sum(reading.edits for reading in readings)
            / sum(reading.characters for reading in readings),
            4,
        ),
        "mean rate": round(statistics.mean(rates), 4),
        "words found": round(sum(a for a, _ in found) / max(1, sum(b for _, b in found)), 4),
        "seconds": round(statistics.median(reading.seconds for reading in readings), 3),
    }


def grouped(readings: Sequence[Reading], which: int) -> dict[str, list[Reading]]:
    groups = defaultdict(list)
    for reading in readings:
        groups[reading.groups[which]].append(reading)
    return dict(sorted(groups.items()))


def print_groups(title: str, which: int, by_engine: dict[str, list[Reading]]) -> None:
    engines = list(by_engine)
    print(f"\n{title:26}" + "".join(f"{engine:>12} err. {'words':>7}" for engine in engines))
    groups = {engine: grouped(readings, which) for engine, readings in by_engine.items()}
    for group, members in groups[engines[0]].items():
        cells = ""
        for engine in engines:
            part = figures(groups[engine][group])
            cells += f"{part['character error rate']:16.1%} {part['words found']:8.1%}"
        print(f"{group:22} {len(members):3}{cells}")


def print_errors(readings: Sequence[Reading], count: int) -> None:
    """Print the pictures with most errors: what is written, what was read."""
    for reading in sorted(readings, key=lambda reading: -reading.edits)[:count]:
        missing = score.words(reading.truth) - score.words(reading.read)
        added = score.words(reading.read) - score.words(reading.truth)
        print(
            f"\n{reading.name}: {reading.edits} of {reading.characters}"
            f"\n  not read:  {' '.join(missing.elements())[:300]}"
            f"\n  read only: {' '.join(added.elements())[:300]}"
        )


def compare(options: argparse.Namespace) -> int:
    try:
        list(tqdm(pictures.write_set(options.set), desc="drawing", unit="picture", leave=False))
    except FontsMissingError as error:
        print(error, file=sys.stderr)
        return 2
    files = files_of(options.set, options.only)
    if not files:
        print("No picture of the set has such a name; --list shows them.", file=sys.stderr)
        return 2
    if absent := pictures.missing():
        print(f"Without {len(absent)} real photographs that aren't installed; see --help.")
    by_engine = {}
    for engine in options.engine:
        if installed(engine):
            by_engine[engine] = read_all(engine, files, options.threads, engine in options.reuse)
        else:
            print(INSTALL, file=sys.stderr)
    if not by_engine:
        return 2
    for which, title in enumerate(("form", "taken", "language")):
        print_groups(title, which, by_engine)
    print()
    totals = {engine: figures(readings) for engine, readings in by_engine.items()}
    for engine, total in totals.items():
        print(
            f"{engine:10} {total['pictures']} pictures: "
            f"{total['character error rate']:.2%} character errors "
            f"(mean of pictures {total['mean rate']:.2%}), "
            f"{total['words found']:.2%} words found, {total['seconds']:.2f} s a picture"
        )
    if options.errors:
        print_errors(by_engine[next(iter(by_engine))], options.errors)
    if not options.only:
        write_result(by_engine, totals)
    return verdict(totals)


def write_result(by_engine: dict[str, list[Reading]], totals: dict[str, Any]) -> None:
    result = {
        "machine": measure.machine(),
        "targets": {"character error rate": CER_TARGET, "words found": WORDS_TARGET},
        "totals": totals,
        **{
            f"by {title}": {
                engine: {group: figures(part) for group, part in grouped(readings, which).items()}
                for engine, readings in by_engine.items()
            }
            for which, title in enumerate(("form", "take", "language"))
        },
        "errors of each picture": {
            engine: {reading.name: [reading.edits, reading.characters] for reading in readings}
            for engine, readings in by_engine.items()
        },
    }
    print(f"Written to {measure.write('read_text', result)}")


def verdict(totals: dict[str, Any]) -> int:
    """Print which targets are met; 1 if one is missed or could not be checked."""
    if "ours" not in totals:
        return 0
    rate, found = totals["ours"]["character error rate"], totals["ours"]["words found"]
    checks = {
        f"character errors at most {CER_TARGET:.0%}": rate <= CER_TARGET,
        f"words found at least {WORDS_TARGET:.0%}": found >= WORDS_TARGET,
    }
    if "rapidocr" in totals:
        checks["fewer than RapidOCR"] = rate < totals["rapidocr"]["character error rate"]
    for name, met in checks.items():
        print(f"{name}: {'met' if met else 'MISSED'}")
    return 0 if all(checks.values()) else 1


def without_text(options: argparse.Namespace) -> int:
    """Read photographs without text: in how many text is found, and the time that this takes."""
    from image_describer.imaging.open import open_picture
    from image_describer.reading.reader import TextReader

    skipped = set(options.skip.read_text("utf-8").split()) if options.skip else set()
    files = sorted(
        file
        for folder in options.without_text
        for file in folder.rglob("*")
        if file.suffix.lower() in SUFFIXES
    )
    drawn = np.random.default_rng(SEED).permutation(len(files))[: options.pictures]
    chosen = [index for index in drawn if files[index].name not in skipped]
    reader = TextReader(threads=options.threads)
    found, times = {}, []
    for index in tqdm(chosen, unit="picture", leave=False):
        pixels = open_picture(files[index]).pixels
        if options.side:
            image = Image.fromarray(pixels)
            scale = options.side / max(image.size)
            size = (round(image.width * scale), round(image.height * scale))
            pixels = np.asarray(image.resize(size, Image.Resampling.BICUBIC))
        began = time.perf_counter()
        text = reader.read(pixels)
        if text.lines:
            found[files[index].name] = text.text
        else:
            times.append(1000 * (time.perf_counter() - began))
    share = len(found) / len(chosen)
    added = statistics.median(times)
    result = {
        "machine": measure.machine(),
        "pictures": len(chosen),
        "with text found": len(found),
        "share": round(share, 4),
        "target": FALSE_TEXT_TARGET,
        "ms that one without text takes": measure.summary(times),
        "target ms": ADDED_MS_TARGET,
    }
    for name, text in found.items():
        print(f"{name}: {text!r}")
    print(
        f"Text found in {len(found)} of {len(chosen)} pictures ({share:.1%}); one without takes "
        f"{added:.0f} ms (median)."
    )
    if not options.side:
        print(f"Written to {measure.write('read_nothing', result)}")
    return 0 if share <= FALSE_TEXT_TARGET and added <= ADDED_MS_TARGET else 1


def speed(options: argparse.Namespace) -> int:
    """A page: seconds when everything is loaded, and the seconds and memory of a new process."""
    list(pictures.write_set(options.set, [PAGE]))
    page = options.set / f"{PAGE}.jpg"
    read = ours(options.threads)
    read(page)
    warm = []
    for _ in range(options.runs):
        began = time.perf_counter()
        read(page)
        warm.append(time.perf_counter() - began)
    command = [str(Path(sys.executable).with_name("image-describer")), "read", str(page)]
    cold = [measure.run(command, measure.HERE.parent) for _ in range(options.runs)]
    result = {
        "machine": measure.machine(),
        "page": PAGE,
        "pixels": list(Image.open(page).size),
        "runs": options.runs,
        "warm s": measure.summary(warm),
        "cold s": measure.summary([run.wall_s for run in cold]),
        "peak MB": measure.summary([run.peak_mb for run in cold]),
    }
    checks = (
        ("warm s", WARM_S_TARGET),
        ("cold s", COLD_S_TARGET),
        ("peak MB", PEAK_MB_TARGET),
    )
    met = True
    for name, target in checks:
        median = result[name]["median"]
        met &= median <= target
        print(f"{name:8} {median:8.2f}, target {target}: {'met' if median <= target else 'MISSED'}")
    print(f"Written to {measure.write('read_speed', result)}")
    return 0 if met else 1


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--engine", nargs="+", choices=list(ENGINES), default=list(ENGINES))
    parser.add_argument("--set", type=Path, default=FOLDER, help=f"default: {FOLDER}")
    parser.add_argument("--only", nargs="+", default=[], help="names of pictures with such a word")
    parser.add_argument(
        "--reuse", nargs="+", choices=list(ENGINES), default=[], help="take its earlier readings"
    )
    parser.add_argument("--errors", type=int, default=0, help="show the worst pictures")
    parser.add_argument("--threads", type=int)
    parser.add_argument("--runs", type=int, default=5, help="of --speed")
    parser.add_argument("--list", action="store_true", help="print the names of the set")
    parser.add_argument("--without-text", nargs="+", type=Path, metavar="FOLDER")
    parser.add_argument("--pictures", type=int, default=300, help="of --without-text")
    parser.add_argument("--side", type=int, help="of --without-text: enlarge to so many pixels")
    parser.add_argument("--skip", type=Path, help="a list of those that have text")
    parser.add_argument("--speed", action="store_true")
    options = parser.parse_args()
    if options.list:
        print("\n".join([*pictures.DRAWN, *pictures.REAL]))
        return 0
    if options.without_text:
        return without_text(options)
    if options.speed:
        return speed(options)
    return compare(options)


if __name__ == "__main__":
    sys.exit(main())
