"""Recipes that caption pictures: their features, their network, its training and its export."""

import dataclasses
import logging
import random
import shutil
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import ops

from image_describer.captioner.bundle import DECODER, ENCODER, TOKENIZER, Bundle, file_of_language
from image_describer.captioner.tokenizer import save_tokenizer
from image_describer.errors import TrainingError
from image_describer.i18n import ENGLISH
from image_describer.train.baselines.bahdanau_gru import BahdanauGru
from image_describer.train.baselines.merge_lstm import MergeLstm
from image_describer.train.data import feature_pickle, lexicon, pseudo_captions
from image_describer.train.data.augment import Views
from image_describer.train.data.batches import PictureBatches
from image_describer.train.data.dataset import load_pixels
from image_describer.train.data.vocabulary import Vocabulary
from image_describer.train.features import encoders
from image_describer.train.features.cache import FeatureCache
from image_describer.train.features.loaders import Loader, MatrixLoader, PixelLoader
from image_describer.train.fit import checkpoint
from image_describer.train.fit.loop import RunFiles, Training
from image_describer.train.fit.losses import CrossEntropy
from image_describer.train.fit.self_critical import SelfCriticalSteps, scale_logits
from image_describer.train.models import bundle_weights, regularization, xception
from image_describer.train.models.attention_lstm import AttentionLstm
from image_describer.train.models.captioner import Captioner
from image_describer.train.precision import precision
from image_describer.train.recipe import BLOCKS, Fit, Reward, starts_from_bundle
from image_describer.train.run import Run

log = logging.getLogger(__name__)

RAREST = 1e-5  # the share of a teacher's label that occurs nowhere
LABELS_SCALE = 0.5  # of the square roots of soft labels, beside features of length 1
FIT, REWARD = "fit", "reward"  # the phases, which name the files in the run's folder
SETTLE_PICTURES, SETTLE_BATCHES = 1536, 48  # at most, for the statistics of normalization
POOLED_RECIPES = "Choose a recipe with pooled features, such as image-describer."


class PixelEncoder(keras.Model):
    """An encoder on pixels (N, S, S, 3) in 0..255: its preprocessing, then the network."""

    def __init__(self, name: str, network: keras.Model) -> None:
        super().__init__(name="encoder")
        self.network, self._scale = network, encoders.PREPROCESS[name]
        self.built = True

    def call(self, pixels: Any, training: bool = False) -> Any:
        return self.network(self._scale(ops.cast(pixels, "float32")), training=training)


