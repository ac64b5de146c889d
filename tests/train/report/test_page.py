"""The page of a recipe and its plots: readable without images, small, without the photographs."""

import json

import numpy as np
import pytest
from PIL import Image

from image_describer.train.heads import confidence
from image_describer.train.report import attention_maps, figures, page, results

LIMIT_BYTES = 300_000
CAPTIONS = {f"{number}.jpg": f"a dog number {number}" for number in range(100)}


@pytest.fixture(scope="module")
def written(tiny_bundle, tmp_path_factory):
    """A folder of results with its page."""
    folder = tmp_path_factory.mktemp("results") / "tiny"
    facts = {"recipe": "tiny", "about": "for the tests", "made": {"command": "train | tiny"}}
    results.write_metrics(folder, facts, {"dev": {"CIDEr": 0.5}, "dev/everyday": {"CIDEr": 0.25}})
    results.write_parts(folder, {"orientation": {"found": 0.75}, "ngram_prior": {}})
    rng = np.random.default_rng(0)
    acceptable = {key: [bool(rng.random() < 0.5)] for key in CAPTIONS}
    measures = {key: [{"length": rng.normal() + good[0]}] for key, good in acceptable.items()}
    contents = {
        results.CAPTIONS: CAPTIONS,
        results.CONFIDENCE: {
            "held_out": confidence.held_out(measures, acceptable, {"everyday": list(CAPTIONS)[50:]})
        },
    }
    for name, content in contents.items():
        (folder / name).write_text(json.dumps(content))
    record = {"step": 1, "epoch": 1.0, "loss": 2.0, "dev_loss": 3.0}
    (folder / "fit.jsonl").write_text(json.dumps(record) + "\n")
    return page.write(folder, tiny_bundle)


def test_the_page_has_figures_and_captions(written):
    text = written.read_text("utf-8")
    assert text.startswith("# tiny\n\nfor the tests\n")
    assert "| made: command | train \\| tiny |" in text
    assert (
        "## Figures: dev/everyday\n\n| measure | value |\n| --- | --- |\n| CIDEr | 0.25 |" in text
    )
    assert "## Figures: orientation" in text
    assert "## Figures: ngram prior" not in text  # it has none
    assert "| 0.jpg | a dog number 0 |" in text
    assert text.count(".jpg | a dog number") == page.CAPTIONS_SHOWN


def test_each_plot_has_alternative_text_and_is_beside_the_page(written):
    text = written.read_text("utf-8")
    plots = {file.name for file in written.parent.glob("*.png")}
    assert {"losses.png", "reliability.png", "roc.png", "attention-cat.png"} <= plots
    assert "## Calibration of the confidence: everyday\n" in text
    assert "reliability-everyday.png" in plots
    for name in plots:
        (line,) = (line for line in text.splitlines() if line.endswith(f"]({name})"))
        assert len(line) > 40


def test_the_results_of_a_recipe_are_small(written):
    assert sum(file.stat().st_size for file in written.parent.iterdir()) < LIMIT_BYTES
    for file in written.parent.glob("*.png"):
        with Image.open(file) as image:
            assert image.width <= 1200
            assert len(image.convert("RGB").getcolors(1 << 20)) > 4  # something is drawn


def test_without_a_bundle_the_page_has_the_attention_maps_in_the_folder(written):
    text = page.write(written.parent).read_text("utf-8")
    assert "attention-cat.png" in text


def test_losses_are_described(tmp_path):
    records = [{"step": i, "epoch": i, "loss": 4.0 / i, "dev_loss": 5.0 / i} for i in (1, 2, 4)]
    figures.losses({"fit": records}, tmp_path / "losses.png")
    description = figures.description(tmp_path / "losses.png")
    assert description == "loss, fit, training: from 4 to 1. loss, fit, dev: from 5 to 1.25."
    assert list(tmp_path.iterdir()) == [tmp_path / "losses.png"]  # no temporary file is left


def test_attention_is_bright_where_it_is_strong(tmp_path):
    photo = tmp_path / "white.jpg"
    Image.new("RGB", (90, 90), "white").save(photo)
    maps = np.zeros((2, 3, 3), np.float32)
    maps[0, 0, 0] = maps[1, 2, 2] = 1.0
    example = attention_maps.AttentionMaps(photo, ("sky", "grass"), maps)
    figures.attention(example, tmp_path / "attention.png")
    assert "sky (top left), grass (bottom right)" in figures.description(tmp_path / "attention.png")
    with Image.open(tmp_path / "attention.png") as image:
        pixels = np.asarray(image.convert("L")).astype(int)
    width = pixels.shape[1] // figures.COLUMNS
    tiles = [pixels[:, i * width : (i + 1) * width] for i in range(3)]
    dark = [(tile < 90).mean() for tile in tiles]
    assert dark[0] < 0.05  # the photograph itself is unchanged
    assert min(dark[1:]) > 0.3
    upper = slice(0, pixels.shape[0] // 2)
    assert tiles[1][upper].mean() > tiles[2][upper].mean()


def test_captions_without_attention_have_no_maps(tiny_bundle, monkeypatch):
    def uniform(generator, features):
        beams = decode(generator, features)
        for beam in beams[0]:
            beam.attention[:] = 1 / beam.attention.shape[-1]
        return beams

    decode = attention_maps.CaptionGenerator.decode
    monkeypatch.setattr(attention_maps.CaptionGenerator, "decode", uniform)
    assert list(attention_maps.of_samples(tiny_bundle)) == []
