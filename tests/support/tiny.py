"""A tiny data set in Flickr8k's layout, and the bundle that training makes from it.

Run as a script to make tests/fixtures/tiny_bundle again: see tests/fixtures/README.md.
"""

import contextlib
import hashlib
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

REPO = Path(__file__).resolve().parents[2]
RECIPE = REPO / "tests" / "support" / "tiny.toml"
BUNDLE = REPO / "tests" / "fixtures" / "tiny_bundle"
COLOURS = ("red", "green", "blue")
PICTURES, TRAINING = 24, 18
SIZE = 96  # pixels a side


def make_data(folder: Path) -> Path:
    """Squares of three colours, left or right, each with five captions: 18 to train, 6 dev."""
    pictures, texts = folder / "Flicker8k_Dataset", folder / "Flickr8k_text"
    pictures.mkdir(parents=True)
    texts.mkdir()
    rng = np.random.default_rng(0)
    names, lines = [], []
    for number in range(PICTURES):
        colour, right = number % 3, number // 3 % 2
        pixels = rng.integers(0, 60, (SIZE, SIZE, 3)).astype(np.uint8)
        half = slice(SIZE // 2, None) if right else slice(None, SIZE // 2)
        pixels[:, half, colour] = 230
        name = f"picture{number}.jpg"
        Image.fromarray(pixels).save(pictures / name)
        names.append(name)
        side = "right" if right else "left"
        caption = f"A {COLOURS[colour]} square is on the {side} side ."
        lines += [f"{name}#{k}\t{caption}" for k in range(5)]
    (texts / "Flickr8k.token.txt").write_text("\n".join(lines) + "\n", "utf-8")
    (texts / "Flickr_8k.trainImages.txt").write_text("\n".join(names[:TRAINING]), "utf-8")
    (texts / "Flickr_8k.devImages.txt").write_text("\n".join(names[TRAINING:]), "utf-8")
    return folder


def train_command(data: Path, runs: Path, output: Path, *more: str) -> list[str]:
    """The user's own command, on the tiny recipe."""
    return [
        *(sys.executable, "-m", "image_describer.train", "--recipe", str(RECIPE)),
        *("--data", str(data), "--weights", "random"),
        *("--runs", str(runs), "--output", str(output)),
        *("--results", str(runs.parent / "results"), *more),
    ]


def run(command: list[str], **options: object) -> subprocess.CompletedProcess[str]:
    """Run a command of the project in its own process and wait for it to finish."""
    environment = {**os.environ, "PYTHONPATH": str(REPO), "TF_CPP_MIN_LOG_LEVEL": "3"}
    return subprocess.run(
        command, capture_output=True, text=True, env=environment, timeout=280, **options
    )


def trained(data: Path, cache: Path) -> Path:
    """The folder in ``cache`` with ``bundle/`` and ``runs/`` of one training on ``data``.

    Trains where the code has changed since. Locked, so that processes that start together train
    once between them.
    """
    folder = cache / _digest()
    with _locked(cache / "lock"):
        if not folder.is_dir():
            # Renamed when complete, so that an interrupted training leaves nothing behind.
            draft = Path(tempfile.mkdtemp(dir=cache))
            result = run(train_command(data, draft / "runs", draft / "bundle"))
            assert result.returncode == 0, result.stderr
            draft.rename(folder)
    return folder


@contextlib.contextmanager
def _locked(file: Path) -> Iterator[None]:
    """Hold a lock between processes; the system releases it when the process ends."""
    connection = sqlite3.connect(file, timeout=600, isolation_level=None)
    try:
        connection.execute("BEGIN EXCLUSIVE")
        yield
    finally:
        connection.close()


def _digest() -> str:
    """Identify everything that decides what the training makes."""
    package = REPO / "image_describer"
    rooms = ("train", "captioner", "imaging")
    files = [file for room in rooms for file in (package / room).rglob("*.py")]
    content = b"".join(file.read_bytes() for file in sorted([*files, RECIPE, Path(__file__)]))
    return hashlib.sha256(content).hexdigest()[:16]


def make_bundle() -> None:
    """Train on the tiny recipe and replace the committed bundle."""
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        result = run(train_command(make_data(work / "data"), work / "runs", work / "bundle"))
        if result.returncode:
            raise SystemExit(result.stderr)
        shutil.rmtree(BUNDLE, ignore_errors=True)
        shutil.copytree(work / "bundle", BUNDLE)


if __name__ == "__main__":
    make_bundle()
