"""The command of training, stage by stage, on a tiny data set; and what it says."""

import json
import shutil

import pytest

from image_describer.bundle import open_bundle
from image_describer.describer import Describer
from image_describer.errors import TrainingError
from image_describer.train import __main__ as command
from image_describer.train import recipe, stages
from image_describer.train.data import read
from tests import classic, tiny


@pytest.fixture
def choices(tmp_path):
    return stages.Choices(
        runs=tmp_path / "runs",
        results=tmp_path / "results",
        output=tmp_path / "bundle",
        vectors=classic.vectors(tmp_path),
        weights="random",
    )


def without_vectors(choices, **other):
    return stages.Choices(**{**vars(choices), "vectors": None, **other})


@pytest.mark.slow
@pytest.mark.parametrize("name", ["keras-captioning", "attend-and-tell"])
def test_an_original_goes_through_its_stages_one_by_one(name, choices, tiny_data, tmp_path):
    chosen, data = classic.small(tmp_path, name), read(tiny_data)
    with pytest.raises(TrainingError, match="has not been trained"):
        stages.run("evaluate", chosen, data, choices)
    with pytest.raises(TrainingError, match="There is nothing of"):
        stages.run("report", chosen, data, choices)
    told = stages.run("prepare", chosen, data, choices)
    assert told["pictures"] == {"train": 18, "dev": 6}
    folder = choices.runs / chosen.name
    assert (folder / "descriptions.txt").read_text("utf-8").count("\n") == 24 * 5
    assert stages.run("features", chosen, data, choices)["pictures"] == 24
    assert stages.run("fit", chosen, data, choices)["fit"]["epoch"] == 2
    figures = stages.run("evaluate", chosen, data, choices)["metrics"]["dev"]
    told = stages.run("export", chosen, data, choices)
    # The exported files say what the network said, but for the rounding of their weights.
    bundle = open_bundle(folder / "export")
    assert told["dev"]["BLEU-1"] == pytest.approx(figures["BLEU-1"], abs=0.25)
    description = Describer(bundle.folder).describe(tiny_data / "Flicker8k_Dataset/picture0.jpg")
    assert set(description.caption.split()) <= set(bundle.tokenizer["words"])
    assert len(description.caption.split()) > 2
    told = stages.run("report", chosen, data, choices)
    page = (choices.results / chosen.name / "report.html").read_text("utf-8")
    assert str(choices.results) in told["page"]
    assert description.caption.split()[0] in page


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["image-describer", "audio-captions", "joint-embedding", "joint-embedding-hardest"]
)
def test_one_command_goes_through_all_stages(name, choices, tiny_data, tmp_path):
    chosen = classic.small(tmp_path, name)
    found = stages.run("all", chosen, read(tiny_data), choices)
    assert found["metrics"]["dev"]
    results = choices.results / chosen.name
    kept = {file.name for file in results.iterdir()}
    assert {"metrics.json", "history.jsonl", "curves.png", "report.html"} <= kept
    export = choices.runs / chosen.name / "export"
    if chosen.network.kind == "joint":
        assert (export / "picture_tower.keras").is_file()
        assert json.loads((export / "vocab.json").read_text("utf-8"))["<eos>"] == 0
    else:
        assert open_bundle(export).manifest["metrics"]["dev"]["pictures"] == 6


def test_the_network_that_ships_exports_alone_what_was_trained(
    tiny_run, tiny_data, choices, tmp_path
):
    chosen, data = recipe.load(str(tiny.RECIPE)), read(tiny_data)
    again = without_vectors(choices, runs=tmp_path / "again")
    shutil.copytree(tiny_run / "runs" / "tiny", again.runs / "tiny")
    told = stages.run("prepare", chosen, data, without_vectors(choices))
    assert told["vocabulary"] == 11
    with pytest.raises(TrainingError, match="Run 'fit' first"):
        stages.run("export", chosen, data, without_vectors(choices))
    figures = stages.run("export", chosen, data, again)
    assert figures["dev"]["pictures"] == 6
    assert open_bundle(choices.output).manifest["name"] == "tiny"
    assert stages.run("evaluate", chosen, data, again)["metrics"] == figures["dev"]


@pytest.mark.parametrize(
    ("other", "told"),
    [
        ({"extractor": "resnet50"}, "trains its own Xception"),
        ({"vectors": "glove.txt"}, "learns its own word vectors"),
    ],
)
def test_choices_that_the_shipping_network_has_no_use_for_are_refused(
    other, told, choices, tiny_data
):
    with pytest.raises(TrainingError, match=told):
        stages.run("fit", recipe.load("best"), read(tiny_data), without_vectors(choices, **other))


def test_the_list_names_every_recipe_with_its_figures(tmp_path, capsys):
    results = tmp_path / "results"
    (results / "best").mkdir(parents=True)
    metrics = {"pictures": 1000, "CIDEr": 0.5373, "BLEU-4": 0.2231}
    content = json.dumps({"split": "dev", "metrics": metrics})
    (results / "best" / "metrics.json").write_text(content)
    assert command.main(["--list", "--results", str(results)]) == 0
    told = capsys.readouterr().out
    for name in recipe.names():
        assert f"\n{name}\n" in f"\n{told}"
    assert "dev: CIDEr 0.537, BLEU-4 0.223" in told
    assert "no figures yet" in told


def test_damaged_figures_are_one_sentence(tmp_path, capsys):
    (tmp_path / "best").mkdir()
    (tmp_path / "best" / "metrics.json").write_text("[1")
    assert command.main(["--list", "--results", str(tmp_path)]) == 2
    told = capsys.readouterr().err
    assert told.startswith("The figures ")
    assert len(told.strip().splitlines()) == 1


def test_help_teaches_stages_data_and_ways(capsys):
    assert command.main([]) == 2
    told = capsys.readouterr().out
    for word in ("--download flickr8k", "Kaggle", "captions.csv", "--install", "TF_CONFIG"):
        assert word in told
    for stage, does in stages.STAGES.items():
        assert f"  {stage:9} {does}" in told


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["fit"], "Training needs data."),
        (["--install", "--data", "x"], "--install belongs to --from bundled."),
        (["--from", "bundled"], "Your own pictures are needed."),
        (["--from", "bundled", "--data", "nowhere"], "There is no folder nowhere."),
        (["--download", "imagenet"], "No data set 'imagenet'. There are: flickr8k."),
        (["prepare", "--data", ".", "--format", "voc"], "No data format 'voc'."),
    ],
)
def test_what_it_lacks_is_one_sentence_and_the_status_2(words, told, monkeypatch, capsys):
    monkeypatch.delenv("IMAGE_DESCRIBER_DATA", raising=False)
    assert command.main(words) == 2
    said = capsys.readouterr().err.strip()
    assert said.startswith(told)
    assert len(said.splitlines()) == 1
