"""Weights read from a bundle compute what the bundle computes; other files are refused."""

import shutil

import numpy as np
import pytest

from image_describer import runtime
from image_describer.captioner.bundle import DECODER, ENCODER, open_bundle
from image_describer.captioner.encoder import Encoder
from image_describer.errors import TrainingError
from image_describer.train.models.bundle_weights import (
    decoder_weights,
    encoder_weights,
    fill,
    start_decoder,
)
from tests.support import bundle_parts

WIDTH, MIDDLE_BLOCKS, SIZE = 0.06, 1, 96  # of the tiny bundle's Xception
UNITS, EMBEDDING, HEADS = 32, 16, 2


@pytest.fixture
def pixels():
    return np.random.default_rng(0).integers(0, 256, (SIZE, SIZE, 3)).astype(np.uint8)


def with_changed_graph(tiny_bundle, folder, name, change, graph=0):
    """A copy of the bundle in which ``change`` was called with a graph of the file ``name``."""
    bundle = shutil.copytree(tiny_bundle, folder / "bundle")
    model = runtime.unpack((bundle / name).read_bytes())
    change(model.subgraphs[graph])
    return bundle_parts.put(bundle, name, runtime.pack(model))


def test_the_encoder_returns_the_same_regions(tiny_bundle, pixels, monkeypatch):
    from image_describer.train.models import xception

    lower = xception.build_lower(SIZE, WIDTH, MIDDLE_BLOCKS)
    upper = xception.build_upper(lower.output_shape[1], lower.output_shape[-1], WIDTH)
    monkeypatch.setenv("IMAGE_DESCRIBER_BUNDLE", str(tiny_bundle))
    assert xception.load_weights(lower, upper, "bundled") == []
    inputs = pixels[np.newaxis].astype(np.float32) / 127.5 - 1.0
    found = np.asarray(upper(lower(inputs)))[0]
    encoder = Encoder.from_bundle(open_bundle(tiny_bundle))
    encoder._interpreter.set_tensor(0, pixels[np.newaxis].astype(np.float32))
    encoder._interpreter.invoke()
    expected = encoder._interpreter.get_tensor(encoder._output["index"])[0]
    # Rounding the activations of so small a network to int8 changes a lot.
    assert np.corrcoef(found.ravel(), expected.ravel())[0, 1] > 0.9


def test_the_decoder_returns_the_same_probabilities(tiny_bundle):
    from image_describer.captioner.decoder import Decoder
    from image_describer.train.models.attention_lstm import AttentionLstm

    bundle = open_bundle(tiny_bundle)
    weights = decoder_weights(bundle)
    words, channels = len(weights["embed/embeddings"]), len(weights["project/kernel"])
    decoder = AttentionLstm(words, UNITS, EMBEDDING, HEADS, 0.0)
    regions = np.random.default_rng(1).random((9, channels), np.float32)
    ids = np.array([[[1, 4, 5]]], np.int32)
    decoder(regions[np.newaxis], ids)  # creates the variables
    fill(decoder, weights)
    logits = np.asarray(decoder(regions[np.newaxis], ids))[0, 0]
    log_probs = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
    shipped = Decoder.from_bundle(bundle)
    prepared, state = shipped._prepared_of(regions), shipped._zeros
    for word, expected in zip(ids[0, 0], log_probs, strict=True):
        row = np.full((1, shipped.beams), word, np.int32)
        output = shipped._step(words=row, **state, **prepared)
        state = {name: output[name] for name in state}
        np.testing.assert_allclose(output["log_probs"][0, 0], expected, atol=0.05)


def built_decoder(bundle, words, units=UNITS):
    """A decoder with random weights for the regions of ``bundle``."""
    from image_describer.train.models.attention_lstm import AttentionLstm

    channels = bundle.manifest["regions"]["channels"]
    decoder = AttentionLstm(len(words), units, EMBEDDING, HEADS, 0.0)
    decoder(np.zeros((1, 4, channels), np.float32), np.zeros((1, 1, 1), np.int32))
    return decoder


