"""The stages of a run, one way for every recipe.

    data -> features -> fit -> export -> heads -> evaluate -> report

The heads come after the export because they are fitted to the features of the exported encoder,
which differ a little from those of the encoder that was trained: it computes in int8. Each stage
uses the files that the ones before left in the run's folder, so it can be run alone.
"""

import dataclasses
import json
import logging
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from functools import cached_property
from typing import Any

import keras

from image_describer.captioner.bundle import ENCODER, MANIFEST
from image_describer.errors import TrainingError
from image_describer.i18n import ENGLISH
from image_describer.train.baselines.joint_embedding import JointEmbedding
from image_describer.train.captioning import Captioning
from image_describer.train.fit.log import TrainingLog
from image_describer.train.models.bundle_weights import bundle_named
from image_describer.train.recipe import STAGES, starts_from_bundle
from image_describer.train.run import Run

log = logging.getLogger(__name__)

MADE = "made.json"  # in the run's folder: how its network was trained
IN_TENSORFLOW = ("export", "heads")  # only TensorFlow writes LiteRT files


class Pipeline:
    """The stages of one run; each returns the figures to print."""

    def __init__(self, run: Run) -> None:
        self.run = run

    def __call__(self, stage: str) -> dict[str, Any]:
        """Run one stage, or "all". Raises TrainingError, BundleError and RunStoppedError."""
        if stage != "all":
            return self._stage(stage)
        return {name: self._stage(name) for name in STAGES}["evaluate"]

    def _stage(self, stage: str) -> dict[str, Any]:
        log.info("%s: %s.", stage, STAGES[stage])
        if stage in IN_TENSORFLOW and keras.backend.backend() != "tensorflow":
            return self._in_tensorflow(stage)
        method: Callable[[], dict[str, Any]] = getattr(self, f"_{stage}")
        return method()

    @cached_property
    def system(self) -> Captioning | JointEmbedding:
        pairs = self.run.recipe.network.kind == "joint-embedding"
        return JointEmbedding(self.run) if pairs else Captioning(self.run)

    def _data(self) -> dict[str, Any]:
        return self.run.prepare()

    def _features(self) -> dict[str, Any]:
        began = time.monotonic()
        self.run.prepare()
        self.system.features()
        return {"seconds": round(time.monotonic() - began, 1)}

    def _fit(self) -> dict[str, Any]:
        from image_describer.train.export.bundle import made

        run = self.run
        run.prepare()
        source = self._started_from()
        if self.system.fit() or not (run.folder / MADE).exists():
            facts = made(run.options.command, run.recipe.seed, run.data.sources)
            run.write_json(MADE, {**facts, **source})
        return self._losses()

    def _started_from(self) -> dict[str, Any]:
        """The bundle whose weights the network starts from, as a field of `made`."""
        weights = self.run.recipe.features.weights
        if not starts_from_bundle(weights):
            return {}
        manifest = bundle_named(weights).manifest
        commit = manifest.get("made", {}).get("commit", "unknown")
        encoder = manifest["files"][ENCODER]["sha256"]
        return {
            "started_from": f"the bundle of {manifest['created'][:10]}, commit {commit}, whose "
            f"encoder has the SHA-256 {encoder}"
        }

    def _losses(self) -> dict[str, Any]:
        """The last record of each phase."""
        files = sorted(self.run.folder.glob("*.jsonl"))
        return {file.stem: TrainingLog.read(file)[-1] for file in files if file.stat().st_size}

    # Imported where they are used: a machine that only trains needs no TensorFlow.

    def _export(self) -> dict[str, Any]:
        from image_describer.train.export import bundle as bundles

        fields = self.system.export()
        if isinstance(self.system, JointEmbedding):
            return fields
        run = self.run
        if run.language == ENGLISH:
            manifest = bundles.write_draft(run.bundle, run.recipe, fields, self._made())
        else:
            base = bundle_named(run.recipe.features.weights)
            manifest = bundles.add_language(
                run.bundle, base, run.language, run.recipe, fields, self._made()
            )
        return {"bundle": str(run.bundle), "files": list(manifest["files"])}

    def _heads(self) -> dict[str, Any]:
        from image_describer.train.heads import add as heads
        from image_describer.train.report import results

        run = self.run
        if isinstance(self.system, JointEmbedding):
            return {}
        self._require_bundle()
        figures = heads.add(
            run.bundle, run.recipe.heads.parts, run.data, run.recipe, run.options.runs, run.folder,
            vectors=run.options.vectors,
        )  # fmt: skip
        results.write_parts(run.results, figures)
        return figures

    def _evaluate(self) -> dict[str, Any]:
        from image_describer.train.report import results

        run, facts = self.run, {**self._facts(), **self._losses()}
        if isinstance(self.system, JointEmbedding):
            metrics = self.system.evaluate()
            recipe = dataclasses.asdict(run.recipe)
            known = results.facts({"name": run.recipe.name, "recipe": recipe, "made": self._made()})
            results.write_metrics(run.results, {**known, **facts}, metrics)
        else:
            metrics = self._judge(facts)
        for file in run.folder.glob("*.jsonl"):
            shutil.copyfile(file, run.results / file.name)
        return metrics

    def _judge(self, facts: dict[str, Any]) -> dict[str, Any]:
        """Measure the bundle on dev, give it its confidence, and install it."""
        from image_describer.train.export import bundle as bundles
        from image_describer.train.report import results

        run, metrics = self.run, {}
        self._require_bundle()
        run.results.mkdir(parents=True, exist_ok=True)
        if run.data.splits["dev"]:
            judgement = results.judge(run.bundle, run.data, run.language)
            results.update(run.bundle, judgement)
            results.write(run.results, run.bundle, judgement, facts)
            metrics = judgement.metrics
        else:
            log.warning("There are no dev pictures: the bundle is not measured.")
        if run.options.output is None:
            log.info("The bundle is in %s.", run.bundle)
        else:
            kept = bundles.install(run.bundle, run.options.output)
            backup = f"; the one before is in {kept}" if kept.exists() else ""
            log.info("The bundle is in %s%s.", run.options.output, backup)
        return metrics

    def _made(self) -> dict[str, Any]:
        """How the network was trained."""
        made: dict[str, Any] = json.loads((self.run.folder / MADE).read_text("utf-8"))
        return made

    def _facts(self) -> dict[str, Any]:
        """What the stage `data` found."""
        try:
            facts: dict[str, Any] = json.loads((self.run.folder / "data.json").read_text("utf-8"))
        except (OSError, ValueError):
            return self.run.prepare()
        return facts

    def _report(self) -> dict[str, Any]:
        from image_describer.train.report import leaderboard, page

        run = self.run
        if not (run.results / "metrics.json").exists():
            raise TrainingError(
                f"There are no figures of '{run.recipe.name}' in {run.options.results}.",
                "Run the stage 'evaluate' first.",
            )
        bundle = run.bundle if (run.bundle / MANIFEST).exists() else None
        report = page.write(run.results, bundle)
        leaderboard.write(run.options.results)
        return {"page": str(report)}

    def _require_bundle(self) -> None:
        if not (self.run.bundle / MANIFEST).exists():
            raise TrainingError(
                f"The recipe '{self.run.recipe.name}' has no bundle in {self.run.options.runs}.",
                "Run the stage 'export' first.",
            )

    def _in_tensorflow(self, stage: str) -> dict[str, Any]:
        """Run a stage in a process whose backend is TensorFlow, with the same command line."""
        options = self.run.options
        words = [sys.executable, "-m", "image_describer.train", stage, *options.arguments]
        environment = {**os.environ, "KERAS_BACKEND": "tensorflow"}
        done = subprocess.run(
            words, env=environment, stdout=subprocess.PIPE, stderr=sys.stderr, text=True
        )
        if done.returncode:
            raise TrainingError(
                f"The stage '{stage}' failed in TensorFlow.",
                "It needs TensorFlow, to write LiteRT files; it can run on another machine, with "
                "the same --runs folder.",
            )
        figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return figures
