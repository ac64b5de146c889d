"""Small data sets in several formats."""

import json
import zlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from PIL import Image

from image_describer.train.data.dataset import Dataset

NAMES = [f"picture{number}.jpg" for number in range(16)]


def write_pictures(folder: Path, names: Iterable[str] = NAMES) -> Path:
    """Pictures of 8 x 8 pixels; their content depends on ``names`` alone."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        color = tuple(zlib.crc32(name.encode()).to_bytes(4, "big")[:3])
        Image.new("RGB", (8, 8), color).save(folder / name, "PNG")
    return folder


def write_coco(file: Path, captions: Mapping[str, Sequence[str]]) -> Path:
    """A captions JSON of pictures by name. A set of uncaptioned pictures has only empty lists."""
    names = list(captions)
    images = [{"id": number, "file_name": name} for number, name in enumerate(names)]
    annotations = [
        {"id": 100 * number + index, "image_id": number, "caption": caption}
        for number, name in enumerate(names)
        for index, caption in enumerate(captions[name])
    ]
    file.write_text(json.dumps({"images": images, "annotations": annotations}), "utf-8")
    return file


def append(file: Path, text: str) -> None:
    file.write_bytes(file.read_bytes() + text.encode())


def reports(data: Dataset, *parts: str) -> bool:
    """Whether one of the data's problems contains all ``parts``."""
    return any(all(part in problem for part in parts) for problem in data.problems)


def check_splits(data: Dataset, dev: int) -> None:
    """Each captioned picture is in one split, and dev has that many."""
    assert len(data.splits["dev"]) == dev
    assert sorted(data.splits["train"] + data.splits["dev"]) == sorted(data.captions)
    assert all(several and all(several) for several in data.captions.values())
    assert reports(data, "no splits", f"{dev} for dev")


def record_pictures(monkeypatch, module, function: str) -> list[str]:
    """The names of the pictures that ``function`` of a module is called with from now on; its first
    argument is the path."""
    names, original = [], getattr(module, function)

    def record(path, *more):
        names.append(path.name)
        return original(path, *more)

    monkeypatch.setattr(module, function, record)
    return names
