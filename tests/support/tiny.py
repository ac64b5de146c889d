"""A tiny data set in Flickr8k's layout, and the bundle that the real training makes of it."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
from PIL import Image

REPO = Path(__file__).resolve().parents[2]
RECIPE = REPO / "tests" / "support" / "tiny.toml"
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
    """Run a command of the project to its end, in a process of its own."""
    environment = {**os.environ, "PYTHONPATH": str(REPO), "TF_CPP_MIN_LOG_LEVEL": "3"}
    return subprocess.run(
        command, capture_output=True, text=True, env=environment, timeout=280, **options
    )


def digest() -> str:
    """Of all that decides what the tiny bundle becomes."""
    files = [*(REPO / "image_describer").rglob("*.py"), RECIPE, Path(__file__)]
    rooms = ("/app/", "/server/", "/commands/")  # which train nothing
    content = b"".join(
        file.read_bytes() for file in sorted(files) if not any(room in str(file) for room in rooms)
    )
    return hashlib.sha256(content).hexdigest()[:16]
