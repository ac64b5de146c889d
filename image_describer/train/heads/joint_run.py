"""The joint space of a bundle, stage by stage: what its extractor sees, fitted to its words."""

import logging
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import keras
import numpy as np

from image_describer import paths
from image_describer.captioner.bundle import Bundle, open_bundle
from image_describer.errors import TrainingError
from image_describer.train import recipe
from image_describer.train.baselines.fit import fit_task
from image_describer.train.baselines.joint import pair_accuracy
from image_describer.train.baselines.run import write_json
from image_describer.train.data import word_vectors
from image_describer.train.data.dataset import Dataset
from image_describer.train.data.vocabulary import SPECIAL_WORDS, Vocabulary
from image_describer.train.evaluate import retrieval
from image_describer.train.features.store import FeatureStore
from image_describer.train.fit import checkpoint, losses
from image_describer.train.fit.loop import precision
from image_describer.train.heads import joint_data
from image_describer.train.heads.joint_data import PictureBatches, Standard
from image_describer.train.models.joint_space import JointTowers, Shape

log = logging.getLogger(__name__)

STAGE = "fit"
ROWS_AT_A_TIME = 500
FEW_CAPTIONS = 5  # of each picture in training: Flickr8k's


@dataclass
class Run:
    """One training of both towers for ``bundle``, whose extractor and words they share."""

    recipe: recipe.Recipe
    data: Dataset
    bundle: Bundle
    vocabulary: Vocabulary
    store: FeatureStore
    vectors: word_vectors.WordVectors | None
    folder: Path
    results: Path
    resume: bool
    facts: dict[str, Any] = field(default_factory=dict)

    def means(self, split: str) -> np.ndarray:
        """(N, 2, C) float16: of the regions of each picture, plain and mirrored."""
        rows = self.store.take(self.data.splits[split])
        return rows.reshape(len(rows), joint_data.VIEWS, -1)

    def captions(self, split: str) -> tuple[np.ndarray, np.ndarray]:
        """Ids (M, T) of all captions, and each one's picture (M,)."""
        several = [self.data.captions[name] for name in self.data.splits[split]]
        owners = np.repeat(np.arange(len(several)), [len(some) for some in several])
        words = self.vocabulary.encode((c for some in several for c in some), marks=False)
        return words, owners


class Task:
    """Every caption of a batch picks its picture, every picture its captions."""

    def __init__(self, run: Run, model: JointTowers, standard: Standard) -> None:
        self.model, self._temperature = model, run.recipe.space.temperature
        self.train = self._batches(run, standard, "train")
        self.dev = self._batches(run, standard, "dev") if run.data.splits.get("dev") else None

    @staticmethod
    def _batches(run: Run, standard: Standard, split: str) -> PictureBatches:
        seen, (words, owners) = standard(run.means(split)), run.captions(split)
        known = len(run.vocabulary)
        return PictureBatches(
            seen.astype(np.float16), joint_data.each_equally(words, owners, FEW_CAPTIONS), known,
            run.recipe.fit.batch, run.recipe.space.captions, run.recipe.seed, split == "train",
        )  # fmt: skip

    def losses(self, batch: Any, share: Any, training: bool) -> dict[str, Any]:
        """Means over the heads: ``accuracy`` is the share of captions whose picture scores best."""
        ops = keras.ops
        found = []
        for seen, read in self.model(batch, training=training):
            count = seen.shape[0]
            scores = ops.matmul(seen, ops.transpose(read)) / self._temperature
            scores = ops.reshape(scores, (count, count, -1))
            found.append(losses.contrastive(scores))
        objective = sum(loss for loss, _ in found)
        return {
            "objective": objective,
            "weight": float(count),
            "loss": objective / len(found),
            "accuracy": sum(accuracy for _, accuracy in found) / len(found),
        }


def prepare(chosen: recipe.Recipe, data: Dataset, choices: Any) -> Run:
    """Open the bundle that the towers are for. Raises TrainingError and BundleError."""
    if data.features is not None:
        raise TrainingError(
            f"'{chosen.name}' needs photographs, and this data brings only features.",
            "Choose joint-embedding.",
        )
    if choices.extractor or choices.weights:
        raise TrainingError(
            f"'{chosen.name}' sees through the extractor of a bundle.",
            "Leave out --extractor and --weights; --bundle names another bundle.",
        )
    for problem in data.problems:
        log.warning("%s", problem)
    bundle = open_bundle(choices.bundle or paths.bundle_folder())
    tokenizer = {**bundle.tokenizer, "max_length": chosen.text.max_words}
    vocabulary = Vocabulary.from_tokenizer(tokenizer)
    vectors = None
    if choices.vectors is not None:
        vectors = word_vectors.load(choices.vectors, vocabulary.words)
    folder = choices.runs / chosen.name
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / "recipe.json", recipe.as_dict(chosen))
    names = [name for some in data.splits.values() for name in some]
    seeing: Any = joint_data.Pooled(bundle)
    store = FeatureStore(choices.runs / "features", seeing, names, pooled=False)
    facts = {
        "recipe": chosen.name,
        "network": chosen.network.kind,
        "pictures": {split: len(some) for split, some in data.splits.items()},
        "vocabulary": len(vocabulary) - len(SPECIAL_WORDS),
        "extractor": {"name": "xception", "weights": "bundled", "size": seeing.size},
    }
    results = choices.results / chosen.name
    return Run(
        chosen, data, bundle, vocabulary, store, vectors, folder, results, choices.resume, facts
    )


