"""What the readers of several formats share: collecting captions, splits, text files."""

import codecs
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
from image_describer.text import visible

SPLIT_SEED = 1  # constant, so that dev has the same pictures in every run
# UTF-32's mark begins with that of UTF-16.
BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (b"\0", "utf-16-be"),  # no mark, but an ASCII character first
)


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
            details = " ".join([*problems, *sentences])
            raise TrainingError(f"{self.source} has no caption for any picture. {details}", way_out)
        problems += sentences
        return self.captions

    def _problems(self) -> list[str]:
        sentences = []
        if missing := len(self._missing):
            sentences.append(
                f"Captioned names without a picture: {missing}, "
                f"such as {visible(min(self._missing))}."
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
                f"Pictures without a caption: {len(uncaptioned)}, "
                f"such as {visible(uncaptioned[0])}."
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
    """Read a text file, possibly gzipped, with line ends of any kind as "\\n", and report lines
    whose encoding is a guess. Raises TrainingError.
    """
    try:
        content = file.read_bytes()
        if file.suffix == ".gz":
            content = gzip.decompress(content)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise TrainingError(f"{file} is damaged: {error}.", way_out) from error
    except OSError as error:
        raise TrainingError(f"{file} can't be read: {reason(error)}.", way_out) from error
    text, doubtful = decode_text(content)
    if not doubtful:
        return text, []
    return text, [
        f"Lines of {file.name} that are not valid UTF-8: {len(doubtful)}, such as line "
        f"{doubtful[0]}. They are read as Windows-1252; save the file as UTF-8 if that is wrong."
    ]


def decode_text(content: bytes) -> tuple[str, list[int]]:
    """Decode UTF-8, UTF-16 or UTF-32. Lines end with "\\n".

    Also returns the numbers of lines that are not valid UTF-8: spreadsheets on Windows write
    Windows-1252, and its quotation marks and dashes are those of all its European relatives.
    """
    encoding = _encoding(content)
    if encoding != "utf-8":
        return _with_newlines(content.decode(encoding, "replace").removeprefix("\ufeff")), []
    content = content.removeprefix(codecs.BOM_UTF8)
    try:
        return _with_newlines(content.decode()), []
    except UnicodeDecodeError:
        lines = [_decode_line(line) for line in content.splitlines()]
        doubtful = [number for number, (_, valid) in enumerate(lines, start=1) if not valid]
        return "\n".join(line for line, _ in lines), doubtful


def _encoding(content: bytes) -> str:
    for mark, encoding in BYTE_ORDER_MARKS:
        if content.startswith(mark):
            return encoding
    return "utf-16-le" if content[1:2] == b"\0" else "utf-8"


def _decode_line(line: bytes) -> tuple[str, bool]:
    """The text of a line, and whether it is valid UTF-8."""
    try:
        return line.decode(), True
    except UnicodeDecodeError:
        return line.decode("cp1252", "replace"), False


def _with_newlines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")
