"""Tiny data sets, and the bundles that training makes from them.

Run as a script to make tests/fixtures/tiny_bundle again: see tests/fixtures/README.md.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

REPO = Path(__file__).resolve().parents[2]
RECIPE = REPO / "tests" / "support" / "tiny.toml"
ALL_STAGES = REPO / "tests" / "support" / "tiny_all.toml"
BUNDLE = REPO / "tests" / "fixtures" / "tiny_bundle"
COLOURS = ("red", "green", "blue")
PICTURES, TRAINING = 24, 18
SIZE = 96  # pixels a side
GERMAN = {
    **{"a": "ein", "square": "Quadrat", "is": "ist", "on": "auf", "the": "der", "side": "Seite"},
    **{"red": "rotes", "green": "grünes", "blue": "blaues", "left": "linken", "right": "rechten"},
}


def in_german(caption: str) -> str:
    """A caption of `make_data`, word by word."""
    return " ".join(GERMAN.get(word, word) for word in caption.lower().split())


def make_data(folder: Path) -> Path:
    """Squares of three colours, left or right, each with five captions: 18 to train, 6 dev."""
    pictures, texts = folder / "Flicker8k_Dataset", folder / "Flickr8k_text"
    pictures.mkdir(parents=True)
    texts.mkdir()
    rng = np.random.default_rng(0)
    names, lines = [], []
    for number in range(PICTURES):
        colour, right = number % 3, number // 3 % 2
        name = f"picture{number}.jpg"
        half = slice(SIZE // 2, None) if right else slice(None, SIZE // 2)
        _save_picture(pictures / name, rng, (slice(None), half, colour))
        names.append(name)
        side = "right" if right else "left"
        caption = f"A {COLOURS[colour]} square is on the {side} side ."
        lines += [f"{name}#{k}\t{caption}" for k in range(5)]
    (texts / "Flickr8k.token.txt").write_text("\n".join(lines) + "\n", "utf-8")
    (texts / "Flickr_8k.trainImages.txt").write_text("\n".join(names[:TRAINING]), "utf-8")
    (texts / "Flickr_8k.devImages.txt").write_text("\n".join(names[TRAINING:]), "utf-8")
    return folder


def make_sets(folder: Path) -> Path:
    """The sets of `ALL_STAGES`: "squares" as above, "bars" in COCO's format (6 pictures to train,
    3 dev), "bars/uncaptioned.json" (3 pictures), "sentences.txt", and soft labels of bars."""
    make_data(folder / "squares")
    rng = np.random.default_rng(1)
    bars, annotations = folder / "bars", folder / "bars" / "annotations"
    (bars / "images").mkdir(parents=True)
    annotations.mkdir()
    splits = {"annotations/captions_train": 6, "annotations/captions_val": 3, "uncaptioned": 3}
    names: list[str] = []
    for split, count in splits.items():
        images, captions = [], []
        for _ in range(count):
            number = len(names)
            colour, name = number % 3, f"bar{number}.png"
            _save_picture(bars / "images" / name, rng, (slice(36, 60), slice(None), colour))
            names.append(name)
            images.append({"id": number, "file_name": name})
            if split != "uncaptioned":
                text = f"A {COLOURS[colour]} bar."
                captions += [{"id": 9 * number + k, "image_id": number, "caption": text}
                             for k in range(2)]  # fmt: skip
        content = {"images": images, "annotations": captions}
        (bars / f"{split}.json").write_text(json.dumps(content), "utf-8")
    sentences = [
        f"A {colour} {shape} lies {where} the {light} wall ."
        for colour in (*COLOURS, "purple")
        for shape in ("square", "bar")
        for where in ("before", "behind", "under", "near")
        for light in ("dark", "bright")
    ]
    (folder / "sentences.txt").write_text("\n".join(sentences) + "\n", "utf-8")
    labels = rng.random((4, 5)).astype(np.float32)
    np.savez(folder / "labels.npz", names=names[-4:], labels=labels)
    return folder


def _save_picture(file: Path, rng: np.random.Generator, bright: tuple[slice | int, ...]) -> None:
    pixels = rng.integers(0, 60, (SIZE, SIZE, 3)).astype(np.uint8)
    pixels[bright] = 230
    Image.fromarray(pixels).save(file)


def train_command(recipe: Path, data: Path, folder: Path, *more: str) -> list[str]:
    """The user's own command; everything it makes is in ``folder``."""
    return [
        *(sys.executable, "-m", "image_describer.train", *more, "--recipe", str(recipe)),
        *("--data", str(data), "--runs", str(folder / "runs")),
        *("--results", str(folder / "results"), "--output", str(folder / "bundle")),
    ]


def run(command: list[str], **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command of the project in its own process and wait for it to finish."""
    variables = {**os.environ, "PYTHONPATH": str(REPO), **environment}
    return subprocess.run(command, capture_output=True, text=True, env=variables, timeout=280)


def trained(cache: Path) -> Path:
    """The folder in ``cache`` of one run of all stages: ``data/``, ``runs/``, ``results/``,
    ``bundle/``, and what the command printed in ``stdout`` and ``stderr``.

    Trains where the code has changed since. Locked, so that processes that start together train
    once between them.
    """
    import filelock  # of the extra "train"

    folder = cache / _digest()
    with filelock.FileLock(cache / "lock"):
        if not (folder / "stdout").exists():
            shutil.rmtree(folder, ignore_errors=True)
            data = make_sets(folder / "data")
            result = run(train_command(ALL_STAGES, data, folder))
            assert result.returncode == 0, result.stderr
            (folder / "stderr").write_text(result.stderr, "utf-8")
            (folder / "stdout").write_text(result.stdout, "utf-8")
    return folder


def _digest() -> str:
    """Identify everything that decides what the training makes."""
    package = REPO / "image_describer"
    rooms = ("train", "captioner", "imaging")
    files = [file for room in rooms for file in (package / room).rglob("*.py")]
    own = [RECIPE, ALL_STAGES, Path(__file__)]
    content = b"".join(file.read_bytes() for file in sorted([*files, *own]))
    return hashlib.sha256(content).hexdigest()[:16]


def make_bundle() -> None:
    """Train on the tiny recipe and replace the committed bundle."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        result = run(train_command(RECIPE, make_data(folder / "data"), folder))
        if result.returncode:
            raise SystemExit(result.stderr)
        add_german(folder / "bundle")
        shutil.rmtree(BUNDLE, ignore_errors=True)
        shutil.copytree(folder / "bundle", BUNDLE)


def add_german(bundle: Path) -> None:
    """Let a bundle of `make_data` describe in German: its decoder again, with other words.

    "A red square is on the left side" can be translated word by word.
    """
    from image_describer.captioner.bundle import open_bundle, write_manifest
    from image_describer.captioner.tokenizer import save_tokenizer

    opened = open_bundle(bundle)
    words = [GERMAN.get(word, word) for word in opened.tokenizer["words"]]
    save_tokenizer({**opened.tokenizer, "words": words}, bundle / "tokenizer.de.pkl")
    shutil.copyfile(bundle / "decoder.tflite", bundle / "decoder.de.tflite")
    section = {key: opened.manifest[key] for key in ("decode", "confidence")}
    files = {*opened.manifest["files"], "tokenizer.de.pkl", "decoder.de.tflite"}
    write_manifest(bundle, {**opened.manifest, "languages": {"de": section}, "files": files})


if __name__ == "__main__":
    make_bundle()
