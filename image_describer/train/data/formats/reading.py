"""What the readers of several formats share: collecting captions, splits, text files."""

import gzip
import hashlib
import random
import zlib
from collections.abc import Hashable, Iterable, Sequence
from pathlib import Path
from typing import Any

from image_describer.errors import TrainingError
from image_describer.files import reason
from image_describer.metadata.formats import PICTURE_SUFFIXES

SPLIT_SEED = 1  # constant, so that dev has the same pictures in every run


class CaptionCollector:
    """Collects captions by picture. ``present`` are the names of the pictures that exist."""

    def __init__(self, source: str, present: Iterable[str]) -> None:
        self.source = source
        self.present = set(present)
        self.captions: dict[str, list[str]] = {}
        self._missing: set[str] = set()
        self._identities: set[Hashable] = set()
        self._without_caption = self._duplicates = 0

    def add(self, name: str, caption: str, identity: Hashable) -> None:
        """Add a caption, unless one with the same ``identity`` was added before."""
        name, caption = name.strip(), caption.strip()
        if not name or not caption:
            self._without_caption += 1
        elif name not in self.present:
            self._missing.add(name)
        elif identity in self._identities:
            self._duplicates += 1
        else:
            self._identities.add(identity)
            self.captions.setdefault(name, []).append(caption)

    def malformed(self) -> None:
        """Count a line or an entry that has no caption."""
        self._without_caption += 1

    def finish(self, problems: list[str], way_out: str) -> dict[str, list[str]]:
        """Return the captions, and add sentences about what was left out to ``problems``.

        Raises TrainingError if no picture has a caption.
        """
        sentences = self._problems()
        if not self.captions:
            details = " ".join(sentences)
            raise TrainingError(f"{self.source} has no caption for any picture. {details}", way_out)
        problems += sentences
        return self.captions

    def _problems(self) -> list[str]:
        sentences = []
        if missing := len(self._missing):
            sentences.append(
                f"Captioned names without a picture: {missing}, such as {min(self._missing)}."
            )
        if self._without_caption:
            sentences.append(f"Lines of {self.source} without a caption: {self._without_caption}.")
        if self._duplicates:
            sentences.append(f"Duplicate captions in {self.source}: {self._duplicates}.")
        uncaptioned = sorted(
            name
            for name in self.present - self.captions.keys()
            if Path(name).suffix.lower() in PICTURE_SUFFIXES
        )
        if uncaptioned:
            sentences.append(
                f"Pictures without a caption: {len(uncaptioned)}, such as {uncaptioned[0]}."
            )
        return sentences


def random_splits(
    names: Iterable[str], dev_share: float, problems: list[str]
) -> dict[str, list[str]]:
    """Split ``names`` at random, the same way each time, and say so in ``problems``."""
    shuffled = sorted(names)
    random.Random(SPLIT_SEED).shuffle(shuffled)
    return split_at_end(shuffled, dev_share, problems)


def split_at_end(
    names: Sequence[str], dev_share: float, problems: list[str]
) -> dict[str, list[str]]:
    """The last ``dev_share`` of ``names`` is dev; with two or more, neither split is empty."""
    dev = min(len(names) - 1, max(1, round(len(names) * dev_share)))
    train = len(names) - dev
    problems.append(f"The data has no splits: {train} pictures are for training, {dev} for dev.")
    return {"train": list(names[:train]), "dev": list(names[train:])}


def kept_for_dev(splits: dict[str, list[str]], problems: list[str]) -> None:
    """Remove pictures that are in both splits from train."""
    dev = set(splits["dev"])
    if both := len(dev.intersection(splits["train"])):
        splits["train"] = [name for name in splits["train"] if name not in dev]
        problems.append(f"Pictures in both splits, which are kept for dev: {both}.")


def source(
    path: Path, format: str, pictures: int, captions: dict[str, list[str]], files: Iterable[Path]
) -> dict[str, Any]:
    """The record of a set in `Dataset.sources`; ``files`` are those of its captions."""
    content = hashlib.sha256()
    for file in files:
        content.update(file.read_bytes())
    return {
        "set": path.name,
        "format": format,
        "pictures": pictures,
        "captions": sum(map(len, captions.values())),
        "sha256": content.hexdigest(),
    }


def names_in(folder: Path, way_out: str) -> set[str]:
    """The names of the entries of ``folder``. Raises TrainingError."""
    try:
        return {path.name for path in folder.iterdir()}
    except OSError as error:
        raise TrainingError(f"{folder} can't be read: {reason(error)}.", way_out) from error


def read_text(file: Path, way_out: str) -> tuple[str, list[str]]:
    """Read a text file, possibly gzipped, and report lines that are not UTF-8.

    Raises TrainingError.
    """
    try:
        content = file.read_bytes()
        if file.suffix == ".gz":
            content = gzip.decompress(content)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise TrainingError(f"{file} is damaged: {error}.", way_out) from error
    except OSError as error:
        raise TrainingError(f"{file} can't be read: {reason(error)}.", way_out) from error
    try:
        return content.decode("utf-8-sig"), []
    except UnicodeDecodeError:
        text = content.decode("utf-8-sig", "replace")
        lines = sum("\ufffd" in line for line in text.split("\n"))
        return text, [f"Lines of {file.name} that are not valid UTF-8: {lines}."]
