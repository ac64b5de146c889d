"""A recipe's page and drawings: whole, readable without eyes, small, no data set's pictures."""

import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

from image_describer.train import recipe, stages
from image_describer.train.data.dataset import read
from image_describer.train.report import attention_maps, figures, leaderboard
from image_describer.train.report import page as report
from tests.support import tiny

LIMIT_BYTES = 300_000


class Page(HTMLParser):
    """Tags, pictures and headings of a page."""

    def __init__(self, text):
        super().__init__()
        self.images, self.tags, self.attributes = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag == "img":
            self.images.append(dict(attrs))


@pytest.fixture(scope="module")
def written(tiny_run, tiny_data, tmp_path_factory):
    """The tiny bundle's report, and a README with a place for the table."""
    place = tmp_path_factory.mktemp("report")
    chosen, data = recipe.load(str(tiny.RECIPE)), read(tiny_data)
    results = place / "results"
    stages.keep_figures(tiny_run / "runs" / "tiny", results / "tiny")
    (place / "README.md").write_text(
        f"before\n{leaderboard.BEGIN}\nold\n{leaderboard.END}\nafter\n"
    )
    choices = stages.Choices(results=results, bundle=tiny_run / "bundle")
    return report.write(chosen, data, choices), data


@pytest.mark.slow
def test_the_page_stands_alone_and_every_picture_is_told_in_words(written):
    page, data = written
    text = page.read_text("utf-8")
    read_page = Page(text)
    assert ("lang", "en") in read_page.attributes
    assert read_page.tags.count("h1") == 1
    assert "caption" in read_page.tags
    assert len(read_page.images) == 1 + 3  # curves, and three sample photographs
    for image in read_page.images:
        assert image["src"].startswith("data:image/webp;base64,")
        assert len(image["alt"]) > 40
    assert not re.search(r'(src|href)="(?!data:)', text)  # nothing is fetched
    name = data.splits["dev"][0]
    assert name in text
    assert data.captions[name][0] in text


@pytest.mark.slow
def test_everything_of_a_recipe_is_small(written):
    page, _ = written
    assert sum(file.stat().st_size for file in page.parent.iterdir()) < LIMIT_BYTES
    for file in page.parent.glob("*.png"):
        with Image.open(file) as image:
            assert image.width <= 1200
            assert len(image.convert("RGB").getcolors(1 << 20)) > 4  # something is drawn


@pytest.mark.slow
def test_no_picture_of_the_data_set_is_in_the_results(written):
    page, data = written
    kept = {file.stem for file in page.parent.iterdir()}
    assert not kept & {name.partition(".")[0] for name in data.captions}
    assert {s for s in kept if s.startswith("attention-")} == {
        "attention-astronaut", "attention-cat", "attention-coffee"
    }  # fmt: skip


@pytest.mark.slow
def test_the_table_takes_the_place_between_the_marks(written):
    page, _ = written
    readme = (page.parent.parent.parent / "README.md").read_text("utf-8")
    assert readme.startswith("before\n" + leaderboard.BEGIN)
    assert readme.endswith(leaderboard.END + "\nafter\n")
    assert "| tiny | Xception, fine-tuned |" in readme
    assert "old" not in readme


def test_a_readme_without_marks_is_left_alone(tmp_path):
    readme = tmp_path / "README.md"
    readme.write_text("mine")
    assert not leaderboard.write_table(tmp_path, readme)
    assert readme.read_text() == "mine"


def test_the_table_knows_captioners_and_embeddings(tmp_path):
    says = {
        "vocabulary": 1829,
        "extractor": {"name": "xception", "weights": "bundled", "stands_in_for": "resnet50"},
        "vectors": {"dimension": 50, "share_of_vocabulary": 0.991},
        "final": {"loss": 2.461},
        "metrics": {"dev": {"BLEU-1": 0.6, "CIDEr": 0.4}},
    }
    ways = {f"{way}: R@{k}": 0.1 * k for way in leaderboard.RECALLS for k in leaderboard.AT}
    finds = {
        "extractor": {"name": "given with the data"},
        "metrics": {"train": {"pair_accuracy": 0.97}, "dev": ways},
    }
    for name, content in (("says", says), ("finds", finds)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "metrics.json").write_text(json.dumps(content))
    told = leaderboard.table(tmp_path)
    assert (
        "| says | xception (bundled) for resnet50 | 1,829, 99.1 % with a vector of 50 | 2.461 "
        "| 0.600 | – | – | – | – | 0.400 |"
    ) in told
    assert "| finds | given with the data | 0.970 | 0.100/0.500/1.000 | 0.100/0.500/1.000 |" in told


def test_curves_tell_what_they_show(tmp_path):
    records = [{"step": i, "epoch": i, "loss": 4.0 / i, "dev_loss": 5.0 / i} for i in (1, 2, 4)]
    told = figures.curves({"fit": records}, tmp_path / "curves.png")
    assert told == "loss, training: from 4 to 1. loss, dev: from 5 to 1.25."
    assert (tmp_path / "curves.png").stat().st_size > 1000
    assert list(tmp_path.iterdir()) == [tmp_path / "curves.png"]  # no draft is left


def test_attention_lights_up_where_it_lies(tmp_path):
    photo = tmp_path / "white.jpg"
    Image.new("RGB", (90, 90), "white").save(photo)
    maps = np.zeros((2, 3, 3), np.float32)
    maps[0, 0, 0] = maps[1, 2, 2] = 1.0
    seen = attention_maps.Seen(photo, ("sky", "grass"), maps)
    assert "sky (top left), grass (bottom right)" in seen.told
    figures.attention(seen, tmp_path / "drawn.png")
    with Image.open(tmp_path / "drawn.png") as image:
        pixels = np.asarray(image.convert("L")).astype(int)
    width = pixels.shape[1] // figures.COLUMNS
    tiles = [pixels[:, i * width : (i + 1) * width] for i in range(3)]
    dark = [(tile < 90).mean() for tile in tiles]
    assert dark[0] < 0.05  # the photograph itself is as it was
    assert min(dark[1:]) > 0.3
    upper = slice(0, pixels.shape[0] // 2)
    assert tiles[1][upper].mean() > tiles[2][upper].mean()
