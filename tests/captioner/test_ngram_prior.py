"""What people would write of a picture: learnt, kept in a bundle, and asked about captions."""

import json
import shutil

import numpy as np
import pytest

from image_describer import Describer
from image_describer.captioner import ngram_prior
from image_describer.captioner.bundle import PHRASES, open_bundle, write_manifest
from image_describer.errors import BundleError
from image_describer.imaging.open import open_picture
from image_describer.train.data import read_flickr8k
from tests.support import tiny


@pytest.fixture(scope="module")
def data(tiny_data):
    return read_flickr8k(tiny_data)


@pytest.fixture(scope="module")
def expecting(tiny_bundle, data, tmp_path_factory):
    """A copy of the tiny bundle that knows what to expect."""
    from image_describer.train import phrases as learning

    folder = tmp_path_factory.mktemp("expecting") / "bundle"
    shutil.copytree(tiny_bundle, folder)
    sizes = learning.fit(folder, data)
    assert sizes["n-grams"] > 10
    return folder


def listed_anew(folder, **decode):
    """Write the manifest of a bundle's files as they are now."""
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    manifest["decode"] |= decode
    fields = {k: v for k, v in manifest.items() if k not in ("files", "created")}
    write_manifest(folder, {**fields, "files": sorted({*manifest["files"], PHRASES})})


def expecting_only(gram, channels):
    """The file of somebody who expects this n-gram of every picture, and no other."""
    return ngram_prior.packed(
        {
            "to": np.zeros((channels, 1), np.int8), "to_scale": np.ones(1, np.float32),
            "offset": np.ones(1, np.float32), "grams": np.array([gram], np.uint32),
            "vectors": np.ones((1, 1), np.int8), "vectors_scale": np.ones(1, np.float32),
            "rarity": np.ones(1, np.float32), "rarest": np.float32(1.0),
        }
    )  # fmt: skip


def test_words_and_pairs_are_counted():
    singles, pairs = ngram_prior.keys_of([7, 9, 7, 9])
    assert dict(zip(singles[0], singles[1], strict=True)) == {8: 2, 10: 2}
    first, second = (8 << 16) + 10, (10 << 16) + 8
    assert dict(zip(pairs[0], pairs[1], strict=True)) == {first: 2, second: 1}
    assert [len(keys) for keys, _ in ngram_prior.keys_of([])] == [0, 0]


def test_agreement_is_a_mean_of_cosines():
    # One number between, two n-grams: words 0 and 1; the picture expects word 0 twice as much.
    known = ngram_prior.Phrases(
        to=np.ones((1, 1)), offset=np.zeros(1), grams=np.array([1, 2], np.uint32),
        vectors=np.array([[2.0], [1.0]]), rarity=np.array([1.0, 1.0]), rarest=3.0,
    )  # fmt: skip
    expected = known.expected(np.array([0.25]))
    assert expected == pytest.approx([0.5])
    assert known.agreement([0], expected) == pytest.approx(1.0 / 2)
    assert known.agreement([1], expected) == pytest.approx(0.5 / 2)
    # A word that nobody expects takes its length, and none of the agreement.
    assert known.agreement([0, 5], expected) == pytest.approx(1.0 / np.sqrt(10) / 2)
    assert known.agreement([], expected) == 0.0


def test_what_pictures_have_in_common_is_learnt():
    from image_describer.train import phrases as learning

    rng = np.random.default_rng(0)
    kinds = rng.integers(0, 3, 300)
    pooled = (np.eye(3)[kinds] * 5 + rng.normal(size=(300, 3))).astype(np.float32)
    captions = [[[4, 10 + kind, 20 + kind], [4, 10 + kind]] for kind in kinds]
    arrays = learning.learn(pooled, captions, rank=6, least=3)
    found = ngram_prior.Phrases(
        arrays["to"] * arrays["to_scale"], arrays["offset"], arrays["grams"],
        arrays["vectors"] * arrays["vectors_scale"], arrays["rarity"], float(arrays["rarest"]),
    )  # fmt: skip
    for kind in range(3):
        expected = found.expected(np.eye(3)[kind] * 5)
        scores = [found.agreement([4, 10 + other, 20 + other], expected) for other in range(3)]
        assert int(np.argmax(scores)) == kind
        assert scores[kind] > 2 * sorted(scores)[1]


