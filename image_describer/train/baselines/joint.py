"""The joint embedding: fitted to pairs, its towers and representations saved, judged by recall."""

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np

from image_describer.captioner import bundle_files
from image_describer.train.baselines.batches import Captions, PairBatches
from image_describer.train.baselines.joint_embedding import Joint, pair_loss
from image_describer.train.baselines.run import Run
from image_describer.train.evaluate import retrieval

ROWS_AT_A_TIME = 500


class PairTask:
    """The hinge between a picture with its caption and with a wrong one."""

    def __init__(self, run: Run, model: Joint) -> None:
        self.model, self._loss = model, run.recipe.loss
        batch, seed, features = run.recipe.fit.batch, run.recipe.seed, run.reader()
        self.train = PairBatches(run.captions("train"), features, batch, seed, True)
        self.dev = None
        if run.names.get("dev"):
            self.dev = PairBatches(run.captions("dev"), features, batch, 0, False)

    def losses(self, batch: Mapping[str, Any], share: Any, training: bool) -> dict[str, Any]:
        """``loss``: the hinge of a pair; ``accuracy``: the share of pairs told apart."""
        seen, read = self.model(
            {"picture": batch["picture"], "words": batch["words"]}, training=training
        )
        shuffled = self._loss.negatives == "shuffled"
        others = self.model.sentences(batch["others"], training=training) if shuffled else None
        objective, accuracy = pair_loss(
            seen, read, batch["owners"], others, self._loss.negatives, self._loss.margin
        )
        count = keras.ops.cast(keras.ops.shape(batch["owners"])[0], "float32")
        return {
            "objective": objective,
            "weight": count,
            "loss": objective / count,
            "accuracy": accuracy,
        }


def build(run: Run) -> Joint:
    """Both towers, their weights drawn from the recipe's seed."""
    net = run.recipe.network
    return Joint(run.store.shape[-1], len(run.vocabulary), net.units, run.embedding)


def judge(run: Run, model: Joint) -> dict[str, Any]:
    """Save towers and representations; pair accuracy on training pairs, recall on dev."""
    model.pictures.save(run.folder / "picture_tower.keras")
    model.sentences.save(run.folder / "sentence_tower.keras")
    run.vocabulary.write_json(run.folder / "vocab.json")
    figures: dict[str, Any] = {}
    for split in ("train", "dev"):
        if not run.names.get(split):
            continue
        captions = run.captions(split)
        seen = _see(model, run, captions.names)
        read = _read(model, captions.words)
        _save(run, split, captions, seen, read)
        figures[split] = {"pair_accuracy": pair_accuracy(seen, read, captions.owners)}
        if split == "dev":
            figures[split] |= {"pictures": len(seen), "captions": len(read)}
            figures[split] |= retrieval.recalls(seen, read, captions.owners)
    return figures


def pair_accuracy(seen: np.ndarray, read: np.ndarray, owners: np.ndarray, seed: int = 0) -> float:
    """Share of pairs that score higher than the picture with a caption of another, drawn at random.

    seen: (N, D) pictures, read: (M, D) captions, owners: (M,) each caption's picture.
    """
    own = seen[owners]
    others = np.random.default_rng(seed).permutation(len(read))
    wrong = owners[others] != owners
    better = (own * read).sum(axis=1) > (own * read[others]).sum(axis=1)
    return round(float(better[wrong].mean()), 4) if wrong.any() else 0.0


def nearest_captions(
    run: Run, model: Joint, picture: np.ndarray, split: str, count: int = 10
) -> list[tuple[str, float]]:
    """The captions of a split nearest to a picture's features (C,), with scores, best first."""
    captions = [c for name in run.names[split] for c in run.data.captions[name]]
    read = _read(model, run.vocabulary.encode(captions))
    query = np.asarray(model.pictures.predict_on_batch(picture[None]), np.float32)[0]
    places, scores = retrieval.nearest(query, read, count)
    return [(captions[i], float(s)) for i, s in zip(places, scores, strict=True)]


def nearest_pictures(
    run: Run, model: Joint, sentence: str, split: str, count: int = 10
) -> list[tuple[str, float]]:
    """The pictures of a split nearest to a sentence, with scores, best first."""
    names = run.names[split]
    query = _read(model, run.vocabulary.encode([sentence]))[0]
    places, scores = retrieval.nearest(query, _see(model, run, names), count)
    return [(names[i], float(s)) for i, s in zip(places, scores, strict=True)]


def _see(model: Joint, run: Run, names: Sequence[str]) -> np.ndarray:
    """Representations of pictures: (N, D) float32."""
    features = run.reader()(names)
    return np.asarray(model.pictures.predict(features, ROWS_AT_A_TIME, verbose=0), np.float32)


def _read(model: Joint, words: np.ndarray) -> np.ndarray:
    """Representations of captions: words (M, T) -> (M, D) float32."""
    return np.asarray(model.sentences.predict(words, ROWS_AT_A_TIME, verbose=0), np.float32)


def _save(run: Run, split: str, captions: Captions, seen: np.ndarray, read: np.ndarray) -> None:
    """``pictures.<split>.npy``, ``captions.<split>.npy``, and the captions row for row as text."""
    np.save(run.folder / f"pictures.{split}.npy", seen)
    np.save(run.folder / f"captions.{split}.npy", read)
    several = [run.data.captions[name] for name in captions.names]
    each = np.bincount(captions.owners, minlength=len(several))
    lines = [
        f"{name}\t{caption}\n"
        for name, some, count in zip(captions.names, several, each, strict=True)
        for caption in some[:count]
    ]
    bundle_files.write(run.folder / f"captions.{split}.txt", "".join(lines).encode())