def features(run: Run) -> None:
    """Let the bundle's extractor see each picture and its mirror image, as far as it is missing."""
    run.store.fill(run.data, lambda sentence: log.warning("%s", sentence))


def build(run: Run, standard: Standard) -> JointTowers:
    """Both towers as they are before training."""
    chosen, (words, _) = run.recipe, run.captions("train")
    keras.utils.set_random_seed(chosen.seed)
    net = chosen.network
    vectors = None
    if run.vectors is not None:
        vectors = run.vectors.matrix / float(run.vectors.matrix[run.vectors.covered].std())
    channels = run.store.shape[-1] // joint_data.VIEWS
    shape = Shape(channels, len(run.vocabulary), net.heads, net.units)
    stems = joint_data.stems(run.vocabulary.words)
    rarity = joint_data.rarity(words, run.vocabulary)
    with precision(chosen.precision):
        return JointTowers(shape, stems, rarity, vectors, net.dropout, chosen.seed, standard.basis)


def fit(run: Run) -> tuple[JointTowers, Standard]:
    """Train; the checkpoint, the losses and ``standard.npz`` lie in the run's folder."""
    file = run.folder / "standard.npz"
    if run.resume and file.exists():
        standard = Standard.load(file)
    else:
        means = run.means("train")
        standard = Standard.of(means.reshape(-1, means.shape[-1]), run.recipe.space.axes)
        standard.save(file)
    model = build(run, standard)
    records = fit_task(STAGE, run.recipe.fit, Task(run, model, standard), run.folder, run.resume)
    log.info("%s: %d epochs, loss %.4f", run.recipe.name, len(records), records[-1]["loss"])
    return model, standard


def trained(run: Run) -> tuple[JointTowers, Standard]:
    """Both towers as their training left them. Raises TrainingError where there was none."""
    file = run.folder / f"{STAGE}.npz"
    if not file.exists():
        raise TrainingError(
            f"The recipe '{run.recipe.name}' has not been trained in {run.folder.parent}.",
            "Run the stage 'fit' first.",
        )
    standard = Standard.load(run.folder / "standard.npz")
    model = build(run, standard)
    checkpoint.load_weights(file, model)
    return model, standard


def vectors_of(
    run: Run, model: JointTowers, standard: Standard, split: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pictures (N, D) and captions (M, D) of a split by the towers in float, owners (M,)."""
    words, owners = run.captions(split)
    known = len(run.vocabulary)
    seen = model.pictures(standard(run.means(split)[:, 0]))
    read = [
        model.sentences(joint_data.bags(words[start : start + ROWS_AT_A_TIME], known))
        for start in range(0, len(words), ROWS_AT_A_TIME)
    ]
    return np.asarray(seen), np.concatenate([np.asarray(some) for some in read]), owners


def judge(run: Run, model: JointTowers, standard: Standard) -> dict[str, Any]:
    """Pair accuracy on training pairs and recall on dev, in float; into ``metrics.json``."""
    found: dict[str, Any] = {}
    for split in ("train", "dev"):
        if not run.data.splits.get(split):
            continue
        seen, read, owners = vectors_of(run, model, standard, split)
        found[split] = {"pair_accuracy": pair_accuracy(seen, read, owners)}
        if split == "dev":
            found[split] |= {"pictures": len(seen), "captions": len(read)}
            found[split] |= retrieval.recalls(seen, read, owners)
    keep(run, found)
    return found


def keep(run: Run, metrics: dict[str, Any]) -> None:
    """Write ``metrics.json`` and the losses into the results."""
    losses_file = run.folder / f"{STAGE}.jsonl"
    run.results.mkdir(parents=True, exist_ok=True)
    write_json(run.results / "metrics.json", {**run.facts, "metrics": metrics})
    if losses_file.exists():
        shutil.copyfile(losses_file, run.results / "history.jsonl")
