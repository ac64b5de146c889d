"""Pictures a second while fitting 'kept-crops', stage by stage, beside the bare extractor's.

    python benchmarks/fitting.py --data FLICKR8K [--steps 6] [--rounds 3] [--recipe kept-crops]
                                 [--stages head whole scst]

The bare extractor is the tower alone, forwards, on pixels that lie in memory. ``head`` is block 14
and the decoder over cached maps, ``whole`` every layer from the files on, ``scst`` self-critical
training over cached maps. A picture counts once however many captions of it a step learns from.
What is compiled for a stage is compiled before the clock starts; the cache is filled before, too.
Where other programs run, the processor's own time for a picture (cpu_s_per_picture) says more than
the clock.
"""

import argparse
import dataclasses
import os
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import measure

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

from image_describer.train import fit, pipeline, recipe, scst
from image_describer.train.batches import Batches, Loader, from_cache, from_files
from image_describer.train.captioner import Captioner
from image_describer.train.data import Dataset, load_pixels, read
from image_describer.train.features import FeatureCache, LowerBlocks

STAGES = ("head", "whole", "scst")
WARM_STEPS = 2
SCST_STEPS = 2  # of the shorter of two runs; the difference to the longer one is what counts


class Clock:
    """Pictures a second, and seconds of the processor a picture, of several rounds."""

    def __init__(self) -> None:
        self.rates: list[float] = []
        self.cpu_s: list[float] = []

    def add(self, pictures: int, wall_s: float, cpu_s: float) -> None:
        self.rates.append(pictures / wall_s)
        self.cpu_s.append(cpu_s / pictures)


def timed(work: Callable[[], Any]) -> tuple[float, float]:
    """Seconds on the clock and of the processor."""
    began, cpu_began = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - began, time.process_time() - cpu_began


class Bench:
    """One tower and a few pictures, on which each stage takes some steps."""

    def __init__(self, chosen: recipe.Recipe, data: Dataset, runs: Path, steps: int) -> None:
        self.steps, self.batch = steps, chosen.head.batch
        names = data.splits["train"][: self.batch * (steps + WARM_STEPS)]
        # The words are those of all captions, whose number decides how long a step takes.
        self.run = pipeline.prepare(chosen, data, "bundled", runs, resume=False)
        self.run.data = self.data = dataclasses.replace(data, splits={"train": names, "dev": []})
        self.names = names

    def extractor(self, rounds: int) -> Clock:
        """The tower alone, in the recipe's precision, forwards."""
        size = self.run.recipe.network.size
        pixels = np.stack([load_pixels(self.data.path(name), size) for name in self.names])
        floats = pixels.astype(np.float32) / 127.5 - 1.0
        tower = self._whole().tower

        def see() -> None:
            for start in range(0, len(floats), self.batch):
                np.asarray(tower.predict_on_batch(floats[start : start + self.batch]))

        tower.predict_on_batch(floats[: self.batch])
        clock = Clock()
        for _ in range(rounds):
            clock.add(len(floats), *timed(see))
        return clock

    def head(self, rounds: int) -> Clock:
        model, loader = self._head()
        return self._fitted(model, self.run.recipe.head, loader, rounds)

    def whole(self, rounds: int) -> Clock:
        loader = from_files(self.data, self.run.recipe.network.size)
        return self._fitted(self._whole(), self.run.recipe.whole, loader, rounds)

    def scst(self, rounds: int) -> Clock:
        """Each run compiles anew: what a longer one takes beyond a shorter one is its steps'."""
        stage = self.run.recipe.scst
        an_epoch = max(1, len(self.names) // stage.batch)
        clock = Clock()
        for _ in range(rounds):
            spent = []
            for steps in (SCST_STEPS, SCST_STEPS + self.steps):
                model, loader = self._head()
                words = np.zeros((1, 1, 2), np.int32)
                model({"picture": loader(self.names[:1], np.zeros(1, int)), "words": words})
                some = dataclasses.replace(stage, epochs=steps / an_epoch, crops=0)
                learn = partial(
                    scst.fit_scst, "scst", some, model, self.data, self.run.vocabulary, loader,
                    self.run.folder, self.run.seed, resume=False,
                )  # fmt: skip
                spent.append(timed(learn))
            (short, short_cpu), (long, long_cpu) = spent
            clock.add(self.steps * stage.batch, long - short, long_cpu - short_cpu)
        return clock

    def _whole(self) -> Captioner:
        with fit.precision(self.run.recipe.precision):
            return pipeline.build_whole(self.run)

    def _head(self) -> tuple[Captioner, Loader]:
        """Block 14 and the decoder, and the cached maps of the lower blocks."""
        whole = self._whole()
        lower, upper = whole.tower.layers[1:]
        cache = FeatureCache(self.run.folder / "features", LowerBlocks(lower), self.names)
        cache.fill(self.data, print)
        with fit.precision(self.run.recipe.precision):
            return fit.build_captioner(self.run.recipe, upper, self.run.vocabulary), from_cache(
                cache
            )

    def _fitted(self, model: Captioner, stage: recipe.Stage, loader: Loader, rounds: int) -> Clock:
        fit.compile_for(model, stage, 1000)

        def learn(steps: int) -> None:
            batches = Batches(
                self.data, self.names, self.run.vocabulary, loader,
                batch=stage.batch, seed=1, count=steps,
            )  # fmt: skip
            model.fit(batches, epochs=1, verbose=0, shuffle=False)

        learn(WARM_STEPS)
        clock = Clock()
        for _ in range(rounds):
            clock.add(self.steps * stage.batch, *timed(lambda: learn(self.steps)))
        return clock


def measured(options: argparse.Namespace) -> dict[str, Any]:
    chosen, data = recipe.load(options.recipe), read(options.data)
    with tempfile.TemporaryDirectory() as runs:
        bench = Bench(chosen, data, Path(runs), options.steps)
        clocks = {"bare extractor": bench.extractor(options.rounds)}
        for stage in options.stages:
            clocks[stage] = getattr(bench, stage)(options.rounds)
            print(f"{stage}: {clocks[stage].rates}", flush=True)
    bare = measure.summary(clocks["bare extractor"].rates)["median"]
    return {
        "machine": measure.machine(),
        "recipe": options.recipe,
        "size": chosen.network.size,
        "precision": chosen.precision,
        "batch": bench.batch,
        "steps": options.steps,
        "rounds": options.rounds,
        "pictures_per_s": {name: measure.summary(clock.rates) for name, clock in clocks.items()},
        "cpu_s_per_picture": {name: measure.summary(clock.cpu_s) for name, clock in clocks.items()},
        "of_the_bare_extractor": {
            name: round(measure.summary(clock.rates)["median"] / bare, 3)
            for name, clock in clocks.items()
        },
    }


def main() -> int:
    parser = argparse.ArgumentParser(description="Time fitting beside the bare extractor.")
    parser.add_argument("--data", type=Path, required=True, help="captioned pictures, any format")
    parser.add_argument("--recipe", default="kept-crops")
    parser.add_argument("--steps", type=int, default=6, help="timed, a round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--stages", nargs="+", choices=STAGES, default=STAGES)
    result = measured(parser.parse_args())
    for name, figures in result["pictures_per_s"].items():
        cpu_s = result["cpu_s_per_picture"][name]["median"]
        print(f"{name:16} {figures['median']:7.2f} pictures a second, {cpu_s:.3f} s of CPU each")
    print(f"Load {result['machine']['load_1min']}.")
    print(f"Written to {measure.write('fitting', result)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
