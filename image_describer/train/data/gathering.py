"""What the formats share: captions gathered by picture, faults counted, splits drawn."""

import random
from collections.abc import Hashable, Iterable, Sequence
from pathlib import Path

from image_describer.errors import TrainingError
from image_describer.metadata.formats import FORMATS as PICTURE_FORMATS

NO_TEST_SPLIT = "There is no test split: figures are on dev only."
SPLIT_SEED = 1  # fixed, so that dev is the same pictures in every run
PICTURE_SUFFIXES = {suffix for format_ in PICTURE_FORMATS for suffix in format_.suffixes}


class Gathering:
    """Captions by picture as they come in; ``present`` names the pictures that there are."""

    def __init__(self, source: str, present: Iterable[str]) -> None:
        self.source = source
        self.present = set(present)
        self.captions: dict[str, list[str]] = {}
        self._absent: dict[str, None] = {}
        self._seen: set[Hashable] = set()
        self._without_caption = self._duplicates = 0

    def add(self, name: str, caption: str, identity: Hashable) -> None:
        """Take a caption in; of two with the same ``identity`` the first counts."""
        name, caption = name.strip(), caption.strip()
        if not name or not caption:
            self._without_caption += 1
        elif name not in self.present:
            self._absent[name] = None
        elif identity in self._seen:
            self._duplicates += 1
        else:
            self._seen.add(identity)
            self.captions.setdefault(name, []).append(caption)

    def malformed(self) -> None:
        """Count a line, or an entry, that is no caption at all."""
        self._without_caption += 1

    def problems(self) -> list[str]:
        """What was left out, in sentences."""
        said = []
        if self._absent:
            first = next(iter(sorted(self._absent)))
            said.append(f"{len(self._absent)} captioned names have no picture: {first} ...")
        if self._without_caption:
            said.append(f"{self._without_caption} lines of {self.source} hold no caption.")
        if self._duplicates:
            said.append(f"{self._duplicates} captions of {self.source} are there twice.")
        bare = sorted(
            name
            for name in self.present - self.captions.keys()
            if Path(name).suffix.lower() in PICTURE_SUFFIXES
        )
        if bare:
            said.append(f"{len(bare)} pictures have no caption: {bare[0]} ...")
        return said

    def require_any(self, way_out: str) -> None:
        """Raises TrainingError where no picture has a caption."""
        if not self.captions:
            told = " ".join(self.problems())
            raise TrainingError(f"{self.source} has no caption for any picture. {told}", way_out)


def drawn_splits(names: Iterable[str], dev_share: float) -> dict[str, list[str]]:
    """ "train" and "dev", drawn at random but always alike; each gets one where there are two."""
    shuffled = sorted(names)
    random.Random(SPLIT_SEED).shuffle(shuffled)
    return cut(shuffled, dev_share)


def cut(names: Sequence[str], dev_share: float) -> dict[str, list[str]]:
    """The last ``dev_share`` of ``names`` is dev."""
    dev = min(len(names) - 1, max(1, round(len(names) * dev_share)))
    kept = len(names) - dev
    return {"train": list(names[:kept]), "dev": list(names[kept:])}


def told_splits(splits: dict[str, list[str]]) -> str:
    """The sentence about splits that were drawn."""
    return (
        f"The data has no splits: {len(splits['train'])} pictures train, "
        f"{len(splits['dev'])} are dev."
    )


def files_in(folder: Path, way_out: str) -> set[str]:
    """The names of what lies in ``folder``. Raises TrainingError."""
    try:
        return {path.name for path in folder.iterdir()}
    except OSError as error:
        raise TrainingError(f"{folder} can't be read: {error.strerror}.", way_out) from error


def text_of(file: Path, way_out: str) -> tuple[str, list[str]]:
    """A text file whole, and a problem where bytes of it are no UTF-8 and had to be replaced."""
    try:
        content = file.read_bytes()
    except OSError as error:
        raise TrainingError(f"{file} can't be read: {error.strerror}.", way_out) from error
    try:
        return content.decode("utf-8-sig"), []
    except UnicodeDecodeError:
        text = content.decode("utf-8-sig", "replace")
        bad = sum("\ufffd" in line for line in text.split("\n"))
        return text, [f"{bad} lines of {file.name} hold letters that are no UTF-8."]