def test_a_decoder_starts_from_a_bundle_whatever_the_order_of_its_words(tiny_bundle):
    bundle = open_bundle(tiny_bundle)
    words = bundle.tokenizer["words"]
    weights = decoder_weights(bundle)
    more = [*words[:4], "zebra", *reversed(words[4:])]
    decoder = built_decoder(bundle, more)
    start_decoder(decoder, bundle, more)
    kernel, bias = np.asarray(decoder.to_words.kernel), np.asarray(decoder.to_words.bias)
    for word in words:
        old, new = words.index(word), more.index(word)
        np.testing.assert_array_equal(kernel[:, new], weights["to_words/kernel"][:, old])
        np.testing.assert_array_equal(
            np.asarray(decoder.embed.embeddings)[new], weights["embed/embeddings"][old]
        )
    rare = weights["to_words/bias"][len(words) // 2 :]
    assert bias[4] == pytest.approx(rare.mean(), abs=1e-5)


def test_words_of_another_language_start_as_the_mean_of_their_translations(tiny_bundle):
    bundle = open_bundle(tiny_bundle)
    words = bundle.tokenizer["words"]
    weights = decoder_weights(bundle)
    german = [*words[:4], "Hund", "neu", words[5]]  # the last one is written the same
    translations = np.zeros((len(german), len(words)), np.float32)
    translations[4, [6, 7]] = 0.75, 0.25
    decoder = built_decoder(bundle, german)
    start_decoder(decoder, bundle, german, translations)
    bias, old = np.asarray(decoder.to_words.bias), weights["to_words/bias"]
    rare = old[len(words) // 2 :].mean()
    expected = [*old[:4], 0.75 * old[6] + 0.25 * old[7], rare, rare]
    np.testing.assert_allclose(bias, expected, atol=1e-5)


def test_a_decoder_of_another_size_is_refused(tiny_bundle):
    bundle = open_bundle(tiny_bundle)
    words = bundle.tokenizer["words"]
    with pytest.raises(TrainingError, match="the recipe's network has"):
        start_decoder(built_decoder(bundle, words, 2 * UNITS), bundle, words)


@pytest.mark.slow
def test_what_the_installed_converter_writes_is_read_back(tiny_bundle, tmp_path):
    import keras

    from image_describer.train.captioning import PixelEncoder
    from image_describer.train.export import cross_layer_equalization, litert
    from image_describer.train.models import xception
    from image_describer.train.models.attention_lstm import AttentionLstm

    keras.utils.set_random_seed(3)
    lower = xception.build_lower(SIZE, WIDTH, MIDDLE_BLOCKS)
    upper = xception.build_upper(lower.output_shape[1], lower.output_shape[-1], WIDTH)
    pictures = np.random.default_rng(0).integers(0, 256, (4, SIZE, SIZE, 3)).astype(np.uint8)
    cross_layer_equalization.equalize(lower, upper, pictures)
    encoder = PixelEncoder("xception", keras.Model(lower.input, upper(lower.output)))
    regions = np.asarray(encoder(pictures.astype(np.float32)))
    decoder = AttentionLstm(15, UNITS, EMBEDDING, HEADS, 0.0)
    decoder(regions[:1], np.zeros((1, 1, 1), np.int32))
    bundle = shutil.copytree(tiny_bundle, tmp_path / "bundle")
    litert.export_encoder(encoder, pictures, tmp_path / ENCODER)
    litert.export_decoder(decoder, regions.shape[1:], 3, tmp_path / DECODER)
    for name in (ENCODER, DECODER):
        bundle_parts.put(bundle, name, (tmp_path / name).read_bytes())

    same = xception.build_lower(SIZE, WIDTH, MIDDLE_BLOCKS)
    arrays = encoder_weights(bundle)
    for layer in (*same.layers, *upper.layers):
        for variable in layer.weights:
            variable.assign(arrays[f"{layer.name}/{variable.path.rsplit('/', 1)[-1]}"])
    found = np.asarray(upper(same(pictures.astype(np.float32) / 127.5 - 1.0)))
    assert np.abs(found - regions).mean() < 0.1 * regions.std()  # weights are rounded to int8
    for key, array in decoder_weights(open_bundle(bundle)).items():
        layer, variable = key.split("/")
        expected = np.asarray(getattr(getattr(decoder, layer), variable))
        np.testing.assert_allclose(array, expected, atol=np.abs(expected).max() / 127)


def remove_convolution(graph):
    kinds = [type(operator.builtinOptions).__name__ for operator in graph.operators]
    del graph.operators[kinds.index("DepthwiseConv2DOptionsT")]


def repeat_convolution(graph):
    kinds = [type(operator.builtinOptions).__name__ for operator in graph.operators]
    graph.operators.append(graph.operators[kinds.index("Conv2DOptionsT")])


def change_shape(graph):
    """Give the pointwise kernel of the first separable convolution another number of inputs."""
    first = next(o for o in graph.operators if "Depthwise" in type(o.builtinOptions).__name__)
    second = next(o for o in graph.operators if o.inputs[0] == first.outputs[0])
    kernel = graph.tensors[second.inputs[1]]
    kernel.shape = np.array([kernel.shape[0] // 2, 1, 1, kernel.shape[3] * 2], np.int32)


@pytest.mark.parametrize("change", [remove_convolution, repeat_convolution, change_shape])
def test_an_encoder_with_another_graph_is_refused(tiny_bundle, tmp_path, change):
    bundle = with_changed_graph(tiny_bundle, tmp_path, ENCODER, change)
    with pytest.raises(TrainingError, match="does not contain an Xception") as refused:
        encoder_weights(bundle)
    assert "--weights imagenet" in refused.value.way_out


def dense_layers(graph):
    return [o for o in graph.operators if "FullyConnected" in type(o.builtinOptions).__name__]


def remove_dense_layer(graph):
    graph.operators.remove(dense_layers(graph)[0])


def repeat_dense_layer(graph):
    graph.operators.append(dense_layers(graph)[0])


def change_dense_shape(graph):
    kernel = graph.tensors[dense_layers(graph)[0].inputs[1]]
    kernel.shape = np.array([kernel.shape[0] // 2, kernel.shape[1] * 2], np.int32)


@pytest.mark.parametrize("graph", [0, 1])
@pytest.mark.parametrize("change", [remove_dense_layer, repeat_dense_layer, change_dense_shape])
def test_a_decoder_with_another_graph_is_refused(tiny_bundle, tmp_path, change, graph):
    bundle = with_changed_graph(tiny_bundle, tmp_path, DECODER, change, graph)
    with pytest.raises(TrainingError, match="does not contain an attention LSTM"):
        decoder_weights(open_bundle(bundle))


def test_another_network_is_refused(tiny_bundle, tmp_path):
    bundle = shutil.copytree(tiny_bundle, tmp_path / "bundle")
    bundle_parts.put(bundle, ENCODER, (bundle / DECODER).read_bytes())
    bundle_parts.put(bundle, DECODER, (tiny_bundle / ENCODER).read_bytes())
    with pytest.raises(TrainingError, match="does not contain an Xception"):
        encoder_weights(bundle)
    with pytest.raises(TrainingError, match="it has no signature 'prepare'"):
        decoder_weights(open_bundle(bundle))


def test_all_weights_of_the_shipped_model_are_found(shipped_bundle):
    encoder, decoder = encoder_weights(shipped_bundle), decoder_weights(open_bundle(shipped_bundle))
    assert sum("depthwise" in name for name in encoder) == 34
    assert sum(name.endswith("_bn/gamma") for name in encoder) == 40
    assert all(np.isfinite(array).all() for array in [*encoder.values(), *decoder.values()])
    assert len(decoder) == 13