class Captioning:
    """The stages of a recipe whose network captions pictures."""

    def __init__(self, run: Run) -> None:
        self.run, self.settings = run, run.recipe.features
        if run.data.features is not None and not self.settings.pooled:
            raise TrainingError(
                f"'{run.recipe.name}' looks at regions of a picture; this data has one vector for "
                "each.",
                POOLED_RECIPES,
            )
        if run.recipe.fit.labels_weight and not run.data.labels:
            raise TrainingError(
                f"'{run.recipe.name}' learns from a teacher's labels, and no data set has any.",
                "Add a set with soft labels to data.sets, or leave out fit.labels_weight.",
            )

    # Features

    @cached_property
    def _bundle(self) -> Bundle | None:
        """The bundle whose encoder is used as it is, if one is: opening it checks all of it."""
        return encoders.bundle_of(self.settings)

    @property
    def cached(self) -> bool:
        """Whether the features are computed once; those of a bundle's encoder always are."""
        return self.settings.cache_features or self._bundle is not None

    @property
    def keys(self) -> list[str]:
        """The pictures to train on: captioned ones, and others that a teacher has labeled or that
        get pseudo-captions."""
        data, recipe = self.run.data, self.run.recipe
        more: Sequence[str] = []
        if recipe.data.pseudo_captions:
            more = data.uncaptioned
        elif recipe.fit.labels_weight:
            more = [key for key in data.uncaptioned if key in data.labels]
        return [*data.splits["train"], *more]

    @cached_property
    def _frozen(self) -> encoders.FrozenEncoder:
        return encoders.build(self.settings, self.run.recipe.precision)

    @cached_property
    def _caches(self) -> tuple[FeatureCache, FeatureCache]:
        """Features of training pictures in all views, and of dev pictures in the plain one."""
        folder = self.run.features_folder
        folder.mkdir(parents=True, exist_ok=True)
        return FeatureCache(folder, self._frozen, self.run.views), FeatureCache(
            folder, self._frozen, Views()
        )

    def features(self) -> None:
        """Compute the features that are missing, if the recipe caches them."""
        data, options = self.run.data, self.run.options
        if data.features is None and self.cached:
            train, dev = self._caches
            train.fill(data, self.keys)
            dev.fill(data, data.splits["dev"])
        if self.run.recipe.data.pseudo_captions and data.uncaptioned:
            self._choose_pseudo_captions()
        if options.write_features is not None:
            if not self.settings.pooled or data.features is not None:
                raise TrainingError(
                    "Only pooled features that are computed here can be written.",
                    POOLED_RECIPES,
                )
            keys = self.keys + data.splits["dev"]
            self._caches[1].fill(data, keys)
            feature_pickle.write(options.write_features, keys, self._caches[1].take(keys)[:, 0])

    def _choose_pseudo_captions(self) -> None:
        """Give captions to the pictures without any, by their features and a teacher's labels."""
        run, data = self.run, self.run.data
        if self.cached:
            cache = self._caches[0]
        else:  # those of the encoder before it is trained
            settings = dataclasses.replace(
                self.settings, pooled=True, frozen_blocks=BLOCKS, train_size=0
            )
            encoder = encoders.build(settings, run.recipe.precision)
            cache = FeatureCache(run.features_folder, encoder, Views())
            cache.fill(data, self.keys)
        features = {}
        for key in self.keys:
            regions = cache.take([key])[0].astype(np.float32)
            mean = regions.reshape(-1, regions.shape[-1]).mean(axis=0)
            features[key] = mean / max(float(np.linalg.norm(mean)), 1e-9)
            if data.labels:
                none = np.zeros_like(next(iter(data.labels.values())))
                labels = np.sqrt(np.maximum(data.labels.get(key, none), 0.0))
                features[key] = np.concatenate([features[key], LABELS_SCALE * labels])
        captions = {key: data.captions[key] for key in data.splits["train"]}
        found = pseudo_captions.choose(
            features, captions, data.sentences, data.uncaptioned, run.recipe.data.pseudo_captions,
            run.recipe.data.rules,
        )  # fmt: skip
        run.folder.mkdir(parents=True, exist_ok=True)
        found.write(run.pseudo_captions)
        found.add_to(data)
        log.info("%d pictures without captions have pseudo-captions.", len(found.captions))

    @property
    def _size(self) -> int:
        return self.settings.train_size or self.settings.size

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the network's input for one picture."""
        data = self.run.data
        if data.features is not None:
            return (1, data.features.shape[1])
        return self._frozen.shape if self.cached else (self._size, self._size, 3)

    def _loaders(self) -> tuple[Loader, Loader]:
        """Loaders for training and dev."""
        data = self.run.data
        if data.features is not None:
            matrix = MatrixLoader(data)
            return matrix, matrix
        self.features()
        if self.cached:
            train, dev = self._caches
            return train.take, dev.take
        return (
            PixelLoader(data, self._size, self.run.views),
            PixelLoader(data, self._size, Views()),
        )

    # Network

    def build(self, policy: str, regularized: float = 0.0) -> Captioner:
        """The network with the recipe's initial weights."""
        recipe, run = self.run.recipe, self.run
        keras.utils.set_random_seed(recipe.seed)
        with precision(policy):
            encoder = self._trained_encoder(regularized) if len(self.shape) == 3 else None
            labels = len(next(iter(run.data.labels.values()))) if recipe.fit.labels_weight else 0
            decoder = build_decoder(recipe.network, len(run.vocabulary), run.embedding_width)
            model = Captioner(encoder, decoder, len(run.vocabulary), labels)
            model.create_weights(self.shape)
        if model.teacher is not None:
            mean = np.mean([run.data.labels[key] for key in self.keys if key in run.data.labels], 0)
            model.teacher.bias.assign(np.log(mean + RAREST) - np.log1p(RAREST - mean))
        run.use_vectors(decoder.embed)
        if recipe.network.weights != "random":
            bundle = bundle_weights.bundle_named(recipe.network.weights)
            translations = None
            if run.language != ENGLISH:
                translations = self._translations(Vocabulary.from_tokenizer(bundle.tokenizer))
            bundle_weights.start_decoder(decoder, bundle, run.vocabulary.words, translations)
        return model

    def _translations(self, english: Vocabulary) -> np.ndarray:
        """Of which words (W,) of English the words (V,) of the captions are translations, as far as
        the captions of the same pictures tell: (V, W), see `lexicon.translations`."""
        run, named = self.run, self.run.data.english
        keys = [key for key in run.data.splits["train"] if key in named]
        return lexicon.translations(
            [run.vocabulary.encode(run.data.captions[key]) for key in keys],
            [english.encode(named[key]) for key in keys],
            (len(run.vocabulary), len(english)),
        )

    def _trained_encoder(self, regularized: float) -> keras.Model:
        """The part of the encoder in the trained network: what is not cached."""
        settings = self.settings
        if settings.encoder != "xception" or settings.frozen_blocks == BLOCKS:
            network = self._frozen.model  # type: ignore[union-attr]
            network.trainable = False
            return PixelEncoder(settings.encoder, network)
        lower, upper = encoders.build_xception(settings, self._size, regularized)
        freeze_normalization(upper, BLOCKS if starts_from_bundle(settings.weights) else BLOCKS - 1)
        if self.cached:
            return upper
        lower.trainable = False
        return PixelEncoder("xception", xception.join(lower, upper))

    # Training

    def fit(self) -> bool:
        """Train by cross-entropy, then by rewards if the recipe has them; returns False if all of
        that was done before."""
        recipe, options = self.run.recipe, self.run.options
        load, load_dev = self._loaders()
        phases: list[tuple[str, Fit | Reward]] = [(FIT, recipe.fit)]
        if recipe.reward.epochs:
            phases.append((REWARD, recipe.reward))
        for name, _ in phases:  # before hours of work, not after
            RunFiles(self.run.folder, name).check(options.resume, options.overwrite)
        trained = False
        for number, (name, settings) in enumerate(phases):
            model = self.build(recipe.precision, settings.regularization)
            if number:
                checkpoint.load_weights(RunFiles(self.run.folder, FIT).weights, model)
            training = self._training(name, settings, model, load, load_dev)
            trained |= training.fit(name, self.run.folder, resume=True)
        return trained

    def _training(
        self, name: str, settings: Fit | Reward, model: Captioner, load: Loader, load_dev: Loader
    ) -> Training:
        run, recipe = self.run, self.run.recipe
        rewarded, data = isinstance(settings, Reward), run.data
        if isinstance(settings, Reward) and settings.weights:
            before = recipe.data.weights or (1.0,) * len(recipe.data.sets)
            ratios = (
                new / max(old, 1e-9) for new, old in zip(settings.weights, before, strict=True)
            )
            data = data.reweighted(dict(zip(recipe.data.sets, ratios, strict=True)))
        keys = data.splits["train"] if rewarded else self.keys
        seed = recipe.seed + (3 if rewarded else 0)
        train = PictureBatches(
            data, keys, run.vocabulary, load, batch=settings.batch, seed=seed, views=run.views,
            captions=recipe.data.captions, rows=getattr(settings, "captions_per_picture", 1),
        )  # fmt: skip
        dev = PictureBatches(
            run.data, run.data.splits["dev"], run.vocabulary, load_dev, batch=settings.batch,
            seed=0, training=False,
        )  # fmt: skip
        more: dict[str, Any] = {
            "scales": lambda variables: self._scales(model, variables, settings.encoder_lr_scale),
            "settle": lambda: self._settle(model, train, settings),
        }
        if isinstance(settings, Reward):
            if not RunFiles(run.folder, name).checkpoint.exists():
                scale_logits(model, settings.logit_scale)
            model.presence.trainable = False
            steps = SelfCriticalSteps(
                settings, model, run.data, run.vocabulary, train, dev, recipe.seed
            )
            return Training(
                settings, model, steps.loss, train, prepare=steps.prepare, judge=steps.judge, **more
            )
        presence = 0.0 if model.encoder is None else settings.presence_weight
        if not presence:
            model.presence.trainable = False
        loss = CrossEntropy(settings.label_smoothing, presence, settings.labels_weight)
        return Training(settings, model, loss, train, dev, better_by="dev_word_loss", **more)

    def _scales(
        self, model: Captioner, variables: Sequence[keras.Variable], scale: float
    ) -> list[float] | None:
        if scale == 1.0 or model.encoder is None:
            return None
        last = BLOCKS if starts_from_bundle(self.settings.weights) else xception.LAST_BLOCK
        pretrained = {
            id(variable)
            for layer in regularization.leaves(model.encoder)
            if 0 < xception.block_of(layer.name) <= last
            for variable in layer.trainable_variables
        }
        return [scale if id(variable) in pretrained else 1.0 for variable in variables]

    @staticmethod
    def _settle(model: Captioner, train: PictureBatches, settings: Fit | Reward) -> None:
        if model.encoder is None or not settings.regularization:
            return
        count = min(SETTLE_BATCHES, max(1, SETTLE_PICTURES // settings.batch), len(train))
        batches = (train.batch(0, step)["picture"] for step in range(count))
        regularization.settle_normalization(model.encoder, batches)

    def trained(self) -> Captioner:
        """The network after all of its training, in float32, with the share of its initial weights
        that the recipe keeps. Raises TrainingError."""
        last = REWARD if self.run.recipe.reward.epochs else FIT
        weights = RunFiles(self.run.folder, last).trained()
        model = self.build("float32")
        share = self.run.recipe.export.start_share
        initial = [np.asarray(weight) * share for weight in model.weights] if share else []
        checkpoint.load_weights(weights, model)
        for weight, kept in zip(model.weights, initial, strict=False):
            weight.assign(weight * (1 - share) + kept)
        return model

    # Export

    def export(self) -> dict[str, Any]:
        """Write encoder, decoder and tokenizer into the run's bundle folder; returns the fields of
        the manifest that describe them. TensorFlow must be the backend."""
        from image_describer.train.export import litert

        run, settings, model = self.run, self.run.recipe.export, self.trained()
        folder = run.bundle
        folder.mkdir(parents=True, exist_ok=True)
        decode = {
            "beams": settings.beams,
            "max_length": run.vocabulary.max_length,
            "length_norm": settings.length_norm,
            "match_weight": settings.match_weight,
            "ngram_weight": settings.ngram_weight,
        }
        if run.language != ENGLISH:
            self._export_language(model)
            return {"decode": decode}
        rows, columns, channels = self._export_encoder(model, folder / ENCODER)
        regions = (rows * columns, channels)
        litert.export_decoder(model.decoder, regions, settings.beams, folder / DECODER)
        save_tokenizer(run.vocabulary.tokenizer(), folder / TOKENIZER)
        return {
            "input": {"size": self.settings.size if self._bundle is None else self._frozen.size},
            "regions": {"rows": rows, "columns": columns, "channels": channels},
            "decode": decode,
        }

    def _export_language(self, model: Captioner) -> None:
        """Write the bundle that the network started from, with a decoder and a tokenizer of another
        language beside the English ones. Raises TrainingError if it has another encoder."""
        from image_describer.train.export import bundle as bundles
        from image_describer.train.export import litert

        run, bundle = self.run, self._bundle
        if bundle is None:
            raise TrainingError(
                f"'{run.recipe.name}' adds a language to a bundle, whose encoder must stay.",
                f"Set features.weights = 'bundled' and features.frozen_blocks = {BLOCKS}.",
            )
        bundles.copy(bundle, run.bundle)
        grid = bundle.manifest["regions"]
        regions = (grid["rows"] * grid["columns"], grid["channels"])
        decoder, tokenizer = (file_of_language(n, run.language) for n in (DECODER, TOKENIZER))
        beams = run.recipe.export.beams
        litert.export_decoder(model.decoder, regions, beams, run.bundle / decoder)
        save_tokenizer(run.vocabulary.tokenizer(), run.bundle / tokenizer)

    def _export_encoder(self, model: Captioner, file: Path) -> tuple[int, int, int]:
        """Write the encoder; returns rows, columns and channels of its feature map."""
        from image_describer.train.export import cross_layer_equalization, litert

        settings, bundle = self.settings, self._bundle
        if bundle is not None:
            shutil.copyfile(bundle.path(ENCODER), file)
            grid = bundle.manifest["regions"]
            return grid["rows"], grid["columns"], grid["channels"]
        if settings.encoder != "xception":
            # Anew, because the one that features come from can have another precision and size.
            network = encoders.build_keras(settings, settings.size, "float32").model
            encoder = PixelEncoder(settings.encoder, network)
            litert.export_encoder(encoder, self._calibration(), file, quantize=False)
            cells, channels = network.output_shape[1:]
        else:
            lower, upper = encoders.build_xception(settings, settings.size)
            if model.encoder is not None:
                copy_weights(regularization.leaves(model.encoder), (*lower.layers, *upper.layers))
            pictures = self._calibration()
            factors = cross_layer_equalization.equalize(lower, upper, pictures)
            project = model.decoder.project.kernel
            project.assign(project / factors[:, np.newaxis])
            whole = PixelEncoder("xception", xception.join(lower, upper))
            litert.export_encoder(whole, pictures, file)
            cells, channels = upper.output_shape[1:]
        side = round(cells**0.5)
        return side, side, channels

    def _calibration(self) -> np.ndarray:
        """Training pictures to measure int8 ranges on: (N, S, S, 3) uint8."""
        data, recipe = self.run.data, self.run.recipe
        keys = [key for key in data.splits["train"] if key in data.files]
        if not keys:
            raise TrainingError(
                "The data has no pictures, which an encoder's int8 ranges are measured on.",
                "Train on pictures to get a bundle.",
            )
        count = min(recipe.export.calibration_pictures, len(keys))
        chosen = random.Random(recipe.seed).sample(keys, count)
        return np.stack([load_pixels(data.path(key), self.settings.size) for key in chosen])


def build_decoder(network: Any, vocabulary: int, embedding: int) -> Any:
    """The decoder of a recipe, for a vocabulary of that size and an embedding of that width."""
    if network.kind == "merge-lstm":
        return MergeLstm(vocabulary, network.units, embedding, network.dropout)
    if network.kind == "bahdanau-gru":
        return BahdanauGru(vocabulary, network.units, embedding, network.attention, network.dropout)
    return AttentionLstm(vocabulary, network.units, embedding, network.heads, network.dropout)


def freeze_normalization(model: keras.Model, last: int) -> None:
    """Batch normalization up to block ``last`` keeps its statistics: a batch is too small to
    improve on ImageNet's, and in a bundle it is merged into the convolutions."""
    for layer in model.layers:
        normalization = isinstance(layer, keras.layers.BatchNormalization)
        if normalization and xception.block_of(layer.name) <= last:
            layer.trainable = False


def copy_weights(sources: Any, targets: Sequence[keras.Layer]) -> None:
    """Copy the weights of layers to the layers of the same names."""
    known = {layer.name: layer for layer in sources}
    for layer in targets:
        if layer.weights and layer.name in known:
            for old, new in zip(known[layer.name].weights, layer.weights, strict=True):
                new.assign(old)
