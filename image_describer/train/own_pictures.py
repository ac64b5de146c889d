"""The shipped model tuned by a user's own pictures, in minutes: block 14 and the decoder learn.

What the lower blocks put out is computed once and kept. A fifth of the pictures is held out; the
old model and the new one caption them, and it is for the user to say which is kept.
"""

import dataclasses
import logging
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from image_describer import paths
from image_describer.bundle import Bundle, open_bundle, write_manifest
from image_describer.errors import TrainingError
from image_describer.train import cleaning, evaluate, fit, installing, model_card, pipeline
from image_describer.train.batches import Batches, from_cache
from image_describer.train.broken import without_broken
from image_describer.train.bundled import tower_weights
from image_describer.train.bundled_decoder import decoder_weights
from image_describer.train.captioner import Captioner
from image_describer.train.data import Dataset
from image_describer.train.extractors import best_precision
from image_describer.train.features import FeatureCache
from image_describer.train.formats import own
from image_describer.train.recipe import Decode, Loss, Network, Recipe, Stage, Text
from image_describer.train.text import Vocabulary

log = logging.getLogger(__name__)

NAME = "own-pictures"
# Small steps: with fifty pictures, larger ones forget in an epoch what 6,000 had taught.
TUNING = Stage(epochs=6, rate=1e-4, batch=8, warmup_steps=5)
FEW = 30  # held-out pictures; CIDEr and BLEU of fewer say little
RARE_PERCENTILE = 10  # of the words' biases: where a new word starts from


@dataclasses.dataclass(frozen=True)
class Compared:
    """``before`` and ``after``: measures of the held-out pictures, ``word loss`` among them."""

    pictures: int
    trained_on: int
    new_words: tuple[str, ...]
    before: dict[str, float]
    after: dict[str, float]
    draft: Path

    @property
    def better(self) -> bool:
        return self.after["word loss"] < self.before["word loss"]

    def __str__(self) -> str:
        lines = [
            f"Trained on {self.trained_on} pictures; {self.pictures} others were held out:",
            *(
                f"  {key:9} {value:.3f} before, {self.after[key]:.3f} after"
                for key, value in self.before.items()
            ),
            "  (word loss: how surprised the model is by your words, lower is better; the others: "
            "how much its own captions are like yours, higher is better)",
        ]
        if self.pictures < FEW:
            lines.append(f"  {self.pictures} pictures are few: differences may be luck.")
        if self.new_words:
            words = ", ".join(self.new_words[:20]) + (" ..." if len(self.new_words) > 20 else "")
            lines.append(f"New words: {words}")
        lines.append(f"The new model is in {self.draft}.")
        if not self.better:
            lines.append("It knows your pictures no better than the old one: it is not worth it.")
        return "\n".join(lines)


def tune(
    folder: Path, runs: Path, bundle: Path | None, install: bool, stage: Stage = TUNING
) -> str:
    """Everything, from the folder to what is told of it; installs only where ``install`` says so.

    Raises TrainingError and BundleError.
    """
    compared = compare(folder, runs, bundle, stage)
    told = [str(compared)]
    if not install:
        return "\n".join(
            [*told, "It is not in use. To use it, give the same command and --install."]
        )
    place = bundle or installing.place_for(paths.bundle_folder())
    kept = installing.install(compared.draft, place)
    old = f"The old one is in {kept}; " if kept.exists() else ""
    told.append(f"It is in use from now on, in {place}. {old}--restore brings the old one back.")
    return "\n".join(told)


def compare(folder: Path, runs: Path, bundle: Path | None, stage: Stage = TUNING) -> Compared:
    """Train and judge; the new bundle lies in ``<runs>/own-pictures/tuned``."""
    old = open_bundle(bundle or paths.bundle_folder())
    data = without_broken(own.read(folder), lambda sentence: log.warning("%s", sentence))
    if not data.splits["train"] or not data.splits["dev"]:
        raise TrainingError(f"Too few pictures of {folder} can be read.", own.WAY_OUT)
    vocabulary, new = _words(old, data)
    chosen = _recipe(old, stage)
    place = runs / NAME
    place.mkdir(parents=True, exist_ok=True)
    weights = place / "tower.npz"
    np.savez(weights, **tower_weights(old.folder))  # type: ignore[arg-type]
    run = pipeline.prepare(chosen, data, str(weights), runs, resume=False)
    run.vocabulary = vocabulary
    model, loader = _captioner(run, old)
    losses = [_word_loss(run, model, loader)]
    fit.fit_stage(
        "head", stage, model, data, vocabulary, loader, run.folder, run.seed, resume=False
    )
    losses.append(_word_loss(run, model, loader))
    draft = _export(run, model, old)
    before, after = (
        {"word loss": loss, **_measures(at, data)}
        for loss, at in zip(losses, (old.folder, draft), strict=True)
    )
    return Compared(
        len(data.splits["dev"]), len(data.splits["train"]), tuple(new), before, after, draft
    )


def _words(old: Bundle, data: Dataset) -> tuple[Vocabulary, list[str]]:
    """The bundle's vocabulary with the new words of the captions after it, commonest first."""
    known = Vocabulary.from_tokenizer(old.tokenizer)
    counts: Counter[str] = Counter(
        word
        for name in data.splits["train"]
        for caption in data.captions[name]
        for word in cleaning.words_of(caption)
    )
    new = [word for word, _ in counts.most_common() if word not in set(known.words)]
    return dataclasses.replace(known, words=(*known.words, *new)), new


