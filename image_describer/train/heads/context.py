"""What the parts of a bundle are fitted with, and what fitting one of them results in."""

import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from image_describer.captioner.bundle import Bundle
from image_describer.captioner.encoder import Encoder
from image_describer.i18n import ENGLISH
from image_describer.train.data.augment import Views
from image_describer.train.data.dataset import Dataset
from image_describer.train.data.vocabulary import Vocabulary
from image_describer.train.features.cache import FeatureCache
from image_describer.train.features.encoders import BundleEncoder
from image_describer.train.recipe import Recipe


@dataclass(frozen=True)
class FittedPart:
    """The content of a part's ``files`` by name, its ``sections`` of the manifest, and ``figures``
    that say how good it is."""

    files: dict[str, bytes]
    sections: dict[str, Any] = field(default_factory=dict)
    figures: dict[str, Any] = field(default_factory=dict)


@dataclass
class HeadContext:
    """``bundle`` is the one that gets the parts, ``runs`` has the feature caches of all runs, and
    ``folder`` the checkpoints of this one. ``vectors`` is a file of word vectors."""

    bundle: Bundle
    data: Dataset
    recipe: Recipe
    runs: Path
    folder: Path
    vectors: Path | None = None

    @property
    def language(self) -> str:
        return self.recipe.data.language

    def vocabulary(self, max_words: int = 0) -> Vocabulary:
        """The words of the bundle in the recipe's language, for captions of ``max_words`` (0: as
        long as the bundle's)."""
        tokenizer = self.bundle.in_language(self.language).tokenizer
        if max_words:
            tokenizer = {**tokenizer, "max_length": max_words}
        rules = "plain" if self.language == ENGLISH else self.recipe.data.rules
        return Vocabulary.from_tokenizer(tokenizer, rules)

    @property
    def encoder(self) -> Encoder:
        """The bundle's encoder, for pictures that are in no cache."""
        return self._cached_encoder.encoder

    @property
    def training_pictures(self) -> list[str]:
        """Keys of all training pictures, with captions and without."""
        return [*self.data.splits["train"], *self.data.uncaptioned]

    def pooled(self, keys: Sequence[str], mirrored: bool = False) -> np.ndarray:
        """Means of the regions (N, C) float32 of pictures, or of their mirror images.

        They are computed once and kept in a cache. Raises TrainingError.
        """
        self._cache.fill(self.data, keys)
        views = np.full(len(keys), int(mirrored))
        return self._cache.take(keys, views).reshape(len(keys), -1).astype(np.float32)

    @cached_property
    def _cached_encoder(self) -> BundleEncoder:
        return BundleEncoder(self.bundle, pooled=True)

    @cached_property
    def _cache(self) -> FeatureCache:
        return FeatureCache(self.runs / "features", self._cached_encoder, Views(mirror=True))


def array_content(array: np.ndarray) -> bytes:
    """The content of a .npy file."""
    content = io.BytesIO()
    np.save(content, array, allow_pickle=False)
    return content.getvalue()
