"""German for tests of the shipped bundle: its own decoder, and a few words in its joint space."""

import functools
import io
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from image_describer.captioner.bundle import open_bundle, write_manifest
from image_describer.captioner.embedding import JointSpace

WORDS = {
    **{"Hund": "dog", "Schnee": "snow", "Katze": "cat", "Straße": "street", "Auto": "car"},
    **{"Wasser": "water", "rotes": "red", "Bus": "bus", "spielt": "plays", "Strand": "beach"},
}
HEADS = 2  # of the joint space that ships


def with_german_words(shipped: Path, folder: Path, words: bytes | None = b"") -> Path:
    """Make a bundle in ``folder`` like the ``shipped`` one, with ``joint_space.de.npz`` as given.

    By default it has `WORDS`, as the joint space embeds their English translations; with None there
    is no such file. "German" captions are English ones.
    """
    opened = open_bundle(shipped)
    for name in opened.manifest["files"]:
        _link(shipped / name, folder / name)
    files = set(opened.manifest["files"]) - {"joint_space.de.npz"}
    copies = {"decoder.tflite": "decoder.de.tflite", "tokenizer.pkl": "tokenizer.de.pkl"}
    for english, german in copies.items():
        (folder / german).unlink(missing_ok=True)
        _link(shipped / english, folder / german)
        files.add(german)
    (folder / "joint_space.de.npz").unlink(missing_ok=True)
    if words is not None:
        (folder / "joint_space.de.npz").write_bytes(words or _translated(shipped))
        files.add("joint_space.de.npz")
    section = {key: opened.manifest[key] for key in ("decode", "confidence")}
    write_manifest(folder, {**opened.manifest, "languages": {"de": section}, "files": files})
    return folder


def pack_words(arrays: Mapping[str, np.ndarray]) -> bytes:
    """Return the content of a file of words."""
    content = io.BytesIO()
    np.savez_compressed(content, **arrays)  # type: ignore[arg-type]
    return content.getvalue()


@functools.cache
def _translated(shipped: Path) -> bytes:
    space = JointSpace.from_bundle(open_bundle(shipped))
    vectors = np.stack([space.embed_sentence(word) for word in WORDS.values()])
    scale = np.abs(vectors).max(axis=1) / 127
    return pack_words(
        {
            "words": np.array(list(WORDS)),
            "vectors": np.round(vectors / scale[:, None]).astype(np.int8),
            "scale": scale.astype(np.float32),
            "heads": np.array(HEADS, np.int32),
        }
    )


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:  # another disk
        shutil.copyfile(source, target)