def _recipe(old: Bundle, stage: Stage) -> Recipe:
    """The recipe that the bundle tells of itself, with the tuning in place of its training."""
    told, decode = old.manifest.get("recipe", {}), old.manifest["decode"]
    net = told.get("network", {})
    if net.get("kind", "attention-lstm") != "attention-lstm":
        raise TrainingError(f"A {net['kind']} can't be tuned.", "Only 'best' and its like can.")
    try:
        network = Network(**net)
    except TypeError as error:
        raise TrainingError(
            f"The bundle {old.folder} doesn't tell what network it holds: {error}."
        ) from error
    return Recipe(
        name=NAME,
        about=f"{old.manifest['name']}, tuned by own pictures",
        text=Text(min_count=1, max_words=decode["max_length"]),
        network=network,
        loss=Loss(label_smoothing=0.1, presence_weight=0.0),
        head=stage,
        decode=Decode(decode["beams"], float(decode["length_norm"])),
        precision="mixed_bfloat16" if best_precision() == "mixed_bfloat16" else "float32",
    )


def _captioner(run: pipeline.Run, old: Bundle) -> tuple[Captioner, Any]:
    """Block 14 and the decoder of the bundle, and what gives it the lower blocks' maps."""
    names = run.data.splits["train"] + run.data.splits["dev"]
    cache = FeatureCache(run.folder.parent / "features", run.lower, names)
    cache.fill(run.data, lambda sentence: log.warning("%s", sentence))
    # The statistics that come back from a bundle are stand-ins; a batch's own would be others.
    fit.freeze_normalisation(run.upper)
    with fit.precision(run.recipe.precision):
        upper = keras.models.clone_model(run.upper)
        model = fit.build_captioner(run.recipe, upper, run.vocabulary)
    upper.set_weights(run.upper.get_weights())
    fit.freeze_normalisation(upper)
    model(
        {
            "picture": np.zeros((1, *upper.input_shape[1:]), np.float32),
            "words": np.zeros((1, 1, 2), np.int32),
        }
    )
    _fill(model.decoder, decoder_weights(old), run.seed)
    return model, from_cache(cache)


def _fill(decoder: Any, weights: dict[str, np.ndarray], seed: int) -> None:
    """The bundle's weights; a new word starts as a mean word, and as a rare one."""
    words = decoder.embed.embeddings.shape[0]
    more = words - len(weights["embed/embeddings"])
    rng = np.random.default_rng(seed)
    grown = dict(weights)
    for key, axis in (("embed/embeddings", 0), ("to_words/kernel", 1)):
        array = weights[key]
        shape = [more if i == axis else n for i, n in enumerate(array.shape)]
        fresh = array.mean(axis=axis, keepdims=True) + 0.1 * array.std() * rng.normal(size=shape)
        grown[key] = np.concatenate([array, fresh], axis=axis)
    bias = weights["to_words/bias"]
    rare = np.full(more, np.percentile(bias, RARE_PERCENTILE))
    grown["to_words/bias"] = np.concatenate([bias, rare])
    for key, value in grown.items():
        layer, kind = key.split("/")
        getattr(getattr(decoder, layer), kind).assign(value.astype(np.float32))


def _word_loss(run: pipeline.Run, model: Captioner, loader: Any) -> float:
    """Mean cross-entropy of a word of the held-out captions, in nats."""
    if not model.compiled:
        fit.compile_for(model, run.recipe.head, 1)
    held = Batches(
        run.data, run.data.splits["dev"], run.vocabulary, loader,
        batch=run.recipe.head.batch, seed=0, training=False,
    )  # fmt: skip
    found = model.evaluate(held, verbose=0, return_dict=True)
    return float(found["word_loss"])


def _export(run: pipeline.Run, model: Captioner, old: Bundle) -> Path:
    """The new bundle; confidence is the old one's, which was fitted to a thousand pictures."""
    run.upper.set_weights(model.tower.get_weights())
    whole = pipeline.build_whole(run)
    whole.decoder.set_weights(model.decoder.get_weights())
    place = run.folder / "tuned"
    held = run.data.splits["dev"]
    # Without a dev split, export judges nothing: both bundles are judged alike later.
    run.data = dataclasses.replace(run.data, splits={"train": run.data.splits["train"], "dev": []})
    manifest = pipeline.export(run, whole, place)
    fields = {key: value for key, value in manifest.items() if key not in ("files", "format")}
    fields |= {
        "name": f"{old.manifest['name']}, tuned",
        "confidence": old.manifest["confidence"],
        "licence": old.manifest.get("licence", pipeline.LICENCE),
        "data": {"train": len(run.data.splits["train"]), "dev": len(held)},
    }
    model_card.write(place / model_card.NAME, write_manifest(place, fields))
    return place


def _measures(bundle: Path, data: Dataset) -> dict[str, float]:
    """BLEU-4 and CIDEr of a bundle's captions of the held-out pictures, where there are enough."""
    held: Sequence[str] = data.splits["dev"]
    if len(held) < 2:
        return {}
    said = evaluate.caption_split(bundle, data, held)
    captions = evaluate.tokenize({name: [one.caption] for name, one in said.items()})
    references = evaluate.tokenize({name: data.captions[name] for name in said})
    scores = evaluate.score(captions, references)
    return {key: scores[key] for key in ("BLEU-1", "BLEU-4", "CIDEr")}
