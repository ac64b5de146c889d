"""Photographs without colours are detected."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from image_describer.imaging.grayscale import is_colour_word, is_grayscale
from tests.support.pictures import page_of_text
from tests.support.tiny import REPO

SAMPLES = sorted((REPO / "assets" / "samples").glob("*.jpg"))
SEPIA = [[0.393, 0.769, 0.189], [0.349, 0.686, 0.168], [0.272, 0.534, 0.131]]


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_photographs_are_in_colour_until_they_are_converted(path: Path) -> None:
    image = Image.open(path).convert("RGB")
    grey = np.asarray(image.convert("L").convert("RGB"))
    sepia = np.clip(np.asarray(image) @ np.transpose(SEPIA), 0, 255).astype(np.uint8)
    assert not is_grayscale(np.asarray(image))
    assert is_grayscale(grey)
    assert is_grayscale(sepia)


def test_a_page_of_text_is_grayscale() -> None:
    assert is_grayscale(np.asarray(page_of_text()))


def test_a_vivid_object_in_the_dark_has_a_colour() -> None:
    pixels = np.random.default_rng(0).integers(0, 60, (96, 96, 3)).astype(np.uint8)
    pixels[:, :48, 0] = 230
    assert not is_grayscale(pixels)


@pytest.mark.skipif(sys.platform != "linux", reason="reads the states of threads in /proc")
def test_the_threads_of_blas_stay_asleep() -> None:
    """They would busy-wait on the cores that the encoder needs for the next picture."""
    script = """
import os, time
import numpy as np
from image_describer.imaging.grayscale import is_colour_word, is_grayscale

threads = set(os.listdir("/proc/self/task")) - {str(os.getpid())}

def awake():
    stats = [open(f"/proc/self/task/{thread}/stat").read() for thread in threads]
    return [stat.rpartition(")")[2].split()[0] for stat in stats].count("R")

while awake():  # they also busy-wait when they start
    time.sleep(0.01)
is_grayscale(np.random.default_rng(0).integers(0, 99, (299, 299, 1), np.uint8).repeat(3, axis=2))
print(len(threads), awake())
"""
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "2"}
    command = [sys.executable, "-c", script]
    output = subprocess.run(command, env=environment, capture_output=True, check=True).stdout
    threads, awake = map(int, output.split())
    if not threads:
        pytest.skip("NumPy has no threads here")
    assert not awake


@pytest.mark.parametrize(
    ("word", "language", "is_colour"),
    [
        ("red", "en", True),
        ("black", "en", False),
        ("rotem", "de", True),
        ("schwarz-weiß", "de", False),
        ("hellbraunes", "de", True),
        ("orangefarbener", "de", True),
        ("weiß-rote", "de", True),
        ("Rottweiler", "de", False),
        ("Brot", "de", False),
        ("red", "de", False),
    ],
)
def test_words_for_colours(word: str, language: str, is_colour: bool) -> None:
    assert is_colour_word(word, language) == is_colour
