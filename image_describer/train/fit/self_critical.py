"""Self-critical training: captions with more reward than their baseline become likelier.

After Rennie et al. 2017 (arXiv:1612.00563): several captions of each picture are sampled, compared
with the picture's own captions, and weighted by how much better they are than the mean of the
others (Luo 2020, arXiv:2003.09971).
"""

from collections.abc import Mapping, Sequence

import numpy as np

from image_describer.train.data.batches import Arrays, PictureBatches
from image_describer.train.data.dataset import Dataset
from image_describer.train.data.vocabulary import START, Vocabulary
from image_describer.train.fit.losses import SelfCritical
from image_describer.train.fit.rewards.agreement import Agreement
from image_describer.train.fit.rewards.bleu_meteor import BleuMeteor
from image_describer.train.fit.rewards.cider import CiderD
from image_describer.train.fit.sampler import Sampler
from image_describer.train.models.captioner import Captioner
from image_describer.train.recipe import Reward


class SelfCriticalSteps:
    """What the training loop needs for self-critical steps: see `fit.loop.Training`."""

    def __init__(
        self,
        settings: Reward,
        captioner: Captioner,
        data: Dataset,
        vocabulary: Vocabulary,
        train: PictureBatches,
        dev: PictureBatches | None,
        seed: int,
    ) -> None:
        regularized = settings.regularization > 0
        self._settings, self._seed, self._dev = settings, seed, dev
        self._sampler = Sampler(captioner, vocabulary, settings.samples, regularized)
        self._greedy = Sampler(captioner, vocabulary, 1)
        self.loss = SelfCritical(self._sampler.banned, regularized)
        references = longest(data.captions, settings.references)
        self._cider = CiderD.of(references, train.keys, vocabulary)
        self._overlap = None
        if settings.bleu or settings.meteor:
            self._overlap = BleuMeteor.of(references, train.keys, vocabulary)
        self._agreement = None
        if settings.agreement:
            self._agreement = Agreement.of(data.captions, train.keys, vocabulary)
        self._dev_cider = None
        if dev is not None and dev.keys:
            self._dev_cider = CiderD.of(data.captions, dev.keys, vocabulary)

    def prepare(self, batch: Arrays, step: int) -> Arrays:
        """A batch with sampled captions in place of the human ones."""
        sampled = self._sampler.sample(batch["picture"], (self._seed, step))
        cider = rewards_of(self._cider, sampled, batch["index"])
        rewards = cider
        if self._overlap is not None:
            others = rewards_of(self._overlap, sampled, batch["index"])
            rewards = cider + others @ [self._settings.bleu, self._settings.meteor]
        if self._agreement is not None:
            odd = rewards_of(self._agreement, sampled, batch["index"])
            rewards = rewards - self._settings.agreement * odd
        start = np.full_like(sampled[:, :, :1], START)
        return {
            "picture": batch["picture"],
            "words": np.concatenate([start, sampled[:, :, :-1]], axis=2),
            "targets": sampled,
            "advantage": advantages(rewards).astype(np.float32),
            "reward": cider.astype(np.float32),
        }

    def judge(self) -> dict[str, float]:
        """Mean CIDEr-D of greedy captions of dev, by document frequencies of dev's captions."""
        if self._dev is None or self._dev_cider is None:
            return {}
        rewards = []
        for step in range(len(self._dev)):
            batch = self._dev.batch(0, step)
            greedy = self._greedy.sample(batch["picture"], (0, 0))
            rewards.append(rewards_of(self._dev_cider, greedy, batch["index"]))
        return {"dev_reward": float(np.concatenate(rewards).mean())}


def longest(captions: Mapping[str, Sequence[str]], count: int) -> dict[str, list[str]]:
    """The ``count`` longest captions of each picture, in words (0: all)."""
    return {
        key: sorted(some, key=lambda one: -len(one.split()))[: count or None]
        for key, some in captions.items()
    }


def advantages(rewards: np.ndarray) -> np.ndarray:
    """Rewards (B, K) minus the mean of the other captions of the picture; K is at least 2."""
    others = (rewards.sum(axis=1, keepdims=True) - rewards) / (rewards.shape[1] - 1)
    return rewards - others


def rewards_of(
    by: CiderD | BleuMeteor | Agreement, sampled: np.ndarray, index: np.ndarray
) -> np.ndarray:
    """Scores of captions (B, K, T) of the pictures ``index`` (B,): (B, K), or (B, K, 2) of BLEU-4
    and METEOR."""
    batch, count, steps = sampled.shape
    found = by.score(sampled.reshape(-1, steps), np.repeat(index, count))
    return found.reshape(batch, count, *found.shape[1:])


def scale_logits(captioner: Captioner, scale: float) -> None:
    """Multiply the weights of the layer that puts out the logits."""
    for weight in captioner.decoder.to_words.weights:
        weight.assign(weight * scale)