def test_too_little_to_learn_from_is_told():
    from image_describer.errors import TrainingError
    from image_describer.train import phrases as learning

    with pytest.raises(TrainingError, match="no word that the captions"):
        learning.learn(np.ones((3, 2), np.float32), [[[5]], [[6]], [[7]]])


def test_a_bundle_without_them_says_what_it_said_and_measures_no_agreement(tiny_bundle, data):
    assert ngram_prior.of_bundle(open_bundle(tiny_bundle)) is None
    describer = Describer(tiny_bundle)
    features = describer.extractor.extract(open_picture(data.path(data.splits["dev"][0])).pixels)
    (first, *_) = describer.measures(describer.beams(features), features)
    assert "agreement" not in first


def test_captions_that_say_what_is_expected_come_first(tiny_bundle, data, tmp_path):
    plain = Describer(tiny_bundle)
    path = data.path(data.splits["dev"][0])
    features = plain.extractor.extract(open_picture(path).pixels)
    before = plain.beams(features)
    said = [{int(k) for keys, _ in ngram_prior.keys_of(b.words) for k in keys} for b in before]
    gram = min(set().union(*said[1:]) - said[0])  # of a caption further down, not of the first
    folder = tmp_path / "swayed"
    shutil.copytree(tiny_bundle, folder)
    (folder / PHRASES).write_bytes(expecting_only(gram, features.pooled.size))
    listed_anew(folder, phrase_weight=100.0)
    swayed = Describer(folder)
    after = swayed.beams(features)
    assert {beam.words for beam in after} == {beam.words for beam in before}
    says = [gram in [k for keys, _ in ngram_prior.keys_of(b.words) for k in keys] for b in after]
    assert says == sorted(says, reverse=True)
    assert says[0]
    assert not says[-1]
    agreements = [one["agreement"] for one in swayed.measures(after, features)]
    assert [a > 0 for a in agreements] == says
    assert swayed.describe(path).caption == swayed.caption(after[0].words)


def test_it_is_described_with_what_was_learnt(expecting, data):
    assert "square" in Describer(expecting).describe(data.path(data.splits["dev"][0])).caption


@pytest.mark.parametrize("harm", ["cut", "text", "types", "order", "infinite"])
def test_a_damaged_file_is_refused(harm, expecting, tmp_path):
    folder = tmp_path / "bundle"
    shutil.copytree(expecting, folder)
    file = folder / PHRASES
    with np.load(file) as opened:
        arrays = dict(opened)
    if harm == "types":
        arrays["vectors"] = arrays["vectors"].astype(np.float32)
    elif harm == "order":
        arrays["grams"] = arrays["grams"][::-1].copy()
    elif harm == "infinite":
        arrays["rarity"] = np.full_like(arrays["rarity"], np.inf)
    content = ngram_prior.packed(arrays)
    broken = {"cut": content[: len(content) // 2], "text": b"no arrays"}
    file.write_bytes(broken.get(harm, content))
    listed_anew(folder)
    with pytest.raises(BundleError, match=PHRASES):
        Describer(folder)


def test_the_command_fits_and_tells_sizes(tiny_bundle, tiny_data, tmp_path):
    import sys

    folder = tmp_path / "bundle"
    shutil.copytree(tiny_bundle, folder)
    words = ("-m", "image_describer.train.phrases", "--bundle", str(folder), "--data")
    done = tiny.run([sys.executable, *words, str(tiny_data)])
    assert done.returncode == 0, done.stderr
    assert "n-grams" in done.stdout
    assert PHRASES in open_bundle(folder).manifest["files"]
    missing = tiny.run([sys.executable, *words, str(tmp_path / "nowhere")])
    assert missing.returncode == 2
    assert "Traceback" not in missing.stderr
