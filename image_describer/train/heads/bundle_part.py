"""What all share that fit a part of a finished bundle: the command line, and putting it there."""

import argparse
import io
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from image_describer.captioner import bundle_files
from image_describer.captioner.bundle import Bundle, write_manifest
from image_describer.errors import ImageDescriberError


def put(bundle: Bundle, name: str, content: bytes, **sections: Mapping[str, float]) -> None:
    """Write a file into a bundle, and it and these ``sections`` into the manifest.

    Raises BundleError.
    """
    bundle_files.write(bundle.folder / name, content)
    files = sorted({*bundle.manifest["files"], name})
    write_manifest(bundle.folder, {**bundle.manifest, **sections, "files": files})


def put_array(
    bundle: Bundle, name: str, array: np.ndarray, **sections: Mapping[str, float]
) -> None:
    """`put` an array as a .npy file."""
    content = io.BytesIO()
    np.save(content, array, allow_pickle=False)
    put(bundle, name, content.getvalue(), **sections)


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
