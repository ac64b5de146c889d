"""Batches: the same for a seed, an epoch and a step; weights, captions, labels and views."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from image_describer.train.data.augment import Views
from image_describer.train.data.batches import PictureBatches
from image_describer.train.data.dataset import Dataset
from image_describer.train.data.vocabulary import END, PAD, SPECIAL_WORDS, START, Vocabulary

COUNTS = {"a": 5, "b": 7, "c": 2, "d": 1}  # captions of each picture
KEYS = [*COUNTS, "uncaptioned"]


@pytest.fixture
def data():
    captions = {key: [f"{key} {n}" for n in range(count)] for key, count in COUNTS.items()}
    return Dataset({key: Path(key) for key in KEYS}, captions)


def make(data, keys=KEYS, batch=2, **options):
    """Batches whose pictures are (position of the key, view)."""
    captions = [c for several in data.captions.values() for c in several]
    vocabulary = Vocabulary.build(captions, 1, 3)

    def load(some, views):
        return np.array([(KEYS.index(key), view) for key, view in zip(some, views, strict=True)])

    return PictureBatches(data, keys, vocabulary, load, **{"batch": batch, "seed": 7, **options})


def texts(batches, ids):
    """The captions (K, T) as texts."""
    words = batches._vocabulary.words
    return [" ".join(words[i] for i in row if i >= len(SPECIAL_WORDS)) for row in ids]


def shown(batches, epoch):
    """How often an epoch shows each key."""
    steps = [batches.batch(epoch, step)["picture"][:, 0] for step in range(len(batches))]
    return Counter(KEYS[i] for i in np.concatenate(steps))


def test_a_batch_depends_only_on_seed_epoch_and_step(data):
    one, other = (make(data, views=Views(3, mirror=True)) for _ in range(2))
    other.batch(0, 1)
    for epoch, step in ((3, 1), (0, 0), (3, 0)):
        expected, found = one.batch(epoch, step), other.batch(epoch, step)
        assert all((expected[name] == found[name]).all() for name in expected)
    orders, others = (
        [batches.batch(epoch, 0)["index"].tolist() for epoch in range(9)]
        for batches in (one, make(data, seed=8))
    )
    assert orders != others
    assert len(set(map(tuple, orders))) > 2


def test_an_epoch_shows_each_picture_once_and_leaves_out_the_rest_of_the_last_batch(data):
    batches = make(data)
    assert len(batches) == 2
    assert set(shown(batches, 0).values()) == {1}
    assert shown(batches, 0).total() == 4
    dev = make(data, training=False)
    assert len(dev) == 3
    assert shown(dev, 0) == dict.fromkeys(KEYS, 1)
    assert dev.batch(0, 2)["index"].tolist() == [4]


def test_weights_say_how_often_an_epoch_shows_a_picture(data):
    data.weights = {"a": 3.0, "b": 0.5, "c": 0.5, "d": 0.0}
    batches = make(data, batch=1)
    counts = [shown(batches, epoch) for epoch in range(20)]
    assert all(count.total() == 5 for count in counts)
    assert all((count["a"], count["uncaptioned"], count["d"]) == (3, 1, 0) for count in counts)
    halves = [(count["b"], count["c"]) for count in counts]
    assert set(halves) == {(0, 1), (1, 0)}


def test_fewer_pictures_than_a_batch_are_repeated(data):
    batches = make(data, ["a", "b"], batch=5)
    assert len(batches) == 1
    assert batches.batch(0, 0)["index"].tolist() in ([0, 1, 0, 1, 0], [1, 0, 1, 0, 1])


def test_a_picture_has_five_of_its_captions(data):
    batches = make(data, batch=4, training=False)
    batch = batches.batch(0, 0)
    assert batch["words"].shape == batch["targets"].shape == (4, 5, 4)
    assert (batch["words"][:, :, 0] == START).all()
    for row, (key, count) in enumerate(COUNTS.items()):
        found = texts(batches, batch["targets"][row])
        assert set(found) <= set(data.captions[key])
        if count >= 5:
            assert len(set(found)) == 5
    limited = make(data, ["b"], batch=1, captions=1).batch(0, 0)
    assert set(texts(batches, limited["targets"][0])) == {"b 0"}


def test_presence_marks_the_words_of_the_captions(data):
    batches = make(data, ["d"], batch=1, training=False)
    batch = batches.batch(0, 0)
    present = np.flatnonzero(batch["presence"][0])
    assert sorted(batches._vocabulary.words[i] for i in present) == ["0", "d"]


def test_pictures_without_captions_have_padding_and_can_have_labels(data):
    data.labels = {"uncaptioned": np.array([0.1, 0.9], np.float32)}
    batch = make(data, batch=5, training=False).batch(0, 0)
    assert batch["captioned"].tolist() == [1, 1, 1, 1, 0]
    assert (batch["words"][4] == PAD).all()
    assert (batch["targets"][4] == PAD).all()
    assert not batch["presence"][4].any()
    assert batch["labeled"].tolist() == [0, 0, 0, 0, 1]
    np.testing.assert_allclose(batch["labels"][4], [0.1, 0.9])
    assert not batch["labels"][:4].any()
    del data.labels["uncaptioned"]
    assert "labels" not in make(data).batch(0, 0)


def test_training_shows_all_views_and_dev_the_plain_one(data):
    train = make(data, views=Views(2, mirror=True))
    seen = {int(view) for epoch in range(40) for view in train.batch(epoch, 0)["picture"][:, 1]}
    assert seen == set(range(6))
    dev = make(data, views=Views(2, mirror=True), training=False)
    assert not dev.batch(0, 0)["picture"][:, 1].any()


def test_targets_are_the_words_that_follow(data):
    batch = make(data, ["d"], batch=1).batch(0, 0)
    words, targets = batch["words"][0, 0].tolist(), batch["targets"][0, 0].tolist()
    assert words[:3] == [START, *targets[:2]]
    assert targets[2:] == [END, PAD]
