"""The command of training, stage by stage, on a tiny data set; and what it says."""

import json
import math
import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest

from image_describer.captioner.bundle import open_bundle
from image_describer.captioner.describer import Describer
from image_describer.errors import TrainingError
from image_describer.train import __main__ as command
from image_describer.train import recipe, stages
from image_describer.train.baselines import run as classic_run
from image_describer.train.baselines.stages import features
from image_describer.train.data import array_pickle
from image_describer.train.data.dataset import read
from tests.support import tiny, training


@pytest.fixture
def choices(tmp_path):
    return stages.Choices(
        runs=tmp_path / "runs",
        results=tmp_path / "results",
        output=tmp_path / "bundle",
        vectors=training.write_word_vectors(tmp_path),
        weights="random",
    )


def without_vectors(choices, **other):
    return stages.Choices(**{**vars(choices), "vectors": None, **other})


@pytest.mark.slow
@pytest.mark.parametrize("name", ["keras-captioning", "attend-and-tell"])
def test_an_original_goes_through_its_stages_one_by_one(name, choices, tiny_data, tmp_path):
    chosen, data = training.small_recipe(tmp_path, name), read(tiny_data)
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


@pytest.mark.parametrize(
    "name",
    [
        "image-describer",
        *(
            pytest.param(name, marks=pytest.mark.slow)
            for name in ("audio-captions", "joint-embedding", "joint-embedding-hardest")
        ),
    ],
)
def test_one_command_goes_through_all_stages(name, choices, tiny_data, tmp_path):
    chosen = training.small_recipe(tmp_path, name)
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


@pytest.mark.slow
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
    words = ("--download flickr8k", "Kaggle", "captions.csv", "--install")
    for word in (*words, "--read-features", "--write-features features.pkl", "MD5"):
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


@pytest.mark.slow
def test_features_are_written_as_the_original_kept_them_and_read_again(
    choices, tiny_data, tmp_path
):
    chosen, data = training.small_recipe(tmp_path, "image-describer", epochs=1), read(tiny_data)
    file = tmp_path / "features.pkl"
    stages.run("features", chosen, data, without_vectors(choices, write_features=file))
    found = pickle.loads(file.read_bytes())
    assert sorted(found) == sorted(data.captions)
    assert {array.shape[0] for array in found.values()} == {1}
    del found["picture3.jpg"]
    file.write_bytes(pickle.dumps(found))
    again = without_vectors(choices, runs=tmp_path / "again", read_features=file)
    told = stages.run("prepare", chosen, data, again)
    assert told["pictures"] == {"train": 17, "dev": 6}
    assert told["extractor"] == {"name": "given with the data"}
    fitted = stages.run("fit", chosen, data, again)["fit"]
    computed = stages.run("fit", chosen, data, without_vectors(choices))["fit"]
    # The same features, less one picture, whose captions are those of others.
    assert fitted["dev_loss"] == pytest.approx(computed["dev_loss"], rel=0.1)
    assert not (tmp_path / "again" / "features").exists()  # nothing was computed


@pytest.mark.parametrize(
    ("name", "stage", "other", "told"),
    [
        ("best", "fit", {"read_features": "x.pkl"}, "learns what it sees"),
        ("best", "features", {"write_features": "x.pkl"}, "learns what it sees"),
        ("image-describer", "evaluate", {"write_features": "x.pkl"}, "computes no features"),
        ("attend-and-tell", "prepare", {}, "looks at parts of a picture"),
        ("image-describer", "prepare", {"evil": True}, "no pickle of arrays by name"),
    ],
)
def test_features_that_do_not_serve_are_refused(
    name, stage, other, told, choices, tiny_data, tmp_path
):
    data, file = read(tiny_data), tmp_path / "features.pkl"
    array_pickle.write(file, {name: np.ones(4) for name in data.captions})
    if "evil" in other:
        file.write_bytes(pickle.dumps({"picture1.jpg": Path.unlink}))
    made = {key: value for key, value in other.items() if key != "evil"} or {"read_features": file}
    chosen = recipe.load("best") if name == "best" else training.small_recipe(tmp_path, name)
    with pytest.raises(TrainingError, match=told):
        stages.run(stage, chosen, data, without_vectors(choices, **made))


def damaged(tiny_data, tmp_path):
    """The tiny data with a picture of train cut off, and one of dev that is none."""
    own = shutil.copytree(tiny_data, tmp_path / "damaged")
    cut, none = (own / "Flicker8k_Dataset" / f"picture{n}.jpg" for n in (2, 20))
    cut.write_bytes(cut.read_bytes()[:900])
    none.write_bytes(b"\xff\xd8\xff no picture")
    return own


@pytest.mark.slow
def test_broken_pictures_are_counted_once_and_left_out_of_an_original(
    choices, tiny_data, tmp_path, caplog
):
    chosen = training.small_recipe(tmp_path, "image-describer", epochs=1)
    data, plain = read(damaged(tiny_data, tmp_path)), without_vectors(choices)
    told = stages.run("fit", chosen, data, plain)
    assert math.isfinite(told["fit"]["dev_loss"])
    warned = [record.message for record in caplog.records if "can't be read" in record.message]
    assert len(warned) == 1
    assert warned[0].startswith("2 pictures can't be read and are left out: picture2.jpg ...")
    kept = json.loads((choices.runs / stages.BROKEN).read_text("utf-8"))["broken"]
    assert set(kept) == {"picture2.jpg", "picture20.jpg"}
    assert stages.run("prepare", chosen, data, plain)["pictures"] == {"train": 17, "dev": 5}


def test_a_picture_that_breaks_after_it_was_looked_at_is_left_out_of_an_original(
    choices, tiny_data, tmp_path
):
    chosen = training.small_recipe(tmp_path, "image-describer", epochs=1)
    options = classic_run.Options(choices.runs, choices.results, weights="random")
    run = classic_run.prepare(chosen, read(damaged(tiny_data, tmp_path)), options)
    features(run)
    assert set(run.store.broken) == {"picture2.jpg", "picture20.jpg"}
    assert {split: len(names) for split, names in run.names.items()} == {"train": 17, "dev": 5}
    assert run.facts["pictures"] == {"train": 17, "dev": 5}


@pytest.mark.slow
def test_a_broken_picture_stops_no_stage_of_the_network_that_ships(
    tiny_run, tiny_data, choices, tmp_path, caplog
):
    chosen, data = recipe.load(str(tiny.RECIPE)), read(damaged(tiny_data, tmp_path))
    shutil.copytree(tiny_run / "runs" / "tiny", choices.runs / "tiny")
    # Fitting is over at once: from features to figures, everything else is done again.
    figures = stages.run("all", chosen, data, without_vectors(choices, resume=True))
    assert figures["dev"]["pictures"] == 5
    assert open_bundle(choices.output).manifest["data"] == {"train": 17, "dev": 5}
    warned = [record.message for record in caplog.records if "can't be read" in record.message]
    assert len(warned) == 1


def test_data_without_a_whole_picture_is_refused(tiny_data, choices, tmp_path):
    own = damaged(tiny_data, tmp_path)
    for file in (own / "Flicker8k_Dataset").iterdir():
        file.write_bytes(b"\xff\xd8\xff no picture")
    with pytest.raises(TrainingError, match="None of the training pictures can be read"):
        stages.run("prepare", recipe.load("best"), read(own), without_vectors(choices))
