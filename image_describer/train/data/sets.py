"""Data sets in several formats, read and combined."""

from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from types import ModuleType

import numpy as np

from image_describer.errors import TrainingError
from image_describer.train.data.dataset import WHERE_TO_GET_IT, Dataset
from image_describer.train.data.digests import digests
from image_describer.train.data.formats import coco, csv, flickr8k, labels, matrix, sentences
from image_describer.train.data.german import Spelling

FORMATS = (flickr8k, csv, coco, matrix, labels, sentences)


def read(path: Path, language: str = "en") -> Dataset:
    """Read the set at ``path``, a folder or a file in one of ``FORMATS``. Raises TrainingError.

    Flickr8k has captions in several languages; those of other formats are in the ``language``.
    """
    reader = _reader_of(path)
    if reader is None:
        raise TrainingError(
            f"There is no training data in {path}." if path.exists() else f"There is no {path}.",
            WHERE_TO_GET_IT,
        )
    if reader is flickr8k:
        return flickr8k.read(path, language)
    data: Dataset = reader.read(path)
    return data


def read_sets(
    root: Path, sets: Sequence[str], weights: Sequence[float] = (), *, all_of_them: bool = True,
    language: str = "en",
) -> Dataset:  # fmt: skip
    """Read and combine ``sets``, paths below ``root``. Raises TrainingError.

    ``root`` can also be a set itself, which is then the only one and has the name of its folder.
    ``weights`` has one number for each set. Without ``all_of_them``, sets that are not there are
    left out. A picture of dev, or of no split, never trains, even under another name or in another
    set: copies are recognized by their content. In another ``language`` than English, the captions
    get one spelling, and those in English are there as `Dataset.english`.
    """
    paths = {name: root / name for name in sets}
    present = [name for name, path in paths.items() if path.exists()]
    if not present and _reader_of(root):
        sets, weights = [root.resolve().name], ()
        paths = {sets[0]: root}
    elif present and not all_of_them:
        paths = {name: paths[name] for name in present}
    parts = {name: read(path, language) for name, path in paths.items()}
    data = _combined(parts, dict(zip(sets, weights, strict=True)) if weights else {})
    if not data.captions:
        raise TrainingError(f"No picture in {', '.join(sets)} has a caption.", WHERE_TO_GET_IT)
    if language != "en":
        _write_german(data)
        data.english = read_sets(root, sets, all_of_them=all_of_them).captions
    return data


def _write_german(data: Dataset) -> None:
    """Give all captions the spelling that is usual in those that train."""
    train = data.splits["train"]
    spelling = Spelling.learn(caption for key in train for caption in data.captions[key])
    for key, captions in data.captions.items():
        data.captions[key] = [spelling.write(caption) for caption in captions]


def _reader_of(path: Path) -> ModuleType | None:
    return next((reader for reader in FORMATS if reader.recognizes(path)), None)


def _combined(parts: Mapping[str, Dataset], weights: Mapping[str, float]) -> Dataset:
    """Combine the sets ``parts``, by their paths. Raises TrainingError if they can't be."""
    with_pictures = [part for part in parts.values() if part.captions or part.uncaptioned]
    several = len(with_pictures) > 1
    matrices = [part for part in with_pictures if part.features is not None]
    if matrices and several:
        raise TrainingError(
            "A matrix of features can't be combined with other sets of pictures.",
            "Name it as the only one in the recipe's data.sets.",
        )
    whole = Dataset()
    for part in matrices:
        whole.features, whole.rows = part.features, part.rows
    for name, part in parts.items():
        keys = _keys(name, part, whole) if several else {key: key for key in _names(part)}
        _add(whole, part, keys)
        whole.set_of.update(dict.fromkeys(keys.values(), name))
        if weights.get(name, 1.0) != 1.0:
            whole.weights.update(dict.fromkeys(keys.values(), weights[name]))
        whole.problems += [f"{name}: {p}" if len(parts) > 1 else p for p in part.problems]
        whole.sources += [{**record, "set": name} for record in part.sources]
    if not matrices:
        _separate(whole)
    for name, part in parts.items():
        if part.labels:
            _add_labels(whole, name, part.labels)
    return whole


def _names(part: Dataset) -> list[str]:
    return list(dict.fromkeys([*part.captions, *part.uncaptioned]))


def _keys(name: str, part: Dataset, whole: Dataset) -> dict[str, str]:
    """The key of each picture in the combined data: a folder and its name.

    The folder of a set that is a file is the one that it is in: "everyday" and
    "everyday/uncaptioned.json" give the same picture the same key.
    """
    path = PurePosixPath(name)
    folder = path.parent if path.suffix and path.parent.name else path
    keys = {key: f"{folder}/{key}" for key in _names(part)}
    taken = (whole.files.get(key) for key in keys.values())
    if any(file not in (None, part.files[key]) for key, file in zip(keys, taken, strict=True)):
        return {key: f"{name}/{key}" for key in keys}
    return keys


def _add(whole: Dataset, part: Dataset, keys: Mapping[str, str]) -> None:
    whole.files.update({keys[name]: file for name, file in part.files.items()})
    for name, captions in part.captions.items():
        present = whole.captions.get(keys[name], [])
        added = [caption for caption in captions if caption not in present]
        whole.captions[keys[name]] = [*present, *added]
    for split, names in part.splits.items():
        added = [keys[name] for name in names]
        whole.splits[split] = list(dict.fromkeys([*whole.splits[split], *added]))
    whole.uncaptioned += [keys[name] for name in part.uncaptioned]
    whole.sentences += part.sentences


def _separate(whole: Dataset) -> None:
    """Remove from training copies of the pictures that are in dev or that their set holds back, and
    from the uncaptioned ones those that have captions."""
    found = digests(whole.files.values())
    content = {key: found.get(file, key) for key, file in whole.files.items()}
    train = whole.splits["train"]
    held_out = {content[key] for key in whole.captions.keys() - train}
    held_out |= {content[key] for key in whole.splits["dev"]}
    whole.splits["train"] = [key for key in train if content[key] not in held_out]
    uncaptioned = [key for key in whole.uncaptioned if content[key] not in held_out]
    lost = len(train) - len(whole.splits["train"]) + len(whole.uncaptioned) - len(uncaptioned)
    if lost:
        whole.problems.append(
            f"Training pictures left out because they are also in dev or a test split: {lost}."
        )
    captioned = {content[key] for key in whole.captions}
    whole.uncaptioned = [key for key in dict.fromkeys(uncaptioned) if content[key] not in captioned]


def _add_labels(whole: Dataset, name: str, labels: Mapping[str, np.ndarray]) -> None:
    """Give the labels of a set to the pictures of the same file name, or of the same key."""
    found = {}
    for key, file in whole.files.items():
        label = labels.get(key, labels.get(file.name))
        if label is not None:
            found[key] = label
    if len({len(label) for label in [*whole.labels.values(), *found.values()]}) > 1:
        raise TrainingError(f"{name} has a different number of labels than the set before it.")
    whole.labels.update(found)
    whole.problems.append(
        f"{name}: {len(found)} of {len(whole.files)} pictures have soft labels; it has "
        f"{len(labels)}."
    )
