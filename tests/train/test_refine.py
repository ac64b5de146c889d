"""The decoder trained on over what the bundle's own extractor sees; other views of a picture."""

import dataclasses
import json
import shutil

import numpy as np
import pytest

from image_describer.captioner.bundle import open_bundle, write_manifest
from image_describer.captioner.decoder import Decoder
from image_describer.captioner.describer import Describer
from image_describer.captioner.encoder import Encoder
from image_describer.train import recipe
from image_describer.train.data import augment
from image_describer.train.data.dataset import load_pixels, read_flickr8k
from tests.support import tiny


@pytest.fixture(scope="module")
def data(tiny_data):
    return read_flickr8k(tiny_data)


def refined(bundle, data, place, **more):
    """A copy of the bundle whose decoder was trained on; the recipe's folder beside it."""
    from image_describer.train.refine import refine

    folder, run = place / "bundle", place / "runs" / "tiny"
    shutil.copytree(bundle, folder, dirs_exist_ok=True)
    stage = recipe.Reward(epochs=2, rate=1e-3, batch=6, layers="decoder", **more)
    chosen = dataclasses.replace(recipe.load(str(tiny.RECIPE)), scst=stage)
    refine(folder, chosen, data, run, resume=False)
    manifest = json.loads((bundle / "manifest.json").read_text("utf-8"))
    write_manifest(folder, {k: v for k, v in manifest.items() if k not in ("files", "created")})
    return folder, run


@pytest.mark.slow
def test_only_the_decoder_changes_and_it_learns(tiny_bundle, data, tmp_path):
    folder, run = refined(tiny_bundle, data, tmp_path, crops=1, sharpen=1.5)
    same = ("encoder.tflite", "tokenizer.pkl")
    assert all((folder / n).read_bytes() == (tiny_bundle / n).read_bytes() for n in same)
    assert (folder / "decoder.tflite").read_bytes() != (tiny_bundle / "decoder.tflite").read_bytes()
    rewards = [json.loads(line) for line in (run / "scst.jsonl").read_text("utf-8").splitlines()]
    assert [record["epoch"] for record in rewards] == [1.0, 2.0]
    picture = data.path(data.splits["dev"][0])
    assert Describer(folder).describe(picture).caption
    (cache,) = (run.parent / "features").glob("shipped-*.f16")
    assert cache.stat().st_size == 24 * 4 * np.prod(grid(tiny_bundle)) * 2


def grid(bundle):
    regions = open_bundle(bundle).manifest["regions"]
    return regions["rows"], regions["columns"], regions["channels"]


def test_the_cache_holds_what_a_user_would_get(tiny_bundle, data, tmp_path):
    from image_describer.train.refine import regions_of

    bundle = open_bundle(tiny_bundle)
    loader, shape = regions_of(bundle, data, tmp_path, augment.Views(crops=1))
    name = data.splits["train"][3]
    found = loader([name] * 4, np.arange(4))
    assert found.shape == (4, *shape)
    encoder = Encoder.from_bundle(bundle)
    plain = load_pixels(data.path(name), tiny.SIZE)
    crop = augment.other_view(plain, augment.rng_of(name, 2))
    for view, pixels in enumerate((plain, plain[:, ::-1], crop, crop[:, ::-1])):
        expected = encoder.encode(np.ascontiguousarray(pixels)).regions
        np.testing.assert_allclose(found[view], expected, rtol=2e-3, atol=1e-4)


def test_the_captioner_made_of_a_bundle_finds_words_as_likely_as_the_bundle(
    tiny_bundle, data, tmp_path
):
    from image_describer.train.data.vocabulary import END, START, Vocabulary
    from image_describer.train.refine import captioner_of, regions_of

    bundle = open_bundle(tiny_bundle)
    loader, shape = regions_of(bundle, data, tmp_path)
    vocabulary = Vocabulary.from_tokenizer(bundle.tokenizer)
    model = captioner_of(bundle, recipe.load(str(tiny.RECIPE)), vocabulary, shape)
    decoder = Decoder.from_bundle(bundle)
    for name in data.splits["dev"][:3]:
        regions = loader([name], np.zeros(1, int)).astype(np.float32)
        beam = decoder.decode(regions[0])[0]
        words = np.array([[[START, *beam.words]]], np.int32)
        logits = np.array(model({"picture": regions, "words": words})["words"])[0, 0]
        log_probs = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
        said = log_probs[np.arange(len(beam.log_probs)), [*beam.words, END]]
        np.testing.assert_allclose(said, beam.log_probs, atol=0.1)


def test_other_views_are_parts_of_the_picture_and_always_the_same():
    pixels = np.zeros((96, 96, 3), np.uint8)
    pixels[:, :, 0] = np.linspace(40, 200, 96, dtype=np.uint8)  # brighter to the right
    views = [augment.other_view(pixels, augment.rng_of("a.jpg", v)) for v in (2, 4, 6, 2)]
    assert all(view.shape == pixels.shape and view.dtype == np.uint8 for view in views)
    assert (views[0] == views[3]).all()
    assert (views[0] != views[1]).any()
    for view in views:
        across = view[:, :, 0].mean(axis=0)
        if across[0] > across[-1]:
            across = across[::-1]  # half of them are mirrored
        assert across[-1] > across[0] + 30  # never turned
        assert (np.diff(across.astype(int)) >= -1).all()


def test_views_that_a_stage_asks_for(data):
    from image_describer.train.data.batches import Batches
    from image_describer.train.data.vocabulary import Vocabulary

    vocabulary = Vocabulary.build(["a red square"], 1, 5)
    seen = set()

    def loader(names, views):
        seen.update(views.tolist())
        return np.zeros((len(names), 1), np.float32)

    def views_of(**options):
        seen.clear()
        names = data.splits["train"]
        batches = Batches(data, names, vocabulary, loader, batch=6, seed=1, count=60, **options)
        for index in range(60):
            batches[index]
        return set(seen)

    assert views_of() == {0, 1}
    assert views_of(mirror=False) == {0}
    assert views_of(crops=2) == {0, 1, 2, 3, 4, 5}
    assert views_of(crops=2, mirror=False) == {0, 2, 4}
    assert views_of(crops=2, training=False) == {0}


@pytest.mark.slow
def test_the_head_learns_from_crops_too(data, tmp_path):
    from image_describer.train import pipeline

    chosen = recipe.load(str(tiny.RECIPE))
    head = dataclasses.replace(chosen.head, epochs=1.0, crops=1, mirror=True)
    run = pipeline.prepare(dataclasses.replace(chosen, head=head), data, "random", tmp_path, False)
    pipeline.fit_head(run)
    assert (run.folder / "head.npz").exists()
    assert pipeline.lower_maps(run).views == 4
