"""The leaderboard: captions and retrieval, and how each was made."""

import pytest

from image_describer.errors import TrainingError
from image_describer.train.evaluate.retrieval import AT, DIRECTIONS
from image_describer.train.report import leaderboard, results


@pytest.fixture
def root(tmp_path):
    recalls = {f"{direction}: R@{k}": 0.1 * k for direction in DIRECTIONS for k in AT}
    data = [{"set": "flickr8k", "pictures": 7091}, {"set": "everyday", "pictures": 2423}]
    command = "python -m image_describer.train"
    facts = {"made": {"command": command, "commit": "abc1234", "data": data}}
    both = {"dev": {"BLEU-4": 0.2, "CIDEr": 0.4}, "dev/everyday": {"CIDEr": 0.6}}
    results.write_metrics(tmp_path / "captioner", facts, both)
    (tmp_path / "captioner" / "fit.jsonl").write_text('{"step": 1, "epoch": 1.0, "loss": 2.461}')
    results.write_parts(tmp_path / "captioner", {"joint_space": recalls})
    single = {"made": {"data": data[:1]}}
    results.write_metrics(tmp_path / "embedding", single, {"dev": recalls})
    (tmp_path / "notes").mkdir()
    return tmp_path


def test_captions_are_listed_for_each_set(root):
    text = leaderboard.write(root).read_text("utf-8")
    link = "[captioner](captioner/report.md)"
    assert f"| dev | {link} | – | 0.200 | – | – | 0.400 | – | – | – | 2.461 |" in text
    assert f"| dev/everyday | {link} | – | – | – | – | 0.600 | – | – | – | 2.461 |" in text


def test_a_bundle_of_one_set_that_was_evaluated_on_several_has_their_names(root):
    single = {"made": {"data": [{"set": "flickr8k", "pictures": 7091}]}}
    both = {"dev": {"CIDEr": 0.4}, "dev/everyday": {"CIDEr": 0.6}}
    results.write_metrics(root / "captioner", single, both)
    text = leaderboard.write(root).read_text("utf-8")
    assert "| dev | [captioner]" in text
    assert "| dev/everyday | [captioner]" in text


def test_captions_in_another_language_are_told_from_english_ones(root):
    facts = {"made": {"data": [{"set": "flickr8k", "pictures": 6462}]}, "language": "de"}
    both = {"dev": {"CIDEr": 0.5}, "dev in English": {"CIDEr": 0.6}}
    results.write_metrics(root / "german", facts, both)
    text = leaderboard.write(root).read_text("utf-8")
    assert "| dev in German/flickr8k | [german](german/report.md) | – | – | – | – | 0.500" in text
    assert "| dev in English/flickr8k | [german](german/report.md) | – | – | – | – | 0.600" in text


def test_captioners_are_ranked_on_the_same_pictures(root):
    single = {"made": {"data": [{"set": "everyday", "pictures": 2423}]}}
    results.write_metrics(root / "better", single, {"dev": {"CIDEr": 0.7}})
    text = leaderboard.write(root).read_text("utf-8")
    lines = [line for line in text.splitlines() if line.startswith("| dev/everyday | [")]
    assert ["better" in line for line in lines] == [True, False]


def test_retrieval_is_listed_of_networks_and_of_joint_spaces(root):
    text = leaderboard.write(root).read_text("utf-8")
    recalls = "| 0.100/0.500/1.000 | 0.100/0.500/1.000 |"
    assert f"| dev | captioner: joint space {recalls}" in text
    assert f"| dev/flickr8k | embedding {recalls}" in text


def test_retrieval_is_listed_for_each_set_that_was_evaluated(root):
    result = results.read(root / "captioner")
    metrics = {**result["metrics"], "dev/everyday": {"CIDEr": 0.6}}
    metrics["dev/everyday"] |= {f"{d}: R@{k}": 0.25 for d in DIRECTIONS for k in AT}
    results.write_metrics(root / "captioner", {}, metrics)
    text = leaderboard.write(root).read_text("utf-8")
    recalls = "| 0.250/0.250/0.250 | 0.250/0.250/0.250 |"
    assert f"| dev/everyday | captioner: joint space {recalls}" in text
    assert "| dev | captioner: joint space" not in text  # of joint_space.json


def test_it_says_how_each_was_made(root):
    text = leaderboard.write(root).read_text("utf-8")
    data = "flickr8k (7,091 pictures), everyday (2,423 pictures)"
    assert f"| captioner | `python -m image_describer.train` | abc1234 | {data} |  |" in text


def test_the_short_form_has_every_recipe(root):
    (root / "captioner").rename(root / "best")
    text = leaderboard.short(root)
    assert "    dev/everyday: CIDEr 0.600\n" in text
    assert "\nimage-describer\n" in text


def test_damaged_results_are_named(root):
    (root / "captioner" / results.METRICS).write_text("[]")
    with pytest.raises(TrainingError, match=r"metrics\.json"):
        leaderboard.write(root)
