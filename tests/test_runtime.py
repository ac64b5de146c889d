"""Loading networks, from any path, and refusing what is not one."""

import gc
import shutil

import pytest

from image_describer import BundleError, Describer, runtime
from tests.support.pictures import photograph

NON_ASCII = "Željko 写真 \U0001f415"


def test_the_path_may_contain_any_characters(tiny_bundle, tmp_path):
    folder = shutil.copytree(tiny_bundle, tmp_path / NON_ASCII)
    description = Describer(folder).describe(photograph(96, 96))
    assert description.caption == Describer(tiny_bundle).describe(photograph(96, 96)).caption


def test_the_engine_never_opens_a_path_that_is_not_ascii(tiny_bundle, tmp_path, monkeypatch):
    """On Windows it can't."""
    from ai_edge_litert import interpreter

    paths = []
    real = interpreter.Interpreter

    def record(*, model_path=None, **options):
        paths.append(model_path)
        return real(model_path=model_path, **options)

    monkeypatch.setattr(interpreter, "Interpreter", record)
    folder = shutil.copytree(tiny_bundle, tmp_path / NON_ASCII)
    describer = Describer(folder, read_text=False)
    describer.describe_many([photograph(96, 96, seed) for seed in range(2)])
    assert paths == [None] * 3  # the encoder, the decoder and the decoder of several pictures


def test_the_content_lives_as_long_as_the_interpreter(tiny_bundle, tmp_path):
    folder = shutil.copytree(tiny_bundle, tmp_path / NON_ASCII)
    interpreter = runtime.load(folder / "encoder.tflite", threads=1)
    gc.collect()
    interpreter.invoke()
    assert interpreter.get_tensor(interpreter.get_output_details()[0]["index"]).size


@pytest.mark.parametrize("content", [b"", b"not a network", b"\0" * 5000])
def test_a_file_that_is_not_a_network_is_refused(tmp_path, content):
    file = tmp_path / "decoder.tflite"
    file.write_bytes(content)
    with pytest.raises(BundleError, match=r"decoder\.tflite can't be run"):
        runtime.load(file, threads=1)


def test_a_network_of_another_structure_has_no_batched_variant(tiny_bundle, tmp_path):
    assert runtime.load_batched(tmp_path / "missing.tflite", "step", "attention") is None
    assert runtime.load_batched(tiny_bundle / "encoder.tflite", "step", "attention") is None
