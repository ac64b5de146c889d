"""The command line of whatever fits a part of a finished bundle, and puts it there."""

import argparse
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from image_describer.errors import ImageDescriberError


def parser(about: str) -> argparse.ArgumentParser:
    """With the two options that each has."""
    made = argparse.ArgumentParser(description=about)
    made.add_argument("--bundle", type=Path, required=True, help="which gets it")
    made.add_argument("--data", type=Path, required=True, help="Flickr8k as published")
    return made


def told(fit: Callable[[], Mapping[str, object]]) -> int:
    """Fit, and print what was found, or the sentence why not; the exit status."""
    try:
        found = fit()
    except ImageDescriberError as trouble:
        print(trouble, file=sys.stderr)
        return 2
    print(", ".join(f"{name} {value}" for name, value in found.items()))
    return 0
