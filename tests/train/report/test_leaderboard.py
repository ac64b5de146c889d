"""The leaderboard: captions and retrieval, and how each was made."""

import pytest

from image_describer.errors import TrainingError
from image_describer.train.evaluate.retrieval import AT, DIRECTIONS
from image_describer.train.report import leaderboard, results


@pytest.fixture
def root(tmp_path):
    recalls = {f"{direction}: R@{k}": 0.1 * k for direction in DIRECTIONS for k in AT}
    facts = {
        "vocabulary": 1829,
        "encoder": {"name": "xception", "weights": "bundled", "instead_of": "resnet50"},
        "vectors": {"dimension": 50, "share_of_vocabulary": 0.991},
        "made": {
            "command": "python -m image_describer.train",
            "commit": "abc1234",
            "data": [{"set": "flickr8k", "pictures": 7091}],
        },
    }
    both = {"dev": {"BLEU-4": 0.2, "CIDEr": 0.4}, "dev/everyday": {"CIDEr": 0.6}}
    results.write_metrics(tmp_path / "captioner", facts, both)
    (tmp_path / "captioner" / "fit.jsonl").write_text('{"step": 1, "epoch": 1.0, "loss": 2.461}')
    results.write_parts(tmp_path / "captioner", {"joint_space": recalls})
    results.write_metrics(tmp_path / "embedding", {}, {"dev": recalls})
    (tmp_path / "notes").mkdir()
    return tmp_path


def test_captions_are_ranked_by_cider_with_each_set_apart(root):
    text = leaderboard.write(root).read_text("utf-8")
    link = "[captioner](captioner/report.md)"
    whole = f"| {link} | dev | – | 0.200 | – | – | 0.400 | – | – | – | 2.461 |"
    everyday = f"| {link} | dev/everyday | – | – | – | – | 0.600 | – | – | – | 2.461 |"
    assert f"{everyday}\n{whole}\n" in text


def test_retrieval_is_listed_of_networks_and_of_joint_spaces(root):
    text = leaderboard.write(root).read_text("utf-8")
    recalls = "| 0.100/0.500/1.000 | 0.100/0.500/1.000 |"
    assert f"| captioner: joint space | dev {recalls}" in text
    assert f"| embedding | dev {recalls}" in text


def test_it_says_how_each_was_made(root):
    text = leaderboard.write(root).read_text("utf-8")
    assert (
        "| captioner | `python -m image_describer.train` | abc1234 | flickr8k (7,091 pictures) "
        "| xception (bundled) instead of resnet50 | 1,829, 99.1% with a vector of 50 |  |"
    ) in text
    assert "| embedding | – | – | – | – | – |  |" in text


def test_the_short_form_has_every_recipe(root):
    (root / "captioner").rename(root / "best")
    text = leaderboard.short(root)
    assert "    dev/everyday: CIDEr 0.600\n" in text
    assert "\nimage-describer\n" in text


def test_damaged_results_are_named(root):
    (root / "captioner" / results.METRICS).write_text("[]")
    with pytest.raises(TrainingError, match=r"metrics\.json"):
        leaderboard.write(root)
