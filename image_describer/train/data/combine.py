"""Several sets as one data set, with no picture in more than one split."""

import dataclasses
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath

import numpy as np

from image_describer.errors import TrainingError
from image_describer.train.data.dataset import Dataset
from image_describer.train.data.digests import digests


def combined(parts: Mapping[str, Dataset], weights: Mapping[str, float]) -> Dataset:
    """Combine the sets ``parts``, by their paths; ``weights`` as in `dataset.read_sets`.

    Raises TrainingError for sets that can't be combined.
    """
    with_pictures = [part for part in parts.values() if part.captions or part.uncaptioned]
    several = len(with_pictures) > 1
    whole = Dataset()
    if any(part.features is not None for part in with_pictures):
        if several:
            raise TrainingError(
                "A matrix of features can't be combined with other pictures.",
                "Name it as the only set with pictures.",
            )
        whole.features, whole.rows = with_pictures[0].features, with_pictures[0].rows
    for name, part in parts.items():
        keys = _keys(name, part, whole) if several else {key: key for key in _all_keys(part)}
        _add(whole, part, keys)
        if weights.get(name, 1.0) != 1.0:
            whole.weights.update(dict.fromkeys(keys.values(), weights[name]))
        whole.problems += [f"{name}: {p}" if len(parts) > 1 else p for p in part.problems]
        whole.sources += [{**record, "set": name} for record in part.sources]
    if several:
        _separate(whole)
    soft_labels = {name: part for name, part in parts.items() if part.labels}
    for name, part in soft_labels.items():
        _label(whole, name, part.labels)
    return whole


def _all_keys(part: Dataset) -> list[str]:
    return list(dict.fromkeys([*part.captions, *part.uncaptioned]))


def _keys(name: str, part: Dataset, whole: Dataset) -> dict[str, str]:
    """The key of each picture in the combined data: its folder and its name.

    Files of the same folder share its name, so that "everyday" and "everyday/uncaptioned.json" give
    a picture the same key.
    """
    path = PurePosixPath(name)
    prefix = path.parent if path.suffix and str(path.parent) != "." else path
    keys = {key: f"{prefix}/{key}" for key in _all_keys(part)}
    for key, combined_key in keys.items():
        if whole.files.get(combined_key, part.files[key]) != part.files[key]:
            return {key: f"{name}/{key}" for key in keys}
    return keys


def _add(whole: Dataset, part: Dataset, keys: Mapping[str, str]) -> None:
    whole.files.update({keys[key]: file for key, file in part.files.items()})
    for key, captions in part.captions.items():
        known = whole.captions.setdefault(keys[key], [])
        known += [caption for caption in captions if caption not in known]
    for split, names in part.splits.items():
        whole.splits[split] += [keys[key] for key in names if keys[key] not in whole.splits[split]]
    whole.uncaptioned += [keys[key] for key in part.uncaptioned]
    whole.sentences += part.sentences


def _separate(whole: Dataset) -> None:
    """Remove from the training pictures what is also in dev, or was held back by its set."""
    found = digests(whole.files.values())

    def identities(keys: Iterable[str]) -> dict[str, str]:
        return {key: found.get(whole.files[key], key) for key in keys}

    train = set(whole.splits["train"])
    held_out = set(whole.splits["dev"]) | (whole.captions.keys() - train)
    held_out_content = set(identities(held_out).values())
    captioned_content = set(identities(whole.captions).values())
    lost = {
        key
        for key, content in identities([*train, *whole.uncaptioned]).items()
        if key in held_out or content in held_out_content
    }
    whole.splits["train"] = [key for key in whole.splits["train"] if key not in lost]
    uncaptioned = identities(dict.fromkeys(whole.uncaptioned))
    whole.uncaptioned = [
        key for key, content in uncaptioned.items() if content not in captioned_content
    ]
    if lost:
        whole.problems.append(
            f"{len(lost)} training pictures are in dev, too: they are kept for dev only."
        )


def _label(whole: Dataset, name: str, labels: Mapping[str, np.ndarray]) -> None:
    ...
