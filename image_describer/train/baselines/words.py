"""The networks of the original systems that say words: built, fitted to captions, judged."""

import json
import logging
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
from keras import ops

from image_describer.train.baselines.bahdanau_gru import BahdanauGru
from image_describer.train.baselines.batches import CaptionBatches, PrefixBatches
from image_describer.train.baselines.decode import Decoder, Spoken
from image_describer.train.baselines.merge_lstm import MergeLstm
from image_describer.train.baselines.run import Run, write_json
from image_describer.train.evaluate import captions as judging
from image_describer.train.fit.losses import mix_in_guesses, word_losses
from image_describer.train.recipe import Loss

log = logging.getLogger(__name__)

ATTENTION_PICTURES = 100  # of dev whose attention is kept to be drawn
INPUTS = ("picture", "words", "last")


class WordsTask:
    """Cross-entropy of the next word: over whole captions under a mask, or over prefixes."""

    def __init__(self, run: Run, model: keras.Model) -> None:
        self.model, self._loss = model, run.recipe.loss
        stage, features = run.recipe.fit, run.reader()
        kind = PrefixBatches if stage.samples == "prefixes" else CaptionBatches
        self.train = kind(run.captions("train"), features, stage.batch, run.recipe.seed, True)
        self.dev = None
        if run.names.get("dev"):
            # A prefix and a caption have the same loss without dropout, and captions are quicker.
            self.dev = CaptionBatches(run.captions("dev"), features, stage.batch, 0, False)

    def losses(self, batch: Mapping[str, Any], share: Any, training: bool) -> dict[str, Any]:
        """``loss`` is the cross-entropy of a word in nats, without label smoothing."""
        return caption_losses(self.model, self._loss, batch, share, training)


def caption_losses(
    model: keras.Model, loss: Loss, batch: Mapping[str, Any], share: Any, training: bool
) -> dict[str, Any]:
    """Losses of a batch; ``share`` of the training is over, which scheduled sampling rises with."""
    inputs = {key: batch[key] for key in INPUTS if key in batch}
    if training and loss.sampling and "last" not in inputs:
        guessed = ops.stop_gradient(model(inputs, training=False))
        inputs["words"] = mix_in_guesses(
            inputs["words"], guessed, share * loss.sampling, model.sampler
        )
    logits = model(inputs, training=training)
    smoothing = loss.label_smoothing if training else 0.0
    objective, cross_entropy, count = word_losses(logits, batch["targets"], smoothing)
    return {"objective": objective, "weight": count, "loss": cross_entropy}


def build(run: Run) -> keras.Model:
    """The recipe's network, its weights drawn from the recipe's seed."""
    net, words = run.recipe.network, len(run.vocabulary)
    if net.kind == "merge-lstm":
        model = MergeLstm(words, net.units, run.embedding, net.dropout)
    else:
        model = BahdanauGru(words, net.units, run.embedding, net.attention, net.dropout)
    model.sampler = keras.random.SeedGenerator(run.recipe.seed)
    return model


def create_weights(model: keras.Model, run: Run) -> None:
    """Make the variables, and put the word vectors into the embedding."""
    example = np.zeros((1, *run.store.shape[1:]), np.float32)
    model({"picture": example, "words": np.ones((1, 1), np.int32)})
    use_vectors(model.embed, run)


def use_vectors(embed: keras.layers.Embedding, run: Run) -> None:
    """Start the embedding from the word vectors; frozen, words without one stay at zero."""
    if run.vectors is None:
        return
    learns = run.recipe.vectors.trainable
    embed.embeddings.assign(run.vectors.filled(run.recipe.seed) if learns else run.vectors.matrix)
    embed.trainable = learns


def judge(run: Run, model: keras.Model) -> dict[str, Any]:
    """Captions of dev -> ``captions.json``, attention for drawing, and the field's measures."""
    names = run.names.get("dev", [])
    if not names:
        log.warning("There is no dev split: nothing is judged.")
        return {}
    decode = run.recipe.decode
    said = Decoder(model, run.vocabulary, decode.beams, decode.length_norm).captions(
        names, run.reader()
    )
    write_json(run.results / "captions.json", {n: one.caption for n, one in said.items()})
    _keep_attention(run, said)
    if not judging.has_java():
        log.warning("%s", judging.NO_JAVA)
    captions = judging.tokenize({name: [one.caption] for name, one in said.items()})
    references = judging.tokenize({name: run.data.captions[name] for name in said})
    return {"pictures": len(said), **judging.score(captions, references)}


def _keep_attention(run: Run, said: Mapping[str, Spoken]) -> None:
    """Where each word of some dev captions was seen: arrays (words, R) by name, in ``runs``."""
    seen = {name: one for name, one in said.items() if one.attention is not None}
    if not seen:
        return
    some = dict(list(seen.items())[:ATTENTION_PICTURES])
    words = json.dumps({name: one.words for name, one in some.items()})
    maps: dict[str, Any] = {f"map/{name}": one.attention for name, one in some.items()}
    with (run.folder / "attention.npz").open("wb") as file:
        np.savez_compressed(file, words=np.frombuffer(words.encode(), np.uint8), **maps)
