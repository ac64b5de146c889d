"""Putting optional parts into copies of the tiny bundle."""

import io
from pathlib import Path
from typing import Any

import numpy as np

from image_describer.captioner.bundle import open_bundle, write_manifest


def put(folder: Path, name: str, content: bytes, **sections: Any) -> Path:
    """Write a file into a bundle, list it in the manifest with ``sections``, return the folder."""
    manifest = open_bundle(folder).manifest
    (folder / name).write_bytes(content)
    files = sorted({*manifest["files"], name})
    write_manifest(folder, {**manifest, **sections, "files": files})
    return folder


def put_array(folder: Path, name: str, array: np.ndarray, **sections: Any) -> Path:
    """`put` an array as a .npy file."""
    content = io.BytesIO()
    np.save(content, array)
    return put(folder, name, content.getvalue(), **sections)
